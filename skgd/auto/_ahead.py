"""Where Newton steps lead if rows cease to curve on their way."""

import numpy as np

_MOST_STEPS = 10
_LASTING = 0.8  # of the curvature along a step: what has to be left at its end


def look_ahead(task, at, first, factor, enough):
    """Give an estimate of F - F* where rows cease to curve, and the way there.

    A metric may be mostly of rows that its step carries far to their side, where they
    curve no longer: they hold it back, and behind them F may go on to fall. So without
    them the decrement is taken at the step's end, and what F has fallen by until there
    is added; where the next step finds such rows too, so on from its end.

    Parameters
    ----------
    task : Task
        Of a smooth loss.
    at : tuple
        (objective, v, z, h): F, the coefficients, the raw predictions, and the
        curvature of the rows that the metric is made of; arrays of n_outputs rows.
    first : tuple
        (step, dz): of shape (n_outputs, n_features + 1), and what it does to those.
    factor : callable
        Gives a metric from the curvature and the raw predictions.
    enough : callable
        Whether an estimate is; beyond the first that is not no row is looked for.

    Returns
    -------
    (estimate, step) or None
        None if rows go on to curve.
    """
    (objective, v, z, h), (step, dz) = at, first
    slope, there = task.space.room(task)
    found, whole = None, step
    for _ in range(_MOST_STEPS):
        v, z = v + step[:, :-1], z + dz
        gained = objective - task.loss.evaluate(z, slope, there) - task.penalty(v)
        left = np.fmin(h, there)
        if not gained >= 0.0 or _lasts(h, left, dz):
            break
        g, h = task.gradient(slope, v), left
        step = factor(h, z).solve(-g)
        if len(step) > 1:
            step -= step.mean(axis=0)
        estimate, whole = gained - 0.5 * float(np.vdot(g, step)), whole + step
        found = estimate, whole
        if not enough(estimate):
            break
        dz = task.view.matvec(step[:, :-1]) + step[:, -1:]
    return found


def _lasts(h, left, dz) -> bool:
    """Tell whether most of the curvature along a step is left at its end."""
    square = dz**2
    return np.vdot(left, square) >= _LASTING * np.vdot(h, square)
