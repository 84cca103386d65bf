"""A bound of F - F* where few rows curve and nothing is penalised."""

from dataclasses import dataclass

import numpy as np

from skgd._core.sample_space import SampleLoss

_RANK = 1e-9  # of the largest singular value: columns that depend on one another
_LEFT = 1e-11  # of sum |d_i a_i|: a gradient that is rounding
_MOST = 4  # rows a coefficient: more curve in all directions, or are alike


@dataclass
class CurvedRows:
    """The rows whose loss curves, of one output.

    Attributes
    ----------
    part : ndarray of shape (n_curved, n_features)
        Their rows of A.
    y, weight, z : ndarray of shape (n_curved,)
        Targets, weights and raw predictions.
    """

    part: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    z: np.ndarray

    def __add__(self, other):
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return CurvedRows(*(np.concatenate(pair) for pair in pairs))

    @staticmethod
    def of(view, loss, z, h):
        """Give those of some rows; z, h : ndarray of shape (1, n_rows)."""
        rows = np.flatnonzero(h[0])
        part = view.with_rows(rows).rmatvec(np.eye(len(rows)))
        return CurvedRows(part, loss.y[rows], loss.weight[rows], z[0, rows])


def few_enough(n_curved, view) -> bool:
    """Tell whether the rows that curve are few, and so many as to be none."""
    return 0 < n_curved <= _MOST * (view.n_features + 1)


def flat_gap(task, curved, gradient):
    """Give what F can at most fall by: F(z) - F(z') + l'(z') . (z' - z), or infinity.

    z' is near z, with a gradient of zero there: then F(z') - l'(z') . z' is no more
    than F at any model, as its raw predictions are orthogonal to l'(z'). Newton's
    metric, which few rows do not fill, cannot tell.

    Parameters
    ----------
    task : Task
        Of one output, without a penalty.
    curved : CurvedRows
        At z.
    gradient : ndarray of shape (1, n_features + 1)
        Of F there.
    """
    ones = np.full(len(curved.z), float(task.fit_intercept))
    part = np.column_stack([curved.part, ones])
    loss = SampleLoss(task.loss.name, task.loss.parameter, curved.y, curved.weight)
    z = curved.z[None].copy()
    slope, bend, there = np.empty((3, *z.shape))
    value, root = loss.evaluate(z, slope, bend), np.sqrt(bend[0])
    change = np.linalg.lstsq((part * root[:, None]).T, -gradient[0], rcond=_RANK)[0]
    moved = z + change / root
    low = loss.evaluate(moved, there)
    left = gradient[0] + (there - slope)[0] @ part
    size = np.abs(slope[0]) @ np.abs(part)
    if not (np.abs(left) <= _LEFT * size.max()).all():
        return np.inf
    return max(value - low + float((there * (moved - z)).sum()), 0.0)


def rests(task, d, gradient) -> bool:
    """Tell whether the gradient is rounding: where no row curves, that is optimal."""
    g, weight = gradient[0], np.maximum(task.loss.weight, 1e-300)
    size = np.sqrt(task.view.rmatvec_squared(weight)[: len(g) - 1] * weight.sum())
    size = np.append(size, weight.sum()) * np.abs(d[0] / weight).max()
    return bool((np.abs(g) <= _LEFT * size).all())
