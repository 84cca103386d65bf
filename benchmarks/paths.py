"""Time paths over alpha, and cross-validation along them, on the real data sets.

The first table: alpha_path of twenty alphas, beside one fit at its smallest alpha. The
second: GDRegressorCV / GDClassifierCV beside GridSearchCV over the plain estimator with
the same alphas and five folds, and what each chose. Both sides take turns, on one core
with one thread; times are of the processor, medians.

    python benchmarks/paths.py
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import argparse
import time
from itertools import product

import numpy as np
from datasets import DATA_SETS, UnavailableError, load
from epochs import Table
from sklearn.model_selection import GridSearchCV

from skgd import GDClassifier, GDClassifierCV, GDRegressor, GDRegressorCV, alpha_path

REAL = [name for name in DATA_SETS if not name.startswith("ill")]
PENALTIES = "l2", "l1", "elasticnet"
FEW_SECONDS = 0.2  # of one side: then repeat more often


def seconds(call):
    """Give what the call returns and the time that it took."""
    start = time.process_time()
    result = call()
    return result, time.process_time() - start


def in_turn(one, other, repeats):
    """Give the medians of the times of two calls that take turns."""
    times = []
    while len(times) < repeats:
        times.append((seconds(one)[1], seconds(other)[1]))
        if len(times) == 1 and max(times[0]) > FEW_SECONDS:
            repeats = min(repeats, 3)
    return np.median(times, axis=0)


def classes_of(task):
    """Give the plain estimator and that with cross-validation."""
    if task in ("binary", "multiclass"):
        return GDClassifier, GDClassifierCV
    return GDRegressor, GDRegressorCV


def add_path(table, data, penalty, options):
    """Add a row on the path of a data set."""
    estimator = classes_of(data.task)[0](penalty=penalty)
    path = alpha_path(estimator, data.X, data.y, alphas=options.alphas)
    last = estimator.set_params(alpha=path.alphas[-1]).fit(data.X, data.y)
    long, short = in_turn(
        lambda: alpha_path(estimator, data.X, data.y, alphas=path.alphas),
        lambda: estimator.fit(data.X, data.y),
        options.repeats,
    )
    ratio = long / short
    apart = path.objectives[-1] - last.objective_
    table.add(
        *(data.name, penalty, f"{path.alphas[-1]:.2g}", f"{1e3 * short:.1f}"),
        *(f"{1e3 * long:.1f}", f"{ratio:.1f}{' met' if ratio < 3 else ''}"),
        *(f"{path.n_iters.sum()} / {last.n_iter_}", f"{apart / last.objective_:.1e}"),
        str(path.converged.all()),
    )


def add_search(table, data, penalty, options):
    """Add a row on the choice of alpha for a data set."""
    plain, with_cv = classes_of(data.task)
    ours = with_cv(penalty=penalty, alphas=options.alphas)
    ours.fit(data.X, data.y)
    grid = GridSearchCV(plain(penalty=penalty), {"alpha": ours.alphas_})
    (grid, long), (_, short) = (
        seconds(lambda: grid.fit(data.X, data.y)),
        seconds(lambda: ours.fit(data.X, data.y)),
    )
    if long < 10:
        short, long = in_turn(
            lambda: ours.fit(data.X, data.y),
            lambda: grid.fit(data.X, data.y),
            options.repeats,
        )
    same = ours.alpha_ == grid.best_params_["alpha"]
    table.add(
        *(data.name, penalty, f"{short:.3f}", f"{long:.3f}"),
        f"{long / short:.1f}{' met' if long > 3 * short else ''}",
        *(f"{ours.alpha_:.3g}", "yes" if same else f"{grid.best_params_['alpha']:.3g}"),
        *(f"{ours.best_score_:.5f}", f"{grid.best_score_:.5f}"),
    )


def main():
    """Run both comparisons and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=REAL, metavar="data set")
    parser.add_argument("--penalties", nargs="+", default=PENALTIES)
    parser.add_argument("--alphas", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--rows", type=int, default=None, help="of a set, at most")
    parser.add_argument("--skip", choices=("path", "search"))
    options = parser.parse_args()
    sets = []
    for name in options.only:
        try:
            sets.append(load(name, options.rows))
        except UnavailableError as reason:
            print(f"{name}: not available: {reason}")
    if options.skip != "path":
        table = Table(
            f"alpha_path, {options.alphas} alphas",
            *("data", "penalty", "smallest alpha", "fit ms", "path ms"),
            *("ratio, goal 3", "epochs, path / fit", "F apart", "converged"),
        )
        for data, penalty in product(sets, options.penalties):
            add_path(table, data, penalty, options)
    if options.skip != "search":
        table = Table(
            f"GridSearchCV beside GD...CV, {options.alphas} alphas, five folds",
            *("data", "penalty", "GD...CV s", "GridSearchCV s", "ratio, goal 3"),
            *("alpha_", "same alpha", "best score", "of GridSearchCV"),
        )
        for data, penalty in product(sets, options.penalties):
            add_search(table, data, penalty, options)


if __name__ == "__main__":
    main()
