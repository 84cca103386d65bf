"""partial_fit of squared loss without a learning rate: the optimum over all calls."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.linear_model import LinearRegression, Ridge
from stream_data import LABELS, RNG, TARGETS, D, N, X, classifier, regressor, stream

SPLITS = {"one call": [], "three calls": [7, 150], "a row a call": range(1, N)}
WEIGHT = RNG.uniform(0.0, 3.0, size=N) * (RNG.uniform(size=N) < 0.9)


def _ridge(alpha, weight=None, fit_intercept=True, y=TARGETS, X=X):
    total = N if weight is None else weight.sum()
    ridge = Ridge(alpha=alpha * total, fit_intercept=fit_intercept, solver="svd")
    return ridge.fit(X, y, sample_weight=weight)


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize("splits", SPLITS.values(), ids=SPLITS)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_squared_error_ends_in_the_optimum_over_all_calls(splits, fit_intercept, make):
    model = regressor(alpha=0.1, fit_intercept=fit_intercept)
    stream(model, make(X), TARGETS, splits)
    expected = _ridge(0.1, fit_intercept=fit_intercept)
    assert_allclose(model.coef_, expected.coef_, rtol=1e-8)
    assert_allclose(model.intercept_, expected.intercept_, rtol=1e-8, atol=1e-12)
    assert model.converged_
    assert model.suboptimality_ < 1e-12
    assert model.mode_ == "batch"
    assert model.n_iter_ == 1
    assert model.t_ == 1 + N
    assert model.history_["objective"] == model.objective_


@pytest.mark.parametrize("splits", SPLITS.values(), ids=SPLITS)
def test_weights_count_over_all_calls(splits):
    model = stream(regressor(alpha=0.1), X, TARGETS, splits, WEIGHT)
    expected = _ridge(0.1, WEIGHT)
    assert_allclose(model.coef_, expected.coef_, rtol=1e-8)
    assert_allclose(model.intercept_, expected.intercept_, rtol=1e-8)


def test_several_targets_are_each_their_optimum():
    y = np.column_stack([TARGETS, X[:, 1], -TARGETS])
    model = stream(regressor(alpha=0.1), X, y, [50, 51])
    for k in range(3):
        assert_allclose(model.coef_[k], _ridge(0.1, y=y[:, k]).coef_, rtol=1e-8)


def test_one_pass_equals_fit():
    model = stream(regressor(), X, TARGETS, [100, 200])
    fitted = regressor(tol=1e-12).fit(X, TARGETS)
    assert_allclose(model.coef_, fitted.coef_, rtol=1e-6)
    assert_allclose(model.intercept_, fitted.intercept_, rtol=1e-6)


@pytest.mark.parametrize("class_weight", [None, {0: 3.0, 2: 0.5}])
def test_classes_by_least_squares_equal_fit(class_weight):
    parameters = {"loss": "squared_error", "class_weight": class_weight, "alpha": 0.01}
    model = stream(
        classifier(**parameters), X, LABELS, [100, 200], WEIGHT, classes=[0, 1, 2]
    )
    fitted = classifier(**parameters, tol=1e-13)
    fitted.fit(X, LABELS, sample_weight=WEIGHT)
    assert_allclose(model.coef_, fitted.coef_, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("splits", [[], [4, 5, 9]])
def test_collinear_columns_and_few_rows_without_penalty(splits):
    wide = np.column_stack([X, X[:, 1] + X[:, 2], 3 * X[:, 0], np.full(N, 7.0)])
    model = stream(regressor(penalty=None), wide[:12], TARGETS[:12], splits)
    alike = X / X.std(0)  # LinearRegression drops what is small in its units
    exact = LinearRegression().fit(alike[:12], TARGETS[:12])
    assert_allclose(model.predict(wide[:12]), exact.predict(alike[:12]), rtol=1e-7)
    few = stream(regressor(penalty=None), wide[:4], TARGETS[:4], [2])
    assert_allclose(few.predict(wide[:4]), TARGETS[:4], rtol=1e-8)
    size = np.abs(few.coef_) * wide.std(0)
    assert (size < 10 * np.ptp(TARGETS)).all()  # no noise was divided by
    assert model.coef_[-1] == few.coef_[-1] == 0.0


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_units_of_columns_do_not_matter_without_penalty(scale):
    factor = np.where(np.arange(D) % 2, scale, 1.0)
    model = stream(regressor(alpha=0.0), X * factor, TARGETS, range(1, N))
    plain = stream(regressor(alpha=0.0), X, TARGETS)
    assert_allclose(model.coef_ * factor, plain.coef_, rtol=1e-7)


def test_float32_is_learned_in_double():
    single = X.astype(np.float32)
    model = stream(regressor(alpha=0.1), single, TARGETS, range(1, N))
    assert model.coef_.dtype == np.float32
    expected = _ridge(0.1, X=single.astype(np.float64))
    assert_allclose(model.coef_, expected.coef_, rtol=2e-6)  # its rounding


def test_after_fit_the_rows_of_fit_count():
    fitted = regressor(alpha=0.1, tol=1e-12).fit(X, TARGETS)
    before = fitted.coef_.copy()
    fitted.partial_fit(X[:1], TARGETS[:1] + 1.0)
    step = np.abs(fitted.coef_ - before) * X.std(0)
    assert 0.0 < step.max() < 0.1  # one row among 301
    stream(fitted, np.tile(X, (50, 1)), np.tile(TARGETS + 5.0, 50))
    expected = _ridge(0.1, y=TARGETS + 5.0)
    assert_allclose(fitted.predict(X), expected.predict(X), atol=0.2)


def test_a_model_set_by_hand_is_where_it_goes_on():
    model = stream(regressor(alpha=0.1), X, TARGETS)
    other = _ridge(0.1, y=-TARGETS)
    model.coef_, model.intercept_ = other.coef_, np.array([other.intercept_])
    model.partial_fit(X, -TARGETS)  # nothing to learn from these
    assert_allclose(model.coef_, other.coef_, rtol=1e-7)


@pytest.mark.parametrize("earlier", ["rate", "fit", "by hand", "other loss"])
def test_rows_that_were_not_learned_from_are_not_certified(earlier):
    # Half way between two models that fit no row, it had claimed to be the optimum.
    half = len(X) // 2
    model = regressor(alpha=0.1)
    if earlier == "rate":
        model.set_params(learning_rate="constant", eta0=1e-9)
    if earlier == "other loss":
        model.set_params(loss="huber")
    if earlier == "fit":
        model.fit(X[:half], TARGETS[:half])
    else:
        model.partial_fit(X[:half], TARGETS[:half])
    if earlier == "by hand":
        model.coef_ = model.coef_ + 100.0
    model.set_params(learning_rate="auto", eta0=0.01, loss="squared_error")
    for rows in np.array_split(np.arange(half, len(X)), 2):
        model.partial_fit(X[rows], TARGETS[rows])
        assert not model.converged_
        assert np.isnan(model.suboptimality_)
