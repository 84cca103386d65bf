"""Squared error of few columns: the optimum from one Gram matrix, then verified."""

import math
from dataclasses import replace

import numpy as np

from skgd._report import Report
from skgd.auto._bridge import Bridge
from skgd.auto._orthogonal_factor import lacks_digits
from skgd.auto._quadratic import Kinked, KnownLoss, Ridge
from skgd.auto._task import ROUNDING

_SLOWEST = 1e-2  # share of the estimate that a step may leave
_DIGITS = 1e-10  # least pivot of a factor that has enough
_DOUBT = 1e6  # times an estimate that may be left where the Gram matrix lacks digits


def _length(g, g_intercept) -> float:
    with np.errstate(over="ignore"):
        return math.hypot(math.sqrt(g @ g), g_intercept)


class LeastSquares:
    """An epoch: a step to the optimum of the Gram matrix, and a look at the rows.

    What is reported is the objective of the rows and a gap made of their gradient, so
    that rounding of the Gram matrix, which squares X's condition, is seen.

    Parameters
    ----------
    task : Task
        With its `quadratic`.
    v, b : ndarray of shapes (1, n_features), (1,)
        Where to start; the model of the last epoch afterwards.
    tol : float or None
        Share of F_null - F that the estimate must reach.
    earlier : LeastSquares or None
        Of the same task but for the penalty, which ended at (v, b).

    Attributes
    ----------
    stalled : bool
        Whether rounding keeps the steps from going where they should.
    """

    def __init__(self, task, v, b, tol, earlier=None):
        self.task, self.v, self.b, self.tol = task, v, b, tol
        self._proof = None if earlier is None else earlier.proven()
        hessian = task.quadratic.hessian
        if task.has_l1 or task.positive:
            nonnegative = np.full(v.shape[1], task.positive, dtype=np.uint8)
            self._model = Kinked(hessian.matrix, (task.l1, nonnegative), tol)
        else:
            self._model = Ridge(hessian.factor)
        self._report = self._certain = None
        # The loss and its gradient in v and b, where they are known.
        self._seen = None if earlier is None else earlier._seen
        self.stalled = False

    def run_epoch(self) -> Report:
        """Step, and look at where that led."""
        if self._report is None:
            self._report = self._look()
            # With a proof the optimum costs no read: models at all alphas are exact.
            if self._report.exhausted or (self._enough() and self._proof is None):
                return self._report
        v, b, last, seen = self.v, self.b, self._report, self._seen
        self.v, self.b, self._seen = v + self._move, b + self._shift, None
        self._report = self._look(step=1.0)
        if self._report.objective > last.objective + ROUNDING * abs(last.objective):
            self.v, self.b, self._report, self._seen = v, b, last, seen
        left = self._report.suboptimality
        slow = left > _SLOWEST * last.suboptimality or not self._report.certified
        self.stalled = slow and not self._enough()
        return self._report

    def proven(self):
        """Give what the rows have shown of the loss, to a task of a larger penalty.

        Rounding of the Gram matrix moved the optimum here by less than the rows can
        tell; it does so the less, the larger the penalty is.
        """
        known = self._report is not None and self._seen is not None
        if self._proof is None and known and self._enough():
            hessian = self.task.quadratic.hessian.at(-self.task.ridge).matrix
            weight = float(self.task.loss.weight.sum()) * self.task.fit_intercept
            return KnownLoss(hessian, weight, self.v[0], self.b[0], *self._seen)
        return self._proof

    def _enough(self):
        report = self._report
        needed = self.task.needed(self.tol, report.objective)
        met = report.certified and report.suboptimality <= needed
        return report.exhausted or met

    def _certifies(self, estimate, objective):
        """Tell whether the Gram matrix has digits for it, or hardly anything is left.

        Columns that depend on one another leave nothing, and look like some that nearly
        do: of powers of one column up to the twelfth a ten thousandth was told.
        """
        if self._certain is None:
            self._certain = not self._lacks_digits()
        needed = self.task.needed(self.tol, objective)
        return self._certain or _DOUBT * estimate <= needed

    def _lacks_digits(self):
        """Tell whether it does, and the other descents know better."""
        task, factor = self.task, self._model.factor
        if factor is None or not task.space.keeps_rows:
            return False
        bridge = replace(Bridge.of(task), intercept=False)
        return lacks_digits(factor, bridge, task.loss.weight, _DIGITS)

    def _look(self, step=np.nan) -> Report:
        task, v = self.task, self.v[0]
        if not v.any() and self.b == task.constant:
            self._seen = task.null_objective, task.quadratic.slope, 0.0
        elif self._seen is None and self._proof is not None:
            self._seen = self._proof.at(v, self.b[0])
        elif self._seen is None:
            self._seen = task.view.gradient(v, self.b[0], task.loss)
        loss, slope, g_intercept = self._seen
        objective, g = loss + task.penalty(self.v), slope + task.ridge * v
        g_intercept *= task.fit_intercept
        self._shift = -g_intercept / task.loss.weight.sum()
        self._move, decrease = self._model.step(g, v, objective)
        decrease -= 0.5 * g_intercept * self._shift
        estimate = min(decrease, objective)  # no loss is negative
        return Report(
            objective,
            estimate,
            _length(task.subgradient(g, v), g_intercept),
            step,
            certified=self._certifies(estimate, objective),
            exhausted=estimate <= ROUNDING * abs(objective),
            exact=True,
        )
