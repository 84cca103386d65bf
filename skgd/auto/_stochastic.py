"""The moves of stochastic and mini-batch epochs, which end in a plane search.

A move starts from a snapshot (v, b), where all derivatives are known, and reads rows in
random order with variance reduction. Whoever calls searches the plane of the move, the
preconditioned gradient and the previous step, so a bad move costs time, never the
optimum.
"""

import numpy as np

from skgd._core.order import shuffle
from skgd._core.stochastic import RowDerivatives, Stochastic

_BATCH_DIAGONAL, _BATCH_CHOLESKY = 256, 1024  # rows a step
_SHARE_OF_EPOCH = 4  # of the rows a mini-batch move reads one in 4: more gains nothing
_POWER_STEPS, _PROBES = 6, 4
# Of the curvature's bound: where all rows of a column are flat, steps along it stay
# bounded.
_LEAST_CURVATURE = 1e-3
_CHANGED = 0.3  # of the curvature: the metric is made anew


def make_move(task, mode, seed):
    """Give the callable move(v, b, z, d, h, solve, face=None).

    Parameters
    ----------
    task : Task
    mode : {"mini-batch", "stochastic"}
    seed : int

    Notes
    -----
    The callable gives (dv, db) of shapes (K, n_features), (K,); zeros where arithmetic
    overflowed, after which its steps are a quarter as long.

    v, b : the snapshot. z, d, h : raw predictions, weighted first and second
    derivatives there, of shape (K, n_rows). solve : P^-1 for gradients of shape
    (K, n_features + 1), used by "mini-batch", or None for the diagonal of the Hessian,
    which "stochastic" always takes. face : (linear, free), a gradient to add and a mask
    of the coefficients that may move, both of shape (K, n_features).
    """
    return {"mini-batch": MiniBatchMove, "stochastic": StochasticMove}[mode](task, seed)


class _Metric:
    """The diagonal of the Hessian, until the curvature changes."""

    def __init__(self, task, view):
        self._task, self._view, self._h = task, view, None

    def stale(self, h):
        """Whether the curvature has changed since `renew`."""
        if self._h is None:
            return True
        change = np.abs(h - self._h).sum()
        return change > _CHANGED * np.maximum(h, self._h).sum()

    def renew(self, h, curvature):
        """Make the diagonal, one for all outputs: (n_features,) and the intercept's."""
        self._h = h.copy()
        floor = _LEAST_CURVATURE * curvature * self._task.loss.weight
        mean = np.maximum(h.mean(axis=0), floor)
        diagonal = self._view.rmatvec_squared(mean) + self._task.ridge
        self.diagonal = np.where(diagonal > 0.0, diagonal, 1.0)
        self.intercept = mean.sum()


class _Gradient:
    """The gradient at a snapshot, and the columns that may move.

    `given` : the gradient, where the task has but a part of the rows.
    """

    def __init__(self, task, v, d, face, given=None):
        linear, free = (0.0, None) if face is None else face
        self.free = np.broadcast_to(task.view.scale > 0.0, v.shape)
        if free is not None:
            self.free = self.free & free
        if given is not None:
            self.value = given * np.column_stack([self.free, np.ones(len(d))])
            return
        g = task.view.rmatvec(d) + task.ridge * v + linear
        self.value = np.empty((len(d), task.view.n_features + 1))
        self.value[:, :-1] = np.where(self.free, g, 0.0)
        self.value[:, -1] = d.sum(axis=1) if task.fit_intercept else 0.0


def _curvature(loss, h):
    """Give a bound of the rows' l'', a number or of shape (n_rows,).

    Without one, of a log link: what l'' is now or on average, and room to double. A
    move that leaves it behind is shortened by the plane search.
    """
    if np.isfinite(loss.curvature):
        return loss.curvature
    used, mean = loss.weight > 0.0, h.sum()
    now = np.divide(h[0], loss.weight, where=used, out=np.full(len(used), mean))
    return 2.0 * np.maximum(now, mean)


class StochasticMove:
    """An epoch of SAGA with importance sampling, in the metric of the diagonal.

    p_i = (1 / n + L_i / sum L) / 2 and steps of 1 / (3 max_i L_i / p_i), L_i = s_i
    times the loss's curvature times |a_i|^2 in that metric. O(non-zeros) a step on
    sparse X, whose rows are not centred: the intercept's move takes the mean in.
    """

    def __init__(self, task, seed):
        self._task, view = task, task.view
        self._rng = np.random.default_rng(seed)
        if view.sparse:
            view = view.with_coordinates(np.zeros(view.n_features), view.scale)
        self._core, self._metric = Stochastic(view), _Metric(task, view)
        self._shorter = 1.0

    @np.errstate(over="ignore", invalid="ignore")
    def __call__(self, v, b, z, d, h, solve, face=None):
        """Give the move; see `make_move`."""
        task, scale = self._task, self._task.view.scale
        gradient = _Gradient(task, v, d, face)
        curvature = _curvature(task.loss, h)
        if self._metric.stale(h):
            self._renew(h, curvature)
        # The 1 is for the ridge, which is no more than the metric.
        steepest = 3.0 * np.max(curvature) * (self._bound / self._p).max() + 1.0
        eta = self._shorter / steepest
        step = np.zeros(len(scale) + 1)
        step[:-1] = np.where(gradient.free.any(axis=0), eta * self._weight, 0.0)
        step[-1] = eta / self._metric.intercept if task.fit_intercept else 0.0
        g = gradient.value.copy()
        g[:, :-1] = np.divide(g[:, :-1], scale, where=scale > 0, out=np.zeros_like(v))
        if task.view.sparse:
            g[:, :-1] += np.outer(d.sum(axis=1), task.view.mean)
        ridge = np.divide(
            task.ridge, scale**2, where=scale > 0, out=np.zeros(len(scale))
        )
        w, db = self._core.saga(
            self._derivatives(),
            z,
            d.copy(),
            g,
            step,
            ridge,
            self._order(),
            self._p,
        )
        if task.view.sparse:
            db = db + w @ task.view.mean
        dv = np.divide(w, scale, where=gradient.free, out=np.zeros_like(w))
        return self._checked(dv, db)

    def _renew(self, h, curvature):
        """Make the metric, and with it the probabilities of the rows."""
        task, metric = self._task, self._metric
        metric.renew(h, curvature)
        self._weight = task.view.scale**2 / metric.diagonal
        norms = self._core.norms(self._weight)
        if task.fit_intercept:
            norms += 1.0 / metric.intercept
        relative = curvature / np.max(curvature)
        # L_i, the largest l'' being one
        self._bound = relative * task.loss.weight * norms
        n, total = len(norms), self._bound.sum()
        share = np.full(n, 1.0 / n)
        if 0.0 < total < np.inf:
            share = self._bound / total
        self._p = 0.5 * (1.0 / n + share)

    def _order(self):
        """Draw n rows: each floor(n p_i) times or once more, in random order."""
        n = len(self._p)
        ends = np.floor(np.cumsum(self._p) * n + self._rng.random())
        counts = np.diff(ends, prepend=0.0).astype(np.int64)
        order = np.repeat(np.arange(n, dtype=np.uint32), counts)
        seed = int(self._rng.integers(2**63))
        shuffle(order, seed, self._task.view.design.block_rows)
        return order

    def _derivatives(self):
        loss = self._task.loss
        return RowDerivatives(loss.name, loss.parameter, loss.y, loss.weight)

    def _checked(self, dv, db):
        if np.isfinite(dv).all() and np.isfinite(db).all():
            return dv, db
        self._shorter *= 0.25
        return np.zeros_like(dv), np.zeros_like(db)


class MiniBatchMove:
    """A quarter epoch of SVRG (Johnson, Zhang, NeurIPS 2013) in the metric P.

    u <- u - eta P^-1 [A_B' (l'(u) - l'(v)) n / |B| + g + ridge (u - v)], with eta the
    inverse of the largest eigenvalue of P^-1 H_B, by power steps on some batches.

    `given` : g of (K, n_features + 1), where the task has but a part of the rows.
    `share` : of the rows, one in how many is read.
    """

    def __init__(self, task, seed, given=None, share=_SHARE_OF_EPOCH):
        self._task, self._given, self._share = task, given, share
        self._metric = _Metric(task, task.view)
        self._order = np.arange(task.view.n_rows, dtype=np.uint32)
        self._rng = np.random.default_rng(seed)
        self._shorter = 1.0

    @np.errstate(over="ignore", invalid="ignore")
    def __call__(self, v, b, z, d, h, solve, face=None):
        """Give the move; see `make_move`."""
        gradient = _Gradient(self._task, v, d, face, self._given)
        block_rows = self._task.view.design.block_rows
        if block_rows:
            self._order.sort()
        shuffle(self._order, int(self._rng.integers(2**63)), block_rows)
        size, count = self._batches(solve)
        batches = [self._order[i * size : (i + 1) * size] for i in range(count)]
        if self._metric.stale(h):
            self._metric.renew(h, _curvature(self._task.loss, h))
            probes = batches[:_PROBES]
            self._largest = max(
                self._eigenvalue(B, h, solve, gradient.free) for B in probes
            )
        eta = self._shorter / self._largest if self._largest > 0.0 else 0.0
        move = np.zeros_like(gradient.value)
        for B in batches:
            change = self._change(B, z, d, move)
            g = self._masked(self._batch_gradient(B, change, move), gradient.free)
            move -= eta * self._masked(
                self._solve(g + gradient.value, solve), gradient.free
            )
        if not np.isfinite(move).all():
            self._shorter *= 0.25
            move[:] = 0.0
        return move[:, :-1], move[:, -1]

    def _batches(self, solve):
        """Give rows a step and steps; on wide sparse X a step costs its columns."""
        view, n = self._task.view, self._task.view.n_rows
        size = _BATCH_DIAGONAL if solve is None else _BATCH_CHOLESKY
        if view.sparse:
            per_row = max(view.design.arrays[0].size / view.X.shape[0], 1.0)
            size = max(size, int(view.n_features / per_row))
        size = max(min(size, n // (4 * _SHARE_OF_EPOCH)), 1)
        return size, max(n // (self._share * size), 1)

    def _solve(self, g, solve):
        if solve is not None:
            return solve(g)
        return np.column_stack(
            [g[:, :-1] / self._metric.diagonal, g[:, -1] / self._metric.intercept]
        )

    def _masked(self, g, free):
        if not free.all():
            g[:, :-1] *= free
        if not self._task.fit_intercept:
            g[:, -1] = 0.0
        return g

    def _change(self, B, z, d, move):
        """Give the change of the rows' derivatives since the snapshot."""
        loss = self._task.loss
        z = self._product(B, move) + z[:, B]
        total = loss.weight[B].sum()
        if total == 0.0:
            return np.zeros_like(z)
        new = np.empty_like(z)
        loss.with_rows(B).evaluate(z, new)
        return total * new - d[:, B]

    def _product(self, B, x):
        return self._task.view.with_rows(B).matvec(x[:, :-1]) + x[:, -1:]

    def _batch_gradient(self, B, r, x):
        """Give n / |B| [A_B 1]' r + ridge x."""
        share = self._task.view.n_rows / len(B)
        g = np.empty_like(x)
        g[:, :-1] = share * self._task.view.with_rows(B).rmatvec(r)
        g[:, :-1] += self._task.ridge * x[:, :-1]
        g[:, -1] = share * r.sum(axis=1)
        return g

    def _eigenvalue(self, B, h, solve, free):
        """Give the largest eigenvalue of P^-1 H_B, twice that for softmax.

        diag(p) - p p' <= 2 diag(p (1 - p)), whose diagonal h is.
        """
        x = self._rng.normal(size=(len(h), self._task.view.n_features + 1))
        for _ in range(_POWER_STEPS):
            x /= np.abs(x).max() or 1.0
            before = self._masked(self._hessian(B, h, x), free)
            x = self._masked(self._solve(before, solve), free)
        below = (x * before).sum()  # x' P x
        if not below > 0.0:
            return 0.0
        outputs = 1.0 if len(h) == 1 else 2.0
        return outputs * float((x * self._hessian(B, h, x)).sum() / below)

    def _hessian(self, B, h, x):
        return self._batch_gradient(B, h[:, B] * self._product(B, x), x)
