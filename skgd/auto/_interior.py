"""Losses of pieces by an interior point method: few iterations, whatever the data."""

from contextlib import suppress

import numpy as np
from scipy.linalg import LinAlgError

from skgd._report import Report
from skgd.auto._kinked_model import MOST_WHOLE
from skgd.auto._settle import (
    NEXT_TO,
    build,
    few_rows,
    moving_columns,
    on_rows,
    settle,
)
from skgd.auto._task import ROUNDING
from skgd.auto._wide_factor import WideFactor

_ROUNDING = 1e-9  # of F: what a gap may be if a constant model is the optimum
_PATIENCE = 15  # iterations without progress
_MOST = 200  # iterations; 8 to 40 are normal, exactly separable classes take 100
MOST_COLUMNS = 2000  # that Cholesky factors of its systems have; few rows may have more
# A tol below which systems of few rows are too rough, where there are such factors:
# some fits with l1 end at 1e-7.
_FINE = 1e-7
# Rows a column up to which it is quicker than proximal Newton steps, and the product
# n_rows n_columns min(n_rows, n_columns) up to which that is known. 1500 x 1500,
# squared hinge, l1: 2 s instead of 2 to 53; 1000 x 150: 0.2 to 1.7 of the time;
# 4000 x 100: twice the time. Below the least of that product Newton steps begin: they
# mostly take a millisecond, and lead to the same model from weights and from repeated
# rows.
_ROWS_A_COLUMN, _LEAST_WORK, _MOST_WORK = 8, 5e4, 8e9
_INSIDE = 1e-6  # share of its bounds that a dual variable keeps away, of a zero
# More iterations once the model is good enough: for the bound; of few rows, so that
# coefficients that have kinks at zero come close to it (300 x 3000, absolute error, l1:
# 298 are left, not 2257).
_TIGHTENINGS, _TIGHTENINGS_TO_ZERO = 2, 6


class InteriorPoint:
    """Descent on a loss of straight or quadratic pieces; one epoch is one iteration.

    Parameters
    ----------
    task : Task
        Of one output, its loss one of Interval's.
    v : ndarray of shape (1, n_features)
        The model to start from.
    b : ndarray of shape (1,)
        Its intercept.
    tol : float or None
        Of the objective's relative gap: where it is met, small coefficients that an
        l1 penalty or positivity wants at zero are set to zero.

    Attributes
    ----------
    stalled : bool
        Whether it has ended without a certificate.

    Notes
    -----
    Each iteration costs one Gram of n d^2, d^3 / 3 and five products of n d; of few
    rows, 4 n^2 d instead of the first two; where a Gram matrix lacks digits near the
    end, 2 n d^2 and 14 products more.
    """

    def __init__(self, task, v, b, tol):
        self.task, self.tol = on_rows(task), tol
        self.interval = self.task.loss.interval
        if self.interval.smooth:
            self.interval = self.interval.with_bounds(task.null_objective)
        self.v, self.b = v.copy(), b.copy()
        self.objective = self._objective(v, self._raw(v, b))
        self.lower = self.sure = self.proven = 0.0  # no loss is negative
        self.epoch, self.past = 0, []
        self.columns = moving_columns(self.task, self.interval)
        if not len(self.columns):  # the constant model is all there is
            self.v, self.b = np.zeros_like(v), task.constant.copy()
            self.objective = self.sure = self.proven = task.null_objective
        self.stalled = False
        self.barrier, self.warm = None, bool(v.any()) and not self.interval.smooth

    @staticmethod
    def outruns_newton(task) -> bool:
        """Tell whether dense rows are few, and systems of rows or columns small."""
        view = task.view
        n, d = view.n_rows, view.n_features
        few = n <= _ROWS_A_COLUMN * d
        work = _LEAST_WORK <= n * d * min(n, d) <= _MOST_WORK
        if view.sparse or not (few and work and task.space.keeps_rows):
            return False
        return d <= MOST_COLUMNS or WideFactor.suits(view, d)

    @staticmethod
    def relieves_newton(task) -> bool:
        """Tell whether it goes on where Newton steps take many epochs.

        Of few columns an iteration costs two epochs with a Gram matrix, and ten to
        forty do.
        """
        few = task.view.n_features <= MOST_WHOLE and task.space.keeps_rows
        return few or InteriorPoint.outruns_newton(task)

    def slopes(self):
        """Give the path's slopes of the loss, of the rows that have weight."""
        if self.barrier is None:
            return np.zeros(len(self.interval.center))
        copies = self.barrier.bridge.copies
        return -self.barrier.samples.dual.reshape(copies, -1).sum(axis=0)

    def _raw(self, v, b):
        return self.task.view.matvec(v)[0] + b[0]

    def _objective(self, v, z):
        return self.interval.value(z) + self.task.penalty(v)

    def run_epoch(self) -> Report:
        """Take one iteration; keep the better of its model and the last one."""
        if self.objective == self.sure:
            return self._report(np.nan, exhausted=True)
        self.epoch, self.begin = self.epoch + 1, self.objective
        step, exhausted = np.nan, self.epoch >= _MOST
        with np.errstate(all="ignore"):
            try:
                if self.warm:
                    return self._settle()
                if self.barrier is None:
                    by_rows = not self._is_exacting()
                    self.barrier = build(
                        self.task, self.interval, self.columns, by_rows=by_rows
                    )
                step = self.barrier.iterate()
                self._adopt()
            except LinAlgError:
                exhausted = True
        exhausted |= self._stalled() or not step > 1e-12
        needed = self._needed()
        if exhausted or self.objective - self.sure <= needed:
            if not exhausted:
                self._tighten()
            self._round(min(self.begin, self.objective + 0.1 * needed))
        return self._report(step, exhausted)

    def _report(self, step, exhausted):
        self.lower = max(self.lower, self.sure)
        certified = self.sure == self.lower
        # At the end of a path what lies beyond the last tangent is no guess any more.
        gap = self.objective - (self.sure if exhausted else self.lower)
        if self.objective - self.sure <= self._needed():
            certified, gap = True, self.objective - self.sure
        null, known = self.task.null_objective, self.objective - self.sure
        if max(null - self.objective, known) <= _ROUNDING * abs(null):
            # As far as sums can tell, the constant model is the optimum.
            certified, gap = True, 0.0
        self.stalled = bool(exhausted) and not certified
        norm = float(np.linalg.norm(self.barrier.gradient)) if self.barrier else np.nan
        return Report(
            self.objective, max(gap, 0.0), norm, step, certified, bool(exhausted)
        )

    def _settle(self):
        """See whether a model to start from is the optimum already, or next to it."""
        self.warm = False
        rows, needed = few_rows(self.task, self.columns), self._needed()
        model, columns = (self.v, self.b), self.columns
        found = settle(self.task, self.interval, columns, model, rows, 0.1 * needed)
        if found.objective < self.objective:
            self.v, self.b, self.objective = found.v, found.b, found.objective
        self.sure = max(self.sure, found.lower)
        self._doubt()
        return self._report(np.nan, exhausted=False)

    def _is_exacting(self) -> bool:
        """Tell whether tol asks for more digits than systems of rows have."""
        fine = self.tol is not None and self.tol < _FINE
        return fine and len(self.columns) <= MOST_COLUMNS

    def _needed(self):
        needed = self.task.needed(self.tol, self.objective)
        return max(needed, 1e-13 * abs(self.objective))

    def _stalled(self):
        """Tell whether floating point allows no more, or the path ends."""
        if self.objective - self.sure <= ROUNDING * abs(self.objective):
            return True
        if self.barrier is None:
            return False
        self.past.append((self.objective, self.barrier.gap()))
        objective, gap = self.past[max(len(self.past) - _PATIENCE, 0)]
        least = _ROUNDING * abs(self.objective)
        moving = self.objective < objective or least < self.barrier.gap() < 0.9 * gap
        return len(self.past) > _PATIENCE and not moving

    def _model(self, u):
        v, b = np.zeros_like(self.v), self.task.constant.copy()
        v[0, self.columns] = u[: len(self.columns)]
        if self.task.positive:
            v = np.maximum(v, 0.0)
        if self.task.fit_intercept:
            b[0] = u[-1]
        return v, b

    def _adopt(self):
        """Read the iterate: models, and what no model can fall below."""
        self._consider_all()
        perhaps = self._bound()
        self.lower = max(self.sure, perhaps)

    def _bound(self) -> float:
        """Learn what no model falls below, for sure or likely; give what perhaps.

        With systems of rows, what is likely of early iterates counts for these alone.
        """
        self._doubt()
        bounds = self.barrier.bounds(0.1 * self._needed())
        # What is not below an objective, but for rounding, bounds none.
        most = self.objective + ROUNDING * abs(self.objective)
        proven, likely, perhaps = (
            min(x, self.objective) if x <= most else -np.inf for x in bounds
        )
        near = self.objective - likely <= NEXT_TO * self._needed()
        if near or self.barrier.rows is None:
            proven = max(proven, likely)
        self.proven = max(self.proven, proven)
        if max(proven, likely) > -np.inf:
            self.sure = max(self.proven, likely)
        return perhaps

    def _doubt(self):
        """Forget bounds that a model has fallen below: too little was taken off."""
        most = self.objective + ROUNDING * abs(self.objective)
        if self.proven > most:
            self.proven = 0.0  # no loss is negative
        if self.sure > most:
            self.sure = self.proven
        self.proven = min(self.proven, self.objective)
        self.sure = min(self.sure, self.objective)

    def _tighten(self):
        """Go on along the path for the bound, and for coefficients that go to zero.

        The model kept is ahead of the path: at 1e-7 of F - F* the bound was 10 to 340
        times that, and each iteration takes off most of what it is too loose by.
        """
        barrier = self.barrier
        to_zero = barrier.rows is not None and len(barrier.at) > 0
        with np.errstate(all="ignore"), suppress(LinAlgError):
            for _ in range(_TIGHTENINGS_TO_ZERO if to_zero else _TIGHTENINGS):
                before, path = self.objective - self.sure, barrier.gap()
                barrier.iterate()
                if to_zero:
                    self._consider_all()
                self._bound()
                falls = self.objective - self.sure <= 0.5 * before
                if not (falls or (to_zero and barrier.gap() <= 0.8 * path)):
                    return

    def _consider_all(self):
        for step in {0.0, self.barrier.predicted, 1.0}:
            self._consider(self.barrier, step)

    def _consider(self, barrier, step):
        """Keep the model after a step of the tangent, if it is the best."""
        if not self.task.positive and not barrier.value(step) < self.objective:
            return
        u = barrier.u + step * barrier.tangent
        v, b = self._model(u)
        z = barrier.raw[: self.task.view.n_rows] + self._fixed()
        z = z + step * barrier.moved[0][: len(z)]
        if self.task.positive and (u[: len(self.columns)] < 0.0).any():
            z = self._raw(v, b)
        objective = self._objective(v, z)
        if objective < self.objective:
            self.v, self.b, self.objective = v, b, objective

    def _fixed(self):
        return 0.0 if self.task.fit_intercept else self.task.constant[0]

    def _round(self, most):
        """Set to zero what the path brings to zero, as much as the objective allows."""
        if self.barrier is None or not len(self.barrier.at):
            return
        moving = self.columns[self.barrier.at]
        size, slack = np.abs(self.v[0, moving]), self.barrier.extra.slack()
        order = np.argsort(size / np.maximum(slack, 1e-300))
        order = moving[order[(slack > _INSIDE)[order]]]
        none, all_of_them = 0, len(order)
        while none < all_of_them:
            count = (none + all_of_them + 1) // 2
            v = self.v.copy()
            v[0, order[:count]] = 0.0
            objective = self._objective(v, self._raw(v, self.b))
            if objective <= most:
                none, rounded = count, (v, objective)
            else:
                all_of_them = count - 1
        if none:
            self.v, self.objective = rounded
            self._doubt()
