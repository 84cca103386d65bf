"""The optimum by an interior point, over the columns that are likely to move."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import LinAlgError

from skgd.auto._dual_bound import pull_of
from skgd.auto._interior import InteriorPoint

_ITERATIONS = 100  # 14 to 40 are normal
_CLOSE = 0.95  # of the l1 penalty: a column whose slope is less is unlikely to move
_NEARLY_ALL = 0.8  # of the columns: all are taken, so that slopes leave none outside
# Of the columns, as many may be missing to be taken in, so many times. Where more are,
# slopes are not unique (one-hot rows), and more turn out to be missing again.
_FEW_MISSING, _TRIES = 0.05, 3
_FINER = 0.01  # of tol: so much less that its slopes bound F* over all columns


@dataclass
class Found:
    """A model, and the slopes of the loss that belong to it.

    Attributes
    ----------
    v, b : ndarray of shape (1, n_features) and (1,)
        The model.
    t : ndarray of shape (n_rows,)
        Slopes, which may leave columns outside more than their penalty.
    """

    v: np.ndarray
    b: np.ndarray
    t: np.ndarray


def likely(task, v, g):
    """Give the columns that have a coefficient, or a slope g near the l1 penalty."""
    some = (v[0] != 0.0) | (pull_of(task, g) > _CLOSE * task.l1)
    every = task.view.scale > 0.0
    few = np.count_nonzero(some) <= _NEARLY_ALL * np.count_nonzero(every)
    return np.flatnonzero(some if few else every)


def cost(task, columns) -> float:
    """Give what `solve_over` takes at least, in multiplications of a product with X.

    Thirty iterations, each of one number a row, one an entry of a Gram matrix and one a
    multiplication of its factor (measured).
    """
    n, d = task.view.n_rows, float(len(columns))
    return 30.0 * (150.0 * n + 10.0 * d**2 + d**3 / 180.0)


def solve_over(task, columns, tol, enough):
    """Give the optimum over some columns and, if few, those it shows to be missing.

    Parameters
    ----------
    task : Task
        Of one output, its loss one of Interval's, of sparse X; all rows have weight.
    columns : ndarray of int
        In increasing order.
    tol : float
        Of the relative gap over all columns.
    enough : callable
        Tells of what was found whether it will do.

    Returns
    -------
    Found
        The last.

    Raises
    ------
    LinAlgError
        If a path has left the finite numbers.
    """
    for _ in range(_TRIES):
        found = _solve(task, columns, _FINER * tol)
        if enough(found):
            break
        pull = pull_of(task, task.view.rmatvec(found.t[None])[0])
        outside = np.setdiff1d(np.arange(len(pull)), columns)
        near = outside[pull[outside] > _CLOSE * task.l1[outside]]
        missing = (pull[near] > task.l1[near]).any()
        if not missing or len(near) > _FEW_MISSING * len(columns):
            break
        columns = np.union1d(columns, near)
    return found


def _solve(task, columns, tol):
    part = replace(
        task,
        view=task.view.with_columns(columns),
        ridge=task.ridge[columns],
        l1=task.l1[columns],
    )
    descent = InteriorPoint(part, np.zeros((1, len(columns))), task.constant, tol)
    for _ in range(_ITERATIONS):
        report = descent.run_epoch()
        needed = part.needed(tol, report.objective)
        if report.exhausted or (report.certified and report.suboptimality <= needed):
            break
    v, t = np.zeros((1, len(task.l1))), descent.slopes()
    v[:, columns] = descent.v
    if not np.isfinite(t).all():
        raise LinAlgError("slopes are not finite")
    return Found(v, descent.b, t)
