"""Textbook gradient descent for any function: a learning rate and an optimizer."""

import numpy as np

from skgd._core import engine
from skgd._function import Function, Halt, Point
from skgd.textbook import ADAPTIVE, SCHEDULES

_QUADRATIC = 1e-6  # of a rise: what differences in a quadratic leave, and rounding
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
        self._watches = True  # until fun rises above its start
        self._largest = np.inf  # bounds the stable rates, if fun is quadratic

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
        """Keep the largest curvature along the steps until one ends above the start.

        Of a function that is no quadratic along them it would say nothing: the first
        step that is too long ends where the curvature is another one.
        """
        if self._t == 1:
            self._start = before.fun
        if not self._watches:
            return
        self._watches = after.fun <= self._start
        move, change = after.x - before.x, after.jac - before.jac
        rise, bend = after.fun - before.fun, 0.5 * float(change @ move)
        defect = abs(rise - float(before.jac @ move) - bend)  # zero for a quadratic
        if not defect <= _QUADRATIC * (abs(rise) + bend):
            self._watches, self._largest = False, np.inf
            return
        # |H s| / |s| is at most the largest curvature, not far below if fun rises
        rate = 2.0 * float(np.linalg.norm(move) / np.linalg.norm(change))
        self._largest = min(self._largest, rate)  # NaN is not less

    def advice(self) -> str:
        """Say which rates to try where this one was too large."""
        advice = 'Take a smaller eta0, or learning_rate="auto", which needs none.'
        # A rate above the one that was too large would be no advice.
        if self._rule[0] == "sgd" and 0.0 < self._largest < self._schedule(self._t):
            return (
                "Where fun first rose above its start it is a quadratic whose stable"
                f" rates are at most about {self._largest:.2g}. {advice}"
            )
        return advice

    def _diverged(self, eta: float) -> Halt:
        return Halt(
            3,
            f"Floating-point under-/overflow occurred at iteration #{self._t}, with a"
            f" learning rate of {eta:g}: the descent has diverged."
            f" {self.advice()}",
        )
