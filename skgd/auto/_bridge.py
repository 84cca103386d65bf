"""The rows of a view as one vector of unknowns multiplies them."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import issparse


def as_dense(X):
    """Give rows of a design as an array."""
    return X.toarray() if issparse(X) else X


def heaviest_of(theta, count):
    """Give the positions of the largest numbers, in order, or None for all."""
    if count >= len(theta):
        return None
    return np.sort(np.argpartition(theta, len(theta) - count)[-count:])


@dataclass
class Bridge:
    """B for the rows of a view: its columns of scale not 0, the intercept last."""

    view: Any
    columns: np.ndarray
    intercept: bool
    copies: int

    @classmethod
    def of(cls, task):
        """Give B of all columns of a task."""
        columns = np.arange(task.view.n_features)
        return cls(task.view, columns, task.fit_intercept, 1)

    @property
    def n_unknowns(self) -> int:
        """The length of the vectors that B multiplies."""
        return len(self.columns) + int(self.intercept)

    @cached_property
    def _whole(self) -> bool:
        return len(self.columns) == self.view.n_features

    @cached_property
    def _narrow(self):
        """The view without the other columns: of many a Gram matrix has no room."""
        return self.view.with_columns(self.columns)

    def matvec(self, u):
        """Give B u, once for each copy of the rows."""
        v = u[None, : len(self.columns)]
        if not self._whole:
            v = np.zeros((1, self.view.n_features))
            v[0, self.columns] = u[: len(self.columns)]
        z = self.view.matvec(v)[0]
        if self.intercept:
            z += u[-1]
        return np.tile(z, self.copies) if self.copies > 1 else z

    def rmatvec(self, *vectors):
        """Give B' r of each r."""
        r = np.array(vectors)
        if self.copies > 1:
            r = r.reshape(len(r), self.copies, -1).sum(1)
        g = np.empty((len(r), self.n_unknowns))
        of_columns = self.view.rmatvec(r)
        g[:, : len(self.columns)] = (
            of_columns if self._whole else of_columns[:, self.columns]
        )
        if self.intercept:
            r.sum(axis=1, out=g[:, -1])
        return g

    def squares(self, theta):
        """Give the diagonal of B' diag(theta) B, for one copy of the rows."""
        squares = self.view.rmatvec_squared(theta)[self.columns]
        return np.append(squares, theta.sum()) if self.intercept else squares

    def of_rows(self, theta):
        """Give what all copies of each row have together."""
        return theta.reshape(self.copies, -1).sum(axis=0) if self.copies > 1 else theta

    def blocks(self, size):
        """Yield B, about `size` values of dense rows at a time, and their positions."""
        view, p = self.view, self.n_unknowns
        step = max(size // p, p)
        for begin in range(0, view.n_rows, step):
            positions = slice(begin, begin + step)
            rows = np.ones((len(view.rows[positions]), p))
            own = rows[:, : len(self.columns)]
            own[:] = as_dense(view.X[view.rows[positions]][:, self.columns])
            own -= view.mean[self.columns]
            own *= view.scale[self.columns]
            yield rows, positions

    def with_rows(self, positions):
        """Give B for some of the rows."""
        return replace(self, view=self.view.with_rows(positions))

    def heaviest(self, theta, count):
        """Give B for the rows of the largest theta, and these."""
        seen = heaviest_of(theta, count)
        return (self, theta) if seen is None else (self.with_rows(seen), theta[seen])

    def gram(self, theta):
        """Give B' diag(theta) B."""
        theta = self.of_rows(theta)
        if self.view.sparse and not self._whole:
            gram = self._narrow.gram(theta)
            return gram if self.intercept else gram[:-1, :-1].copy()
        gram = self.view.gram(theta)
        if self._whole and self.intercept:
            return gram
        keep = self.columns
        if self.intercept:
            keep = np.append(keep, len(gram) - 1)
        return gram[np.ix_(keep, keep)]
