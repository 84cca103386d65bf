"""Losses of straight and quadratic pieces in their common, dual form."""

import math
from copy import copy

import numpy as np

_LARGE = 1e300


def _dual_forms(y, parameter):
    """Give, of each loss, what lo and hi are below and above, e, and l'' or 0."""
    free = math.inf
    return {
        "hinge": (y > 0, y < 0, 0.0, 0.0),
        "absolute_error": (1.0, 1.0, 0.0, 0.0),
        "quantile": (parameter, 1.0 - parameter, 0.0, 0.0),
        "epsilon_insensitive": (1.0, 1.0, parameter, 0.0),
        "squared_error": (free, free, 0.0, 1.0),
        "huber": (parameter, parameter, 0.0, 1.0),
        "squared_epsilon_insensitive": (free, free, parameter, 2.0),
        "squared_hinge": (
            np.where(y > 0, free, 0.0),
            np.where(y < 0, free, 0.0),
            0.0,
            2.0,
        ),
        "modified_huber": (4.0 * (y > 0), 4.0 * (y < 0), 0.0, 2.0),
    }


def _beyond(r, slack):
    """Give how far r is beyond +-slack, with its sign."""
    return np.sign(r) * np.maximum(np.abs(r) - slack, 0.0)


class Interval:
    """s_i loss(y_i, z) = max over t in [lo_i, hi_i] of t (z - c_i) - e |t| - G_i(t).

    G_i(t) = gamma_i t^2 / 2, zero of the losses with kinks. The maximiser t is the
    derivative of the loss, its weight inside. Shifted and smoothed, t of a loss with
    kinks is kept near an earlier t0 by the term -(t - t0)^2 / (2 sigma s_i).

    Parameters
    ----------
    name : str
        The loss in the core's words, one of `Interval.names`.
    parameter : float
        Of the loss: the quantile in (0, 1), or epsilon >= 0 in units of y.
    y, weight : ndarray of shape (n_rows,), float64
        Targets (classes: +-1), and s.
    """

    names = frozenset(_dual_forms(np.zeros(0), 0.0))

    def __init__(self, name, parameter, y, weight):
        below, above, slack, self.curvature = _dual_forms(y, parameter)[name]
        self.center, self.weight, self.slack = y, weight, slack
        counts = weight > 0.0
        with np.errstate(invalid="ignore"):
            self.low = np.where(counts, -weight * below, 0.0)
            self.high = np.where(counts, weight * above, 0.0)
        self.gamma = np.zeros(len(y))
        if self.smooth:  # of weights next to zero no more than products can take
            self.gamma[:] = _LARGE
            with np.errstate(over="ignore"):
                np.divide(1.0 / self.curvature, weight, out=self.gamma, where=counts)
            np.minimum(self.gamma, _LARGE, out=self.gamma)

    @classmethod
    def of(cls, loss):
        """Give the form of a SampleLoss."""
        return cls(loss.name, loss.parameter, loss.y, loss.weight)

    def value(self, z) -> float:
        """Give the mean loss at z (n_rows,)."""
        r = z - self.center
        if self.smooth:
            t = self.derivative(z)
            part = t * (r - 0.5 * self.gamma * t) - self.slack * np.abs(t)
            return float(np.maximum(part, 0.0).sum())
        above, below = self.high * (r - self.slack), self.low * (r + self.slack)
        return float(np.maximum(np.maximum(above, below), 0.0).sum())

    @property
    def smooth(self) -> bool:
        """Whether the loss has quadratic pieces and no kinks."""
        return self.curvature > 0.0

    @property
    def bounded(self) -> bool:
        """Whether no row has more slope than a bound, whatever is predicted of it."""
        return bool(np.isfinite(self.low).all() and np.isfinite(self.high).all())

    def derivative(self, z):
        """Give the derivative of a smooth loss at z."""
        r = z - self.center
        if self.slack:
            r = _beyond(r, self.slack)
        return np.clip(r / self.gamma, self.low, self.high)

    def complementarity(self, z, t) -> float:
        """Give a loss with kinks at z less its linear bound of slopes t.

        That is the duality gap where the gradient is zero.
        """
        bound = t @ (z - self.center) - self.slack * np.abs(t).sum()
        return max(self.value(z) - float(bound), 0.0)

    def slopes(self, z, shift, sigma):
        """Give the maximisers t of the shifted smoothing at z, and where it curves."""
        slope = sigma * self.weight
        t = shift + slope * (z - self.center)
        if self.slack:
            t = _beyond(t, slope * self.slack)
        if self.smooth:
            t = t / (1.0 + slope * self.gamma)
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

    def rounded_slopes(self, z):
        """Give the derivative at z, as it were without a kink."""
        if self.smooth:
            return self.derivative(z)
        outside = _beyond(z - self.center, self.slack)
        near = np.quantile(np.abs(outside), 0.1) or 1.0
        ends = np.where(outside > 0.0, self.high, self.low)
        return ends * np.minimum(np.abs(outside) / near, 1.0)

    def most_gained(self, violation) -> float:
        """Bound what t gains in the dual by going where it should, as far as that is.

        `violation` : the slope of the dual in t, at most.
        """
        if self.smooth:  # gamma curves the dual
            return 0.5 * violation**2 * self.curvature * float(self.weight.sum())
        return violation * float((self.high - self.low).sum())

    def with_rows(self, positions):
        """Give the loss of some of the rows, their weights as they are."""
        some = copy(self)
        for name in ("center", "weight", "low", "high", "gamma"):
            setattr(some, name, getattr(self, name)[positions])
        return some

    def with_bounds(self, most):
        """Give a loss whose slopes have bounds, the same up to where a row's is `most`.

        Beyond it is no less than four times that, as a line.
        """
        some, farthest = copy(self), 2.0 * np.sqrt(2.0 * most / self.gamma)
        some.low = np.maximum(self.low, -farthest)
        some.high = np.minimum(self.high, farthest)
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
