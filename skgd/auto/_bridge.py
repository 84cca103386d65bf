"""The rows of a view as one vector of unknowns multiplies them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass
class Bridge:
    """B for the rows of a view: its columns of scale not 0, the intercept last."""

    view: Any
    columns: np.ndarray
    intercept: bool
    copies: int

    def matvec(self, u):
        """Give B u, once for each copy of the rows."""
        v = np.zeros(self.view.n_features)
        v[self.columns] = u[: len(self.columns)]
        z = self.view.matvec(v[None])[0]
        if self.intercept:
            z += u[-1]
        return np.tile(z, self.copies) if self.copies > 1 else z

    def rmatvec(self, *vectors):
        """Give B' r of each r."""
        r = np.stack([v.reshape(self.copies, -1).sum(0) for v in vectors])
        g = self.view.rmatvec(r)[:, self.columns]
        return np.hstack([g, r.sum(1)[:, None]]) if self.intercept else g

    def squares(self, theta):
        """Give the diagonal of B' diag(theta) B, for one copy of the rows."""
        squares = self.view.rmatvec_squared(theta)[self.columns]
        return np.append(squares, theta.sum()) if self.intercept else squares

    def with_rows(self, positions):
        """Give B for some of the rows."""
        return replace(self, view=self.view.with_rows(positions))

    def gram(self, theta):
        """Give B' diag(theta) B."""
        gram = self.view.gram(theta.reshape(self.copies, -1).sum(0))
        keep = self.columns
        if self.intercept:
            keep = np.append(keep, len(gram) - 1)
        return gram if len(keep) == len(gram) else gram[np.ix_(keep, keep)]
