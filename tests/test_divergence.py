"""A rate that is too large ends in an error or a warning, never in silence."""

import re
import tracemalloc
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning

from skgd import GDClassifier, GDRegressor
from skgd.textbook import _stability

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)) * [1.0, 3.0, 0.5, 10.0] + [0.0, 1.0, 0.0, 5.0]
TARGETS = X @ [1.0, -1.0, 2.0, 0.1] + RNG.normal(size=60)
LABELS = (TARGETS.mean() < TARGETS).astype(int)
THREE = np.digitize(TARGETS, np.quantile(TARGETS, [0.3, 0.6]))
WEIGHT = RNG.uniform(0.1, 3.0, size=60)


def _regressor(**parameters):
    # without a tolerance: it stops a descent that does not improve before it overflows
    defaults = {
        "learning_rate": "constant",
        "eta0": 1e3,
        "tol": None,
        "random_state": 0,
    }
    return GDRegressor(**defaults | parameters)


def _message(estimator, X, y, **arguments):
    with pytest.raises(ValueError, match="under-/overflow") as error:
        estimator.fit(X, y, **arguments)
    return str(error.value)


def _stated_rate(message):
    return float(re.search(r"largest stable .*? is about ([0-9.e+-]+?)\. ", message)[1])


MODES = ("batch", "mini-batch", "stochastic")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "csr"])
def test_divergence_is_an_error(mode, make):
    with pytest.raises(ValueError, match="Floating-point under-/overflow occurred"):
        _regressor(mode=mode).fit(make(X), TARGETS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_divergence_is_an_error_at_once(dtype):
    message = _message(_regressor(mode="batch"), X.astype(dtype), TARGETS)
    epoch = int(re.search(r"epoch #(\d+)", message)[1])
    # each epoch multiplies the weights by about 1e3 * 165: 1e308 and 1e38 take
    # at most 60 and 9 of them
    assert epoch <= (60 if dtype is np.float64 else 9)


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov"])
def test_divergence_of_an_optimizer_is_an_error(optimizer):
    with pytest.raises(ValueError, match="under-/overflow"):
        _regressor(mode="batch", optimizer=optimizer).fit(X, TARGETS)


def test_divergence_message_names_the_learning_rate():
    message = _message(_regressor(), X, TARGETS)
    assert "learning rate was 1e+03" in message
    assert "learning_rate='constant'" in message
    assert "eta0=1000" in message


@pytest.mark.parametrize("way_out", ["StandardScaler", 'learning_rate="auto"'])
def test_divergence_message_names_the_ways_out(way_out):
    assert way_out in _message(_regressor(), X, TARGETS)


def _softmax(**parameters):
    return GDClassifier(learning_rate="constant", mode="batch", **parameters)


# Losses whose curvature is constant, so that the stated rate is the largest one.
BATCH = {
    "plain": ({}, {}),
    "ridge": ({"alpha": 5.0}, {}),
    "no intercept": ({"fit_intercept": False}, {}),
    "weights": ({}, {"sample_weight": WEIGHT}),
    "weights in other units": ({}, {"sample_weight": 1e6 * WEIGHT}),
    "rows of weight zero": ({}, {"sample_weight": np.arange(60) % 2.0}),
    "elasticnet": ({"penalty": "elasticnet", "alpha": 1.0, "l1_ratio": 0.1}, {}),
}


def _rate_in_batch_mode(case, make=np.asarray):
    parameters, arguments = BATCH[case]
    estimator = _regressor(mode="batch", **parameters)
    return _stated_rate(_message(estimator, make(X), TARGETS, **arguments))


@pytest.mark.parametrize("case", BATCH)
@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "csr"])
def test_stated_rate_does_not_diverge(case, make):
    rate = _rate_in_batch_mode(case, make)
    parameters, arguments = BATCH[case]
    # 0.9: the rate is stated with two digits and its eigenvalue found to 1 percent
    model = _regressor(mode="batch", eta0=0.9 * rate, **parameters)
    model.fit(make(X), TARGETS, **arguments)
    assert model.objective_ < model.history_["objective"][0]


@pytest.mark.parametrize("case", BATCH)
def test_rate_above_the_stated_one_diverges(case):
    rate = _rate_in_batch_mode(case)
    parameters, arguments = BATCH[case]
    # with a ridge of its own share the core cuts the decay at zero: 3, not 1.1
    model = _regressor(mode="batch", eta0=3 * rate, **parameters)
    with pytest.raises(ValueError, match="under-/overflow"):
        model.fit(X, TARGETS, **arguments)


def test_stated_rate_is_not_changed_by_the_order_of_rows():
    one = _message(_regressor(mode="batch"), X, TARGETS)
    other = _message(_regressor(mode="batch"), X[::-1], TARGETS[::-1])
    assert _stated_rate(one) == _stated_rate(other)


def test_stated_rate_of_two_targets_does_not_diverge():
    two = np.column_stack((TARGETS, -2 * TARGETS))
    rate = _stated_rate(_message(_regressor(mode="batch"), X, two))
    model = _regressor(mode="batch", eta0=0.9 * rate).fit(X, two)
    assert model.objective_ < model.history_["objective"][0]


@pytest.mark.parametrize("mode", ["mini-batch", "stochastic"])
def test_stated_rate_does_not_diverge_in_stochastic_modes(mode):
    rate = _stated_rate(_message(_regressor(mode=mode), X, TARGETS))
    model = _regressor(mode=mode, max_iter=200, eta0=0.9 * rate)
    assert np.isfinite(model.fit(X, TARGETS).coef_).all()


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize("case", BATCH)
def test_stated_rate_is_not_changed_by_the_blocks_of_rows(case, make, monkeypatch):
    whole = _rate_in_batch_mode(case, make)
    monkeypatch.setattr(_stability, "_BLOCK_VALUES", 28)  # seven rows
    assert _rate_in_batch_mode(case, make) == whole


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "csr"])
def test_stated_rate_takes_no_copy_of_the_data(make, monkeypatch):
    monkeypatch.setattr(_stability, "_BLOCK_VALUES", 2**15)
    large = make(np.random.default_rng(0).normal(size=(8_000, 128)).astype("f4"))
    weight = np.arange(8_000) % 8 != 0  # rows of weight zero are left out
    model = _regressor(mode="batch", eta0=1e30)
    tracemalloc.start()
    _message(model, large, np.ones(8_000), sample_weight=weight)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # X has 4 megabytes (8 as CSR): some blocks of 0.3, and arrays of n_samples
    assert peak < 2.5e6


def test_stated_rate_of_two_rows_takes_no_square_of_the_features():
    wide = csr_array(np.ones((2, 100_000)))  # a square would take 80 gigabytes
    assert_allclose(
        _stated_rate(_message(_regressor(mode="batch"), wide, [1.0, 2.0])), 2e-5
    )


def test_divergence_of_a_single_column_states_a_rate():
    assert _stated_rate(_message(_regressor(mode="batch"), X[:, :1], TARGETS)) > 0


# --- Finite, and worse than no model


def test_model_worse_than_none_is_warned_of():
    with pytest.warns(ConvergenceWarning, match="has not minimised its objective"):
        _regressor(mode="batch", eta0=0.1, max_iter=3).fit(X, TARGETS)


@pytest.mark.parametrize(
    "fact",
    ["learning rate in the last epoch was 0.1 ", "largest stable", "StandardScaler"],
)
def test_warning_of_a_model_worse_than_none_says(fact):
    with pytest.warns(ConvergenceWarning, match=re.escape(fact)):
        _regressor(mode="batch", eta0=0.1, max_iter=3).fit(X, TARGETS)


def test_divergence_is_not_stopped_by_patience():
    # An objective that rises improves by less than any tolerance.
    with pytest.raises(ValueError, match="overflow occurred at epoch #"):
        _regressor(mode="batch", eta0=0.1, tol=1e-4, max_iter=1000).fit(X, TARGETS)


def test_model_worse_than_none_is_not_converged():
    model = _regressor(mode="batch", eta0=0.1, tol=1e300, max_iter=30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, TARGETS)
    assert model.n_iter_ == 30
    assert not model.converged_


def test_classifier_worse_than_none_is_warned_of():
    model = _softmax(eta0=10.0, tol=None, max_iter=3)
    with pytest.warns(ConvergenceWarning, match="has not minimised its objective"):
        model.fit(X, THREE)


def test_loss_without_curvature_says_that_it_has_no_largest_rate():
    model = GDClassifier(
        "hinge", learning_rate="constant", mode="batch", eta0=9.0, tol=None, max_iter=3
    )
    with pytest.warns(ConvergenceWarning, match="'hinge' has no largest stable"):
        model.fit(X, LABELS)


def test_good_model_is_not_warned_of():
    model = _regressor(mode="batch", eta0=1e-3, tol=1e-3, max_iter=20_000)
    assert model.fit(X, TARGETS).converged_  # warnings are errors


def test_model_that_needs_more_epochs_is_warned_of():
    model = _regressor(mode="batch", eta0=1e-5, tol=1e-12, max_iter=8)
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached"):
        model.fit(X, TARGETS)
    assert not model.converged_
