"""Where a descent ends: at a minimum of the documented objective.

F(w, b) = mean loss + alpha R(w) is convex, so that (w, b) minimises it if and only if
0 is a subgradient (Karush, Kuhn, Tucker), and the distance of 0 from the subgradients
is a certificate of its own: no other solver is asked.
"""

import numpy as np
import pytest

import reference
from skgd import GDClassifier, GDRegressor, RMSProp
from skgd._core.engine import OPTIMIZERS

PENALTIES = (None, "l2", "l1", "elasticnet")
ALPHA, L1_RATIO = 0.05, 0.15  # the latter is the default

# The rate of a step and how it falls. Adam and RMSProp divide by the size of the
# gradient: at a constant rate they circle round the minimum, so theirs must fall.
RATES = {
    "sgd": {"learning_rate": "constant", "eta0": 0.5},
    "momentum": {"learning_rate": "constant", "eta0": 0.1},
    "nesterov": {"learning_rate": "constant", "eta0": 0.1},
    "adagrad": {"learning_rate": "constant", "eta0": 0.5},
    "rmsprop": {"learning_rate": "invscaling", "eta0": 1.0, "power_t": 1.0},
    "adam": {"learning_rate": "invscaling", "eta0": 0.1, "power_t": 0.5},
}

each_penalty = pytest.mark.parametrize("penalty", PENALTIES)
each_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)


@pytest.fixture
def X(rng):
    """Give columns of several sizes that are correlated and not centred."""
    mixing = np.eye(6) + 0.3 * rng.normal(size=(6, 6))
    return rng.normal(size=(120, 6)) @ mixing * [1, 1, 0.5, 1, 0.7, 1] + 0.3


@pytest.fixture
def regression(X, rng):
    """Give (X, y): three of the six features matter."""
    return X, X @ [1.0, -0.7, 0, 0.5, 0, 0] + 0.4 + 0.3 * rng.normal(size=len(X))


@pytest.fixture
def classification(X, rng):
    """Give (X, y) whose classes overlap: there is a minimum without penalty."""
    raw = X @ [1.0, -0.7, 0, 0.5, 0, 0] + 0.4 + rng.logistic(size=len(X))
    return X, (raw > 0).astype(int)


def kkt_violation(
    X, y, coef, intercept, loss, penalty, alpha=ALPHA, weight=None, near_zero=0.0
):
    """Give the largest distance of 0 from the subgradients of F, over coefficients.

    Coefficients up to `near_zero` in size are held to what holds at zero.
    """
    s = np.ones(len(X)) if weight is None else weight
    s = s[:, None] / s.sum()
    ridge, l1 = reference.split_penalty(penalty, alpha, L1_RATIO)
    d = s * reference.LOSSES[loss][1](y, X @ coef.T + intercept, 0.1)
    g = d.T @ X + ridge * coef
    away, at_zero = abs(g + l1 * np.sign(coef)), np.maximum(abs(g) - l1, 0)
    distance = np.where(abs(coef) > near_zero, away, at_zero)
    return max(distance.max(), abs(d.sum(axis=0)).max())


def violation_of(model, X, y, **how):
    """Give the violation at a fitted model."""
    if isinstance(model, GDRegressor):
        loss, target = model.loss, y.reshape(len(X), -1)
    elif len(model.classes_) == 2:
        loss, target = model.loss, 2.0 * y[:, None] - 1
    else:
        loss, target = "softmax", np.eye(len(model.classes_))[y]
    coef = np.atleast_2d(model.coef_)
    return kkt_violation(X, target, coef, model.intercept_, loss, model.penalty, **how)


def options(optimizer, penalty, max_iter):
    return {
        "penalty": penalty,
        "alpha": ALPHA,
        "mode": "batch",
        "optimizer": optimizer,
        "max_iter": max_iter,
        "tol": None,
        **RATES[optimizer],
    }


# At a constant rate convergence is linear to rounding; 1e-9 leaves room for the
# slowest, log_loss without a penalty. Adam's falling rate leaves a little more, and
# RMSProp ends within a circle of a few times its last rate, 1 / 8000.
N_EPOCHS = 8000
REACHED = dict.fromkeys(OPTIMIZERS, 1e-9) | {"adam": 1e-6, "rmsprop": 1e-3}


@each_penalty
@each_optimizer
def test_kkt_hold_after_batch_descent_of_regression(penalty, optimizer, regression):
    model = GDRegressor(**options(optimizer, penalty, N_EPOCHS)).fit(*regression)
    assert violation_of(model, *regression) < REACHED[optimizer]


@each_penalty
@each_optimizer
def test_kkt_hold_after_batch_descent_of_classification(
    penalty, optimizer, classification
):
    model = GDClassifier(**options(optimizer, penalty, N_EPOCHS)).fit(*classification)
    assert violation_of(model, *classification) < REACHED[optimizer]


@each_penalty
def test_kkt_hold_after_rmsprop_whose_epsilon_damps_it(penalty, regression):
    # Where the gradient is below epsilon a step is a plain one: convergence is linear.
    options_ = options("rmsprop", penalty, 4000)
    options_ |= {"optimizer": RMSProp(epsilon=0.1), "learning_rate": "constant"}
    model = GDRegressor(**options_ | {"eta0": 0.01}).fit(*regression)
    assert violation_of(model, *regression) < 1e-9


@each_penalty
@each_optimizer
def test_kkt_hold_for_softmax(penalty, optimizer, classification, rng):
    X, y = classification
    y = np.where(rng.random(len(y)) < 0.3, 2, y)
    model = GDClassifier(**options(optimizer, penalty, N_EPOCHS)).fit(X, y)
    # Without a penalty the sum of the classes' coefficients has no curvature, and
    # is still moved by what rmsprop makes of a gradient of any size.
    assert violation_of(model, X, y) < REACHED[optimizer]


@each_penalty
@each_optimizer
def test_kkt_hold_with_weights(penalty, optimizer, regression, rng):
    X, y = regression
    weight = rng.uniform(0, 3, size=len(X)) * (rng.random(len(X)) < 0.8)
    model = GDRegressor(**options(optimizer, penalty, N_EPOCHS))
    model.fit(X, y, sample_weight=weight)
    assert violation_of(model, X, y, weight=weight) < REACHED[optimizer]


@each_optimizer
def test_kkt_hold_for_l1_with_exact_zeros(optimizer, regression):
    # The lasso of this data leaves out some of the features that do not matter.
    model = GDRegressor(**options(optimizer, "l1", N_EPOCHS)).fit(*regression)
    assert set(np.flatnonzero(model.coef_ == 0)) == {2, 4}


# --- The effective step


def test_kkt_tell_an_l1_penalty_from_a_tenth_of_it(regression):
    # What momentum 0.9 converges to if the proximal map is given the plain rate.
    X, y = regression
    centred, yc = X - X.mean(axis=0), y - y.mean()
    w, v, eta = np.zeros(6), np.zeros(6), 0.1
    for _ in range(4000):
        v = 0.9 * v + centred.T @ (centred @ w - yc) / len(X)
        w = reference.soft_threshold(w - eta * v, eta * ALPHA)
    fitted = w[None], np.array([y.mean() - X.mean(axis=0) @ w])
    task = X, y[:, None], *fitted, "squared_error", "l1"
    assert kkt_violation(*task, alpha=ALPHA / 10) < 1e-9
    assert kkt_violation(*task, alpha=ALPHA) > 0.5 * ALPHA


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "adagrad", "adam"])
@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_kkt_point_is_that_of_sgd_for_every_optimizer(optimizer, penalty, regression):
    model = GDRegressor(**options(optimizer, penalty, N_EPOCHS)).fit(*regression)
    plain = GDRegressor(**options("sgd", penalty, N_EPOCHS)).fit(*regression)
    # The least eigenvalue of the Hessian is near 0.1: ten times the violation.
    atol = 10 * REACHED[optimizer]
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=0, atol=atol)


# --- Below a full batch

# Rates fall as 1 / t^0.6: noise near eta = 1e-3 is left in gradients and coefficients,
# and 5e-3 is a tenth of ALPHA.
FALLING = {
    "alpha": ALPHA,
    "learning_rate": "invscaling",
    "power_t": 0.6,
    "tol": None,
    "random_state": 0,
}
ABOUT = 5e-3
ROUGHLY = {"near_zero": ABOUT}


@each_penalty
@pytest.mark.parametrize(("mode", "eta0"), [("stochastic", 0.1), ("mini-batch", 0.4)])
def test_kkt_hold_about_after_stochastic_descent_of_regression(
    penalty, mode, eta0, regression
):
    model = GDRegressor(penalty=penalty, mode=mode, eta0=eta0, **FALLING)
    model.fit(*regression)
    assert violation_of(model, *regression, **ROUGHLY) < ABOUT


@each_penalty
@pytest.mark.parametrize(("mode", "eta0"), [("stochastic", 1.0), ("mini-batch", 4.0)])
def test_kkt_hold_about_after_stochastic_descent_of_classification(
    penalty, mode, eta0, classification
):
    model = GDClassifier(penalty=penalty, mode=mode, eta0=eta0, **FALLING)
    model.fit(*classification)
    assert violation_of(model, *classification, **ROUGHLY) < ABOUT


@pytest.mark.parametrize("average", [False, 60_000])
def test_kkt_hold_about_after_stochastic_descent_with_l1_and_averaging(
    average, regression
):
    model = GDRegressor(penalty="l1", eta0=0.1, average=average, **FALLING)
    model.set_params(mode="stochastic").fit(*regression)
    assert violation_of(model, *regression, **ROUGHLY) < ABOUT


def test_kkt_hold_about_after_stochastic_descent_with_exact_zeros(regression):
    model = GDRegressor(penalty="l1", eta0=0.1, mode="stochastic", **FALLING)
    model.fit(*regression)
    assert set(np.flatnonzero(model.coef_ == 0)) == {2, 4}


@each_optimizer
@each_penalty
def test_kkt_hold_about_for_every_optimizer_on_mini_batches(
    optimizer, penalty, regression
):
    eta0 = {"sgd": 0.4, "momentum": 0.04, "nesterov": 0.04}.get(optimizer, 0.1)
    model = GDRegressor(penalty=penalty, optimizer=optimizer, eta0=eta0, **FALLING)
    if optimizer == "adagrad":  # lets its rate fall by itself
        model.set_params(learning_rate="constant")
    model.set_params(mode="mini-batch", max_iter=3000).fit(*regression)
    assert violation_of(model, *regression, **ROUGHLY) < ABOUT
