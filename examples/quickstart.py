"""Fit linear models on raw data by gradient descent, without a scaler or a rate.

Three data sets that scikit-learn bundles, in their own units. For each: a grid search
over the descent mode and alpha in a pipeline, then a comparison with scikit-learn's SGD
and with its solver of the same problem. Takes less than a minute.
"""

from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import (
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skgd import GDClassifier, GDRegressor

MODES = ("batch", "mini-batch", "stochastic")
ALPHAS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
REPEATS = 5

INTRODUCTION = """\
No data set is scaled, and every model has its default settings but for alpha, which a
grid search chooses.

Columns of the tables, medians over {repeats} fits with seeds 0 to {last}, in turn:
  score          on test data: R2 for regression, accuracy for classification
  above optimum  objective (mean loss + alpha/2 |w|^2) on the training data, computed
                 by the same NumPy lines for every model, minus the least one found
  estimate       the same as the model itself puts it: suboptimality_
  epochs, ms     epochs (a stochastic one reads the data several times), and
                 milliseconds of fit; LogisticRegression runs to a tolerance of 1e-10
Empty where a model has no such number, or minimises something else: SGD after a scaler
weighs scaled coefficients with alpha, and fits ten classes one against the rest."""

CONCLUSION = """\
What to make of it
  GD ends in the optimum, as the solver does, in units of any size, and knows about how
  far away it still is. The three modes end in the same model; "batch", the default, is
  the shortest way there on data that fit in memory. SGD needs a scaler: without one it
  may end far above the objective of no model at all, and say nothing."""


@dataclass
class Task:
    """A data set, and the models to compare on it."""

    name: str
    data: tuple
    ours: object
    sgd: object
    solver: object
    loss: object


def squared_error(model, X, y):
    """Give half the mean squared error."""
    return 0.5 * np.mean((y - X @ model.coef_ - model.intercept_) ** 2)


def log_loss(model, X, y):
    """Give the mean log loss of two classes, or of softmax."""
    z = X @ model.coef_.T + model.intercept_
    if z.shape[1] == 1:
        z = np.column_stack((np.zeros(len(y)), z))
    top = z.max(axis=1, keepdims=True)
    normaliser = top[:, 0] + np.log(np.exp(z - top).sum(axis=1))
    return np.mean(normaliser - z[np.arange(len(y)), y])


def tasks():
    """Give the three comparisons."""
    newton = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=1000)
    return [
        Task(
            "Regression: diabetes, squared error",
            load_diabetes(return_X_y=True, scaled=False),
            GDRegressor(),
            SGDRegressor(),
            Ridge(solver="cholesky"),
            squared_error,
        ),
        Task(
            "Two classes: breast cancer, log loss",
            load_breast_cancer(return_X_y=True),
            GDClassifier(),
            SGDClassifier("log_loss"),
            newton,
            log_loss,
        ),
        Task(
            "Ten classes: digits, log loss",
            load_digits(return_X_y=True),
            GDClassifier(),
            SGDClassifier("log_loss"),
            newton,
            log_loss,
        ),
    ]


def search(task, X, y):
    """Choose mode and alpha by cross-validation; give alpha."""
    pipeline = make_pipeline("passthrough", clone(task.ours))  # no scaler
    step = pipeline.steps[-1][0]
    pipeline.set_params(**{f"{step}__random_state": 0})
    grid = {f"{step}__mode": MODES, f"{step}__alpha": ALPHAS}
    found = GridSearchCV(pipeline, grid, cv=5).fit(X, y)
    scores = found.cv_results_["mean_test_score"].reshape(len(ALPHAS), len(MODES))
    alpha = found.best_params_[f"{step}__alpha"]
    print(
        f"  grid search over {scores.size} pairs of mode and alpha, 5 folds:"
        f" alpha={alpha:g},\n  cross-validated score {found.best_score_:.3f}; the modes"
        f" differ by {np.ptp(scores, axis=1).max():.1g} at most"
    )
    return alpha


def contenders(task, alpha, n_samples):
    """Give the models by the name they are printed with, those on scaled X last."""
    sgd, ours = (
        clone(model).set_params(alpha=alpha) for model in (task.sgd, task.ours)
    )
    solver = clone(task.solver)
    if isinstance(solver, Ridge):
        solver.set_params(alpha=alpha * n_samples)
    else:
        solver.set_params(C=1 / (alpha * n_samples))
    models = {type(sgd).__name__: sgd}
    for mode in MODES:
        models[f"{type(ours).__name__}, {mode}"] = clone(ours).set_params(mode=mode)
    models[type(solver).__name__] = solver
    models[f"{type(sgd).__name__} after a scaler"] = make_pipeline(
        StandardScaler(), clone(sgd)
    )
    return models


def fit_in_turn(task, alpha, train, test):
    """Give (score, objective, estimate, epochs, milliseconds) of each fit, by name."""
    (X, y), fits = train, {}
    for seed in range(REPEATS):
        for name, model in contenders(task, alpha, len(y)).items():
            last = model[-1] if hasattr(model, "steps") else model
            if "random_state" in last.get_params():
                last.set_params(random_state=seed)
            begin = perf_counter()
            model.fit(X, y)
            milliseconds = 1e3 * (perf_counter() - begin)
            objective, n_outputs = np.nan, np.size(last.intercept_)
            if last is model and (
                n_outputs == 1 or not isinstance(model, SGDClassifier)
            ):
                ridge = 0.5 * alpha * np.sum(model.coef_**2)
                objective = task.loss(model, X, y) + ridge
            estimate = getattr(last, "suboptimality_", np.nan)
            epochs = np.max(last.n_iter_) if last.n_iter_ is not None else np.nan
            row = (model.score(*test), objective, estimate, epochs, milliseconds)
            fits.setdefault(name, []).append(row)
    return fits


def compare(task, alpha, train, test):
    """Fit all models in turn, several times; print one line each."""
    fits = fit_in_turn(task, alpha, train, test)
    least = min(fit[1] for rows in fits.values() for fit in rows if np.isfinite(fit[1]))
    titles = ("score", "above optimum", "estimate", "epochs", "ms")
    widths, formats = (11, 15, 11, 8, 9), (".3g", ".1g", ".1g", ".0f", ".2f")
    cells = "".join(f"{t:>{w}}" for t, w in zip(titles, widths, strict=True))
    print(f"  {'':<31}{cells}")
    for name, rows in fits.items():
        values = [median(row[k] for row in rows) for k in range(5)]
        values[1] -= least
        cells = (
            f"{'' if np.isnan(v) else format(v, f):>{w}}"
            for v, f, w in zip(values, formats, widths, strict=True)
        )
        print(f"  {name:<31}{''.join(cells)}")


def main():
    """Run the three comparisons."""
    print(INTRODUCTION.format(repeats=REPEATS, last=REPEATS - 1))
    for task in tasks():
        X, X_test, y, y_test = train_test_split(
            *task.data, test_size=0.25, random_state=0
        )
        spread = X.std(axis=0)
        spread = spread[spread > 0]
        print(
            f"\n{task.name}: {len(y)} training samples, {X.shape[1]} features with"
            f"\n  standard deviations from {spread.min():.2g} to {spread.max():.2g}"
        )
        compare(task, search(task, X, y), (X, y), (X_test, y_test))
    print("\n" + CONCLUSION)


if __name__ == "__main__":
    with threadpool_limits(1):  # on problems this small BLAS threads only wait
        main()
