"""Squared error of few columns: the optimum from one Gram matrix, then verified."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skgd._core.factor import Factor
from skgd._report import Report
from skgd.auto._kinked_model import minimise_with_kinks
from skgd.auto._preconditioner import RAISED
from skgd.auto._task import ROUNDING

_SLOWEST = 1e-2  # share of the estimate that a step may leave
# Of the unit diagonal, tried first. With 1e-12, the estimate was a third of the truth
# for columns 1e-6 apart, and there is no fresh factor to correct it.
_LEAST_RAISED = 1e-14


@dataclass
class Hessian:
    """Second derivatives of F in v, which the outputs share; b is apart from v.

    Attributes
    ----------
    matrix : ndarray of shape (n_features, n_features)
    """

    matrix: np.ndarray

    def at(self, more):
        """Give the matrix with so much more on its diagonal, of shape (n_features,)."""
        matrix = self.matrix.copy()
        matrix.flat[:: len(matrix) + 1] += more
        return Hessian(matrix)

    @cached_property
    def factor(self) -> Factor:
        """A factor of the matrix."""
        return Factor(self.matrix, (_LEAST_RAISED, *RAISED))


@dataclass
class Quadratic:
    """F beside the kinks: its Hessian, and its gradient where v = 0 and b is best."""

    hessian: Hessian
    slope: np.ndarray


@dataclass
class _Proof:
    """The loss and its gradient at (v, b), as the rows have them, and its Hessian.

    The loss is a quadratic, so that this is all of it.
    """

    hessian: np.ndarray
    weight: float
    v: np.ndarray
    b: float
    loss: float
    slope: np.ndarray
    slope_of_intercept: float

    def at(self, v, b):
        """Give the loss and its slopes in v and b elsewhere."""
        step, shift = v - self.v, b - self.b
        bent = self.hessian @ step
        loss = self.loss + float((self.slope + 0.5 * bent) @ step)
        loss += (self.slope_of_intercept + 0.5 * self.weight * shift) * shift
        slope_of_intercept = self.slope_of_intercept + self.weight * shift
        return loss, self.slope + bent, slope_of_intercept


def _length(g, g_intercept) -> float:
    return math.sqrt(float(g @ g) + float(g_intercept) ** 2)


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
        self._proof = None if earlier is None else earlier._proven()
        self._kinked = task.has_l1 or task.positive
        self._nonnegative = np.full(v.shape[1], task.positive, dtype=np.uint8)
        self._report = None
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
        slow = left > _SLOWEST * last.suboptimality
        self.stalled = slow and not self._enough()
        return self._report

    def _proven(self):
        """Give what the rows have shown of the loss, to a task of a larger penalty.

        Rounding of the Gram matrix moved the optimum here by less than the rows can
        tell; it does so the less, the larger the penalty is.
        """
        known = self._report is not None and self._seen is not None
        if self._proof is None and known and self._enough():
            hessian = self.task.quadratic.hessian.at(-self.task.ridge).matrix
            weight = float(self.task.loss.weight.sum()) * self.task.fit_intercept
            return _Proof(hessian, weight, self.v[0], self.b[0], *self._seen)
        return self._proof

    def _enough(self):
        report = self._report
        needed = self.task.needed(self.tol, report.objective)
        return report.exhausted or report.suboptimality <= needed

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
        self._move, decrease = self._propose(g, v, objective)
        decrease -= 0.5 * g_intercept * self._shift
        estimate = min(decrease, objective)  # no loss is negative
        return Report(
            objective,
            estimate,
            _length(task.subgradient(g, v), g_intercept),
            step,
            certified=True,
            exhausted=estimate <= ROUNDING * abs(objective),
            exact=True,
        )

    def _propose(self, g, v, objective):
        """Give the step in v to the optimum, and what F falls on it."""
        hessian = self.task.quadratic.hessian
        if not self._kinked:
            move = -hessian.factor.solve(g)
            return move, max(-0.5 * float(g @ move), 0.0)
        move, decrease, _ = minimise_with_kinks(
            hessian.matrix,
            g,
            v,
            (self.task.l1, self._nonnegative),
            0.1 * ROUNDING * abs(objective),
            float(np.clip(0.05 * (self.tol or 0.0), 1e-12, 1.0)),
        )
        return move, decrease
