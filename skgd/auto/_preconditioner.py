"""The metric P of the descent: a Cholesky factor of the Hessian, or its diagonal."""

import math
from copy import copy

import numpy as np

from skgd._core.factor import Factor
from skgd.auto._bridge import Bridge
from skgd.auto._orthogonal_factor import OrthogonalFactor, lacks_digits

_MOST_COLUMNS = 2000  # of a Cholesky factor
RAISED = 1e-12 * 100.0 ** np.arange(8)  # of the unit diagonal, until it factors
_FEW = 2  # times the rows to sample: then all of them cost no more
_OTHER_READS = 5  # in iterations: the rest of a fit by sampled rows (measured)
DIGITS = 1e-9  # least pivot with which a factor of a Gram matrix does
_HARDLY = 0.1  # of a column's sum of squares: less of it is none
_FRACTIONS = np.linspace(0.0, 1.0, 40)  # of the way from four rows a column to all
_SHARE_OF_ALL = 0.5  # sampling more rows than this costs more than it saves
# Of softmax: iterations that a factor for each class may cost. At 1.2 (20k x 300, ten
# classes) a shared one takes 0.5 to 1 times as long, at 4 and more 0.1 to 0.7 times, at
# 0.4 (60k x 200, 20 classes) twice as long (measured).
_DEAR = 0.9
# Of softmax: most unknowns of a factor for all classes at once, epochs before it is
# made, and how many times its cost these are. Most fits end before. Where two classes
# are told from a third, but hardly from one another, the blocks curve far more than the
# whole, and without it there are fits of a thousand epochs.
MOST_JOINT, _EPOCHS, _TIMES = 1000, 12, 3.0
# Seconds, measured on one core; only their ratios matter, and they are constants so
# that the choice, and with it every bit of the result, is that of the data alone.
_SECONDS_VALUE = 0.4e-9  # of X, in one product
_SECONDS_ROW = 10e-9  # of sample space, in one iteration
_SECONDS_EPOCH = 0.2e-3  # that do not depend on X: on small X they decide
_SECONDS_GRAM = 0.045e-9  # a multiplication of a Gram matrix
_SECONDS_PAIR = 2e-9  # of two entries of a row of sparse X, there


class Diagonal:
    """P = diag(H), computed in one pass."""

    certifies = False
    n_flat = 0
    kept = False
    lacks_digits = False
    metric = None

    def __init__(self, task, h):
        view = task.view
        d = [view.rmatvec_squared(row) for row in h]
        self._squares = np.array(d)
        self._intercept = np.maximum(h.sum(axis=1), 1e-300)
        self._set_diagonal(task)

    def at(self, task):
        """Give the diagonal for a task of another penalty, without a pass over X."""
        other = copy(self)
        other._set_diagonal(task)
        return other

    def _set_diagonal(self, task):
        diagonal = self._squares + task.ridge
        top = diagonal.max(axis=1, keepdims=True)
        diagonal = np.maximum(diagonal, 1e-12 * top) + 1e-300
        self._whole = np.column_stack([diagonal, self._intercept])

    def solve(self, g):
        """Give P^-1 of a gradient of shape (K, n_features + 1)."""
        return g / self._whole


class Cholesky:
    """P = a factor of the Hessian: one block an output, from all or sampled rows.

    Parameters
    ----------
    task : Task
        What is minimised.
    h : ndarray of shape (K, n_rows)
        s l''(z).
    n_sampled : int or None
        Rows to sample; None for all.
    norms : ndarray of shape (n_rows,) or None
        |a_i|^2 of the rows, for sampling.
    rng : Generator
        For sampling.
    exact : bool
        Whether to factor the rows where a Gram matrix of all of them lacks digits.

    Attributes
    ----------
    lacks_digits : bool
        Whether that would tell more.
    n_flat : int
        Directions of all outputs in which H has no curvature: unknowns that it takes
        for combinations of others, and columns that no row which curves has.

    Notes
    -----
    A block costs n_rows n_features^2 and n_features^3 / 3; of rows, twice the first
    more, and six products a solution.
    """

    certifies = True
    kept = False

    def __init__(self, task, h, n_sampled, norms, rng, exact=False):
        self._factors, self._n_zero = [], 0
        self._grams: list[np.ndarray] = []  # of a task that is followed
        d = task.view.n_features
        # Of m rows the eigenvalues of P^-1 H lie above (1 + sqrt(d / m))^-2 (Marchenko
        # and Pastur): by so much 0.5 g' P^-1 g may fall short of F - F*.
        self.caution = 1.0 if n_sampled is None else (1.0 + (d / n_sampled) ** 0.5) ** 2
        for row in h:
            if n_sampled is None or np.count_nonzero(row) <= _FEW * n_sampled:
                H = task.view.gram(row)  # of the rows that curve at all
            else:
                positions, weight = sample_rows(row, norms, n_sampled, rng)
                H = task.view.gram(weight, positions)
                whole = task.view.rmatvec_squared(row)
                diagonal = H.diagonal().copy()
                # Of columns that the sample has hardly seen. Elsewhere it would add to
                # the small eigenvalues of a nearly singular H many times their size.
                low = diagonal[:d] < _HARDLY * whole
                diagonal[:d][low] = whole[low]
                np.fill_diagonal(H, diagonal)
            if task.followed:
                self._grams.append(H)
            self._factors.append(factor_of(task, H))
            own = H.diagonal()[:d] + task.ridge
            self._n_zero += np.count_nonzero(own[task.view.scale > 0.0] == 0.0)
        keeps_rows, sampled = task.space.keeps_rows, n_sampled is not None
        self._h = h.copy() if keeps_rows and task.followed else None
        self._set_exact(task, h if keeps_rows else None, exact and not sampled)

    def at(self, task):
        """Give the factors for a task of another penalty, without a pass over X.

        But for the rows, where they are factored.
        """
        other = copy(self)
        other._factors = [factor_of(task, H) for H in self._grams]
        other._set_exact(task, self._h, self._exact is not self._factors)
        return other

    @property
    def n_flat(self):
        """See the class."""
        return self._n_zero + sum(factor.n_dependent for factor in self._exact)

    def _set_exact(self, task, h, exact):
        self._exact = self._factors
        self.lacks_digits = False
        if h is None:
            return
        bridge = Bridge.of(task)
        weak = [
            lacks_digits(factor, bridge, row, DIGITS)
            for factor, row in zip(self._factors, h, strict=True)
        ]
        self.lacks_digits = any(weak)
        if not (exact and self.lacks_digits):
            return
        more = np.append(task.ridge, [0.0] * task.fit_intercept)
        self._exact = [
            OrthogonalFactor(bridge, row.copy(), more) if too_few else factor
            for row, too_few, factor in zip(h, weak, self._factors, strict=True)
        ]
        self.lacks_digits = False

    def solve(self, g):
        """Give P^-1 of a gradient of shape (K, n_features + 1)."""
        return _by_outputs(self._exact, g)

    def metric(self, g):
        """Give the same for stochastic moves, which must not go as far."""
        return _by_outputs(self._factors, g)


def _by_outputs(factors, g):
    if len(factors) == 1:
        return factors[0].solve(g[0])[None]
    return np.array([factor.solve(row) for factor, row in zip(factors, g, strict=True)])


def factor_of(task, H):
    """Give a factor of H, a Gram matrix of the loss, and the task's ridge."""
    if not task.fit_intercept:
        H[-1, :] = H[:, -1] = 0.0
    return Factor(H, RAISED, task.ridge)


def sample_rows(h, norms, m, rng):
    """Draw m rows systematically.

    p_i = h_i (1 / sum h + |a_i|^2 / sum h |a|^2) / 2; the row norms protect columns
    that only few rows have.

    Returns
    -------
    positions : ndarray of shape (m,)
        In order; a row may come more than once.
    weight : ndarray of shape (m,), float64
        h_i / (m p_i).
    """
    p = h / h.sum()
    by_norm = h * norms
    total = by_norm.sum()
    if total > 0.0:
        p = 0.5 * (p + by_norm / total)
    edges = np.cumsum(p)
    points = (np.arange(m) + rng.random()) * (edges[-1] / m)
    positions = np.minimum(np.searchsorted(edges, points), len(h) - 1)
    return positions, h[positions] / (m * p[positions])


def twice_as_many(n_sampled, view):
    """Give twice the rows to sample, or None for all if that is near."""
    return None if not n_sampled or 4 * n_sampled > view.n_rows else 2 * n_sampled


def choose_rows(view, loss, tol):
    """Choose P: the rows of X for a Hessian a class; None for all, 0 for the diagonal.

    With m = c n_features rows an iteration contracts F - F* by 1 / c, so that the
    costs of factor and iterations are
    R c n_features t_row + t_iteration ln(1 / tol) / ln c.
    All rows of a squared error settle it in one.
    """
    K, n, d = loss.n_outputs, view.n_rows, view.n_features
    if d > _MOST_COLUMNS or K * d > 15_000:
        return 0
    values, squares = _sparse_cost(view) if view.sparse else (n * d, 0)
    t_iteration = _iteration(values, n, K)
    if view.sparse:
        t_all = K * (squares * _SECONDS_PAIR + d**3 / 3 * _SECONDS_GRAM)
        return None if d <= 500 or t_all <= 10 * t_iteration else 0
    refreshes = 1 if loss.quadratic else 2 if K == 1 else 4
    t_row = K * d * d * _SECONDS_GRAM
    decades = math.log(1.0 / max((tol or 0.0) / 10, 1e-6))
    # All rows settle a squared error: that saves the iterations and more reads.
    saved = t_iteration * (_OTHER_READS + decades / math.log(max(n / d, 4)))
    if loss.quadratic and n * t_row <= saved:
        return None
    if n < 4 * d:
        return None
    c = 4.0 * (0.25 * n / d) ** _FRACTIONS
    cost = refreshes * c * d * t_row + t_iteration * decades / np.log(c)
    c = c[cost.argmin()]
    return None if c * d > _SHARE_OF_ALL * n else int(c * d)


def sharing_pays(view, loss, n_sampled) -> bool:
    """Tell whether a factor for each class is too dear, so that they share one."""
    K, n, d = loss.n_outputs, view.n_rows, view.n_features
    if K == 1 or view.sparse or d > _MOST_COLUMNS or n < d:
        return False
    if n_sampled == 0:
        return True
    t_factors = (n_sampled or n) * K * d * d * _SECONDS_GRAM
    return t_factors >= _DEAR * (_iteration(n * d, n, K) + _SECONDS_EPOCH)


def joining_pays(view, loss, n_epochs) -> bool:
    """Tell whether epochs with other metrics have cost what some joint factors do."""
    K, n, d = loss.n_outputs, view.n_rows, view.n_features
    if K == 1 or K * (d + 1) > MOST_JOINT or n_epochs < _EPOCHS:
        return False
    values, t_gram = n * d, n * d * d * _SECONDS_GRAM
    if view.sparse:
        values, squares = _sparse_cost(view)
        t_gram = squares * _SECONDS_PAIR
    t_factor = K * (K + 1) / 2 * t_gram + (K * d) ** 3 / 3 * _SECONDS_GRAM
    t_epoch = _iteration(values, n, K) + _SECONDS_EPOCH
    return n_epochs * t_epoch >= _TIMES * t_factor


def _iteration(values, n, K):
    """Give the seconds of two products with X and a plane search."""
    return 2 * K * values * _SECONDS_VALUE + n * K * _SECONDS_ROW


def _sparse_cost(view):
    """Give the stored entries of the rows, and the sum of squares of a row's number."""
    counts = np.diff(view.design.arrays[2])[view.rows].astype(np.float64)
    return float(counts.sum()), float((counts**2).sum())
