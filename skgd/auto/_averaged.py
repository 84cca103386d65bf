"""Averaged steps on a stream, in the coordinates that the rows seen so far suggest."""

from dataclasses import dataclass, replace

import numpy as np

from skgd._core.losses import traits_of
from skgd._core.order import shuffle
from skgd.auto._constant import best_constant
from skgd.auto._coordinates import look_at_columns, output_losses, row_weights
from skgd.auto._lesson import Lesson
from skgd.auto._moments import Columns
from skgd.auto._rosenblatt import learn_by_rule
from skgd.auto._steps import Steps

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
    gradient : ndarray of shape (n_outputs, n_features)
        Mean gradient of the loss at the iterates.
    spread : ndarray of shape (n_outputs, 1)
        Mean distance of the targets from their centre; 1 for classes; with a log link
        the curvature of the best constant.
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
    gradient: np.ndarray
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
    order = np.arange(view.n_rows, dtype=np.uint32)
    if mode != "batch":
        shuffle(order, seed)
    memory.mode = mode
    if not problem.minimised:
        memory.mode = "stochastic"
        learn_by_rule(problem, memory, losses, view, order, _share(start.share))
        if positive:
            np.maximum(memory.iterate[:, :-1], 0.0, out=memory.iterate[:, :-1])
            np.maximum(memory.average[:, :-1], 0.0, out=memory.average[:, :-1])
        return _lesson(problem, memory)
    steps = Steps(problem, memory, losses, positive)
    size = _rows_a_step(view, mode)
    done = 1.0 / start.share - 1.0  # weight of earlier rows, in units of these
    for begin in range(0, len(order), size):
        batch = order[begin : begin + size]
        weight = s[batch].sum()
        done += weight
        steps.take(view.with_rows(batch), batch, len(order) / len(batch))
        steps.average(_share(weight / done))
    return _lesson(problem, memory, steps)


def _share(of_weight):
    """Give the share in the average of rows of that share in the weight so far."""
    return (1.0 + _FORGETTING) * of_weight / (1.0 + _FORGETTING * of_weight)


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
            gradient=memory.gradient.copy(),
            squares=memory.squares.copy(),
        )
    memory.moments = moments
    if losses[0].log_link and problem.fit_intercept and not first:
        _begin_to_count(memory, losses, start.share)
    spread = _spread(losses, memory.average[:, -1:])
    memory.spread = memory.spread + start.share * (spread - memory.spread)
    return memory


def _begin_to_count(memory, losses, share):
    """Set the best constant of all rows for outputs whose targets were zero so far."""
    for k, loss in enumerate(losses):
        silent = memory.spread[k, 0] == 0.0 and not memory.average[k, :-1].any()
        mean = share * float(loss.weight @ loss.y) / loss.weight.sum()
        if silent and mean > 0.0:
            for model in (memory.iterate, memory.average, memory.origin):
                model[k, -1] = np.log(mean)


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
    regression = not traits_of(problem.loss)["classification"] and len(losses) == K
    if first and problem.fit_intercept and regression and not model.any():
        model[:, -1] = [best_constant(loss)[0] for loss in losses]
    spread = _spread(losses, model[:, -1:])
    if not first and losses[0].log_link:  # the earlier model has a scale
        at = [
            loss.curvature_at(z) for loss, z in zip(losses, model[:, -1], strict=True)
        ]
        spread = np.where(spread > 0.0, spread, np.array(at)[:, None])
    return Averages(
        Columns(mean, mean),
        model.copy(),
        model.copy(),
        model.copy(),
        np.zeros((K, d)),
        spread,
        np.full((K, 1), _FIRST_DISTANCE),
        np.zeros((K, 1)),
        start.coef,
        start.intercept,
    )


def _curvature_of_mean(loss):
    """Give the curvature of a log link at the mean of the targets; of zeros, zero."""
    positive = loss.weight @ loss.y > 0.0
    return loss.curvature_at(best_constant(loss)[0]) if positive else 0.0


def _spread(losses, centre):
    """Give `Averages.spread` of some rows, with raw predictions for the centre."""
    if traits_of(losses[0].name)["classification"]:
        return np.ones_like(centre)
    if losses[0].log_link:
        return np.array([[_curvature_of_mean(loss)] for loss in losses])
    y = np.array([loss.y for loss in losses])
    return np.abs(y - centre) @ losses[0].weight[:, None]


def _lesson(problem, memory, steps=None):
    """Give the averages, with the zeros that l1 asks for."""
    coef, at_mean = memory.average[:, :-1], memory.average[:, -1]
    if problem.l1 and steps is not None:
        coef = np.where(steps.support(), coef, 0.0)
    memory.coef = coef.astype(problem.design.dtype)
    memory.intercept = at_mean - memory.coef.astype(np.float64) @ memory.moments.mean
    norm, step = (np.nan, 1.0) if steps is None else steps.last
    return Lesson(memory.coef, memory.intercept, memory, gradient_norm=norm, step=step)
