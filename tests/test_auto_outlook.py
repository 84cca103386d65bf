"""What is left to gain after a warm start far from the optimum, and the duality gap."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from skgd import GDClassifier, GDRegressor
from skgd.auto import _choice
from skgd.auto._outlook import DualityGap, after_warm_start

TOL = 1e-4


@pytest.fixture(scope="module")
def wide():
    """Rows of few words, columns of variance one: many more columns than rows."""
    rng = np.random.default_rng(1)
    n, d, words = 300, 3000, 30
    share = 1.0 / np.arange(1, d + 1)
    share /= share.sum()
    indices = [rng.choice(d, words, replace=False, p=share) for _ in range(n)]
    indptr = np.arange(0, n * words + 1, words)
    values = rng.exponential(size=n * words)
    X = sp.csr_matrix((values, np.concatenate(indices), indptr), shape=(n, d))
    mean = np.asarray(X.mean(axis=0))[0]
    sd = np.sqrt(np.asarray(X.multiply(X).mean(axis=0))[0] - mean**2)
    X = sp.csr_matrix(X @ sp.diags(1.0 / np.where(sd > 0.0, sd, 1.0)))
    return X, X @ rng.normal(size=d) * 0.05 + rng.standard_t(2, size=n)


@pytest.mark.parametrize("start", ["l1", "weaker", "stronger", "early"])
@pytest.mark.parametrize("alpha", [1e-5, 1e-4, 1e-3])
@pytest.mark.parametrize("loss", ["squared_error", "huber", "log_loss"])
@pytest.mark.parametrize("mode", ["batch", "stochastic"])
def test_warm_start_far_from_the_optimum_is_not_taken_for_it(
    wide, loss, alpha, start, mode
):
    X, y = wide
    kind = GDRegressor
    if loss == "log_loss":
        kind, y = GDClassifier, y > np.median(y)
    model = kind(loss=loss, alpha=alpha, mode=mode, random_state=0)
    best = kind(loss=loss, alpha=alpha, tol=1e-9, max_iter=10_000).fit(X, y).objective_
    null = kind(loss=loss, alpha=1e9).fit(X, y).objective_
    other = {
        "l1": {"penalty": "l1", "alpha": 1e-4, "tol": 1e-3},
        "weaker": {"alpha": 0.1 * alpha},
        "stronger": {"alpha": 100 * alpha},
        "early": {"tol": 0.3},
    }[start]
    first = kind(**{"loss": loss, "alpha": alpha, "max_iter": 1000, **other}).fit(X, y)

    model.set_params(tol=TOL)
    model.fit(X, y, coef_init=first.coef_, intercept_init=first.intercept_)

    gap = model.objective_ - best
    assert model.converged_
    assert gap <= 10 * TOL * (null - best)
    assert model.suboptimality_ >= 0.1 * gap - 1e-9 * (null - best)


class _Scaled:
    def __init__(self, scale):
        self.scale = np.asarray(scale, dtype=float)


class _Task:
    def __init__(self, ridge, scale=(1.0, 1.0), piecewise=False):
        self.ridge, self.view = np.asarray(ridge, dtype=float), _Scaled(scale)
        self.loss = SimpleNamespace(piecewise=piecewise)


def test_duality_gap_is_that_of_the_ridge_and_of_steps_of_the_intercept():
    gap = DualityGap(_Task([2.0, 0.5]))
    g = np.array([[4.0, 1.0, 3.0]])
    bound = gap.bound(100.0, g, np.array([9.0]))
    assert bound == pytest.approx(4.0 + 1.0 + 10 * 0.5)


def test_beside_kinks_of_the_slope_no_value_of_the_dual_is_kept():
    gap = DualityGap(_Task([1.0, 1.0], piecewise=True))
    near, far = np.array([[0.2, 0.0, 0.0]]), np.array([[2.0, 0.0, 0.0]])
    assert gap.bound(10.0, near, np.ones(1)) == pytest.approx(0.02)
    assert gap.bound(9.995, far, np.ones(1)) == pytest.approx(2.0)


def test_duality_gap_keeps_the_best_value_of_the_dual():
    gap = DualityGap(_Task([1.0, 1.0]))
    near, far = np.array([[0.2, 0.0, 0.0]]), np.array([[2.0, 0.0, 0.0]])
    assert gap.bound(10.0, near, np.ones(1)) == pytest.approx(0.02)
    assert gap.bound(9.995, far, np.ones(1)) == pytest.approx(0.015)


def test_dual_value_is_not_trusted_before_the_intercept_has_settled():
    gap = DualityGap(_Task([1.0, 1.0]))
    unsettled, far = np.array([[0.0, 0.0, 1.0]]), np.array([[2.0, 0.0, 0.0]])
    assert gap.bound(10.0, unsettled, np.ones(1)) == pytest.approx(5.0)
    assert gap.bound(9.0, far, np.ones(1)) == pytest.approx(2.0)


def test_no_bound_where_a_column_has_no_ridge():
    g = np.ones((1, 3))
    assert DualityGap(_Task([1.0, 0.0])).bound(1.0, g, np.ones(1)) == np.inf
    constant = DualityGap(_Task([1.0, 0.0], scale=[1.0, 0.0]))
    assert constant.bound(1.0, g, np.ones(1)) == pytest.approx(0.5 + 5.0)


def test_after_a_warm_start_a_tenth_of_the_bound_is_reckoned_with():
    assert after_warm_start(1.0, 50.0, [0.5, 0.5], False) == 5.0
    assert after_warm_start(1.0, 5.0, [0.5, 0.5], False) == 1.0


def test_without_a_bound_a_hundred_epochs_are_reckoned_with():
    assert after_warm_start(1.0, np.inf, [9.0, 0.5, 0.5], False) == 97 * 0.5
    assert after_warm_start(1.0, np.inf, [9.0, 0.0, 0.0], True) == 10.0
    assert after_warm_start(1.0, np.inf, [1e-3] * 200, False) == 1.0


def test_kinks_of_the_slope_leave_an_estimate_that_holds(monkeypatch):
    # Rows without entries hold b at kinks of l', where its Newton steps are short.
    rng = np.random.default_rng(20)
    y = 2.0 * rng.normal(size=60)
    X = rng.normal(size=(60, 700)) * 10.0 ** rng.uniform(-1, 1)
    X[10:20], X[20:25] = X[0:10], 0.0
    X = sp.csr_array(X)
    model = GDRegressor(loss="huber", alpha=7.8e-3, tol=1e-9, max_iter=5000)
    best = model.fit(X, y).objective_
    model.set_params(max_iter=1, tol=1e-4)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    start = {"coef_init": model.coef_, "intercept_init": model.intercept_}
    monkeypatch.setattr(_choice, "_has_dual", lambda task: False)
    model.set_params(max_iter=5000).fit(X, y, **start)
    assert model.converged_
    assert model.suboptimality_ >= 0.3 * (model.objective_ - best)


def near_separable(seed):
    """Give rows nearly all of which lie far on the side of their class."""
    random = np.random.default_rng(seed)
    n, d = int(random.integers(20, 400)), int(random.integers(1, 30))
    X = random.normal(size=(n, d)) * 10 ** random.uniform(-3, 3, size=d)
    X += random.normal(size=d) * 10
    z = X @ (random.normal(size=d) / X.std(axis=0))
    z -= np.median(z)
    noise = 10 ** random.uniform(-4, 0) * random.normal(size=n) * z.std()
    return X, z + noise * (seed % 3 > 0) > 0


@pytest.mark.parametrize(
    ("seed", "alpha", "mode", "tol"),
    [
        (11, 1e-8, "batch", 1e-6),
        (79, 1e-8, "batch", 1e-4),
    ],
)
def test_newton_steps_that_keep_no_promise_are_not_believed(seed, alpha, mode, tol):
    # The curvature grows on the way where all rows are far on their side: estimates
    # were 0.05 to 0.11 of F - F*.
    X, y = near_separable(seed)
    best = GDClassifier("log_loss", alpha=alpha, tol=1e-12, max_iter=3000).fit(X, y)
    fitted = GDClassifier("log_loss", alpha=alpha, tol=tol, mode=mode).fit(X, y)
    assert fitted.suboptimality_ >= (fitted.objective_ - best.objective_) / 3
