"""Coordinate descent beside l1 and positivity: one column of a sparse X a step."""

import math

import numpy as np

from skgd._core.coordinate import sweep_columns
from skgd._core.order import shuffle
from skgd._report import Report
from skgd.auto._extrapolation import Extrapolation
from skgd.auto._interval import Interval
from skgd.auto._outlook import DualityGap, likely_gap
from skgd.auto._trail import Trail

# Columns; and those that may move at the start: fewer have a Gram matrix soon, with
# which a model costs less than 20 epochs, and groups that add up to one (categories)
# hundreds. From a neighbour's optimum 20 are enough for those, too, and 3 to 8 beside a
# ridge. Where l' ends, most rows curve nowhere, and Newton's models change with each
# step: on insteval, huber, l1, 600 to 1800 columns, columns take a tenth of their time.
_MANY, _MANY_ON_A_PATH, _FEW = 2000, 1200, 500
# Of the rows: a column that has that many non-zeros is centred, which fills it up. A
# mean that is large beside the standard deviation ties it to the intercept.
_FULL = 0.25
_ALL_COLUMNS_EVERY = 20  # sweeps: a column that was dropped too early waits no longer
_MOST_SWEEPS = 5  # an epoch
_MARGIN = 0.3  # of the largest slope that is left: zeros that far inside are dropped
_IDLE = 1e-2  # of the gap sought: who starts so near may be there, as a model can tell
_ROUNDING = 1e-15  # of F: below it no decrease shows
# The rate of the gains is that of the last third of the epochs to the third before; 20
# must be seen. If they go on like that, with a margin of ten, less may be left than
# slopes tell, but no less than that share.
_FEWEST, _LEAST_RATIO, _MOST_RATIO = 20, 0.5, 0.99
_MARGIN_OF_RATE, _SHARE = 10.0, 0.3
# A look at what is left takes two more products with X: epochs from one look to the
# next grow by that.
_LOOKS = 1.2
# From the first number of epochs on, the second must be enough in all, at that rate.
# On standardised text, squared hinge, 90 of them take 0.4 s to 1e-2. Steps to minima of
# quadratic models took 78 s: rows that are flat at present have no part in those. For a
# squared error one model is all, and dearer yet: of 38 fits 3 took up to 1.6 times as
# long, the others 0.04 to 1 of the time.
_BEFORE_NEWTON = 300, 1000
# The same where steps on slopes may go on. Beside a ridge these take 0.3 to 1 s on text
# and one-hot rows, without one up to 20.
_BEFORE_SLOPES, _BEFORE_SLOPES_BESIDE_RIDGE = (100, 500), (40, 80)


class ColumnDescent:
    """Epochs of Newton steps of single coefficients, each along a line search.

    Log links have Newton's models: exp(z) is nowhere flat, and takes few steps.

    An epoch visits the columns that may still move, as often as that is no more than
    all non-zeros once (and 5 times at most), in O(non-zeros) time. Where five epochs
    lead is tried, for a product with X. The estimate of F - F* is `likely_gap`, or the
    duality gap if there is one and it is less; or what later epochs would gain if they
    went on like the last ones, but no less than 0.3 of that.

    Parameters
    ----------
    task : Task
        One output, a compiled loss with a derivative, a sparse view.
    v, b : ndarray of shapes (1, n_features), (1,)
        Where to start; both are updated.
    tol : float or None
        The gap sought, as `Task.needed` takes it.
    mode, seed : str, int
        Columns are visited in their order in mode "batch", else in one drawn with this
        seed.
    before_slopes : bool
        Whether PrimalDual is what would go on, not ProximalNewton.
    earlier : ColumnDescent or None
        Of the same task but for the penalty, which ended at (v, b).

    Attributes
    ----------
    stalled : bool
        Whether something else should go on: at the present rate `tol` is too many
        epochs away, or the start is so near that it may be met.

    References
    ----------
    Yuan, G.-X., Chang, K.-W., Hsieh, C.-J., Lin, C.-J. (2010). A comparison of
    optimization methods and software for large-scale L1-regularized linear
    classification. JMLR 11.
    """

    def __init__(self, task, v, b, tol, mode, seed, before_slopes=False, earlier=None):
        self.task, self.v, self.b, self.tol = task, v.copy(), b.copy(), tol
        slopes = _BEFORE_SLOPES_BESIDE_RIDGE if task.has_ridge else _BEFORE_SLOPES
        self._look_after, self._most = slopes if before_slopes else _BEFORE_NEWTON
        self._order = np.arange(task.view.n_features, dtype=np.uint32)
        if mode != "batch":
            shuffle(self._order, seed)
        self._ahead = Extrapolation()
        self._bounded = np.full(task.view.n_features, task.positive, dtype=np.uint8)
        self._n_active = self._sweeps = 0
        self._slack = math.inf
        self._z = task.view.matvec(v) + b[:, None]
        d, h = task.space.room(task)
        self._objective = task.loss.evaluate(self._z, d, h) + task.penalty(v)
        self.trail = Trail(task, v, b, earlier and earlier.trail)
        g = task.view.rmatvec(d) + task.ridge * v
        self._n_moving = np.count_nonzero((v != 0) | (task.subgradient(g, v) != 0))
        self._gains: list[float] = []  # of each epoch
        self._gap, self._next_look, self._likely = DualityGap(task), 1, math.inf
        self.stalled = False
        if self.trail.step is not None:
            self._go_ahead(*self.trail.step)

    def _go_ahead(self, dv, db) -> None:
        """Go on from somewhere else, if F is less there."""
        v, b = self.v + dv, self.b + db
        z = self._z + self.task.view.matvec(dv) + db[:, None]
        objective = self.task.loss.evaluate(z) + self.task.penalty(v)
        if objective < self._objective:
            self.v, self.b, self._z, self._objective = v, b, z, objective

    @staticmethod
    def suits(task) -> bool:
        """Tell whether a task's columns can be visited one by one."""
        view, loss = task.view, task.loss
        if not (task.space.keeps_rows and view.sparse and view.n_features > _MANY):
            return False
        return loss.compiled and not (loss.kinked or loss.log_link)

    @property
    def pays(self) -> bool:
        """Whether so many coefficients may move that a model of F is no better."""
        loss, on_a_path = self.task.loss, self.task.followed
        few = on_a_path and self._gap.bounds
        if few or (loss.piecewise and Interval.of(loss).bounded):
            return self._n_moving > _FEW
        return self._n_moving > (_MANY_ON_A_PATH if on_a_path else _MANY)

    def run_epoch(self) -> Report:
        """Visit the columns that may still move."""
        if not self._gains:
            *self._matrix, full = self.task.view.by_column(_FULL)
            self._lengths = np.diff(self._matrix[2])
            self._offset = np.where(full, 0.0, self.task.view.mean)
            self._offset *= self.task.view.scale
        x = np.append(self.v[0], self.b[0] - self._offset @ self.v[0])
        visited, gain = 0, 0.0
        for _ in range(_MOST_SWEEPS):
            visited += self._visit()
            gained, violation = self._sweep(x)
            gain += gained
            if visited + self._visit() > self._lengths.sum():
                break
        self.v[0], self.b[0] = x[:-1], x[-1] + self._offset @ x[:-1]
        before = self._objective
        self._look()
        gain = max(gain, before - self._objective, 0.0)
        self._gains.append(gain + self._extrapolate())
        return self._report(violation)

    def _extrapolate(self) -> float:
        """Go where the last epochs lead, if that pays; give what it gains."""
        ahead = self._ahead.propose(np.append(self.v, self.b))
        if ahead is None:
            return 0.0
        v = np.maximum(ahead[:-1], 0.0) if self.task.positive else ahead[:-1]
        v = np.where(self.v == 0.0, 0.0, v)  # whose columns are left out, maybe
        before = self._objective
        self._go_ahead(v - self.v, ahead[-1:] - self.b)
        return before - self._objective

    def _look(self) -> None:
        """Evaluate F; estimate F - F*, if it is time for that."""
        task, count = self.task, len(self._gains) + 1
        if count < self._next_look:
            self._objective = task.loss.evaluate(self._z) + task.penalty(self.v)
            return
        self._next_look = math.ceil(_LOOKS * count)
        d, h = task.space.room(task)
        self._objective = task.loss.evaluate(self._z, d, h) + task.penalty(self.v)
        g = task.view.rmatvec(d) + task.ridge * self.v
        slope = d.sum(axis=1) if task.fit_intercept else np.zeros(1)
        g = np.append(task.subgradient(g, self.v), slope)
        curvature = task.view.rmatvec_squared(h[0]) + task.ridge
        settled = np.append(self.v, 0.0)  # the intercept is, or its step says how far
        likely = likely_gap(settled, g, np.append(curvature, h.sum()))
        bound = self._gap.bound(self._objective, g[None], h.sum(axis=1))
        self._likely = min(likely, bound)

    def _visit(self) -> int:
        """Give the non-zeros that the next sweep visits."""
        return int(self._lengths[self._order[: self._n_active]].sum())

    def _sweep(self, x):
        task = self.task
        if self._n_active == 0 or self._sweeps % _ALL_COLUMNS_EVERY == 0:
            self._n_active, self._slack = len(self._order), math.inf
        gain, violation, self._n_active = sweep_columns(
            self._matrix,
            task.view.scale,
            task.loss,
            task.ridge,
            task.l1,
            self._bounded,
            task.fit_intercept,
            x,
            self._z[0],
            self._order,
            self._n_active,
            self._slack,
        )
        self._slack = _MARGIN * violation
        self._sweeps += 1
        return gain, violation

    def _report(self, violation) -> Report:
        needed = self.task.needed(self.tol, self._objective)
        estimate = max(min(self._left(), self._likely), _SHARE * self._likely)
        estimate = min(estimate, self._objective)  # no loss is negative
        settled = self._gains[-1] <= _ROUNDING * self._objective
        certified = estimate <= needed
        self.stalled = not certified and (settled or self._is_too_far(estimate, needed))
        return Report(
            objective=self._objective,
            suboptimality=estimate,
            gradient_norm=violation,
            step=math.nan,
            certified=certified,
            exhausted=False,
        )

    def _windows(self):
        """Give the gains of the last third, and of the third before."""
        part = len(self._gains) // 3 + 1
        return sum(self._gains[-part:]), sum(self._gains[-2 * part : -part]), part

    def _ratio(self):
        last, before, _ = self._windows()
        ratio = last / before if before > 0.0 else 0.0
        return min(max(ratio, _LEAST_RATIO), _MOST_RATIO)

    def _left(self) -> float:
        """Give what later epochs would gain, with a margin; infinite if unknown."""
        if len(self._gains) < _FEWEST:
            return math.inf
        ratio = self._ratio()
        return _MARGIN_OF_RATE * self._windows()[0] * ratio / (1.0 - ratio)

    def _is_too_far(self, estimate, needed) -> bool:
        count = len(self._gains)
        if count == 1 and self._gains[0] <= _IDLE * needed:
            return True
        if count < _FEWEST:
            return False
        if not needed:
            return True
        if count < self._look_after:
            return False
        epochs = (
            self._windows()[2] * math.log(estimate / needed) / -math.log(self._ratio())
        )
        return count + epochs > self._most
