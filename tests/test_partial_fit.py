"""partial_fit: epochs over what it is given, going on from where the last one ended."""

import pickle
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skgd import GDClassifier, GDRegressor
from skgd.textbook import OPTIMIZERS, SCHEDULES

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
TARGETS = X @ [1.0, -2.0, 0.0, 0.5] + 0.5
LABELS = np.digitize(TARGETS, [-0.5, 1.0])
Y = {GDRegressor: TARGETS, GDClassifier: LABELS}
# Order matters in the stochastic modes: kept, so that calls and epochs agree.
CONFIGURATIONS = {
    "batch": {"mode": "batch"},
    "mini-batch": {"mode": "mini-batch", "batch_size": 7},
    "stochastic": {"mode": "stochastic"},
    "invscaling": {"learning_rate": "invscaling"},
    "optimal": {"learning_rate": "optimal", "alpha": 1.0},
    "l1": {"penalty": "l1", "alpha": 0.05},
    "l1 in batch mode": {"penalty": "l1", "alpha": 0.05, "mode": "batch"},
    "elasticnet": {"penalty": "elasticnet", "alpha": 0.05, "l1_ratio": 0.5},
    "average": {"average": True},
    "average from 90 on": {"average": 90},
    "momentum": {"optimizer": "momentum"},
    "adam": {"optimizer": "adam", "mode": "mini-batch"},
    "adagrad with l1": {"optimizer": "adagrad", "penalty": "l1", "alpha": 0.05},
    "averaged rmsprop": {"optimizer": "rmsprop", "average": True},
    "no intercept": {"fit_intercept": False},
}


def _estimator(estimator_class, **parameters):
    defaults = {"learning_rate": "constant", "tol": None, "shuffle": False}
    return estimator_class(**defaults | {"random_state": 0} | parameters)


def _call(estimator, times=1, make=np.asarray):
    known = {"classes": [0, 1, 2]} if isinstance(estimator, GDClassifier) else {}
    for _ in range(times):
        estimator.partial_fit(make(X), Y[type(estimator)], **known)
    return estimator


@pytest.fixture(params=[GDRegressor, GDClassifier], ids=lambda c: c.__name__)
def estimator_class(request):
    return request.param


@pytest.fixture(params=CONFIGURATIONS)
def parameters(request):
    return CONFIGURATIONS[request.param]


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "csr"])
def test_partial_fit_k_times_equals_k_epochs(estimator_class, parameters, make):
    calls = _call(_estimator(estimator_class, **parameters), 4, make)
    epochs = _estimator(estimator_class, max_iter=4, **parameters)
    epochs.fit(make(X), Y[estimator_class])
    # rtol=1e-10: what is put off in an epoch is settled at the end of each call
    assert_allclose(calls.coef_, epochs.coef_, rtol=1e-10, atol=1e-13)
    assert_allclose(calls.intercept_, epochs.intercept_, rtol=1e-10, atol=1e-13)
    assert calls.t_ == epochs.t_


SEEDS = {"int": lambda: 7, "RandomState": lambda: np.random.RandomState(7)}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "csr"])
def test_partial_fit_k_times_equals_k_shuffled_epochs(
    estimator_class, parameters, make, seed
):
    parameters = {"shuffle": True, **parameters}
    calls = _estimator(estimator_class, random_state=SEEDS[seed](), **parameters)
    epochs = _estimator(estimator_class, random_state=SEEDS[seed](), **parameters)
    _call(calls, 3, make)
    epochs.set_params(max_iter=3).fit(make(X), Y[estimator_class])
    # rtol=1e-10: what is put off in an epoch is settled at the end of each call
    assert_allclose(calls.coef_, epochs.coef_, rtol=1e-10, atol=1e-13)
    assert_allclose(calls.intercept_, epochs.intercept_, rtol=1e-10, atol=1e-13)


# pa1 and pa2 set the size of each step themselves.
RATES = [
    (rate, optimizer)
    for rate, optimizer in product(SCHEDULES, OPTIMIZERS)
    if optimizer == "sgd" or rate not in ("pa1", "pa2")
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("learning_rate", "optimizer"), RATES)
@pytest.mark.parametrize("shuffle", [False, True])
def test_partial_fit_k_times_equals_k_epochs_at_any_rate(
    learning_rate, optimizer, shuffle
):
    aggressive = learning_rate in ("pa1", "pa2")
    parameters = {
        "loss": "epsilon_insensitive" if aggressive else "huber",
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "shuffle": shuffle,
        "alpha": 1.0,
    }
    calls = _call(_estimator(GDRegressor, **parameters), 3)
    epochs = _estimator(GDRegressor, max_iter=3, **parameters).fit(X, TARGETS)
    assert_array_equal(calls.coef_, epochs.coef_)
    assert_array_equal(calls.intercept_, epochs.intercept_)


def test_partial_fit_shuffles_the_rows_of_weight_above_zero_only(estimator_class):
    weight = np.random.default_rng(1).integers(0, 3, size=60)
    known = {"classes": [0, 1, 2]} if estimator_class is GDClassifier else {}
    y = Y[estimator_class]
    calls, others = (_estimator(estimator_class, shuffle=True) for _ in range(2))
    for _ in range(3):
        calls.partial_fit(X, y, sample_weight=weight, **known)
        kept = weight > 0
        others.partial_fit(X[kept], y[kept], sample_weight=weight[kept], **known)
    epochs = _estimator(estimator_class, shuffle=True, max_iter=3)
    epochs.fit(X, y, sample_weight=weight)
    assert_array_equal(calls.coef_, others.coef_)
    # rtol=1e-12: the mean weight is a sum of sums
    assert_allclose(calls.coef_, epochs.coef_, rtol=1e-12)


def test_partial_fit_keeps_its_generator_where_there_is_nothing_to_shuffle():
    # A step of rate one meets its row: the model is the target of the last one.
    rows, targets = np.ones((50, 1)), np.arange(50.0)
    model = _estimator(GDRegressor, shuffle=True, eta0=1.0, fit_intercept=False)
    model.set_params(penalty=None)
    last = []
    for _ in range(10):
        last.append(model.partial_fit(rows, targets).coef_[0])
        model.partial_fit(rows[:1], targets[:1])
    assert len(set(last)) > 5  # 9 on average of 10 draws out of 50


def test_partial_fit_draws_one_seed(estimator_class):
    seeds = np.random.RandomState(0)
    _call(_estimator(estimator_class, shuffle=True, random_state=seeds), 3)
    expected = np.random.RandomState(0)
    expected.randint(2**31 - 1)
    assert seeds.randint(1000) == expected.randint(1000)


def test_partial_fit_goes_on_after_fit(estimator_class, parameters):
    both = _estimator(estimator_class, max_iter=3, **parameters)
    _call(both.fit(X, Y[estimator_class]))
    calls = _call(_estimator(estimator_class, **parameters), 4)
    # atol=1e-13: coefficients that l1 holds at zero
    assert_allclose(both.coef_, calls.coef_, rtol=1e-10, atol=1e-13)


def test_partial_fit_goes_on_after_pickling(estimator_class, parameters):
    model = _call(_estimator(estimator_class, **parameters), 2)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(_call(copy, 2).coef_, _call(model, 2).coef_)


def test_partial_fit_goes_on_from_dense_to_sparse(estimator_class, parameters):
    mixed = _call(_estimator(estimator_class, **parameters), 1)
    _call(mixed, 1, csr_array)
    dense = _call(_estimator(estimator_class, **parameters), 2)
    # rtol=1e-10: the sums over a row are in another order
    assert_allclose(mixed.coef_, dense.coef_, rtol=1e-10, atol=1e-13)


def test_partial_fit_counts_one_epoch(estimator_class):
    assert _call(_estimator(estimator_class), 3).n_iter_ == 1


def test_partial_fit_counts_all_samples_seen(estimator_class):
    assert _call(_estimator(estimator_class), 3).t_ == 1 + 3 * 60


def test_partial_fit_speaks_of_the_last_call(estimator_class):
    assert _call(_estimator(estimator_class), 3).history_["objective"].shape == (1,)


def test_partial_fit_starts_from_changed_coefficients(estimator_class):
    model = _call(_estimator(estimator_class), 3).set_params(eta0=1e-9)
    model.coef_ = changed = 0.9 * model.coef_
    # atol=1e-6: an epoch of 60 steps of about 1e-9
    assert_allclose(_call(model).coef_, changed, atol=1e-6)


@pytest.mark.parametrize("changed", ["coef_", "intercept_"])
def test_partial_fit_averages_anew_from_changed_coefficients(estimator_class, changed):
    model = _call(_estimator(estimator_class, average=True), 3).set_params(eta0=1e-9)
    setattr(model, changed, 0.9 * getattr(model, changed))
    coef, intercept = model.coef_, model.intercept_
    _call(model)
    # atol=1e-6: an epoch of 60 steps of about 1e-9
    assert_allclose(model.coef_, coef, atol=1e-6)
    assert_allclose(model.intercept_, intercept, atol=1e-6)


def test_partial_fit_averages_anew_as_from_the_start():
    model = _call(_estimator(GDRegressor, average=True), 3)
    start = np.array([0.5, -1.0, 0.0, 0.5])
    model.coef_, model.intercept_ = start, np.zeros(1)
    fresh = _estimator(GDRegressor, average=True, max_iter=1)
    fresh.fit(X, TARGETS, coef_init=start)
    assert_allclose(_call(model).coef_, fresh.coef_, rtol=1e-12)


def test_partial_fit_goes_on_from_a_list():
    model = _call(_estimator(GDRegressor), 1)
    other = _call(_estimator(GDRegressor), 1)
    other.coef_ = model.coef_.tolist()
    assert_array_equal(_call(other).coef_, _call(model).coef_)


def test_partial_fit_keeps_the_type_of_the_model():
    model = _estimator(GDRegressor).partial_fit(X.astype(np.float32), TARGETS)
    model.partial_fit(X.astype(np.float32), TARGETS)
    assert model.coef_.dtype == np.float32


def test_partial_fit_of_one_row_at_a_time_equals_one_epoch():
    rows = _estimator(GDRegressor)
    for i in range(60):
        rows.partial_fit(X[i : i + 1], TARGETS[i : i + 1])
    epoch = _estimator(GDRegressor, max_iter=1).fit(X, TARGETS)
    # rtol=1e-10: the scale of the weights is folded in after each row
    assert_allclose(rows.coef_, epoch.coef_, rtol=1e-10)


def test_partial_fit_accepts_a_batch_without_some_classes():
    model = _call(_estimator(GDClassifier))
    some = LABELS == 1
    model.partial_fit(X[some], LABELS[some])
    assert_array_equal(model.classes_, [0, 1, 2])


def test_partial_fit_takes_classes_in_any_order():
    model = _estimator(GDClassifier).partial_fit(X, LABELS, classes=[2, 0, 1])
    assert_array_equal(model.coef_, _call(_estimator(GDClassifier)).coef_)


def test_partial_fit_of_weights_all_zero_is_no_step(estimator_class):
    model = _call(_estimator(estimator_class))
    before = model.coef_.copy()
    model.partial_fit(X, Y[estimator_class], sample_weight=np.zeros(60))
    assert_array_equal(model.coef_, before)
    assert model.t_ == 61


def test_partial_fit_of_weights_all_zero_may_be_the_first():
    model = _estimator(GDRegressor)
    model.partial_fit(X, TARGETS, sample_weight=np.zeros(60))
    assert_array_equal(model.predict(X), 0.0)


def test_partial_fit_of_constant_weights_changes_nothing(estimator_class):
    known = {"classes": [0, 1, 2]} if estimator_class is GDClassifier else {}
    weighted = _estimator(estimator_class)
    for _ in range(3):
        weighted.partial_fit(
            X, Y[estimator_class], sample_weight=np.full(60, 7.0), **known
        )
    plain = _call(_estimator(estimator_class), 3)
    # rtol=1e-10: the weights are divided by their mean
    assert_allclose(weighted.coef_, plain.coef_, rtol=1e-10)


def test_partial_fit_weighs_by_the_running_mean_weight():
    model = _estimator(GDRegressor, mode="batch", penalty=None, fit_intercept=False)
    model.partial_fit(X, TARGETS, sample_weight=np.full(60, 1.0))
    first = model.coef_.copy()
    model.partial_fit(X, TARGETS, sample_weight=np.full(60, 3.0))
    gradient = X.T @ (X @ first - TARGETS) / 60
    # the mean weight of all rows so far is 2; rtol=1e-12: the same sums
    assert_allclose(model.coef_, first - 0.01 * 3 / 2 * gradient, rtol=1e-12)


def test_partial_fit_shuffles_anew_in_each_call():
    seeds = np.random.RandomState(0)
    model = _estimator(GDRegressor, shuffle=True, random_state=seeds)
    one = _call(model).coef_.copy()
    other = _call(_estimator(GDRegressor, shuffle=True, random_state=seeds)).coef_
    assert np.any(one != other)


def test_partial_fit_of_an_adaptive_rate_starts_at_eta0():
    model = _call(_estimator(GDRegressor, learning_rate="adaptive"), 3)
    assert_array_equal(model.history_["learning_rate"], 0.01)


def test_fit_after_partial_fit_starts_afresh(estimator_class):
    model = _call(_estimator(estimator_class, max_iter=2), 3)
    fresh = _estimator(estimator_class, max_iter=2).fit(X, Y[estimator_class])
    assert_array_equal(model.fit(X, Y[estimator_class]).coef_, fresh.coef_)


def test_warm_start_after_partial_fit_goes_on(estimator_class):
    model = _call(_estimator(estimator_class, max_iter=2, warm_start=True))
    coef, intercept = model.coef_, model.intercept_
    explicit = _estimator(estimator_class, max_iter=2)
    explicit.fit(X, Y[estimator_class], coef_init=coef, intercept_init=intercept)
    assert_array_equal(model.fit(X, Y[estimator_class]).coef_, explicit.coef_)
