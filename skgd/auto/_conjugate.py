"""Squared errors of many columns: conjugate gradients, two products an epoch."""

import math

import numpy as np

from skgd._report import Report
from skgd.auto._outlook import WINDOW, DualityGap, after_warm_start
from skgd.auto._preconditioner import Diagonal

_DRIFT = 50  # epochs after which gradient and F are computed afresh
# Times the estimate by the ways that F - F* may be, where no epochs have confirmed it.
# Of 4672 models on 240 sparse paths five are further from the optimum than `tol`
# allows, by 1.8 at most; a window of epochs alone let 66 of them pass, by up to 13.
_DOUBT = 5.0
_MOST_WAYS = 4  # from one penalty to the next that are remembered
_ALIKE = 1e-8  # of the largest singular value: ways that depend on one another
_LEAST = 1e-16  # of F: a smaller gain does not show


def least_quotient(hessian, metric) -> float:
    """Give the least x'Hx / x'Px, at most 1, of the matrices (m, m) of some vectors.

    Vectors that depend on others are left out; 0 if all are zero.
    """
    size = np.sqrt(np.maximum(metric.diagonal(), 1e-300))
    values, vectors = np.linalg.eigh(metric / (size * size[:, None]))
    kept = values > _ALIKE * values[-1]
    if not values[-1] > 0.0:
        return 0.0
    basis = vectors[:, kept] / np.sqrt(values[kept]) / size[:, None]
    return min(float(np.linalg.eigvalsh(basis.T @ hessian @ basis)[0]), 1.0)


class ConjugateGradients:
    """One epoch: a step of conjugate gradients, on the quadratic that F is.

    The steps are those of `SmoothDescent` with a diagonal P, whose plane of P^-1 g and
    the last step is what conjugate gradients search, and so are the estimates. But a
    product with the Hessian tells all that a step does to F and to its gradient, so
    that besides the two products an epoch touches each row but twice.

    Along a path the gradient is known at all models passed, so that the optimum in
    the span of the last ways from one penalty to the next costs no product. They are
    directions that curve little: with q the least x'Hx / x'Px among them, g' P^-1 g /
    (2 q) is an estimate that need not wait for a window of epochs.

    Parameters
    ----------
    task : Task
        Of a squared error, of one output, without kinks.
    v, b : ndarray of shapes (1, n_features), (1,)
        Where to start; the model of the last epoch afterwards.
    tol : float or None
        Share of F_null - F that the estimate must reach.
    earlier : ConjugateGradients or None
        Of the same task but for the ridge, which ended at (v, b).

    References
    ----------
    M. R. Hestenes, E. Stiefel, Methods of conjugate gradients for solving linear
    systems, J. Res. Nat. Bur. Standards 49 (1952), 409-436.
    """

    def __init__(self, task, v, b, tol, earlier=None):
        self.task, self.tol = task, tol
        self._x = np.append(v[0], b)
        self._ridge = np.append(task.ridge, 0.0)
        self._towards, self._before = None, np.inf  # the last step; g' P^-1 g before it
        self._gains: list[float] = []  # of each epoch
        self._stuck, self._report = False, None
        self._warm, self._gap = bool(v.any()), DualityGap(task)
        self._least = 0.0  # x'Hx / x'Px on the span of the ways; 0 if it is not known
        if earlier is None:
            self._ways: list[tuple] = []
            self._h = np.empty((1, task.view.n_rows))
            self._look_at_rows()
            self._P = Diagonal(task, self._h)
        else:
            self._ways = [*earlier._ways, *earlier._way()][-_MOST_WAYS:]
            self._h, self._P, self._age = earlier._h, earlier._P.at(task), earlier._age
            more = (self._ridge - earlier._ridge) * self._x
            self._g = earlier._g + more
            self._objective = earlier._objective + 0.5 * float(more @ self._x)
        self._inverse = self._P.solve(np.ones((1, len(self._x))))[0]
        self._begin = (self._x.copy(), self._g.copy()) if task.followed else None
        if self._ways:
            self._follow_ways()

    @property
    def v(self):
        """The coefficients."""
        return self._x[None, :-1]

    @property
    def b(self):
        """The intercept."""
        return self._x[-1:]

    def run_epoch(self) -> Report:
        """Step, and look at where that led."""
        if self._report is None:
            self._report = self._look()
            report = self._report
            enough = self.task.needed(self.tol, report.objective)
            if report.certified and report.suboptimality <= enough:
                return report
        step = self._step()
        self._report = self._look(step)
        return self._report

    # --- What is known without a product

    def _look(self, step=np.nan) -> Report:
        """Give F and the estimate of F - F*; set P^-1 g."""
        g, objective = self._g, self._objective
        self._upright = self._inverse * g
        self._slope = float(g @ self._upright)
        needed = self.task.needed(self.tol, objective)
        bound = self._gap.bound(objective, g[None], self._h.sum(axis=1))
        count, decrement = len(self._gains), 0.5 * self._slope
        window = sum(self._gains[-max(WINDOW, (count + 1) // 4) :])
        if self._warm:
            window = after_warm_start(window, bound, self._gains, piecewise=False)
        by_ways = decrement / self._least if self._least > 0.0 else 0.0
        certified = count >= WINDOW
        estimate = min(bound, max(decrement, window, by_ways))
        if not certified and 0.0 < _DOUBT * by_ways <= needed:
            certified, estimate = True, min(bound, _DOUBT * by_ways)
        elif not certified and bound <= needed:
            certified, estimate = True, bound
        if objective <= needed:
            estimate = estimate if certified else objective
            certified = True
        norm = math.sqrt(g @ g)
        estimate = min(estimate, objective)  # no loss is negative
        return Report(objective, estimate, norm, step, certified, self._stuck)

    def _way(self):
        """Give what the descent has done to the unknowns and to the loss's gradient."""
        if self._begin is None:
            return []
        x, g = self._begin
        way = self._x - x
        return [(way, self._g - g - self._ridge * way)]

    def _follow_ways(self):
        """Go to the optimum in the span of the last ways: no product is needed."""
        ways, bends = (np.array(arrays) for arrays in zip(*self._ways, strict=True))
        bends += self._ridge * ways
        hessian, metric = ways @ bends.T, (ways / self._inverse) @ ways.T
        if len(ways) > 1:
            self._least = least_quotient(hessian, metric)
        size = np.sqrt(np.maximum(hessian.diagonal(), 1e-300))
        slope = ways @ self._g / size
        hessian /= size * size[:, None]
        share = np.linalg.lstsq(hessian, -slope, rcond=_ALIKE)[0]
        if share @ slope < 0.0:
            self._move((share / size) @ ways, (share / size) @ bends)

    # --- What takes products

    def _look_at_rows(self):
        """Find F and its gradient."""
        task = self.task
        z = task.view.matvec(self.v) + self._x[-1]
        d = np.empty_like(z)
        self._objective = task.loss.evaluate(z, d, self._h) + task.penalty(self.v)
        self._g = self._to_columns(d) + self._ridge * self._x
        self._age = 0

    def _to_columns(self, d):
        slope = np.empty(len(self._x))
        slope[:-1] = self.task.view.rmatvec(d)[0]
        slope[-1] = d.sum() * self.task.fit_intercept
        return slope

    def _move(self, step, bent):
        """Take a step, of which the Hessian of F makes `bent`."""
        self._objective += float((self._g + 0.5 * bent) @ step)
        self._x += step
        self._g += bent

    def _step(self) -> float:
        """Go to the optimum along the next direction; give what was taken of P^-1 g."""
        if self._towards is None:
            self._towards = -self._upright
        else:
            self._towards *= self._slope / self._before
            self._towards -= self._upright
        towards, self._before = self._towards, self._slope
        image = self.task.view.matvec(towards[None, :-1])
        image += towards[-1]
        image *= self._h
        bent = self._to_columns(image)
        bent += self._ridge * towards
        bend, slope = float(towards @ bent), float(self._g @ towards)
        if not (slope < 0.0 < bend):
            return self._start_anew()
        size = -slope / bend
        gain = -0.5 * size * slope
        self._gains.append(gain)
        self._objective -= gain
        self._x += size * towards
        bent *= size
        self._g += bent
        self._age += 1
        if gain <= _LEAST * abs(self._objective):
            self._start_anew()
        elif self._age >= _DRIFT:
            self._look_at_rows()
        return size

    def _start_anew(self) -> float:
        """Make sure of the gradient; if it was fresh, floating point allows no more."""
        self._stuck = self._age <= 1
        self._towards = None
        self._look_at_rows()
        return 0.0
