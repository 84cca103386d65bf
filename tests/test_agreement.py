"""Coefficients are those of independent solvers at tight tolerances, to 1e-6.

Columns are raw, of standard deviations from 0.1 to 10 and far from zero, so that peers
converge as well.
"""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
    TweedieRegressor,
)
from sklearn.metrics import log_loss
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR

from skgd import GDClassifier, GDRegressor

RNG = np.random.default_rng(0)
N, D = 120, 5
ALPHA = 0.01
SIZES = np.array([1.0, 10.0, 0.1, 3.0, 1.0])
X = (RNG.normal(size=(N, D)) + 0.5) * SIZES
TARGETS = X / SIZES @ [2.0, -3.0, 1.0, 0.5, 0.0] + 5.0 + RNG.standard_t(3, size=N)
TWO_TARGETS = np.column_stack([TARGETS, RNG.normal(size=N) + X[:, 0]])
NOISY = TARGETS + 2.0 * RNG.normal(size=N)
LABELS = np.digitize(NOISY, np.quantile(NOISY, [0.4, 0.7]))
TWO = (LABELS > 0).astype(int)
WEIGHT = RNG.uniform(0.5, 2.0, size=N)

# The coefficients' error is the square root of what is left of F, whose last digit is
# 1e-16: tol=1e-14 asks for 1e-7 of it.
TIGHT = {"alpha": ALPHA, "tol": 1e-14, "max_iter": 5000, "random_state": 0}
each_mode = pytest.mark.parametrize("mode", ["batch", "mini-batch", "stochastic"])
each_storage = pytest.mark.parametrize(
    "make", [np.asarray, csr_matrix], ids=["dense", "csr"]
)


def _fit(model, *data, **arguments):
    with warnings.catch_warnings():  # tol may be below what rounding leaves of F
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*data, **arguments)


def _assert_agree(model, coef, intercept):
    """Assert that the model is that one, to 1e-6 of its largest parts."""
    ours = np.column_stack([np.atleast_2d(model.coef_), model.intercept_])
    coef = np.atleast_2d(coef)
    theirs = np.column_stack([coef, np.broadcast_to(intercept, len(coef))])
    for own, other in zip(ours, theirs, strict=True):
        size = np.append(X.std(axis=0), 1.0)  # coefficients in units of z
        scale = np.abs(other * size).max()
        assert_allclose(own * size, other * size, rtol=0, atol=1e-6 * scale)


def _minimised(value_and_slope, y, *, classes=1):
    """Give (coef, intercept) with l2 by SciPy, in coordinates of its own."""
    mean, size = X.mean(axis=0), X.std(axis=0)
    design = np.column_stack([(X - mean) / size, np.ones(N)])

    def objective(u):
        value, slope = value_and_slope(y, design @ u)
        w = u[:-1] / size
        penalty = ALPHA * np.append(w / size, 0.0)
        return value.mean() + ALPHA / 2 * w @ w, design.T @ slope / N + penalty

    u = np.zeros(D + 1)
    for _ in range(5):  # afresh, as its line search ends where F tells no more
        options = {"gtol": 1e-13, "ftol": 0.0, "maxiter": 10_000, "maxcor": 20}
        u = minimize(objective, u, jac=True, method="L-BFGS-B", options=options).x
    # Newton on the slope, by differences: L-BFGS ends at the square root of rounding
    for _ in range(3):
        g = objective(u)[1]
        H = [
            (objective(u + e)[1] - objective(u - e)[1]) / 2e-6
            for e in 1e-6 * np.eye(D + 1)
        ]
        u = u - np.linalg.solve(np.array(H), g)
    assert np.abs(objective(u)[1]).max() < 1e-12
    w = u[:-1] / size
    return w, u[-1] - mean @ w


def _polished(peer, kinks):
    """Give (coef, intercept) from libsvm's sets of rows at and beyond a kink.

    Its kernel is of float32. With w = sum beta_i x_i the rows of 0 < |beta_i| < C lie
    at their kinks, and sum beta = 0: linear in their beta and the intercept.
    """
    beta, rows = peer.dual_coef_[0], X[peer.support_]
    free = np.abs(beta) < peer.C * (1 - 1e-6)
    at, held = rows[free], beta[~free]
    ones = np.ones((len(at), 1))
    system = np.block([[at @ at.T, ones], [ones.T, np.zeros((1, 1))]])
    fixed = at @ (rows[~free].T @ held)
    right = np.append(kinks(beta)[free] - fixed, -held.sum())
    solved = np.linalg.lstsq(system, right)[0]
    assert_allclose(system @ solved, right, atol=1e-9)
    assert (np.abs(solved[:-1]) < peer.C).all()
    return rows[free].T @ solved[:-1] + rows[~free].T @ held, solved[-1]


@each_mode
@each_storage
def test_squared_error_agrees_with_ridge(mode, make):
    model = _fit(GDRegressor(mode=mode, **TIGHT), make(X), TWO_TARGETS)
    # (y - z)^2 / 2 in the mean, and alpha / 2 |w|^2
    peer = Ridge(alpha=ALPHA * N, solver="cholesky").fit(X, TWO_TARGETS)
    _assert_agree(model, peer.coef_, peer.intercept_)


@each_mode
def test_squared_error_without_penalty_agrees_with_least_squares(mode):
    model = _fit(GDRegressor(mode=mode, penalty=None, **TIGHT), X, TWO_TARGETS)
    peer = LinearRegression().fit(X, TWO_TARGETS)
    _assert_agree(model, peer.coef_, peer.intercept_)


@each_mode
@each_storage
def test_positive_l1_agrees_with_lasso(mode, make):
    parameters = TIGHT | {"alpha": 0.1}
    model = GDRegressor(mode=mode, penalty="l1", positive=True, **parameters)
    _fit(model, make(X), TARGETS)
    peer = Lasso(0.1, positive=True, tol=1e-14, max_iter=100_000).fit(X, TARGETS)
    _assert_agree(model, peer.coef_, peer.intercept_)
    assert_allclose(model.coef_ == 0.0, peer.coef_ == 0.0)


@each_mode
@each_storage
@pytest.mark.parametrize("l1_ratio", [0.15, 0.8])
def test_elasticnet_agrees_with_elasticnet(mode, make, l1_ratio):
    parameters = TIGHT | {"alpha": 0.3, "l1_ratio": l1_ratio}
    model = GDRegressor(mode=mode, penalty="elasticnet", **parameters)
    _fit(model, make(X), TARGETS)
    peer = ElasticNet(0.3, l1_ratio=l1_ratio, tol=1e-14, max_iter=100_000)
    peer.fit(X, TARGETS)
    _assert_agree(model, peer.coef_, peer.intercept_)


@each_mode
@each_storage
@pytest.mark.parametrize("labels", [TWO, LABELS], ids=["two", "three"])
def test_log_loss_agrees_with_logistic_regression(mode, make, labels):
    model = _fit(
        GDClassifier(mode=mode, **TIGHT), make(X), labels, sample_weight=WEIGHT
    )
    C = 1.0 / (ALPHA * WEIGHT.sum())
    peer = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    peer.fit(X, labels, sample_weight=WEIGHT)
    _assert_agree(model, peer.coef_, peer.intercept_)


@each_mode
def test_one_vs_rest_agrees_with_logistic_regression(mode):
    model = _fit(GDClassifier(mode=mode, multi_class="ovr", **TIGHT), X, LABELS)
    peers = [
        LogisticRegression(
            C=1.0 / (ALPHA * N), solver="newton-cholesky", tol=1e-12, max_iter=1000
        ).fit(X, k == LABELS)
        for k in range(3)
    ]
    coef = np.concatenate([peer.coef_ for peer in peers])
    _assert_agree(model, coef, np.concatenate([peer.intercept_ for peer in peers]))


@each_mode
@each_storage
@pytest.mark.parametrize("quantile", [0.25, 0.5])
def test_quantile_agrees_with_quantile_regressor(mode, make, quantile):
    model = GDRegressor("quantile", quantile=quantile, penalty="l1", mode=mode, **TIGHT)
    _fit(model, make(X), TARGETS)
    peer = QuantileRegressor(quantile=quantile, alpha=ALPHA, solver="highs")
    peer.fit(X, TARGETS)
    _assert_agree(model, peer.coef_, peer.intercept_)


@each_mode
def test_absolute_error_agrees_with_quantile_regressor(mode):
    model = GDRegressor("absolute_error", penalty="l1", mode=mode, **TIGHT)
    _fit(model, X, TARGETS)
    # its loss at 0.5 is half the absolute error
    peer = QuantileRegressor(quantile=0.5, alpha=ALPHA / 2, solver="highs")
    peer.fit(X, TARGETS)
    _assert_agree(model, peer.coef_, peer.intercept_)


@each_mode
@each_storage
def test_huber_agrees_with_scipy(mode, make):
    def huber(y, z):
        r = z - y
        slope = np.clip(r, -1.0, 1.0)
        return slope * (r - slope / 2), slope

    model = _fit(
        GDRegressor("huber", epsilon=1.0, mode=mode, **TIGHT), make(X), TARGETS
    )
    _assert_agree(model, *_minimised(huber, TARGETS))


@each_mode
@each_storage
def test_modified_huber_agrees_with_scipy(mode, make):
    def modified_huber(y, z):
        m = y * z
        value = np.where(m >= -1, np.maximum(1 - m, 0) ** 2, -4 * m)
        return value, np.where(m >= -1, -2 * y * np.maximum(1 - m, 0), -4 * y)

    model = _fit(GDClassifier("modified_huber", mode=mode, **TIGHT), make(X), TWO)
    _assert_agree(model, *_minimised(modified_huber, 2.0 * TWO - 1))


@each_mode
@each_storage
def test_squared_hinge_agrees_with_scipy(mode, make):
    def squared_hinge(y, z):
        short = np.maximum(1 - y * z, 0)
        return short**2, -2 * y * short

    model = _fit(GDClassifier("squared_hinge", mode=mode, **TIGHT), make(X), TWO)
    _assert_agree(model, *_minimised(squared_hinge, 2.0 * TWO - 1))


@each_mode
def test_squared_epsilon_insensitive_agrees_with_scipy(mode):
    def squared_tube(y, z):
        r = z - y
        beyond = np.sign(r) * np.maximum(np.abs(r) - 0.5, 0)
        return beyond**2, 2 * beyond

    loss = "squared_epsilon_insensitive"
    model = _fit(GDRegressor(loss, epsilon=0.5, mode=mode, **TIGHT), X, TARGETS)
    _assert_agree(model, *_minimised(squared_tube, TARGETS))


@each_mode
@each_storage
def test_hinge_agrees_with_svc(mode, make):
    model = _fit(GDClassifier("hinge", mode=mode, **TIGHT), make(X), TWO)
    peer = SVC(C=1.0 / (ALPHA * N), kernel="linear", tol=1e-8).fit(X, TWO)
    _assert_agree(model, *_polished(peer, lambda beta: np.sign(beta)))


@each_mode
@each_storage
def test_epsilon_insensitive_agrees_with_svr(mode, make):
    model = GDRegressor("epsilon_insensitive", epsilon=0.5, mode=mode, **TIGHT)
    _fit(model, make(X), TARGETS)
    peer = SVR(C=1.0 / (ALPHA * N), epsilon=0.5, kernel="linear", tol=1e-8)
    peer.fit(X, TARGETS)
    kinks = lambda beta: TARGETS[peer.support_] - 0.5 * np.sign(beta)  # noqa: E731
    _assert_agree(model, *_polished(peer, kinks))


# liblinear penalises the intercept, so without one


@each_mode
def test_squared_hinge_agrees_with_linear_svc(mode):
    model = GDClassifier("squared_hinge", mode=mode, fit_intercept=False, **TIGHT)
    _fit(model, X, TWO)
    C = 1.0 / (ALPHA * N)
    peer = LinearSVC(C=C, dual=False, fit_intercept=False, tol=1e-12, max_iter=100_000)
    _assert_agree(model, peer.fit(X, TWO).coef_, 0.0)


@each_mode
@each_storage
@pytest.mark.parametrize("loss", ["epsilon_insensitive", "squared_epsilon_insensitive"])
def test_tubes_agree_with_linear_svr(mode, make, loss):
    model = GDRegressor(loss, epsilon=0.5, mode=mode, fit_intercept=False, **TIGHT)
    _fit(model, make(X), TARGETS)
    peer = LinearSVR(
        C=1.0 / (ALPHA * N),
        epsilon=0.5,
        loss=loss,
        dual=loss == "epsilon_insensitive",
        fit_intercept=False,
        tol=1e-12,
        max_iter=1_000_000,
        random_state=0,
    ).fit(X, TARGETS)
    _assert_agree(model, peer.coef_, 0.0)


# --- Counts and amounts

TIGHT_PEER = {"alpha": ALPHA, "tol": 1e-13, "solver": "newton-cholesky"}
DEVIANCES = {
    "poisson": ("poisson", {}, PoissonRegressor(**TIGHT_PEER, max_iter=1000)),
    "gamma": ("gamma", {}, GammaRegressor(**TIGHT_PEER, max_iter=1000)),
    "tweedie 1.2": (
        "tweedie",
        {"power": 1.2},
        TweedieRegressor(power=1.2, link="log", **TIGHT_PEER, max_iter=1000),
    ),
    "tweedie 1.9": (
        "tweedie",
        {"power": 1.9},
        TweedieRegressor(power=1.9, link="log", **TIGHT_PEER, max_iter=1000),
    ),
}


@each_mode
@each_storage
@pytest.mark.parametrize("name", DEVIANCES)
def test_deviances_agree_with_generalised_linear_models(mode, make, name):
    loss, options, peer = DEVIANCES[name]
    mean = np.exp(0.2 * (X / SIZES) @ [1.0, -1.0, 0.5, 0.3, 0.0])
    y = np.random.default_rng(1).gamma(2.0, mean)
    if loss == "poisson":
        y = np.floor(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peer's tolerance is below rounding
        peer.fit(X, y, sample_weight=WEIGHT)
    model = _fit(
        GDRegressor(loss, mode=mode, **TIGHT, **options),
        make(X),
        y,
        sample_weight=WEIGHT,
    )
    _assert_agree(model, peer.coef_, peer.intercept_)
    assert_allclose(model.predict(X), peer.predict(X), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [1e-2, 1.0])
def test_softmax_on_raw_digits_is_as_good_as_logistic_regression(alpha):
    digits, labels = load_digits(return_X_y=True)
    model = GDClassifier(alpha=alpha).fit(digits, labels)
    C = 1.0 / (alpha * len(labels))
    peer = LogisticRegression(C=C, max_iter=10_000, tol=1e-5).fit(digits, labels)
    ours, theirs = (
        log_loss(labels, each.predict_proba(digits)) for each in (model, peer)
    )
    assert_allclose(ours, theirs, rtol=0.01)
