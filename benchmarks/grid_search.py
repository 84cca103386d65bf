"""Time a grid search over alpha: GDClassifier against LogisticRegression.

Twenty alphas, three folds, 50 000 rows of 100 correlated columns; the two searches take
turns, on one core with one thread. Of LogisticRegression its two fastest solvers here.

    python benchmarks/grid_search.py
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import numpy as np
from report import Figure, Table, in_turn, parser, ratio_figure, save
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
    made = parser(__doc__)
    made.add_argument("--rows", type=int, default=50_000)
    made.add_argument("--columns", type=int, default=100)
    made.add_argument("--alphas", type=int, default=20)
    made.add_argument("--repeats", type=int, default=3)
    options = made.parse_args()
    options.rows = int(options.rows * options.scale)
    X, y = correlated_data(options.rows, options.columns, np.random.default_rng(0))
    alphas = np.geomspace(1e-6, 1e-1, options.alphas)
    n_train = options.rows * (FOLDS - 1) / FOLDS
    grids = {"GDClassifier": (GDClassifier(), {"alpha": alphas})}
    for solver in SOLVERS:
        grids[f"LogisticRegression {solver}"] = (
            LogisticRegression(solver=solver, max_iter=1000),
            {"C": 1.0 / (n_train * alphas)},
        )
    searches = [GridSearchCV(*pair, cv=FOLDS) for pair in grids.values()]
    calls = [lambda search=search: search.fit(X, y) for search in searches]
    seconds = in_turn(*calls, repeats=options.repeats)
    table = Table(
        f"GridSearchCV, {options.alphas} alphas, {options.rows} x {options.columns}",
        *("estimator", "seconds", "ratio", "best score"),
    )
    for name, own, search in zip(grids, seconds, searches, strict=True):
        figure = Figure(f"{np.median(own):.2f}", list(own))
        ratio = ratio_figure(own, seconds[0])
        table.add(name, figure, ratio, f"{search.best_score_:.5f}")
    save(options, {"grid": table})


if __name__ == "__main__":
    main()
