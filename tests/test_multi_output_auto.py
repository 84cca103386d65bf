"""Auto descent with several outputs ends at the optimum, whatever is combined."""

import warnings
from functools import lru_cache
from itertools import combinations, product

import numpy as np
import pytest
from multi_output_optimum import Output
from objective import KINKED
from scipy.sparse import csr_array
from sklearn import datasets

from skgd import GDClassifier, GDRegressor

MARGINS = "log_loss", "squared_hinge", "modified_huber", "hinge"
RESIDUALS = (
    *("squared_error", "huber", "squared_epsilon_insensitive", "absolute_error"),
    *("epsilon_insensitive", "quantile", "poisson", "gamma", "tweedie"),
)
KINDS = (
    ("softmax", "log_loss"),
    *(("ovr", loss) for loss in MARGINS),
    *(("targets", loss) for loss in RESIDUALS),
)
STORAGE = "float64", "float32", "csr"
PENALTIES = "l2", "l1", "elasticnet", None
WEIGHTS = "none", "rows", "classes"
INTERCEPT = True, False
MODES = "batch", "mini-batch", "stochastic"
SETS = "small", "wide"
ALPHA, L1_RATIO, TOL = 1e-3, 0.4, 1e-4
PARAMETERS = {"huber": 5.0, "epsilon_insensitive": 0.3, "quantile": 0.8}
PARAMETERS |= {"squared_epsilon_insensitive": 0.3, "tweedie": 1.5}
NAMES = {"quantile": "quantile", "tweedie": "power"}


def valid(case):
    """Tell whether there is such a problem, and a solver to judge it by."""
    (kind, loss), _, _, weights, intercept, _, _ = case
    classes = weights == "classes" and kind == "targets"
    mirror = loss == "quantile" and not intercept  # has no mirror image
    return not classes and not mirror


def pairwise(factors, valid):
    """Give cases in which each pair of values occurs that occurs in any valid one."""
    every = [case for case in product(*factors) if valid(case)]
    rng = np.random.default_rng(0)
    every = [every[i] for i in rng.permutation(len(every))]

    def pairs(case):
        return set(combinations(enumerate(case), 2))

    missing = set().union(*map(pairs, every))
    chosen = []
    while missing:
        sample = every[:: max(1, len(every) // 400)] if len(missing) > 60 else every
        best = max(sample, key=lambda case: len(pairs(case) & missing))
        if not pairs(best) & missing:
            best = max(every, key=lambda case: len(pairs(case) & missing))
        chosen.append(best)
        missing -= pairs(best)
    return chosen


@lru_cache
def data(kind, size):
    """Give real data as they are: X, and y with a tenth of the labels moved."""
    rng = np.random.default_rng(0)
    if kind == "targets":
        if size == "wide":
            X, y = datasets.load_wine(return_X_y=True)
            return X[:, 3:], X[:, :3]
        return datasets.load_linnerud(return_X_y=True)
    if size == "wide":
        X, y = datasets.load_digits(n_class=3, return_X_y=True)
        X, y = X[:200], y[:200]
    else:
        X, y = datasets.load_iris(return_X_y=True)
    wrong = rng.random(len(y)) < 0.15  # there is an optimum without a penalty
    y[wrong] = rng.integers(0, y.max() + 1, wrong.sum())
    return X, y


def fitted(case):
    """Give the model of a case."""
    (kind, loss), storage, penalty, weights, intercept, mode, size = case
    X, y = data(kind, size)
    X = csr_array(X) if storage == "csr" else X.astype(storage)
    own = {"loss": loss, "penalty": penalty, "alpha": ALPHA, "l1_ratio": L1_RATIO}
    own |= {"fit_intercept": intercept, "mode": mode, "tol": TOL, "random_state": 0}
    if loss in PARAMETERS:
        own[NAMES.get(loss, "epsilon")] = PARAMETERS[loss]
    if kind == "targets":
        model = GDRegressor(**own)
    else:
        own["multi_class"] = "multinomial" if kind == "softmax" else "ovr"
        classes = {0: 0.5, 1: 3.0, 2: 2.0} if weights == "classes" else None
        model = GDClassifier(class_weight=classes, **own)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return model.fit(X, y, sample_weight=row_weights(weights, len(y)))


def row_weights(weights, n):
    """Give weights of one to four, some rows left out; or none."""
    if weights != "rows":
        return None
    return np.random.default_rng(1).integers(0, 4, n).astype(float)


@lru_cache
def outputs(kind, loss, single, penalty, weights, intercept, size):
    """Give each output's objective, F*, its error and F of the best constant."""
    X, y = data(kind, size)
    X = X.astype(np.float32 if single else np.float64).astype(np.float64)
    s = row_weights(weights, len(y))
    s = np.ones(len(y)) if s is None else s
    share = {"l2": 0.0, "l1": 1.0, "elasticnet": L1_RATIO}.get(penalty, 0.0)
    alpha = 0.0 if penalty is None else ALPHA
    name = "softmax" if kind == "softmax" else loss
    rest = (name, PARAMETERS.get(loss, 0.0), alpha * (1 - share), alpha * share)
    rest = (*rest, intercept)
    of_class = np.ones(10)
    if weights == "classes":
        of_class[:3] = 0.5, 3.0, 2.0
    if kind == "softmax":
        s = s * of_class[y]
        problems = [(y, s / s.sum())]
    elif kind == "ovr":
        problems = [
            (
                np.where(y == k, 1.0, -1.0),
                np.where(y == k, of_class[k], 1.0) * s / s.sum(),
            )
            for k in range(y.max() + 1)
        ]
    else:
        problems = [(column, s / s.sum()) for column in y.T]
    found = []
    for target, weight in problems:
        used = weight > 0
        K = y.max() + 1 if kind == "softmax" else 1
        own = Output(X[used], target[used].copy(), weight[used], *rest, K)
        found.append((own, *own.minimum(), own.null()))
    return found


def gaps(case, model):
    """Give (F - F*) / (F_null - F*) of each output, and the error of F* in these."""
    (kind, loss), storage, *rest, _, size = case
    found = outputs(kind, loss, storage == "float32", *rest, size)
    coef, intercept = model.coef_.astype(float), np.atleast_1d(model.intercept_)
    intercept = np.broadcast_to(intercept, len(coef)).astype(float)
    parts = [slice(None)] if kind == "softmax" else [[k] for k in range(len(coef))]
    gap = [
        (own.value(coef[part], intercept[part]) - least) / (null - least)
        for part, (own, least, _, null) in zip(parts, found, strict=True)
    ]
    return np.array(gap), np.array([error for _, _, error, _ in found])


FACTORS = KINDS, STORAGE, PENALTIES, WEIGHTS, INTERCEPT, MODES, SETS
CASES = pairwise(FACTORS, valid)


def name_of(case):
    return "-".join(map(str, (*case[0], *case[1:])))


# Digits without a penalty: at the optimum fewer rows curve, or are off a kink, than
# there are columns, and some columns are zero in all of these rows.
DEGENERATE = [
    (("ovr", loss), "float64", None, "rows", intercept, mode, "wide")
    for loss in ("squared_hinge", "modified_huber", "hinge")
    for intercept in (True, False)
    for mode in ("batch", "stochastic")
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_each_output_reaches_its_optimum(case):
    model = fitted(case)
    assert model.converged_
    gap, error = gaps(case, model)
    # float32 coefficients: rounded by 6e-8 each, of which F tells less than 1e-6
    assert gap.max() <= (10 * TOL if case[0][1] in KINKED else TOL)
    assert (gap >= -1e-6 - error).all()  # or F* is not the optimum


@pytest.mark.parametrize("case", DEGENERATE, ids=name_of)
def test_rows_that_do_not_determine_the_model_still_tell_its_optimum(case):
    model = fitted(case)
    assert model.converged_
    gap, error = gaps(case, model)
    assert gap.max() <= (10 * TOL if case[0][1] in KINKED else TOL)
    assert (gap >= -1e-6 - error).all()


@pytest.mark.parametrize("loss", ["squared_hinge", "modified_huber"])
def test_coefficients_that_float32_cannot_hold_are_not_called_converged(loss):
    # Columns that depend on one another, and no penalty: coefficients of 1e12
    X, y = data("ovr", "wide")
    model = GDClassifier(loss, penalty=None, multi_class="ovr", mode="batch")
    exact = model.fit(X, y).objective_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X.astype(np.float32), y)
    gap = model.objective_ - exact
    assert model.converged_ == (gap <= 10 * TOL)
    assert model.suboptimality_ >= gap * (1 - 1e-3) - TOL
