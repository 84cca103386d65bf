"""The function to minimise: its values, counted, in its bounds."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, approx_fprime

_FORWARD = np.finfo(np.float64).eps ** 0.5  # balances rounding and truncation


class Point(NamedTuple):
    """Where a descent is."""

    x: np.ndarray
    fun: float
    jac: np.ndarray


class Halt(Exception):  # noqa: N818 - not always an error
    """What ends a descent before it has converged."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status, self.message = status, message


class Function:
    """fun and its gradient inside a box; every call is counted.

    Parameters
    ----------
    fun : callable
        fun(x, *args) -> float; with jac=True -> (float, gradient).
    jac : callable, True, or None
        jac(x, *args) -> array of shape (n,); None for forward differences of fun.
    args : tuple
        Further arguments of both.
    bounds : Bounds, sequence of (low, high), or None
        The box.
    n : int
        Number of variables.
    """

    def __init__(self, fun, jac, args, bounds, n: int):
        self._fun, self._jac, self._args = fun, jac, args
        self.low, self.high = _box(bounds, n)
        self.bounded = bool(np.isfinite(self.low).any() or np.isfinite(self.high).any())
        self._joint = None  # the gradient that came with the last value
        self.nfev = self.njev = 0

    def project(self, x):
        """Give the point of the box that is nearest to x."""
        return np.clip(x, self.low, self.high) if self.bounded else x

    def value(self, x) -> float:
        """Give fun(x)."""
        self.nfev += 1
        value = self._fun(x.copy(), *self._args)
        if self._jac is True:
            value, self._joint = value
        value = np.asarray(value)
        if value.size != 1:
            raise ValueError(
                "The user-provided objective function must return a scalar value. Got"
                f" an array of shape {value.shape}."
            )
        return float(value.item())

    def gradient(self, x, fun: float):
        """Give the gradient at x, where the last call of `value` gave `fun`."""
        self.njev += 1
        if self._jac is True:
            gradient = self._joint
        elif self._jac is None:
            return self._differences(x, fun)
        else:
            gradient = self._jac(x.copy(), *self._args)
        gradient = np.array(gradient, dtype=np.float64).ravel()
        if gradient.shape != x.shape:
            raise ValueError(
                f"The gradient must have as many values as x, {x.size}. Got"
                f" {gradient.size}."
            )
        return gradient

    def optimality(self, point: Point) -> float:
        """Give the largest entry of the projected gradient, P(x - g) - x."""
        if not self.bounded:
            return float(abs(point.jac).max())
        with np.errstate(over="ignore"):
            moved = self.project(point.x - point.jac)
        return float(abs(moved - point.x).max())

    def _differences(self, x, fun: float):
        """Give forward differences, taken to the side where the box has more room."""
        free = np.flatnonzero(self.low < self.high)
        gradient = np.zeros_like(x)
        if not free.size:
            return gradient
        start = x[free]
        step = _FORWARD * np.maximum(1.0, abs(start))
        above, below = self.high[free] - start, start - self.low[free]
        step = np.where(
            (above >= step) | (above >= below),
            np.minimum(step, above),
            -np.minimum(step, below),
        )

        def of_free(part):
            if np.array_equal(part, start):
                return fun  # known: not worth a call
            moved = x.copy()
            moved[free] = part
            return self.value(self.project(moved))

        gradient[free] = approx_fprime(start, of_free, step)
        return gradient


def _box(bounds, n: int):
    """Give the lower and upper bounds, arrays of shape (n,)."""
    if bounds is None:
        return np.full(n, -np.inf), np.full(n, np.inf)
    if isinstance(bounds, Bounds):
        low, high = bounds.lb, bounds.ub
    else:
        pairs = list(bounds)
        if len(pairs) != n or any(len(pair) != 2 for pair in pairs):
            raise ValueError(
                f"bounds must be a scipy.optimize.Bounds or {n} pairs (low, high), one"
                " a variable, with None for no bound."
            )
        low = [-np.inf if low is None else low for low, _ in pairs]
        high = [np.inf if high is None else high for _, high in pairs]
    low, high = (
        np.broadcast_to(np.asarray(side, dtype=np.float64), (n,)).copy()
        for side in (low, high)
    )
    if not (low <= high).all() or (low == np.inf).any() or (high == -np.inf).any():
        raise ValueError("Each lower bound must be a number at most its upper bound.")
    return low, high
