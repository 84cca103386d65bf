"""Learning rates: eta(t) = eta0 / (t0 + t)^power, and the steps of pa1 and pa2."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import reference
from skgd import GDClassifier, GDRegressor
from skgd.textbook import SCHEDULES

POWERS = [
    0.1,
    0.25,
    0.5,
    0.77,
    1.0,
    1.5,
]  # some have a formula of their own in the core
each_schedule = pytest.mark.parametrize("name", SCHEDULES)


@pytest.fixture
def task(rng):
    X = rng.normal(size=(30, 4))
    return X, X @ [1.0, -2.0, 0.0, 0.5] + 0.3 * rng.normal(size=30)


def regressor(**options):
    options = {"tol": None, "shuffle": False, "penalty": None, **options}
    return GDRegressor(**options)


def test_schedule_registries_agree():
    assert set(SCHEDULES) == set(reference.SCHEDULES)


@each_schedule
@pytest.mark.parametrize("power_t", POWERS)
@pytest.mark.parametrize("alpha", [1e-4, 0.1, 1.0])
def test_schedule_is_the_formula(name, power_t, alpha):
    schedule = SCHEDULES[name](0.3, power_t, alpha)
    t = np.array([1.0, 2.0, 10.0, 1e3, 1e6])
    expected = [reference.SCHEDULES[name](i, 0.3, power_t, alpha) for i in t]
    # "optimal" subtracts one from t0, as large as 1e3: three digits
    assert_allclose([schedule(i) for i in t], expected, rtol=1e-12)


@each_schedule
def test_schedule_never_rises(name):
    schedule = SCHEDULES[name](0.3, 0.25, 1e-3)
    rates = np.array([schedule(t) for t in range(1, 1000)])
    assert (rates > 0).all()
    assert (np.diff(rates) <= 0).all()


def test_schedule_optimal_begins_with_the_typical_weight():
    alpha = 1e-4
    schedule = SCHEDULES["optimal"](0.0, 0.0, alpha)
    assert_allclose(schedule(1), np.sqrt(1 / np.sqrt(alpha)), rtol=1e-12)


@pytest.mark.parametrize("power_t", POWERS)
def test_schedule_is_what_the_core_steps_by(power_t):
    # A gradient of -1 in all of 50 steps: the coefficient is the sum of the rates.
    model = regressor(loss="epsilon_insensitive", fit_intercept=False, power_t=power_t)
    model.set_params(
        learning_rate="invscaling", eta0=0.3, max_iter=1, mode="stochastic"
    )
    model.fit(np.ones((50, 1)), np.full(50, 1e6))
    expected = sum(0.3 / t**power_t for t in range(1, 51))
    assert_allclose(model.coef_[0], expected, rtol=1e-14)  # fifty additions


@pytest.mark.parametrize(
    ("mode", "batch_size", "steps"),
    [("batch", "auto", 1), ("mini-batch", 7, 5), ("stochastic", "auto", 30)],
)
@pytest.mark.parametrize("name", ["constant", "invscaling", "optimal"])
def test_schedule_counts_steps(mode, batch_size, steps, name, task):
    model = regressor(mode=mode, batch_size=batch_size, learning_rate=name, alpha=1.0)
    model.set_params(eta0=0.05, max_iter=4, penalty="l2").fit(*task)
    expected = [
        reference.SCHEDULES[name](1 + epoch * steps, 0.05, 0.25, 1.0)
        for epoch in range(4)
    ]
    assert_allclose(model.history_["learning_rate"], expected, rtol=1e-12)
    assert model.t_ == 1 + 4 * 30  # samples, in every mode


def test_schedule_goes_on_with_partial_fit(task):
    model = regressor(learning_rate="invscaling", eta0=0.05, power_t=0.5)
    for epoch in range(3):
        model.partial_fit(*task)
        expected = [0.05 / np.sqrt(1 + 30 * epoch)]
        assert_allclose(model.history_["learning_rate"], expected, rtol=1e-14)


# --- adaptive


def adaptive(task, **options):
    model = regressor(learning_rate="adaptive", max_iter=2000, mode="batch")
    return model.set_params(**{"tol": 1e-2, "n_iter_no_change": 3, **options}).fit(
        *task
    )


def test_schedule_adaptive_falls_by_five(task):
    rates = adaptive(task, eta0=0.1).history_["learning_rate"]
    levels = np.unique(rates)[::-1]
    assert_allclose(levels, 0.1 / 5.0 ** np.arange(len(levels)), rtol=1e-13)
    assert len(levels) > 3


def test_schedule_adaptive_waits_for_patience_at_each_rate(task):
    rates = adaptive(task, eta0=0.1).history_["learning_rate"]
    _, epochs = np.unique(rates, return_counts=True)
    assert epochs.min() >= 3


def test_schedule_adaptive_ends_below_one_in_a_million(task):
    model = adaptive(task, eta0=0.1)
    assert 1e-6 / 5 < model.history_["learning_rate"][-1] <= 1e-6
    assert model.converged_


def test_schedule_adaptive_is_constant_without_tolerance(task):
    model = adaptive(task, eta0=0.1, tol=None, max_iter=50)
    assert_array_equal(model.history_["learning_rate"], 0.1)


def test_schedule_adaptive_reaches_further_than_constant(task):
    options = {"mode": "stochastic", "eta0": 0.1, "tol": 1e-3, "max_iter": 500}
    lowered = adaptive(task, **options)
    constant = adaptive(task, learning_rate="constant", **options)
    assert lowered.objective_ < constant.objective_


# --- pa1 and pa2: one step on one sample


def passive_aggressive(kind, c, x, y, w, **options):
    model = GDRegressor("epsilon_insensitive", learning_rate=kind, eta0=c, penalty=None)
    model.set_params(fit_intercept=False, max_iter=1, tol=None, epsilon=0.1, **options)
    return model.fit([x], [y], coef_init=w).coef_


X_ONE, W_ONE = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1, -0.2])


def test_schedule_pa1_corrects_the_error_at_once():
    w = passive_aggressive("pa1", 1e6, X_ONE, 5.0, W_ONE)
    assert_allclose(X_ONE @ w, 5.0 - 0.1, rtol=1e-14)


def test_schedule_pa1_step_is_at_most_c():
    w = passive_aggressive("pa1", 0.01, X_ONE, 5.0, W_ONE)
    assert_allclose(w, W_ONE + 0.01 * X_ONE, rtol=1e-14)


def test_schedule_pa2_step_is_damped_by_c():
    w = passive_aggressive("pa2", 0.7, X_ONE, 5.0, W_ONE)
    error = 5.0 - X_ONE @ W_ONE - 0.1
    expected = W_ONE + error / (X_ONE @ X_ONE + 1 / (2 * 0.7)) * X_ONE
    assert_allclose(w, expected, rtol=1e-14)


@pytest.mark.parametrize("kind", ["pa1", "pa2"])
def test_schedule_pa_is_passive_within_epsilon(kind):
    w = passive_aggressive(kind, 1.0, X_ONE, X_ONE @ W_ONE + 0.05, W_ONE)
    assert_array_equal(w, W_ONE)


@pytest.mark.parametrize("kind", ["pa1", "pa2"])
def test_schedule_pa_takes_rows_of_zeros(kind):
    w = passive_aggressive(kind, 1.0, np.zeros(3), 5.0, np.zeros(3))
    assert_array_equal(w, 0.0)


def test_schedule_pa1_classifier_reaches_the_margin():
    model = GDClassifier("hinge", learning_rate="pa1", eta0=1e6, penalty=None)
    model.set_params(fit_intercept=False, max_iter=1, tol=None, shuffle=False)
    model.fit(np.array([X_ONE, [0.0, 0.0, 0.0]]), [1, 0])
    assert_allclose(model.decision_function([X_ONE]), 1.0, rtol=1e-14)
