"""Time whole fits as rows, columns, entries and classes grow by decades.

skgd with default settings beside a solver of scikit-learn's that a user would take, in
turn; "exponent" is the slope of log time over log size at the last decade: 1 is linear.

    python benchmarks/growth.py
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import warnings

import numpy as np
from batch_gradient import bandwidth, least_reading
from epochs import sparse_data
from report import Figure, Table, in_turn, ratio_figure, run
from sklearn.linear_model import LogisticRegression, Ridge

from skgd import GDClassifier, GDRegressor

ALPHA = 1e-4
SECONDS = 3.0  # a fit that takes longer is timed once


def dense(n, d, n_classes=2):
    """Give correlated columns in units from 0.01 to 100 and a target in classes."""
    rng = np.random.default_rng(0)
    k = min(d, 10)
    X = rng.standard_normal((n, k)) @ rng.standard_normal((k, d))
    X += rng.standard_normal((n, d))
    z = X @ rng.standard_normal((d, n_classes)) / np.sqrt(10 * d)
    y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    return X * np.geomspace(0.01, 100, d), y


def text(n, d, per_row):
    """Give CSR rows of so many entries."""
    return sparse_data(n, d, per_row, np.float64, np.random.default_rng(0))


def regression(n, d):
    """Give dense rows and a number for each."""
    X, y = dense(n, d)
    return X, y + np.random.default_rng(1).standard_normal(n)


def ridge(X):
    return Ridge(alpha=ALPHA * X.shape[0], solver="cholesky")


def logistic(solver):
    def made(X):
        return LogisticRegression(
            C=1 / (ALPHA * X.shape[0]), solver=solver, max_iter=1000
        )

    return made


NEWTON, LBFGS = logistic("newton-cholesky"), logistic("lbfgs")
# what grows, at the others' size: data of a size, sizes, skgd's estimator, the peer
SERIES = {
    "n (x 20), squared_error": (
        lambda n: regression(n, 20),
        (1_000, 10_000, 100_000, 1_000_000),
        *(GDRegressor, ridge),
    ),
    "n (x 20), log_loss": (
        lambda n: dense(n, 20),
        (1_000, 10_000, 100_000, 1_000_000),
        *(GDClassifier, NEWTON),
    ),
    "d (20 000 rows), squared_error": (
        lambda d: regression(20_000, d),
        (10, 100, 1_000),
        *(GDRegressor, ridge),
    ),
    "d (20 000 rows), log_loss": (
        lambda d: dense(20_000, d),
        (10, 100, 1_000),
        *(GDClassifier, NEWTON),
    ),
    "entries a row (20 000 rows, 100 000 columns), log_loss": (
        lambda k: text(20_000, 100_000, k),
        (1, 10, 100, 1_000),
        *(GDClassifier, LBFGS),
    ),
    "columns (20 000 rows of 20 entries), log_loss": (
        lambda d: text(20_000, d, 20),
        (100, 1_000, 10_000, 100_000, 1_000_000),
        *(GDClassifier, LBFGS),
    ),
    "classes (20 000 x 20), softmax": (
        lambda k: dense(20_000, 20, k),
        (2, 20, 200),
        *(GDClassifier, LBFGS),
    ),
}


def slope(sizes, seconds):
    """Give the exponent over the last decade, or a dash before there is one."""
    if len(sizes) < 2:
        return "-"
    return f"{np.log(seconds[-1] / seconds[-2]) / np.log(sizes[-1] / sizes[-2]):.2f}"


def measure_growth(scale):
    """Time each series; of a scale below one the largest size is left out."""
    table = Table(
        "Whole fits as one size grows, default settings, alpha=1e-4",
        *("what grows", "size", "skgd ms", "epochs", "exponent"),
        *("peer", "peer ms", "exponent", "peer over skgd", "reading X (times)"),
    )
    speed = bandwidth()
    for name, (data, sizes, kind, peer) in SERIES.items():
        done, ours, theirs = [], [], []
        for size in sizes if scale >= 1 else sizes[:-1]:
            X, y = data(size)
            models = kind(), peer(X)
            calls = [lambda model=model: model.fit(X, y) for model in models]
            first = in_turn(*calls, repeats=1)
            slow = first.max() > SECONDS
            seconds = first if slow else in_turn(*calls, repeats=3)
            done.append(size)
            for kept, own in zip((ours, theirs), seconds, strict=True):
                kept.append(np.median(own))
            shown = [Figure(f"{1e3 * np.median(x):.3g}", list(x)) for x in seconds]
            solver = getattr(models[1], "solver", "")
            table.add(
                *(name, f"{size:,}", shown[0], models[0].n_iter_, slope(done, ours)),
                *(f"{type(models[1]).__name__} {solver}", shown[1]),
                *(slope(done, theirs), ratio_figure(seconds[1], seconds[0])),
                least_reading(X, models[0].loss, models[0].n_iter_, speed),
            )
    return table


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # peers' limits of iterations
    run(__doc__, {"growth": measure_growth})
