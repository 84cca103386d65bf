"""Losses of pieces on sparse X: steps on coefficients and on slopes in turn."""

import math
from contextlib import suppress

import numpy as np
from scipy.linalg import LinAlgError

from skgd._report import Report
from skgd.auto._dual_bound import balanced, bound_below
from skgd.auto._likely_columns import cost, likely, solve_over
from skgd.auto._settle import on_rows
from skgd.auto._task import ROUNDING

_FEWEST, _MOST = 10, 100  # steps an epoch: as many as there have been, but for these
# Of the distance that the first step goes, from which on steps start anew from where
# they have come to: at once; as soon as it has grown again. And the share of all steps
# after which they do in any case. Lu and Yang have 0.2, 0.8 and 0.36: on text and
# one-hot rows that takes up to twice as many steps.
_CLOSE, _CLOSER, _LONG = 0.4, 0.8, 0.2
# Of a column's mean square, the square of its mean. A column that has more is centred,
# which fills it up: it would tie the intercept to its coefficient.
_MEAN = 0.25
# Columns that may be likely to move for an interior point to take over; how many times
# dearer it counts after each time that did not end the descent; and of the gap before,
# what may be left for steps to start anew there.
_MOST_COLUMNS, _DEARER, _NEARER = 4500, 4.0, 0.5
_NOTHING = 1e-13  # of F: as far as sums over many rows are from zero


class PrimalDual:
    """Restarted steps towards the saddle point of a loss of pieces and a penalty.

    F is the most over t, lo <= t <= hi, of t'(A v + b - c) - e |t| - G(t) + penalty(v),
    G(t) being sum_i gamma_i t_i^2 / 2 of losses with quadratic pieces, else 0. A step
    moves v and b against the gradient A't, and to zero as the penalty has it; then t
    along A v + b - c; rows and columns each have a rate of their own. What steps lead
    to is averaged with their start, and they start anew where they have come closer.
    That takes two products with X a step, and t gives a bound of F*: the estimate of
    F - F* is no less than the truth. Once the steps have cost what an interior point on
    the columns that are likely to move would, that is tried.

    Parameters
    ----------
    task : Task
        Of one output, its loss one of Interval's; it `suits`.
    v, b : ndarray of shapes (1, n_features), (1,)
        The model to start from.
    tol : float or None
        Of the objective's relative gap.
    t : ndarray of shape (n_rows,), optional
        Slopes of the loss to start from, of all rows that have weight; by default zero,
        or of losses without kinks those at (v, b).
    balance : float, optional
        To start from.

    Attributes
    ----------
    v, b : ndarray of shapes (1, n_features), (1,)
        The best model so far.
    t : ndarray of shape (n_rows,)
        The slopes that were seen last.
    balance : float
        How long steps on t are beside those on v and b, the primal weight of the
        papers, z in units of its distance from the kinks. At a restart it goes half of
        the way to what the distances tell.

    References
    ----------
    Chambolle, A., Pock, T. (2011). A first-order primal-dual algorithm for convex
    problems with applications to imaging. J. Math. Imaging Vis. 40.
    Pock, T., Chambolle, A. (2011). Diagonal preconditioning for first order primal-dual
    algorithms in convex optimization. ICCV. Lemma 2, alpha = 0.
    Lu, H., Yang, J. (2024). Restarted Halpern PDHG for linear programming.
    arXiv:2407.16144. Algorithm 2.
    """

    def __init__(self, task, v, b, tol, t=None, balance=None):
        self.task, self.tol = on_rows(task), tol
        self.interval = self.task.loss.interval
        if self.interval.smooth:
            self.interval = self.interval.with_bounds(task.null_objective)
        self.v, self.b = v.copy(), b.copy()
        self._set_steps()
        w = np.append(v[0], b[0] - self._offset @ v[0])
        z = self._predict(w)
        self.objective = self.interval.value(z) + self.task.penalty(v)
        self.lower = 0.0  # no loss is negative
        constant = np.full(len(z), task.constant[0])
        self._width = float(self.interval.distance(constant).mean()) or 1.0
        self.balance = self._first_balance() if balance is None else balance
        self._n_steps, self._dearer = 0, 1.0
        if t is None and self.interval.smooth:
            t = self.interval.derivative(z)
        if t is not None:
            self._raise_bound(t)
        self._begin(w, np.zeros(len(z)) if t is None else t)

    @staticmethod
    def suits(task) -> bool:
        """Tell whether X is sparse and all coefficients that move have a penalty."""
        moves = task.view.scale > 0.0
        return task.view.sparse and bool((task.ridge + task.l1)[moves].all())

    @property
    def t(self):
        """Slopes of the loss, of the rows that have weight."""
        return self._image[1]

    def _set_steps(self):
        """Set the steps of columns and rows, such that no product is longer than both.

        sum_i s_i a_ij^2 of a column, and how many columns a row has, s being how far t
        may go, and a_ij that of centred columns where their mean is large: the others
        leave it to the intercept.
        """
        view = self.task.view
        reach = self._reach = self._find_reach()
        squares, total = view.rmatvec_squared(reach), reach.sum()
        offset = view.mean * view.scale
        full = total * offset**2 * (1.0 - _MEAN) > _MEAN * squares
        self._offset = np.where(full, 0.0, offset)
        squares += total * self._offset**2
        self._step = np.zeros(len(squares) + 1)
        np.divide(1.0, squares, out=self._step[:-1], where=squares > 0.0)
        self._step[-1] = self.task.fit_intercept / total
        lengths = np.diff(view.X.indptr)[view.rows]
        self._dual_step = reach / (lengths + np.count_nonzero(full) + 1.0)
        self._ridge = np.append(self.task.ridge, 0.0)
        self._l1 = np.append(self.task.l1, 0.0)

    def _find_reach(self):
        """Give how far each t may go, if those below zero are to balance the others."""
        below, above = -self.interval.low, self.interval.high
        sums = below.sum(), above.sum()
        if self.task.fit_intercept and min(sums) > 0.0:
            below, above = (
                side * (min(sums) / whole)
                for side, whole in zip((below, above), sums, strict=True)
            )
        return np.maximum(below, above)

    def _first_balance(self):
        """Give how large t is beside v, if rows are at the ends of their slopes."""
        _, dual = self._lengths(np.zeros_like(self._step), self._reach)
        return math.sqrt(dual / self._reach.sum())

    def run_epoch(self) -> Report:
        """Take some steps; look at the model and the bound that they have led to."""
        steps = min(max(self._n_steps, _FEWEST), _MOST)
        self._n_steps += steps
        with np.errstate(all="ignore"):
            for _ in range(steps):
                self._advance()
            size = self._size()
            self._keep_best()
            anew = self._may_leave_out_columns() and self._leave_out_columns()
            if not anew and self._is_due(size):
                self._restart()
            elif not anew:
                self._last = size
        gap = self.objective - self.lower
        rounding = _NOTHING * abs(self.objective)
        if max(gap, self.task.null_objective - self.objective) <= rounding:
            gap = 0.0  # the constant model is the optimum
        needed = self._needed()
        exhausted = gap <= ROUNDING * abs(self.objective) or not math.isfinite(size)
        step = 1.0 / self.balance
        return Report(
            self.objective, max(gap, 0.0), size, step, gap <= needed, exhausted
        )

    def _needed(self) -> float:
        return self.task.needed(self.tol, self.objective)

    def _begin(self, w, t):
        """Start anew from a point."""
        self._start = self._point = w, t
        self._image = self._map(w, t)
        self._count, self._first = 0, self._size()
        self._last = self._first

    def _map(self, w, t):
        """Step on w, then on t."""
        step = self._step * (self._width / self.balance)
        x = w - step * self._pull(t)
        shrunk = np.maximum(np.abs(x) - step * self._l1, 0.0)
        x = np.copysign(shrunk, x) / (1.0 + step * self._ridge)
        if self.task.positive:
            np.maximum(x[:-1], 0.0, out=x[:-1])
        z = self._predict(2.0 * x - w)
        rate = self.balance / self._width * self._dual_step / self.interval.weight
        return x, self.interval.slopes(z, t, rate)[0]

    def _advance(self):
        """Go as far beyond the image, and back by a share that falls: then map that."""
        self._count += 1
        back = 1.0 / (self._count + 1.0)
        self._point = tuple(
            (1.0 - back) * (2.0 * image - point) + back * start
            for image, point, start in zip(
                self._image, self._point, self._start, strict=True
            )
        )
        self._image = self._map(*self._point)

    def _predict(self, w):
        v = w[:-1]
        return self.task.view.matvec(v[None])[0] + (self._offset @ v + w[-1])

    def _pull(self, t):
        total = t.sum()
        return np.append(
            self.task.view.rmatvec(t[None])[0] + self._offset * total, total
        )

    def _lengths(self, dw, dt):
        """Give the squares of two changes, in units of their steps and the width."""
        primal, dual = np.zeros_like(dw), np.zeros_like(dt)
        np.divide((dw / self._width) ** 2, self._step, primal, where=self._step > 0.0)
        np.divide(dt**2, self._dual_step, dual, where=self._dual_step > 0.0)
        return float(primal.sum()), float(dual.sum())

    def _size(self):
        """Give how far the last step goes, in the metric in which none goes farther."""
        dw, dt = (a - b for a, b in zip(self._image, self._point, strict=True))
        primal, dual = self._lengths(dw, dt)
        product = float(self._predict(dw / self._width) @ dt)
        size = self.balance * primal + dual / self.balance - 2.0 * product
        return math.sqrt(max(size, 0.0))

    def _is_due(self, size):
        """Tell whether to start anew."""
        grows = size <= _CLOSER * self._first and size > self._last
        long = self._count >= _LONG * self._n_steps
        return size <= _CLOSE * self._first or grows or long

    def _restart(self):
        moved = (a - b for a, b in zip(self._image, self._start, strict=True))
        primal, dual = self._lengths(*moved)
        if primal > 0.0 and dual > 0.0:
            self.balance = math.sqrt(self.balance * math.sqrt(dual / primal))
        self._begin(*self._image)

    def _keep_best(self):
        x, t = self._image
        self._consider(x[None, :-1], x[-1:] + self._offset @ x[:-1])
        self._raise_bound(t)

    def _consider(self, v, b):
        z = self.task.view.matvec(v)[0] + b[0]
        objective = self.interval.value(z) + self.task.penalty(v)
        if objective < self.objective:
            self.objective, self.v, self.b = objective, v.copy(), b

    def _may_leave_out_columns(self) -> bool:
        """Tell whether the steps have taken as long as an interior point would."""
        if not self.tol or self.objective - self.lower <= self._needed():
            return False
        g = self.task.view.rmatvec(self.t[None])[0]
        self._columns = likely(self.task, self.v, g)
        few = 0 < len(self._columns) <= _MOST_COLUMNS
        return few and self._spent() > self._dearer * cost(self.task, self._columns)

    def _spent(self) -> float:
        """Give what steps have taken: two products, and sums over rows and columns."""
        view = self.task.view
        sums = 12.0 * view.n_rows + 6.0 * view.n_features
        return self._n_steps * (2.0 * view.X.nnz + sums)

    def _leave_out_columns(self) -> bool:
        """Take the optimum over the columns that are likely to move, if that is one.

        Tells whether steps start anew, from there.
        """
        self._dearer *= _DEARER
        before = self.objective - self.lower
        with suppress(LinAlgError):
            found = solve_over(self.task, self._columns, self.tol, self._ends)
            if self.objective - self.lower <= _NEARER * before:
                w = np.append(found.v[0], found.b[0] - self._offset @ found.v[0])
                self._begin(w, self._within(found.t))
                return True
        return False

    def _ends(self, found) -> bool:
        """Take a model and its slopes; tell whether that is enough."""
        self._consider(found.v, found.b)
        self._raise_bound(self._within(found.t))
        return self.objective - self.lower <= self._needed()

    def _within(self, t):
        return np.clip(t, self.interval.low, self.interval.high)

    def _raise_bound(self, t):
        if self.task.fit_intercept:
            t = balanced(t, self.interval)
        g = self.task.view.rmatvec(t[None])[0]
        bound = bound_below(self.task, self.interval, t, g)
        self.lower = max(self.lower, bound)
