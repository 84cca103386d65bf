"""Inverses of Hessians of few rows, by a system of as many unknowns as rows."""

import numpy as np
from scipy.sparse import csr_array

from skgd._core.factor import Factor

MOST_ROWS = 3000  # of a system: half a second


class RowInverse:
    """The inverse of H = B' diag(h) B + ridge, B = (A, 1) of few rows and many columns.

    H p = g where K r = A R^-1 g + c, K = A R^-1 A' + diag(1 / h), R being the ridge,
    and p = R^-1 (g - A' r) (Woodbury's identity). The intercept c has no ridge: it
    makes sum r equal to its own gradient. So the means of the columns cancel, and A
    stands for the rows as they are, not about their means, which keeps them sparse.

    It costs the products of all pairs of rows, and n_rows^3 / 3.

    Parameters
    ----------
    bridge : Bridge
        B, of rows that all have curvature.
    h : ndarray of shape (n_rows,)
        The curvature, positive.
    ridge : ndarray of shape (n_columns,)
        Positive; of the coefficients.

    Raises
    ------
    LinAlgError
        If K is not positive definite, as rounding sees it.
    """

    def __init__(self, bridge, h, ridge):
        view, columns = bridge.view, bridge.columns
        self._ridge, self._intercept = ridge, bridge.intercept
        self._mean = view.mean[columns] * view.scale[columns]
        self._rows = _rows_as_they_are(view, columns)
        products = _products(self._rows, 1.0 / ridge)
        products.flat[:: len(h) + 1] += 1.0 / h
        self._factor = Factor(products)
        self._ones = self._factor.solve(np.ones(len(h)))

    def __call__(self, g):
        """Give H^-1 g."""
        slopes, own = (g[:-1], g[-1]) if self._intercept else (g, 0.0)
        slopes = slopes + own * self._mean
        r, constant = self._factor.solve(self._rows @ (slopes / self._ridge)), 0.0
        if self._intercept:
            constant = (own - r.sum()) / self._ones.sum()
            r += constant * self._ones
        p = (slopes - self._rows.T @ r) / self._ridge
        return np.append(p, constant + self._mean @ p) if self._intercept else p


def _rows_as_they_are(view, columns):
    """Give some columns of the rows, scaled but not centred."""
    if view.sparse:
        rows = csr_array(view.design.arrays, shape=view.design.shape)[view.rows]
        return (rows * view.scale).tocsr()[:, columns]
    return view.X[view.rows][:, columns] * view.scale[columns]


def _products(rows, weight):
    """Give rows diag(weight) rows'."""
    products = (rows * weight) @ rows.T
    return products if isinstance(products, np.ndarray) else products.toarray()
