"""Quadratic models of the loss beside the kinks of the penalty, and their minima."""

import numpy as np

from skgd._core.coordinate import descend_gram

MOST_WHOLE = 500  # columns up to which a model takes all of them
_ROUNDS = 200  # of sweeps and face steps; 3 to 25 where measured
_JOINT = 300  # unknowns up to which the classes of softmax share one Hessian at once
_MOST_JOINT = 2000  # and up to which they do in the end

# Of a column's curvature in all classes: what a shift of them all has at least. Where
# it costs nothing (positive=True, alpha=0) steps would be 1e12 times too long else. No
# more, as columns that nearly depend on one another move far.
_SHIFTED = 1e-12
# Of a coefficient's curvature: what directions that cost nothing have at least. Along
# levels of a category that add up to one a sweep went 1e15 by rounding.
_FLAT = 1e-13


def minimise_with_kinks(H, g, v, kinks, absolute, relative, swept=3):
    """Minimise g'(x - v) + (x - v)'H(x - v)/2 + sum_j l1_j |x_j| over x.

    Parameters
    ----------
    H : ndarray of shape (p, p)
    g, v : ndarray of shape (p,)
    kinks : (l1, nonnegative), ndarrays of shape (p,)
    absolute, relative : float
        A round that gains no more than this, or this share of all gains, is the last.
    swept : int
        Rounds that move every coefficient.

    Returns
    -------
    step : ndarray of shape (p,)
        x - v.
    decrease, rest : float
        Of all rounds, and of those that are left, from the rate at which rounds fall.
    """
    x = v.copy()
    decrease, rest, _ = descend_gram(
        H, g.copy(), *kinks, x, absolute, relative, _ROUNDS, swept
    )
    return x - v, decrease, rest


def joined(grams, pairs):
    """Give the Hessian of softmax in all classes, one after the other.

    It is s (p_a 1{a = b} - p_a p_b) between the classes a and b.

    Parameters
    ----------
    grams : sequence of K ndarrays of shape (p, p)
        Of the classes, which s p_a (1 - p_a) weighs.
    pairs : iterable of ndarray of shape (p, p)
        Of the classes b < a, which s p_a p_b weighs.

    Returns
    -------
    H : ndarray of shape (K * p, K * p)
    """
    K, size = len(grams), len(grams[0])
    H = np.empty((K, size, K, size))
    pair = iter(pairs)
    for a in range(K):
        for b in range(a):
            H[a, :, b, :] = H[b, :, a, :] = -next(pair)
        H[a, :, a, :] = grams[a]
    return H.reshape(K * size, K * size)


class GramModel:
    """H = A' diag(h) A + ridge over all columns and the intercept.

    One block an output; for softmax with few unknowns the whole Hessian, in which the
    classes lean on one another.

    Parameters
    ----------
    task : Task
        Loss, penalty and view.
    joint : bool
        Whether the classes of softmax share a Hessian even if unknowns are many.
    """

    # Share of the decrease that the last round may bring: of a step that is taken, and
    # of one whose decrease is the estimate.
    rough = fine = 1e-3
    # Share of the gap sought that no round need gain. None: rounds are cheap here, and
    # the first may gain a two hundredth of what is left, far below the tolerance.
    idle = 0.0
    whole = True  # whether it is of all columns

    def __init__(self, task, joint=False):
        self.task = task
        self.n_features = len(task.l1)
        self.n_outputs = len(task.constant)
        size = self.n_features + int(task.fit_intercept)
        few = self.n_outputs > 1 and self.n_outputs * size <= _JOINT
        self.joint = joint or few
        self.l1 = np.append(task.l1, 0.0)[:size].astype(np.float64)
        self.nonnegative = np.zeros(size, dtype=np.uint8)
        self.nonnegative[: self.n_features] = task.positive
        self.blocks: list[np.ndarray] = []
        self.diagonals: list[np.ndarray] = []  # without the ridge

    def take_over(self, earlier) -> None:
        """Take the curvature of a model of another penalty, which is of no use then."""
        self.blocks, self.joint = earlier.blocks, earlier.joint
        self.diagonals, d = earlier.diagonals, np.arange(self.n_features)
        for k, diagonal in enumerate(self.diagonals):
            H = self.blocks[0 if self.joint else k]
            own = d + (k * len(self.l1) if self.joint else 0)
            H[own, own] = diagonal + self.task.ridge

    @property
    def trusted(self) -> bool:
        """Whether the model's decrease estimates F - F*."""
        return self.joint or self.n_outputs == 1

    @property
    def lasting(self) -> float:
        """How much longer than others it is kept: where a new one costs many epochs."""
        dear = self.joint and self.n_outputs * len(self.l1) > _JOINT
        return 2.0 if dear else 1.0

    def grow(self) -> bool:
        """Let the classes share one Hessian, if they can; tell whether that is new."""
        small = self.n_outputs * len(self.l1) <= _MOST_JOINT
        if self.trusted or not small:
            return False
        self.joint = True
        return True

    def shift(self, v):
        """Give v with the classes' common part gone where that lessens the penalty.

        Softmax does not feel it. Of each column one class is zero then, so that the
        Hessian on the face is not singular.
        """
        if not self.joint:
            return v
        middle = (len(v) - 1) // 2
        ordered = np.sort(v, axis=0)
        by = ordered[0] if self.task.positive else ordered[middle]
        if not by.any():
            return v
        half, l1 = 0.5 * self.task.ridge, self.task.l1

        def penalties(v):
            return (half * v * v + l1 * np.abs(v)).sum(0)

        return np.where(penalties(v - by) < penalties(v), v - by, v)

    def refresh(self, h, z, g, v) -> None:
        """Take the curvature h, of shape (K, n_rows), at raw predictions z."""
        self.diagonals = []
        self.blocks = [self._block(k) for k in h]
        if self.joint:
            self.blocks = [self._joint_hessian(z)]

    def propose(self, g, v, d1, absolute, relative):
        """Give the minimum's (K, p) distance from v, the model's decrease and rest.

        g and v, of shape (K, p), hold the gradient of the smooth part and the model; d1
        is the loss's derivative.
        """
        if self.joint:
            step, decrease, rest = self._solve(
                self.blocks[0], g.ravel(), v.ravel(), absolute, relative
            )
            return step.reshape(v.shape), decrease, rest
        share = absolute / len(v)
        parts = [
            self._solve(*problem, share, relative)
            for problem in zip(self.blocks, g, v, strict=True)
        ]
        steps, decreases, rests = zip(*parts, strict=True)
        return np.array(steps), sum(decreases), sum(rests)

    def _solve(self, H, g, v, absolute, relative):
        repeats = len(v) // len(self.l1)
        kinks = self.l1, self.nonnegative
        if repeats > 1:
            kinks = tuple(np.concatenate([of_one] * repeats) for of_one in kinks)
        # Between classes that share a shift, coefficients that move alone are lost.
        swept = 0 if repeats > 1 else 3
        return minimise_with_kinks(H, g, v, kinks, absolute, relative, swept)

    def _block(self, h):
        size = len(self.l1)
        H = np.ascontiguousarray(self.task.view.gram(h).T[:size, :size])
        d = np.arange(self.n_features)
        self.diagonals.append(H[d, d])
        H[d, d] += self.task.ridge
        free = d[(self.task.l1 == 0.0) & (self.task.ridge == 0.0)]
        H[free, free] *= 1.0 + _FLAT
        return H

    def _joint_hessian(self, z):
        size, K = len(self.l1), self.n_outputs
        grams = self.task.space.grams_of_pairs(self.task, z)
        H = joined(self.blocks, (gram[:size, :size] for gram in grams))
        if self.task.fit_intercept:
            # No loss feels a shift of all intercepts: any curvature keeps it at zero.
            last = np.arange(1, K + 1) * size - 1
            H[np.ix_(last, last)] += H[last, last].sum() / K**2
        self._steady_shifts(H.reshape(K, size, K, size))
        return H

    def _steady_shifts(self, H):
        """Let a shift of all classes' coefficients curve where it costs nothing."""
        free = np.flatnonzero((self.task.l1 == 0.0) & (self.task.ridge == 0.0))
        of_columns = np.einsum("ajbj->jab", H)  # a view
        curvature = np.einsum("jaa->j", of_columns)[free]
        of_columns[free] += _SHIFTED * curvature[:, None, None]
