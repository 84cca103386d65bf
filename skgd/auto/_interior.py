"""Kinked losses by an interior point method: few iterations, whatever the data."""

import numpy as np
from scipy.linalg import LinAlgError

from skgd.auto._barrier import Barrier, Bridge, Pieces
from skgd.auto._interval import Interval
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
        self.task, self.tol = task, tol
        loss = task.loss
        self.interval = Interval(loss.name, loss.parameter, loss.y, loss.weight)
        self.v, self.b = v.copy(), b.copy()
        self.objective = self._objective(v, self._raw(v, b))
        self.lower, self.sure = 0.0, True  # no loss is negative
        self.epoch, self.gaps = 0, []
        self.columns = moving_columns(task, self.interval)
        self.barrier = None

    def _raw(self, v, b):
        return self.task.view.matvec(v)[0] + b[0]

    def _objective(self, v, z):
        return self.interval.value(z) + self.task.penalty(v)

    def run_epoch(self) -> Report:
        """Take one iteration; keep the better of its model and the last one."""
        self.epoch += 1
        step, exhausted = np.nan, self.epoch >= _MOST
        with np.errstate(all="ignore"):
            try:
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
        needed = self.task.needed(self.tol, self.objective)
        if exhausted or (certified and gap <= needed):
            self._round(needed)
            gap = self.objective - self.lower
        norm = float(np.linalg.norm(self.barrier.gradient)) if self.barrier else np.nan
        gap = max(gap, 0.0)
        return Report(self.objective, gap, norm, step, certified, exhausted)

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
        if bound > self.lower and doubt <= _MOST_DOUBT * gap:
            self.lower, self.sure = bound, doubt <= gap

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


def moving_columns(task, interval):
    """Give the columns whose coefficients may differ from zero at the optimum.

    |g_j| <= sum_i |a_ij| max |t_i| <= sum_i s_i |a_ij| reach, and the mean of |a| is
    at most its root mean square: where that is within the l1 penalty, v_j = 0.
    """
    weight = task.loss.weight
    squares = task.view.rmatvec_squared(weight)
    largest = np.maximum(interval.high, -interval.low)
    reach = float((largest[weight > 0.0] / weight[weight > 0.0]).max())
    return np.flatnonzero((squares > 0.0) & (np.sqrt(squares) * reach > task.l1))


def build(task, interval, columns):
    """Give the barrier of a task at its start, the best constant model."""
    bridge = Bridge(task.view, columns, task.fit_intercept, 2 if interval.slack else 1)
    shift = 0.0 if task.fit_intercept else task.constant[0]
    center, above, below = interval.center - shift, -interval.low, interval.high
    if interval.slack:
        zero = np.zeros_like(center)
        center = np.concatenate([center - interval.slack, center + interval.slack])
        above, below = np.concatenate([above, zero]), np.concatenate([zero, below])
    intercept = int(task.fit_intercept)
    u = np.zeros(len(columns) + intercept)
    if intercept:
        u[-1] = task.constant[0]
    residual = center - (u[-1] if intercept else 0.0)
    spread = float(np.abs(residual).mean()) or 1.0
    samples = Pieces(center, above, below, residual, spread, 0.0)
    ridge = np.append(task.ridge[columns], np.zeros(intercept))
    l1 = task.l1[columns]
    at = np.arange(len(columns)) if task.positive else np.flatnonzero(l1 > 0.0)
    zero, slack = np.zeros(len(at)), float(np.mean(above + below))
    extra = Pieces(zero, l1[at], l1[at], zero, spread, slack, not task.positive)
    return Barrier(bridge, samples, extra, at, ridge, np.zeros_like(u), u)
