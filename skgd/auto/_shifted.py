"""Newton steps on a shifted and smoothed loss: directions, and exact lengths."""

import numpy as np
from scipy.linalg import LinAlgError

from skgd._core.factor import Factor
from skgd.auto._newton import left_over
from skgd.auto._woodbury import MOST_ROWS, RowInverse

LEAST_SHARE = 1e-8
_MOST_CG = 200  # products of one direction
_MOST_EXACT = 2000  # of one that certifies
_MOST_ROWS = 500  # of a system, where a rough direction will do


def damping(size, ridge, share):
    """Give what is added to H's diagonal for directions without curvature.

    `size` : the curvature of a column of unit variance; `share` : of it.
    """
    added = np.full(len(ridge), share * size)
    if share > LEAST_SHARE:
        return added
    # Above the ridge, the decrement would be measured in a metric of its own.
    return np.minimum(added, 0.05 * ridge, out=added, where=ridge > 0.0)


def by_cholesky(bridge, curvature, ridge, g, close=None, enough=np.inf):
    """Give -H^-1 g for H = B' diag(curvature) B + ridge; and 0: nothing is left out."""
    hessian = bridge.gram(curvature)
    np.einsum("ii->i", hessian)[:] += ridge
    return -Factor(hessian).solve(g), 0.0


def by_conjugate_gradients(bridge, curvature, ridge, g, close=1e-2, enough=np.inf):
    """Give about -H^-1 g, from products with the rows that have curvature.

    Preconditioned by H's inverse if rows are few, else by its diagonal; ends when the
    squared residual is a share `close` of what it was, in that metric, and half of
    g' H^-1 g falls short by no more than `enough` if it is given. By how much, is given
    too: what products would add if they went on as in the second half of them, and no
    more than the ridge allows.
    """
    rows = np.flatnonzero(curvature)
    part, h = bridge.with_rows(rows), curvature[rows]
    most_rows = MOST_ROWS if enough < np.inf else _MOST_ROWS
    inverse = _inverse(part, h, ridge, most_rows)
    x, r = np.zeros_like(g), -g
    p = y = inverse(r)
    size = first = float(r @ y)
    least = ridge.copy()  # of H
    if bridge.intercept:
        least[-1] = max(least[-1], h.sum())
    rest, parts = enough, []
    for _ in range(_MOST_CG if enough == np.inf else _MOST_EXACT):
        if not size > 0.0:
            return x, 0.0
        if enough < np.inf and (size <= close * first or len(parts) % 10 == 9):
            rest = min(left_over(parts), 0.5 * float(r @ (r / least)))
        if size <= close * first and rest <= enough:
            break
        (bent,) = part.rmatvec(h * part.matvec(p))
        bent += ridge * p
        length = size / float(p @ bent)
        x = x + length * p
        r = r - length * bent
        y = inverse(r)
        parts.append(0.5 * length * size)
        size, before = float(r @ y), size
        p = y + size / before * p
    return x, rest


def _inverse(part, h, ridge, most_rows):
    """Give a function that is H^-1 where rows are few, and nearly that else."""
    of_columns = ridge[: len(part.columns)]
    if 0 < len(h) <= most_rows and (of_columns > 0.0).all():
        try:
            return RowInverse(part, h, of_columns)
        except LinAlgError:
            pass
    diagonal = part.squares(h) + ridge
    return lambda r: r / diagonal


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
