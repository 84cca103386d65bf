"""partial_fit without a learning rate, of losses that need steps."""

import pickle
import tracemalloc
from copy import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from stream_data import (
    CLASSIFICATION,
    LABELS,
    REGRESSION,
    RNG,
    TARGETS,
    N,
    X,
    classifier,
    regressor,
    stream,
)

from reference import objective
from skgd import GDClassifier, GDRegressor


def _loss(model, y):
    """Give F of a model over all rows, its penalty as the model has it."""
    coef, loss = np.atleast_2d(model.coef_), model.loss
    targets = y[:, None]
    if isinstance(model, GDClassifier):
        targets = np.where(targets == np.arange(len(coef)), 1.0, -1.0)
    if loss == "log_loss":
        loss, targets = "softmax", (targets > 0).astype(float)
    share = {"l2": 0.0, "l1": 1.0, "elasticnet": model.l1_ratio}[model.penalty]
    return objective(
        X,
        targets,
        coef,
        model.intercept_,
        loss=loss,
        parameter=0.5 if loss == "quantile" else 0.1,
        ridge=ALPHA * (1 - share),
        l1=ALPHA * share,
    )


ALPHA = 1e-3
STEPS = [
    *((regressor, loss, "l2") for loss in REGRESSION[1:]),
    *((classifier, loss, "l2") for loss in CLASSIFICATION[:-1]),
    *((regressor, "squared_error", penalty) for penalty in ("l1", "elasticnet")),
    *((classifier, loss, "l1") for loss in ("log_loss", "hinge")),
]


@pytest.fixture(params=STEPS, ids=lambda step: "-".join(step[1:]))
def stepping(request):
    make, loss, penalty = request.param
    y = LABELS if make is classifier else TARGETS
    return make, {"loss": loss, "penalty": penalty, "alpha": ALPHA}, y


def _known(make):
    return {"classes": [0, 1, 2]} if make is classifier else {}


@pytest.mark.parametrize("make_X", [np.asarray, csr_array], ids=["dense", "csr"])
def test_steps_come_near_the_optimum(stepping, make_X):
    make, parameters, y = stepping
    model, known = make(**parameters), _known(make)
    for _ in range(10):
        stream(model, make_X(X), y, [100, 200], **known)
    fitted = make(**parameters, tol=1e-6).fit(X, y)
    none = make(**parameters | {"alpha": 1e9, "penalty": "l2"}).fit(X, y)
    reached, best, worst = (_loss(m, y) for m in (model, fitted, none))
    assert reached - best < 0.1 * (worst - best)
    assert not model.converged_
    assert np.isnan(model.suboptimality_)
    assert model.mode_ == "mini-batch"
    assert model.t_ == 1 + 10 * N


ALL = [("squared_error", regressor), ("huber", regressor), ("quantile", regressor)]
ALL += [(loss, classifier) for loss in CLASSIFICATION]


def _targets(make):
    return LABELS if make is classifier else TARGETS


@pytest.mark.parametrize(("loss", "make"), ALL)
@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_resumed_equals_uninterrupted(loss, make, penalty):
    parameters = {"loss": loss, "penalty": penalty}
    whole = stream(make(**parameters), X, _targets(make), [50, 100], **_known(make))
    model = stream(make(**parameters), X[:50], _targets(make)[:50], **_known(make))
    for part in (slice(50, 100), slice(100, N)):
        model = pickle.loads(pickle.dumps(model))
        model.partial_fit(X[part], _targets(make)[part])
    assert_array_equal(model.coef_, whole.coef_)
    assert_array_equal(model.intercept_, whole.intercept_)


@pytest.mark.parametrize(("loss", "make"), ALL)
def test_weights_of_zero_change_nothing(loss, make):
    model = stream(make(loss=loss), X, _targets(make), **_known(make))
    before = pickle.dumps(model)
    model.partial_fit(X, _targets(make), sample_weight=np.zeros(N))
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(("loss", "make"), ALL)
def test_dense_and_sparse_rows_lead_to_the_same_model(loss, make):
    dense, sparse = (
        stream(make(loss=loss), values, _targets(make), [100], **_known(make))
        for values in (X, csr_array(X))
    )
    assert_allclose(dense.coef_, sparse.coef_, rtol=1e-6)


@pytest.mark.parametrize(("loss", "make"), ALL)
def test_memory_does_not_grow(loss, make):
    model = make(loss=loss)
    sizes = set()
    for i in range(20):
        model.partial_fit(X[i : i + 10], _targets(make)[i : i + 10], **_known(make))
        sizes.add(len(pickle.dumps(model)))
    assert max(sizes) < min(sizes) + 200  # numbers of t_ and n_iter_


@pytest.mark.parametrize(("loss", "make"), ALL)
@pytest.mark.parametrize("penalty", ["l2", "l1"])
@pytest.mark.parametrize("size", [1, 50, N])
def test_raw_data_never_diverge(loss, make, penalty, size):
    wild = X * 10.0 ** np.array([-12, 12, 0, 6, -6, 0])
    wild[::50] *= 1e4
    wild[3] *= 1e8
    wild = np.column_stack([wild, np.full(N, 1e9), np.zeros(N)])
    y = _targets(make)
    if make is regressor:
        y = np.where(np.arange(N) % 60 == 7, 1e9, y)
    model = make(loss=loss, penalty=penalty)
    stream(model, wild, y, range(size, N, size), **_known(make))
    assert np.isfinite(model.coef_).all()
    raw = np.atleast_2d(model.coef_) @ wild.T + np.atleast_1d(model.intercept_)[:, None]
    assert np.abs(raw).max() < 1e12


def test_positive_stays_positive():
    model = regressor(positive=True, loss="squared_error")
    for _ in range(10):
        stream(model, X, TARGETS, [100, 200])
    fitted = regressor(positive=True).fit(X, TARGETS)
    assert (model.coef_ >= 0.0).all()
    assert fitted.score(X, TARGETS) - model.score(X, TARGETS) < 0.05


def test_l1_leaves_zeros_where_fit_does():
    model = regressor(penalty="l1", alpha=0.3)
    for _ in range(5):
        stream(model, X / X.std(0), TARGETS, [100, 200])
    fitted = regressor(penalty="l1", alpha=0.3).fit(X / X.std(0), TARGETS)
    assert_array_equal(model.coef_ == 0.0, fitted.coef_ == 0.0)


@pytest.mark.parametrize(("loss", "make"), ALL)
def test_after_fit_steps_begin_at_its_model(loss, make):
    if loss == "perceptron":
        pytest.skip("its rule is not a descent")
    y = _targets(make)
    model = make(loss=loss, penalty="l1", alpha=ALPHA).fit(X, y)
    best = _loss(model, y)
    stream(model, X, y, range(10, N, 10))
    assert _loss(model, y) < best + 0.05 * abs(best)
    model.coef_ = model.coef_ * 0.0
    model.partial_fit(X[:1], y[:1])
    assert np.abs(model.coef_ * X.std(0)).max() < 0.1 * np.std(y)


def test_wide_sparse_rows_are_not_made_dense():
    n, d = 200, 200_000
    wide = csr_array(
        (np.ones(5 * n), RNG.integers(0, d, 5 * n), np.arange(0, 5 * n + 1, 5)),
        shape=(n, d),
    )
    y = RNG.integers(0, 2, n)
    tracemalloc.start()
    classifier().partial_fit(wide, y, classes=[0, 1])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 * 8 * d  # dense rows would take 200 * 8 * d


def test_early_stopping_and_balanced_weights_are_refused():
    with pytest.raises(ValueError, match="early_stopping should be False"):
        regressor(early_stopping=True).partial_fit(X, TARGETS)
    with pytest.raises(ValueError, match="class_weight 'balanced' is not supported"):
        classifier(class_weight="balanced").partial_fit(X, LABELS, classes=[0, 1, 2])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_not_finite_leaves_the_model_alone(bad):
    model = stream(regressor(), X, TARGETS)
    before = pickle.dumps(model)
    broken = X.copy()
    broken[3, 2] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.partial_fit(broken, TARGETS)
    assert pickle.dumps(model) == before


def test_a_copy_goes_its_own_way(stepping):
    make, parameters, y = stepping
    model = make(**parameters).partial_fit(X[:100], y[:100], **_known(make))
    before = pickle.dumps(model)
    copy(model).partial_fit(X[100:], y[100:])
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("mode", ["batch", "mini-batch", "stochastic"])
def test_modes_are_rows_a_step(mode):
    model = classifier(mode=mode)
    for _ in range(3):
        model.partial_fit(X, LABELS, classes=[0, 1, 2])
    assert model.mode_ == mode
    assert model.score(X, LABELS) > 0.5


def test_a_textbook_average_is_where_it_goes_on():
    model = GDRegressor(learning_rate="constant", eta0=1e-3, average=True)
    model.partial_fit(X / X.std(0), TARGETS)
    coef = model.coef_.copy()
    model.set_params(learning_rate="auto", average=False, eta0=0.01)
    model.partial_fit(X[:1] / X.std(0), TARGETS[:1])
    assert_allclose(model.coef_, coef, atol=0.2)


# --- Log links: the curvature exp(z) has no bound

COUNTS = RNG.poisson(np.exp(0.5 * (X - X.mean(0)) / X.std(0) @ np.ones(X.shape[1])))
each_log_link = pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])


@each_log_link
@pytest.mark.parametrize("mode", ["mini-batch", "stochastic"])
def test_log_links_near_the_optimum(loss, mode):
    y = COUNTS + 0.5
    fitted = regressor(loss=loss).fit(X, y)
    model = regressor(loss=loss, mode=mode)
    for _ in range(30):
        stream(model, X, y, [100, 200])

    def distance(mean):
        return np.mean((np.log(mean) - np.log(fitted.predict(X))) ** 2)

    assert distance(model.predict(X)) < 0.05 * distance(y.mean())


@each_log_link
@pytest.mark.parametrize("factor", [1e3, 1e6, 1e12])
def test_log_links_survive_rows_larger_than_all_before(loss, factor):
    model = stream(regressor(loss=loss), X, COUNTS + 1.0)
    stream(model, X * factor, COUNTS + 1.0)
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.intercept_).all()
    with pytest.raises(ValueError, match="NaN"):
        stream(model, X * np.nan, COUNTS + 1.0)


@pytest.mark.parametrize("loss", ["poisson", "tweedie"])
@pytest.mark.parametrize("size", [1, 20])
@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e5])
def test_log_links_begin_at_the_first_count(loss, size, unit):
    # Targets of zero set no scale: steps from there had led to coefficients of 20.
    scaled = (X - X.mean(0)) / X.std(0)
    y = unit * COUNTS * (np.arange(len(X)) >= size)
    model = regressor(loss=loss).partial_fit(scaled[:size], y[:size])
    assert not model.coef_.any()
    stream(model, scaled, y, range(size, len(X), size))
    fitted = regressor(loss=loss).fit(scaled, y)
    best = np.log(fitted.predict(scaled))
    left = np.mean((np.log(model.predict(scaled)) - best) ** 2)
    assert left < 0.3 * np.mean((np.log(y.mean()) - best) ** 2)


def test_log_links_of_several_targets_begin_each_at_its_first_count():
    scaled = (X - X.mean(0)) / X.std(0)
    targets = np.column_stack([COUNTS, COUNTS * (np.arange(len(X)) >= 40)])
    model = stream(regressor(loss="poisson"), scaled, targets, range(20, len(X), 20))
    alone = [
        stream(regressor(loss="poisson"), scaled, y, range(20, len(X), 20))
        for y in targets.T
    ]
    assert_allclose(model.coef_, [m.coef_ for m in alone], rtol=1e-9)


@pytest.mark.parametrize("penalty", [{"penalty": "l1", "alpha": 1e3}, {}])
def test_log_links_after_fit_go_on_from_its_model(penalty):
    # Calls of zeros had frozen it, or the next count had replaced its intercept.
    y = RNG.poisson(20.0, len(X)).astype(float)
    model = regressor(loss="poisson", **penalty).fit(X, y)
    before = model.predict(X).mean()
    model.partial_fit(X[:10], np.zeros(10))
    after = model.predict(X).mean()
    assert after != before
    model.partial_fit(X[10:20], y[10:20])
    assert model.predict(X).mean() > 0.5 * before
