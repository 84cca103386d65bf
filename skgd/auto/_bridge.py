"""The rows of a view as one vector of unknowns multiplies them."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np


@dataclass
class Bridge:
    """B for the rows of a view: its columns of scale not 0, the intercept last."""

    view: Any
    columns: np.ndarray
    intercept: bool
    copies: int

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
        g = np.empty((len(r), len(self.columns) + self.intercept))
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

    def with_rows(self, positions):
        """Give B for some of the rows."""
        return replace(self, view=self.view.with_rows(positions))

    def gram(self, theta):
        """Give B' diag(theta) B."""
        if self.copies > 1:
            theta = theta.reshape(self.copies, -1).sum(0)
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
