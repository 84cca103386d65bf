"""Nothing diverges: random problems of all kinds, some of them absurd."""

import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning

from skgd import GDClassifier, GDRegressor
from skgd._core.losses import LOSSES
from skgd._parameters import CLASSIFICATION_LOSSES, REGRESSION_LOSSES

MODES = ("batch", "mini-batch", "stochastic")
POSITIVE_LOSSES = [name for name in LOSSES if LOSSES[name]["link"] == "log"]
REAL_LOSSES = [name for name in REGRESSION_LOSSES if name not in POSITIVE_LOSSES]
ALPHAS = (0.0, 1e-8, 1e-4, 1e-2, 1.0, 1e3)


def random_problem(seed, log_link=False):
    """Give (estimator, X, y, sample_weight): columns of any scale, and worse."""
    rng = np.random.default_rng(seed)
    n, d = int(10 ** rng.uniform(0, 2.48)), int(10 ** rng.uniform(0, 2.6))
    regression = bool(rng.random() < 0.5) or log_link
    X = _random_features(rng, n, d)
    w = rng.normal(size=d) / (np.abs(X).mean(axis=0) + 1e-300)
    z = X @ w / np.sqrt(d) + rng.normal(size=n) * rng.choice([0.0, 0.1, 3.0])
    if regression:
        y = z * 10 ** rng.uniform(-6, 6) + rng.choice([0.0, 1e3])
        if rng.random() < 0.3:
            y[rng.integers(n)] += 1e6 * (np.abs(y).max() + 1.0)
    else:
        K = int(rng.choice([2, 2, 3, 5]))
        n_classes = min(K, n)
        y = np.argsort(np.argsort(z)) * n_classes // max(n, 1)
    weight = 10 ** rng.uniform(-4, 4, size=n) if rng.random() < 0.3 else None
    if rng.random() < 0.3:
        X = csr_array(X)
    if rng.random() < 0.2:
        X = X.astype(np.float32)
    losses = REAL_LOSSES if regression else CLASSIFICATION_LOSSES
    if log_link:
        losses, y = POSITIVE_LOSSES, _positive(rng, y, z)
    estimator = (GDRegressor if regression else GDClassifier)(
        losses[rng.integers(len(losses))],
        penalty=[None, "l2", "l1", "elasticnet"][rng.integers(4)],
        alpha=float(rng.choice(ALPHAS)),
        positive=bool(rng.random() < 0.15),
        fit_intercept=bool(rng.random() < 0.85),
        learning_rate="auto",
        mode=MODES[rng.integers(3)],
        max_iter=200,
        random_state=seed,
    )
    return estimator, X, y, weight


def _positive(rng, y, z):
    """Give targets above zero: of any size, or of a mean that is exp(z)."""
    if rng.random() < 0.5:
        return np.abs(y) + 1e-300
    rate = np.exp(np.clip(z, -20.0, 20.0)) * 10 ** rng.uniform(-6, 12)
    return rate * rng.gamma(0.5, 2.0, size=len(z)) + 1e-300


def _random_features(rng, n, d):
    X = rng.normal(size=(n, d))
    if rng.random() < 0.4:  # few factors: rank deficient
        k = int(rng.integers(1, d + 1))
        X = X[:, :k] @ rng.normal(size=(k, d))
    if rng.random() < 0.3:
        X *= rng.random(size=(n, d)) < 0.2
    if rng.random() < 0.3:
        X[:, rng.integers(d)] = rng.choice([0.0, 1.0, 0.1, 1e9])
    if rng.random() < 0.3:
        X[rng.integers(n), rng.integers(d)] *= 1e6
    if rng.random() < 0.5:
        X += rng.normal(size=d) * 10 ** rng.uniform(0, 2)
    return X * 10 ** rng.uniform(-12, 12, size=d) if rng.random() < 0.5 else X


def check(seed, log_link=False):
    """Give what is wrong with the fit of a random problem, or None."""
    estimator, X, y, weight = random_problem(seed, log_link)
    if log_link and estimator.loss != "gamma":  # zeros, too
        y = np.where(np.arange(len(y)) % 3, y, 0.0)
    if hasattr(estimator, "class_weight") and len(np.unique(y)) < 2:
        return None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(X, y, sample_weight=weight)
    told = [w for w in caught if issubclass(w.category, ConvergenceWarning)]
    null = _null_objective(estimator, X, y, weight)
    if len(told) < len(caught):
        return f"warned of {caught[0].category.__name__}: {caught[0].message}"
    if not (
        np.isfinite(estimator.coef_).all() and np.isfinite(estimator.intercept_).all()
    ):
        return "coefficients are not finite"
    rounding = 1e-4 if X.dtype == np.float32 else 1e-9
    if (
        estimator.loss != "perceptron"
        and estimator.objective_ > null + rounding * abs(null) + 1e-300
    ):
        return f"F = {estimator.objective_!r} is above F_null = {null!r}"
    if not estimator.converged_ and not told:
        return "neither converged nor warned"
    if not np.isfinite(estimator.suboptimality_):
        return f"suboptimality_ = {estimator.suboptimality_}"
    return None


def _null_objective(estimator, X, y, weight):
    constant = np.zeros((X.shape[0], 1), dtype=X.dtype)  # which b is rounded to
    null = type(estimator)(**estimator.get_params() | {"alpha": 0.0, "mode": "batch"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return null.fit(constant, y, sample_weight=weight).objective_


# 350: two moves without effect on any row, once followed to coefficients of 1e17
# 1413: coefficients of 1e17 that cancel, which float32 can't hold
@pytest.mark.parametrize("seed", [*range(40), 350, 1413, 1781])
def test_auto_ends_finite_below_the_constant_model_and_says_so(seed):
    assert check(seed) is None


@pytest.mark.parametrize("seed", range(40))
def test_auto_with_a_log_link_ends_finite_below_the_constant_model(seed):
    assert check(seed, log_link=True) is None


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_auto_with_a_log_link_ends_well_on_a_thousand_problems(part):
    seeds = range(40 + part, 1000, 4)
    wrong = {seed: check(seed, log_link=True) for seed in seeds}
    assert {seed: what for seed, what in wrong.items() if what} == {}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_auto_ends_well_on_two_thousand_problems(part):
    wrong = {seed: check(seed) for seed in range(40 + part, 2000, 20)}
    assert {seed: what for seed, what in wrong.items() if what} == {}


def test_auto_leaves_a_constant_model_where_all_rows_are_flat():
    # huber far from all targets: no curvature anywhere, and no penalty that has any
    X, y = load_diabetes(return_X_y=True, scaled=False)
    flat = GDRegressor("huber", alpha=0, epsilon=0.1).fit(X, y)
    curved = GDRegressor("huber", alpha=1e-12, epsilon=0.1, tol=1e-9).fit(X, y)
    assert flat.converged_
    gap = flat.objective_ - curved.objective_
    assert gap <= flat.suboptimality_ <= 1e-4 * flat.objective_


def test_auto_moves_the_intercept_where_no_row_curves():
    # huber that is as good as the absolute error: F is a line in the intercept
    rng = np.random.default_rng(4)
    X = rng.normal(size=(300, 3))
    y = np.exp(rng.normal(size=300)) * 4000 * (1 + 0.1 * X[:, 0])
    loose = GDRegressor("huber", alpha=1e-2).fit(X, y)
    tight = GDRegressor("huber", alpha=1e-2, tol=1e-9).fit(X, y)
    constant = GDRegressor("huber").fit(np.zeros((300, 1)), y)
    gap = loose.objective_ - tight.objective_
    assert gap <= 1e-4 * (constant.objective_ - tight.objective_)
    assert loose.converged_
    assert tight.converged_
    assert constant.converged_


def test_auto_goes_on_where_neither_rows_nor_the_ridge_curve():
    # the ridge of a coefficient, as rounding has it, is no curvature of the intercept
    rng = np.random.default_rng(6)
    X = rng.normal(size=(200, 1))
    y = np.exp(rng.normal(size=200)) * 400 * (1 + 0.3 * X[:, 0])
    assert GDRegressor("huber", alpha=1e-2, tol=1e-8).fit(X, y).converged_


@pytest.mark.parametrize("seed", [17, 29, 30, 33])
def test_auto_beside_l1_takes_long_steps_where_few_rows_curve(seed):
    rng = np.random.default_rng(seed)
    X = np.exp(rng.normal(size=(25, 6))) * 10
    y = np.exp(rng.normal(size=25)) * 4000
    model = GDRegressor("huber", penalty="l1", alpha=0.5, max_iter=100).fit(X, y)
    assert model.converged_  # 11 to 42 epochs; 300 left 0.2 % of F


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "loss",
    ["squared_hinge", "modified_huber", "huber", "squared_epsilon_insensitive"],
)
def test_auto_converges_with_the_diagonal_for_a_metric(loss, mode):
    # more sparse columns than a Cholesky factor takes, and rows than dual ascent
    rng = np.random.default_rng(0)
    X = csr_array(rng.random((700, 600)) * (rng.random((700, 600)) < 0.02))
    z = X @ rng.normal(size=600) + 0.1 * rng.normal(size=700)
    classification = loss in ("squared_hinge", "modified_huber")
    estimator = GDClassifier if classification else GDRegressor
    y = z > 0 if classification else z
    loose, tight = (
        estimator(loss, alpha=1e-3, mode=mode, tol=tol, random_state=0).fit(X, y)
        for tol in (1e-4, 1e-9)
    )
    assert loose.converged_
    assert tight.converged_
    gap = loose.objective_ - tight.objective_
    assert gap <= 3 * loose.suboptimality_
    assert loose.n_iter_ < tight.n_iter_
