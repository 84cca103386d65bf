"""Losses of straight and quadratic pieces on sparse rows: one dual variable a step."""

import math

import numpy as np

from skgd._core.dual import Dual
from skgd._core.order import shuffle
from skgd._report import Report
from skgd.auto._interval import Interval
from skgd.auto._task import ROUNDING

# Of what beta should be: with 1/4 to 5 times as much as this text takes 5 to 20 epochs.
_INTERCEPT_SHARE = 2.0
_ALL_ROWS_EVERY = 20  # sweeps: a row that was dropped too early waits no longer
# Sweeps at most between certificates, each of which costs one of all rows.
_CERTIFY_EVERY, _EACH_EPOCH = 5, 3  # the first few epochs have one each
_BATCH_ROWS, _BATCH_SWEEPS = 256, 3  # "mini-batch": 256 rows of text stay in cache
_LOOK_EVERY = 20  # epochs: at the rate at which the gap falls, that of the last half
_ENOUGH = 1000  # epochs in all, in which that rate must reach tol
_ENOUGH_SMOOTH = 100  # as many as the descents on smooth losses take, or fewer
# Epochs before the first look where the loss has kinks: the gap may rest for a hundred
# and fall again, and an epoch of what follows takes as long as fifty of these.
_LOOK_AFTER = 300
_LARGEST = 1e150  # |x|^2 / alpha, beyond which products overflow
# Fixed: "batch" depends on the data only. Rows in the order of X do not do: sorted by
# class they leave 6 % of the gap after 400 epochs, shuffled ones 1e-7 after 50.
_BATCH_SEED = 20


class DualAscent:
    """Epochs of dual coordinate ascent, certified by the duality gap.

    w = -X' t / alpha by definition and sum t = 0 by multiplier steps, so the gap is a
    bound of F - F*, not an estimate (Hsieh et al., "A dual coordinate descent method
    for large-scale linear SVM", ICML 2008; the free intercept is not theirs). An epoch
    visits the rows that may still move, as often as that is no more than all rows once
    (and 5 times at most), in O(non-zeros).

    Parameters
    ----------
    task : Task
        One output, a loss that `suits`, a ridge, no l1; its X is CSR.
    v : ndarray of shape (1, n_features)
        Start, in the coordinates of the task.
    b : ndarray of shape (1,)
        Start.
    tol : float or None
        As in `Task.needed`.
    mode : {"batch", "mini-batch", "stochastic"}
        "batch" shuffles the rows with a fixed seed; "mini-batch" sweeps three times
        over 256 rows before it moves on.
    seed : int
        Of the shuffles, unless `mode` is "batch".

    Attributes
    ----------
    v, b : ndarray of shape (1, n_features), (1,)
        The best model so far.
    stalled : bool
        Whether the present rate would take more than 1000 epochs to reach `tol`, or 100
        where the loss is smooth.
    holds : bool
        Whether numbers are small enough for it.
    """

    def __init__(self, task, v, b, tol, mode, seed):
        self._task, self._tol = task, tol
        view = task.view
        moves = view.scale > 0.0
        ratio = task.ridge[moves] / view.scale[moves] ** 2
        self._alpha = float(ratio.max()) if len(ratio) else 1.0
        loss = task.loss
        self._loss = Interval.of(loss)
        arrays = _without(view.design.arrays, ~moves)
        own = self._loss
        form = own.center, own.low, own.high, own.gamma, own.slack
        self._dual = Dual(arrays, len(moves), view.rows, self._alpha, *form)
        curvature = self._dual.curvature
        self.holds = curvature.max(initial=0.0) < _LARGEST
        if task.fit_intercept:
            self._dual.free_intercept(self._intercept_curvature(curvature))
        self._order = np.arange(view.n_rows, dtype=np.uint32)
        self._seed = _BATCH_SEED if mode == "batch" else seed
        self._blocks = (view.n_rows, 1)
        if mode == "mini-batch":
            self._blocks = (_BATCH_ROWS, _BATCH_SWEEPS)
        self._active = self._epoch = self._sweeps = 0
        self._unseen = 0  # sweeps since the last certificate
        self._due = 1  # sweeps from one to the next
        self._slack = self._violation = math.inf
        self.v, self.b, self.stalled = v.copy(), b.copy(), False
        self._start(v, b)

    @staticmethod
    def suits(loss) -> bool:
        """Tell whether a SampleLoss is made of straight and quadratic pieces."""
        return loss.n_outputs == 1 and loss.compiled and loss.name in Interval.names

    @property
    def t(self):
        """The dual variables of the last sweep, of shape (n_rows,)."""
        return self._dual.t

    def run_epoch(self):
        """Sweep over the rows that may still move: n of them, or to a certificate."""
        visited, n = 0, self._task.view.n_rows
        self._epoch += 1
        before = self.v
        while visited < n:
            visited += self._sweep()
            self._unseen += 1
            if self._unseen >= self._due:
                break
        if self._unseen >= self._due or not self._violation:
            self._certify()
        return self._report(progressed=self.v is not before or self._epoch == 1)

    def _sweep(self):
        """Visit the rows that may still move; give their number."""
        n = self._task.view.n_rows
        if self._active == 0 or self._sweeps % _ALL_ROWS_EVERY == 0:
            self._active, self._slack = n, math.inf
        visited = self._active
        self._seed = shuffle(self._order[:visited], self._seed)
        self._violation, self._active = self._dual.sweep(
            self._order, visited, *self._blocks, self._slack
        )
        self._slack = self._violation or math.inf
        self._sweeps += 1
        # What the rows left can gain is below a tenth of what is needed: look at all.
        needed = self._task.needed(self._tol, self._objective)
        if self._loss.most_gained(self._violation) < 0.1 * needed:
            self._active = 0
        return visited

    def _intercept_curvature(self, curvature):
        """Give beta: a few times what b changes by if sum t does.

        That is 1 / (1' M^-1 1), M being the dual's Hessian, and u'M u / (1'u)^2 at most
        for any u: for 1 / diag(M), in one pass, 1 to 20 times as much. More makes the
        rows lean on one another, less lets sum t stay. Of rows that cancel (pairs
        compared in both directions) that is zero, and no less than for rows that have
        nothing in common, 1 / (1'u), is taken.
        """
        loss, dual = self._loss, self._dual
        diagonal = curvature + loss.gamma
        moves = (loss.low < loss.high) & (diagonal > 0.0)
        u = np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=moves)
        total = u.sum()
        if not 0.0 < total < np.inf:
            return 1.0
        u /= total
        dual.t = u
        beta = self._alpha * (dual.w @ dual.w) + loss.gamma @ (u * u)
        dual.t = np.zeros_like(u)
        return _INTERCEPT_SHARE * max(float(beta), 1.0 / total)

    def _start(self, v, b):
        """Take the model given as the best one, and dual variables from it."""
        view, dual = self._task.view, self._dual
        w = (v * view.scale)[0]
        dual.b = float(b[0] - view.mean @ w)
        z = view.matvec(v)[0] + b[0]
        self._objective = self._loss.value(z) + 0.5 * self._alpha * float(w @ w)
        if v.any():
            self._set_dual(z)
        objective, gap = dual.certify()
        self._gap = gap + max(self._objective - objective, 0.0)
        self._gaps: list[float] = []  # of each epoch
        if objective < self._objective:
            self._keep(objective)

    def _set_dual(self, z):
        """Set t to c times the slopes at z, those near a kink rounded off.

        c maximises the dual, in which t enters through w too.
        """
        loss = self._loss
        t = loss.rounded_slopes(z)
        self._dual.t = t
        w = self._dual.w
        linear = t @ loss.center + loss.slack * np.abs(t).sum()
        square = self._alpha * (w @ w) + loss.gamma @ (t * t)
        self._dual.t = t * (min(1.0, max(0.0, -linear / square)) if square else 1.0)

    def _certify(self):
        """Look at the present model; keep it if it is the best one."""
        before, unseen, self._unseen = self._gap, self._unseen, 0
        objective, gap = self._dual.certify()
        rise = objective - self._objective
        self._gap = min(self._gap + min(rise, 0.0), gap - max(rise, 0.0))
        self._gap = max(self._gap, 0.0)
        if rise < 0.0:
            self._keep(objective)
        self._due = self._sweeps_left(before, unseen)

    def _sweeps_left(self, before, sweeps) -> int:
        """Give the sweeps until tol is met, at the rate since the gap was `before`.

        Beside kinks the gap falls by leaps, and no rate tells when.
        """
        if not self._loss.smooth:
            return 1 if self._epoch < _EACH_EPOCH else _CERTIFY_EVERY
        needed = self._task.needed(self._tol, self._objective)
        if not 0.0 < needed < self._gap < before:
            return _CERTIFY_EVERY
        rate = math.log(before / self._gap) / sweeps
        return max(
            1, min(_CERTIFY_EVERY, math.ceil(math.log(self._gap / needed) / rate))
        )

    def _keep(self, objective):
        view, w = self._task.view, self._dual.w
        self._objective = objective
        v = np.divide(w, view.scale, where=view.scale > 0.0, out=np.zeros_like(w))
        self.v = v[np.newaxis]
        self.b = np.array([self._dual.b + view.mean @ w])

    def _report(self, progressed):
        needed = self._task.needed(self._tol, self._objective)
        self._gaps.append(self._gap)
        due = self._loss.smooth or self._epoch >= _LOOK_AFTER
        if due and self._epoch % _LOOK_EVERY == 0 and self._gap > needed > 0.0:
            half = self._epoch // 2
            gained = math.log(self._gaps[-half] / self._gap) / half
            left = (_ENOUGH_SMOOTH if self._loss.smooth else _ENOUGH) - self._epoch
            self.stalled = math.log(self._gap / needed) > left * gained
        return Report(
            objective=self._objective,
            suboptimality=self._gap,
            gradient_norm=self._violation,
            step=math.nan,
            certified=True,  # between two looks the bound of the first one holds
            exhausted=self._gap <= ROUNDING * self._objective,
            progressed=progressed,
        )


def _without(arrays, columns):
    """Give a design's arrays with zeros in the columns of the mask."""
    values, indices, indptr = arrays
    if not columns.any():
        return arrays
    return np.where(columns[indices], values.dtype.type(0), values), indices, indptr
