"""The first round: what has to be known of y and of the weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets

from skgd import _validation
from skgd._dask._rows import add, numbers_of, vector_of
from skgd._labels import labels_of

_MOST_KEPT = 65536  # targets that show how all are spread
_FEWEST_KEPT = 16  # of each block


@dataclass
class Numbers:
    """Targets that are numbers.

    Attributes
    ----------
    n_rows : int
        Of weight above zero.
    weight, mean : float
        Sum of the weights, weighted mean of the targets.
    least, largest : float
    kept, kept_weight : ndarray
        Some of the targets, spread as all of them are.
    """

    n_rows: int
    weight: float
    mean: float
    least: float
    largest: float
    kept: np.ndarray
    kept_weight: np.ndarray

    @np.errstate(invalid="ignore")
    def __add__(self, other):
        weight = self.weight + other.weight
        share = other.weight / weight
        return Numbers(
            self.n_rows + other.n_rows,
            weight,
            self.mean + share * (other.mean - self.mean),
            min(self.least, other.least),
            max(self.largest, other.largest),
            np.concatenate([self.kept, other.kept]),
            np.concatenate([self.kept_weight, other.kept_weight]),
        )


@dataclass
class Labels:
    """Targets that are labels.

    Attributes
    ----------
    labels : ndarray
        Sorted.
    weights, used : ndarray
        Sum of the weights of each one's rows, and rows of weight above zero.
    """

    labels: np.ndarray
    weights: np.ndarray
    used: np.ndarray

    def __add__(self, other):
        labels = labels_of(np.concatenate([self.labels, other.labels]))
        found = Labels(labels, *np.zeros((2, len(labels))))
        for part in (self, other):
            at = np.searchsorted(labels, part.labels)
            found.weights[at] += part.weights
            found.used[at] += part.used
        return found


def numbers_in_blocks(blocks, needed: str, loss: Any) -> Numbers:
    """Look at targets that are numbers: a round."""
    given = needed, loss, len(blocks)
    return _some(blocks.total(_numbers_of, add, *given))


def labels_in_blocks(blocks) -> Labels:
    """Look at targets that are labels: a round."""
    seen = blocks.total(_labels_of, add)
    return _some(seen if seen is not None and seen.weights.any() else None)


def _some(seen):
    if seen is None:
        raise ValueError(
            "Invalid sample_weight: all weights are zero, and at least one must be a"
            " non-zero number; or X has no rows."
        )
    return seen


@np.errstate(over="ignore", invalid="ignore")  # of weights, which is told later
def _numbers_of(X, y, weight, needed: str, loss: Any, n_blocks: int):
    """Give the Numbers of a block, or None without a row of weight above zero."""
    y, weight = _checked(numbers_of(y), weight)
    if len(y):
        _validation.check_targets(y, needed, loss, "y")
    rows = np.flatnonzero(weight)
    if len(rows) == 0:
        return None
    y, weight = y[rows].astype(np.float64), weight[rows]
    total, order = weight.sum(), np.argsort(y)
    size = min(max(_MOST_KEPT // n_blocks, _FEWEST_KEPT), len(y))
    edges = np.linspace(0, len(y), size + 1).astype(np.intp)
    middle = order[(edges[:-1] + edges[1:]) // 2]
    kept_weight = np.add.reduceat(weight[order], edges[:-1])
    return Numbers(
        len(rows),
        total,
        float(weight @ y / total),
        y.min(),
        y.max(),
        y[middle],
        kept_weight,
    )


def _labels_of(X, y, weight):
    """Give the Labels of a block, or None without rows."""
    y, weight = _checked(y, weight)
    if len(y) == 0:
        return None
    if y.dtype.kind == "f":
        assert_all_finite(y, input_name="y")
    labels = labels_of(y)
    if y.dtype.kind not in "bui":
        check_classification_targets(np.resize(labels, min(len(y), 3 * len(labels))))
    codes = np.searchsorted(labels, y)
    sums = (np.bincount(codes, w) for w in (weight, weight > 0))
    return Labels(labels, *sums)


def _checked(y, weight):
    """Give y and weights of a block, the weights sound."""
    _validation.check_numbers(y, "y")
    y = vector_of(y)
    if y.ndim != 1:
        raise ValueError(
            f"y must have one column where it is a Dask collection, got {y.shape[1]}:"
            " fit an estimator a column, or bring the data into memory."
        )
    weight = None if weight is None else vector_of(weight)
    weight = _validation.check_sample_weight(weight, len(y))
    return y, np.ones(len(y)) if weight is None else weight
