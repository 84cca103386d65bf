"""Shifted smoothing (augmented Lagrangian) with Newton-CG, for wide sparse X.

Each kink, of the loss or of l1, is smoothed by a term in 1 / sigma around its last
multiplier t0, so that the smoothed problems end in the minimum of F itself; Rockafellar
(1976), "Augmented Lagrangians and applications of the proximal point algorithm". The
certificate is a duality gap.
"""

import time

import numpy as np
from objective import log_derivatives, losses
from scipy.special import xlogy

GROWTH = 3.0  # of sigma, from one smoothed problem to the next


class Smoothed:
    """The smoothed objective in scaled coordinates u, and its derivatives."""

    def __init__(self, problem, stack, boxes, M):
        self.problem, self.stack, self.boxes, self.M = problem, stack, boxes, M
        self.is_log = problem.loss == "log_loss"
        self.n = problem.X.shape[0]
        self.A = stack.design.A
        self.kinked = boxes.kappa == 0
        self.soft = boxes.kappa.copy()  # kappa, or 1 / sigma at a kink
        self.shift = np.zeros(len(self.soft))

    def terms(self, z):
        """Give value, t and curvature of each term at z = B u."""
        boxes = self.boxes
        r = z - boxes.centre
        free = r / self.soft + self.shift
        t = np.clip(free, boxes.low, boxes.high)
        inside = (free > boxes.low) & (free < boxes.high)
        value = t * r - self.soft * (t - self.shift) ** 2 / 2
        return value, t, inside / self.soft

    def log_terms(self, z):
        """Give the sum of the log losses, derivatives and curvatures of the rows."""
        if not self.is_log:
            return 0.0, 0.0, 0.0
        z = z[: self.n]
        value = (self.problem.weight * losses(self.problem, z)).sum()
        return value, *log_derivatives(self.problem, z)

    def split(self, z):
        """Leave out the rows if the loss is log_loss, as no piece stands for them."""
        return z[self.n :] if self.is_log else z

    def back(self, t, d):
        """Give B' t, and the log loss's part."""
        if self.is_log:
            t = np.concatenate([np.broadcast_to(d, self.n), t])
        return self.stack.rmatvec(t)

    def true_value(self, u, z):
        """Give F."""
        value, _ = self.boxes.value(self.split(z))
        return value.sum() + self.log_terms(z)[0] + u @ (self.M * u) / 2

    def lower_bound(self, t, d):
        """Give the dual objective at multipliers made feasible."""
        end = len(t) - len(self.stack.coordinates)
        lam = np.zeros(self.stack.size - 1)
        lam[self.stack.coordinates] = self.boxes.high[end:]
        if self.is_log:
            left = np.where(self.problem.y == 1, -self.problem.weight, 0.0)
            low, high, rows = left, left + self.problem.weight, d
        else:
            low, high, rows = self.boxes.low[:end], self.boxes.high[:end], t[:end]
        s = np.tile(self.problem.weight, len(rows) // self.n)
        rows, quadratic = self.feasible(balanced(rows, s, low, high), lam)
        if self.is_log:
            share = np.clip(np.abs(rows) / s, 0, 1)
            entropy = xlogy(share, share) + xlogy(1 - share, 1 - share)
            return -(s * entropy).sum() - quadratic
        c, kappa = self.boxes.centre[:end], self.boxes.kappa[:end]
        return -(rows * c).sum() - (kappa * rows**2).sum() / 2 - quadratic

    def feasible(self, rows, lam):
        """Shrink multipliers until l1 without l2 allows them; give l2's conjugate."""
        folded = rows.reshape(-1, self.n).sum(axis=0)
        g = (self.stack.design.transposed @ folded)[:-1]
        g = np.minimum(g, 0) if self.problem.positive else g
        free = self.M[:-1] == 0
        shrink = 1 / max((np.abs(g[free]) / lam[free]).max(initial=1.0), 1.0)
        over = np.maximum(np.abs(shrink * g[~free]) - lam[~free], 0)
        return shrink * rows, (over**2 / self.M[:-1][~free]).sum() / 2


def balanced(t, s, low, high):
    """Shift multipliers within their bounds so that their sum is zero."""
    reach = np.abs(t / s).max() + 1 + np.abs(t.sum()) / s.sum()
    a, b = -reach, reach
    for _ in range(100):
        shift = (a + b) / 2
        if np.clip(t + shift * s, low, high).sum() > 0:
            b = shift
        else:
            a = shift
    return np.clip(t + a * s, low, high)


def conjugate_gradient(apply, diagonal, g, tolerance, max_iter=500):
    """Solve H x = -g roughly: to a share of the first residual."""
    x, r = np.zeros_like(g), -g
    y = r / diagonal
    p, rho = y.copy(), r @ y
    first = rho
    for _ in range(max_iter):
        Hp = apply(p)
        size = rho / (p @ Hp)
        x += size * p
        r -= size * Hp
        y = r / diagonal
        rho, before = r @ y, rho
        if rho <= tolerance**2 * first:
            break
        p = y + rho / before * p
    return x


def line_search(F, u, du, z, dz):
    """Give the step size at which the derivative along du vanishes, nearly."""
    quadratic, linear = du @ (F.M * du), u @ (F.M * du)
    pieces, along = F.split(z), F.split(dz)

    def slope(a):
        _, t, curvature = F.terms(pieces + a * along)
        _, d, h = F.log_terms(z + a * dz)
        first = t @ along + linear + a * quadratic
        second = curvature @ along**2 + quadratic
        if F.is_log:
            rows = dz[: F.n]
            first, second = first + d @ rows, second + h @ rows**2
        return first, second

    goal = 1e-4 * abs(slope(0.0)[0])
    low, high, a = 0.0, np.inf, 1.0
    for _ in range(60):
        first, second = slope(a)
        if abs(first) <= goal:
            break
        low, high = (a, high) if first < 0 else (low, a)
        a = a - first / second if second > 0 else np.inf
        if not low < a < high:
            a = 2 * low if np.isinf(high) else (low + high) / 2
    return a


def newton_step(F, u, z):
    """Give the step on the smoothed objective and half its slope."""
    _, t, curvature = F.terms(F.split(z))
    _, d, h = F.log_terms(z)
    g = F.back(t, d) + F.M * u
    if F.is_log:
        curvature = np.concatenate([h, curvature])
    rows, rest = F.stack.fold(curvature)
    own = F.M + 1e-12
    own[F.stack.coordinates] += rest
    A, At = F.A, F.stack.design.transposed
    diagonal = own + At.multiply(At) @ rows

    def apply(x):
        return At @ (rows * (A @ x)) + own * x

    du = conjugate_gradient(apply, diagonal, g, 1e-2)
    return du, -(g @ du) / 2


def minimise(problem, stack, boxes, M, start, null, relative=1e-9, deadline=np.inf):
    """Give the best u, F there and a bound on F - F*."""
    F = Smoothed(problem, stack, boxes, M)
    u = np.zeros(stack.size)
    u[-1] = start
    z = stack.matvec(u)
    size = len(stack.coordinates)
    spread = np.abs(z[: F.n] - problem.targets).mean()
    width = np.where(
        np.isfinite(boxes.high - boxes.low), boxes.high - boxes.low, 1 / F.n
    )
    F.soft = np.where(F.kinked, spread / np.maximum(width, 1e-300), F.soft)
    if size:
        F.soft[-size:] = 1.0  # of the order of the inverse curvature of the mean loss
    best, value, lower, steps, stuck = u, F.true_value(u, z), 0.0, 0, 0
    while time.process_time() < deadline and stuck < 15:
        enough = relative * max(null - value, 1e-12 * null)
        # multipliers err by the square root of what the inner minimum lacks
        gap = F.kinked.any() * min(value - lower, null)
        target = max(1e-15 * null, min(0.01 * gap, gap**2 / null), 1e-6 * enough)
        first = steps
        for _ in range(100):
            du, gain = newton_step(F, u, z)
            steps += 1
            u = u + line_search(F, u, du, z, stack.matvec(du)) * du
            z = stack.matvec(u)
            feasible = np.maximum(u, 0) if problem.positive else u
            feasible[-1] = u[-1]
            reached = F.true_value(feasible, stack.matvec(feasible))
            if reached < value:
                best, value = feasible, reached
            if gain <= target:
                break
        _, t, _ = F.terms(F.split(z))
        before = value - lower
        lower = max(lower, F.lower_bound(t, F.log_terms(z)[1]))
        stuck = stuck + 1 if value - lower > 0.9 * before else 0
        if value - lower <= enough or not F.kinked.any():
            break
        F.shift = np.where(F.kinked, t, 0.0)
        growth = GROWTH if steps - first <= 25 else 1.5
        F.soft = np.where(F.kinked, F.soft / growth, F.soft)
    return best, value, max(value - lower, 0.0)
