"""Time an epoch of skgd against an epoch of scikit-learn's SGD.

Both fit the same data for the same number of epochs (tol=None), in turn, on one core
with one BLAS thread; the tables show the median of each and of the ratios of the turns
with their range, beside the ratio that is the goal. A fit is timed whole: validation,
shuffling and the final objective included.

    python benchmarks/epochs.py                # everything: about 15 minutes
    python benchmarks/epochs.py --quick        # a tenth of the values: not to be quoted
    python benchmarks/epochs.py --only sparse
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import warnings

import numpy as np
import sklearn
from report import Figure, Table, in_turn, ratio_figure, run
from scipy.sparse import csr_matrix
from sklearn.linear_model import SGDClassifier, SGDRegressor

from skgd import GDClassifier, GDRegressor

EPOCHS = 5


def turns(first, second, repeats=3):
    """Give the seconds of two calls that take turns, after one call of each."""
    first(), second()
    return in_turn(first, second, repeats=repeats)


def estimators(loss, **parameters):
    """Give an estimator of each package with the same steps."""
    common = {
        "loss": loss,
        "learning_rate": "invscaling",
        "eta0": 1e-3,
        "power_t": 0.25,
        "max_iter": EPOCHS,
        "tol": None,
        "random_state": 0,
    } | parameters
    if loss == "squared_error":
        return GDRegressor(**common), SGDRegressor(**common)
    return GDClassifier(multi_class="ovr", **common), SGDClassifier(**common)


def ratio_cells(ours, theirs, n, goal):
    """Give the cells of a comparison: nanoseconds a sample and epoch, ratio, goal."""
    scale = 1e9 / n / EPOCHS
    ratio = ratio_figure(theirs, ours)
    met = np.median(ratio.raw) >= (goal or 0)
    goal = "" if goal is None else f"{goal:g}x {'met' if met else 'MISSED'}"
    times = [Figure(f"{scale * np.median(x):.0f}", list(x)) for x in (ours, theirs)]
    return *times, ratio, goal


def dense_goal(dtype, d):
    """Give the goal for a stochastic epoch on dense rows, or None."""
    if dtype == np.float32:
        return 3.5 if d <= 30 else 6.0
    return {10: 4.0, 30: 4.0, 100: 3.0, 784: 2.5}.get(d)


def dense_data(n, d, dtype, rng):
    """Give rows of standard normals and labels of a linear rule with noise."""
    X = rng.standard_normal((n, d), dtype=dtype)
    z = X @ rng.standard_normal(d, dtype=dtype) / np.sqrt(d) + rng.standard_normal(n)
    return X, z


def measure_dense(scale):
    """Compare stochastic epochs on dense rows."""
    table = Table(
        "Stochastic, dense",
        *("values", "dtype", "d", "loss", "skgd ns", "SGD ns", "ratio", "goal"),
    )
    for size in (12_000_000, 40_000_000):
        for dtype in (np.float64, np.float32):
            for d in (10, 30, 100, 784, 4000):
                n = int(size * scale) // d
                X, z = dense_data(n, d, dtype, np.random.default_rng(0))
                for loss in ("squared_error", "log_loss"):
                    y = z if loss == "squared_error" else (z > 0).astype(int)
                    ours, theirs = estimators(loss)
                    times = turns(lambda: ours.fit(X, y), lambda: theirs.fit(X, y))
                    name = f"{size // 1_000_000}M", np.dtype(dtype).name, d, loss
                    table.add(*name, *ratio_cells(*times, n, dense_goal(dtype, d)))
    return table


def sparse_data(n, d, per_row, dtype, rng):
    """Give CSR rows of `per_row` entries in columns drawn uniformly."""
    indices = np.sort(rng.integers(0, d, (n, per_row), dtype=np.int32), axis=1)
    indptr = np.arange(0, n * per_row + 1, per_row, dtype=np.int32)
    values = rng.standard_normal(n * per_row, dtype=dtype)
    X = csr_matrix((values, indices.ravel(), indptr), shape=(n, d))
    return X, X @ rng.standard_normal(d) > 0


def measure_sparse(scale):
    """Compare stochastic epochs on sparse rows."""
    table = Table(
        "Stochastic, CSR, 100 000 columns, log loss",
        *("dtype", "entries a row", "penalty", "skgd ns", "SGD ns", "ratio", "goal"),
    )
    n = int(200_000 * scale)
    for dtype in (np.float64, np.float32):
        for per_row in (50, 100):
            X, y = sparse_data(n, 100_000, per_row, dtype, np.random.default_rng(0))
            for penalty, alpha, goal in (("l2", 1e-4, 2.0), ("l1", 1e-5, 3.0)):
                ours, theirs = estimators("log_loss", penalty=penalty, alpha=alpha)
                times = turns(lambda: ours.fit(X, y), lambda: theirs.fit(X, y))
                name = np.dtype(dtype).name, per_row, penalty
                table.add(*name, *ratio_cells(*times, n, goal))
    return table


def measure_classes(scale):
    """Compare one pass for ten classes with ten passes."""
    table = Table(
        "Stochastic, ten classes one-vs-rest, dense float64, log loss",
        *("n", "d", "skgd ns", "SGD ns", "ratio", "goal"),
    )
    for n, d in ((400_000, 30), (100_000, 100), (20_000, 784)):
        n = int(n * scale)
        rng = np.random.default_rng(0)
        X = rng.standard_normal((n, d))
        y = (X[:, :10] + rng.standard_normal((n, 10))).argmax(axis=1)
        ours, theirs = estimators("log_loss")
        times = turns(lambda: ours.fit(X, y), lambda: theirs.fit(X, y))
        table.add(n, d, *ratio_cells(*times, n, 7.0))
    return table


def measure_mini_batch(scale):
    """Compare an epoch of mini-batches with an epoch of single rows."""
    table = Table(
        "Mini-batch of 64 rows against one row a step, log loss",
        *("storage", "dtype", "d", "64 rows ns", "one row ns", "ratio", "goal"),
    )
    for dtype in (np.float64, np.float32):
        for d in (10, 30, 100, 784, 4000, None):
            if d is None:
                n = int(200_000 * scale)
                X, y = sparse_data(n, 100_000, 50, dtype, np.random.default_rng(0))
            else:
                n = int(12_000_000 * scale) // d
                X, z = dense_data(n, d, dtype, np.random.default_rng(0))
                y = z > 0
            one, _ = estimators("log_loss")
            many = sklearn.clone(one).set_params(mode="mini-batch", batch_size=64)
            times = turns(lambda: many.fit(X, y), lambda: one.fit(X, y))
            name = "dense" if d else "CSR, 50 a row", np.dtype(dtype).name, d or 100_000
            table.add(*name, *ratio_cells(*times, n, 1.0))
    return table


MEASUREMENTS = {
    "dense": measure_dense,
    "sparse": measure_sparse,
    "classes": measure_classes,
    "mini-batch": measure_mini_batch,
}


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # a few epochs with tol=None have not converged
    run(__doc__, MEASUREMENTS)
