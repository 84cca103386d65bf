"""The metric of softmax where a factor for each class is too dear: one for all."""

from copy import copy

import numpy as np

from skgd.auto._preconditioner import factor_of

_MEMORY = 20  # steps that are remembered: 60 save a tenth of the epochs, 5 cost that
_LEAST_SHARE = 1e-3  # of a class, in units of 1 / K
_ROUNDED = 1e-12  # cosine of a step and what it did to the gradient: it says nothing


class Shared:
    """P = the Hessian at the best constant model, and what steps have told since.

    There all rows have the shares p of the classes for probabilities, so that the
    Hessian is (diag p - p p') x A' diag(s) A, + ridge: one factor serves all classes.
    It stays as it is. Made anew from the curvature of later models, which is next to
    none where rows are well inside their class, it leads to steps that are too long for
    all others: on images 90 epochs to 1e-2, where this takes 10 (measured). What has
    changed, the last steps and their changes of the gradient say, as in L-BFGS [1].

    Parameters
    ----------
    task : Task
        Of softmax.

    References
    ----------
    .. [1] J. Nocedal, S. J. Wright, Numerical Optimization, 2006, algorithm 7.4.
    """

    certifies = False
    n_flat = 0
    kept = True
    lacks_digits = False

    def __init__(self, task):
        loss, K = task.loss, task.loss.n_outputs
        share = np.bincount(loss.y, loss.weight, minlength=K) / loss.weight.sum()
        self._share = np.maximum(share, _LEAST_SHARE / K)[:, None]
        gram = task.view.gram(loss.weight)
        self._gram = gram if task.followed else None
        self._ridge = task.ridge
        self._set_factor(task, gram)
        self._pairs: list[tuple] = []

    def at(self, task):
        """Give the metric for a task of another penalty, without a pass over X.

        But for the first, of which none kept the Gram matrix.
        """
        other = copy(self)
        if other._gram is None:
            other._gram = task.view.gram(task.loss.weight)
        other._ridge = task.ridge
        other._set_factor(task, other._gram)
        more = np.append(task.ridge - self._ridge, 0.0)
        other._pairs = []
        for step, change, _ in self._pairs:
            other.learn(step, change + more * step)
        return other

    def _set_factor(self, task, gram):
        # the mean eigenvalue of diag p - p p' but for the one that is zero
        p = self._share.ravel()
        self._mean = (1.0 - p @ p) / (len(p) - 1)
        self._factor = factor_of(task, gram * self._mean)

    def learn(self, step, change):
        """Remember a step, and what it did to the gradient: (K, n_features + 1)."""
        product = float((step * change).sum())
        size = np.linalg.norm(step) * np.linalg.norm(change)
        if product > _ROUNDED * size:
            self._pairs = [*self._pairs[1 - _MEMORY :], (step, change, product)]

    def metric(self, g):
        """Give the inverse of the Hessian at the start, for gradients of that shape."""
        x = self._factor.solve(g) * (self._mean / self._share)
        return x - x.mean(axis=0)

    def solve(self, g):
        """Give P^-1 of gradients of that shape."""
        g, taken = g.copy(), []
        for step, change, product in reversed(self._pairs):
            taken.append(float((step * g).sum()) / product)
            g -= taken[-1] * change
        x = self.metric(g)
        for step, change, product in self._pairs:
            x += (taken.pop() - float((change * x).sum()) / product) * step
        return x
