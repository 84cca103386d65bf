"""Kinked losses by an interior point method: few iterations, whatever the data."""

import numpy as np
from scipy.linalg import LinAlgError

from skgd.auto._settle import build, few_rows, moving_columns, on_rows, settle
from skgd.auto._task import Report

_MOST_DOUBT = 10.0  # of the gap: an estimate, though not yet to stop by
_MOST = 100  # iterations; the hardest of the sets tried took 66


class InteriorPoint:
    """Descent on a kinked loss with any penalty; one epoch is one iteration.

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
    mode, seed : str, int
        Not used: each iteration reads all the rows.

    Notes
    -----
    Each iteration costs one Gram of n d^2, d^3 / 3 and five products of n d.
    """

    def __init__(self, task, v, b, tol, mode="batch", seed=0):
        self.task, self.tol = on_rows(task), tol
        self.interval = self.task.loss.interval
        self.v, self.b = v.copy(), b.copy()
        self.objective = self._objective(v, self._raw(v, b))
        self.lower, self.sure = 0.0, True  # no loss is negative
        self.epoch, self.gaps = 0, []
        self.columns = moving_columns(self.task, self.interval)
        self.barrier, self.warm = None, bool(v.any())

    def _raw(self, v, b):
        return self.task.view.matvec(v)[0] + b[0]

    def _objective(self, v, z):
        return self.interval.value(z) + self.task.penalty(v)

    def run_epoch(self) -> Report:
        """Take one iteration; keep the better of its model and the last one."""
        if not len(self.columns):  # the constant model is all there is
            self.v, self.b = np.zeros_like(self.v), self.task.constant.copy()
            return Report(self.task.null_objective, 0.0, 0.0, np.nan, True)
        self.epoch += 1
        step, exhausted = np.nan, self.epoch >= _MOST
        with np.errstate(all="ignore"):
            try:
                if self.warm:
                    return self._settle()
                if self.barrier is None:
                    self.barrier = build(self.task, self.interval, self.columns)
                step = self.barrier.iterate()
                self._adopt()
            except LinAlgError:
                exhausted = True
        gap = self.objective - self.lower
        self.gaps.append(gap)
        exhausted |= self._stalled(gap) or not step > 1e-12
        certified = self.sure
        needed = self._needed()
        if exhausted or (certified and gap <= needed):
            self._round(needed)
            gap = self.objective - self.lower
        norm = float(np.linalg.norm(self.barrier.gradient)) if self.barrier else np.nan
        gap = max(gap, 0.0)
        return Report(self.objective, gap, norm, step, certified, exhausted)

    def _settle(self):
        """See whether a model to start from is the optimum already, or next to it."""
        self.warm = False
        rows, needed = few_rows(self.task, self.columns), self._needed()
        model, columns = (self.v, self.b), self.columns
        found = settle(self.task, self.interval, columns, model, rows, 0.1 * needed)
        if found.objective < self.objective:
            self.v, self.b, self.objective = found.v, found.b, found.objective
        self.lower = max(self.lower, found.lower)
        gap = max(self.objective - self.lower, 0.0)
        return Report(self.objective, gap, found.norm, np.nan, True, False)

    def _needed(self):
        return max(
            self.task.needed(self.tol, self.objective), 1e-14 * abs(self.objective)
        )

    def _stalled(self, gap):
        if gap <= 4e-16 * abs(self.objective):
            return True
        return len(self.gaps) > 15 and gap > 0.9 * self.gaps[-16]

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
        barrier = self.barrier
        for step in {0.0, barrier.predicted, 1.0}:
            self._consider(barrier, step)
        bound, doubt = barrier.bound()
        if not np.isfinite(bound):
            raise LinAlgError
        gap = barrier.value(1.0) - bound - doubt
        if self.lower > self.objective:  # the doubt had been too small
            self.lower, self.sure = 0.0, True
        enough = max(gap, 0.1 * self._needed())
        if bound > self.lower and doubt <= _MOST_DOUBT * enough:
            self.lower, self.sure = bound, doubt <= enough

    def _consider(self, barrier, step):
        """Keep the model after a step of the tangent, if it is the best."""
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

    def _round(self, needed):
        """Set to zero what the path brings to zero, if the objective allows."""
        if self.barrier is None or not len(self.barrier.at):
            return
        u, at, extra = self.barrier.u.copy(), self.barrier.at, self.barrier.extra
        size = np.abs(u[at]) / max(np.abs(u[at]).max(), 1e-300)
        if self.task.positive:
            slack = extra.w / extra.w.max()
        else:
            slack = 1.0 - np.abs(extra.dual) / extra.above
        u[at[(slack > 1e-6) & (size < slack)]] = 0.0
        v, b = self._model(u)
        objective = self._objective(v, self._raw(v, b))
        if objective <= self.objective + 1e-3 * needed:
            self.v, self.b, self.objective = v, b, objective
