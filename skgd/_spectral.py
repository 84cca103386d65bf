"""Gradient descent for any function without a learning rate: spectral steps."""

from collections import deque

import numpy as np

from skgd._function import Function, Halt, Point

_MEMORY = 10  # values that a new one may be as large as (Grippo et al.: 10)
_SHORT_STEPS = 6  # of which the shortest is taken (Frassoldati et al.: m = 5)
_DECREASE = 1e-4  # share of the decrease a straight line promises (Armijo)
_LARGEST_STEP, _SMALLEST_STEP = 1e308, 1e-300
_GROWTH = 10.0  # of a step where the curvature along it was not positive
_ROUNDING = 8.0 * np.finfo(np.float64).eps  # of fun, in its own size, or less
_LARGEST_NOISE = 1e-9  # of fun, in its own size, where its terms cancel
_MAX_SECANTS = 10


class SpectralDescent:
    """x <- x + share * (P(x - step * g) - x), the step from the last two gradients.

    With s and y what x and g changed by, long = s's / s'y and short = s'y / y'y are
    the reciprocals of means of the curvature along s (Barzilai, Borwein). The step is
    the shortest of the last short ones where short < threshold * long, and the long one
    otherwise; the threshold moves by a tenth each time, so that both come to be used.
    """

    def __init__(self, function: Function):
        self._function = function
        self._values: deque[float] = deque(maxlen=_MEMORY)
        self._shorts: deque[float] = deque(maxlen=_SHORT_STEPS)
        self._threshold = 0.5
        self._step = 0.0

    def advance(self, point: Point) -> Point:
        """Take a step."""
        if not self._values:
            self._step = 1.0 / self._function.optimality(point)
        self._values.append(point.fun)
        direction = self._direction(point)
        after = self._search(point, direction)
        self._step = self._next_step(point, after)
        return after

    def advice(self) -> str:
        """Give what to say where no step went below the start: nothing."""
        return ""

    @np.errstate(over="ignore", invalid="ignore")
    def _direction(self, point: Point):
        # A step into the unknown is no longer than ten times the way from zero.
        reach = _GROWTH * max(1.0, float(abs(point.x).max()))
        reach = min(reach / float(abs(point.jac).max()), _LARGEST_STEP)
        step = min(self._step, reach)
        while True:
            direction = self._function.project(point.x - step * point.jac) - point.x
            if direction.any() or step >= reach:
                return direction
            step = min(_GROWTH * step, reach)  # all of it was lost in rounding

    def _search(self, point: Point, direction) -> Point:
        """Shorten the step until fun is below the largest of the last values."""
        function = self._function
        highest, rounding = max(self._values), _ROUNDING * abs(point.fun)
        slope = _dot(point.jac, direction)
        if not slope < 0.0:  # underflow
            raise _no_decrease()
        share = 1.0
        while share == 1.0 or -share * slope > rounding:
            x = function.project(point.x + share * direction)
            if np.array_equal(x, point.x):
                break
            fun = function.value(x)
            if fun == -np.inf:
                raise Halt(3, "fun is unbounded below: it came to -inf.")
            if fun <= highest + rounding + _DECREASE * share * slope:
                jac = function.gradient(x, fun)
                if np.isfinite(jac).all():
                    return Point(x, fun, jac)
                fun = np.inf
            share *= _shortening(point.fun, fun, share * slope)
        return self._search_by_slopes(point, direction)

    def _search_by_slopes(self, point: Point, direction) -> Point:
        """Find a step by its slopes, where fun's rounding hides the decrease.

        The values may not rise by more than what passes for rounding. The whole step
        is taken if it ends before the slope has turned, a shorter one, found by the
        secant rule, if the slope has halved: the approximate conditions of Hager and
        Zhang. A gradient of the wrong sign meets neither.
        """
        function = self._function
        highest = max(self._values) + _LARGEST_NOISE * abs(point.fun)
        slope = _dot(point.jac, direction)
        share = 1.0
        for _ in range(_MAX_SECANTS):
            x = function.project(point.x + share * direction)
            if np.array_equal(x, point.x):
                break
            fun = function.value(x)
            if not np.isfinite(fun):
                break
            jac = function.gradient(x, fun)
            there = _dot(jac, direction) / slope  # 1 at the start
            if fun <= highest and (abs(there) <= 0.5 or share == 1.0 > there >= 0.0):
                return Point(x, fun, jac)
            if not there < 1.0:
                break
            share /= 1.0 - there
            if share > 1.0:
                break
        raise _no_decrease()

    @np.errstate(all="ignore")
    def _next_step(self, before: Point, after: Point) -> float:
        s, y = after.x - before.x, after.jac - before.jac
        if self._function.bounded:
            y[s == 0.0] = 0.0  # what a bound holds tells nothing of the way
        s_size, y_size = float(abs(s).max()), float(abs(y).max())
        s, y = s / s_size, y / y_size  # or their squares might overflow
        cosine, ratio = float(s @ y), float(np.divide(s_size, y_size))
        if not cosine > 0.0:
            return min(_GROWTH * self._step, _LARGEST_STEP)
        long, short = ratio * float(s @ s) / cosine, ratio * cosine / float(y @ y)
        self._shorts.append(short)
        if short < self._threshold * long:
            self._threshold *= 0.9
            step = min(self._shorts)
        else:
            self._threshold *= 1.1
            step = long
        if not step > 0.0:
            step = self._step
        return min(max(step, _SMALLEST_STEP), _LARGEST_STEP)


@np.errstate(all="ignore")
def _dot(one, other) -> float:
    return float(one @ other)


def _shortening(before: float, fun: float, slope: float) -> float:
    """Give the factor of a step that was too long: the parabola's minimum, if sane."""
    if not np.isfinite(fun):
        return 0.1
    bend = fun - before - slope
    return min(max(-0.5 * slope / bend, 0.1), 0.5) if bend > 0.0 else 0.5


def _no_decrease() -> Halt:
    return Halt(
        2,
        "Floating point allows no further decrease of fun along the gradient: the"
        " desired precision may not have been reached, or the gradient is not that of"
        " fun.",
    )
