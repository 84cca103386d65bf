"""Time a grid search over alpha: GDClassifier against LogisticRegression.

Twenty alphas, three folds, 50 000 rows of 100 correlated columns; the two searches take
turns, on one core with one thread. Of LogisticRegression its two fastest solvers here.

    python benchmarks/grid_search.py
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import argparse
import time

import numpy as np
from epochs import Table
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from skgd import GDClassifier

FOLDS = 3
SOLVERS = "lbfgs", "newton-cholesky"


def correlated_data(n, d, rng):
    """Give rows of 20 latent variables and noise, and labels of a logistic rule."""
    X = rng.normal(size=(n, 20)) @ rng.normal(size=(20, d)) + rng.normal(size=(n, d))
    y = X @ rng.normal(size=d) / 10 + rng.logistic(size=n) > 0
    return X, y.astype(int)


def main():
    """Run the searches in turn and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--alphas", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    X, y = correlated_data(options.rows, options.columns, np.random.default_rng(0))
    alphas = np.geomspace(1e-6, 1e-1, options.alphas)
    n_train = options.rows * (FOLDS - 1) / FOLDS
    grids = {"GDClassifier": (GDClassifier(), {"alpha": alphas})}
    for solver in SOLVERS:
        grids[f"LogisticRegression {solver}"] = (
            LogisticRegression(solver=solver, max_iter=1000),
            {"C": 1.0 / (n_train * alphas)},
        )
    seconds = {name: [] for name in grids}
    scores = {}
    for _ in range(options.repeats):
        for name, (estimator, grid) in grids.items():
            start = time.process_time()
            search = GridSearchCV(estimator, grid, cv=FOLDS).fit(X, y)
            seconds[name].append(time.process_time() - start)
            scores[name] = search.best_score_
    table = Table(
        f"GridSearchCV, {options.alphas} alphas, {options.rows} x {options.columns}",
        *("estimator", "seconds", "ratio", "best score"),
    )
    ours = np.median(seconds["GDClassifier"])
    for name, own in seconds.items():
        median = np.median(own)
        table.add(name, f"{median:.2f}", f"{median / ours:.2f}x", f"{scores[name]:.5f}")


if __name__ == "__main__":
    main()
