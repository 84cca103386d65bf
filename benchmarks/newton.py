"""Newton's method for log loss and softmax, and proximal Newton for their l1."""

import time

import numpy as np
from interior_point import Boxes, InteriorPoint
from objective import log_derivatives, losses
from scaled_design import Factor, Stack

LEAST_SIZE = 0.1  # of a step: a shorter one has the next model damped
LEAST_DAMPING = 1e-8  # of the largest curvature, if there is any


class LogObjective:
    """F, its gradient and Hessian at u, K blocks of scaled coordinates."""

    def __init__(self, problem, design):
        self.problem, self.design = problem, design
        self.K = problem.n_classes if problem.is_softmax else 1
        self.M = np.tile(design.per_coefficient(problem.ridge, 2), self.K)
        self.l1 = np.tile(design.per_coefficient(problem.l1, 1), self.K)

    def raw_predictions(self, u):
        """Give one column a class, or a flat array."""
        z = self.design.A @ u.reshape(self.K, -1).T
        return z if self.problem.is_softmax else z[:, 0]

    def value(self, u):
        """Give F."""
        loss = (
            self.problem.weight * losses(self.problem, self.raw_predictions(u))
        ).sum()
        return loss + u @ (self.M * u) / 2 + self.l1 @ np.abs(u)

    def derivatives(self, u):
        """Give the gradient and the Hessian of all but l1."""
        d, h = log_derivatives(self.problem, self.raw_predictions(u))
        g = (self.design.transposed @ d).T.ravel() + self.M * u
        H = self.design.gram(h) if self.K == 1 else self.softmax_hessian(h)
        H[np.diag_indices_from(H)] += self.M
        return g, H

    def softmax_hessian(self, p):
        """Give the blocks A' diag(s p_k ([k = m] - p_m)) A."""
        size, s = self.design.size, self.problem.weight
        H = np.empty((self.K * size,) * 2)
        for k in range(self.K):
            for m in range(k + 1):
                weight = s * p[:, k] * ((1 - p[:, k]) if k == m else p[:, m])
                block = self.design.gram(weight) * (1 if k == m else -1)
                rows, columns = (slice(x * size, (x + 1) * size) for x in (k, m))
                H[rows, columns] = H[columns, rows] = block
        # a number added to all intercepts changes nothing: fix it
        H[size - 1 :: size, size - 1 :: size] += 1.0
        return H


def minimum_of_model(F, u, g, H, enough):
    """Give the step to the minimum of the quadratic model plus l1, and its gain."""
    positive = F.problem.positive
    bounded = np.flatnonzero(F.M >= 0) if positive else np.flatnonzero(F.l1)
    if positive:  # all but the intercepts
        bounded = bounded[(bounded + 1) % F.design.size != 0]
    if not len(bounded):
        step = -Factor(H).solve(g)
        return step, -(g @ step) / 2
    l1 = F.l1[bounded]
    low = np.full(len(l1), -np.inf) if positive else -l1
    boxes = Boxes(np.zeros(len(l1)), low, l1, np.zeros(len(l1)))
    stack = Stack(None, 0, bounded, len(u))
    solver = InteriorPoint(stack, boxes, H, linear=g - H @ u)
    now = F.l1 @ np.abs(u)
    model = now + g @ u - u @ H @ u / 2  # its value at u
    curvature = np.diag(H)[bounded]
    curved = curvature > 1e-12 * curvature.max()
    newton_steps = g[bounded][curved] / curvature[curved]
    spread = np.abs(u).mean() + np.abs(newton_steps).mean()
    v, _, _ = solver.solve(u, lambda q: 0.01 * max(enough, model - q), spread)
    step = v - u
    gain = now - F.l1 @ np.abs(v) - g @ step - step @ H @ step / 2
    return step, gain


def minimise(problem, design, start, null, relative=1e-13, deadline=np.inf):
    """Give u, F there and the last model's gain: an estimate of F - F*.

    `start` is the intercept of the best constant model, or a whole u.
    """
    F = LogObjective(problem, design)
    u = np.zeros((F.K, design.size))
    u[:, -np.size(start) :] = start
    u = u.ravel()
    value, gain, damping = F.value(u), np.inf, 0.0
    for _ in range(200):
        g, H = F.derivatives(u)
        H[np.diag_indices_from(H)] += damping * np.diag(H).max()
        enough = relative * max(null - value, 1e-12 * null)
        step, gain = minimum_of_model(F, u, g, H, enough)
        if gain <= 0:
            break  # rounding: nothing is left that the model could see
        size = 1.0
        while size > 1e-9:
            trial = F.value(u + size * step)
            if trial <= value - 1e-4 * size * gain:
                break
            size /= 2
        else:
            if damping >= 1:
                break  # doubles allow no decrease
            size = 0.0
        if size > 0:
            u, value = u + size * step, trial
        done = size == 1 and gain <= enough and not damping
        if done or time.process_time() > deadline:
            break
        if size < LEAST_SIZE:
            damping = max(10 * damping, LEAST_DAMPING)
        elif size == 1:
            damping = damping / 10 if damping > LEAST_DAMPING else 0.0
    return u.reshape(F.K, -1), value, abs(gain)
