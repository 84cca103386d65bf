"""Whether a step does what the curvature at its start promises."""

import numpy as np

from skgd.auto._task import ROUNDING

# Share of the decrease promised that must come true, and that may. Twice that is what
# comes where F is a line on which the model curves: 16 rows, squared hinge, l1, were
# 40 tol from their optimum, and rows of heavy tails a tenth of what is left was told.
_KEPT, _OUTDONE = 0.5, 1.25
# Share of the curvature that may change on the way. Of 120 fits with l1 or elastic net,
# estimates are 0.9 to 3 times the truth with 0.05, and 0.1 to 4 with 0.4.
_CROSSING = 0.05
# The same along the step: of powers of one column a few rows are most of it, and where
# one of 221 crossed (0.005 of all, 0.7 along the step) a twentieth was told.
_CROSSING_ALONG = 0.25
# Times their size, or the spread of the raw predictions, that coefficients may be away
# from the optimum, in units of a column's spread.
_FAR = 10.0
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

    Rows that have come to lie well inside their class, or beyond a kink of l', have
    next to no curvature left; they may be all that a step moves, and a small part of
    the whole: of columns with heavy tails few rows count.

    Parameters
    ----------
    task : Task
    old, h : ndarray of shape (K, n_rows)
        The curvatures.
    dz : ndarray of shape (K, n_rows)
        What the step does to the raw predictions.
    """
    square = dz**2
    now = max(float(np.vdot(h, square)), 1e-300)
    return max(float(np.vdot(old, square)) / now, 1.0)


def gap_of_slopes(task, v, gradient, moved) -> float:
    """Give what F - F* is at most if the optimum is not very far: g'(v - v*).

    Parameters
    ----------
    task : Task
    v : ndarray of shape (K, n_features)
    gradient : ndarray of shape (K, n_features or n_features + 1)
        Of the smooth part of F, that in the intercepts last if there are any.
    moved : tuple of ndarray of shape (K, n_rows)
        Raw predictions, and what steps do to them: as much as they spread may
        coefficients be away, times _FAR, columns having a spread of one.
    """
    d = v.shape[1]
    slopes = np.abs(task.subgradient(gradient[:, :d], v))
    spread = sum(np.ptp(z, axis=1) for z in moved)
    left = float(spread @ slopes.sum(axis=1) + (slopes * np.abs(v)).sum())
    if task.fit_intercept:
        left += float(np.abs(gradient[:, d]) @ spread)
    return _FAR * left


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
        self._task, self._v, self._dz = task, v + dv, dz
        self._d, self._after = task.space.room(task)
        end = z + dz
        loss = task.loss.evaluate(end, self._d, self._after)
        self._gain = self._objective - loss - task.penalty(self._v)
        self._rounding = 64.0 * ROUNDING * abs(self._objective)
        if task.space.keeps_rows:  # raw predictions may be far from zero, F next to it
            self._rounding += 64.0 * ROUNDING * float(np.vdot(abs(self._d), abs(end)))

    def keeps(self, promised) -> bool:
        """Tell whether F falls as promised (if it is), and the curvature is the same.

        If rows cross a kink of l' on the way, F - F* is not what the curvature at the
        start makes of it; those that cross two of them have the same curvature again,
        but not the decrease.
        """
        rounding = 4.0 * ROUNDING * abs(self._objective)
        if self._gain + rounding < _KEPT * promised or self.outdoes(promised):
            return False
        allowed = tolerated_change(self._task, self._h, _CROSSING)
        changed = self._task.space.change(self._after, self._h)[0]
        if not changed <= allowed * self._h.sum():
            return False
        return promised <= 0.0 or self._curves_alike()

    def _curves_alike(self) -> bool:
        """Tell whether the curvature along the step is that at its start."""
        if not self._task.space.keeps_rows:
            return True
        square = self._dz**2
        changed = float(np.vdot(np.abs(self._after - self._h), square))
        return changed <= _CROSSING_ALONG * float(np.vdot(self._h, square))

    def outdoes(self, promised) -> bool:
        """Tell whether F falls by more than promised: it curves less than its model.

        Along a line it falls by twice that, and goes on to fall.
        """
        return self._gain - self._rounding > _OUTDONE * promised > 0.0

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
