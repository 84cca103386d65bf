"""What holds of every fit, whatever the parameters and the data."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skgd import GDClassifier, GDRegressor
from skgd._core.losses import LOSSES
from skgd._parameters import CLASSIFICATION_LOSSES, REGRESSION_LOSSES

pytest.importorskip("hypothesis", reason="needs hypothesis, of the extra 'test'")
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SETTINGS = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
MODES = ("batch", "mini-batch", "stochastic")
# decades between the units of the columns, and odd ones among them
SCALES = st.sampled_from((1.0, 1e-3, 1e3, 1e-12, 1e8, 0.0, 1e150, 1e-200))


@st.composite
def textbook(draw, estimator_class):
    """Give the parameters of a descent with a learning rate."""
    rates = "constant", "optimal", "invscaling", "adaptive"
    optimizers = "sgd", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"
    options = {
        "learning_rate": draw(st.sampled_from(rates)),
        "optimizer": draw(st.sampled_from(optimizers)),
        "eta0": draw(st.sampled_from((1e-6, 1e-2, 1.0, 1e300))),
        "power_t": draw(st.sampled_from((0.25, 0.5, 1.0, 200.0))),
        "average": draw(st.sampled_from((False, True, 7))),
        "shuffle": draw(st.booleans()),
        "mode": draw(st.sampled_from(MODES)),
    }
    if draw(st.integers(0, 5)) == 0:
        hinge = "hinge" if estimator_class is GDClassifier else "epsilon_insensitive"
        options |= {"learning_rate": "pa1", "optimizer": "sgd", "loss": hinge}
    return options


@st.composite
def estimators(draw, learning_rate="any"):
    """Give an estimator of any parameters that go together."""
    estimator_class = draw(st.sampled_from((GDRegressor, GDClassifier)))
    is_classifier = estimator_class is GDClassifier
    losses = CLASSIFICATION_LOSSES if is_classifier else REGRESSION_LOSSES
    options = {
        "loss": draw(st.sampled_from(losses)),
        "penalty": draw(st.sampled_from(("l2", "l1", "elasticnet", None))),
        "alpha": draw(st.sampled_from((1e-4, 1e-12, 1e-1, 1e3, 1e30))),
        "l1_ratio": draw(st.sampled_from((0.15, 0.0, 1.0))),
        "fit_intercept": draw(st.booleans()),
        "mode": draw(st.sampled_from(("auto", *MODES))),
        "max_iter": draw(st.sampled_from((1, 2, 30))),
        "tol": draw(st.sampled_from((1e-4, None, 1e-10))),
        "epsilon": draw(st.sampled_from((0.1, 0.0, 100.0))),
        "random_state": 0,
    }
    if is_classifier:
        options["class_weight"] = draw(st.sampled_from((None, "balanced")))
    if learning_rate != "auto" and draw(st.booleans()):
        options |= draw(textbook(estimator_class))
    elif draw(st.integers(0, 4)) == 0:
        options["positive"] = True
    options["early_stopping"] = learning_rate != "auto" and draw(st.integers(0, 5)) == 0
    return estimator_class(**options)


@st.composite
def data(draw, scales=SCALES, offsets=(0.0, 1.0, 1e6)):
    """Give X of any units, dense or sparse, raw targets and weights or None."""
    n, d = draw(st.integers(1, 40)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.normal(size=(n, d))
    X += draw(st.sampled_from(offsets))
    X *= [draw(scales) for _ in range(d)]
    X[rng.random((n, d)) < draw(st.sampled_from((0.0, 0.5, 0.95)))] = 0.0
    if draw(st.booleans()):
        X = X[rng.integers(0, n, n)]  # rows twice
    z = rng.normal(size=n) * draw(st.sampled_from((1.0, 1e-6, 1e6)))
    dtype = draw(st.sampled_from((np.float64, np.float32)))
    with np.errstate(over="ignore", under="ignore"):
        X = X.astype(dtype)
    weight = rng.integers(0, 3, n) * 0.7 if draw(st.booleans()) else None
    if weight is not None and not weight.any():
        weight[0] = 1.0
    return X, z, weight


def _targets(estimator, z):
    """Give targets in the domain of the loss."""
    if isinstance(estimator, GDClassifier):
        return np.digitize(z, np.quantile(z, [0.3, 0.7]))
    domain = LOSSES[estimator.loss]["targets"]
    return {"> 0": np.abs(z) + 0.1, ">= 0": np.floor(np.abs(z))}.get(domain, z)


def _fit(estimator, X, y, weight):
    """Give the fitted estimator, or None after a ValueError that explains itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "eta0|power_t")  # idle
        try:
            return estimator.fit(X, y, sample_weight=weight)
        except ValueError as error:
            assert len(str(error)) > 20  # noqa: PT017 - an error is one of two ends
            return None


@pytest.mark.slow
@SETTINGS
@given(estimators(), data(), st.booleans())
def test_any_fit_ends_in_a_model_or_says_why_not(estimator, sample, sparse):
    X, z, weight = sample
    X = csr_array(X) if sparse else X
    model = _fit(estimator, X, _targets(estimator, z), weight)
    if model is None:
        assert not hasattr(estimator, "coef_")
        return
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.intercept_).all()
    assert model.coef_.dtype == X.dtype
    assert model.history_["objective"][-1] == model.objective_
    assert np.isnan(model.suboptimality_) or model.suboptimality_ >= 0.0
    assert 1 <= model.best_iter_ <= model.n_iter_ <= model.max_iter
    with np.errstate(over="ignore"):  # of exp, where the link is the logarithm
        assert len(model.predict(X)) == X.shape[0]
    if not estimator.fit_intercept:
        assert not model.intercept_.any()
    if estimator.positive:
        assert (model.coef_ >= 0.0).all()


@pytest.mark.slow
@SETTINGS
@given(estimators(), data(), st.booleans())
def test_any_fit_is_repeated_to_the_bit(estimator, sample, sparse):
    X, z, weight = sample
    X, y = csr_array(X) if sparse else X, _targets(estimator, z)
    first = _fit(clone(estimator), X, y, weight)
    again = _fit(pickle.loads(pickle.dumps(estimator)), X, y, weight)
    assert (first is None) == (again is None)
    if first is not None:
        assert_array_equal(first.coef_, again.coef_)
        assert_array_equal(first.intercept_, again.intercept_)


MODERATE = st.sampled_from((1.0, 1e-2, 1e2, 0.0))


@pytest.mark.slow
@SETTINGS
@given(estimators("auto"), data(MODERATE))
def test_any_auto_descent_ends_no_higher_than_it_began(estimator, sample):
    X, z, weight = sample
    estimator.set_params(tol=1e-8, max_iter=200)
    y = _targets(estimator, z)
    model = _fit(estimator, X.astype(np.float64), y, weight)
    if model is None or estimator.loss == "perceptron":
        return
    objectives = model.history_["objective"]
    rounding = 1e-9 * (1.0 + np.abs(objectives).max())
    assert (np.diff(objectives) <= rounding).all()


@pytest.mark.slow
@SETTINGS
@given(estimators("auto"), data(MODERATE, offsets=(0.0, 1.0)))
def test_any_auto_descent_is_the_same_for_dense_and_sparse(estimator, sample):
    X, z, weight = sample
    X = X.astype(np.float64)
    # with no penalty to speak of the optimum may be infinitely far, and F - F* a guess
    estimator.set_params(tol=1e-9, max_iter=1000, alpha=0.1)
    y = _targets(estimator, z)
    dense = _fit(clone(estimator), X, y, weight)
    sparse = _fit(clone(estimator), csr_array(X), y, weight)
    assert (dense is None) == (sparse is None)
    if dense is None or not (dense.converged_ and sparse.converged_):
        return
    if estimator.loss != "perceptron" and estimator.penalty is not None:
        null = dense.history_["objective"][0]
        tolerance = 1e-7 * max(abs(null), 1e-12)
        assert_allclose(sparse.objective_, dense.objective_, 1e-7, tolerance)


@pytest.mark.slow
@SETTINGS
@given(estimators(), data(), st.sampled_from((-20, -1, 40)))
def test_any_constant_factor_on_weights_changes_nothing(estimator, sample, power):
    X, z, weight = sample
    if weight is None:
        weight = np.ones(len(z))
    y = _targets(estimator, z)
    one = _fit(clone(estimator), X, y, weight)
    other = _fit(clone(estimator), X, y, 2.0**power * weight)  # rounds nothing
    assert (one is None) == (other is None)
    if one is not None:
        assert_array_equal(one.coef_, other.coef_)
        assert_array_equal(one.intercept_, other.intercept_)
