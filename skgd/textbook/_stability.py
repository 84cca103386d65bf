"""What to say of a learning rate that was too large."""

import numpy as np
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator, svds

from skgd._core.losses import traits_of
from skgd._core.sample_space import SampleLoss

_BLOCK_VALUES = 2**18  # of X at a time: 2 megabytes where they become float64

_WAYS_OUT = (
    'The ways out: learning_rate="auto", the default, which needs neither a scaler nor'
    " eta0, or a scaler in a pipeline before the model (StandardScaler)."
)


def largest_stable_rate(estimator, problem) -> float:
    """Give about the largest constant rate that plain sgd takes without diverging.

    2 / (curvature * L + ridge), with L the largest eigenvalue of the mean of
    s_i x_i x_i' (a one appended to x_i for the intercept) in batch mode, and the
    largest s_i |x_i|^2 otherwise. Infinite where nothing bounds it, NaN where X
    overflows. With a log link, whose curvature has no bound, round the best constant.
    """
    curvature = _curvature(problem)
    if not np.isfinite(curvature):
        return np.inf
    weight = problem.samples.weight
    top = 1.0 if weight is None else float(weight[problem.rows].max())
    with np.errstate(all="ignore"):
        size = top * (
            problem.design.largest_squared_norm(problem.rows) + problem.fit_intercept
        )
        if estimator.mode == "batch" and 0.0 < size < np.inf:
            size = _largest_eigenvalue(problem)
        slope = curvature * size + problem.ridge
        if not np.isfinite(slope):
            return np.nan
        return 2.0 / slope if slope > 0.0 else np.inf


def _curvature(problem) -> float:
    """Give the bound of l'', or with a log link its mean at the best constant."""
    traits = traits_of(problem.loss)
    if traits["link"] != "log":
        return traits["curvature"]
    rows, weight = problem.rows, problem.samples.weight
    s = np.ones(len(rows)) if weight is None else weight[rows]
    s = s / s.sum()
    curvatures = []
    for target in np.ascontiguousarray(problem.samples.y[rows].T):
        loss = SampleLoss(problem.loss, problem.parameter, target, s)
        curvatures.append(loss.curvature_at(np.log(max(s @ target, 1e-300))))
    return max(curvatures)


def _row_blocks(problem):
    """Give positions in the training rows and X there in float64, block by block."""
    X, rows = problem.design.matrix, problem.rows
    values = X.nnz if issparse(X) else X.size
    size = max(1, _BLOCK_VALUES * X.shape[0] // max(1, values))
    for begin in range(0, len(rows), size):
        part = slice(begin, begin + size)
        chosen = rows[part]
        follow = chosen[-1] - chosen[0] + 1 == len(chosen)  # in batch mode: in order
        block = X[chosen[0] : chosen[-1] + 1] if follow else X[chosen]
        yield part, block.astype(np.float64, copy=False)


def _largest_eigenvalue(problem):
    rows, weight = problem.rows, problem.samples.weight
    n, d = len(rows), problem.design.shape[1]
    root = np.ones(n) if weight is None else np.sqrt(weight[rows])
    one = float(problem.fit_intercept)

    def matvec(v):
        v = v.ravel()
        z = np.empty(n)
        for part, X in _row_blocks(problem):
            z[part] = X @ v[:d]
        return root * (z + one * v[d])

    def rmatvec(u):
        u = root * u.ravel()
        g = np.zeros(d)
        for part, X in _row_blocks(problem):
            g += X.T @ u[part]
        return np.append(g, one * u.sum())

    operator = LinearOperator(
        (n, d + 1), matvec=matvec, rmatvec=rmatvec, dtype=np.float64
    )
    if min(n, d + 1) < 3:
        narrow = operator @ np.eye(d + 1) if d + 1 < n else operator.H @ np.eye(n)
        return np.linalg.norm(narrow, 2) ** 2 / n
    start = np.random.default_rng(0).standard_normal(min(n, d + 1))
    largest = svds(operator, k=1, tol=1e-2, v0=start, return_singular_vectors=False)
    return float(largest[0]) ** 2 / n


def _stable_rate_words(estimator, problem):
    rate = largest_stable_rate(estimator, problem)
    if np.isinf(rate):
        return (
            f"loss={estimator.loss!r} has no largest stable learning rate on this data."
        )
    if np.isnan(rate):
        return "No learning rate is stable on this data: the squares of X overflow."
    if traits_of(problem.loss)["link"] == "log":
        return (
            f"The curvature of loss={estimator.loss!r} has no bound; round the best"
            f" constant model the largest stable learning rate is about {rate:.2g}."
        )
    return f"The largest stable learning rate on this data is about {rate:.2g}."


def divergence_message(estimator, problem, error) -> str:
    """Say that the weights have left floating point, why, and what to do."""
    return (
        f"Floating-point under-/overflow occurred at epoch #{error.epoch}. Scaling"
        " input data with StandardScaler or MinMaxScaler might help. The learning"
        f" rate was {error.learning_rate:.3g}"
        f" (learning_rate={estimator.learning_rate!r}, eta0={estimator.eta0:g})."
        f" {_stable_rate_words(estimator, problem)} {_WAYS_OUT}"
    )


def worse_than_zero_message(estimator, problem, outcome) -> str:
    """Say that the model is finite and yet worse than no model."""
    epochs = outcome.history["learning_rate"]
    return (
        "The descent has not minimised its objective: it ended at"
        f" {outcome.objective:.3g}, above the {problem.zero_objective:.3g} of a"
        " model whose coefficients are all zero. The learning rate in the last"
        f" epoch was {epochs[-1]:.3g} (learning_rate={estimator.learning_rate!r},"
        f" eta0={estimator.eta0:g}). {_stable_rate_words(estimator, problem)}"
        f" {_WAYS_OUT}"
    )
