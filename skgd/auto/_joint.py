"""A factor of the Hessian of softmax in all classes at once."""

import numpy as np

from skgd._core.factor import Factor
from skgd.auto._preconditioner import RAISED


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
    """

    certifies = True
    kept = False
    lacks_digits = False
    caution = 1.0

    def __init__(self, task, H):
        K, size = task.loss.n_outputs, task.view.n_features + 1
        self._loss_hessian = H if task.followed else None
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

    def at(self, task):
        """Give the factor for a task of another penalty, without a pass over X."""
        return JointCholesky(task, self._loss_hessian)

    def solve(self, g):
        """Give P^-1 of a gradient of shape (K, n_features + 1)."""
        return self._factor.solve(g.ravel()).reshape(g.shape)

    @property
    def metric(self):
        """The same for stochastic moves."""
        return self.solve
