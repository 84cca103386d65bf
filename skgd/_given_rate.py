"""Textbook gradient descent for any function: a learning rate and an optimizer."""

import numpy as np

from skgd._core import engine
from skgd._function import Function, Halt, Point
from skgd.textbook import ADAPTIVE, SCHEDULES

_PATIENCE = 5  # iterations without a lower value that lower an adaptive rate


class GivenRateDescent:
    """x <- P(optimizer(x, g, eta_t)), as the estimators' textbook descent steps.

    Parameters
    ----------
    function : Function
        What to minimise.
    rule : tuple of (str, float, float, float)
        The optimizer's name and numbers.
    kind : str
        "constant", "invscaling" or "adaptive".
    eta0, power_t : float
        Of the schedule.
    """

    def __init__(self, function: Function, rule, kind: str, eta0, power_t):
        self._function, self._rule, self._kind = function, rule, kind
        self._schedule = SCHEDULES[kind](float(eta0), float(power_t), 0.0)
        n = len(function.low)
        self._state = np.zeros(n), np.zeros(n)
        self._t = 0
        self._lowest, self._since = np.inf, 0
        self._start = np.inf
        self._largest = np.nan  # bounds the stable rates where fun began to rise

    def advance(self, point: Point) -> Point:
        """Take a step."""
        if self._kind == ADAPTIVE:
            self._adapt(point)
        self._t += 1
        eta = self._schedule(self._t)
        x = point.x.copy()
        engine.take_step(self._rule, eta, self._t, point.jac, *self._state, x)
        x = self._function.project(x)
        if not np.isfinite(x).all():
            raise self._diverged(eta)
        fun = self._function.value(x)
        jac = self._function.gradient(x, fun) if np.isfinite(fun) else x
        if not np.isfinite(fun) or not np.isfinite(jac).all():
            raise self._diverged(eta)
        after = Point(x, fun, jac)
        self._watch(point, after)
        return after

    def _adapt(self, point: Point) -> None:
        self._since += 1
        if point.fun < self._lowest:
            self._lowest, self._since = point.fun, 0
        if self._since < _PATIENCE:
            return
        lowered = self._schedule.lowered()
        if lowered is None:
            raise Halt(
                2,
                "The adaptive learning rate has fallen to"
                f" {self._schedule.eta0:.2g}, and fun does not fall any more.",
            )
        self._schedule, self._since = lowered, 0

    @np.errstate(all="ignore")
    def _watch(self, before: Point, after: Point) -> None:
        """Keep the curvature along the first step that ended above the start."""
        if self._t == 1:
            self._start = before.fun
        if after.fun > self._start and np.isnan(self._largest):
            move, change = after.x - before.x, after.jac - before.jac
            # |H s| / |s| is at most the largest curvature, and here not far below
            self._largest = 2.0 * float(np.linalg.norm(move) / np.linalg.norm(change))

    def advice(self) -> str:
        """Say which rates to try where this one was too large."""
        advice = 'Take a smaller eta0, or learning_rate="auto", which needs none.'
        if self._rule[0] == "sgd" and 0.0 < self._largest < np.inf:
            return (
                "Where fun first rose above its start, a stable rate was at most"
                f" about {self._largest:.2g}. {advice}"
            )
        return advice

    def _diverged(self, eta: float) -> Halt:
        return Halt(
            3,
            f"Floating-point under-/overflow occurred at iteration #{self._t}, with a"
            f" learning rate of {eta:g}: the descent has diverged."
            f" {self.advice()}",
        )
