"""F over a plane of models, and how fine a grid of it takes no long time."""

import math
from numbers import Integral

import numpy as np

from skgd._core import engine

_MOST, _LEAST = 100, 30  # values along each axis, if the user does not say
_AFFORDABLE = 300_000_000  # losses to evaluate: some seconds


def grid_size(problem, resolution=None) -> int:
    """Give the values along each axis: as asked, or what takes only some seconds."""
    if resolution is not None:
        if not isinstance(resolution, Integral) or resolution < 2:
            raise ValueError(
                f"grid_resolution must be an int >= 2, or None; got {resolution!r}."
            )
        return int(resolution)
    if problem.loss == "squared_error":  # F is evaluated without its rows
        return _MOST
    size = math.isqrt(_AFFORDABLE // max(1, len(problem.rows)))
    return min(max(size, _LEAST), _MOST)


def values_on_plane(problem, centre, directions, a, b):
    """Give F at centre + a d_0 + b d_1, of shape (len(b), len(a)); one output.

    `centre` and `directions` are models (coef (n_features,), intercept). Raw
    predictions are linear in the model, so that X is read three times in all.
    """
    losses = _squares if problem.loss == "squared_error" else _losses
    with np.errstate(all="ignore"):
        values = losses(problem, (centre, *directions), a, b) / problem.weight_sum
        for i, j in np.ndindex(*values.shape):
            coef = centre[0] + a[j] * directions[0][0] + b[i] * directions[1][0]
            values[i, j] += problem.penalty(coef)
    return values


def _rows(problem, models):
    """Give targets, weights, and the raw predictions of each model."""
    rows, X = problem.rows, problem.design.matrix
    raw = [np.asarray(X @ coef)[rows] + intercept for coef, intercept in models]
    y = problem.samples.y[rows]
    y = y[:, 0] if y.ndim == 2 else np.where(y == 1, 1.0, -1.0)
    weight = problem.samples.weight
    s = np.ones(len(rows)) if weight is None else weight[rows]
    return np.ascontiguousarray(y, dtype=np.float64), s, raw


def _losses(problem, models, a, b):
    """Give sums of losses, the rows being read at each place."""
    y, s, (z, first, second) = _rows(problem, models)
    sums = np.empty((len(b), len(a)))
    for i, j in np.ndindex(*sums.shape):
        at = z + a[j] * first + b[i] * second
        sums[i, j], _ = engine.evaluate_loss(problem.loss, problem.parameter, y, at, s)
    return sums


def _squares(problem, models, a, b):
    """Give sums of halved squares: a quadratic, of which six numbers say all."""
    y, s, (z, first, second) = _rows(problem, models)
    # Of columns far from zero a Gram matrix would lose twice the digits of its root.
    parts = np.sqrt(s) * np.stack((z - y, first, second))
    root = np.linalg.qr(parts.T, mode="r")
    places = np.stack(np.broadcast_arrays(1.0, a[None, :], b[:, None]))
    return 0.5 * np.square(np.tensordot(root, places, axes=1)).sum(axis=0)


def slope(problem, coef, intercept):
    """Give the gradient of F without l1 at a model: (of coef, of the intercept)."""
    y, s, (z,) = _rows(problem, [(coef, intercept)])
    _, d = engine.evaluate_loss(problem.loss, problem.parameter, y, z, s)
    X = problem.design.matrix
    of_rows = np.zeros(X.shape[0])
    of_rows[problem.rows] = d / problem.weight_sum
    return X.T @ of_rows + problem.ridge * coef, of_rows.sum()
