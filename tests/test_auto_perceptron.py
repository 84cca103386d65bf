"""The perceptron without a learning rate: Rosenblatt's rule."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Perceptron
from sklearn.preprocessing import StandardScaler

from skgd import GDClassifier

RNG = np.random.default_rng(3)
X = RNG.normal(size=(400, 5)) * [1e-9, 1.0, 1e6, 1.0, 30.0] + [0, 5, 1e7, 0, -1e3]
RAW = (X - X.mean(0)) / X.std(0) @ [1.0, -2.0, 0.5, 0.0, 1.0] - 0.3
APART = np.abs(RAW) > 0.2
SEPARABLE, SIDE = X[APART], RAW[APART] > 0
NOISY = RAW + RNG.normal(size=400) > 0
MODES = ["batch", "mini-batch", "stochastic"]


def _perceptron(**parameters):
    defaults = {"loss": "perceptron", "learning_rate": "auto", "random_state": 0}
    return GDClassifier(**defaults | parameters)


def _fit_noisy(**parameters):
    with pytest.warns(ConvergenceWarning, match="hinge"):
        return _perceptron(**parameters).fit(X, NOISY)


def _rosenblatt(rows, y, weight, epochs):
    """Give the last and the mean of all iterates, rows in their order."""
    w, total = np.zeros((2, rows.shape[1]))
    for _ in range(epochs):
        for a, target, s in zip(rows, y, weight, strict=True):
            if target * (w @ a) <= 0:
                w = w + s * target * a
            total += w
    return w, total / (epochs * len(rows))


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("penalty", ["l2", "l1", None])
def test_separable_rows_are_separated(mode, penalty, make):
    model = _perceptron(mode=mode, penalty=penalty).fit(make(SEPARABLE), SIDE)
    assert model.score(make(SEPARABLE), SIDE) == 1.0
    assert model.converged_
    assert model.suboptimality_ == pytest.approx(model.objective_)
    if penalty is None:
        assert model.objective_ == 0.0
    assert np.any(model.coef_)


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("epochs", [1, 3])
def test_the_rule_is_rosenblatts(make, fit_intercept, epochs):
    weight = RNG.uniform(0.5, 2.0, size=len(X))
    s = weight / weight.mean()
    mean = s @ X / len(X) if fit_intercept else 0.0
    rows = X - mean
    rows /= np.sqrt(s @ rows**2 / len(X))
    if fit_intercept:
        rows = np.column_stack([rows, np.ones(len(X))])
    y = np.where(NOISY, 1.0, -1.0)
    models = [m for k in range(epochs) for m in _rosenblatt(rows, y, s, k + 1)[::-1]]
    best = min(models, key=lambda w: s[y * (rows @ w) <= 0].sum())
    with pytest.warns(ConvergenceWarning):
        model = _perceptron(
            mode="batch", max_iter=epochs, fit_intercept=fit_intercept, penalty=None
        ).fit(make(X), NOISY, sample_weight=weight)
    raw = model.decision_function(X)
    # sparse rows are centred by a correction: columns of mean 1e7 lose seven digits
    assert_allclose(raw, rows @ best, rtol=1e-5, atol=1e-5 * np.abs(raw).max())
    assert model.n_iter_ == epochs


def test_overlapping_classes_stop_and_say_so():
    with pytest.warns(ConvergenceWarning, match="no useful optimum.*'hinge'"):
        model = _perceptron(penalty=None).fit(X, NOISY)
    assert not model.converged_
    assert 6 <= model.n_iter_ < 100
    assert model.suboptimality_ == pytest.approx(model.objective_)
    y = np.where(NOISY, 1.0, -1.0)
    loss = np.maximum(0.0, -y * model.decision_function(X)).mean()
    assert model.objective_ == pytest.approx(loss)
    assert model.score(X, NOISY) > 0.8


def test_fewer_mistakes_than_scikit_learn_on_raw_data():
    raw, y = load_breast_cancer(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = _perceptron().fit(raw, y)
    scaled = StandardScaler().fit_transform(raw)
    assert model.score(raw, y) >= Perceptron(random_state=0).fit(scaled, y).score(
        scaled, y
    )


def test_batch_mode_takes_no_notice_of_the_seed():
    a, b = (_fit_noisy(mode="batch", random_state=seed) for seed in (0, 1))
    assert_array_equal(a.coef_, b.coef_)
    c, d = (_fit_noisy(mode="stochastic", random_state=seed) for seed in (0, 1))
    assert not np.array_equal(c.coef_, d.coef_)
    e = _fit_noisy(mode="stochastic")
    assert_array_equal(c.coef_, e.coef_)


def test_units_do_not_matter():
    scale = 10.0 ** np.array([12, -6, 3, 0, -12])
    plain, scaled = _perceptron(), _perceptron()
    plain.fit(SEPARABLE, SIDE)
    scaled.fit(SEPARABLE * scale, SIDE)
    assert_allclose(scaled.coef_ * scale, plain.coef_, rtol=1e-6)


def test_several_classes_are_one_against_the_rest():
    y = np.digitize(RAW, [-1.0, 1.0])
    with pytest.warns(ConvergenceWarning):
        model = _perceptron().fit(X, y)
    assert model.coef_.shape == (3, 5)
    assert model.score(X, y) > 0.55


def test_rows_of_weight_zero_are_absent():
    weight = np.where(np.arange(len(X)) % 3, 1.0, 0.0)
    with pytest.warns(ConvergenceWarning):
        a = _perceptron(mode="batch").fit(X, NOISY, sample_weight=weight)
    with pytest.warns(ConvergenceWarning):
        b = _perceptron(mode="batch").fit(X[weight > 0], NOISY[weight > 0])
    assert_allclose(a.coef_, b.coef_, rtol=1e-9)


def test_positive_coefficients_are():
    model = _fit_noisy(positive=True)
    assert (model.coef_ >= 0.0).all()


def test_warm_start_goes_on():
    model = _perceptron(warm_start=True).fit(SEPARABLE, SIDE)
    coef = model.coef_
    model.fit(SEPARABLE, SIDE)
    assert model.n_iter_ == 1
    assert_allclose(model.coef_, coef, rtol=1e-9)  # no mistakes, no change


def test_without_tol_all_epochs_are_run():
    model = _perceptron(tol=None, max_iter=30).fit(X, NOISY)
    assert model.n_iter_ == 30


@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "csr"])
def test_partial_fit_follows_the_rule(make):
    model = _perceptron()
    for _ in range(20):
        for part in np.array_split(np.arange(len(SEPARABLE)), 5):
            model.partial_fit(make(SEPARABLE[part]), SIDE[part], classes=[0, 1])
    assert model.score(SEPARABLE, SIDE) > 0.97
    assert np.isnan(model.suboptimality_)
