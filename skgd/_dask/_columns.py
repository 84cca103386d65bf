"""Means, variances and products of the columns: the sums of a round."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite

from skgd.auto._moments import Columns, Products


@dataclass
class Moments:
    """Of the columns of some rows.

    Attributes
    ----------
    weight : float
    n_rows, entries, squares : int
        Rows; entries that are stored, and sum of squares of their number in a row.
    is_sparse : bool
    low, high : ndarray of shape (n_features,)
    products : Products or Columns
    """

    weight: float
    n_rows: int
    entries: int
    squares: int
    is_sparse: bool
    low: np.ndarray
    high: np.ndarray
    products: Any

    def __add__(self, other):
        weight = self.weight + other.weight
        return Moments(
            weight,
            self.n_rows + other.n_rows,
            self.entries + other.entries,
            self.squares + other.squares,
            self.is_sparse or other.is_sparse,
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            _merged(self.products, other.products, other.weight / weight),
        )


def _merged(one, other, share):
    """Give the moments of both; products only where both have them."""
    if type(one) is not type(other):
        one, other = one.columns(), other.columns()
    return one.merged(other, share)


@np.errstate(all="ignore")
def moments(X, y, weight, reading, outputs, fixed, centred):
    """Give the moments of a block, with products if there are outputs and X is dense.

    `fixed` : what to subtract from targets unless columns are centred.
    """
    rows = reading.read(X, y, weight)
    if rows is None:
        return None
    view, total = rows.view(np.zeros(rows.design.shape[1])), rows.s.sum()
    s = rows.s / total
    mean, low, high = view.ranges(s)
    if not np.isfinite(mean).all():
        assert_all_finite(rows.design.matrix, input_name="X")
    constant = low == high
    mean[constant] = low[constant]
    mean *= centred
    view, found = rows.view(mean), None
    if outputs and not view.sparse:
        targets = np.array([output.targets_of(rows)[0] for output in outputs])
        centre = targets @ s if centred else fixed
        gram, cross = view.products(s, targets - centre[:, None])
        found = Products(mean, gram, centre, cross)
    else:
        found = Columns(mean, view.rmatvec_squared(s))
    counts = _counts(rows)
    return Moments(
        total,
        len(rows.rows),
        int(counts.sum()),
        int((counts**2).sum()),
        view.sparse,
        low,
        high,
        found,
    )


def _counts(rows):
    """Give the number of stored entries of each row; none where X is dense."""
    if not issparse(rows.design.matrix):
        return np.zeros(0, dtype=np.int64)
    return np.diff(rows.design.arrays[2])[rows.rows].astype(np.int64)
