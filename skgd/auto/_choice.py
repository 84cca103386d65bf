"""Which descent suits a task."""

import numpy as np

from skgd.auto._dual import DualAscent
from skgd.auto._multipliers import Multipliers
from skgd.auto._proximal import ProximalNewton
from skgd.auto._proximal_multipliers import ProximalMultipliers
from skgd.auto._rosenblatt import Rosenblatt
from skgd.auto._smooth import SmoothDescent
from skgd.auto._stochastic import make_move

_MANY_ROWS, _MANY_COLUMNS = 20_000, 2000
# Columns up to which sparse X has Cholesky factors, as `multipliers` takes them. Dual
# ascent crawls where columns differ in size, and few columns do not pay for the risk.
_NARROW = 500


class DualFirst:
    """Dual ascent, until that stalls; then multipliers from its model on."""

    def __init__(self, task, v, b, tol, mode, seed):
        self._task, self._tol = task, tol
        self._descent = DualAscent(task, v, b, tol, mode, seed)

    @property
    def v(self):
        """The coefficients."""
        return self._descent.v

    @property
    def b(self):
        """The intercept."""
        return self._descent.b

    def run_epoch(self):
        """Run an epoch of the descent that has its turn."""
        report = self._descent.run_epoch()
        if isinstance(self._descent, DualAscent) and self._descent.stalled:
            self._descent = Multipliers(self._task, self.v, self.b, self._tol)
        return report


def make_descent(task, v, b, tol, mode, seed):
    """Give the descent of a task, starting from (v, b)."""
    if not task.minimised:
        return Rosenblatt(task, v, b, tol, mode, seed)
    separable = not task.l1.any() and not task.positive
    if np.isinf(task.loss.curvature):
        wide = task.view.sparse and task.view.n_features > _NARROW
        if wide and separable and task.ridge.any():
            return DualFirst(task, v, b, tol, mode, seed)
        return _make_kinked(task, v, b, tol, separable)
    move = None if mode == "batch" else make_move(task, mode, seed)
    if separable:
        return SmoothDescent(task, v, b, tol, move)
    return ProximalNewton(task, v, b, tol, mode, seed, move)


def _make_kinked(task, v, b, tol, separable):
    """Give the descent on a kinked loss: beside kinks, for much data, a step at a time.

    An interior point reads all rows 10 to 40 times, and factors d x d systems.
    """
    n, d = task.view.n_rows, task.view.n_features
    many_rows = not task.view.sparse and n >= max(_MANY_ROWS, 100 * d)
    if not separable and (d > _MANY_COLUMNS or many_rows):
        return ProximalMultipliers(task, v, b, tol)
    return Multipliers(task, v, b, tol)
