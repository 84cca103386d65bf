"""partial_fit without a learning rate."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.linear_model import LinearRegression, Ridge

from skgd import GDClassifier, GDRegressor

RNG = np.random.default_rng(0)
N, D = 300, 6
X = RNG.normal(size=(N, D)) * [1e-3, 1.0, 10.0, 1.0, 1e3, 1.0] + [0, 5, -3, 0, 1e4, 0]
TARGETS = (X - X.mean(0)) / X.std(0) @ [1.0, -2.0, 0.0, 0.5, 3.0, 0.0] + 20
TARGETS += RNG.normal(size=N)
LABELS = np.digitize(TARGETS, [18.0, 22.0])
WEIGHT = RNG.uniform(0.0, 3.0, size=N) * (RNG.uniform(size=N) < 0.9)
SPLITS = {"one call": [], "three calls": [7, 150], "a row a call": range(1, N)}
REGRESSION = ("squared_error", "huber", "absolute_error", "quantile")
REGRESSION += ("epsilon_insensitive", "squared_epsilon_insensitive")
CLASSIFICATION = ("log_loss", "hinge", "squared_hinge", "modified_huber", "perceptron")


def _regressor(**parameters):
    return GDRegressor(**{"learning_rate": "auto", "random_state": 0} | parameters)


def _classifier(**parameters):
    return GDClassifier(**{"learning_rate": "auto", "random_state": 0} | parameters)


def _stream(model, X, y, splits=(), weight=None, **known):
    rows = np.split(np.arange(X.shape[0]), splits)
    for part in rows:
        own = None if weight is None else weight[part]
        model.partial_fit(X[part], y[part], sample_weight=own, **known)
    return model


def _ridge(alpha, weight=None, fit_intercept=True, y=TARGETS, X=X):
    total = N if weight is None else weight.sum()
    ridge = Ridge(alpha=alpha * total, fit_intercept=fit_intercept, solver="svd")
    return ridge.fit(X, y, sample_weight=weight)


# --- Least squares


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize("splits", SPLITS.values(), ids=SPLITS)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_squared_error_ends_in_the_optimum_over_all_calls(splits, fit_intercept, make):
    model = _regressor(alpha=0.1, fit_intercept=fit_intercept)
    _stream(model, make(X), TARGETS, splits)
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
    model = _stream(_regressor(alpha=0.1), X, TARGETS, splits, WEIGHT)
    expected = _ridge(0.1, WEIGHT)
    assert_allclose(model.coef_, expected.coef_, rtol=1e-8)
    assert_allclose(model.intercept_, expected.intercept_, rtol=1e-8)


def test_several_targets_are_each_their_optimum():
    y = np.column_stack([TARGETS, X[:, 1], -TARGETS])
    model = _stream(_regressor(alpha=0.1), X, y, [50, 51])
    for k in range(3):
        assert_allclose(model.coef_[k], _ridge(0.1, y=y[:, k]).coef_, rtol=1e-8)


def test_one_pass_equals_fit():
    model = _stream(_regressor(), X, TARGETS, [100, 200])
    fitted = _regressor(tol=1e-12).fit(X, TARGETS)
    assert_allclose(model.coef_, fitted.coef_, rtol=1e-6)
    assert_allclose(model.intercept_, fitted.intercept_, rtol=1e-6)


@pytest.mark.parametrize("class_weight", [None, {0: 3.0, 2: 0.5}])
def test_classes_by_least_squares_equal_fit(class_weight):
    parameters = {"loss": "squared_error", "class_weight": class_weight, "alpha": 0.01}
    model = _stream(
        _classifier(**parameters), X, LABELS, [100, 200], WEIGHT, classes=[0, 1, 2]
    )
    fitted = _classifier(**parameters, tol=1e-13)
    fitted.fit(X, LABELS, sample_weight=WEIGHT)
    assert_allclose(model.coef_, fitted.coef_, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("splits", [[], [4, 5, 9]])
def test_collinear_columns_and_few_rows_without_penalty(splits):
    wide = np.column_stack([X, X[:, 1] + X[:, 2], 3 * X[:, 0], np.full(N, 7.0)])
    model = _stream(_regressor(penalty=None), wide[:12], TARGETS[:12], splits)
    alike = X / X.std(0)  # LinearRegression drops what is small in its units
    exact = LinearRegression().fit(alike[:12], TARGETS[:12])
    assert_allclose(model.predict(wide[:12]), exact.predict(alike[:12]), rtol=1e-7)
    few = _stream(_regressor(penalty=None), wide[:4], TARGETS[:4], [2])
    assert_allclose(few.predict(wide[:4]), TARGETS[:4], rtol=1e-8)
    size = np.abs(few.coef_) * wide.std(0)
    assert (size < 10 * np.ptp(TARGETS)).all()  # no noise was divided by
    assert model.coef_[-1] == few.coef_[-1] == 0.0


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_units_of_columns_do_not_matter_without_penalty(scale):
    factor = np.where(np.arange(D) % 2, scale, 1.0)
    model = _stream(_regressor(alpha=0.0), X * factor, TARGETS, range(1, N))
    plain = _stream(_regressor(alpha=0.0), X, TARGETS)
    assert_allclose(model.coef_ * factor, plain.coef_, rtol=1e-7)


def test_float32_is_learned_in_double():
    single = X.astype(np.float32)
    model = _stream(_regressor(alpha=0.1), single, TARGETS, range(1, N))
    assert model.coef_.dtype == np.float32
    expected = _ridge(0.1, X=single.astype(np.float64))
    assert_allclose(model.coef_, expected.coef_, rtol=2e-6)  # its rounding


def test_after_fit_the_rows_of_fit_count():
    fitted = _regressor(alpha=0.1, tol=1e-12).fit(X, TARGETS)
    before = fitted.coef_.copy()
    fitted.partial_fit(X[:1], TARGETS[:1] + 1.0)
    step = np.abs(fitted.coef_ - before) * X.std(0)
    assert 0.0 < step.max() < 0.1  # one row among 301
    _stream(fitted, np.tile(X, (50, 1)), np.tile(TARGETS + 5.0, 50))
    expected = _ridge(0.1, y=TARGETS + 5.0)
    assert_allclose(fitted.predict(X), expected.predict(X), atol=0.2)


def test_a_model_set_by_hand_is_where_it_goes_on():
    model = _stream(_regressor(alpha=0.1), X, TARGETS)
    other = _ridge(0.1, y=-TARGETS)
    model.coef_, model.intercept_ = other.coef_, np.array([other.intercept_])
    model.partial_fit(X, -TARGETS)  # nothing to learn from these
    assert_allclose(model.coef_, other.coef_, rtol=1e-7)


# --- Averaged steps


STEPS = [
    *((_regressor, loss, "l2") for loss in REGRESSION[1:]),
    *((_classifier, loss, "l2") for loss in CLASSIFICATION[:-1]),
    *((_regressor, "squared_error", penalty) for penalty in ("l1", "elasticnet")),
    *((_classifier, loss, "l1") for loss in ("log_loss", "hinge")),
]


def _known(make):
    return {"classes": [0, 1, 2]} if make is _classifier else {}


@pytest.mark.parametrize("make_X", [np.asarray, csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize(("make", "loss", "penalty"), STEPS)
def test_steps_come_near_the_optimum(make, loss, penalty, make_X):
    y = LABELS if make is _classifier else TARGETS
    parameters = {"loss": loss, "penalty": penalty, "alpha": 1e-3}
    model, known = make(**parameters), _known(make)
    for _ in range(10):
        _stream(model, make_X(X), y, [100, 200], **known)
    fitted = make(**parameters, tol=1e-6).fit(X, y)
    none = make(**parameters | {"alpha": 1e9, "penalty": "l2"}).fit(X, y)
    reached, best, worst = (_loss(m, y) for m in (model, fitted, none))
    assert reached - best < 0.1 * (worst - best)
    assert not model.converged_
    assert np.isnan(model.suboptimality_)
    assert model.mode_ == "mini-batch"
    assert model.t_ == 1 + 10 * N
