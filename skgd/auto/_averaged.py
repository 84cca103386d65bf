"""Averaged steps on a stream, in the coordinates that the rows seen so far suggest."""

from dataclasses import dataclass, replace

import numpy as np

from skgd._core.engine import LOSSES, shuffle
from skgd.auto._coordinates import (
    best_constant,
    look_at_columns,
    output_losses,
    row_weights,
)
from skgd.auto._lesson import Lesson
from skgd.auto._moments import Columns

_STEPS = 400  # a call, of 1 to 256 rows each: more gains nothing
_MOST_ROWS = 256
_LEAST_STEPS = 16  # on wide sparse rows, where each costs a pass over the columns
# The weight of row t in the average grows as t^3: the first rows, whose coordinates
# were guesses, are forgotten (Shamir, Zhang, ICML 2013, section 4).
_FORGETTING = 3.0
_FIRST_DISTANCE = 0.1  # of the spread of the targets, of which DoG starts


@dataclass
class Averages:
    """What averaged steps remember: arrays of K (d + 1) numbers, and of d.

    In `iterate`, `average` and `origin` the last column is the raw prediction at the
    mean of the columns.

    Attributes
    ----------
    moments : Columns
        Of all rows seen.
    iterate, average, origin : ndarray of shape (n_outputs, n_features + 1)
        Where the steps are, their mean, and where they began.
    moving : ndarray of shape (n_outputs, n_features)
        Share of the iterates in which a coefficient was not zero.
    spread : ndarray of shape (n_outputs, 1)
        Mean distance of the targets from their centre; 1 for classes.
    farthest, squares : ndarray of shape (n_outputs, 1)
        Largest distance from the origin, and sum of the squared gradients.
    coef, intercept : ndarray of shapes (n_outputs, n_features), (n_outputs,)
        The model returned; another one was set by hand.
    mode : str
        Rows a step in the last call.
    """

    moments: Columns
    iterate: np.ndarray
    average: np.ndarray
    origin: np.ndarray
    moving: np.ndarray
    spread: np.ndarray
    farthest: np.ndarray
    squares: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    mode: str = "mini-batch"

    def columns(self) -> Columns:
        """Give means and variances alone."""
        return self.moments


def learn_by_steps(problem, start, positive, mode, seed):
    """Learn from the rows of a problem, each read in one step.

    O(n d) or, for sparse X, O(non-zeros) and a few passes over the columns.

    Parameters
    ----------
    problem : Problem
    start : Start
    positive : bool
        Whether coefficients must not be negative.
    mode : {"batch", "mini-batch", "stochastic"}
        Rows a step.
    seed : int
        Of the order of the rows.
    """
    s = row_weights(problem)
    losses = list(output_losses(problem, s))
    view, mean, variance = look_at_columns(problem, problem.fit_intercept, s)
    here = Columns(mean, np.maximum(variance, 0.0))
    memory = _recall(problem, start, here, losses, positive)
    view = view.with_coordinates(memory.moments.mean, np.ones(view.n_features))
    steps = _Steps(problem, memory, losses, positive)
    order = np.arange(view.n_rows, dtype=np.uint32)
    shuffle(order, seed)
    size = _rows_a_step(view, mode)
    total = len(order) / start.share  # rows seen, by weight
    done = total - len(order)
    for begin in range(0, len(order), size):
        batch = order[begin : begin + size]
        weight = s[batch].sum() * len(order)
        done += weight
        steps.take(view.with_rows(batch), batch, len(order) / len(batch))
        steps.average(
            min(1.0, (1.0 + _FORGETTING) * weight / (done + _FORGETTING * weight))
        )
    memory.mode = mode
    return _lesson(problem, memory, steps)


def _rows_a_step(view, mode):
    n = view.n_rows
    if mode != "mini-batch":
        return n if mode == "batch" else 1
    size = min(max(n // _STEPS, 1), _MOST_ROWS)
    if view.sparse:
        per_row = max(view.design.arrays[0].size / view.X.shape[0], 1.0)
        size = max(size, min(int(view.n_features / per_row), n // _LEAST_STEPS))
    return size


def _recall(problem, start, here, losses, positive):
    """Give copies of what the last call remembers, these rows' moments among them."""
    memory = start.memory
    first = start.share == 1.0
    if memory is None or first:
        moments = here
    else:
        moments = memory.columns().merged(here, start.share)
    if first or not isinstance(memory, Averages) or not start.same_model(memory):
        memory = _begin(problem, start, moments.mean, losses, first, positive)
    else:
        memory = replace(
            memory,
            iterate=_moved(memory.iterate, moments.mean - memory.moments.mean),
            average=_moved(memory.average, moments.mean - memory.moments.mean),
            origin=_moved(memory.origin, moments.mean - memory.moments.mean),
            moving=memory.moving.copy(),
        )
    memory.moments = moments
    spread = _spread(losses, memory.average[:, -1:])
    memory.spread = memory.spread + start.share * (spread - memory.spread)
    return memory


def _moved(model, apart):
    """Give a model whose last column is the raw prediction at a mean further on."""
    model = model.copy()
    model[:, -1] += model[:, :-1] @ apart
    return model


def _begin(problem, start, mean, losses, first, positive):
    K, d = start.coef.shape
    model = np.empty((K, d + 1))
    model[:, :-1] = np.maximum(start.coef, 0.0) if positive else start.coef
    model[:, -1] = start.intercept + model[:, :-1] @ mean
    regression = not LOSSES[problem.loss]["classification"] and K == len(losses)
    if first and problem.fit_intercept and regression and not model.any():
        model[:, -1] = [best_constant(loss)[0] for loss in losses]
    return Averages(
        Columns(mean, mean),
        model.copy(),
        model.copy(),
        model.copy(),
        (model[:, :-1] != 0.0).astype(np.float64),
        _spread(losses, model[:, -1:]),
        np.full((K, 1), _FIRST_DISTANCE),
        np.zeros((K, 1)),
        start.coef,
        start.intercept,
    )


def _spread(losses, centre):
    """Give the mean distance of the targets from a raw prediction; 1 for classes."""
    if LOSSES[losses[0].name]["classification"]:
        return np.ones_like(centre)
    y = np.array([loss.y for loss in losses])
    return np.abs(y - centre) @ losses[0].weight[:, None]


class _Steps:
    """Steps w <- prox(w - eta P g), with P = 1 / (c variance + ridge) of the columns.

    A loss whose curvature is bounded by c everywhere takes the constant step
    |B| / (4 mean |a|^2) of the norm that P makes (Bach, Moulines, NeurIPS 2013), others
    that of DoG (Ivgi, Hinder, Carmon, ICML 2023), with c one over the spread of the
    targets. No step goes further than the batch itself allows: half way to the minimum
    along it of the quadratic bound, or to where the loss would be zero if it were
    linear.
    """

    def __init__(self, problem, memory, losses, positive):
        self._problem, self._positive = problem, positive
        self.memory = memory
        self._losses = losses
        curvature = LOSSES[problem.loss]["curvature"]
        classes = LOSSES[problem.loss]["classification"]
        self._bounded = problem.loss == "squared_error" or (
            classes and np.isfinite(curvature)
        )
        spread = np.where(memory.spread > 0.0, memory.spread, 1.0)
        self._spread = spread
        self._c = np.full_like(spread, curvature) if self._bounded else 1.0 / spread
        variance = memory.moments.variance
        size = self._c * variance + problem.ridge
        self._P = np.zeros((len(spread), len(variance) + 1))
        used = np.broadcast_to(variance > 0.0, size.shape) & (size > 0.0)
        np.divide(1.0, size, out=self._P[:, :-1], where=used)
        self._P[:, -1:] = problem.fit_intercept / self._c
        self._norm = self._c * (self._P[:, :-1] @ variance + self._P[:, -1])[:, None]
        self.last = np.nan, np.nan

    def take(self, view, batch, share):
        """Take the step of a batch, `share` such batches being all rows."""
        w = self.memory.iterate
        z = view.matvec(w[:, :-1]) + w[:, -1:]
        d, s = np.zeros((2, *z.shape))
        value, weight = np.zeros((2, len(w), 1))
        begin = 0
        for loss in self._losses:
            own = slice(begin, begin + loss.n_outputs)
            begin = own.stop
            total = loss.weight[batch].sum()
            if total > 0.0:
                part = loss.with_rows(batch)
                value[own], s[own] = part.evaluate(z[own], d[own]), part.weight
                weight[own] = total * share
        g = np.column_stack([view.rmatvec(d), d.sum(axis=1)])
        move = self._P * g
        square = self._joint((g * move).sum(axis=1, keepdims=True))
        if self._bounded:
            step = self._half_way(view, move, square, s)
            step = np.minimum(weight * len(batch) / (4.0 * self._norm), step)
        else:
            step = np.minimum(weight * self._free_step(square, weight), value / square)
        if not np.isfinite(step).all() or not np.isfinite(move).all():
            return
        self.last = float(np.sqrt(square.sum())), float(step.mean())
        w -= step * move
        self._prox(w[:, :-1], step * self._P[:, :-1])

    def _joint(self, square):
        """Give what the outputs of one loss share: their sum."""
        if len(self._losses) < len(square):
            return np.full_like(square, square.sum())
        return square

    def _half_way(self, view, move, square, s):
        """Give half the step to the minimum of the batch's quadratic bound."""
        image = view.matvec(move[:, :-1]) + move[:, -1:]
        bend = self._joint(self._c * (image**2 * s).sum(axis=1, keepdims=True))
        return np.divide(0.5 * square, bend, where=bend > 0.0, out=np.zeros_like(bend))

    def _free_step(self, square, weight):
        """Give the step of DoG: distance from the origin over norm of all gradients."""
        memory = self.memory
        memory.squares += weight**2 * square / self._spread
        apart = (memory.iterate - memory.origin) ** 2
        np.divide(apart, self._P, where=self._P > 0.0, out=apart)
        distance = np.sqrt(apart.sum(axis=1, keepdims=True) / self._spread)
        memory.farthest = np.maximum(memory.farthest, distance)
        return memory.farthest / np.sqrt(memory.squares)

    def _prox(self, w, step):
        problem = self._problem
        if problem.l1:
            w[:] = np.sign(w) * np.maximum(np.abs(w) - step * problem.l1, 0.0)
        if self._positive:
            np.maximum(w, 0.0, out=w)
        w /= 1.0 + step * problem.ridge

    def average(self, share):
        """Take the iterate into the average, at a share of its weight."""
        memory = self.memory
        memory.average += share * (memory.iterate - memory.average)
        if self._problem.l1:
            memory.moving += share * ((memory.iterate[:, :-1] != 0.0) - memory.moving)


def _lesson(problem, memory, steps):
    """Give the averages; zero where most iterates were, as l1 would have it."""
    average = memory.average
    coef = average[:, :-1]
    if problem.l1:
        coef = np.where(memory.moving > 0.5, coef, 0.0)
    memory.coef = coef.astype(problem.design.dtype)
    memory.intercept = average[:, -1] - memory.coef.astype(float) @ memory.moments.mean
    norm, step = steps.last
    return Lesson(memory.coef, memory.intercept, memory, gradient_norm=norm, step=step)
