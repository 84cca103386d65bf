"""Time whole fits of few rows, whose cost is fixed: checks, calls, Python.

python benchmarks/small_fits.py
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import warnings

import numpy as np
from report import Figure, Table, in_turn, ratio_figure, run
from sklearn.datasets import load_iris
from sklearn.linear_model import (
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)

from skgd import GDClassifier, GDRegressor

SEEDS = range(20)
SHAPES = (20, 3), (150, 4), (1000, 20)
# skgd with default settings, and what a user would take instead: two kinds of target
FITS = [
    (GDRegressor(), (SGDRegressor(), Ridge()), False),
    (GDRegressor(penalty="l1"), (Lasso(alpha=1e-4),), False),
    (GDRegressor("poisson"), (PoissonRegressor(alpha=1e-4),), False),
    (GDClassifier(), (SGDClassifier("log_loss"), LogisticRegression()), True),
]


def measure_iris(scale):
    """Compare the whole of a small fit, over seeds: they decide when it stops."""
    table = Table(
        f"Whole fit on iris, mean of {len(SEEDS)} seeds",
        *("skgd", "SGD", "skgd ms (epochs)", "SGD ms (epochs)", "ratio", "goal"),
    )
    X, y = load_iris(return_X_y=True)

    def fits(model):
        return [model.set_params(random_state=s).fit(X, y).n_iter_ for s in SEEDS]

    pairs = [("auto", "log_loss"), ("auto", "hinge")]
    pairs += [("optimal", "log_loss"), ("optimal", "hinge")]
    for rate, loss in pairs:
        both = GDClassifier(loss, learning_rate=rate), SGDClassifier("hinge")
        epochs = [np.mean(fits(model)) for model in both]
        calls = [lambda model=model: fits(model) for model in both]
        seconds = in_turn(*calls, repeats=max(3, int(10 * scale))) / len(SEEDS)
        shown = [
            Figure(f"{1e3 * np.median(x):.2f} ({mean:.0f})", list(x))
            for x, mean in zip(seconds, epochs, strict=True)
        ]
        ratio = ratio_figure(seconds[1], seconds[0])
        met = "met" if np.median(ratio.raw) >= 2 else "MISSED"
        goal = f"2x {met}" if loss == "log_loss" else ""
        table.add(f"{loss}, {rate}", "hinge, optimal", *shown, ratio, goal)
    return table


def small_data(n, d, binary):
    """Give columns in units from 0.01 to 100, and a target of a linear rule."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d))
    z = X @ np.linspace(-1, 1, d) + rng.standard_normal(n)
    return X * np.geomspace(0.01, 100, d), z > 0 if binary else np.exp(z / 3)


def measure_fixed(scale):
    """Compare fits with default settings of few rows."""
    table = Table(
        "Whole fits with default settings of few rows",
        *("rows x columns", "estimator", "ms", "skgd's time over it"),
    )
    for n, d in SHAPES:
        for own, others, binary in FITS:
            X, y = small_data(n, d, binary)
            models = own, *others
            calls = [lambda model=model: model.fit(X, y) for model in models]
            in_turn(*calls, repeats=2)  # what a first fit imports
            seconds = in_turn(*calls, repeats=max(9, int(50 * scale)))
            for model, its in zip(models, seconds, strict=True):
                figure = Figure(f"{1e3 * np.median(its):.2f}", list(its))
                ratio = "" if model is own else ratio_figure(seconds[0], its)
                table.add(f"{n} x {d}", repr(model), figure, ratio)
    return table


MEASUREMENTS = {"iris": measure_iris, "fixed": measure_fixed}

if __name__ == "__main__":
    warnings.simplefilter("ignore")  # defaults end before convergence
    run(__doc__, MEASUREMENTS)
