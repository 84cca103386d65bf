"""Factors of Hessians of few rows of many columns, by orthogonal projection."""

import numpy as np
from scipy.linalg import qr

from skgd._core.factor import Factor

_MOST_ROWS = 2000
# Of the columns: with more rows, a Cholesky factor of the Hessian takes less time than
# the 4 n_rows^2 n_columns multiplications of Q.
_MOST_SHARE = 0.25
# n_rows^2 n_columns of a sparse X that is filled up: a fifth of a second an iteration.
_MOST_FILLED = 500_000_000


class WideFactor:
    """A factor of B' diag(theta) B + diag(ridge), B = (A, 1) of few rows.

    With W = theta^(1/2) A ridge^(-1/2), the columns of A about their means by theta,
    and W' = Q R, the inverse of W'W + I is Q (R R' + I)^-1 Q' + (I - Q Q'). Woodbury's
    identity needs no Q, but loses all digits of the second part where ridges are 1e-14
    (interior points of l1 penalties).

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        A.
    theta : ndarray of shape (n_rows,)
        Not negative.
    ridge : ndarray of shape (n_columns,)
        Positive.
    intercept : bool
        Whether B has the column of ones.

    Raises
    ------
    LinAlgError
        If numbers are not finite.
    """

    def __init__(self, rows, theta, ridge, intercept):
        self._root, self._intercept = np.sqrt(ridge), intercept
        self._total = theta.sum()
        if intercept:
            self._mean = (theta @ rows) / self._total
            rows = rows - self._mean
        weighted = rows * np.sqrt(theta)[:, None]
        weighted /= self._root
        if not np.isfinite(weighted).all():
            raise np.linalg.LinAlgError("the Hessian is not finite")
        self._basis, triangle = qr(
            weighted.T, mode="economic", overwrite_a=True, check_finite=False
        )
        small = triangle @ triangle.T
        small.flat[:: len(small) + 1] += 1.0
        self._small = Factor(small)

    @staticmethod
    def suits(view, n_columns) -> bool:
        """Tell whether some columns of the rows are many enough, or few to fill up."""
        n = view.n_rows
        wide = n <= min(_MOST_ROWS, _MOST_SHARE * n_columns)
        return wide and (not view.sparse or n * n * n_columns <= _MOST_FILLED)

    @staticmethod
    def rows_of(bridge):
        """Give A of a bridge, or None if it does not suit."""
        view, columns = bridge.view, bridge.columns
        if not WideFactor.suits(view, len(columns)):
            return None
        rows = view.X[view.rows][:, columns]
        rows = rows.toarray() if view.sparse else rows
        return (rows.astype(np.float64) - view.mean[columns]) * view.scale[columns]

    def solve(self, g):
        """Give the inverse times g."""
        slopes, own = (g[:-1], g[-1]) if self._intercept else (g, 0.0)
        if self._intercept:
            slopes = slopes - own * self._mean
        basis, y = self._basis, slopes / self._root
        inside = basis.T @ y
        outside = y - basis @ inside
        outside -= basis @ (basis.T @ outside)  # what rounding has left of the rest
        p = (basis @ self._small.solve(inside) + outside) / self._root
        if not self._intercept:
            return p
        return np.append(p, own / self._total - self._mean @ p)
