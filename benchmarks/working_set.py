"""l1 on wide sparse X: the interior point, or Newton, on the columns that count.

Columns whose multipliers break their bound join the set until none does.
"""

import time

import newton
import numpy as np
from interior_point import InteriorPoint
from multipliers import Smoothed
from objective import log_derivatives

FIRST = 300  # columns of the first set
TINY = 1e-7  # share of the largest coefficient, up to which one leaves the set


class Restricted:
    """The problem restricted to some columns, with multipliers of the rows.

    `stacked(problem, design)` gives rows, terms and quadratic of a set of columns.
    """

    def __init__(self, problem, design, stacked, null, deadline):
        self.problem, self.design, self.stacked = problem, design, stacked
        self.null, self.deadline = null, deadline
        self.stack, self.boxes, M = stacked(problem, design)
        self.whole = Smoothed(problem, self.stack, self.boxes, M)
        self.rest = np.zeros(design.size - 1)

    def multipliers(self, start):
        """Give those of the constant model: one a row and piece."""
        if self.whole.is_log:
            z = np.full(self.problem.X.shape[0], start)
            return log_derivatives(self.problem, z)[0]
        rows = len(self.boxes.low) - len(self.rest)
        z = np.append(np.full(rows, start), self.rest)
        return self.boxes.value(z)[1][:rows]

    def slopes(self, t):
        """Give the size of the loss's slope along each column."""
        pieces = t.reshape(self.stack.n_pieces, -1).sum(axis=0)
        return np.abs((self.design.transposed @ pieces)[:-1])

    def lower_bound(self, t):
        """Give the dual objective at multipliers made feasible."""
        if self.whole.is_log:
            return self.whole.lower_bound(self.rest, t)
        return self.whole.lower_bound(np.append(t, self.rest), None)

    def minimise(self, columns, first):
        """Give u on those columns, F there and the rows' multipliers."""
        part = self.design.subset(columns)
        if self.whole.is_log:
            enough = {"relative": 1e-11, "deadline": self.deadline}
            u, value, _ = newton.minimise(
                self.problem, part, first, self.null, **enough
            )
            return u[0], value, log_derivatives(self.problem, part.A @ u[0])[0]
        solver = InteriorPoint(*self.stacked(self.problem, part))
        u, value, _ = solver.solve(
            first,
            lambda now: 1e-11 * max(self.null - now, 1e-12 * self.null),
            deadline=self.deadline,
        )
        return u, value, solver.multipliers[: -len(columns)]


def minimise(problem, design, stacked, start, null, relative=1e-9, deadline=np.inf):
    """Give u, F there and a bound on F - F*."""
    restricted = Restricted(problem, design, stacked, null, deadline)
    lam = design.per_coefficient(problem.l1, 1)[:-1]
    t, value = restricted.multipliers(start), null
    columns, part_u = np.zeros(0, dtype=int), np.array([start])
    lower = restricted.lower_bound(t)
    for _ in range(100):
        excess = restricted.slopes(t) / lam
        excess[columns] = 0
        broken = np.flatnonzero(excess > 1 + 1e-10)
        if not len(broken):
            break
        used = np.abs(part_u[:-1]) > TINY * np.abs(part_u[:-1]).max(initial=0.0)
        many = max(FIRST, int(used.sum()))
        chosen = broken[np.argsort(-excess[broken])[:many]]
        columns = np.append(columns[used], chosen)
        kept = part_u[:-1][used]
        first = np.concatenate([kept, np.zeros(len(chosen)), part_u[-1:]])
        part_u, value, t = restricted.minimise(columns, first)
        lower = max(lower, restricted.lower_bound(t))
        enough = relative * max(null - value, 1e-12 * null)
        if value - lower <= enough or time.process_time() > deadline:
            break
    u = np.zeros(design.size)
    u[columns], u[-1] = part_u[:-1], part_u[-1]
    return u, value, max(value - lower, 0.0)
