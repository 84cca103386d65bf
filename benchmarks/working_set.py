"""l1 on wide sparse X: the interior point on the columns that count.

Columns whose multipliers break their bound join the set until none does.
"""

import time

import numpy as np
from interior_point import InteriorPoint
from multipliers import Smoothed

FIRST = 300  # columns of the first set


def minimise(problem, design, stacked, start, null, relative=1e-9, deadline=np.inf):
    """Give u, F there and a bound on F - F*.

    `stacked(problem, design)` gives rows, terms and quadratic of a set of columns.
    """
    stack, boxes, M = stacked(problem, design)
    whole = Smoothed(problem, stack, boxes, M)
    lam = design.per_coefficient(problem.l1, 1)[:-1]
    rest = np.zeros(len(lam))
    z = np.append(np.full(len(boxes.low) - len(lam), start), rest)
    _, t = boxes.value(z)
    columns, part_u = np.zeros(0, dtype=int), np.array([start])
    lower = 0.0
    for _ in range(25):
        rows = stack.fold(t)[0]
        excess = np.abs((design.transposed @ rows)[:-1]) / lam
        excess[columns] = 0
        broken = np.flatnonzero(excess > 1 + 1e-10)
        if not len(broken):
            break
        many = max(FIRST, len(columns))
        chosen = broken[np.argsort(-excess[broken])[:many]]
        columns = np.append(columns, chosen)
        part = design.subset(columns)
        solver = InteriorPoint(*stacked(problem, part))
        first = np.concatenate([part_u[:-1], np.zeros(len(chosen)), part_u[-1:]])
        part_u, value, _ = solver.solve(
            first, lambda now: 1e-11 * max(null - now, 1e-12 * null), deadline=deadline
        )
        t = np.append(solver.multipliers[: -len(columns)], rest)
        lower = max(lower, whole.lower_bound(t, None))
        enough = relative * max(null - value, 1e-12 * null)
        if value - lower <= enough or time.process_time() > deadline:
            break
    u = np.zeros(design.size)
    u[columns], u[-1] = part_u[:-1], part_u[-1]
    value = boxes.value(stack.matvec(u))[0].sum()
    if not len(columns):
        lower = whole.lower_bound(t, None)
    return u, value, max(value - lower, 0.0)
