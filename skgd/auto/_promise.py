"""Whether a step does what the curvature at its start promises."""

import numpy as np

from skgd.auto._task import ROUNDING

_KEPT = 0.5  # share of the decrease promised that must come true
# Share of the curvature that may change on the way. Of 120 fits with l1 or elastic net,
# estimates are 0.9 to 3 times the truth with 0.05, and 0.1 to 4 with 0.4.
_CROSSING = 0.05
# Rows that curve, below which none may cross unseen: of 5400 fits with l1 or elastic
# net to 8 to 60 rows and up to four times as many columns, a row that had (3 % of the
# curvature) made 20 estimates 10 to 500 times too small, and one fit end at 13 tol.
_FEW = 200


def tolerated_change(task, h, share):
    """Give the share of a curvature that may change unseen: nothing, of few rows.

    Parameters
    ----------
    task : Task
    h : ndarray of shape (K, n_rows)
        The curvature.
    share : float
        Of that of many rows, or of a loss whose curvature does not jump.
    """
    few = task.loss.piecewise and task.space.n_curved(h) < _FEW
    return 0.0 if few else share


def age_along(task, old, h, dz) -> float:
    """Give how many times as much an old curvature is along a step as that now, or 1.

    Rows that have come to lie well inside their class have next to no curvature left;
    they may be all that a step moves, and a small part of the whole.

    Parameters
    ----------
    task : Task
    old, h : ndarray of shape (K, n_rows)
        The curvatures; of a piecewise loss, where it jumps, they tell nothing.
    dz : ndarray of shape (K, n_rows)
        What the step does to the raw predictions.
    """
    if task.loss.piecewise:
        return 1.0
    square = dz**2
    now = max(float(np.vdot(h, square)), 1e-300)
    return max(float(np.vdot(old, square)) / now, 1.0)


class Trial:
    """Where a step leads, for a loss whose curvature jumps.

    Parameters
    ----------
    task : Task
        Of a piecewise loss.
    at : tuple
        (objective, v, z, h): F at the start, the coefficients, the raw predictions, and
        the curvature of the rows.
    step : tuple
        (dv, dz), of the coefficients and of the raw predictions.
    """

    def __init__(self, task, at, step):
        (self._objective, v, z, self._h), (dv, dz) = at, step
        self._task, self._v = task, v + dv
        self._d, self._after = task.space.room(task)
        loss = task.loss.evaluate(z + dz, self._d, self._after)
        self._gain = self._objective - loss - task.penalty(self._v)

    def keeps(self, promised) -> bool:
        """Tell whether F falls as promised, and the curvature is the same.

        If rows cross a kink of l' on the way, F - F* is not what the curvature at the
        start makes of it; those that cross two of them have the same curvature again,
        but not the decrease.
        """
        rounding = 4.0 * ROUNDING * abs(self._objective)
        if self._gain + rounding < _KEPT * promised:
            return False
        allowed = tolerated_change(self._task, self._h, _CROSSING)
        changed = self._task.space.change(self._after, self._h)[0]
        return bool(changed <= allowed * self._h.sum())

    def left(self, reach) -> float:
        """Give what F exceeds F* by at the start, if the optimum is near the end.

        F there - F* <= g'(v - v*), F being convex.

        Parameters
        ----------
        reach : ndarray of shape (K, n_features + 1)
            How far each coefficient of the optimum, or intercept, is from there.
        """
        task = self._task
        slopes = task.view.rmatvec(self._d) + task.ridge * self._v
        left = float((np.abs(slopes) * reach[:, :-1]).sum())
        if task.fit_intercept:
            left += float(np.abs(self._d.sum(axis=1)) @ reach[:, -1])
        return self._gain + left
