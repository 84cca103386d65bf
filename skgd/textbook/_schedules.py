"""Learning rate schedules: eta(t) = eta0 / (t0 + t)^power, t counts steps from 1."""

from typing import NamedTuple

ADAPTIVE = "adaptive"  # can be lowered
AGGRESSIVE = ("pa1", "pa2")  # rescale the derivative


class Schedule(NamedTuple):
    """Three numbers that give the learning rate of step t."""

    eta0: float
    t0: float
    power: float

    def __call__(self, t: float) -> float:
        """Give eta(t)."""
        return self.eta0 / (self.t0 + t) ** self.power


def _optimal(eta0: float, power_t: float, alpha: float) -> Schedule:
    # Bottou's heuristic as in scikit-learn: the first rate is the typical size of a
    # weight, sqrt(1 / sqrt(alpha)), where a derivative of one is assumed.
    typical = (1.0 / alpha**0.5) ** 0.5
    return Schedule(1.0 / alpha, 1.0 / (typical * alpha) - 1.0, 1.0)


SCHEDULES = {
    "constant": lambda eta0, power_t, alpha: Schedule(eta0, 0.0, 0.0),
    "invscaling": lambda eta0, power_t, alpha: Schedule(eta0, 0.0, power_t),
    "optimal": _optimal,
    ADAPTIVE: lambda eta0, power_t, alpha: Schedule(eta0, 0.0, 0.0),
    **dict.fromkeys(AGGRESSIVE, lambda eta0, power_t, alpha: Schedule(eta0, 0.0, 0.0)),
}
