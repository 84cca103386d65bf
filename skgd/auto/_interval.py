"""Kinked losses in their common form, and the coordinates that suit them."""

from copy import copy

import numpy as np


class Interval:
    """s_i loss(y_i, z) = max over t in [lo_i, hi_i] of t (z - c_i) - e |t|.

    The maximiser t is the derivative of the loss, its weight inside. Shifted and
    smoothed, t is kept near an earlier t0 by the term -(t - t0)^2 / (2 sigma s_i).

    Parameters
    ----------
    name : {"hinge", "absolute_error", "quantile", "epsilon_insensitive"}
        The loss in the core's words.
    parameter : float
        Of the loss: the quantile in (0, 1), or epsilon >= 0 in units of y.
    y, weight : ndarray of shape (n_rows,), float64
        Targets (classes: +-1), and s.
    """

    def __init__(self, name, parameter, y, weight):
        below, above, slack = {
            "hinge": lambda: (y > 0, y < 0, 0.0),
            "absolute_error": lambda: (1.0, 1.0, 0.0),
            "quantile": lambda: (parameter, 1.0 - parameter, 0.0),
            "epsilon_insensitive": lambda: (1.0, 1.0, parameter),
        }[name]()
        self.center, self.weight, self.slack = y, weight, slack
        self.low, self.high = -weight * below, weight * above

    def value(self, z) -> float:
        """Give the mean loss at z (n_rows,)."""
        r = z - self.center
        above, below = self.high * (r - self.slack), self.low * (r + self.slack)
        return float(np.maximum(np.maximum(above, below), 0.0).sum())

    def complementarity(self, z, t) -> float:
        """Give the loss at z less its linear bound of slopes t: the gap, if g = 0."""
        bound = t @ (z - self.center) - self.slack * np.abs(t).sum()
        return max(self.value(z) - float(bound), 0.0)

    def slopes(self, z, shift, sigma):
        """Give the maximisers t of the shifted smoothing at z, and where it curves."""
        slope = sigma * self.weight
        t = shift + slope * (z - self.center)
        if self.slack:
            t = np.sign(t) * np.maximum(np.abs(t) - slope * self.slack, 0.0)
        inside = (self.low < t) & (t < self.high)
        if self.slack:
            inside &= t != 0.0
        return np.clip(t, self.low, self.high), inside

    def distance(self, z):
        """Give how far z is from the nearest kink, one number a row."""
        return np.abs(np.abs(z - self.center) - self.slack)

    def sides(self, z):
        """Give the derivative of the loss at z, away from its kinks."""
        r = z - self.center
        above = np.where(r > self.slack, self.high, 0.0)
        return np.where(r < -self.slack, self.low, above)

    def with_rows(self, positions):
        """Give the loss of some of the rows, their weights as they are."""
        some = copy(self)
        for name in ("center", "weight", "low", "high"):
            setattr(some, name, getattr(self, name)[positions])
        return some

    def best_constant(self) -> float:
        """Give the constant prediction of least loss; the middle one where many are."""
        kinks = np.concatenate([self.center + self.slack, self.center - self.slack])
        jumps = np.concatenate([self.high, -self.low])
        order = np.argsort(kinks)
        kinks, slope = kinks[order], self.low.sum() + np.cumsum(jumps[order])
        # Sums of weights are equal up to rounding only; a flat piece is kept whole.
        rounding = 1e-12 * (self.high.sum() - self.low.sum())
        first = min(np.searchsorted(slope, -rounding), len(kinks) - 1)
        last = min(np.searchsorted(slope, rounding, side="right"), len(kinks) - 1)
        return float(0.5 * (kinks[first] + kinks[last]))


def kinks_of(loss):
    """Give centre, lo, hi, e of the Interval of a SampleLoss."""
    interval = Interval(loss.name, loss.parameter, loss.y, loss.weight)
    return interval.center, interval.low, interval.high, interval.slack
