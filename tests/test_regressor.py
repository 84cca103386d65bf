"""GDRegressor: targets of one and two dimensions, types, starts, seeds, history."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skgd import (
    SGD,
    AdaGrad,
    Adam,
    GDClassifier,
    GDRegressor,
    Momentum,
    Nesterov,
    RMSProp,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3 + RNG.normal(scale=0.1, size=80)
TWO = np.column_stack((Y, -3 * Y + X[:, 0]))
LOSSES = (
    "squared_error",
    "huber",
    "epsilon_insensitive",
    "squared_epsilon_insensitive",
    "absolute_error",
    "quantile",
)
MODES = ("batch", "mini-batch", "stochastic")
OPTIMIZERS = (SGD(), Momentum(0.5), Nesterov(0.5), AdaGrad(), RMSProp(), Adam())


def _regressor(loss="squared_error", **parameters):
    defaults = {"learning_rate": "constant", "max_iter": 20, "tol": None}
    return GDRegressor(loss, **defaults | {"random_state": 0} | parameters)


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


def test_batch_descent_reaches_the_ridge_solution():
    model = _regressor(mode="batch", alpha=0.1, eta0=0.5, max_iter=500).fit(X, Y)
    ridge = Ridge(alpha=0.1 * len(X)).fit(X, Y)
    # rtol=1e-10: a rate of half the curvature's inverse halves the error an epoch
    assert_allclose(model.coef_, ridge.coef_, rtol=1e-10)
    assert_allclose(model.intercept_, ridge.intercept_, rtol=1e-10)


@pytest.mark.parametrize("loss", LOSSES)
def test_regressor_explains_the_target(loss, mode):
    model = _regressor(loss, mode=mode, eta0=0.05, epsilon=0.5, max_iter=300)
    model.fit(X, Y)
    # epsilon is a quarter of the target's standard deviation, whose square is 0.06
    assert model.score(X, Y) > 0.94


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_optimizer_explains_the_target(optimizer, mode):
    model = _regressor(mode=mode, optimizer=optimizer, eta0=0.1, max_iter=300)
    assert model.fit(X, Y).score(X, Y) > 0.98


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop"])
def test_optimizer_name_means_its_defaults(name):
    (optimizer,) = (o for o in OPTIMIZERS if type(o).__name__.lower() == name)
    named = _regressor(optimizer=name).fit(X, Y)
    given = _regressor(optimizer=type(optimizer)()).fit(X, Y)
    assert_array_equal(named.coef_, given.coef_)


# --- Shapes


@pytest.mark.parametrize(
    ("y", "coef", "intercept", "prediction"),
    [
        (Y, (3,), (1,), (80,)),
        (Y[:, None], (1, 3), (1,), (80, 1)),
        (TWO, (2, 3), (2,), (80, 2)),
    ],
    ids=["one dimension", "a column", "two columns"],
)
def test_shapes_follow_those_of_the_target(y, coef, intercept, prediction):
    model = _regressor().fit(X, y)
    assert model.coef_.shape == coef
    assert model.intercept_.shape == intercept
    assert model.predict(X).shape == prediction


def test_target_as_a_column_gives_the_same_model():
    column = _regressor().fit(X, Y[:, None])
    assert_array_equal(column.coef_[0], _regressor().fit(X, Y).coef_)


def test_two_targets_are_fitted_as_each_alone(mode):
    both = _regressor(mode=mode).fit(X, TWO)
    for k in range(2):
        alone = _regressor(mode=mode).fit(X, TWO[:, k])
        # rtol=1e-12: the same steps; rows of a block are added in another order
        assert_allclose(both.coef_[k], alone.coef_, rtol=1e-12)


def test_two_targets_go_on_in_partial_fit():
    model = _regressor().fit(X, TWO).partial_fit(X, TWO)
    assert model.predict(X).shape == (80, 2)


def test_target_may_be_a_list():
    model = _regressor().fit(X.tolist(), Y.tolist())
    assert_array_equal(model.coef_, _regressor().fit(X, Y).coef_)


def test_target_of_integers_is_read_as_numbers():
    counts = np.round(10 * Y).astype(int)
    model = _regressor().fit(X, counts)
    assert_array_equal(model.coef_, _regressor().fit(X, counts.astype(float)).coef_)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("y", [Y, TWO], ids=["one", "two"])
def test_model_is_of_the_type_of_the_data(dtype, y):
    model = _regressor().fit(X.astype(dtype), y)
    assert model.coef_.dtype == model.intercept_.dtype == dtype
    assert model.predict(X.astype(dtype)).dtype == dtype


def test_no_intercept_stays_zero(mode):
    model = _regressor(mode=mode, fit_intercept=False).fit(X, Y)
    assert_array_equal(model.intercept_, [0.0])


# --- Starts


def test_start_at_given_coefficients_is_not_at_zero():
    model = _regressor(max_iter=1, eta0=1e-9)
    model.fit(X, Y, coef_init=[0.5, -0.6, 0.7], intercept_init=0.8)
    # atol=1e-6: one epoch of 80 steps of about 1e-9
    assert_allclose(model.coef_, [0.5, -0.6, 0.7], atol=1e-6)
    assert_allclose(model.intercept_, 0.8, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_start_is_never_written_to(dtype, mode):
    coef, intercept = np.full(3, 0.1, dtype=dtype), np.full(1, 0.1)
    model = _regressor(mode=mode)
    model.fit(X.astype(dtype), Y, coef_init=coef, intercept_init=intercept)
    assert_array_equal(coef, dtype(0.1))
    assert_array_equal(intercept, 0.1)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_returned_coefficients_are_not_written_to_later(method, mode):
    model = _regressor(mode=mode, warm_start=True, max_iter=2).fit(X, Y)
    coef, before = model.coef_, model.coef_.copy()
    getattr(model, method)(X, Y)
    assert_array_equal(coef, before)


def test_warm_start_equals_an_explicit_start(mode):
    implicit = _regressor(mode=mode, warm_start=True, max_iter=5).fit(X, Y)
    explicit = _regressor(mode=mode, max_iter=5)
    explicit.fit(X, Y, coef_init=implicit.coef_, intercept_init=implicit.intercept_)
    implicit.fit(X, Y)
    assert_array_equal(implicit.coef_, explicit.coef_)
    assert implicit.t_ == explicit.t_


def test_warm_start_refuses_another_number_of_features():
    model = _regressor(warm_start=True).fit(X, Y)
    message = r"X has 2 features, but warm_start=True .* 3 features"
    with pytest.raises(ValueError, match=message):
        model.fit(X[:, :2], Y)


def test_warm_start_refuses_another_number_of_targets():
    model = _regressor(warm_start=True).fit(X, Y)
    message = r"y has 2 targets, but warm_start=True .* 1 targets"
    with pytest.raises(ValueError, match=message):
        model.fit(X, np.column_stack((Y, Y)))


def test_explicit_start_takes_another_number_of_features():
    model = _regressor(warm_start=True).fit(X, Y)
    model.fit(X[:, :2], Y, coef_init=np.zeros(2))
    assert model.coef_.shape == (2,)


def test_explicit_start_goes_before_a_warm_one():
    model = _regressor(warm_start=True, max_iter=2).fit(X, Y)
    model.fit(X, Y, coef_init=np.ones(3), intercept_init=0.0)
    cold = _regressor(max_iter=2).fit(X, Y, coef_init=np.ones(3))
    assert_array_equal(model.coef_, cold.coef_)


def test_fit_without_warm_start_forgets():
    model = _regressor().fit(X, -Y).fit(X, Y)
    assert_array_equal(model.coef_, _regressor().fit(X, Y).coef_)


# --- Weights


def test_weight_zero_is_a_row_less(mode):
    weight = (np.arange(80) % 3 > 0).astype(float)
    zero = _regressor(mode=mode).fit(X, Y, sample_weight=weight)
    less = _regressor(mode=mode).fit(X[weight > 0], Y[weight > 0])
    assert_array_equal(zero.coef_, less.coef_)


@pytest.mark.parametrize("constant", [1e-6, 1e6])
def test_constant_weight_changes_nothing(constant, mode):
    weighted = _regressor(mode=mode).fit(X, Y, sample_weight=np.full(80, constant))
    # rtol=1e-10: the weights are divided by their mean, which is rounded
    assert_allclose(weighted.coef_, _regressor(mode=mode).fit(X, Y).coef_, rtol=1e-10)


def test_weight_may_be_a_number():
    weighted = _regressor().fit(X, Y, sample_weight=2.0)
    assert_allclose(weighted.coef_, _regressor().fit(X, Y).coef_, rtol=1e-10)


# --- Seeds


@pytest.mark.parametrize("mode", ["mini-batch", "stochastic"])
def test_same_seed_gives_the_same_model(mode):
    one, other = (_regressor(mode=mode, random_state=3).fit(X, Y) for _ in range(2))
    assert_array_equal(one.coef_, other.coef_)


@pytest.mark.parametrize("mode", ["mini-batch", "stochastic"])
@pytest.mark.parametrize(
    "other", [1, None, np.random.RandomState(0)], ids=["int", "None", "state"]
)
def test_other_seed_gives_another_model(mode, other):
    one = _regressor(mode=mode).fit(X, Y)
    assert np.any(
        one.coef_ != _regressor(mode=mode, random_state=other).fit(X, Y).coef_
    )


def test_random_state_object_is_drawn_from():
    state = np.random.RandomState(0)
    one, other = (_regressor(random_state=state).fit(X, Y) for _ in range(2))
    assert np.any(one.coef_ != other.coef_)


def test_batch_mode_does_not_depend_on_the_seed():
    one, other = (_regressor(mode="batch", random_state=s).fit(X, Y) for s in (0, 1))
    assert_array_equal(one.coef_, other.coef_)


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_number_of_jobs_changes_no_bit(n_jobs, mode):
    large = np.random.default_rng(0).normal(size=(4000, 200))  # three chunks of rows
    one, other = (
        _regressor(mode=mode, max_iter=2, eta0=1e-3, n_jobs=n).fit(large, large[:, 0])
        for n in (1, n_jobs)
    )
    assert_array_equal(one.coef_, other.coef_)


def test_order_of_rows_is_kept_without_shuffling():
    model = _regressor(shuffle=False, penalty=None, max_iter=1).fit(X, Y)
    w, b = np.zeros(3), 0.0
    for x, y in zip(X, Y, strict=True):
        step = 0.01 * (x @ w + b - y)
        w, b = w - step * x, b - step
    assert_allclose(model.coef_, w, rtol=1e-12)


def test_order_of_rows_is_new_in_each_epoch():
    # On columns of the unit matrix a step tells which row it read: with a rate that
    # falls as 1 / t, the coefficient of a row tells when.
    eye, ones = np.eye(6), np.ones(6)
    options = {"learning_rate": "invscaling", "power_t": 1.0, "eta0": 1e-6}
    options |= {"penalty": None, "fit_intercept": False}
    orders, before = set(), np.zeros(6)
    for epochs in range(1, 13):
        coef = _regressor(**options, max_iter=epochs).fit(eye, ones).coef_
        orders.add(tuple(np.argsort(-(coef - before))))
        before = coef
    # 12 draws from 720 orders: the chance of less than 10 different ones is 1e-4
    assert len(orders) >= 10


# --- What is told of the descent


def test_verbose_prints_a_line_an_epoch(capsys):
    _regressor(verbose=1, max_iter=7).fit(X, Y)
    assert capsys.readouterr().out.count("\n") == 7


def test_verbose_line_names_epoch_and_objective(capsys):
    model = _regressor(verbose=True, max_iter=2).fit(X, Y)
    first = capsys.readouterr().out.splitlines()[0]
    assert "Epoch 1" in first
    assert f"objective {model.history_['objective'][0]:.8g}" in first


def test_nothing_is_printed_by_default(capsys):
    _regressor().fit(X, Y)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "key",
    [
        "objective",
        "suboptimality",
        "gradient_norm",
        "learning_rate",
        "validation_score",
        "seconds",
    ],
)
def test_history_has_an_entry_an_epoch(key):
    assert _regressor(max_iter=7).fit(X, Y).history_[key].shape == (7,)


@pytest.mark.parametrize("penalty", ["l2", "l1", "elasticnet", None])
def test_last_objective_is_that_of_the_model(penalty, mode):
    weight = np.random.default_rng(1).uniform(size=80)
    model = _regressor(mode=mode, penalty=penalty, alpha=0.1)
    model.fit(X, Y, sample_weight=weight)
    residual = model.predict(X) - Y
    l1 = {"l2": 0.0, "l1": 1.0, "elasticnet": 0.15, None: 0.0}[penalty]
    size = l1 * np.abs(model.coef_).sum() + (1 - l1) / 2 * (model.coef_**2).sum()
    expected = np.average(residual**2 / 2, weights=weight)
    expected += 0.1 * size if penalty else 0.0
    # rtol=1e-12: the same sums in another order
    assert_allclose(model.history_["objective"][-1], expected, rtol=1e-12)
    assert model.objective_ == model.history_["objective"][-1]


def test_gradient_norm_of_batch_mode_is_that_of_the_gradient():
    model = _regressor(mode="batch", penalty=None, max_iter=1).fit(X, Y)
    gradient = np.append(-X.T @ Y, -Y.sum()) / 80
    # rtol=1e-10: recovered from the step, which is rounded against the weights
    assert_allclose(
        model.history_["gradient_norm"][0], np.linalg.norm(gradient), rtol=1e-10
    )


def test_samples_seen_are_counted_in_every_mode(mode):
    assert _regressor(mode=mode, max_iter=3).fit(X, Y).t_ == 1 + 3 * 80


def test_mode_is_stored(mode):
    assert _regressor(mode=mode).fit(X, Y).mode_ == mode


def test_mode_auto_is_stochastic():
    auto = _regressor().fit(X, Y)
    assert auto.mode_ == "stochastic"
    assert_array_equal(auto.coef_, _regressor(mode="stochastic").fit(X, Y).coef_)


def test_batch_size_of_all_rows_equals_batch_mode():
    one = _regressor(mode="mini-batch", batch_size=80).fit(X, Y)
    # rtol=1e-12: the same rows in another order
    assert_allclose(one.coef_, _regressor(mode="batch").fit(X, Y).coef_, rtol=1e-12)


def test_batch_size_one_equals_stochastic_mode():
    one = _regressor(mode="mini-batch", batch_size=1).fit(X, Y)
    assert_array_equal(one.coef_, _regressor(mode="stochastic").fit(X, Y).coef_)


# --- Schedules


def test_constant_rate_is_constant():
    rates = _regressor(eta0=0.02).fit(X, Y).history_["learning_rate"]
    assert_array_equal(rates, 0.02)


def test_invscaling_rate_falls_with_steps():
    model = _regressor(learning_rate="invscaling", power_t=0.5, mode="batch")
    rates = model.fit(X, Y).history_["learning_rate"]
    assert_allclose(rates, 0.01 / np.arange(1, 21) ** 0.5, rtol=1e-14)


def test_optimal_rate_is_that_of_scikit_learn():
    model = _regressor(learning_rate="optimal", alpha=1.0, mode="batch").fit(X, Y)
    # 1 / (alpha (t0 + t)) with 1 / (alpha t0) = sqrt(1 / sqrt(alpha)) at the first step
    expected = 1.0 / (1.0 + np.arange(20))
    assert_allclose(model.history_["learning_rate"], expected, rtol=1e-14)


def test_adaptive_rate_falls_by_five_when_nothing_is_gained():
    model = _regressor(learning_rate="adaptive", eta0=0.1, tol=1e-3, max_iter=1000)
    rates = model.fit(X, Y).history_["learning_rate"]
    falls = rates[1:][np.diff(rates) != 0] / rates[:-1][np.diff(rates) != 0]
    assert len(falls) > 3
    assert_allclose(falls, 0.2, rtol=1e-12)


def test_adaptive_descent_ends_at_the_lowest_rate():
    model = _regressor(learning_rate="adaptive", eta0=0.1, tol=1e-3, max_iter=1000)
    model.fit(X, Y)
    assert model.converged_
    assert model.history_["learning_rate"][-1] <= 1e-6


def test_adaptive_rate_stays_without_tolerance():
    model = _regressor(learning_rate="adaptive", max_iter=50).fit(X, Y)
    assert_array_equal(model.history_["learning_rate"], 0.01)


def test_negative_power_is_warned_of():
    model = _regressor(learning_rate="invscaling", power_t=-0.1, eta0=1e-3)
    with pytest.warns(FutureWarning, match="power_t"):
        model.fit(X, Y)


# --- Tolerance


def test_tolerance_is_relative_to_the_units_of_the_target(mode):
    epochs = {
        _regressor(mode=mode, tol=1e-3, max_iter=1000, eta0=1e-3).fit(X, c * Y).n_iter_
        for c in (2.0**-20, 1.0, 2.0**20)  # powers of two: the same digits
    }
    assert len(epochs) == 1


def test_smaller_tolerance_takes_more_epochs():
    epochs = [
        _regressor(mode="batch", tol=tol, max_iter=10_000).fit(X, Y).n_iter_
        for tol in (1e-1, 1e-2, 1e-3, 1e-4)
    ]
    assert epochs == sorted(set(epochs))


def test_no_tolerance_runs_every_epoch():
    model = _regressor(mode="batch", eta0=0.5, max_iter=300).fit(X, Y)
    assert model.n_iter_ == 300
    assert not model.converged_


def test_patience_is_n_iter_no_change():
    short, long = (
        _regressor(mode="batch", tol=1e-2, max_iter=5000, n_iter_no_change=n).fit(X, Y)
        for n in (1, 11)
    )
    assert long.n_iter_ == short.n_iter_ + 10


# --- Copies


def test_pickle_keeps_the_predictions():
    model = _regressor().fit(X, Y)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict(X), model.predict(X))


def test_clone_keeps_the_parameters():
    model = _regressor("huber", optimizer=Momentum(0.3), epsilon=0.7).fit(X, Y)
    copy = clone(model)
    assert repr(copy) == repr(model)
    assert not hasattr(copy, "coef_")


@pytest.mark.parametrize("estimator", [GDRegressor(), GDClassifier()], ids=repr)
def test_every_parameter_is_stored_as_given(estimator):
    for name, value in estimator.get_params(deep=False).items():
        assert getattr(type(estimator)(**{name: value}), name) is value
