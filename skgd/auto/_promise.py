"""Whether a step does what the curvature at its start promises."""

from skgd.auto._task import ROUNDING

_KEPT = 0.5  # share of the decrease promised that must come true
# Share of the curvature that may change on the way. Of 120 fits with l1 or elastic net,
# estimates are 0.9 to 3 times the truth with 0.05, and 0.1 to 4 with 0.4.
_CROSSING = 0.05
# Rows that curve, below which none may cross unseen: of 5400 fits with l1 or elastic
# net to 8 to 60 rows and up to four times as many columns, a row that had (3 % of the
# curvature) made 20 estimates 10 to 500 times too small, and one fit end at 13 tol.
_FEW = 200


def tolerated_change(task, h, share):
    """Give the share of a curvature that may change unseen: nothing, of few rows.

    Parameters
    ----------
    task : Task
    h : ndarray of shape (K, n_rows)
        The curvature.
    share : float
        Of that of many rows, or of a loss whose curvature does not jump.
    """
    few = task.loss.piecewise and task.space.n_curved(h) < _FEW
    return 0.0 if few else share


def keeps_promise(task, at, step, promised) -> bool:
    """Tell whether a step brings what it promises, and leads to the same curvature.

    If rows cross a kink of l' on the way, F - F* is not what the curvature at the start
    makes of it; those that cross two of them have the same curvature again, but not the
    decrease.

    Parameters
    ----------
    task : Task
        Of a piecewise loss.
    at : tuple
        (objective, v, z, h): F at the start, the coefficients, the raw predictions, and
        the curvature of the rows.
    step : tuple
        (dv, dz), of the coefficients and of the raw predictions.
    promised : float
        By how much F is to fall.
    """
    (objective, v, z, h), (dv, dz) = at, step
    d, after = task.space.room(task)
    loss = task.loss.evaluate(z + dz, d, after)
    gain = objective - loss - task.penalty(v + dv)
    if gain + 4.0 * ROUNDING * abs(objective) < _KEPT * promised:
        return False
    allowed = tolerated_change(task, h, _CROSSING)
    return bool(task.space.change(after, h)[0] <= allowed * h.sum())
