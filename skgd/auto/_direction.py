"""The direction of a smooth descent, and what it tells is left of F - F*."""

import math

import numpy as np

from skgd.auto._ahead import look_ahead
from skgd.auto._falls import RESTING, SURPRISE
from skgd.auto._newton import SoftmaxHessian, newton_step
from skgd.auto._outlook import WINDOW, DualityGap
from skgd.auto._promise import Trial
from skgd.auto._task import ROUNDING

_AGED = 3.0  # times its estimate that F - F* may be, of a P that is not fresh
# Where the next step crosses kinks of l': what the last two have to take of P^-1 g, for
# what slopes at its end leave to tell F - F*. Where they took less, rows keep stopping
# them, and it may be a hundredth of that.
_LONG = 0.3
# Change of raw predictions by the last step below which the next one flattens no rows.
_NEAR = 0.5


class Direction:
    """P^-1 g, or a Newton step that products with H make of it, and its decrement.

    Parameters
    ----------
    task : Task
        What is minimised.
    tol : float or None
        Share of F_null - F that the estimate must reach.
    metric : Metric
        Makes P.
    plane : Plane
        Whose first direction is set.
    falls : Falls
        How F has fallen.

    Attributes
    ----------
    gradient : ndarray of shape (K, n_features + 1)
        Of F, that in the intercepts last; where the direction was found.
    """

    def __init__(self, task, tol, metric, plane, falls):
        self._task, self._tol = task, tol
        self._metric, self._plane, self._falls = metric, plane, falls
        self._gap = DualityGap(task)
        self._bound = np.inf  # the duality gap, if P does not certify
        self._at, self._needed = None, 0.0  # where it was found; what is enough there
        self._ratio = 1.0  # of a Newton step's decrease to what P promised, at the last
        self._no_step_before = 0  # passes: the last Newton step led nowhere
        self._shares = 0.0, 0.0  # of the direction, that the last two steps took
        self._promised = np.inf  # half g' P^-1 g
        self.gradient = None

    @property
    def at_rest(self) -> bool:
        """Whether a step would follow rounding, where rows are flat.

        To coefficients of 1e17 that no longer give the raw predictions. Elsewhere it
        still makes the coefficients, of which F tells but the square, more exact.
        """
        rounding = ROUNDING * abs(self._at.objective)
        return self._metric.lifted and self._promised <= rounding

    def metric_of_moves(self):
        """Give P^-1 of gradients of shape (K, n_features + 1), or None."""
        if self._metric.P.metric is None and not self._task.space.own_metric:
            return self._metric.P.solve
        return self._metric.P.metric

    def learn(self, share):
        """Note what the last step took of the direction."""
        self._shares = self._shares[1], share
        self._metric.learn(self._plane.taken)

    def find(self, at):
        """Set the plane's first direction.

        Parameters
        ----------
        at : Position

        Returns
        -------
        estimate : float
            Of F - F*.
        certified : bool
            Whether it may end the descent.
        """
        estimate, certified = self._by_decrement(self._move_to(at))
        if self._metric.P.kept and self._promises_enough(estimate):
            estimate, certified = self._by_newton_step(estimate)
        elif self._of_blocks and self._enough(self._promised):
            estimate, certified = self._across_blocks(estimate)
        if self._metric.lifted:  # what P promises says nothing
            estimate, certified = self._where_flat()
        elif self._enough(estimate) and self._task.loss.piecewise:
            estimate, certified = self._beside_kinks(estimate, certified)
        objective = at.objective  # no loss is negative
        if self._enough(objective):
            estimate, certified = estimate if certified else objective, True
        return min(estimate, objective), certified

    def _enough(self, estimate) -> bool:
        return estimate <= self._needed

    # --- P, and P^-1 g

    def _move_to(self, at) -> bool:
        """Have P learn, build it if the curvature has changed; tell if it is fresh."""
        metric, before, task = self._metric, self.gradient, self._task
        joint, n_epochs = metric.joint, len(self._falls)
        self._at, self._needed = at, task.needed(self._tol, at.objective)
        self.gradient = task.gradient(at.d, at.v, at.slope)
        if before is not None and self._plane.remembered and metric.P.kept:
            metric.P.learn(self._plane.last_step, self.gradient - before)
        fresh = metric.refresh(at.h, at.z, self._flat(), n_epochs)
        if metric.joint and not joint:
            self._falls.forget_decrements()
        return fresh

    def _flat(self) -> bool:
        """Tell whether H says nothing of some direction: few rows curve.

        Without a penalty, fewer than there are coefficients. With one, none at all: on
        the intercept, F is a line.
        """
        task, at = self._task, self._at
        if not task.loss.piecewise:
            return False
        if task.has_ridge:
            slope = np.abs(self.gradient[:, -1]).max()
            return task.space.n_curved(at.h) == 0 and task.space.tilted(at.d, slope)
        n_columns = np.count_nonzero(task.view.scale) + int(task.fit_intercept)
        return task.space.n_curved(at.h) <= n_columns

    def _set_newton(self) -> float:
        """Set -P^-1 g; give the estimate of F - F* that it makes."""
        gradient, falls = self.gradient, self._falls
        step = self._metric.P.solve(-gradient)
        if len(step) > 1:
            step -= step.mean(axis=0)
        self._plane.set_first(step)
        self._promised = -0.5 * float(np.vdot(gradient, step))
        if self._metric.P.certifies:
            joint = self._metric.joint
            return max(
                falls.remaining(self._promised, self._metric.P.caution, joint), 0.0
            )
        self._bound = self._gap_here()
        left = falls.gained_lately(self._bound, 3 if self._metric.P.kept else 4)
        return min(self._bound, max(self._ratio * self._promised, left, 0.0))

    def _gap_here(self) -> float:
        at = self._at
        return self._gap.bound(at.objective, self.gradient, at.h.sum(axis=1))

    # --- What is left: each gives an estimate, and whether it certifies

    def _by_decrement(self, fresh):
        """Of P^-1 g, a bare and fresh one where it is to end the descent."""
        estimate, metric = self._set_newton(), self._metric
        if not self._metric.P.certifies:
            if self._enough(self._bound) and len(self._falls) <= WINDOW:
                return self._bound, True  # the rest has not been confirmed
            return estimate, len(self._falls) > WINDOW
        good = fresh and not (metric.floored or self._metric.P.lacks_digits)
        good |= self._enough(self._at.objective)
        if not good and self._enough(estimate):
            estimate = self._anew(estimate)
        if self._enough(estimate) and self._may_flatten:
            estimate = self._beside_flattening(estimate)
        if self._enough(estimate) and self._leans():
            estimate = self._lift()
        return estimate, True

    def _leans(self) -> bool:
        """Tell whether F slopes where no row curves, which P^-1 g does not see."""
        task = self._task
        if task.has_ridge or not task.loss.piecewise:
            return False
        return not self._enough(self._metric.decrement_if_lifted(self.gradient))

    def _lift(self) -> float:
        """Have all rows count for a little in P; give what that promises."""
        at, metric = self._at, self._metric
        metric.build(at.h, at.z, True, len(self._falls))
        return self._set_newton()

    def _anew(self, estimate) -> float:
        """Give what a fresh P estimates, or of a bound that is enough what is likely.

        With every row's curvature r times that in P at least, H is r P at least; but
        seldom does the row that has lost most decide.
        """
        metric, at = self._metric, self._at
        floored = metric.floored
        unlike = metric.lifted or floored or self._metric.P.lacks_digits
        if not (unlike or self._task.loss.piecewise):
            bound = estimate / max(metric.least_ratio(at.h), 1e-300)
            if self._enough(bound):
                return min(bound, _AGED * estimate)
        cautious = self._plane.first_step, self._promised
        metric.build(at.h, at.z, self._flat(), len(self._falls), bare=True)
        estimate = self._set_newton()
        if floored and not self._enough(estimate):
            step, self._promised = cautious
            self._plane.set_first(step)
            self._falls.note(self._promised)
        return estimate

    @property
    def _may_flatten(self) -> bool:
        """Whether rows may cease to curve on the next step's way."""
        loss = self._task.loss
        if loss.quadratic or loss.piecewise or not self._task.space.keeps_rows:
            return False
        whole = loss.n_outputs == 1 or self._metric.joint
        return whole and self._plane.moves_by >= _NEAR

    def _beside_flattening(self, estimate) -> float:
        """Give an estimate from where rows cease to curve on the next steps' way."""
        metric, plane, n_epochs = self._metric, self._plane, len(self._falls)

        def factor(h, z):
            metric.build(h, z, False, n_epochs, bare=True)
            return metric.P

        at = self._at
        start = at.objective, at.v, at.z, metric.curvature
        first = plane.first_step, plane.first()[1]
        found = look_ahead(self._task, start, first, factor, self._enough)
        if found is None:
            return estimate
        estimate, step = found
        plane.set_first(step)
        return estimate

    def _promises_enough(self, estimate) -> bool:
        """Tell whether a Newton step may show that it is enough, which F does not yet.

        If F goes on falling as in the last epochs, what is left has to be little; the
        decrement alone may be a hundredth of it.
        """
        if self._enough(estimate) or not self._enough(self._ratio * self._promised):
            return False
        late = self._falls.spent >= self._no_step_before
        return late and self._falls.ends_by(self._needed)

    def _by_newton_step(self, estimate):
        """Take a Newton step for the direction, and what it tells is left."""
        hessian = SoftmaxHessian(self._task, self._at.d)
        found = newton_step(hessian, self.gradient, self._metric.P.solve, self._needed)
        step, image = found.step, found.image
        self._plane.set_first(step - step.mean(axis=0), image - image.mean(axis=0))
        total = found.decrease + min(found.rest, found.decrease)
        self._ratio = max(1.0, total / max(self._promised, 1e-300))
        self._falls.spend(found.passes)
        if found.settled:
            return total, True
        if self._enough(found.decrease):
            self._no_step_before = self._falls.spent * 5 // 4
        return max(estimate, total), False

    @property
    def _of_blocks(self) -> bool:
        """Whether P has a block a class, but the Hessian is one of all of them."""
        task = self._task
        several = task.loss.n_outputs > 1 and task.space.keeps_rows
        return several and self._metric.P.certifies and not self._metric.joint

    def _across_blocks(self, estimate):
        """Give what a Newton step tells, since blocks do not see how classes lean.

        Where it does not settle, a joint factor will, or what is known has to do.
        """
        left, settled = self._by_newton_step(self._promised)
        if self._falls.surprised(self._metric.P.caution):
            left *= SURPRISE
        if settled:
            return left, True
        # Beside a large penalty products are rounding, and a bound is next to nothing.
        bound = self._gap_here()
        if self._enough(bound):
            return min(bound, left), True
        estimate = max(estimate, left)
        return estimate, self._enough(estimate) and not self._metric.may_join

    def _beside_kinks(self, estimate, certified):
        """Look where the step leads: rows may cross kinks of l'."""
        at, certifies = self._at, self._metric.P.certifies
        start = at.objective, at.v, at.z, at.h
        trial = Trial(self._task, start, self._plane.first())
        # Of a diagonal P the step may be too long; that F falls, the epochs say.
        if trial.keeps(self._promised if certifies else -np.inf):
            if certifies:  # one step is all there is to come
                estimate = self._promised * self._metric.P.caution
            return estimate, certified
        # The curvature tells nothing; a gap does, or F.
        if self._enough(self._bound):
            return estimate, True
        if certifies and min(self._shares) >= _LONG:
            left = trial.left(self._plane.reach)
            # less than nothing: the optimum is farther
            if left > 0.0 and self._enough(left):
                return max(estimate, math.sqrt(max(estimate, 0.0) * left)), True
        if not certifies and self._falls.rests(self._needed):
            return max(estimate, RESTING * self._falls.window), True
        return estimate, False

    def _where_flat(self):
        """Give the objective, or a gap that is enough; no loss is negative."""
        task, at = self._task, self._at
        if not self._enough(self._promised):
            return at.objective, False
        gap = task.space.flat_gap(task, at, self.gradient)
        return min(gap, at.objective), self._enough(gap)
