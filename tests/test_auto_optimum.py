"""Auto descent ends at the optimum on raw data, says so truthfully, and is invariant.

The optima are those of benchmarks/optimum.py, which shares nothing with skgd.
"""

from argparse import Namespace

import accuracy
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer, load_diabetes

from skgd import GDClassifier, GDRegressor

SETS = "diabetes", "breast_cancer", "wine", "ill_regression", "ill_binary"
PROBLEMS = [
    (data, loss)
    for data in SETS
    for loss in accuracy.LOSSES[accuracy.DATA_SETS[data][0]]
]
MODES = ("auto", "mini-batch", "stochastic")


def misses(data, loss, *, modes, tol=1e-4, dtype="float64", alphas=accuracy.ALPHAS):
    """Give what is wrong with the fits of a loss, for each penalty and strength."""
    options = Namespace(
        rows=None, dtype=dtype, tol=tol, mode=modes, limit=120, optima=False
    )
    found = []
    for penalty in accuracy.PENALTIES:
        for alpha in alphas:
            case = accuracy.Case(data, loss, penalty, alpha)
            for record in accuracy.measured(case, options):
                wrong = record["verdict"] + record["warnings"]
                if wrong:
                    found.append((str(case), record["mode"], *wrong))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("data", "loss"), PROBLEMS)
def test_auto_reaches_the_optimum_and_estimates_how_far_it_is(data, loss):
    assert misses(data, loss, modes=MODES) == []


@pytest.mark.slow
@pytest.mark.parametrize(("data", "loss"), PROBLEMS)
def test_auto_reaches_ten_times_a_small_tolerance(data, loss):
    options = {"modes": ("auto",), "alphas": (1e-6, 1e-2)}
    # at most 1e-7 for tol=1e-8; where that is below what F can tell, nothing is judged
    found = misses(data, loss, tol=1e-8, **options)
    assert [x for x in found if "far" in x and not loss_has_kinks(loss)] == []
    assert [x for x in found if "untrue" in x or "unconverged" in x] == []


def loss_has_kinks(loss):
    return loss in accuracy.KINKED


@pytest.mark.slow
@pytest.mark.parametrize(("data", "loss"), PROBLEMS)
def test_auto_reaches_the_optimum_of_float32_data(data, loss):
    found = misses(data, loss, modes=("auto",), dtype="float32", alphas=(1e-4,))
    assert [x for x in found if "far" in x or "untrue" in x] == []


REGRESSION = [
    ("squared_error", {}),
    ("huber", {"epsilon": 30.0}),
    ("squared_epsilon_insensitive", {}),
    ("absolute_error", {}),
    ("quantile", {"quantile": 0.8}),
    ("epsilon_insensitive", {}),
]
CLASSIFICATION = [
    (loss, {}) for loss in ("log_loss", "squared_hinge", "modified_huber", "hinge")
]


@pytest.mark.parametrize(
    ("estimator", "loss", "parameters"),
    [(GDRegressor, *case) for case in REGRESSION]
    + [(GDClassifier, *case) for case in CLASSIFICATION],
)
def test_auto_without_penalty_ignores_units_and_origins(
    estimator, loss, parameters, rng
):
    if estimator is GDRegressor:
        X, y = load_diabetes(return_X_y=True, scaled=False)
    else:
        X, y = load_breast_cancer(return_X_y=True)
        X, y = X[:, :8], rng.permutation(y)  # not separable: there is an optimum
    d = X.shape[1]
    moved = (X + rng.normal(size=d) * 10 * X.std(axis=0)) * 10 ** rng.uniform(
        -6, 6, size=d
    )
    model = estimator(loss, alpha=0, learning_rate="auto", mode="batch", **parameters)
    raw = "predict" if estimator is GDRegressor else "decision_function"
    expected = getattr(model.fit(X, y), raw)(X)
    got = getattr(model.fit(moved, y), raw)(moved)
    assert_allclose(got, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize(
    "loss", ["huber", "squared_epsilon_insensitive", "squared_hinge", "modified_huber"]
)
def test_auto_is_not_held_up_by_one_hot_columns_of_flat_rows(loss):
    # Columns of all frequencies: of some, all rows are flat at most times.
    rng = np.random.default_rng(0)
    n, d = 4000, 2500
    columns = rng.zipf(1.3, n) % d, rng.integers(0, d, n), rng.integers(0, 50, n)
    indices, indptr = np.column_stack(columns).ravel(), np.arange(0, 3 * n + 1, 3)
    X = csr_array((np.ones(3 * n), indices, indptr), shape=(n, d))
    X.sum_duplicates()
    y = X @ rng.normal(size=d) + rng.normal(size=n)
    if loss in ("huber", "squared_epsilon_insensitive"):
        model = GDRegressor(loss, alpha=1e-6)
    else:
        model, y = GDClassifier(loss, alpha=1e-6), y > 0
    loose = model.fit(X, y)
    assert loose.converged_
    assert loose.n_iter_ <= 200  # 13 to 108; 314 to over 1000 with the curvature alone
    objective, estimate = loose.objective_, loose.suboptimality_
    tight = model.set_params(tol=1e-7, max_iter=10_000).fit(X, y)
    assert objective - tight.objective_ <= 5.0 * estimate
