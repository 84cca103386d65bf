"""Kinked losses beside l1 and positivity, for many columns or rows: two kinks apart."""

import numpy as np

from skgd._report import Report
from skgd.auto._dual_bound import bound_below
from skgd.auto._interior import MOST_COLUMNS, InteriorPoint
from skgd.auto._kinked_model import GramModel
from skgd.auto._settle import on_rows
from skgd.auto._shifted import exact_step
from skgd.auto._task import ROUNDING
from skgd.auto._working_set import WorkingSetModel

_SHARPEN = 6.0  # sigma a stage
_INNER = 0.1  # of the gap: what a stage may leave of its own objective
# A step that long tells that the model has not been minimised. Then only a bound is
# believed, and the model is minimised closer, for some more epochs. On text, a weak l1
# left 1e-3 with an estimate of 1e-5, after steps of 2 to 15: rounds gained too little.
_TOO_LONG, _CLOSER, _MOST_IN_DOUBT = 1.5, 0.1, 60
_MOST_INNER, _MOST = 60, 400  # Newton steps a stage and in all
_SLOW = 60  # after which an interior point takes over, if it can
_SHARE = 1e-7  # of the mean curvature, for rows that have none
_WHOLE = 300  # columns up to which the Gram of all of them is formed
_SMOOTH_START = 0.5  # of the rows have curvature in the first stage


class ProximalMultipliers:
    """Descent on a kinked loss with an l1 penalty; one epoch is one Newton step.

    The kinks of the loss are smoothed and shifted, as `Multipliers` does; those of the
    penalty stay, as proximal Newton steps take them.

    Parameters
    ----------
    task : Task
        Of one output, its loss one of Interval's.
    v, b : ndarray of shapes (1, n_features), (1,)
        The model to start from.
    tol : float or None
        Of the objective's relative gap.
    """

    def __init__(self, task, v, b, tol):
        self.task, self.tol = on_rows(task), tol
        self.interval = self.task.loss.interval
        whole = self.task.view.n_features <= _WHOLE
        self.model = GramModel(self.task) if whole else WorkingSetModel(self.task)
        self.x = np.append(v[0], b if task.fit_intercept else b[:0])
        self.z = self.task.view.matvec(v)[0] + b[0]
        self.v, self.b = v.copy(), b.copy()
        self.objective = self.interval.value(self.z) + self.task.penalty(v)
        self.gap, self.lower = self.objective, 0.0  # no loss is negative
        low, high = self.interval.low, self.interval.high
        distance = self.interval.distance(self.z)
        near = np.quantile(distance, _SMOOTH_START) if v.any() else distance.mean()
        near = max(near, 1e-9 * distance.mean()) or 1.0
        self.sigma = float((high - low).sum()) / (3.0 * near)
        self.shift = 0.5 * (low + high)
        self.share, self.step, self.norm = _SHARE, np.nan, np.nan
        self.epoch, self.inner = 0, 0
        self.safe = None
        self.close, self.last = 1.0, _MOST  # of the model; epoch

    def _needed(self):
        return self.task.needed(self.tol, self.objective)

    def run_epoch(self) -> Report:
        """Take a Newton step; end the stage before it where it is done."""
        self.epoch += 1
        if (
            self.safe is None
            and self.epoch > _SLOW
            and len(self.task.l1) <= MOST_COLUMNS
        ):
            self.safe = InteriorPoint(self.task, self.v, self.b, self.tol)
        if self.safe is not None:
            report = self.safe.run_epoch()
            self.v, self.b = self.safe.v, self.safe.b
            return report
        with np.errstate(all="ignore"):
            for _ in range(3):
                direction, left, gap = self._direction()
                if self.inner >= _MOST_INNER:  # for a change
                    self.shift, self.inner = self.t, 0
                    continue
                if not left <= _INNER * gap:
                    break
                if self.share > _SHARE:
                    self.share = _SHARE
                    continue
                if self._end_stage(gap + 2.0 * left):
                    return self._report(certified=True)
            self.inner += 1
            self._advance(direction)
        if self.epoch % 50 == 0:
            v, b = self._split()
            self.z = self.task.view.matvec(v)[0] + b[0]
        return self._report(certified=False)

    def _report(self, certified):
        known = self.objective - self.lower
        certified |= known <= max(self.gap, self._needed())
        self.gap = max(min(self.gap, known), 0.0)
        exhausted = self.epoch >= self.last or not np.isfinite(self.z).all()
        if exhausted and not certified and self.lower > 0.0:
            self.gap = known  # no stage has ended that an estimate could come from
        exhausted |= known <= ROUNDING * abs(self.objective)
        return Report(
            self.objective, self.gap, self.norm, self.step, certified, bool(exhausted)
        )

    def _end_stage(self, gap) -> bool:
        """Take over the multipliers; tell whether the gap sought is reached."""
        value = self.interval.value(self.z) + self.task.penalty(self._split()[0])
        # That the best model is better than this one, an estimate cannot tell.
        self.gap = max(self.objective - value + gap, 0.5 * gap)
        self.shift, self.inner = self.t, 0
        enough = self.gap <= self._needed()
        if not enough:
            self.sigma *= _SHARPEN
        if self.close == 1.0 and not self.step > _TOO_LONG:
            return enough
        self.gap = self.objective - self.lower
        if enough:
            self.close, self.last = _CLOSER, min(self.last, self.epoch + _MOST_IN_DOUBT)
        return False

    def _split(self):
        d = self.task.view.n_features
        return self.x[None, :d], self.x[d:] if len(self.x) > d else self.task.constant

    def _direction(self):
        """Give the step to the model's minimum, its decrease, and the gap besides."""
        task, sigma, weight = self.task, self.sigma, self.interval.weight
        t, inside = self.interval.slopes(self.z, self.shift, sigma)
        v, _ = self._split()
        self.t = t
        g = task.view.rmatvec(t[None])
        self._bound(t, g[0])
        g += task.ridge * v
        if task.fit_intercept:
            g = np.append(g, [[t.sum()]], axis=1)
        self.norm = float(np.linalg.norm(g))
        h = np.where(inside, sigma * weight, 0.0)
        size = max(float(h.sum()), 1e-3 * sigma) / weight.sum()
        h = np.maximum(h, self.share * size * weight)[None]
        self.model.refresh(h, self.z[None], g, self.x[None])
        gap = self.interval.complementarity(self.z, t)
        accuracy = np.multiply((0.01 * max(gap, self._needed()), 1e-2), self.close)
        step, decrease, rest = self.model.propose(g, self.x[None], t[None], *accuracy)
        return step[0], float(decrease + rest), gap

    def _advance(self, direction):
        """Step to the smoothed objective's minimum along a direction."""
        task, d = self.task, self.task.view.n_features
        dv, v = direction[:d], self.x[:d]
        moved = task.view.matvec(dv[None])[0] + direction[d:].sum()
        some = np.flatnonzero(dv)
        linear = float((task.ridge * v) @ dv)
        square = float((task.ridge * dv) @ dv)
        v, dv, l1 = v[some], dv[some], task.l1[some]

        def penalty(step):
            slope = linear + step * square + l1 @ (np.sign(v + step * dv) * dv)
            return float(slope), square

        smoothing = (self.shift, self.sigma)
        step = exact_step(self.interval, self.z, moved, smoothing, penalty)
        if task.positive and (dv < 0.0).any():
            step = min(step, float((v[dv < 0.0] / -dv[dv < 0.0]).min()))
        if 0.9 < step < 1.1:
            step = 1.0  # where the model has its zeros
        self.x = self.x + step * direction
        if task.positive:
            self.x[:d] = np.maximum(self.x[:d], 0.0)
        self.z = self.z + step * moved
        self.step = step
        if step < 0.1:
            self.share = min(10.0 * self.share, 1e-2)
        elif step > 0.5:
            self.share = max(0.1 * self.share, _SHARE)
        self._keep_best()

    def _keep_best(self):
        v, b = self._split()
        objective = self.interval.value(self.z) + self.task.penalty(v)
        if objective < self.objective:
            # What was gained is no longer left; but an estimate is no bound, and where
            # more was gained than it said, as much may be to come.
            gain = self.objective - objective
            self.gap = gain if gain > self.gap else max(self.gap - gain, 0.1 * self.gap)
            self.objective = objective
            self.v, self.b = v.copy(), b.copy()

    def _bound(self, t, g):
        """Raise the bound by the best share of slopes t, whose gradient is g."""
        task, left = self.task, 0.0
        if task.fit_intercept:
            left = abs(t.sum()) * (abs(self.x[-1]) + abs(task.constant[0]) + 1.0)
        self.lower = max(self.lower, bound_below(task, self.interval, t, g, left))
