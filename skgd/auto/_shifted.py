"""Newton steps on a shifted and smoothed loss: directions, and exact lengths."""

import numpy as np

from skgd._core.factor import Factor

LEAST_SHARE = 1e-8
_MOST_CG = 200  # products of one direction


def damping(size, ridge, share):
    """Give what is added to H's diagonal for directions without curvature.

    `size` : the curvature of a column of unit variance; `share` : of it.
    """
    added = np.full(len(ridge), share * size)
    if share > LEAST_SHARE:
        return added
    # Above the ridge, the decrement would be measured in a metric of its own.
    return np.minimum(added, 0.05 * ridge, out=added, where=ridge > 0.0)


def by_cholesky(bridge, curvature, ridge, g):
    """Give -H^-1 g for H = B' diag(curvature) B + ridge."""
    hessian = bridge.gram(curvature)
    np.einsum("ii->i", hessian)[:] += ridge
    return -Factor(hessian).solve(g)


def by_conjugate_gradients(bridge, curvature, ridge, g):
    """Give about -H^-1 g, from products with the rows that have curvature.

    Preconditioned by H's diagonal; ends when the squared residual is a hundredth of
    what it was, in that metric.
    """
    rows = np.flatnonzero(curvature)
    part, h = bridge.with_rows(rows), curvature[rows]
    diagonal = part.squares(h) + ridge
    x, r = np.zeros_like(g), -g
    p = y = r / diagonal
    size = first = float(r @ y)
    for _ in range(_MOST_CG):
        if size <= 1e-2 * first or not size > 0.0:
            break
        (product,) = part.rmatvec(h * part.matvec(p))
        product += ridge * p
        length = size / float(p @ product)
        x = x + length * p
        r = r - length * product
        y = r / diagonal
        size, before = float(r @ y), size
        p = y + size / before * p
    return x


def exact_step(interval, z, moved, smoothing, penalty):
    """Give the minimiser over a of the shifted smoothing at z + a moved + penalty.

    The derivative is piecewise linear and increasing: Newton's steps inside a
    bracket, which doubles until there is one. `penalty(a)` gives its first and second
    derivative there.
    """
    shift, sigma = smoothing
    curvature = sigma * interval.weight * moved * moved
    low, high, first = 0.0, np.inf, None
    step = 0.0
    for trial in range(51):
        t, inside = interval.slopes(z + step * moved, shift, sigma)
        slope, bend = penalty(step)
        slope += float(t @ moved)
        first = abs(slope) if first is None else first
        if trial and abs(slope) <= (1e-3 if trial <= 6 else 0.1) * first:
            break
        low, high = (step, high) if slope < 0.0 else (low, step)
        second = float(curvature @ inside) + bend
        newton = step - slope / second if second > 0.0 else np.inf
        if trial == 0:
            newton = 1.0
        elif not low < newton < high:
            newton = 2.0 * step if high == np.inf else 0.5 * (low + high)
        step = newton
    return step
