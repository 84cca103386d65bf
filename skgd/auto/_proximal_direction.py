"""The step that a proximal Newton descent takes next, and what it tells is left."""

import numpy as np

from skgd.auto._curvature import LEAST_FLOOR, ModelCurvature
from skgd.auto._outlook import Hindsight
from skgd.auto._promise import Trial, gap_of_slopes
from skgd.auto._proposal import Proposal
from skgd.auto._task import ROUNDING

# Where the curvature has changed by more than that an estimate may fall short, 3.5
# times as measured with changes up to 0.6: it is enough with a margin of ten, and said
# to be three times as large. From that contraction on an epoch costs less than a fresh
# model.
_OLD, _OLD_SAID, _FALLING = 10.0, 3.0, 0.6
_MOST_CORRECTION = 3.0
_VARYING = 2.0  # how far the decrease of a model may fall short if curvature varies
_SHARED_LOOKS = 5  # a class, before the classes share a Hessian


class ProximalDirection:
    """The way to the minimum of a model with the kinks, and the decrease of that.

    Parameters
    ----------
    task : Task
        What to minimise.
    tol : float or None
        The gap sought, as `Task.needed` takes it.
    objectives : list of float
        F before each step, which the descent adds to.
    earlier : ProximalDirection or None
        Of the same task but for the penalty: its model is taken over.

    Attributes
    ----------
    proposal : Proposal or None
        The next step; None before `find`.
    estimate : float
        Of F - F*.
    certified, enough : bool
        Whether it may end the descent, and is as small as is sought.
    gradient : ndarray of shape (K, n_features or n_features + 1)
        Of F without its kinks, that in the intercepts last if there are any.
    gradient_norm : float
        Of the least subgradient in the coefficients.
    model : GramModel or WorkingSetModel
        Of the loss.
    last_step : (dv, db, dz) or None
        The one taken last.
    """

    def __init__(self, task, tol, objectives, earlier=None):
        self._task, self._tol, self._objectives = task, tol, objectives
        self._curvature = ModelCurvature(task)
        if earlier is not None:
            self._curvature.take_over(earlier._curvature)
        self.model = self._curvature.model
        self._at = self.gradient = None
        self.last_step = self.proposal = None
        self._cautious = None  # the proposal of a lifted model
        self.estimate, self.gradient_norm, self.certified = np.inf, np.inf, False
        self._bare = False  # whether the estimate is of a model that is not lifted
        self._old = False  # whether it is that of an old model, with a margin
        self._age = 1.0  # times the curvature along the step that the model has
        self._before = np.inf  # decrease promised by the step before the one proposed
        self._correction = 1.0  # of the estimate
        self._hindsight = Hindsight()
        self._looks = 0

    @property
    def enough(self) -> bool:
        """Whether the estimate is as small as is sought."""
        return self.estimate <= self._needed()

    def along(self, dv, db) -> Proposal:
        """Give another step, which the model says nothing of."""
        step = np.hstack([dv, db[:, None]])[:, : self.gradient.shape[1]]
        return self._proposal(step, np.nan)

    def learn(self, step, share, ratio) -> None:
        """Note what the last step has shown.

        Parameters
        ----------
        step : (dv, db, dz)
        share : float
            Of the one proposed, that was taken.
        ratio : float
            Of its decrease to what the model promised.
        """
        self.last_step = step
        self._correction = float(np.clip(ratio, 1.0, _MOST_CORRECTION))
        self._curvature.learn(share, ratio)

    def find(self, at) -> None:
        """Find the gradient at a position, the next step, and what it promises."""
        self._at = at
        self._looks += 1
        self._find_gradient()
        curvature, change = self._curvature, self._curvature.change(at.h)
        self._bare, self._old, self._age = False, False, 1.0
        if curvature.is_stale(change, self.last_step, at.h):
            self._renew()
            change = 0.0
        if self.proposal is not None:
            self._before = self.proposal.promised
        self._propose()
        slow = self._looks > _SHARED_LOOKS * len(at.v)
        if self.enough or (slow and not self.model.trusted):
            change = self._certify(change)
        self.certified = curvature.tolerates(change, at.h)
        self.certified &= self._bare or not curvature.lifted
        if self._task.loss.piecewise and self.enough:
            kept = self.certified and self._keeps_promise()
            self.certified = kept or self._rests()
        if self._bare and not self.certified:
            self.proposal = self._cautious
        # No loss is negative; nor is there more to say where a model overflows.
        self.estimate = min(at.objective, self._corrected())
        self.certified |= at.objective <= self._needed()

    def _needed(self) -> float:
        return self._task.needed(self._tol, self._at.objective)

    def _find_gradient(self) -> None:
        """Put the gradient together, the classes' common part gone."""
        task, at = self._task, self._at
        at.shift(self.model.shift(at.v))
        self.gradient = task.gradient(at.d, at.v, at.slope)
        g = self.gradient[:, :-1]
        self.gradient_norm = float(np.linalg.norm(task.subgradient(g, at.v)))
        if not task.fit_intercept:
            self.gradient = np.ascontiguousarray(g)

    def _certify(self, change) -> float:
        """Make sure of the estimate; give how far the curvature is from the model's."""
        self._bare = False
        grown = self.model.grow()
        if change and not grown:
            self._age = self._curvature.age_along(self.proposal.image, self._at.h)
        needed = self._needed()
        misled = self.estimate <= needed < self._age * self.estimate
        fresh = self._curvature.tolerates(change, self._at.h) and not misled
        if not fresh and not grown and self._does_while_old():
            return 0.0 if self._old else change
        if not fresh or grown:
            self._find_gradient()
            self._renew()
            self._age = 1.0
            self._propose(certify=True)
        elif not (self.proposal.fine or self._task.loss.quadratic):
            self._propose(certify=True)
        if self._curvature.lifted and self.enough:
            # What the lifted curvature promises may be far too little; the bare one's
            # step is too long to be taken, unless nothing is left to gain.
            self._cautious = self.proposal
            self._renew(LEAST_FLOOR)
            self._propose(certify=True)
            self._curvature.forget()
            self._bare = True
            if self.estimate > self._needed():
                self.proposal = self._cautious
            return 0.0
        return min(change, self._curvature.change(self._at.h))

    def _does_while_old(self) -> bool:
        """Tell whether the model does though the curvature has changed since.

        Either its estimate is so small that a fresh one would be enough, too; or it
        falls so fast that another epoch costs less than a fresh model does.
        """
        lifted, piecewise = self._curvature.lifted, self._task.loss.piecewise
        if lifted or piecewise or not self.model.trusted:
            return False
        if not self.proposal.fine:
            self._propose(certify=True)
        promised = self.proposal.promised
        falls = promised <= _FALLING * self._before
        self._old = max(_OLD, self._age) * promised <= self._needed()
        return self._old or (self.model.lasting > 1.0 and falls)

    def _keeps_promise(self) -> bool:
        """Tell whether rows cross no kink of l' on the way that is proposed."""
        at = self._at.objective, self._at.v, self._at.z, self._at.h
        step = self.proposal.dv, self.proposal.image
        return Trial(self._task, at, step).keeps(self.estimate)

    def _rests(self) -> bool:
        """Tell whether slopes are so small that it does not matter how F curves."""
        if not self._task.space.keeps_rows:
            return False
        moved = self._at.z, self.proposal.image
        left = gap_of_slopes(self._task, self._at.v, self.gradient, moved)
        if left > self._needed():
            return False
        self.estimate = max(self.estimate, left)
        return True

    def _corrected(self) -> float:
        """Give the estimate, larger where the last one was too small."""
        estimate = self.estimate
        if self._old:
            estimate *= max(_OLD_SAID, self._age)
        elif self._curvature.varying:  # half to all of the truth, then: measured
            estimate *= max(self._correction, _VARYING, self._age)
        loss = self._task.loss
        if not (loss.quadratic or loss.piecewise):
            estimate *= self._hindsight.ratio(self._looks, self._at.objective, estimate)
        if self.model.trusted:
            return estimate
        window = max(4, len(self._objectives) // 4)
        before = self._objectives[-window:][0] if self._objectives else np.inf
        return max(estimate, before - self._at.objective)

    def _renew(self, floor=None) -> None:
        unknowns = self._unknowns()
        self._curvature.renew(self._at.h, self._at.z, self.gradient, unknowns, floor)

    def _unknowns(self):
        return (
            np.hstack([self._at.v, self._at.b[:, None]])
            if self._task.fit_intercept
            else self._at.v
        )

    def _propose(self, certify=False) -> None:
        # A step that is taken need be no better than the model is, an estimate has to;
        # the first step of a squared loss is the last one.
        if self._looks == 1 and self._task.loss.quadratic:
            relative = float(np.clip(0.05 * (self._tol or 0), 1e-12, 1))
        elif certify or self._task.loss.quadratic:
            relative = self.model.fine
        else:
            relative = self.model.rough
        piecewise = self._task.loss.piecewise
        idle = 0.0 if piecewise else self.model.idle * self._needed()
        step, decrease, rest = self.model.propose(
            self.gradient,
            self._unknowns(),
            self._at.d,
            max(0.1 * ROUNDING * abs(self._at.objective), idle),
            relative,
        )
        fine = self.model.fine * decrease
        self.proposal = self._proposal(step, decrease, rest <= max(fine, idle))
        self.estimate = decrease
        if rest > fine:
            self.estimate += rest

    def _proposal(self, step, promised, fine=False) -> Proposal:
        task, d = self._task, self._at.v.shape[1]
        dv, db = step[:, :d], step[:, d] if step.shape[1] > d else np.zeros(len(step))
        kinks = task.l1 * (np.abs(self._at.v + dv) - np.abs(self._at.v))
        slope = float((self.gradient * step).sum() + kinks.sum())
        return Proposal(task.view, dv, db, slope, promised, fine)
