"""Penalties: the proximal map, cumulative l1, decay, and their limits.

On rows that are all zero nothing but the penalty moves the coefficients, so that a
descent from `coef_init` shows it alone.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning

from skgd import GDRegressor
from skgd._core.engine import OPTIMIZERS

# The models below are not meant to be better than none.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

START = np.array([2.0, 1.0, 0.3, 0.1, 0.05, 0.0, -0.05, -0.1, -0.3, -1.0, -2.0])


def textbook(**options):
    return GDRegressor(**{"learning_rate": "invscaling", "tol": None, **options})


def descend(n_samples=1, dtype=np.float64, storage=np.asarray, **options):
    """Give coefficients after a descent from START on rows that are all zero."""
    X = storage(np.zeros((n_samples, len(START)), dtype=dtype))
    options = {"learning_rate": "constant", "eta0": 0.5, "max_iter": 1, **options}
    return textbook(**options).fit(X, np.zeros(n_samples), coef_init=START).coef_


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.4, 10.0])
def test_penalty_prox_minimises_its_definition(alpha):
    got = descend(mode="batch", penalty="l1", alpha=alpha)
    candidates = np.linspace(-3, 3, 6001)[:, None]  # of spacing 1e-3, with zero

    def definition(u):
        return (u - START) ** 2 / 2 + 0.5 * alpha * abs(u)

    assert (definition(got) <= definition(candidates).min(axis=0) + 1e-15).all()


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov"])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_penalty_prox_takes_the_effective_step(optimizer, alpha):
    got = descend(
        mode="batch", penalty="l1", alpha=alpha, optimizer=optimizer, eta0=0.1
    )
    effective = 0.1 if optimizer == "sgd" else 0.1 / (1 - 0.9)
    expected = np.sign(START) * np.maximum(abs(START) - effective * alpha, 0)
    assert_allclose(got, expected, rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize("optimizer", ["adagrad", "rmsprop", "adam"])
def test_penalty_prox_of_no_gradient_takes_all(optimizer):
    # s = 0: the effective step is eta / epsilon
    assert_array_equal(descend(mode="batch", penalty="l1", optimizer=optimizer), 0.0)


def test_penalty_elasticnet_step_is_decay_then_prox():
    got = descend(mode="batch", penalty="elasticnet", alpha=0.4, l1_ratio=0.25)
    decayed = (1 - 0.5 * 0.3) * START
    expected = np.sign(START) * np.maximum(abs(decayed) - 0.5 * 0.1, 0)
    assert_allclose(got, expected, rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize("mode", ["batch", "stochastic"])
@pytest.mark.parametrize("storage", [np.asarray, csr_matrix])
def test_penalty_step_past_zero_ends_at_zero(mode, storage):
    got = descend(mode=mode, storage=storage, n_samples=3, alpha=5.0, eta0=0.5)
    assert_array_equal(got, 0.0)


@pytest.mark.parametrize("storage", [np.asarray, csr_matrix])
@pytest.mark.parametrize("average", [False, 100])
def test_penalty_stochastic_decay_is_the_product_of_all_steps(storage, average):
    got = descend(
        mode="stochastic",
        storage=storage,
        n_samples=100,
        alpha=0.02,
        max_iter=2 if not average else 1,
        average=average,
    )
    steps = 100 if average else 200
    assert_allclose(got, START * (1 - 0.5 * 0.02) ** steps, rtol=1e-13)


def test_penalty_scale_is_folded_before_float32_runs_out():
    # 0.5^200 is no float32, and twenty such epochs no float64: no NaN on the way.
    got = descend(
        200, np.float32, csr_matrix, mode="stochastic", alpha=1.0, max_iter=20
    )
    assert_array_equal(got, 0.0)


@pytest.mark.parametrize("storage", [np.asarray, csr_matrix])
@pytest.mark.parametrize("mode", ["stochastic", "mini-batch", "batch"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_penalty_l1_in_total_takes_the_sum_of_the_rates(storage, mode, dtype):
    options = {"storage": storage, "mode": mode, "dtype": dtype, "penalty": "l1"}
    got = descend(40, alpha=0.01, max_iter=3, **options)
    n_steps = {"stochastic": 40, "mini-batch": 2, "batch": 1}[mode] * 3
    expected = np.sign(START) * np.maximum(abs(START) - n_steps * 0.5 * 0.01, 0)
    # a hundred roundings of numbers below two
    assert_allclose(got, expected, rtol=0, atol=200 * np.finfo(dtype).eps)


@pytest.mark.parametrize("storage", [np.asarray, csr_matrix])
def test_penalty_cumulative_l1_does_not_cross_zero(storage):
    got = descend(40, mode="stochastic", storage=storage, penalty="l1", alpha=100.0)
    assert_array_equal(got, 0.0)
    assert not np.signbit(got).any()


def test_penalty_cumulative_l1_leaves_noise_at_zero(rng):
    # A feature of pure noise is pushed off zero by each sample; what counts is that
    # the debt keeps it there, where soft thresholding each step would not.
    X = rng.normal(size=(2000, 20))
    y = 3 * X[:, 0] + rng.normal(size=2000)
    model = textbook(penalty="l1", alpha=0.2, eta0=0.01, max_iter=5)
    model.set_params(mode="stochastic", random_state=0).fit(X, y)
    assert model.coef_[0] > 2
    assert (model.coef_[1:] == 0).sum() >= 15


@pytest.mark.parametrize("mode", ["stochastic", "mini-batch", "batch"])
@pytest.mark.parametrize("n_features", [1, 4])
def test_penalty_of_rows_of_zeros_warns_of_the_objective_only(mode, n_features):
    # Worse than the zero model, where no rate is too large: nothing depends on it.
    X, y = np.zeros((9, n_features)), np.zeros(9)
    model = textbook(penalty="l1", fit_intercept=False, mode=mode, max_iter=1)
    with pytest.warns(ConvergenceWarning, match="no largest stable learning rate"):
        model.fit(X, y, coef_init=np.ones(n_features))
    assert (model.coef_ < 1).all()


# --- Limits


@pytest.fixture
def task(rng):
    X = rng.normal(size=(60, 5))
    return X, X @ rng.normal(size=5) + rng.normal(size=60)


def fitted(task, optimizer="sgd", mode="stochastic", **options):
    model = textbook(optimizer=optimizer, mode=mode, max_iter=3, **options)
    return model.set_params(random_state=0).fit(*task).coef_


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("mode", ["stochastic", "mini-batch", "batch"])
@pytest.mark.parametrize(("l1_ratio", "penalty"), [(0.0, "l2"), (1.0, "l1")])
def test_penalty_elasticnet_ends_are_l2_and_l1(
    optimizer, mode, l1_ratio, penalty, task
):
    options = {"optimizer": optimizer, "mode": mode, "alpha": 0.1}
    assert_array_equal(
        fitted(task, penalty="elasticnet", l1_ratio=l1_ratio, **options),
        fitted(task, penalty=penalty, **options),
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("mode", ["stochastic", "mini-batch", "batch"])
@pytest.mark.parametrize("penalty", ["l2", "l1", "elasticnet"])
def test_penalty_with_alpha_zero_is_none(optimizer, mode, penalty, task):
    options = {"optimizer": optimizer, "mode": mode}
    assert_array_equal(
        fitted(task, penalty=penalty, alpha=0.0, **options),
        fitted(task, penalty=None, **options),
    )


@pytest.mark.parametrize("penalty", ["l2", "l1", "elasticnet"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("mode", ["stochastic", "batch"])
def test_penalty_leaves_the_intercept_alone(penalty, optimizer, mode):
    # Without features there is nothing that it could act on.
    X, y = np.zeros((30, 1)), np.linspace(0, 3, 30)
    models = [
        textbook(penalty=p, alpha=10.0, optimizer=optimizer, mode=mode, eta0=0.05)
        .set_params(max_iter=5, shuffle=False)
        .fit(X, y)
        for p in (penalty, None)
    ]
    assert_array_equal(models[0].intercept_, models[1].intercept_)
    assert models[0].intercept_[0] != 0
