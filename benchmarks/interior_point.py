"""A primal-dual interior point method for piecewise linear-quadratic problems.

    minimise over u   linear . u + u' M u / 2
                      + sum_i max over t_i in [low_i, high_i] of
                              t_i ((B u)_i - c_i) - t_i^2 kappa_i / 2

B stacks the rows of the design, once for each piece of the loss, and a row of the
identity for each coefficient with an l1 penalty or a sign. Mehrotra (1992), "On the
implementation of a primal-dual interior point method".
"""

import time
from dataclasses import dataclass

import numpy as np
from scaled_design import Factor
from scipy import linalg


@dataclass
class Boxes:
    """The terms of the sum, one an entry."""

    centre: np.ndarray
    low: np.ndarray
    high: np.ndarray
    kappa: np.ndarray

    def value(self, z):
        """Give each maximum, and the t that attains it."""
        r = z - self.centre
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(self.kappa > 0, r / self.kappa, np.sign(r) * np.inf)
        t = np.clip(np.nan_to_num(t, nan=0.0), self.low, self.high)
        return np.where(r == 0, 0.0, t * r) - self.kappa * t * t / 2, t


@dataclass
class Iterate:
    """The unknowns: t with its distances to the bounds, and their multipliers."""

    u: np.ndarray
    t: np.ndarray
    below: np.ndarray  # high - t
    above: np.ndarray  # t - low
    p: np.ndarray  # multipliers of t <= high
    q: np.ndarray  # multipliers of t >= low

    def move(self, step, size):
        """Go along a step (du, dt, dp, dq)."""
        du, dt, dp, dq = (size * part for part in step)
        self.u, self.t, self.p, self.q = (
            self.u + du,
            self.t + dt,
            self.p + dp,
            self.q + dq,
        )
        self.below, self.above = self.below - dt, self.above + dt


class InteriorPoint:
    """One problem in the form above, and its solution by `solve`."""

    def __init__(self, stack, boxes, M, linear=None):
        self.stack, self.boxes, self.M = stack, boxes, M
        self.linear = np.zeros(stack.size) if linear is None else linear
        self.has_high, self.has_low = np.isfinite(boxes.high), np.isfinite(boxes.low)
        self.n_bounds = max(int(self.has_high.sum() + self.has_low.sum()), 1)
        self.rest = slice(len(boxes.low) - len(stack.coordinates), None)
        self.signs = stack.coordinates[~self.has_low[self.rest]]  # of u_j >= 0

    def times_m(self, u):
        """Give M u, M a matrix or its diagonal."""
        return self.M * u if self.M.ndim == 1 else self.M @ u

    def start(self, u, spread):
        """Give a first iterate around u, `spread` from the kinks."""
        boxes, n = self.boxes, len(self.boxes.low)
        both = self.has_high & self.has_low
        inside = 1 / n  # from the only bound, if there is but one
        t = np.zeros(n)
        t[both] = (boxes.low[both] + boxes.high[both]) / 2
        t[self.has_high & ~both] = boxes.high[self.has_high & ~both] - inside
        t[self.has_low & ~both] = boxes.low[self.has_low & ~both] + inside
        if len(self.signs):  # the multiplier of u_j >= 0 is of the gradient's size
            t[self.rest] = 0.0
            g = self.stack.rmatvec(t) + self.times_m(u) + self.linear
            g = g[self.stack.coordinates]
            margin = np.abs(g).mean() + inside
            t[self.rest] = np.minimum(-g, boxes.high[self.rest] - margin)
        r = self.stack.matvec(u) - boxes.centre - boxes.kappa * t
        spread = spread or np.abs(r).mean() + 1e-300
        p = np.where(self.has_high, np.maximum(r, 0) + spread, 0.0)
        q = np.where(self.has_low, np.maximum(-r, 0) + spread, 0.0)
        below = np.where(self.has_high, boxes.high - t, 1.0)
        above = np.where(self.has_low, t - boxes.low, 1.0)
        return Iterate(u.copy(), t, below, above, p, q)

    def direction(self, at, factor, theta, residuals, targets):
        """Solve the linearised conditions for complementarity `targets`."""
        (dual, primal), (for_p, for_q) = residuals, targets
        rho = primal - for_p / at.below + for_q / at.above
        du = factor.solve(dual - self.stack.rmatvec(theta * rho))
        dt = theta * (self.stack.matvec(du) + rho)
        dp = np.where(self.has_high, (for_p + at.p * dt) / at.below, 0.0)
        dq = np.where(self.has_low, (for_q - at.q * dt) / at.above, 0.0)
        return du, dt, dp, dq

    def longest(self, at, step):
        """Give the step size at which the first bound is met, up to 1."""
        _, dt, dp, dq = step
        pairs = (
            (at.below, -dt, self.has_high),
            (at.above, dt, self.has_low),
            (at.p, dp, self.has_high),
            (at.q, dq, self.has_low),
        )
        ratios = (
            np.min(-now[m] / change[m], initial=np.inf)
            for now, change, has in pairs
            for m in [has & (change < 0)]
        )
        return min(1.0, 0.995 * min(ratios))

    def judge(self, u, t):
        """Give a feasible u, the value there and a bound on what is left to gain.

        The bound is the sum of each term's gap at t, and the gradient of the Lagrangian
        times a generous distance to the solution.
        """
        u = u.copy()
        u[self.signs] = np.maximum(u[self.signs], 0)
        z = self.stack.matvec(u)
        values, _ = self.boxes.value(z)
        r = z - self.boxes.centre
        gaps = values - (t * r - self.boxes.kappa * t * t / 2)
        Mu = self.times_m(u)
        value = values.sum() + self.linear @ u + u @ Mu / 2
        g = self.stack.rmatvec(t) + Mu + self.linear
        return u, value, np.maximum(gaps, 0).sum() + np.abs(g) @ (np.abs(u) + z.std())

    def step(self, at):
        """Make one predictor-corrector step."""
        boxes, stack = self.boxes, self.stack
        stiffness = boxes.kappa + at.p / at.below + at.q / at.above
        theta = 1 / stiffness
        H = stack.gram(theta)
        if self.M.ndim == 1:
            H[np.diag_indices_from(H)] += self.M
        else:
            H += self.M
        factor = Factor(H)
        dual = -(stack.rmatvec(at.t) + self.times_m(at.u) + self.linear)
        primal = at.p - at.q + boxes.kappa * at.t - (stack.matvec(at.u) - boxes.centre)
        residuals = dual, -primal
        has_p, has_q = at.p * at.below, at.q * at.above
        mu = (has_p.sum() + has_q.sum()) / self.n_bounds
        step = self.direction(at, factor, theta, residuals, (-has_p, -has_q))
        size = self.longest(at, step)
        _, dt, dp, dq = step
        left = (at.p + size * dp) * (at.below - size * dt) * self.has_high
        left += (at.q + size * dq) * (at.above + size * dt) * self.has_low
        goal = mu * (left.sum() / self.n_bounds / mu) ** 3 if mu > 0 else 0.0
        targets = goal - has_p + dp * dt, goal - has_q - dq * dt
        step = self.direction(at, factor, theta, residuals, targets)
        at.move(step, self.longest(at, step))

    def solve(self, u, enough, spread=None, deadline=np.inf):
        """Give the best u found, its value and the least bound.

        `enough(value)` is the bound at which to stop; `spread` how far from the kinks
        to start, by default their mean distance from u; `deadline` a time of
        time.process_time().
        """
        at = self.start(u, spread)
        best, value, least, smallest, since = u, np.inf, np.inf, np.inf, 0
        for _ in range(300):
            try:
                with np.errstate(all="ignore"):
                    self.step(at)
            except (linalg.LinAlgError, ValueError):
                break
            if not np.isfinite(at.u).all():
                break
            now, reached, left = self.judge(at.u, at.t)
            # Near-separable classes: the bound rises for many iterations at first.
            products = float(at.p @ at.below + at.q @ at.above)
            moving = left < 0.9 * least or products < 0.9 * smallest
            since = 0 if moving else since + 1
            if products < 0.9 * smallest:
                smallest = products
            least = min(left, least)
            if reached < value:
                best, value = now, reached
                self.multipliers = at.t
            late = time.process_time() > deadline
            if left <= enough(value) or since > 10 or late:
                break
        return best, value, least
