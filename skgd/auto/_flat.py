"""A bound of F - F* where few rows curve and nothing is penalised."""

import numpy as np

_RANK = 1e-9  # of the largest singular value: columns that depend on one another
_LEFT = 1e-11  # of sum |d_i a_i|: a gradient that is rounding


def flat_gap(task, z, d, h):
    """Give what F can at most fall by: F(z) - F(z') + l'(z') . (z' - z), or infinity.

    z' is near z, with a gradient of zero there: then F(z') - l'(z') . z' is no more
    than F at any model, as its raw predictions are orthogonal to l'(z'). Newton's
    metric, which few rows do not fill, cannot tell.

    Parameters
    ----------
    task : Task
        Of one output, without a penalty.
    z, d, h : ndarray of shape (1, n_rows)
        Raw predictions, s l'(z) and s l''(z) there.
    """
    rows = np.flatnonzero(h[0])
    if not len(rows):
        return 0.0 if _rests(task, d) else np.inf
    columns = task.view.with_rows(rows).rmatvec(np.eye(len(rows)))
    part = np.column_stack([columns, np.full(len(rows), float(task.fit_intercept))])
    slope, bend = d[0, rows], h[0, rows]
    root = np.sqrt(bend)
    g = np.append(task.view.rmatvec(d)[0], d.sum() * task.fit_intercept)
    change = np.linalg.lstsq((part * root[:, None]).T, -g, rcond=_RANK)[0]
    moved, there, again = z.copy(), np.empty_like(d), np.empty_like(h)
    moved[0, rows] += change / root
    low = task.loss.evaluate(moved, there, again)
    left = np.append(task.view.rmatvec(there)[0], there.sum() * task.fit_intercept)
    size = np.abs(slope) @ np.abs(part)
    if not (np.abs(left) <= _LEFT * size.max()).all():
        return np.inf
    return max(task.loss.evaluate(z) - low + float((there * (moved - z)).sum()), 0.0)


def _rests(task, d) -> bool:
    """Tell whether the gradient is rounding: where no row curves, that is optimal."""
    g = np.append(task.view.rmatvec(d)[0], d.sum() * task.fit_intercept)
    weight = np.maximum(task.loss.weight, 1e-300)
    size = np.sqrt(task.view.rmatvec_squared(weight)[: len(g) - 1] * weight.sum())
    size = np.append(size, weight.sum()) * np.abs(d[0] / weight).max()
    return bool((np.abs(g) <= _LEFT * size).all())
