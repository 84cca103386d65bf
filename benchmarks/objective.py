"""The objective of a linear model on raw data, and forms of it that solvers need.

    F(w, b) = sum_i s_i loss(y_i, x_i . w + b) / sum_i s_i + alpha * R(w)

The intercept is free. F is computed here from its definition alone, so that it can
judge any package's coefficients.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.special import expit, log_softmax, softmax

CLASSIFICATION = "log_loss", "hinge", "squared_hinge", "modified_huber"
REGRESSION = (
    *("squared_error", "huber", "squared_epsilon_insensitive"),
    *("epsilon_insensitive", "absolute_error", "quantile"),
)
KINKED = "hinge", "epsilon_insensitive", "absolute_error", "quantile"
BLOCK = 16384  # rows centred at a time


@dataclass(frozen=True)
class Problem:
    """What to minimise: data, loss, penalty.

    y holds numbers for a regression loss and the codes 0 .. K-1 of the classes for the
    others. With K > 2, log_loss is softmax, and any other loss the sum of the K
    objectives of one class against the rest.
    """

    X: np.ndarray | sparse.csr_matrix
    y: np.ndarray
    loss: str
    penalty: str | None = "l2"
    alpha: float = 1e-4
    l1_ratio: float = 0.15
    epsilon: float = 0.1
    quantile: float = 0.5
    positive: bool = False
    sample_weight: np.ndarray | None = None

    @property
    def ridge(self):
        """Factor of |w|^2 / 2."""
        share = {"l2": 1.0, "elasticnet": 1 - self.l1_ratio}.get(self.penalty, 0.0)
        return self.alpha * share

    @property
    def l1(self):
        """Factor of |w|_1."""
        share = {"l1": 1.0, "elasticnet": self.l1_ratio}.get(self.penalty, 0.0)
        return self.alpha * share

    @cached_property
    def weight(self):
        """Weights of the rows, of sum one."""
        n = self.X.shape[0]
        s = np.ones(n) if self.sample_weight is None else self.sample_weight
        return s / s.sum()

    @cached_property
    def n_classes(self):
        """Classes, or 0 for regression."""
        return int(self.y.max()) + 1 if self.loss in CLASSIFICATION else 0

    @property
    def is_softmax(self):
        """Whether all classes have one loss together."""
        return self.loss == "log_loss" and self.n_classes > 2

    def against_rest(self):
        """Give the binary problems of which this is the sum."""
        return [
            replace(self, y=(self.y == k).astype(int)) for k in range(self.n_classes)
        ]

    @property
    def targets(self):
        """Numbers, or -1 and +1."""
        return 2.0 * self.y - 1 if self.n_classes else np.asarray(self.y, float)


def losses(problem, z):
    """Give the loss of each row at raw predictions of shape (n,), or (n, K)."""
    if problem.is_softmax:
        return -log_softmax(z, axis=1)[np.arange(len(z)), problem.y]
    y, epsilon, tau = problem.targets, problem.epsilon, problem.quantile
    r, m = y - z, 1 - y * z
    size = np.abs(r)
    match problem.loss:
        case "squared_error":
            return r * r / 2
        case "huber":
            small = np.minimum(size, epsilon)
            return small * (size - small / 2)
        case "squared_epsilon_insensitive":
            return np.maximum(size - epsilon, 0) ** 2
        case "epsilon_insensitive":
            return np.maximum(size - epsilon, 0)
        case "absolute_error":
            return size
        case "quantile":
            return np.maximum(tau * r, (tau - 1) * r)
        case "log_loss":
            return np.logaddexp(0, -y * z)
        case "hinge":
            return np.maximum(m, 0)
        case "squared_hinge":
            return np.maximum(m, 0) ** 2
        case "modified_huber":
            return np.where(m > 2, 4 * (m - 1), np.maximum(m, 0) ** 2)
    raise ValueError(f"loss={problem.loss!r} is not known.")


def raw_predictions(X, coef, intercept):
    """Give X w + b, with the means of X apart so that large ones cost no digits."""
    w, b = np.asarray(coef, float), np.asarray(intercept, float)
    if sparse.issparse(X):
        return X.astype(float) @ w.T + b
    shift = X.mean(axis=0, dtype=float)
    base = (shift.astype(np.longdouble) * w).sum(axis=-1) + b
    z = np.empty(X.shape[:1] + w.shape[:-1])
    for begin in range(0, len(z), BLOCK):
        rows = slice(begin, begin + BLOCK)
        z[rows] = (X[rows] - shift) @ w.T + base.astype(float)
    return z


def objective(problem, coef, intercept):
    """Give F at coefficients of shape (d,), or (K, d) with intercepts of shape (K,)."""
    coef, intercept = np.asarray(coef, float), np.asarray(intercept, float)
    if coef.ndim == 2 and len(coef) == 1:
        coef, intercept = coef[0], intercept.ravel()[0]
    elif coef.ndim == 1:
        intercept = intercept.ravel()[0]
    elif not problem.is_softmax:
        parts = zip(problem.against_rest(), coef, intercept, strict=True)
        return sum(objective(*part) for part in parts)
    if problem.positive and coef.min() < 0:
        return np.inf
    with np.errstate(over="ignore", invalid="ignore"):
        z = raw_predictions(problem.X, coef, intercept)
        value = (problem.weight * losses(problem, z)).sum()
        size = problem.ridge / 2 * (coef**2).sum() + problem.l1 * np.abs(coef).sum()
    return float(value + size) if np.isfinite(value + size) else np.inf


def null_intercept(problem):
    """Give the intercept of the best constant model."""
    if problem.is_softmax:
        share = np.bincount(problem.y, problem.weight)
        return np.log(share) - np.log(share).mean()
    if problem.loss == "log_loss":
        share = problem.weight[problem.y == 1].sum()
        return np.log(share / (1 - share))
    pieces = Pieces.of(problem)
    low, high = pieces.centre.min(), pieces.centre.max()
    for _ in range(200):  # F is convex in b: bisect until doubles end
        b = (low + high) / 2
        low, high = (low, b) if pieces.slope(b).sum() > 0 else (b, high)
    nearest = pieces.centre.ravel()[np.abs(pieces.centre - b).argmin()]
    values = [(problem.weight * losses(problem, x)).sum() for x in (b, nearest)]
    return (b, nearest)[int(np.argmin(values))]


def null_objective(problem):
    """Give F of the best constant model."""
    if problem.n_classes > 2 and not problem.is_softmax:
        return sum(null_objective(part) for part in problem.against_rest())
    b = null_intercept(problem)
    z = np.broadcast_to(b, (*problem.y.shape, *np.shape(b)))
    return float((problem.weight * losses(problem, z)).sum())


@dataclass
class Pieces:
    """Weighted losses as maxima over t in [low, high] of t (z - c) - t^2 kappa / 2.

    Every loss but log_loss is one such maximum, or the sum of two; each array has
    shape (one or two, n), and the rows' weights are inside.
    """

    centre: np.ndarray
    low: np.ndarray
    high: np.ndarray
    kappa: np.ndarray

    @classmethod
    def of(cls, problem):
        """Give the pieces of a loss of one output."""
        y, epsilon, tau = problem.targets, problem.epsilon, problem.quantile
        inf, zero = np.inf, np.zeros_like(y)
        left, right = np.where(y > 0, -1.0, 0), np.where(y > 0, 0, 1.0)
        forms = {
            "squared_error": [(y, -inf, inf, 1)],
            "huber": [(y, -epsilon, epsilon, 1)],
            "absolute_error": [(y, -1, 1, 0)],
            "quantile": [(y, -tau, 1 - tau, 0)],
            "epsilon_insensitive": [(y + epsilon, 0, 1, 0), (y - epsilon, -1, 0, 0)],
            "squared_epsilon_insensitive": [
                (y + epsilon, 0, inf, 0.5),
                (y - epsilon, -inf, 0, 0.5),
            ],
            "hinge": [(y, left, right, 0)],
            "squared_hinge": [
                (y, np.where(y > 0, -inf, 0), np.where(y > 0, 0, inf), 0.5)
            ],
            "modified_huber": [(y, 4 * left, 4 * right, 0.5)],
        }
        c, low, high, kappa = (
            np.stack([part + zero for part in column])
            for column in zip(*forms[problem.loss], strict=True)
        )
        s = problem.weight
        return cls(c, low * s, high * s, kappa / s)

    def slope(self, z):
        """Give the t that attain the maxima: derivatives of the losses."""
        r = z - self.centre
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(
                self.kappa > 0, r / self.kappa, np.where(r > 0, np.inf, -np.inf)
            )
        return np.clip(t, self.low, self.high)


def log_derivatives(problem, z):
    """Give first and second derivatives of the weighted log losses in z.

    For softmax these are of shape (n, K), and the probabilities.
    """
    s = problem.weight
    if problem.is_softmax:
        p = softmax(z, axis=1)
        d = p.copy()
        d[np.arange(len(z)), problem.y] -= 1
        return d * s[:, None], p
    y = problem.targets
    p = expit(-y * z)
    return -y * p * s, p * expit(y * z) * s
