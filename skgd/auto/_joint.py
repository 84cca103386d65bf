"""A factor of the Hessian of softmax in all classes at once."""

import numpy as np

from skgd._core.factor import Factor
from skgd.auto._orthogonal_factor import OrthogonalFactor, lacks_digits
from skgd.auto._preconditioner import DIGITS, RAISED


class JointCholesky:
    """P = a factor of the Hessian of softmax in all classes at once.

    What the classes share is not felt by the loss: a curvature of its own keeps it at
    zero, which changes no other direction.

    Parameters
    ----------
    task : Task
        Of softmax.
    H : ndarray of shape (K * (n_features + 1), K * (n_features + 1))
        The Hessian of the loss, class by class, the intercept last.
    rows : tuple of (BridgeOfClasses, ndarray of shape (K * n_rows,)) or None
        B and theta of that, if they are there to be factored instead.
    exact : bool
        Whether to do so where the Gram matrix lacks digits.

    Attributes
    ----------
    lacks_digits : bool
        Whether that would tell more.
    """

    certifies = True
    n_flat = 0
    kept = False
    caution = 1.0

    def __init__(self, task, H, rows=None, exact=False):
        K, size = task.loss.n_outputs, task.view.n_features + 1
        self._loss_hessian = H if task.followed else None
        self._rows = rows if task.followed else None
        H = H.reshape(K, size, K, size).copy()
        ridge = np.append(task.ridge, 0.0)
        j = np.arange(size)
        for a in range(K):
            H[a, j, a, j] += ridge
        H[:, j, :, j] += np.einsum("kjkj->j", H)[:, None, None] / K**2
        if not task.fit_intercept:
            H[:, -1] = 0.0
            H[:, :, :, -1] = 0.0
        self._factor = Factor(H.reshape(K * size, K * size), RAISED)
        self._exact = None
        self.lacks_digits = rows is not None and lacks_digits(
            self._factor, *rows, DIGITS
        )
        self._size = size - 1 + int(task.fit_intercept)  # unknowns of a class
        if exact and self.lacks_digits:
            more = np.tile(ridge[: self._size], K)
            self._exact = OrthogonalFactor(*rows, more)
            self.lacks_digits = False

    def at(self, task):
        """Give the factor for a task of another penalty, without a pass over X.

        But for some rows or all, where the Gram matrix lacks digits.
        """
        exact = self._exact is not None
        return JointCholesky(task, self._loss_hessian, self._rows, exact)

    def solve(self, g):
        """Give P^-1 of a gradient of shape (K, n_features + 1)."""
        if self._exact is None:
            return self.metric(g)
        x = np.zeros_like(g)
        x[:, : self._size] = self._exact.solve(g[:, : self._size].ravel()).reshape(
            len(g), -1
        )
        return x

    def metric(self, g):
        """Give the same for stochastic moves, which must not go as far."""
        return self._factor.solve(g.ravel()).reshape(g.shape)
