"""Squared error of few columns, settled by the columns' products and verified."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skgd import GDRegressor

N, D = 400, 8
PENALTIES = {
    "l2": {"alpha": 1e-3},
    "none": {"penalty": None},
    "l1": {"penalty": "l1", "alpha": 1e-2},
    "elasticnet": {"penalty": "elasticnet", "alpha": 1e-2},
    "positive": {"positive": True, "alpha": 1e-3},
    "no intercept": {"fit_intercept": False, "alpha": 1e-3},
}


@pytest.fixture
def data(rng):
    X = rng.normal(size=(N, D)) * 10.0 ** rng.uniform(-3, 3, D) + 7.0
    return X, (X / X.std(axis=0)) @ rng.normal(size=D) + rng.normal(size=N)


@pytest.mark.parametrize("parameters", PENALTIES.values(), ids=PENALTIES)
def test_one_epoch_reaches_what_other_modes_reach(data, parameters):
    model = GDRegressor(tol=1e-9, **parameters).fit(*data)
    other = GDRegressor(tol=1e-9, mode="mini-batch", random_state=0, **parameters)
    other.fit(*data)
    assert model.n_iter_ == 1
    assert model.converged_
    # each within tol of the optimum
    assert_allclose(model.objective_, other.objective_, rtol=1e-8)


@pytest.mark.parametrize("parameters", PENALTIES.values(), ids=PENALTIES)
def test_several_targets_are_fitted_as_one_at_a_time(data, parameters, rng):
    X, y = data
    several = np.column_stack([y, rng.normal(size=N), -2.0 * y + 3.0])
    weight = rng.uniform(0.5, 2.0, N)
    model = GDRegressor(tol=1e-9, **parameters)
    model.fit(X, several, sample_weight=weight)
    one = [
        GDRegressor(tol=1e-9, **parameters).fit(X, target, sample_weight=weight)
        for target in several.T
    ]
    scale = X.std(axis=0)  # coefficients of columns that are alike in size
    together = model.coef_ * scale
    apart = np.array([m.coef_ for m in one]) * scale
    assert_allclose(together, apart, rtol=1e-9, atol=1e-9)  # the same sums, other order
    assert_allclose(model.objective_, sum(m.objective_ for m in one), rtol=1e-12)


@pytest.mark.parametrize("parameters", PENALTIES.values(), ids=PENALTIES)
@pytest.mark.parametrize("max_iter", [1, 100])
def test_objective_is_that_of_the_rows(data, parameters, max_iter):
    X, y = data
    model = GDRegressor(tol=1e-9, max_iter=max_iter, **parameters).fit(X, y)
    w = model.coef_
    share = {"l1": 1.0, "elasticnet": 0.15}.get(model.penalty, 0.0)
    penalty = share * abs(w).sum() + (1.0 - share) * 0.5 * (w @ w)
    expected = 0.5 * np.mean((y - model.predict(X)) ** 2)
    expected += model.alpha * penalty * (model.penalty is not None)
    assert_allclose(model.objective_, expected, rtol=1e-12)
    assert model.history_["objective"][-1] == model.objective_


def test_warm_start_at_the_optimum_reads_once(data):
    model = GDRegressor(warm_start=True).fit(*data)
    coef = model.coef_.copy()
    model.fit(*data)
    assert model.n_iter_ == 1
    assert np.array_equal(coef, model.coef_)


@pytest.mark.parametrize("apart", [1e-6, 1e-7])
def test_columns_too_alike_for_their_products(rng, apart):
    """The products hold half the digits: another descent ends what they begin."""
    X = rng.normal(size=(N, D))
    X[:, 1] = X[:, 0] + apart * X[:, 1]
    y = X @ np.ones(D) + rng.normal(size=N)
    model = GDRegressor(penalty=None, tol=1e-8).fit(X, y)
    centred = X - X.mean(axis=0)
    left = y - y.mean() - centred @ np.linalg.lstsq(centred, y, rcond=1e-15)[0]
    best, null = 0.5 * np.mean(left**2), 0.5 * y.var()
    assert model.converged_
    assert model.n_iter_ <= 10
    assert model.objective_ - best <= 1e-7 * (null - best)


def test_columns_almost_parallel_without_an_intercept(rng):
    """Steps of the factor alone took 1000 epochs, and did not end."""
    X = rng.normal(size=(N, D))
    y = X @ np.ones(D) + rng.normal(size=N)
    model = GDRegressor(fit_intercept=False, tol=1e-7).fit(X + 1e9, y)
    assert model.converged_
    assert model.n_iter_ <= 10
