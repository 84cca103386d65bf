"""The optimum of a kinked loss near a model, by the rows whose kinks are near."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import LinAlgError

from skgd.auto._barrier import Barrier, Pieces
from skgd.auto._bridge import Bridge
from skgd.auto._interval import Interval
from skgd.auto._task import ROUNDING

_MOST = 50  # iterations on the rows that are left
# Times the gap sought: within, a bound that is likely is as good as proven. Those of
# iterates that were farther from the optimum have been above F*.
NEXT_TO = 3.0


@dataclass
class Settled:
    """A model, its objective, and what no objective falls below.

    Attributes
    ----------
    v, b : ndarray of shape (1, n_features) and (1,)
        The model.
    objective, lower : float
        F there, and a bound of F from below: 0 if there is no better one.
    norm : float
        Of the gradient that the bound's slopes leave.
    """

    v: np.ndarray
    b: np.ndarray
    objective: float
    lower: float
    norm: float


@dataclass
class Samples:
    """A kinked loss by its name, over given rows.

    Attributes
    ----------
    name, parameter : str, float
        The loss in the core's words.
    y, weight : ndarray of shape (n_rows,)
        Targets, and weights > 0.
    """

    name: str
    parameter: float
    y: np.ndarray
    weight: np.ndarray

    @property
    def interval(self):
        """Give the loss in its common form."""
        return Interval(self.name, self.parameter, self.y, self.weight)


def on_rows(task, positions=None):
    """Give a task on some of its rows, by default on all that have weight."""
    loss = task.loss
    if positions is None:
        positions = np.flatnonzero(loss.weight)
    if len(positions) < len(loss.weight):
        y, weight = loss.y[positions], loss.weight[positions]
        task = replace(task, view=task.view.with_rows(positions))
    else:
        y, weight = loss.y, loss.weight
    return replace(task, loss=Samples(loss.name, loss.parameter, y, weight))


def moving_columns(task, interval):
    """Give the columns whose coefficients may differ from zero at the optimum.

    |g_j| <= sum_i |a_ij| max |t_i| <= sum_i s_i |a_ij| reach, and the mean of |a| is
    at most the root of its mean square: where that is within the l1 penalty, v_j = 0.
    """
    weight = task.loss.weight
    total = weight.sum()  # less than one where classes have weights
    squares = task.view.rmatvec_squared(weight) * total
    reach = float((np.maximum(interval.high, -interval.low) / weight).max())
    return np.flatnonzero((squares > 0.0) & (np.sqrt(squares) * reach > task.l1))


def few_rows(task, columns) -> int:
    """Give how many rows hold the optimum's kinks, d + 1 at most in general place."""
    return min(task.view.n_rows, max(500, 6 * (len(columns) + 1)))


def build(task, interval, columns, u=None, linear=None, by_rows=True):
    """Give the barrier of a task, by default at its best constant model.

    Parameters
    ----------
    task : Task
        What to minimise.
    interval : Interval
        Its loss.
    columns : ndarray of int
        Of the view; all others stay out.
    u : ndarray, optional
        A start: the coefficients of `columns`, and the intercept if there is one.
    linear : ndarray, optional
        A slope in u to add to the objective.
    by_rows : bool
        As Barrier takes it.
    """
    bridge = Bridge(task.view, columns, task.fit_intercept, 2 if interval.slack else 1)
    center, above, below = interval.center, -interval.low, interval.high
    if not task.fit_intercept:
        center = center - task.constant[0]
    if interval.slack:
        zero = np.zeros_like(center)
        center = np.concatenate([center - interval.slack, center + interval.slack])
        above, below = np.concatenate([above, zero]), np.concatenate([zero, below])
    if u is None:
        u = np.append(np.zeros(len(columns)), task.constant[: task.fit_intercept])
    residual = center - bridge.matvec(u)
    spread = float(np.abs(residual).mean()) or 1.0
    gamma = None
    if interval.smooth:
        gamma = np.tile(interval.gamma, bridge.copies)
    samples = Pieces(center, above, below, residual, spread, 0.0, gamma=gamma)
    ridge = np.append(task.ridge[columns], [0.0] * task.fit_intercept)
    l1 = task.l1[columns]
    at = np.arange(len(columns)) if task.positive else np.flatnonzero(l1 > 0.0)
    slack = float(np.mean(above + below))
    apart = _apart(bridge, spread) if task.positive else spread
    extra = Pieces(
        np.zeros(len(at)), l1[at], l1[at], -u[at], apart, slack, not task.positive
    )
    linear = np.zeros_like(u) if linear is None else linear
    return Barrier(bridge, samples, extra, at, ridge, linear, u, by_rows)


def _apart(bridge, spread) -> float:
    """Give how far from their bounds coefficients are taken to begin.

    The first steps take all of them there. Together they then move the predictions by
    `spread`, whether columns agree or not. With as much for each coefficient alone, d
    columns that agree went d times too far, and steps on the way back became short.
    """
    n, d = bridge.view.n_rows, len(bridge.columns)
    everything = np.append(np.ones(d), np.zeros(int(bridge.intercept)))
    together = float(np.mean(bridge.matvec(everything) ** 2))
    alone = float(bridge.squares(np.full(n, 1.0 / n))[:d].sum())
    return spread / np.sqrt(max(together, alone, 1.0))


def settle(task, interval, columns, model, n_rows, accuracy):
    """Minimise with the loss of all rows but the nearest to their kinks made linear.

    Each of the others keeps the side of its kinks it is on: its loss there, extended
    as a line, is nowhere above the loss, so that the minimum is a bound of F from
    below. It is that of F itself if no other row changes sides.

    Parameters
    ----------
    task, interval, columns
        As for `build`.
    model : tuple of ndarray
        v (1, n_features) and b (1,).
    n_rows : int
        Rows that keep their kinks.
    accuracy : float
        Of the objective.

    References
    ----------
    S. Portnoy and R. Koenker, The Gaussian hare and the Laplacian tortoise,
    Statistical Science 12 (1997), 279-300, section 5.
    """
    v, b = model
    z = task.view.matvec(v)[0] + b[0]
    near = np.sort(np.argpartition(interval.distance(z), n_rows - 1)[:n_rows])
    slopes = interval.sides(z)
    slopes[near] = 0.0
    constant = -slopes @ interval.center - interval.slack * np.abs(slopes).sum()
    bridge = Bridge(task.view, columns, task.fit_intercept, 1)
    (linear,) = bridge.rmatvec(slopes)
    if not task.fit_intercept:
        constant += slopes.sum() * task.constant[0]
    part = replace(task, view=task.view.with_rows(near))
    u = np.append(v[0, columns], b[: task.fit_intercept])
    unsettled = Settled(v, b, np.inf, 0.0, np.nan)
    with np.errstate(all="ignore"):
        try:
            barrier = build(part, interval.with_rows(near), columns, u, linear)
            u, lower = _descend(barrier, accuracy, -constant)
        except LinAlgError:
            return unsettled
    v, b = np.zeros_like(v), task.constant.copy()
    v[0, columns] = u[: len(columns)]
    if task.positive:
        v = np.maximum(v, 0.0)
    b[: task.fit_intercept] = u[len(columns) :]
    objective = interval.value(task.view.matvec(v)[0] + b[0]) + task.penalty(v)
    if not np.isfinite(objective):
        return unsettled
    norm = float(np.linalg.norm(barrier.gradient))
    return Settled(v, b, objective, max(lower + constant, 0.0), norm)


def _descend(barrier, accuracy, floor):
    """Give the best u of a barrier's path, and a bound of its objective from below.

    A likely bound of an early iterate counts for this alone, unless it is next to the
    best value; and none does that a value has fallen below.
    """
    best, proven, lower, u = np.inf, -np.inf, -np.inf, barrier.u
    for _ in range(_MOST):
        for step in {0.0, barrier.predicted, 1.0}:
            value = barrier.value(step)
            if value < best:
                best, u = value, barrier.u + step * barrier.tangent
        sure, likely = (
            x if x <= best else -np.inf for x in barrier.bounds(accuracy)[:2]
        )
        if best - likely <= NEXT_TO * accuracy:
            sure = max(sure, likely)
        if proven > best + ROUNDING * abs(best):
            proven = -np.inf
        proven = max(proven, sure)
        lower = min(max(proven, likely), best)
        # Below the floor there is no loss: too many rows have changed sides.
        if best - lower <= accuracy or best < floor:
            break
        try:
            barrier.iterate()
        except LinAlgError:
            break
    return u, lower
