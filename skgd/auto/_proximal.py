"""Proximal Newton descent: l1, elastic net and positivity beside smooth losses."""

import numpy as np

from skgd._report import Report
from skgd.auto._curvature import LEAST_FLOOR, ModelCurvature
from skgd.auto._outlook import Hindsight
from skgd.auto._promise import Trial, gap_of_slopes
from skgd.auto._proposal import Proposal
from skgd.auto._trail import Trail

# Where the curvature has changed by more than that an estimate may fall short, 3.5
# times as measured with changes up to 0.6: it is enough with a margin of ten, and said
# to be three times as large. From that contraction on an epoch costs less than a fresh
# model.
_OLD, _OLD_SAID, _FALLING = 10.0, 3.0, 0.6
_ROUNDING = 4e-16  # of F: below it no decrease shows
_MOST_CORRECTION = 3.0
_VARYING = 2.0  # how far the decrease of a model may fall short if curvature varies
_SHARED_LOOKS = 5  # a class, before the classes share a Hessian
# Epochs that must gain more than is left, or there are no more moves: on digits,
# squared hinge, rows crossed kinks for 1000 epochs, where P^-1 g alone takes 20.
_PATIENCE = 30
# Columns a row in a model, and epochs and share of the coefficients that an optimum may
# have, from which on the descent is left to an interior point. 300 x 3000 may take 40 s
# else; 300 x 2000 at a strong l1, where working sets of 1.6 a row shrink again, takes
# 0.05 s. And epochs where models are whole: an interior point takes as long (measured).
_MANY_A_ROW, _LATE, _SHARE_OF_MOST = 3.0, 25, 0.5
_LATE_WHOLE = 20


class ProximalNewton:
    """Epochs of Newton steps, each to the exact minimum of a model with the kinks.

    An epoch takes the step that the last one proposed, along a line search, improves
    it on its face (the signs of the coefficients), then looks for the next step. The
    decrease of the model is the estimate of F - F*, so it speaks of the model that is
    returned.

    Parameters
    ----------
    task : Task
        What to minimise.
    v, b : ndarray of shapes (n_outputs, n_features), (n_outputs,)
        Where to start; both are updated.
    tol : float or None
        The gap sought, as `Task.needed` takes it.
    mode : str
        "batch", or one whose epochs begin with `move`.
    seed : int
        Of `move`.
    move : callable or None
        A stochastic epoch on the face of the coefficients that are not zero and keep
        their signs, as `make_move` gives it.
    earlier : ProximalNewton or None
        Of the same task but for the penalty, which ended at (v, b): its arrays and its
        model are taken over.

    References
    ----------
    Lee, J., Sun, Y., Saunders, M. (2014). Proximal Newton-type methods for minimizing
    composite functions. SIAM J. Optim. 24.
    """

    def __init__(self, task, v, b, tol, mode="batch", seed=0, move=None, earlier=None):
        self.task, self.v, self.b, self.tol = task, v.copy(), b.copy(), tol
        self.mode, self.seed, self.move = mode, seed, move
        self.curvature = ModelCurvature(task)
        self.model = self.curvature.model
        self.previous = None  # the last step and its image
        self.proposal = self.cautious = None  # the latter of a lifted model
        self.estimate = np.inf
        self.old = False  # whether it is that of an old model, with a margin
        self.age = 1.0  # times the curvature along the step that the model has
        self.before = np.inf  # decrease promised by the step before the one proposed
        self.correction = 1.0  # of the estimate
        self.hindsight = Hindsight()
        self.objectives: list[float] = []
        self.looks = 0
        self.rmatvec = None  # of d
        if earlier is None:
            self._predict()
        else:
            self._take_over(earlier)
        self.trail = Trail(task, self.v, self.b, earlier and earlier.trail)
        if self.trail.step is not None:
            self._go_ahead(*self.trail.step)

    @property
    def stalled(self) -> bool:
        """Whether an interior point, where one suits, should go on.

        The model has many more columns than an optimum has coefficients, that is rows
        at most beside l1 alone; or after many epochs nearly as many are not zero; or
        epochs are many, of a model of all columns.
        """
        if not self.v.any():
            return False
        if self.model.whole and len(self.objectives) > _LATE_WHOLE:
            return True
        rows, nonzero = self.task.view.n_rows, np.count_nonzero(self.v)
        grows = not self.model.whole and len(self.model.columns) > _MANY_A_ROW * rows
        many = nonzero > _SHARE_OF_MOST * min(rows, self.v.shape[1])
        late = len(self.objectives) > _LATE and many
        return grows or late

    def run_epoch(self) -> Report:
        """Take a step and look for the next one."""
        if self.proposal is None:
            self._look()
            # After a warm start on some of the columns, what a step leaves the others
            # may be 250 times what they promise here.
            knows = self.model.whole or not self.v.any()
            if knows and self.certified and self.estimate <= self._needed():
                return self._report(np.nan)
        if self.move is not None and self.v.any():
            if self._moves_pay():
                self._wander()
            else:
                self.move = None
        step = self._take()
        if step > 0:
            self._look()
        return self._report(step, exhausted=step == 0)

    def _moves_pay(self) -> bool:
        """Tell whether the last epochs gained more than is left."""
        if len(self.objectives) < _PATIENCE:
            return True
        return self.objectives[-_PATIENCE] - self.objective >= self.estimate

    def _wander(self) -> None:
        """Take a stochastic epoch's move, as far as F falls; look for the step anew."""
        linear, free = self.task.l1 * np.sign(self.v), self.v != 0
        dv, db = self.move(
            self.v, self.b, self.z, self.d, self.h, None, face=(linear, free)
        )
        dv = np.where((self.v + dv) * self.v < 0, -self.v, dv)
        if len(db) > 1:  # softmax does not see what all intercepts share
            db = db - db.mean()
        if not (dv.any() or db.any()):
            return
        step = np.hstack([dv, db[:, None]])[:, : self.gradient.shape[1]]
        kept = self.proposal
        self.proposal = self._proposal(step, kept.promised)
        if self.proposal.slope < 0 and self._search() > 0:
            self._look()
        else:
            self.proposal = kept

    def _take_over(self, earlier) -> None:
        task = self.task
        self.z, self.d, self.h = earlier.z, earlier.d, earlier.h
        self.rmatvec = earlier.rmatvec
        self.objective = earlier.objective - earlier.task.penalty(self.v)
        self.objective += task.penalty(self.v)
        self.curvature.take_over(earlier.curvature)

    def _go_ahead(self, dv, db) -> None:
        """Begin where the last two optima lead, if F is less there."""
        old = self.v, self.b, self.z, self.objective
        self.z = self.z + self.task.view.matvec(dv) + db[:, None]
        self.v, self.b = self.v + dv, self.b + db
        self._evaluate()
        if not self.objective < old[3]:
            self.v, self.b, self.z, _ = old
            self._evaluate()

    def _predict(self) -> None:
        """Recompute the raw predictions and all that hangs on them."""
        self.z = self.task.view.matvec(self.v) + self.b[:, None]
        self.d, self.h = self.task.space.room(self.task)
        self._evaluate()

    def _evaluate(self) -> None:
        self.objective = self.task.loss.evaluate(self.z, self.d, self.h)
        self.rmatvec = None
        self.objective += self.task.penalty(self.v)

    def _needed(self) -> float:
        return self.task.needed(self.tol, self.objective)

    def _report(self, step, exhausted=False) -> Report:
        exhausted = exhausted or self.estimate <= _ROUNDING * abs(self.objective)
        return Report(
            objective=self.objective,
            suboptimality=self.estimate,
            gradient_norm=self.gradient_norm,
            step=step,
            certified=self.certified,
            exhausted=exhausted,
        )

    def _look(self) -> None:
        """Find the gradient, the next step, and what it promises."""
        self.looks += 1
        if self.rmatvec is None:
            self.rmatvec = self.task.view.rmatvec(self.d)
        self._find_gradient()
        curvature, change = self.curvature, self.curvature.change(self.h)
        self.bare, self.old, self.age = False, False, 1.0
        if curvature.is_stale(change, self.previous, self.h):
            self._renew()
            change = 0.0
        if self.proposal is not None:
            self.before = self.proposal.promised
        self._propose()
        slow = self.looks > _SHARED_LOOKS * len(self.v)
        if self.estimate <= self._needed() or (slow and not self.model.trusted):
            change = self._certify(change)
        self.certified = curvature.tolerates(change, self.h)
        self.certified &= self.bare or not curvature.lifted
        if self.task.loss.piecewise and self.estimate <= self._needed():
            kept = self.certified and self._keeps_promise()
            self.certified = kept or self._rests()
        if self.bare and not self.certified:
            self.proposal = self.cautious
        # No loss is negative; nor is there more to say where a model overflows.
        self.estimate = min(self.objective, self._corrected())
        self.certified |= self.objective <= self._needed()

    def _find_gradient(self) -> None:
        """Put the gradient together, the classes' common part gone."""
        task = self.task
        v = self.model.shift(self.v)
        if v is not self.v:
            self.objective += task.penalty(v) - task.penalty(self.v)
            self.v = v
        g = self.rmatvec + task.ridge * v
        self.gradient_norm = float(np.linalg.norm(task.subgradient(g, v)))
        if not task.fit_intercept:
            self.gradient = g
            return
        self.gradient = np.empty((len(g), g.shape[1] + 1))
        self.gradient[:, :-1], self.gradient[:, -1] = g, self.d.sum(1)

    def _certify(self, change) -> float:
        """Make sure of the estimate; give how far the curvature is from the model's."""
        self.bare = False
        grown = self.model.grow()
        if change and not grown:
            self.age = self.curvature.age_along(self.proposal.image, self.h)
        needed = self._needed()
        misled = self.estimate <= needed < self.age * self.estimate
        fresh = self.curvature.tolerates(change, self.h) and not misled
        if not fresh and not grown and self._does_while_old():
            return 0.0 if self.old else change
        if not fresh or grown:
            self._find_gradient()
            self._renew()
            self.age = 1.0
            self._propose(certify=True)
        elif not (self.proposal.fine or self.task.loss.quadratic):
            self._propose(certify=True)
        if self.curvature.lifted and self.estimate <= self._needed():
            # What the lifted curvature promises may be far too little; the bare one's
            # step is too long to be taken, unless nothing is left to gain.
            self.cautious = self.proposal
            self._renew(LEAST_FLOOR)
            self._propose(certify=True)
            self.curvature.forget()
            self.bare = True
            if self.estimate > self._needed():
                self.proposal = self.cautious
            return 0.0
        return min(change, self.curvature.change(self.h))

    def _does_while_old(self) -> bool:
        """Tell whether the model does though the curvature has changed since.

        Either its estimate is so small that a fresh one would be enough, too; or it
        falls so fast that another epoch costs less than a fresh model does.
        """
        lifted, piecewise = self.curvature.lifted, self.task.loss.piecewise
        if lifted or piecewise or not self.model.trusted:
            return False
        if not self.proposal.fine:
            self._propose(certify=True)
        promised = self.proposal.promised
        falls = promised <= _FALLING * self.before
        self.old = max(_OLD, self.age) * promised <= self._needed()
        return self.old or (self.model.lasting > 1.0 and falls)

    def _keeps_promise(self) -> bool:
        """Tell whether rows cross no kink of l' on the way that is proposed."""
        at = self.objective, self.v, self.z, self.h
        step = self.proposal.dv, self.proposal.image
        return Trial(self.task, at, step).keeps(self.estimate)

    def _rests(self) -> bool:
        """Tell whether slopes are so small that it does not matter how F curves."""
        if not self.task.space.keeps_rows:
            return False
        moved = self.z, self.proposal.image
        left = gap_of_slopes(self.task, self.v, self.gradient, moved)
        if left > self._needed():
            return False
        self.estimate = max(self.estimate, left)
        return True

    def _corrected(self) -> float:
        """Give the estimate, larger where the last one was too small."""
        estimate = self.estimate
        if self.old:
            estimate *= max(_OLD_SAID, self.age)
        elif self.curvature.varying:  # half to all of the truth, then: measured
            estimate *= max(self.correction, _VARYING, self.age)
        loss = self.task.loss
        if not (loss.quadratic or loss.piecewise):
            estimate *= self.hindsight.ratio(self.looks, self.objective, estimate)
        if self.model.trusted:
            return estimate
        window = max(4, len(self.objectives) // 4)
        before = self.objectives[-window:][0] if self.objectives else np.inf
        return max(estimate, before - self.objective)

    def _renew(self, floor=None) -> None:
        unknowns = self._unknowns()
        self.curvature.renew(self.h, self.z, self.gradient, unknowns, floor)

    def _unknowns(self):
        return (
            np.hstack([self.v, self.b[:, None]]) if self.task.fit_intercept else self.v
        )

    def _propose(self, certify=False) -> None:
        # A step that is taken need be no better than the model is, an estimate has to;
        # the first step of a squared loss is the last one.
        if self.looks == 1 and self.task.loss.quadratic:
            relative = float(np.clip(0.05 * (self.tol or 0), 1e-12, 1))
        elif certify or self.task.loss.quadratic:
            relative = self.model.fine
        else:
            relative = self.model.rough
        piecewise = self.task.loss.piecewise
        idle = 0.0 if piecewise else self.model.idle * self._needed()
        step, decrease, rest = self.model.propose(
            self.gradient,
            self._unknowns(),
            self.d,
            max(0.1 * _ROUNDING * abs(self.objective), idle),
            relative,
        )
        fine = self.model.fine * decrease
        self.proposal = self._proposal(step, decrease, rest <= max(fine, idle))
        self.estimate = decrease
        if rest > fine:
            self.estimate += rest

    def _proposal(self, step, promised, fine=False) -> Proposal:
        task, d = self.task, self.v.shape[1]
        dv, db = step[:, :d], step[:, d] if step.shape[1] > d else np.zeros(len(step))
        kinks = task.l1 * (np.abs(self.v + dv) - np.abs(self.v))
        slope = float((self.gradient * step).sum() + kinks.sum())
        return Proposal(task.view, dv, db, slope, promised, fine)

    def _search(self) -> float:
        """Go along the proposal as far as F falls enough; give the share taken."""
        dv, db, zd = self.proposal.along()
        slope = self.proposal.slope
        before, z, v, b = self.objective, self.z, self.v, self.b
        for t in self.task.space.shares(self):
            self.z, self.v, self.b = z + t * zd, v + t * dv, b + t * db
            self._evaluate()
            if self.objective <= before + 1e-4 * t * slope:
                return t
        if self.objective <= before:
            return t
        self.z, self.v, self.b = z, v, b
        self._evaluate()
        return 0.0

    def _take(self) -> float:
        """Take the step proposed and improve it on its face; give the share taken."""
        before, z, v, b = self.objective, self.z, self.v, self.b
        t = self._search()
        if t == 0:
            return t
        ratio = (before - self.objective) / max(self.proposal.promised, 1e-300)
        self.correction = float(np.clip(ratio, 1.0, _MOST_CORRECTION))
        self.objectives.append(before)
        if not 0.9 < ratio < 1.1:
            steps = [(self.v - v, self.b - b, self.z - z)]
            if self.previous is not None:
                steps.append(self.previous)
            self.task.space.search_face(self, steps)
        self.previous = self.v - v, self.b - b, self.z - z
        self.curvature.learn(t, ratio)
        return t
