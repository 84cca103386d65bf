"""l1 beside a loss of straight pieces on wide sparse X: a linear program, by HiGHS.

    minimise over u, p >= 0, q >= 0   sum_i high_i p_i - low_i q_i + sum_j lam_j |u_j|
    subject to                        (B u)_i - p_i + q_i = c_i

with a row for each piece of the loss. Huangfu and Hall (2018), "Parallelizing the dual
revised simplex method"; the interior point of the same package.
"""

import numpy as np
from multipliers import Smoothed
from scipy import optimize, sparse


def minimise(problem, stack, boxes, M, seconds=np.inf):
    """Give u, F there and a bound on F - F*; None where HiGHS finds no u.

    Neither figure rests on HiGHS: F is computed at its u, the bound from its
    multipliers of the rows, made feasible.
    """
    end, n_columns = len(boxes.low) - len(stack.coordinates), stack.size - 1
    high, low = boxes.high[:end], -boxes.low[:end]
    lam = boxes.high[end:]
    rows = sparse.vstack([stack.design.A] * stack.n_pieces)
    columns, ones = rows[:, :-1], rows[:, -1:]
    rest = sparse.eye_array(end)
    least = np.zeros(2 * n_columns + 1 + 2 * end)
    least[2 * n_columns] = -np.inf
    most = np.full(len(least), np.inf)
    if problem.positive:
        most[n_columns : 2 * n_columns] = 0
    solved = optimize.linprog(
        np.concatenate([lam, lam, [0.0], high, low]),
        A_eq=sparse.hstack([columns, -columns, ones, -rest, rest]),
        b_eq=boxes.centre[:end],
        bounds=np.column_stack([least, most]),
        method="highs-ipm",
        options={"time_limit": seconds},
    )
    if solved.x is None:
        return None
    up, down = solved.x[: 2 * n_columns].reshape(2, -1)
    u = np.append(up - down, solved.x[2 * n_columns])
    whole = Smoothed(problem, stack, boxes, M)
    value = whole.true_value(u, stack.matvec(u))
    t = np.append(solved.eqlin.marginals, np.zeros(n_columns))
    lower = max(whole.lower_bound(-t, None), 0.0)
    return u, value, max(value - lower, 0.0)
