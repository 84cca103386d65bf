"""Proximal Newton descent: l1, elastic net and positivity beside smooth losses."""

import numpy as np

from skgd._report import Report
from skgd.auto._position import Position
from skgd.auto._proximal_direction import ProximalDirection
from skgd.auto._task import ROUNDING
from skgd.auto._trail import Trail

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
        Where to start; the model of the last epoch afterwards.
    tol : float or None
        The gap sought, as `Task.needed` takes it.
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

    def __init__(self, task, v, b, tol, move=None, earlier=None):
        self.task, self.tol = task, tol
        self.move = move
        self.objectives: list[float] = []  # before each step
        before = None if earlier is None else earlier.direction
        self.direction = ProximalDirection(task, tol, self.objectives, before)
        self.at = Position(task, v.copy(), b.copy(), earlier and earlier.at)
        self.trail = Trail(task, self.v, self.b, earlier and earlier.trail)
        if self.trail.step is not None:
            self._go_ahead(*self.trail.step)

    @property
    def v(self):
        """The coefficients."""
        return self.at.v

    @property
    def b(self):
        """The intercepts."""
        return self.at.b

    @property
    def stalled(self) -> bool:
        """Whether an interior point, where one suits, should go on.

        The model has many more columns than an optimum has coefficients, that is rows
        at most beside l1 alone; or after many epochs nearly as many are not zero; or
        epochs are many, of a model of all columns.
        """
        model = self.direction.model
        if not self.v.any():
            return False
        if model.whole and len(self.objectives) > _LATE_WHOLE:
            return True
        rows, nonzero = self.task.view.n_rows, np.count_nonzero(self.v)
        grows = not model.whole and len(model.columns) > _MANY_A_ROW * rows
        many = nonzero > _SHARE_OF_MOST * min(rows, self.v.shape[1])
        late = len(self.objectives) > _LATE and many
        return grows or late

    def run_epoch(self) -> Report:
        """Take a step and look for the next one."""
        direction = self.direction
        if direction.proposal is None:
            direction.find(self.at)
            # After a warm start on some of the columns, what a step leaves the others
            # may be 250 times what they promise here.
            knows = direction.model.whole or not self.v.any()
            if knows and direction.certified and direction.enough:
                return self._report(np.nan)
        if self.move is not None and self.v.any():
            if self._moves_pay():
                self._wander()
            else:
                self.move = None
        step = self._take()
        if step > 0:
            direction.find(self.at)
        return self._report(step, exhausted=step == 0)

    def _moves_pay(self) -> bool:
        """Tell whether the last epochs gained more than is left."""
        if len(self.objectives) < _PATIENCE:
            return True
        gained = self.objectives[-_PATIENCE] - self.at.objective
        return gained >= self.direction.estimate

    def _wander(self) -> None:
        """Take a stochastic epoch's move, as far as F falls; look for the step anew."""
        at, direction = self.at, self.direction
        linear, free = self.task.l1 * np.sign(at.v), at.v != 0
        dv, db = self.move(at.v, at.b, at.z, at.d, at.h, None, face=(linear, free))
        dv = np.where((at.v + dv) * at.v < 0, -at.v, dv)
        if len(db) > 1:  # softmax does not see what all intercepts share
            db = db - db.mean()
        if not (dv.any() or db.any()):
            return
        proposal = direction.along(dv, db)
        if proposal.slope < 0 and self._search(proposal) > 0:
            direction.find(at)

    def _go_ahead(self, dv, db) -> None:
        """Begin where the last two optima lead, if F is less there."""
        at, before, start = self.at, self.at.objective, self.at.place
        z = at.z + self.task.view.matvec(dv) + db[:, None]
        at.go(at.v + dv, at.b + db, z)
        if not at.objective < before:
            at.go(*start)

    def _report(self, step, exhausted=False) -> Report:
        objective, estimate = self.at.objective, self.direction.estimate
        return Report(
            objective=objective,
            suboptimality=estimate,
            gradient_norm=self.direction.gradient_norm,
            step=step,
            certified=self.direction.certified,
            exhausted=exhausted or estimate <= ROUNDING * abs(objective),
        )

    def _search(self, proposal) -> float:
        """Go along a proposal as far as F falls enough; give the share taken."""
        at, before, (v, b, z) = self.at, self.at.objective, self.at.place
        dv, db, dz = proposal.along()
        for t in self.task.space.shares(at, proposal):
            at.go(v + t * dv, b + t * db, z + t * dz)
            if at.objective <= before + 1e-4 * t * proposal.slope:
                return t
        if at.objective <= before:
            return t
        at.go(v, b, z)
        return 0.0

    def _take(self) -> float:
        """Take the step proposed and improve it on its face; give the share taken."""
        at, before, (v, b, z) = self.at, self.at.objective, self.at.place
        direction = self.direction
        t = self._search(direction.proposal)
        if t == 0:
            return t
        ratio = (before - at.objective) / max(direction.proposal.promised, 1e-300)
        self.objectives.append(before)
        if not 0.9 < ratio < 1.1:
            steps = [(at.v - v, at.b - b, at.z - z)]
            if direction.last_step is not None:
                steps.append(direction.last_step)
            self.task.space.search_face(at, steps)
        direction.learn((at.v - v, at.b - b, at.z - z), t, ratio)
        return t
