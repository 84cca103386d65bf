"""The optima that the benchmarks compare with, against scikit-learn and themselves."""

import interior_point
import linear_program
import multipliers
import newton
import numpy as np
import optimum as module
import pytest
import working_set
from numpy.testing import assert_allclose
from objective import (
    CLASSIFICATION,
    KINKED,
    REGRESSION,
    Pieces,
    Problem,
    losses,
    null_intercept,
    null_objective,
    objective,
)
from optimum import optimum, relative_suboptimality, solve
from scaled_design import Scaled
from scipy.sparse import csr_matrix
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LogisticRegression,
    QuantileRegressor,
    Ridge,
)

LOSSES = REGRESSION + CLASSIFICATION
SCALES = np.array([1e-2, 1.0, 100.0, 3.0, 0.1])


def data(loss, n_classes=2):
    rng = np.random.default_rng(0)
    X = (rng.standard_normal((120, 5)) + 10) * SCALES
    z = (X / SCALES - 10) @ rng.standard_normal((5, n_classes))
    z += rng.standard_normal(z.shape)
    return X, z.argmax(axis=1) if loss in CLASSIFICATION else 3 * z[:, 0] + 7


def problem(loss, penalty="l2", alpha=1e-2, **parameters):
    X, y = data(loss)
    return Problem(X, y, loss, penalty, alpha, **parameters)


def assert_optimal(model, posed):
    best = optimum(posed, keep=False)
    found = relative_suboptimality(posed, model.coef_, model.intercept_, best)
    # a solver at its tightest tolerance, and F* not above it
    assert -1e-12 < found < 1e-9
    assert best.certificate < 1e-11


def test_optimum_equals_ridge():
    posed = problem("squared_error")
    assert_optimal(Ridge(alpha=120 * 1e-2).fit(posed.X, posed.y), posed)


@pytest.mark.parametrize("positive", [False, True])
def test_optimum_equals_lasso(positive):
    posed = problem("squared_error", "l1", positive=positive)
    model = Lasso(alpha=1e-2, tol=1e-14, max_iter=100_000, positive=positive)
    assert_optimal(model.fit(posed.X, posed.y), posed)


def test_optimum_equals_elastic_net():
    posed = problem("squared_error", "elasticnet")
    model = ElasticNet(alpha=1e-2, l1_ratio=0.15, tol=1e-14, max_iter=100_000)
    assert_optimal(model.fit(posed.X, posed.y), posed)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_optimum_equals_logistic_regression(n_classes):
    X, y = data("log_loss", n_classes)
    posed = Problem(X, y, "log_loss", "l2", 1e-2)
    model = LogisticRegression(C=1 / 1.2, solver="newton-cholesky", tol=1e-12)
    assert_optimal(model.fit(X, y), posed)


def test_optimum_equals_quantile_regressor():
    posed = problem("quantile", "l1", quantile=0.75)
    model = QuantileRegressor(quantile=0.75, alpha=1e-2)
    assert_optimal(model.fit(posed.X, posed.y), posed)


@pytest.mark.parametrize("loss", LOSSES)
def test_optimum_is_the_same_for_csr(loss):
    for penalty in ("l2", "l1", "elasticnet"):
        posed = problem(loss, penalty)
        dense = optimum(posed, keep=False)
        posed = Problem(csr_matrix(posed.X), posed.y, loss, penalty, 1e-2)
        sparse = optimum(posed, keep=False)
        assert_allclose(sparse.value, dense.value, rtol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_optimum_of_wide_solver_is_the_same(loss):
    X, y = data(loss)
    for penalty in ("l2", "elasticnet"):
        posed = Problem(csr_matrix(X / SCALES - 10), y, loss, penalty, 1e-2)
        design = Scaled(posed.X)
        start, null = null_intercept(posed), null_objective(posed)
        form = module.stacked(posed, design)
        _, value, bound = multipliers.minimise(posed, *form, start, null)
        assert_allclose(value, solve(posed)[0], rtol=1e-7)
        assert bound < 1e-7 * null


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("loss", LOSSES)
def test_optimum_of_working_set_is_the_same(loss, penalty, monkeypatch):
    monkeypatch.setattr(working_set, "FIRST", 2)
    X, y = data(loss)
    posed = Problem(csr_matrix(X / SCALES - 10), y, loss, penalty, 0.05)
    start, null = null_intercept(posed), null_objective(posed)
    design = Scaled(posed.X)
    _, value, bound = working_set.minimise(posed, design, module.stacked, start, null)
    assert_allclose(value, solve(posed)[0], rtol=1e-9)
    assert bound < 1e-8 * null


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("loss", KINKED)
def test_optimum_of_linear_program_is_the_same(loss, positive):
    X, y = data(loss)
    parameters = {"penalty": "l1", "alpha": 0.02, "positive": positive}
    posed = Problem(csr_matrix(X / SCALES - 10), y, loss, **parameters)
    form = module.stacked(posed, Scaled(posed.X))
    u, value, bound = linear_program.minimise(posed, *form)
    assert_allclose(value, solve(posed)[0], rtol=1e-8)
    assert bound < 1e-8 * value
    assert (u[:-1] >= 0).all() or not positive


@pytest.mark.parametrize("loss", LOSSES)
def test_null_objective_is_least_of_constants(loss):
    posed = problem(loss)
    constants = np.linspace(-20, 20, 801) + null_intercept(posed)
    values = [objective(posed, np.zeros(5), b) for b in constants]
    assert null_objective(posed) <= min(values) + 1e-14


@pytest.mark.parametrize("loss", [x for x in LOSSES if x != "log_loss"])
def test_pieces_sum_to_the_loss(loss):
    posed = problem(loss, quantile=0.75, epsilon=0.7)
    z = np.random.default_rng(1).normal(0, 5, 120)
    parts = Pieces.of(posed)
    boxes = interior_point.Boxes(parts.centre, parts.low, parts.high, parts.kappa)
    value = boxes.value(np.broadcast_to(z, parts.centre.shape))[0].sum(axis=0)
    assert_allclose(value, posed.weight * losses(posed, z), rtol=1e-12, atol=1e-16)


def test_optimum_weight_two_is_the_row_twice():
    X, y = data("hinge")
    twice = np.repeat(np.arange(120), np.where(np.arange(120) < 30, 2, 1))
    weight = np.where(np.arange(120) < 30, 2.0, 1.0)
    a = optimum(Problem(X[twice], y[twice], "hinge"), keep=False)
    b = optimum(Problem(X, y, "hinge", sample_weight=weight), keep=False)
    assert_allclose(a.value, b.value, rtol=1e-9)


def test_optimum_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("SKGD_DATA", str(tmp_path))
    posed = problem("hinge")
    first = optimum(posed)
    assert len(list(tmp_path.glob("optima/*.json"))) == 1
    assert optimum(posed) == first


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_newton_comes_back_from_where_nothing_is_curved(penalty, rng):
    X = rng.standard_normal((60, 40))
    posed = Problem(X, (X[:, 0] > 0).astype(float), "log_loss", penalty, 1e-3)
    design, null = Scaled(posed.X), null_objective(posed)
    best, value, _ = newton.minimise(posed, design, null_intercept(posed), null)
    far = 100 * best[0] + rng.standard_normal(design.size)
    again = newton.minimise(posed, design, far, null)[1]
    assert_allclose(again, value, rtol=1e-10)
