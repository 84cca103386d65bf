"""A factor of the Hessian of softmax in all classes at once."""

import numpy as np

from skgd._core.factor import Factor
from skgd.auto._kinked_model import joined
from skgd.auto._preconditioner import RAISED


class JointCholesky:
    """P = a factor of the Hessian of softmax in all classes at once.

    What the classes share is not felt by the loss: a curvature of its own keeps it at
    zero, which changes no other direction.
    """

    certifies = True
    kept = False
    caution = 1.0

    @property
    def metric(self):
        """The same for stochastic moves."""
        return self.solve

    def __init__(self, task, h):
        scale = np.append(task.view.scale, 1.0)
        grams = h.loss.grams(h)
        H = joined(grams, h.loss.grams_of_pairs(h.z))
        K, size = grams.shape[:2]
        H = H.reshape(K, size, K, size) * scale[:, None, None] * scale
        ridge = np.append(task.ridge, 0.0)
        j = np.arange(size)
        for a in range(K):
            H[a, j, a, j] += ridge
        H[:, j, :, j] += np.einsum("kjkj->j", H)[:, None, None] / K**2
        if not task.fit_intercept:
            H[:, -1] = 0.0
            H[:, :, :, -1] = 0.0
        self._factor = Factor(H.reshape(K * size, K * size), RAISED)

    def solve(self, g):
        """Give P^-1 of a gradient of shape (K, n_features + 1)."""
        return self._factor.solve(g.ravel()).reshape(g.shape)
