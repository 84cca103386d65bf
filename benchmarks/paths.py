"""Time paths over alpha, and cross-validation along them, on the real data sets.

The first table: alpha_path of twenty alphas, beside one fit at its smallest alpha. The
second: GDRegressorCV / GDClassifierCV beside GridSearchCV over the plain estimator with
the same alphas and five folds, and what each chose. Both sides take turns, on one core
with one thread; times are of the processor, medians.

    python benchmarks/paths.py
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

from itertools import product

import numpy as np
from datasets import DATA_SETS, UnavailableError, load
from report import Figure, Table, in_turn, parser, ratio_figure, save
from sklearn.model_selection import GridSearchCV

from skgd import GDClassifier, GDClassifierCV, GDRegressor, GDRegressorCV, alpha_path

REAL = [name for name in DATA_SETS if not name.startswith("ill")]
PENALTIES = "l2", "l1", "elasticnet"
FEW_SECONDS = 0.2  # of one side: a longer one is repeated less often
LONG = 10.0  # seconds of a search that is run once


def turns(one, other, repeats):
    """Give the times of two calls that take turns, fewer where they are long."""
    first = in_turn(one, other, repeats=1)
    few = min(repeats, 2) if first.max() > FEW_SECONDS else repeats - 1
    return np.hstack([first, in_turn(one, other, repeats=few)]) if few else first


def shown(seconds, form, unit=1.0):
    """Give the median of times, with the times behind it."""
    return Figure(f"{unit * np.median(seconds):{form}}", list(seconds))


def goal(times, others, met):
    """Give the ratio of times with its spread, and whether it met the goal."""
    ratio = ratio_figure(times, others)
    ratio.text += " met" if met(np.median(ratio.raw)) else ""
    return ratio


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
    long, short = turns(
        lambda: alpha_path(estimator, data.X, data.y, alphas=path.alphas),
        lambda: estimator.fit(data.X, data.y),
        options.repeats,
    )
    apart = path.objectives[-1] - last.objective_
    table.add(
        *(data.name, penalty, f"{path.alphas[-1]:.2g}", shown(short, ".1f", 1e3)),
        *(shown(long, ".1f", 1e3), goal(long, short, lambda x: x < 3)),
        *(f"{path.n_iters.sum()} / {last.n_iter_}", f"{apart / last.objective_:.1e}"),
        str(path.converged.all()),
    )


def add_search(table, data, penalty, options):
    """Add a row on the choice of alpha for a data set."""
    plain, with_cv = classes_of(data.task)
    ours = with_cv(penalty=penalty, alphas=options.alphas)
    ours.fit(data.X, data.y)
    grid = GridSearchCV(plain(penalty=penalty), {"alpha": ours.alphas_})
    fits = lambda: ours.fit(data.X, data.y), lambda: grid.fit(data.X, data.y)
    short, long = in_turn(*fits, repeats=1)
    if long[0] < LONG:
        short, long = turns(*fits, options.repeats)
    same = ours.alpha_ == grid.best_params_["alpha"]
    table.add(
        *(data.name, penalty, shown(short, ".3f"), shown(long, ".3f")),
        goal(long, short, lambda x: x > 3),
        *(f"{ours.alpha_:.3g}", "yes" if same else f"{grid.best_params_['alpha']:.3g}"),
        *(f"{ours.best_score_:.5f}", f"{grid.best_score_:.5f}"),
    )


def main():
    """Run both comparisons and print the tables."""
    made = parser(__doc__)
    made.add_argument("--only", nargs="+", default=REAL, metavar="data set")
    made.add_argument("--penalties", nargs="+", default=PENALTIES)
    made.add_argument("--alphas", type=int, default=20)
    made.add_argument("--repeats", type=int, default=7)
    made.add_argument("--rows", type=int, default=None, help="of a set, at most")
    made.add_argument("--skip", choices=("path", "search"))
    options = made.parse_args()
    if options.scale < 1:
        options.only, options.repeats = ["diabetes", "wine"], 2
    sets, tables = [], {}
    for name in options.only:
        try:
            sets.append(load(name, options.rows))
        except UnavailableError as reason:
            print(f"{name}: not available: {reason}")
    if options.skip != "path":
        tables["path"] = table = Table(
            f"alpha_path, {options.alphas} alphas",
            *("data", "penalty", "smallest alpha", "fit ms", "path ms"),
            *("ratio, goal 3", "epochs, path / fit", "F apart", "converged"),
        )
        for data, penalty in product(sets, options.penalties):
            add_path(table, data, penalty, options)
            save(options, tables)
    if options.skip != "search":
        tables["search"] = table = Table(
            f"GridSearchCV beside GD...CV, {options.alphas} alphas, five folds",
            *("data", "penalty", "GD...CV s", "GridSearchCV s", "ratio, goal 3"),
            *("alpha_", "same alpha", "best score", "of GridSearchCV"),
        )
        for data, penalty in product(sets, options.penalties):
            add_search(table, data, penalty, options)
            save(options, tables)


if __name__ == "__main__":
    main()
