"""The design matrix in the coordinates of the descent, never formed."""

import numpy as np
from scipy.sparse import issparse

_BLOCK_VALUES = 2**16  # of X at a time: half a megabyte, the second-level cache


class View:
    """A = (X[rows] - mean) * scale: what auto descent multiplies with.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
        As it lies.
    rows : ndarray of shape (n_rows,), uint32
        The training rows; arrays of sample space are in their order.
    mean, scale : ndarray of shape (n_features,), float64
        Of the columns; a scale of 0 takes a column out.
    """

    def __init__(self, X, rows, mean, scale):
        self.X, self.rows, self.mean, self.scale = X, rows, mean, scale
        self.n_rows, self.n_features = len(rows), X.shape[1]
        self.sparse = issparse(X)

    def matvec(self, v):
        """Give v A' of shape (K, n_rows) for v of shape (K, n_features)."""
        u = v * self.scale
        if self.sparse:
            return (self.X[self.rows] @ u.T - self.mean @ u.T).T.copy()
        return ((self.X[self.rows] - self.mean) @ u.T).T.copy()

    def rmatvec(self, r):
        """Give r A of shape (K, n_features) for r of shape (K, n_rows)."""
        if self.sparse:
            g = (self.X[self.rows].T @ r.T).T - np.outer(r.sum(1), self.mean)
        else:
            g = r @ (self.X[self.rows] - self.mean)
        return g * self.scale

    def rmatvec_squared(self, h):
        """Give sum_i h_i a_ij^2, of shape (n_features,), for h of shape (n_rows,)."""
        X = self.X[self.rows]
        if self.sparse:
            squares = X.multiply(X).T @ h - 2.0 * self.mean * (X.T @ h)
            return np.maximum(squares + self.mean**2 * h.sum(), 0.0) * self.scale**2
        return h @ (X - self.mean) ** 2 * self.scale**2

    def gram(self, h, positions=None):
        """Give [A 1]' diag(h) [A 1] of shape (n_features + 1, n_features + 1).

        `positions` : rows of A to sum over, with h of their length; all by default.
        """
        rows = self.rows if positions is None else self.rows[positions]
        block = self.X[rows]
        block = block.toarray() if self.sparse else block
        block = np.hstack([(block - self.mean) * self.scale, np.ones((len(rows), 1))])
        return (block * h[:, None]).T @ block
