"""Calls of solvers with skgd's objective, each a function of (problem, budget).

They return a fitted model, or coefficients and intercept.
"""

import importlib

import numpy as np
from more_peer_calls import n_alpha
from scipy import sparse
from sklearn import linear_model, svm
from sklearn.preprocessing import StandardScaler
from threads import THREADS

from skgd import GDClassifier, GDRegressor

MANY = 1_000_000  # iterations, where a tolerance ends the fit


def load(path):
    """Give a name from a package, imported when it is used."""
    package, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(package), name)


def skgd_auto(problem, tol):
    parameters = {"loss": problem.loss, "penalty": problem.penalty}
    parameters |= {"alpha": problem.alpha, "tol": tol, "n_jobs": THREADS}
    if problem.n_classes:
        return GDClassifier(**parameters).fit(problem.X, problem.y)
    parameters["quantile"] = problem.quantile
    return GDRegressor(**parameters).fit(problem.X, problem.y)


def ridge(path, solver):
    def fit(problem, tol):
        model = load(path)(alpha=n_alpha(problem), solver=solver, tol=tol)
        return model.fit(problem.X, problem.y)

    return fit


def lasso(path, **options):
    def fit(problem, tol):
        share = 1.0 if problem.penalty == "l1" else problem.l1_ratio
        own = {"l1_ratio": share} if path.endswith("ElasticNet") else {}
        model = load(path)(alpha=problem.alpha, tol=tol, **own, **options)
        return model.fit(problem.X, problem.y)

    return fit


def logistic(path, solver):
    def fit(problem, tol):
        share = {"l2": 0.0, "l1": 1.0}.get(problem.penalty, problem.l1_ratio)
        own = {} if share == 0 else {"l1_ratio": share}
        if solver == "liblinear":
            own |= {"intercept_scaling": 100.0}  # so large that its penalty is small
        C = 1 / n_alpha(problem)
        model = load(path)(C=C, solver=solver, tol=tol, max_iter=10_000, **own)
        return model.fit(problem.X, problem.y)

    return fit


def sparse_logistic(package):
    def fit(problem, tol):
        if package == "skglm":
            model = load("skglm.SparseLogisticRegression")(problem.alpha, tol=tol)
        else:
            model = load("celer.LogisticRegression")(C=1 / n_alpha(problem), tol=tol)
        return model.fit(problem.X, problem.y)

    return fit


def linear_svc(problem, tol):
    model = svm.LinearSVC(
        loss=problem.loss,
        penalty=problem.penalty,
        dual=problem.loss == "hinge",
        C=1 / n_alpha(problem),
        tol=tol,
        intercept_scaling=10.0,
        max_iter=20_000,
        random_state=0,
    )
    return model.fit(problem.X, problem.y)


def linear_svr(problem, iterations):
    loss, epsilon = problem.loss, problem.epsilon
    if loss == "absolute_error":
        loss, epsilon = "epsilon_insensitive", 0.0
    C = 1 / n_alpha(problem)
    model = svm.LinearSVR(
        loss=loss,
        epsilon=epsilon,
        C=C,
        tol=1e-15,
        intercept_scaling=10.0,
        max_iter=iterations,
        random_state=0,
    )
    return model.fit(problem.X, problem.y)


def glum(problem, tol):
    share = {"l2": 0.0, "l1": 1.0}.get(problem.penalty, problem.l1_ratio)
    model = load("glum.GeneralizedLinearRegressor")(
        family="binomial" if problem.n_classes else "normal",
        alpha=problem.alpha,
        l1_ratio=share,
        gradient_tol=tol,
        max_iter=1000,
    )
    return model.fit(problem.X, problem.y.astype(float))


def cyanure(problem, tol, max_iter=500):
    half = 0.5 if problem.loss == "squared_hinge" else 1.0  # its loss is halved
    factors = {"l2": (problem.ridge, 0.0), "l1": (problem.l1, 0.0)}
    one, two = factors.get(problem.penalty, (problem.l1, problem.ridge))
    parameters = {"penalty": problem.penalty, "fit_intercept": True, "tol": tol}
    parameters |= {"max_iter": max_iter, "lambda_1": half * one, "lambda_2": half * two}
    if problem.n_classes:
        loss = "logistic" if problem.loss == "log_loss" else "sqhinge"
        parameters["loss"] = "multiclass-logistic" if problem.is_softmax else loss
    kind = "Classifier" if problem.n_classes else "Regression"
    model = load(f"cyanure.estimators.{kind}")(
        n_threads=THREADS, verbose=False, **parameters
    )
    model.fit(problem.X, problem.y)
    coef = np.atleast_2d(model.coef_)
    width = problem.X.shape[1]
    return coef if coef.shape[1] == width else coef.T, np.ravel(model.intercept_)


def cyanure_steps(problem, epochs):
    """Fit for so many epochs: by tolerance it may take minutes on raw features."""
    return cyanure(problem, 1e-14, epochs)


def scaled_sgd(average):
    def fit(problem, epochs):
        scaler = StandardScaler(with_mean=not sparse.issparse(problem.X))
        X = scaler.fit_transform(problem.X)
        loss, epsilon, alpha = problem.loss, problem.epsilon, problem.alpha
        if loss == "absolute_error":
            loss, epsilon = "epsilon_insensitive", 0.0
        kind = "SGDClassifier" if problem.n_classes else "SGDRegressor"
        model = getattr(linear_model, kind)(
            loss=loss,
            penalty=problem.penalty,
            alpha=alpha,
            epsilon=epsilon,
            max_iter=epochs,
            tol=None,
            average=average,
            random_state=0,
        )
        model.fit(X, problem.y)
        coef = model.coef_ / scaler.scale_
        mean = 0.0 if scaler.mean_ is None else coef @ scaler.mean_
        return coef, model.intercept_ - mean

    return fit


def huber_regressor(problem, iterations):
    model = linear_model.HuberRegressor(
        epsilon=1.35, alpha=n_alpha(problem) / 2, max_iter=iterations, tol=1e-10
    )
    return model.fit(problem.X, problem.y)


def quantile_regressor(problem, _):
    level = problem.quantile if problem.loss == "quantile" else 0.5
    alpha = problem.alpha * (0.5 if problem.loss == "absolute_error" else 1.0)
    model = linear_model.QuantileRegressor(quantile=level, alpha=alpha)
    return model.fit(problem.X, problem.y)
