"""The best constant model: where a descent begins, and how F curves there."""

import numpy as np
from scipy.optimize import brentq

from skgd._core.losses import traits_of
from skgd._core.sample_space import SampleLoss
from skgd.auto._interval import Interval

# The mean curvature at the start is at least this share of the loss's bound: rows that
# are flat there (huber, squared hinge) need not be flat at the optimum.
LEAST_CURVATURE = 1e-3
_TINY = 1e-300
_LEAST_LOGARITHM = -36.0  # of a prediction for targets that all are zero: of 2e-16
_MOST = 200  # derivatives; 6 to 70 are normal
_LEAST_SHARE = 1e-300  # of a class: one without weight has no best logarithm


def best_constant(loss):
    """Give b of shape (K,), the best raw prediction that is the same for all rows.

    Where there is no closed form, by Brent's method on the derivative, which does not
    decrease in b.
    """
    if loss.n_outputs > 1:
        share = np.bincount(loss.y, loss.weight, minlength=loss.n_outputs)
        logit = np.log(np.maximum(share / share.sum(), _LEAST_SHARE))
        return logit - logit.mean()
    if loss.kinked:
        interval = Interval.of(loss)
        return np.array([interval.best_constant()])
    if loss.quadratic or loss.log_link:
        mean = loss.weight @ loss.y / loss.weight.sum()
        if loss.log_link:
            mean = np.log(mean) if mean > 0.0 else _LEAST_LOGARITHM
        return np.array([mean])
    is_class = traits_of(loss.name)["classification"]
    if is_class:
        loss = _two_rows(loss)
    zero, ones = np.zeros((1, len(loss.y))), np.ones((1, 1, len(loss.y)))

    def slope(b):
        return loss.plane(zero, ones, np.array([b]))[1][0]

    # Of a class without weight it is never far enough on its side.
    farthest = -np.log(_LEAST_SHARE) if is_class else np.inf
    low, high = float(loss.y.min()), float(loss.y.max())
    middle = 0.5 * low + 0.5 * high
    if slope(middle) == 0.0:  # maybe of many
        return np.array([middle])
    beyond = 0.1 * (high - low) or abs(high) or 1.0
    low, high = low - beyond, high + beyond
    while slope(low) > 0.0 and low > -farthest:
        low = max(low - 2.0 * (high - low), -farthest)
    while slope(high) < 0.0 and high < farthest:
        high = min(high + 2.0 * (high - low), farthest)
    for end, sign in (low, 1.0), (high, -1.0):
        if abs(end) == farthest and sign * slope(end) > 0.0:
            return np.array([end])
    return np.array([brentq(slope, low, high, xtol=_TINY, maxiter=_MOST, disp=False)])


def _two_rows(loss):
    """Give a loss of classes -1 and +1 on two rows, of the weights of all of them."""
    weight = np.array([loss.weight @ (loss.y < 0.0), loss.weight @ (loss.y > 0.0)])
    return SampleLoss(loss.name, loss.parameter, np.array([-1.0, 1.0]), weight)


def mean_curvature(loss, h) -> float:
    """Give the curvature of an output at raw predictions of which h is s l''."""
    if loss.kinked:
        return 1.0 / _spread(loss)
    least = LEAST_CURVATURE * loss.curvature * loss.weight.sum()
    return max(float(h.sum()) / loss.n_outputs, least if np.isfinite(least) else _TINY)


def _spread(loss):
    """Give the mean |y - median y|, whose inverse is a kinked loss's curvature.

    Of classes it is one: that far are the kinks of a hinge from the start.
    """
    if traits_of(loss.name)["classification"]:
        return 1.0
    median = best_constant(SampleLoss("absolute_error", 0.0, loss.y, loss.weight))
    return float(loss.weight @ np.abs(loss.y - median)) or 1.0
