"""The design in good coordinates, and linear algebra on it."""

import copy
from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse


class Scaled:
    """The design in centred and scaled columns and a last one of ones.

    Sparse columns are scaled only. Constant columns are left out.
    """

    def __init__(self, X):
        X = X.astype(np.float64)
        self.n_columns = X.shape[1]
        if sparse.issparse(X):
            mean = np.asarray(X.mean(axis=0)).ravel()
            square = np.asarray(X.multiply(X).mean(axis=0)).ravel()
            scale = np.sqrt(np.maximum(square - mean**2, 0))
            self.kept = np.flatnonzero(scale > 1e-12 * np.sqrt(square))
            self.shift, self.scale = np.zeros(len(self.kept)), scale[self.kept]
            columns = X[:, self.kept] @ sparse.diags_array(1 / self.scale)
            ones = sparse.csr_array(np.ones((X.shape[0], 1)))
            self.A = sparse.csr_array(sparse.hstack([columns, ones]))
            self.transposed = sparse.csr_array(self.A.T)
        else:
            self.kept = np.flatnonzero(X.min(axis=0) < X.max(axis=0))
            A = X[:, self.kept]
            self.shift = A.mean(axis=0)
            A -= self.shift
            self.shift, A = self.shift + A.mean(axis=0), A - A.mean(axis=0)
            self.scale = np.sqrt((A * A).mean(axis=0))
            self.A = np.column_stack([A / self.scale, np.ones(len(A))])
            self.transposed = self.A.T
        self.size = self.A.shape[1]

    def subset(self, columns):
        """Give the same with some of its sparse columns."""
        part = copy.copy(self)
        part.kept, part.scale = self.kept[columns], self.scale[columns]
        part.shift = self.shift[columns]
        part.transposed = self.transposed[np.append(columns, self.size - 1)]
        part.A = sparse.csr_array(part.transposed.T)
        part.size = part.A.shape[1]
        return part

    def gram(self, weight):
        """Give A' diag(weight) A, dense."""
        if sparse.issparse(self.A):
            return (self.transposed @ (self.A * weight[:, None])).toarray()
        B = self.A * np.sqrt(weight)[:, None]
        return B.T @ B

    def per_coefficient(self, value, power):
        """Give a penalty's factor in these coordinates, 0 for the intercept."""
        return np.append(value / self.scale**power, 0.0)

    def to_raw(self, u):
        """Give coefficients and intercept in the units of X."""
        w = u[..., :-1] / self.scale
        coef = np.zeros((*u.shape[:-1], self.n_columns))
        coef[..., self.kept] = w
        base = (self.shift.astype(np.longdouble) * w).sum(axis=-1)
        return coef, (u[..., -1] - base).astype(float)


@dataclass
class Stack:
    """The rows B: a design, or None, once for each piece, then rows of the identity."""

    design: Scaled | None
    n_pieces: int
    coordinates: np.ndarray
    size: int

    def matvec(self, u):
        """Give B u."""
        if self.design is None:
            return u[self.coordinates]
        z = self.design.A @ u
        return np.concatenate([z] * self.n_pieces + [u[self.coordinates]])

    def fold(self, t):
        """Give the sum over the pieces for each row, and the rest."""
        if self.design is None:
            return None, t
        end = self.n_pieces * self.design.A.shape[0]
        return t[:end].reshape(self.n_pieces, -1).sum(axis=0), t[end:]

    def rmatvec(self, t):
        """Give B' t."""
        rows, rest = self.fold(t)
        g = np.zeros(self.size) if rows is None else self.design.transposed @ rows
        g[self.coordinates] += rest
        return g

    def gram(self, weight):
        """Give B' diag(weight) B."""
        rows, rest = self.fold(weight)
        H = np.zeros((self.size,) * 2) if rows is None else self.design.gram(rows)
        H[self.coordinates, self.coordinates] += rest
        return H


class Factor:
    """Cholesky of a symmetric matrix with a unit diagonal made first, and refined."""

    def __init__(self, H):
        self.H = H
        diagonal = np.diag(H)
        self.scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        for jitter in (0.0, 1e-14, 1e-12, 1e-10, 1e-8, 1e-6):
            unit = H * self.scale
            unit *= self.scale[:, None]
            unit[np.diag_indices_from(unit)] += jitter
            try:
                self.factor = linalg.cho_factor(
                    unit, lower=True, overwrite_a=True, check_finite=False
                )
                return
            except linalg.LinAlgError:
                continue
        raise linalg.LinAlgError("no factor")

    def once(self, g):
        """Solve without refinement."""
        inner = linalg.cho_solve(self.factor, self.scale * g, check_finite=False)
        return self.scale * inner

    def solve(self, g):
        """Solve H x = g."""
        x = self.once(g)
        return x + self.once(g - self.H @ x)
