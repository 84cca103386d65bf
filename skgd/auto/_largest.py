"""The alpha with which a sequence of them begins."""

import numpy as np

from skgd.auto._constant import best_constant, mean_curvature
from skgd.auto._coordinates import look_at_columns, output_losses, row_weights


def largest_alpha(problem, positive: bool, l1_ratio: float) -> float:
    """Give the alpha beyond which a larger one changes little or nothing.

    With l1 it is the least alpha of which all coefficients are zero,
    max_j |g_j| / l1_ratio, g being the gradient of the loss at the best model without
    coefficients (an element of the subdifferential where that has a kink). Without, it
    is the sum over the columns of their curvature there: from it on the penalty is
    steeper than the loss in every direction. Three passes over X.

    Parameters
    ----------
    problem : Problem
        Its penalty is not looked at.
    positive : bool
        Whether coefficients must not be negative.
    l1_ratio : float
        The share of l1 in the penalty.

    Returns
    -------
    float
        > 0; 1 where no alpha makes a difference.
    """
    s = row_weights(problem)
    view, mean, variance = look_at_columns(problem, problem.fit_intercept, s)
    view = view.with_coordinates(mean, (variance >= 0.0).astype(np.float64))
    largest = 0.0
    for loss in output_losses(problem, s):
        constant = np.zeros(loss.n_outputs)
        if problem.fit_intercept:
            constant = best_constant(loss)
        z = np.repeat(constant[:, None], view.n_rows, axis=1)
        d, h = np.empty((2, *z.shape))
        loss.evaluate(z, d, h)
        if l1_ratio > 0.0:
            g = view.rmatvec(d)
            largest = max(largest, float((-g if positive else np.abs(g)).max()))
        else:
            curvature = mean_curvature(loss, h)
            largest = max(largest, curvature * np.maximum(variance, 0.0).sum())
    return largest / (l1_ratio or 1.0) or 1.0
