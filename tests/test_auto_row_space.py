"""Dense X of fewer rows than columns: the optimum in the span of the rows."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from reference import objective
from skgd import GDClassifier, GDRegressor, alpha_path
from skgd._core.bridge import View
from skgd._core.engine import Design
from skgd._core.sample_space import SampleLoss
from skgd.auto import _row_space
from skgd.auto._row_space import RowSpace

REGRESSION = [
    "squared_error",
    "huber",
    "squared_epsilon_insensitive",
    "absolute_error",
    "quantile",
    "epsilon_insensitive",
]
BINARY = ["log_loss", "squared_hinge", "modified_huber", "hinge"]
MODES = ["batch", "mini-batch", "stochastic"]
TOL = 1e-6


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(60, 9)) @ rng.normal(size=(9, 600))  # columns go together
    X += 0.3 * rng.normal(size=(60, 600))
    X *= 10.0 ** rng.uniform(-1, 1, size=600)
    X += 5.0
    X[:, 3] = 2.0
    return X


@pytest.fixture(scope="module")
def y(X):
    rng = np.random.default_rng(8)
    return X @ rng.normal(size=600) / 100.0 + rng.normal(size=60)


def model_for(loss, **parameters):
    model = GDRegressor if loss in REGRESSION else GDClassifier
    parameters = {"alpha": 1e-2, "tol": TOL, **parameters}
    return model(loss=loss, random_state=0, **parameters)


def target_for(loss, y):
    return y if loss in REGRESSION else (y > np.median(y)).astype(int)


def without_row_space(monkeypatch):
    monkeypatch.setattr(RowSpace, "pays", staticmethod(lambda view, loss: False))


def span_of(X):
    mean = X.mean(axis=0)
    rows = np.arange(len(X), dtype=np.uint32)
    scale = (np.ptp(X, axis=0) > 0).astype(float)
    return RowSpace(View(Design(X), rows, mean, scale)), X - mean


def test_the_span_keeps_products_and_lengths(X):
    row_space, rows = span_of(X)
    B = row_space.design.matrix
    assert B.shape == (60, 59)  # about their mean, rows add up to zero
    products = rows @ rows.T
    assert_allclose(B @ B.T, products, atol=1e-10 * np.abs(products).max())
    u = np.random.default_rng(0).normal(size=(2, 59))
    w = row_space.lift(u)
    assert_allclose(rows @ w.T, B @ u.T, atol=1e-8)
    assert_allclose((w**2).sum(axis=1), (u**2).sum(axis=1))
    assert_allclose(row_space.project(w), u, atol=1e-8)
    assert (w[:, 3] == 0.0).all()  # the constant column


def test_what_rounding_may_hide_keeps_the_columns(X):
    def holds(X, ridge, needed):
        return RowSpace.holds(span_of(X)[0].view, ridge, 1.0, needed)

    _, rows = span_of(X)
    hidden = 60 * 1.1e-16 * (rows**2).sum(axis=1).max() / 1e-4
    assert holds(X, 1e-4, 101 * hidden)
    assert not holds(X, 1e-4, 99 * hidden)
    assert not holds(X, 0.9e-4, 101 * hidden)
    assert not holds(np.ones((60, 600)), 1e-4, 1.0)  # no direction at all
    rows = np.arange(60, dtype=np.uint32)
    huge = View(Design(1e160 * X), rows, 1e160 * X.mean(axis=0), np.ones(600))
    assert not RowSpace.holds(huge, 1e-4, 1.0, 1.0)  # products overflow


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("loss", REGRESSION + BINARY)
def test_the_optimum_is_that_over_the_columns(X, y, loss, mode, monkeypatch):
    target = target_for(loss, y)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, size=60)
    model = model_for(loss, mode=mode).fit(X, target, sample_weight=weight)
    assert model.converged_
    assert model.coef_.ravel()[3] == 0.0
    without_row_space(monkeypatch)
    best = model_for(loss, tol=1e-9).fit(X, target, sample_weight=weight)
    given = {"loss": loss, "ridge": 1e-2, "sample_weight": weight}
    given["parameter"] = 0.5 if loss == "quantile" else 0.1  # the defaults
    t = target[:, None] if loss in REGRESSION else 2.0 * target[:, None] - 1.0
    null = objective(X, t, np.zeros((1, 600)), np.zeros(1), **given)
    assert model.objective_ - best.objective_ <= 2 * TOL * (null - best.objective_)
    coef, intercept = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    assert_allclose(objective(X, t, coef, intercept, **given), model.objective_)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dense_and_sparse_rows_have_one_optimum(X, y, dtype):
    X = X.astype(dtype)
    dense, sparse = (
        model_for("hinge", tol=1e-7).fit(rows, y > 0) for rows in (X, csr_array(X))
    )
    assert dense.coef_.dtype == dtype
    assert_allclose(dense.objective_, sparse.objective_, atol=1e-6)


@pytest.mark.parametrize("loss", ["squared_error", "hinge"])
def test_the_intercept_may_be_left_out(X, y, loss, monkeypatch):
    target = target_for(loss, y)
    model = model_for(loss, fit_intercept=False).fit(X, target)
    assert np.all(model.intercept_ == 0.0)
    without_row_space(monkeypatch)
    best = model_for(loss, fit_intercept=False, tol=1e-9).fit(X, target)
    assert_allclose(model.objective_, best.objective_, rtol=1e-5, atol=2 * TOL)


def test_softmax_and_several_targets(X, y, monkeypatch):
    classes = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    targets = np.column_stack([y, y**2])
    softmax = model_for("log_loss").fit(X, classes)
    several = model_for("squared_error").fit(X, targets)
    without_row_space(monkeypatch)
    best = model_for("log_loss", tol=1e-8).fit(X, classes)
    assert_allclose(softmax.objective_, best.objective_, atol=2 * TOL)
    best = model_for("squared_error", tol=1e-8).fit(X, targets)
    assert_allclose(several.coef_, best.coef_, atol=1e-3 * several.coef_.max())


@pytest.mark.parametrize("loss", ["squared_hinge", "hinge", "log_loss"])
def test_a_start_at_the_optimum_stops_at_once(X, y, loss):
    best = model_for(loss).fit(X, y > 0)
    start = {"coef_init": best.coef_, "intercept_init": best.intercept_}
    again = model_for(loss, tol=1e-4).fit(X, y > 0, **start)
    assert again.n_iter_ == 1
    assert again.objective_ <= best.objective_ * (1 + 1e-9)


def test_a_path_is_made_of_its_fits(X, y):
    path = alpha_path(model_for("squared_error"), X, y, alphas=[1e-1, 1e-2, 1e-3])
    for alpha, coef in zip(path.alphas, path.coefs, strict=True):
        alone = model_for("squared_error", alpha=alpha).fit(X, y)
        assert_allclose(coef, alone.coef_, atol=1e-4 * np.abs(alone.coef_).max())


def test_twin_rows_and_rows_without_values(y):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 700))
    X[10:20], X[20:25] = X[0:10], 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for loss in ("absolute_error", "huber", "hinge"):
            target = target_for(loss, y)
            dense = model_for(loss).fit(X, target)
            assert dense.converged_
            best = model_for(loss, tol=1e-7).fit(csr_array(X), target)
            assert_allclose(dense.objective_, best.objective_, rtol=1e-5, atol=2 * TOL)


def test_all_columns_constant_leave_the_best_constant(y):
    model = model_for("absolute_error").fit(np.ones((60, 700)), y)
    assert model.converged_
    assert_allclose(model.intercept_, np.median(y), atol=0.2)


def test_when_the_span_pays():
    def pays(n, d, name):
        rows = np.arange(n, dtype=np.uint32)
        view = View(Design(np.zeros((n, d))), rows, np.zeros(d), np.ones(d))
        return RowSpace.pays(view, SampleLoss(name, 0.1, np.zeros(n), np.ones(n) / n))

    assert pays(60, 600, "squared_error")
    assert not pays(60, 400, "squared_error")
    assert not pays(350, 600, "squared_error")
    assert pays(350, 600, "log_loss")
    assert not pays(550, 600, "log_loss")
    assert pays(60, 2500, "absolute_error")
    assert not pays(60, 2500, "squared_error")
    assert pays(60, 2500, "huber")
    assert not pays(_row_space._FEW_ROWS + 1, 2500, "huber")
