"""Fit linear models by gradient descent, and compare them with scikit-learn's SGD.

Three data sets that scikit-learn bundles. For each: a pipeline, a grid search over the
descent mode and alpha, then a comparison at the alpha found. Takes less than a minute.
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
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skgd import GDClassifier, GDRegressor

MODES = ("batch", "mini-batch", "stochastic")
ALPHAS = (1e-4, 1e-3, 1e-2, 1e-1)
REPEATS = 7

INTRODUCTION = """\
Every data set is scaled, mode and alpha are chosen by grid search, and all models are
fitted with that alpha, on one thread. GD* use learning_rate="adaptive", and so does
SGD* in its second row.

Columns of the tables, medians over {repeats} fits with seeds 0 to {last}, in turn:
  score          on test data: R2 for regression, accuracy for classification
  above optimum  objective (mean loss + alpha/2 |w|^2) on the training data, computed
                 by the same NumPy lines for every model, minus its least value
  epochs, ms     passes over the training data, and milliseconds of fit"""

CONCLUSION = """\
What to make of it
  The converged solver is exact; on data as small as the first two, use it. Steps on one
  row come closest to it among the descents. Batch descent takes one step an epoch, so
  that it needs the most epochs and stops furthest away. Against SGD with the same
  schedule the objective is about the same; with many classes GD takes a fraction of the
  time, because one pass over the rows serves all of them."""


@dataclass
class Task:
    """A data set, the models compared on it, and the solver that gives the optimum."""

    name: str
    data: tuple
    base: object
    rivals: dict
    optimum: object
    objective: object


def squared_error(model, X, y):
    """Give half the mean squared error."""
    return 0.5 * np.mean((y - X @ coefficients(model)[0][0] - model.intercept_) ** 2)


def log_loss(model, X, y):
    """Give the mean log loss, summed over the classes if there are more than two."""
    w, b = coefficients(model)
    positive = [[1]] if len(w) == 1 else np.arange(len(w))[:, None]
    signs = np.where(y == positive, 1.0, -1.0)
    return np.logaddexp(0, -signs * (w @ X.T + b[:, None])).mean(axis=1).sum()


def coefficients(model):
    """Give (w, b) of shapes (n_outputs, n_features) and (n_outputs,)."""
    parts = getattr(model, "estimators_", [model])
    w = np.vstack([part.coef_ for part in parts])
    return w, np.concatenate([np.ravel(part.intercept_) for part in parts])


def tasks():
    """Give the three comparisons; each rival has its defaults, then our schedule."""
    slow, fast = ({"learning_rate": "adaptive", "eta0": eta0} for eta0 in (0.02, 0.1))
    classifiers = {
        "SGDClassifier, defaults": SGDClassifier("log_loss"),
        "SGDClassifier, adaptive": SGDClassifier("log_loss", **fast),
    }
    one_against_rest = GDClassifier(multi_class="ovr", **fast)
    newton = LogisticRegression(solver="newton-cholesky", tol=1e-10)
    return [
        Task(
            "Regression: diabetes, squared error",
            load_diabetes(return_X_y=True, scaled=False),
            GDRegressor(**slow),
            {
                "SGDRegressor, defaults": SGDRegressor(),
                "SGDRegressor, adaptive": SGDRegressor(**slow),
            },
            Ridge(solver="cholesky"),
            squared_error,
        ),
        Task(
            "Two classes: breast cancer, log loss",
            load_breast_cancer(return_X_y=True),
            one_against_rest,
            classifiers,
            newton,
            log_loss,
        ),
        Task(
            "Ten classes: digits, log loss, one-vs-rest",
            load_digits(return_X_y=True),
            one_against_rest,
            classifiers,
            OneVsRestClassifier(newton),
            log_loss,
        ),
    ]


def search(task, X, y):
    """Choose mode and alpha by cross-validation; give alpha."""
    pipeline = make_pipeline(StandardScaler(), clone(task.base))
    step = pipeline.steps[-1][0]
    grid = {f"{step}__mode": MODES, f"{step}__alpha": ALPHAS}
    pipeline.set_params(**{f"{step}__random_state": 0})
    found = GridSearchCV(pipeline, grid, cv=5).fit(X, y)
    mode, alpha = (found.best_params_[f"{step}__{name}"] for name in ("mode", "alpha"))
    size, score = len(MODES) * len(ALPHAS), found.best_score_
    print(
        f"  grid search over {size} pairs of mode and alpha, 5 folds; the best:\n"
        f"  mode={mode!r}, alpha={alpha:g}, cross-validated score {score:.3f}"
    )
    return alpha


def contenders(task, alpha, n_samples):
    """Give the models by the name they are printed with; the optimum comes last."""
    models = {
        name: clone(model).set_params(alpha=alpha)
        for name, model in task.rivals.items()
    }
    for mode in MODES:
        model = clone(task.base).set_params(alpha=alpha, mode=mode)
        models[f"{type(model).__name__}, {mode}"] = model
    solver = clone(task.optimum)
    if isinstance(solver, Ridge):
        solver.set_params(alpha=alpha * n_samples)
    else:
        inner = getattr(solver, "estimator", solver)
        inner.set_params(C=1 / (alpha * n_samples))
    models[f"{type(getattr(solver, 'estimator', solver)).__name__}, converged"] = solver
    return models


def compare(task, alpha, train, test):
    """Fit all models in turn, several times; print one line each."""
    (X, y), rows = train, {}
    models = contenders(task, alpha, len(y))
    for seed in range(REPEATS):
        for name, model in models.items():
            if "random_state" in model.get_params():
                model.set_params(random_state=seed)
            begin = perf_counter()
            model.fit(X, y)
            milliseconds = 1e3 * (perf_counter() - begin)
            w = coefficients(model)[0]
            objective = task.objective(model, X, y) + 0.5 * alpha * np.sum(w**2)
            epochs = getattr(model, "n_iter_", None)
            row = (model.score(*test), objective, milliseconds, epochs)
            rows.setdefault(name, []).append(row)
    optimum = min(row[1] for row in rows[name])
    print(f"  {'model':<31}{'score':>8}{'above optimum':>16}{'epochs':>9}{'ms':>9}")
    for name, fits in rows.items():
        score, objective, milliseconds = (median(f[k] for f in fits) for k in range(3))
        last = name == list(rows)[-1]
        above = f"(F = {optimum:.5g})" if last else f"{objective - optimum:.2g}"
        epochs = "" if last else f"{median(f[3] for f in fits):.0f}"
        print(f"  {name:<31}{score:>8.3f}{above:>16}{epochs:>9}{milliseconds:>9.2f}")


def fit_without_scaler():
    """Show what becomes of a learning rate that is too large for the data."""
    X, y = load_diabetes(return_X_y=True, scaled=False)
    score = SGDRegressor(random_state=0).fit(X, y).score(X, y)
    print("\nWithout the scaler: diabetes in its own units, default settings")
    print(f"  SGDRegressor: R2 = {score:.1e}, and no warning")
    try:
        GDRegressor(random_state=0).fit(X, y)
    except ValueError as error:
        sentences = str(error).split(". ")
        stable = next(s for s in sentences if "largest stable" in s)
        print(f"  GDRegressor:  ValueError: {sentences[0]}.")
        print(f"                {stable}.")


def main():
    """Run the three comparisons, then fit without a scaler."""
    print(INTRODUCTION.format(repeats=REPEATS, last=REPEATS - 1))
    for task in tasks():
        X, X_test, y, y_test = train_test_split(
            *task.data, test_size=0.25, random_state=0
        )
        print(f"\n{task.name}: {len(y)} training samples, {X.shape[1]} features")
        alpha = search(task, X, y)
        scaler = StandardScaler().fit(X)
        compare(
            task, alpha, (scaler.transform(X), y), (scaler.transform(X_test), y_test)
        )
    print("\n" + CONCLUSION)
    fit_without_scaler()


if __name__ == "__main__":
    with threadpool_limits(1):  # on problems this small BLAS threads only wait
        main()
