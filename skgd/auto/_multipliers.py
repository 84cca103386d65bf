"""Kinked losses by the method of multipliers: smoothed, shifted, with Newton steps."""

import numpy as np
from scipy.linalg import LinAlgError

from skgd._report import Report
from skgd.auto._bridge import Bridge
from skgd.auto._interior import MOST_COLUMNS, InteriorPoint
from skgd.auto._settle import few_rows, moving_columns, on_rows, settle
from skgd.auto._shifted import (
    LEAST_SHARE,
    by_cholesky,
    by_conjugate_gradients,
    damping,
    exact_step,
)
from skgd.auto._task import ROUNDING

_SHARPEN = 6.0  # sigma a stage: 3 takes fewer steps but more passes, 20 is fragile
_INNER = 0.1  # of the gap: what a stage may leave of its own objective
_MOST_INNER, _MOST = 60, 150  # Newton steps a stage and in all; 9 .. 88 are normal
_SETTLE = 4  # epochs before the rows near their kinks are settled, then between
# Of the squared residual of conjugate gradients: at first, where a rough decrement has
# been too small, and where it certifies.
_CLOSE, _CLOSEST = 1e-2, 1e-5
# Rows below which an interior point is no slower: it reads all of them each time. With
# 16 a column an interior point takes up to twice as long (digits; 150 and 300 columns,
# hinge).
_ROWS_A_COLUMN, _FEW_ROWS = 8, 1000
_SAMPLE = 5000  # rows of the problem that starts a large one


class Multipliers:
    """Descent on a kinked loss with an l2 penalty; one epoch is one Newton step.

    Each stage minimises sum_i max_t [t (z_i - c_i) - e |t| - (t - t0_i)^2 / (2 sigma
    s_i)] + penalty; then t0 becomes t, and sigma grows. Only the rows whose t is
    strictly inside its interval have curvature, so that a Hessian costs little.

    Parameters
    ----------
    task : Task
        Of one output, its loss one of Interval's.
    v : ndarray of shape (1, n_features)
        The model to start from.
    b : ndarray of shape (1,)
        Its intercept.
    tol : float or None
        Of the objective's relative gap.

    References
    ----------
    R. T. Rockafellar, Augmented Lagrangians and applications of the proximal point
    algorithm in convex programming, Math. Oper. Res. 1 (1976), 97-116.
    """

    def __init__(self, task, v, b, tol):
        task = on_rows(task)
        self.task, self.tol = task, tol
        self.interval = task.loss.interval
        self.v, self.b = v.copy(), b.copy()
        self.safe = None
        self.columns = moving_columns(task, self.interval)
        self.newton = chosen(task, len(self.columns))
        if self.newton is None:
            self._hand_over()
            return
        self.bridge = Bridge(task.view, self.columns, task.fit_intercept, 1)
        self.fixed = 0.0 if task.fit_intercept else task.constant[0]
        self.ridge = np.append(task.ridge[self.columns], [0.0] * task.fit_intercept)
        self.epoch, self.inner, self.step, self.settled = 0, 0, np.nan, 0
        self.norm, self.share, self.close = np.nan, LEAST_SHARE, _CLOSE
        self._start()

    def _start(self):
        task, n, d = self.task, self.task.view.n_rows, len(self.columns)
        self.u = np.append(self.v[0, self.columns], self.b[: task.fit_intercept])
        warm, share = bool(np.any(self.v)), 0.5
        self.settle_at = 0 if warm else _SETTLE
        if not warm and n > max(4 * _SAMPLE, 100 * d):
            self.u, warm = self._from_sample(), True
            share = min(0.5, 8.0 * np.sqrt(d / _SAMPLE))
        elif warm:
            share = min(0.5, 2.0 * (d + 1) / n)
        self.z = self.bridge.matvec(self.u) + self.fixed
        self.objective = self.interval.value(self.z) + self._penalty(self.u)
        self.lower = 0.0  # no loss is negative
        self.gap = self.objective
        width = float((self.interval.high - self.interval.low).sum())
        distance = self.interval.distance(self.z)
        near = np.quantile(distance, share) if warm else distance.mean()
        # A start that is optimal already has kinks at exactly zero distance.
        near = max(near, 1e-9 * distance.mean()) or 1.0
        self.sigma = (0.5 if warm else 1.0 / 3.0) * width / near
        self.shift = 0.5 * (self.interval.low + self.interval.high)

    def _from_sample(self):
        """Give the optimum over some rows, the same ones each time."""
        task, random = self.task, np.random.default_rng(0)
        rows = np.sort(random.choice(task.view.n_rows, _SAMPLE, replace=False))
        part = on_rows(task, rows)
        # As much weight as all the rows have, so that the penalty keeps its share.
        part.loss.weight *= task.loss.weight.sum() / part.loss.weight.sum()
        descent = Multipliers(part, self.v, self.b, 1e-3)
        for _ in range(2 * _MOST):
            report = descent.run_epoch()
            needed = task.needed(1e-3, report.objective)
            if report.exhausted or (report.certified and report.suboptimality < needed):
                break
        return np.append(descent.v[0, self.columns], descent.b[: task.fit_intercept])

    def _hand_over(self):
        """Leave the rest to an interior point, which finds its own start."""
        if len(self.columns) <= MOST_COLUMNS:
            self.safe = InteriorPoint(self.task, self.v, self.b, self.tol)

    def run_epoch(self) -> Report:
        """Take one Newton step, ending a stage before it where that is due."""
        if self.safe is None:
            try:
                with np.errstate(all="ignore"):
                    return self._newton()
            except LinAlgError:
                self._hand_over()
        if self.safe is None:
            self.gap = max(self.gap, 0.0)
            return Report(
                self.objective, self.gap, self.norm, self.step, False, exhausted=True
            )
        report = self.safe.run_epoch()
        self.v, self.b, self.objective = self.safe.v, self.safe.b, report.objective
        return report

    def _newton(self):
        self.epoch += 1
        if self.epoch > self.settle_at and self.newton is by_cholesky:
            return self._settle()
        for _ in range(3):
            direction, decrement, gap = self._direction()
            if decrement > _INNER * gap:
                break
            if self.share > LEAST_SHARE:  # the decrement is that of another metric
                self.share = LEAST_SHARE
                continue
            needed = self._needed()
            rough = self.newton is not by_cholesky and self.ridge.any()
            if rough and self._best_gap(gap + 2.0 * decrement) <= needed:
                direction, decrement, gap = self._direction(0.1 * needed)
                # the rough one may have seen too little
                if self._best_gap(gap + 2.0 * decrement) > needed:
                    self.close = max(0.1 * self.close, _CLOSEST)
                    break
            self._end_stage(gap + 2.0 * decrement)
            if self.gap <= max(self._needed(), ROUNDING * abs(self.objective)):
                return self._report(certified=True)
        self.inner += 1
        many = self.inner > _MOST_INNER or self.epoch > _MOST
        if many and len(self.columns) <= MOST_COLUMNS:
            raise LinAlgError
        self._advance(direction)
        # A short step followed a direction that had no curvature where it began.
        if self.step < 1e-2:
            self.share = min(100.0 * self.share, 1e-2)
        elif self.step > 0.1:
            self.share = max(0.01 * self.share, LEAST_SHARE)
        if self.epoch % 50 == 0:
            self.z = self.bridge.matvec(self.u) + self.fixed
        return self._report(certified=False)

    def _settle(self):
        """Try the optimum of the rows near their kinks; the more, the later."""
        self.settled += 1
        self.settle_at = self.epoch + _SETTLE * self.settled
        task, columns = self.task, self.columns
        rows = min(few_rows(task, columns) * self.settled, task.view.n_rows)
        accuracy = 0.1 * max(self._needed(), 1e-14 * abs(self.objective))
        model = (self.v, self.b)
        found = settle(task, self.interval, columns, model, rows, accuracy)
        self.lower = max(self.lower, found.lower)
        if found.objective < self.objective:
            self.u = np.append(found.v[0, columns], found.b[: task.fit_intercept])
            self.z = self.bridge.matvec(self.u) + self.fixed
            self._keep_best()
        self.gap = self.objective - self.lower
        self.norm = found.norm
        return self._report(certified=True)

    def _direction(self, enough=np.inf):
        """Give -H^-1 g, half of g' H^-1 g and the gap that g = 0 would leave.

        `enough` : what the half may fall short by, where it has to be sure.
        """
        interval, sigma = self.interval, self.sigma
        t, inside = interval.slopes(self.z, self.shift, sigma)
        (g,) = self.bridge.rmatvec(t)
        g += self.ridge * self.u
        self.t, self.norm = t, float(np.linalg.norm(g))
        curvature = np.where(inside, sigma * interval.weight, 0.0)
        added = damping(max(curvature.sum(), 1e-3 * sigma), self.ridge, self.share)
        diagonal = self.ridge + added
        goal = (self.close if enough == np.inf else _CLOSEST), enough
        direction, rest = self.newton(self.bridge, curvature, diagonal, g, *goal)
        decrement = -0.5 * float(g @ direction)
        decrement += rest if enough < np.inf else 0.0
        if not self.ridge.any():  # then nothing bounds |u - u*| but the step itself
            decrement = 0.5 * float(np.abs(g) @ np.abs(direction))
        gap = interval.complementarity(self.z, t)
        if not np.isfinite(decrement + gap):
            raise LinAlgError
        return direction, decrement, gap

    def _best_gap(self, gap):
        """Give the gap of the best model, from that of the present one."""
        value = self.interval.value(self.z) + self._penalty(self.u)
        # That the best model is better than this one, an estimate cannot tell.
        gap = max(self.objective - value + gap, 0.5 * gap)
        return min(gap, self.objective - self.lower)

    def _end_stage(self, gap):
        self.gap = self._best_gap(gap)
        self.shift, self.inner = self.t, 0
        self.sigma *= _SHARPEN

    def _advance(self, direction):
        """Step to the smoothed objective's minimum along a direction."""
        moved = self.bridge.matvec(direction)
        linear = float(direction @ (self.ridge * self.u))
        square = float(direction @ (self.ridge * direction))

        def penalty(step):
            return linear + step * square, square

        smoothing = (self.shift, self.sigma)
        step = exact_step(self.interval, self.z, moved, smoothing, penalty)
        self.u = self.u + step * direction
        self.z = self.z + step * moved
        self.step = step
        self._keep_best()

    def _penalty(self, u):
        return 0.5 * float(u @ (self.ridge * u))

    def _keep_best(self):
        objective = self.interval.value(self.z) + self._penalty(self.u)
        if objective < self.objective:
            # What was gained is no longer left; but an estimate is no bound, and where
            # more was gained than it said, as much may be to come.
            gain = self.objective - objective
            self.gap = gain if gain > self.gap else max(self.gap - gain, 0.1 * self.gap)
            self.objective = objective
            if self.lower > objective + ROUNDING * abs(objective):
                self.lower = 0.0  # it was none; no loss is negative
            self.v, self.b = np.zeros_like(self.v), self.task.constant.copy()
            self.v[0, self.columns] = self.u[: len(self.columns)]
            if self.task.fit_intercept:
                self.b[0] = self.u[-1]

    def _needed(self):
        return self.task.needed(self.tol, self.objective)

    def _report(self, certified):
        known = self.objective - self.lower
        certified |= known <= max(self._needed(), self.gap)
        self.gap = max(min(self.gap, known), 0.0)
        stuck = known <= ROUNDING * abs(self.objective)
        return Report(
            self.objective, self.gap, self.norm, self.step, certified, exhausted=stuck
        )


def chosen(task, d):
    """Give how Newton's systems are solved; None if an interior point is better."""
    if d == 0 or task.positive or task.l1.any():
        return None
    if d > (500 if task.view.sparse else MOST_COLUMNS):
        return by_conjugate_gradients
    few = task.view.n_rows < max(_ROWS_A_COLUMN * d, _FEW_ROWS) or d > 500
    return None if few else by_cholesky
