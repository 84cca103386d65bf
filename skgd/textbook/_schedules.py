"""Learning rate schedules: eta(t) = eta0 / (t0 + t)^power, t counts steps from 1."""

from typing import NamedTuple

import numpy as np

ADAPTIVE = "adaptive"  # can be lowered
AGGRESSIVE = ("pa1", "pa2")  # rescale the derivative
# An adaptive rate below this is not lowered any more: the descent is over.
_LOWEST_ADAPTIVE_RATE = 1e-6


class Schedule(NamedTuple):
    """Three numbers that give the learning rate of step t."""

    eta0: float
    t0: float
    power: float

    def __call__(self, t: float) -> float:
        """Give eta(t), which may fall to zero or grow to infinity, as in the core."""
        try:
            return self.eta0 / (self.t0 + t) ** self.power
        except OverflowError:
            return 0.0
        except ZeroDivisionError:
            return np.inf

    def lowered(self):
        """Give an adaptive schedule with a fifth of the rate; None if it is over."""
        if self.eta0 <= _LOWEST_ADAPTIVE_RATE:
            return None
        return self._replace(eta0=self.eta0 / 5.0)


def _optimal(eta0: float, power_t: float, alpha: float) -> Schedule:
    # Bottou's heuristic as in scikit-learn: the first rate is the typical size of a
    # weight, sqrt(1 / sqrt(alpha)), where a derivative of one is assumed. t0 + t stays
    # above zero in the first step, whose 1 / (typical * alpha) may be lost in rounding.
    typical = (1.0 / alpha**0.5) ** 0.5
    t0 = max(1.0 / (typical * alpha) - 1.0, float(np.nextafter(-1.0, 0.0)))
    return Schedule(1.0 / alpha, t0, 1.0)


SCHEDULES = {
    "constant": lambda eta0, power_t, alpha: Schedule(eta0, 0.0, 0.0),
    "invscaling": lambda eta0, power_t, alpha: Schedule(eta0, 0.0, power_t),
    "optimal": _optimal,
    ADAPTIVE: lambda eta0, power_t, alpha: Schedule(eta0, 0.0, 0.0),
    **dict.fromkeys(AGGRESSIVE, lambda eta0, power_t, alpha: Schedule(eta0, 0.0, 0.0)),
}
