"""Smooth losses with l2 or no penalty: P^-1 g, the plane search, and nothing else."""

import math
from functools import partial

import numpy as np

from skgd._report import Report
from skgd.auto._ahead import look_ahead
from skgd.auto._falls import RESTING, SURPRISE, Falls
from skgd.auto._metric import Metric
from skgd.auto._newton import SoftmaxHessian, newton_step
from skgd.auto._outlook import WINDOW, DualityGap
from skgd.auto._plane import Plane
from skgd.auto._promise import Trial
from skgd.auto._task import ROUNDING

_AGED = 3.0  # times its estimate that F - F* may be, of a P that is not fresh
# Where the next step crosses kinks of l': what the last two have to take of P^-1 g, for
# what slopes at its end leave to tell F - F*. Where they took less, rows keep stopping
# them, and it may be a hundredth of that.
_LONG = 0.3
_LATE = 150  # epochs after which an interior point goes on where l' has kinks
# Change of raw predictions by the last step below which the next one flattens no rows.
_NEAR = 0.5
_DRIFT = 50  # epochs after which z is computed afresh
# Epochs that begin with a move, where l' has kinks: Newton's steps end as soon as they
# know which rows curve, and each move takes other rows across. On digits, squared
# hinge, 1000 epochs with moves end at 2e-9, where 200 without reach 1e-9.
_MOST_MOVES = 30
# The same elsewhere: beside a factor they bring little, and hide how far P^-1 g leads.
_MOST_BESIDE_FACTOR = 100


class SmoothDescent:
    """One epoch: a step over span{P^-1 g, the last step, a move}, exactly searched.

    Parameters
    ----------
    task : Task
        What is minimised.
    v, b : ndarray of shapes (K, n_features), (K,)
        Where to start; the model of the last epoch afterwards.
    tol : float or None
        Share of F_null - F that the estimate must reach.
    move : callable or None
        A stochastic epoch: gives (dv, db) from (v, b, z, d, h, solve).
    earlier : SmoothDescent or None
        Of the same task but for the ridge, which ended at (v, b): its arrays are taken
        over.
    goes_on : bool
        Whether (v, b) is not the user's start, but where another descent has ended.
    """

    def __init__(self, task, v, b, tol, move=None, earlier=None, goes_on=False):
        if task.loss.n_outputs > 1:  # a ridge is least without what classes share
            v = v - v.mean(axis=0)
        self.task, self.v, self.b, self.tol = task, v, b, tol
        self._move = move
        # P^-1 g, then the stochastic move if there is one, then the last step
        self._plane = Plane(task, 2 if move is None else 3)
        self._ratio = 1.0  # of a Newton step's decrease to what P promised, at the last
        self._loss, self._slope = np.nan, None  # and its gradient; none if z has moved
        self._gradient = None  # of F, at the last look
        self._bound = np.inf  # the duality gap there, if P does not certify
        if earlier is not None:
            self._take_over(earlier)
        else:
            self._d, self._h = task.space.room(task)
            self._z = self._raw_predictions()
            self._metric = Metric(task, tol)
        self._begin = (v, b, self._z.copy()) if task.followed else None
        self._gap = DualityGap(task)
        self._falls = Falls(task, warm=not goes_on and bool(v.any()))
        self._no_step_before = 0  # passes: the last Newton step led nowhere
        self._shares = 0.0, 0.0  # of P^-1 g, that the last two steps took
        self._stuck = False
        self._report = None

    def run_epoch(self) -> Report:
        """Step, and look at where that led."""
        if self._report is None:
            self._report = self._look()
            met = self._enough_at(self._report.suboptimality, self._report.objective)
            if self._stuck or (self._report.certified and met):
                return self._report
        step = self._step()
        self._report = self._look(step)
        return self._report

    @property
    def stalled(self) -> bool:
        """Whether an interior point, where one suits, should go on.

        Rows cross kinks of l' again and again, or so few curve that steps end before
        it is known what is left.
        """
        report = self._report
        if not (self.task.loss.piecewise and self._P.certifies) or report is None:
            return False
        enough = self._enough_at(report.suboptimality, report.objective)
        if report.certified and (enough or self.tol is None):
            return False
        return report.exhausted or len(self._falls) > _LATE

    def _take_over(self, earlier):
        self._z, self._d, self._h = earlier._z, earlier._d, earlier._h
        self._loss, self._slope = earlier._loss, earlier._slope
        self._metric = earlier._metric.at(self.task)
        if earlier._begin is not None:  # from one penalty to the next the way is alike
            v, b, z = earlier._begin
            self._plane.remember(earlier.v - v, earlier.b - b, earlier._z - z)

    def _raw_predictions(self):
        return self.task.view.matvec(self.v) + self.b[:, None]

    def _enough_at(self, estimate, objective):
        return estimate <= self.task.needed(self.tol, objective)

    # --- Look: objective, gradient, direction, estimate

    def _look(self, step=np.nan):
        task = self.task
        objective = self._evaluate()
        fresh = self._refresh()
        estimate = self._find_direction(objective)
        good = fresh and not (self._metric.floored or self._P.lacks_digits)
        good |= self._enough_at(objective, objective)  # no loss is negative
        if self._P.certifies and not good and self._enough_at(estimate, objective):
            estimate = self._estimate_anew(estimate, objective)
        if self._may_flatten and self._enough_at(estimate, objective):
            estimate = self._beside_flattening(estimate, objective)
        norm = math.sqrt(np.vdot(self._gradient, self._gradient))
        certified = self._P.certifies or len(self._falls) > WINDOW
        if not certified and self._enough_at(self._bound, objective):
            certified, estimate = True, self._bound  # the rest has not been confirmed
        if self._P.kept and self._promises_enough(estimate, objective):
            estimate, certified = self._certify(estimate, objective)
        elif self._of_blocks and self._enough_at(self._promised, objective):
            estimate, certified = self._certify_blocks(estimate, objective)
        if self._enough_at(estimate, objective) and task.loss.piecewise:
            estimate, certified = self._beside_kinks(estimate, certified, objective)
        if self._metric.lifted:  # what P promises says nothing; no loss is negative
            certified, estimate = False, objective
            if self._enough_at(self._promised, objective):
                gap = task.space.flat_gap(task, self._z, self._d, self._h)
                estimate = min(gap, objective)
                certified = self._enough_at(gap, objective)
        if self._enough_at(objective, objective):
            estimate = estimate if certified else objective
            certified = True
        estimate = min(estimate, objective)  # no loss is negative
        # Where rows are flat, a step for less than F can tell would follow rounding, to
        # coefficients of 1e17 that no longer give the raw predictions. Elsewhere it
        # still makes the coefficients, of which F tells but the square, more exact.
        rounding = ROUNDING * abs(objective)
        self._stuck |= self._metric.lifted and self._promised <= rounding
        return Report(objective, estimate, norm, step, certified, self._stuck)

    def _estimate_anew(self, estimate, objective):
        """Give what a fresh P estimates, or of a bound that is enough what is likely.

        With every row's curvature r times that in P at least, H is r P at least; but
        seldom does the row that has lost most decide.
        """
        metric, n_epochs = self._metric, len(self._falls)
        floored = metric.floored
        unlike = metric.lifted or floored or self._P.lacks_digits
        if not (unlike or self.task.loss.piecewise):
            bound = estimate / max(metric.least_ratio(self._h), 1e-300)
            if self._enough_at(bound, objective):
                return min(bound, _AGED * estimate)
        cautious = self._plane.first_step, self._promised
        metric.build(self._h, self._z, self._flat(), n_epochs, bare=True)
        self._P = metric.P
        estimate = self._find_direction(objective)
        if floored and not self._enough_at(estimate, objective):
            step, self._promised = cautious
            self._plane.set_first(step)
            self._falls.note(self._promised)
        return estimate

    @property
    def _may_flatten(self) -> bool:
        """Whether rows may cease to curve on the next step's way."""
        loss = self.task.loss
        if loss.quadratic or loss.piecewise or not self.task.space.keeps_rows:
            return False
        whole = loss.n_outputs == 1 or self._metric.joint
        return whole and self._P.certifies and self._plane.moves_by >= _NEAR

    def _beside_flattening(self, estimate, objective):
        """Give an estimate from where rows cease to curve on the next steps' way."""
        metric, plane, n_epochs = self._metric, self._plane, len(self._falls)

        def factor(h, z):
            metric.build(h, z, False, n_epochs, bare=True)
            return metric.P

        at = objective, self.v, self._z, metric.curvature
        first = plane.first_step, plane.first()[1]
        enough = partial(self._enough_at, objective=objective)
        found = look_ahead(self.task, at, first, factor, enough)
        if found is None:
            return estimate
        self._P = metric.P
        estimate, step = found
        plane.set_first(step)
        return estimate

    def _evaluate(self):
        """Give the objective; set the gradient, and let P learn from its change."""
        task, d = self.task, self._d
        if len(self._falls) % _DRIFT == _DRIFT - 1:
            self._z, self._slope = self._raw_predictions(), None
        if self._slope is None:
            self._loss = task.loss.evaluate(self._z, d, self._h)
            self._slope = task.view.rmatvec(d)
        objective = self._loss + task.penalty(self.v)
        self._falls.add(objective)
        g = task.gradient(d, self.v, self._slope)
        if self._gradient is not None and self._plane.remembered and self._P.kept:
            self._P.learn(self._plane.last_step, g - self._gradient)
        self._gradient = g
        self._g, self._g_intercept = g[:, :-1], g[:, -1]
        return objective

    def _refresh(self) -> bool:
        """Build P if the curvature has changed enough; tell whether it is fresh."""
        metric, joint = self._metric, self._metric.joint
        flat, n_epochs = self._flat(), len(self._falls)
        fresh = metric.refresh(self._h, self._z, flat, n_epochs)
        if metric.joint and not joint:
            self._falls.forget_decrements()
        self._P = metric.P
        return fresh

    def _flat(self):
        """Tell whether H says nothing of some direction: few rows curve.

        Without a penalty, fewer than there are coefficients. With one, none at all: on
        the intercept, F is a line.
        """
        task = self.task
        if not task.loss.piecewise:
            return False
        if task.has_ridge:
            slope = np.abs(self._g_intercept).max()
            return task.space.n_curved(self._h) == 0 and task.space.tilted(
                self._d, slope
            )
        n_columns = np.count_nonzero(task.view.scale) + int(task.fit_intercept)
        return task.space.n_curved(self._h) <= n_columns

    def _find_direction(self, objective):
        """Set the move -P^-1 g; give the estimate of F - F*."""
        step = self._P.solve(-self._gradient)
        if len(step) > 1:
            step -= step.mean(axis=0)
        self._plane.set_first(step)
        decrement = -0.5 * float(np.vdot(self._gradient, step))
        self._promised = decrement
        if self._P.certifies:
            joint = self._metric.joint
            left = self._falls.remaining(decrement, self._P.caution, joint)
            return max(left, 0.0)
        curvature = self._h.sum(axis=1)
        self._bound = self._gap.bound(objective, self._gradient, curvature)
        left = self._falls.gained_lately(self._bound, 3 if self._P.kept else 4)
        return min(self._bound, max(self._ratio * decrement, left, 0.0))

    def _beside_kinks(self, estimate, certified, objective):
        """Give an estimate and whether it counts, where rows may cross kinks of l'."""
        at = self._falls.objectives[-1], self.v, self._z, self._h
        trial, certifies = Trial(self.task, at, self._plane.first()), self._P.certifies
        # Of a diagonal P the step may be too long; that F falls, the epochs say.
        if trial.keeps(self._promised if certifies else -np.inf):
            if certifies:  # one step is all there is to come
                estimate = self._promised * self._P.caution
            return estimate, certified
        # The curvature tells nothing; a gap does, or F.
        if self._enough_at(self._bound, objective):
            return estimate, True
        if certifies and min(self._shares) >= _LONG:
            left = trial.left(self._plane.reach)
            # less than nothing: the optimum is farther
            if left > 0.0 and self._enough_at(left, objective):
                return max(estimate, math.sqrt(max(estimate, 0.0) * left)), True
        if not certifies and self._falls.rests(self.task.needed(self.tol, objective)):
            return max(estimate, RESTING * self._falls.window), True
        return estimate, False

    def _metric_of_moves(self):
        """Give P^-1 of gradients of shape (K, n_features + 1), or None."""
        if self._P.metric is None and not self.task.space.own_metric:
            return self._P.solve
        return self._P.metric

    def _promises_enough(self, estimate, objective):
        """Tell whether a Newton step may show that it is enough, which F does not yet.

        If F goes on falling as in the last epochs, what is left has to be little; the
        decrement alone may be a hundredth of it.
        """
        needed = self.task.needed(self.tol, objective)
        if estimate <= needed or self._ratio * self._promised > needed:
            return False
        late = self._falls.spent >= self._no_step_before
        return late and self._falls.ends_by(needed)

    @property
    def _of_blocks(self) -> bool:
        """Whether P has a block a class, but the Hessian is one of all of them."""
        several = self.task.loss.n_outputs > 1 and self.task.space.keeps_rows
        return several and self._P.certifies and not self._metric.joint

    def _certify_blocks(self, estimate, objective):
        """Give what a Newton step tells, since blocks do not see how classes lean.

        Where it does not settle, a joint factor will, or what is known has to do.
        """
        left, settled = self._certify(self._promised, objective)
        if self._falls.surprised(self._P.caution):
            left *= SURPRISE
        if settled:
            return left, True
        # Beside a large penalty products are rounding, and a bound is next to nothing.
        curvature = self._h.sum(axis=1)
        bound = self._gap.bound(objective, self._gradient, curvature)
        if self._enough_at(bound, objective):
            return min(bound, left), True
        estimate = max(estimate, left)
        enough = self._enough_at(estimate, objective)
        return estimate, enough and not self._metric.may_join

    def _certify(self, estimate, objective):
        """Take a Newton step for the move; give the estimate that it makes."""
        hessian = SoftmaxHessian(self.task, self._d)
        needed = self.task.needed(self.tol, objective)
        found = newton_step(hessian, self._gradient, self._P.solve, needed)
        step, image = found.step, found.image
        self._plane.set_first(step - step.mean(axis=0), image - image.mean(axis=0))
        total = found.decrease + min(found.rest, found.decrease)
        self._ratio = max(1.0, total / max(self._promised, 1e-300))
        self._falls.spend(found.passes)
        if found.settled:
            return total, True
        if found.decrease <= needed:
            self._no_step_before = self._falls.spent * 5 // 4
        return max(estimate, total), False

    # --- Step

    def _drop_move(self):
        self._move = None
        self._plane.drop_move()

    def _unsettling(self) -> bool:
        """Tell whether moves keep the curvature from settling."""
        most = _MOST_MOVES if self.task.loss.piecewise else _MOST_BESIDE_FACTOR
        return len(self._falls) > most and self._P.certifies

    def _step(self):
        """Minimise F over the plane of the moves; give what was taken of P^-1 g."""
        plane = self._plane
        if self._move is not None and self._unsettling():
            self._drop_move()
        if self._move is not None:
            at = self.v, self.b, self._z, self._d, self._h
            plane.set_move(*self._move(*at, self._metric_of_moves()))
        share, objective, step = plane.minimise(self.v, self._z)
        if self._move is not None and not objective < self._falls.objectives[-1]:
            # Of rows that hardly curve a move may be so long that beside it nothing is
            # left of the other directions.
            self._drop_move()
            share, objective, step = plane.minimise(self.v, self._z)
        self._shares = self._shares[1], share
        self._metric.learn(plane.taken)
        self._stuck = not objective < self._falls.objectives[-1]
        if step is None:
            return share
        move, shift, image = step
        self._z += image
        self._slope = None
        self.v = self.v + move
        self.b = self.b + shift
        return share
