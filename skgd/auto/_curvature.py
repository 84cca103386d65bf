"""The curvature that the model of a proximal Newton descent is made of."""

import numpy as np

from skgd.auto._promise import age_along, tolerated_change

_FRESH = 0.1  # relative change up to which an estimate is trusted
# Times that a model may curve along the last step as F does. Where a step moves only
# rows that have next to no curvature left, that of all rows hardly changes: 20 rows,
# Poisson, were not at their optimum after 1000 epochs with one model, and take 10.
# Where rows cross kinks of l', 10 000 x 150 take twice the time with 2; columns of
# heavy tails half of the epochs with 8.
_MISLED, _MISLED_BY_KINKS = 2.0, 8.0
LEAST_FLOOR = 1e-9  # of the curvature's bound
_TOO_CURVED = 1.5  # decrease beside the promised one: twice that if F goes on as a line


class ModelCurvature:
    """What each row curves in the model, and whether F still does.

    No row counts for less than a floor in it, which follows the steps: they would go
    too far else where next to no row curves.

    Parameters
    ----------
    task : Task
        What is minimised.

    Attributes
    ----------
    model : GramModel or WorkingSetModel
    lifted : bool
        Whether the model has more than there is, for rows that hardly curve.
    varying : bool
        Whether it ever changed.
    """

    def __init__(self, task):
        self.model = task.space.model(task)
        self.lifted = self.varying = False
        self._floor = 1e-3  # of the bound: rows without any must not decide
        self._task, self._h = task, None

    def take_over(self, earlier) -> None:
        """Take that of another penalty, and its model."""
        if earlier._h is not None:
            self.model.take_over(earlier.model)
            self._h, self.lifted = earlier._h, earlier.lifted
        self.varying, self._floor = earlier.varying, earlier._floor

    def forget(self) -> None:
        """Have the model made anew at the next look."""
        self._h = None

    def change(self, h) -> float:
        """Give the share by which h differs from it; infinity if there is none."""
        if self._h is None:
            return np.inf
        apart, larger = self._task.space.change(h, self._h)
        self.varying |= bool(apart > 0.0)
        return float(apart / larger) if larger else 0.0

    def tolerates(self, change, h) -> bool:
        """Tell whether an estimate is trusted for all that change."""
        return change <= tolerated_change(self._task, h, _FRESH)

    def age_along(self, dz, h) -> float:
        """Give how many times as much as h it is along what a step does to z."""
        if self._h is None or not self._task.space.keeps_rows:
            return 1.0
        return age_along(self._task, self._h, h, dz)

    def is_stale(self, change, step, h) -> bool:
        """Tell whether the model is to be made anew.

        Parameters
        ----------
        change : float
            Share by which h differs.
        step : (dv, db, dz) or None
            The last one.
        h : ndarray of shape (K, n_rows)
            The curvature now.
        """
        lasting = self.model.lasting
        if change > self._task.space.stale * lasting:
            return True
        misled = _MISLED_BY_KINKS if self._task.loss.piecewise else _MISLED
        misled *= max(lasting, 1.0)
        return step is not None and self.age_along(step[2], h) > misled

    def renew(self, h, z, gradient, unknowns, floor=None) -> None:
        """Make the model of the curvature h, of that floor at least.

        Parameters
        ----------
        h, z : ndarray of shape (K, n_rows)
            Curvature and raw predictions.
        gradient, unknowns : ndarray of shape (K, n_features or n_features + 1)
            Coefficients, and intercepts if there are any, and F's gradient there.
        floor : float or None
            Share of the curvature's bound that a row counts for at least.
        """
        floor = self._floor if floor is None else floor
        self._h = h.copy()
        lifted, self.lifted = self._task.space.floored(self._task.loss, h, floor)
        if floor <= LEAST_FLOOR and not self._task.loss.piecewise:
            self.lifted = False  # by rounding, so to speak
        self.model.refresh(lifted, z, gradient, unknowns)

    def learn(self, share, ratio) -> None:
        """Lower or raise the floor by what a step has shown.

        Parameters
        ----------
        share : float
            Of the step, that was taken.
        ratio : float
            Of its decrease to what the model promised.
        """
        if share < 0.25:
            self._floor = min(10 * self._floor, 1.0)
        elif share == 1 and ratio > 0.5:
            if self.lifted and ratio > _TOO_CURVED and self._floor > LEAST_FLOOR:
                self.forget()
            self._floor = max(0.1 * self._floor, LEAST_FLOOR)
        if share < 1 and self.varying:
            self.forget()  # a stale model may have been the reason
