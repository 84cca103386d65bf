"""Squared errors of many columns by conjugate gradients: the same descent, for less."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skgd import GDClassifier, GDRegressor, alpha_path
from skgd.auto import _choice


def sparse_data(rng, n=800, d=700, density=0.02):
    """Give columns in units from 0.1 to 10, and targets of a linear rule."""
    X = rng.random((n, d)) * (rng.random((n, d)) < density)
    y = X @ rng.normal(size=d) + 0.1 * rng.normal(size=n) + 3.0
    return csr_array(X * np.geomspace(0.1, 10.0, d)), y


def least_objective(X, y, alpha, weight, fit_intercept):
    """Give min F by the normal equations of the rows: as many unknowns as rows."""
    s = weight / weight.sum()
    X = X.toarray()
    centre = s @ X if fit_intercept else 0.0
    middle = s @ y if fit_intercept else 0.0
    root = np.sqrt(s)
    X, r = (X - centre) * root[:, None], (y - middle) * root
    w = X.T @ np.linalg.solve(X @ X.T + alpha * np.eye(len(y)), r)
    return 0.5 * float(((r - X @ w) ** 2).sum()) + 0.5 * alpha * float(w @ w)


@pytest.fixture
def counted(monkeypatch):
    """Count the descents that are conjugate gradients."""
    made = []

    class Counted(_choice.ConjugateGradients):
        def __init__(self, *arguments):
            made.append(self)
            super().__init__(*arguments)

    monkeypatch.setattr(_choice, "ConjugateGradients", Counted)
    return made


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [1e-4, 1e-2, 1.0])
def test_conjugate_gradients_end_where_the_estimate_says(
    alpha, fit_intercept, counted, rng
):
    X, y = sparse_data(rng)
    weight = rng.uniform(size=len(y)) * (rng.random(len(y)) < 0.9)
    null = GDRegressor(alpha=1e30, fit_intercept=fit_intercept)
    null = null.fit(X, y, sample_weight=weight).objective_
    best = least_objective(X, y, alpha, weight, fit_intercept)
    for tol in (1e-2, 1e-4, 1e-8):
        model = GDRegressor(alpha=alpha, tol=tol, fit_intercept=fit_intercept)
        model.fit(X, y, sample_weight=weight)
        gap = model.objective_ - best
        assert model.converged_
        assert gap <= tol * (null - best)
        # a tenth of the truth at least, up to what rounding leaves of F
        assert model.suboptimality_ >= 0.1 * gap - 1e-13 * null
        assert (np.diff(model.history_["objective"]) <= 1e-14 * null).all()
    assert len(counted) == 4


@pytest.mark.parametrize(
    "estimator",
    [GDRegressor(tol=1e-10), GDClassifier("squared_error", tol=1e-6)],
    ids=str,
)
def test_conjugate_gradients_are_the_plane_search(estimator, monkeypatch, rng):
    X, y = sparse_data(rng)
    if isinstance(estimator, GDClassifier):
        y = np.digitize(y, np.quantile(y, [0.3, 0.7]))
    quick = estimator.fit(X, y)
    history, coef = quick.history_, quick.coef_
    monkeypatch.setattr(_choice, "_by_gradients", lambda *_: False)
    slow = estimator.fit(X, y)
    for name in ("objective", "suboptimality"):
        # the first 20 epochs: rounding then parts all conjugate gradients
        one, other = history[name][:20], slow.history_[name][:20]
        assert_allclose(one, other, rtol=1e-4, atol=1e-9 * history["objective"][0])
    assert_allclose(history["objective"][-1], slow.objective_, rtol=1e-6)
    size = np.abs(slow.coef_).max()
    assert_allclose(coef, slow.coef_, atol=1e-2 * size)


def test_conjugate_gradients_go_as_far_as_floating_point(counted, rng):
    X, y = sparse_data(rng)
    model = GDRegressor(alpha=1e-2, tol=None, max_iter=5000).fit(X, y)
    assert model.n_iter_ < 5000
    best = least_objective(X, y, 1e-2, np.ones(len(y)), True)
    assert_allclose(model.objective_, best, rtol=1e-12)


def test_conjugate_gradients_along_a_path_are_within_tol(counted, rng):
    X, y = sparse_data(rng)
    path = alpha_path(GDRegressor(tol=1e-5), X, y, alphas=12, eps=1e-7)
    weight = np.ones(len(y))
    best = [least_objective(X, y, alpha, weight, True) for alpha in path.alphas]
    gap = path.objectives - best
    assert path.converged.all()
    assert (gap <= 1e-5 * (0.5 * y.var() - best)).all()
    assert (gap >= -1e-10 * y.var()).all()
    assert (path.suboptimalities >= 0.1 * gap - 1e-12 * y.var()).all()
    assert len(counted) == 13
    again = alpha_path(GDRegressor(tol=1e-5), X, y, alphas=path.alphas)
    assert_array_equal(again.coefs, path.coefs)


def test_a_path_over_fewer_rows_than_columns_goes_by_conjugate_gradients(counted, rng):
    X, y = sparse_data(rng, n=300)
    assert alpha_path(GDRegressor(), X, y, alphas=12).converged.all()
    assert len(counted) == 12
    GDRegressor().fit(X, y)  # alone by its dual
    assert len(counted) == 12


@pytest.mark.parametrize(
    ("n", "d", "seed"), [(2000, 600, 13), (500, 3000, 0), (500, 3000, 12)]
)
def test_conjugate_gradients_know_what_is_left_on_rare_columns(n, d, seed):
    # Words by Zipf's law: rare ones are learnt late, after pauses of the descent. A
    # window of epochs alone passes models 13 times as far off as `tol` allows.
    rng = np.random.default_rng(seed)
    words = np.minimum(rng.zipf(1.4, size=(n, 20)) - 1, d - 1)
    X = np.zeros((n, d))
    np.add.at(X, (np.repeat(np.arange(n), 20), words.ravel()), 1.0)
    y = X @ rng.normal(size=d) + rng.normal(size=n)
    path = alpha_path(GDRegressor(), csr_array(X), y)
    X, r = (X - X.mean(axis=0)) / np.sqrt(n), (y - y.mean()) / np.sqrt(n)
    left, bend, _ = np.linalg.svd(X, full_matrices=False)
    turned, alphas = (left.T @ r) ** 2, path.alphas[:, None]
    null = 0.5 * float(r @ r)
    gained = 0.5 * (turned * bend**2 / (bend**2 + alphas)).sum(axis=1)
    gap = path.objectives - (null - gained)
    assert path.converged.all()
    assert (gap <= 1e-4 * gained).all()
    assert (path.suboptimalities >= 0.1 * gap - 1e-12 * null).all()


def test_conjugate_gradients_follow_the_ways_of_a_path(rng):
    X, y = sparse_data(rng)
    path = alpha_path(GDRegressor(), X, y, alphas=20)
    single = [GDRegressor(alpha=alpha).fit(X, y).n_iter_ for alpha in path.alphas]
    assert path.n_iters.sum() < 0.5 * sum(single)
