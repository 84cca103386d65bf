"""Few dense rows of many columns beside l1: interior points by systems of rows."""

import numpy as np
import pytest
from numpy.linalg import LinAlgError
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from skgd import GDClassifier, GDRegressor, alpha_path
from skgd._core.bridge import View
from skgd._core.engine import Design
from skgd.auto import _barrier, _choice
from skgd.auto._bridge import Bridge
from skgd.auto._interior import InteriorPoint
from skgd.auto._proximal import ProximalNewton
from skgd.auto._wide_factor import WideFactor


def a_wide_bridge(rng, intercept):
    X = rng.normal(size=(10, 60)) + 3.0
    mean, scale = X.mean(axis=0) * intercept, rng.uniform(0.5, 2.0, size=60)
    scale[[3, 40]] = 0.0
    columns = np.flatnonzero(scale)
    rows = np.arange(10, dtype=np.uint32)
    return Bridge(View(Design(X), rows, mean, scale), columns, intercept, 1)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("least", [1e-2, 1e-14])
def test_wide_factor_solves_as_a_factor_of_the_whole_hessian(rng, intercept, least):
    bridge = a_wide_bridge(rng, intercept)
    theta = rng.uniform(0.1, 1.0, size=10)
    ridge = 10 ** rng.uniform(np.log10(least), 0.0, size=58)
    H = bridge.gram(theta)
    H[np.arange(58), np.arange(58)] += ridge
    x = rng.normal(size=len(H))
    found = WideFactor(WideFactor.rows_of(bridge), theta, ridge, intercept).solve(H @ x)
    assert_allclose(H @ found, H @ x, rtol=1e-9, atol=1e-9 * np.abs(H @ x).max())


def test_wide_factor_says_that_numbers_are_not_finite(rng):
    bridge = a_wide_bridge(rng, True)
    rows = WideFactor.rows_of(bridge)
    with np.errstate(all="ignore"), pytest.raises(LinAlgError, match="not finite"):
        WideFactor(rows, np.full(10, np.inf), np.ones(58), True)


def expressions(task):
    """Give 70 rows of 900 correlated columns in units of 1 to 1000, and targets."""
    random = np.random.default_rng(0)
    n, d = 70, 900
    latent = random.normal(size=(n, 10)) @ random.normal(size=(10, d))
    X = np.exp(0.3 * (latent + random.normal(size=(n, d))))
    X *= 10 ** random.uniform(0, 3, size=d)
    z = ((X - X.mean(axis=0)) / X.std(axis=0))[:, :20] @ random.normal(size=20)
    y = z / z.std() + 0.3 * random.standard_t(3, size=n)
    return X, y > 0 if task in CLASSIFIERS else y


CLASSIFIERS = ["hinge", "squared_hinge", "modified_huber"]
REGRESSORS = [
    "absolute_error",
    "quantile",
    "epsilon_insensitive",
    "huber",
    "squared_epsilon_insensitive",
]
PENALTIES = {
    "l1": {"penalty": "l1"},
    "elasticnet": {"penalty": "elasticnet"},
    "positive": {"penalty": "l2", "positive": True},
}


@pytest.mark.parametrize("loss", CLASSIFIERS + REGRESSORS)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("raw", [False, True])
def test_few_rows_beside_l1_end_at_the_optimum(monkeypatch, loss, penalty, raw):
    X, y = expressions(loss)
    X = X if raw else (X - X.mean(axis=0)) / X.std(axis=0)
    estimator = GDClassifier if loss in CLASSIFIERS else GDRegressor
    parameters = {"loss": loss, "alpha": 1e-3, **PENALTIES[penalty]}
    seen = []
    factor = _barrier.WideFactor.__init__
    monkeypatch.setattr(
        _barrier.WideFactor, "__init__", lambda *a: seen.append(1) or factor(*a)
    )
    fitted = estimator(**parameters).fit(X, y)
    assert seen
    monkeypatch.undo()
    monkeypatch.setattr(WideFactor, "suits", staticmethod(lambda view, d: False))
    monkeypatch.setattr(
        InteriorPoint, "outruns_newton", staticmethod(lambda task: False)
    )
    monkeypatch.setattr(_choice, "_MANY_COLUMNS", 0)
    other = estimator(**parameters, tol=1e-6).fit(X, y)  # a method of its own
    explained = estimator(loss, alpha=1e12).fit(X, y).objective_ - other.objective_
    assert fitted.converged_
    assert fitted.objective_ - other.objective_ <= 1e-4 * explained
    gap = fitted.objective_ - other.objective_ - other.suboptimality_
    assert fitted.suboptimality_ >= gap / 10
    if penalty != "positive":
        assert np.count_nonzero(fitted.coef_) < X.shape[1] / 2


@pytest.mark.parametrize("loss", ["huber", "squared_hinge", "modified_huber"])
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("columns", [40, 300])
def test_as_many_rows_as_columns_beside_a_weak_l1_take_few_epochs(
    monkeypatch, loss, penalty, columns
):
    # squared hinge, l1, 300 x 400: 68 epochs and 2 s, that are 10 and 0.1 s
    X, y = expressions(loss)
    X = X[:, :columns]
    estimator = GDClassifier if loss in CLASSIFIERS else GDRegressor
    parameters = {"loss": loss, "alpha": 1e-5, **PENALTIES[penalty]}
    fitted = estimator(**parameters, tol=1e-6).fit(X, y)
    assert fitted.converged_
    assert fitted.n_iter_ < 35
    start = {"coef_init": 0.5 * fitted.coef_, "intercept_init": fitted.intercept_}
    warm = estimator(**parameters, tol=1e-6, max_iter=300).fit(X, y, **start)
    monkeypatch.setattr(
        InteriorPoint, "outruns_newton", staticmethod(lambda task: False)
    )
    other = estimator(**parameters, tol=1e-6, max_iter=1000).fit(X, y)
    explained = estimator(loss, alpha=1e12).fit(X, y).objective_
    best = min(fitted.objective_, other.objective_, warm.objective_)
    for model in (fitted, warm, other):
        assert model.objective_ - best <= 1e-6 * (explained - best)


def test_a_strong_l1_and_paths_are_left_to_newton_steps(monkeypatch):
    X, y = expressions("huber")
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    monkeypatch.delattr(InteriorPoint, "run_epoch")
    fitted = GDRegressor("huber", penalty="l1", alpha=0.03).fit(X, y / y.std())
    assert fitted.converged_
    assert 0 < np.count_nonzero(fitted.coef_) < 70
    # and so is a path, on which each fit is near the one before
    path = alpha_path(fitted, X, y / y.std(), alphas=[0.1, 0.03, 0.01])
    assert path.converged.all()
    monkeypatch.delattr(ProximalNewton, "run_epoch")
    with pytest.raises(AttributeError, match="ProximalNewton"):
        fitted.fit(X, y / y.std())


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("alpha", [1e-3, 1e-2])
def test_few_sparse_rows_beside_l1_end_where_dense_ones_do(penalty, alpha):
    # 15 to 230 tol above the optimum, and said to have converged, by proximal steps on
    # smoothed losses, in a second to minutes
    X, y = expressions("absolute_error")
    X = np.hstack([X, np.square(X), np.sqrt(X)]) / np.mean(X)
    X[np.random.default_rng(1).random(X.shape) < 0.5] = 0.0
    parameters = {"loss": "absolute_error", "penalty": penalty, "alpha": alpha}
    best = GDRegressor(**parameters, tol=3e-7).fit(X, y)
    fitted = GDRegressor(**parameters, tol=1e-6).fit(csr_array(X), y)
    explained = GDRegressor("absolute_error", alpha=1e12).fit(X, y).objective_
    gap = fitted.objective_ - best.objective_
    assert fitted.converged_
    assert gap <= 1e-6 * (explained - best.objective_)
    assert fitted.suboptimality_ >= gap / 10


@pytest.mark.parametrize("gamma", [None, 0.3])
def test_pieces_bound_themselves_by_any_slopes_within(rng, gamma):
    r, above, below = rng.normal(size=50), rng.uniform(size=50), rng.uniform(size=50)
    curved = None if gamma is None else np.full(50, gamma)
    pieces = _barrier.Pieces(0 * r, above, below, r, 1.0, 0.0, gamma=curved)
    th = pieces.dual
    bound = th @ r - 0.5 * (gamma or 0.0) * th @ th
    assert_allclose(pieces.value(r) - pieces.path_gap(r), bound, rtol=1e-12)
    best = above if gamma is None else np.minimum(r / gamma, above)
    worst = -below if gamma is None else np.maximum(r / gamma, -below)
    best = np.where(r > 0, best, worst)
    value = best @ r - 0.5 * (gamma or 0.0) * best @ best
    assert_allclose(pieces.value(r), value, rtol=1e-12)
