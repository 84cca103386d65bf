"""Auto descent on kinked losses ends at the optimum, and says how far it was."""

import warnings

import numpy as np
import pytest
from kinked_tasks import PARAMETERS, Penalty, make_task, objective, run
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linprog
from scipy.sparse import csr_array
from sklearn.base import clone

from auto_reference import columns_in_groups
from skgd import GDRegressor, alpha_path
from skgd.auto._dual_bound import best_share
from skgd.auto._interior import InteriorPoint
from skgd.auto._interval import Interval
from skgd.auto._multipliers import Multipliers, chosen
from skgd.auto._proximal_multipliers import ProximalMultipliers
from skgd.auto._shifted import by_cholesky

LOSSES = pytest.mark.parametrize("loss", PARAMETERS)
METHODS = pytest.mark.parametrize("method", [InteriorPoint, Multipliers])


L2, L1, NONE = Penalty(ridge=1e-2), Penalty(l1=1e-2), Penalty()
PENALTIES = pytest.mark.parametrize(
    "penalty",
    [L2, L1, Penalty(1e-2, 1e-2), NONE, Penalty(1e-3, 1e-3, positive=True)],
    ids=["l2", "l1", "elasticnet", "none", "positive"],
)


def make_data(rng, loss, n=300, d=8):
    X = rng.normal(size=(n, d))
    z = X @ rng.normal(size=d) + 0.5 * rng.standard_t(2, size=n)
    return X, np.where(z > 0.3, 1.0, -1.0) if loss == "hinge" else z


def solve_linear_program(task):
    """Give the objective's least value by HiGHS, for a task without a ridge."""
    loss, d = task.loss, task.view.n_features
    interval = Interval(loss.name, loss.parameter, loss.y, loss.weight)
    a, n = task.view.matvec(np.eye(d)).T, task.view.n_rows
    c, e = interval.center, interval.slack
    # Unknowns v+, v-, b, p, q:  p >= z - c - e, q >= c - e - z
    cost = np.concatenate([task.l1, task.l1, [0.0], interval.high, -interval.low])
    one, no = np.ones((n, 1)), np.zeros((n, n))
    rows = np.vstack(
        [
            np.hstack([a, -a, one, -np.eye(n), no]),
            np.hstack([-a, a, -one, no, -np.eye(n)]),
        ]
    )
    free = (None, None) if task.fit_intercept else (0.0, 0.0)
    below = (0.0, 0.0) if task.positive else (0.0, None)
    bounds = [(0, None)] * d + [below] * d + [free] + [(0, None)] * (2 * n)
    limit = np.concatenate([c + e, e - c])
    return linprog(cost, rows, limit, bounds=bounds, method="highs").fun


@LOSSES
@pytest.mark.parametrize(
    "penalty",
    [L1, NONE, Penalty(l1=1e-2, positive=True)],
    ids=["l1", "none", "positive"],
)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_interior_point_agrees_with_linear_programming(
    rng, loss, penalty, fit_intercept
):
    X, y = make_data(rng, loss, n=80, d=6)
    task = make_task(X, y, loss, penalty, fit_intercept=fit_intercept)
    descent, reports = run(InteriorPoint, task)
    least = solve_linear_program(task)
    # The solver's own tolerance is 1e-7; ours 1e-8 of what the model explains.
    assert_allclose(objective(task, descent), least, rtol=2e-7)
    assert reports[-1].certified


@LOSSES
@pytest.mark.parametrize("penalty", [L2, NONE], ids=["l2", "none"])
def test_multipliers_agree_with_the_interior_point(rng, loss, penalty):
    X, y = make_data(rng, loss, n=4000)
    task = make_task(X, y, loss, penalty)
    assert chosen(task, 8) is by_cholesky
    descent, reports = run(Multipliers, task)
    reference, _ = run(InteriorPoint, task, tol=1e-11)
    gain = task.null_objective - reference.objective
    assert descent.safe is None
    assert reports[-1].certified
    assert descent.objective - reference.objective <= 1e-8 * gain
    assert len(reports) <= 40


@LOSSES
@PENALTIES
@METHODS
def test_kinked_descent_certifies_what_it_reports(rng, loss, penalty, method):
    X, y = make_data(rng, loss)
    task = make_task(X, y, loss, penalty)
    least = run(InteriorPoint, task, tol=1e-11)[0].objective
    descent, reports = run(method, task, tol=1e-6)
    objectives = [r.objective for r in reports]
    assert reports[-1].certified
    assert objectives == sorted(objectives, reverse=True)
    assert_allclose(objectives[-1], objective(task, descent), rtol=1e-12)
    gain = task.null_objective - least
    for report in reports:
        gap = report.objective - least
        if report.certified and 1e-9 < gap / gain < 1e-2:
            assert report.suboptimality >= gap / 3


@LOSSES
@pytest.mark.parametrize("start", ["null", "optimum"])
@pytest.mark.parametrize(
    "penalty",
    [L1, Penalty(1e-2, 1e-2), Penalty(1e-3, 1e-3, positive=True)],
    ids=["l1", "elasticnet", "positive"],
)
def test_proximal_multipliers_agree_with_the_interior_point(rng, loss, penalty, start):
    X, y = make_data(rng, loss, n=2000)
    task = make_task(X, y, loss, penalty)
    reference, _ = run(InteriorPoint, task, tol=1e-11)
    model = (reference.v, reference.b) if start == "optimum" else None
    descent, reports = run(ProximalMultipliers, task, tol=1e-6, start=model)
    assert reports[-1].certified
    assert_allclose(descent.objective, objective(task, descent), rtol=1e-12)
    gain = task.null_objective - reference.objective
    assert descent.objective - reference.objective <= 1e-6 * gain
    assert not penalty.positive or (descent.v >= 0).all()
    # a bound, though the slopes of a stage are not quite feasible; and a sharp one
    left = reference.objective - descent.lower
    assert -1e-9 * gain <= left <= 0.05 * gain


@pytest.mark.parametrize("dual", [0.1, 3.0, 1e9])
@pytest.mark.parametrize("bare", [0, 1, 4])
@pytest.mark.parametrize("bend", [0.0, 5.0])
def test_best_share_is_the_best_multiple_of_slopes(rng, dual, bare, bend):
    pull, l1 = 1.0 + rng.random(4), rng.random(4)
    ridge = rng.random(4)
    ridge[:bare] = 0.0
    shares = np.linspace(0.0, 1.0, 100_001)[:, None]
    excess = np.maximum(shares * pull - l1, 0.0)
    allowed = (excess[:, :bare] <= 1e-12).all(axis=1)
    costs = (excess[:, bare:] ** 2 / (2 * ridge[bare:])).sum(axis=1)
    shares = shares[allowed, 0]
    best = (dual * shares - bend * shares**2 / 2 - costs[allowed]).max()
    assert_allclose(best_share(dual, pull, l1, ridge, bend), best, rtol=2e-5, atol=1e-9)


@LOSSES
@PENALTIES
def test_kinked_descent_ends_where_slopes_leave_no_gradient(rng, loss, penalty):
    X, y = make_data(rng, loss, n=200, d=5)
    task = make_task(X, y, loss, penalty)
    descent, _ = run(InteriorPoint, task, tol=None)
    v, t = descent.v[0], -descent.barrier.samples.dual.reshape(-1, 200).sum(axis=0)
    g = task.view.rmatvec(t[None])[0] + task.ridge * v
    assert abs(t.sum()) < 1e-9
    assert_allclose(g[v > 0], -task.l1[v > 0], atol=1e-6)
    if penalty.positive:
        assert (v >= 0).all()
        assert (g[v == 0] >= -task.l1[v == 0] - 1e-6).all()
    else:
        assert_allclose(g[v < 0], task.l1[v < 0], atol=1e-6)
        assert (np.abs(g[v == 0]) <= task.l1[v == 0] + 1e-6).all()


@LOSSES
@METHODS
def test_kinked_descent_from_the_optimum_stops_after_an_epoch(rng, loss, method):
    X, y = make_data(rng, loss, n=3000)
    task = make_task(X, y, loss, L2)
    first, _ = run(method, task, tol=1e-8)
    again, reports = run(method, task, tol=1e-4, start=(first.v, first.b))
    assert len(reports) == 1
    assert reports[-1].certified
    # rtol=1e-14: the raw predictions are computed afresh
    assert again.objective <= first.objective * (1.0 + 1e-14)


@LOSSES
@pytest.mark.parametrize("penalty", [L2, L1], ids=["l2", "l1"])
@METHODS
def test_weight_two_equals_a_row_twice(rng, loss, penalty, method):
    X, y = make_data(rng, loss, n=100)
    weight = rng.integers(0, 3, 100)
    weighted, _ = run(method, make_task(X, y, loss, penalty, weight))
    rows = np.repeat(np.arange(100), weight)
    repeated, _ = run(method, make_task(X[rows], y[rows], loss, penalty))
    assert_allclose(weighted.objective, repeated.objective, rtol=1e-7)
    assert_allclose(weighted.v, repeated.v, atol=1e-4)  # about the root of the gap


@LOSSES
@METHODS
def test_badly_scaled_columns_change_nothing_but_their_coefficients(rng, loss, method):
    X, y = make_data(rng, loss)
    size = 10.0 ** rng.uniform(-6, 6, X.shape[1])
    plain, _ = run(method, make_task(X, y, loss, NONE))
    scaled, reports = run(method, make_task(X * size + 3 * size, y, loss, NONE))
    assert reports[-1].certified
    assert_allclose(scaled.objective, plain.objective, rtol=1e-7)


@METHODS
def test_separable_classes_without_penalty_end_finite(rng, method):
    X = rng.normal(size=(60, 20))
    y = np.where(X[:, 0] > 0, 1.0, -1.0)
    descent, reports = run(method, make_task(X, y, "hinge", NONE))
    assert reports[-1].objective < 1e-8
    assert np.isfinite(descent.v).all()


@LOSSES
@PENALTIES
@pytest.mark.parametrize("shape", [(30, 60), (200, 12)], ids=["n < d", "n > d"])
def test_constant_and_collinear_columns_do_no_harm(rng, loss, penalty, shape):
    X, y = make_data(rng, loss, *shape)
    X[:, 3], X[:, 5], X[:, 6] = 0.1, X[:, 4], X[:, 1] + X[:, 2]
    task = make_task(X, y, loss, penalty)
    descent, reports = run(Multipliers, task, tol=1e-6)
    assert reports[-1].certified or reports[-1].suboptimality < 1e-8
    assert descent.v[0, 3] == 0.0


@LOSSES
def test_float32_is_near_float64(rng, loss):
    X, y = make_data(rng, loss)
    single = X.astype(np.float32)
    double, _ = run(Multipliers, make_task(single.astype(np.float64), y, loss, L2))
    descent, _ = run(Multipliers, make_task(single, y, loss, L2))
    assert_allclose(descent.objective, double.objective, rtol=1e-8)


def test_l1_sets_coefficients_to_zero(rng):
    X = rng.normal(size=(200, 30))
    y = 3 * X[:, 0] - X[:, 1] + rng.standard_t(2, size=200)
    descent, reports = run(
        InteriorPoint, make_task(X, y, "absolute_error", Penalty(l1=0.2)), tol=1e-6
    )
    assert reports[-1].certified
    assert_array_equal(np.flatnonzero(descent.v[0]), [0, 1])


@LOSSES
def test_columns_that_a_large_l1_keeps_out_leave_the_best_constant(rng, loss):
    X, y = make_data(rng, loss)
    task = make_task(X, y, loss, Penalty(l1=100.0))
    descent, reports = run(Multipliers, task)
    assert reports[-1].certified
    assert not descent.v.any()
    assert_allclose(descent.objective, task.null_objective, rtol=1e-12)


@LOSSES
@pytest.mark.parametrize("b", [-0.7, 0.0, 0.4])
def test_best_constant_is_not_beaten(rng, loss, b):
    _, y = make_data(rng, loss, n=101)
    weight = rng.random(101)
    interval = Interval(loss, PARAMETERS[loss], y, weight / weight.sum())
    best = interval.best_constant()
    least = interval.value(np.full(101, best))
    assert least <= interval.value(np.full(101, best + b)) + 1e-14


@pytest.mark.parametrize(
    ("loss", "seed", "size", "k"),
    [
        ("quantile", 30, (6, 3), 2),
        ("absolute_error", 23, (6, 40), 2),
        ("quantile", 81, (6, 12), 2),
        ("absolute_error", 56, (10, 40), 2),
        ("quantile", 94, (6, 3), 3),
    ],
)
def test_a_warm_start_is_not_certified_by_what_it_falls_below(loss, seed, size, k):
    rng = np.random.default_rng(seed)
    rng.choice(4), rng.choice(3)
    X = rng.normal(size=size)
    y = X[:, 0] + rng.normal(size=size[0])
    model = GDRegressor(loss, penalty="l1")
    path = alpha_path(model, X, y, alphas=8)
    lowest = clone(model).set_params(alpha=path.alphas[k], tol=1e-10).fit(X, y)
    null = clone(model).set_params(alpha=1e6).fit(X, y).objective_
    above = path.objectives[k] - lowest.objective_
    assert path.converged[k]
    assert above <= 1e-4 * (null - lowest.objective_)


def _random_problem(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.choice([5, 40, 300, 2500])), int(rng.choice([1, 4, 20]))
    X = rng.normal(size=(n, d))
    kind = rng.choice(["scaled", "one-hot", "rounded", "collinear"])
    if kind == "scaled":
        X = X * 10.0 ** rng.uniform(-6, 6, d)
    elif kind == "one-hot":
        X = np.eye(d)[rng.integers(0, d, n)]
    elif kind == "rounded":
        X = np.round(X)
    else:
        X = X @ (rng.normal(size=(d, d)) * (np.arange(d) < max(1, d // 2)))
    loss = str(rng.choice(list(PARAMETERS)))
    z = X @ rng.normal(size=d) / (1e-9 + np.abs(X).max()) + rng.normal(size=n)
    y = np.where(z > 0, 1.0, -1.0) if loss == "hinge" else np.round(z, rng.integers(4))
    alpha = 10.0 ** rng.uniform(-8, 0)
    share = rng.choice([0.0, 0.5, 1.0])
    penalty = Penalty((1 - share) * alpha, share * alpha, bool(rng.random() < 0.2))
    weight = None if rng.random() < 0.5 else 10.0 ** rng.uniform(-3, 3, n)
    return make_task(np.ascontiguousarray(X), y, loss, penalty, weight)


@pytest.mark.parametrize("seed", range(60))
def test_random_problems_end_finite_and_certified(seed):
    task = _random_problem(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        descent, reports = run(Multipliers, task, tol=1e-5)
    assert reports[-1].certified
    least = run(InteriorPoint, task, tol=1e-9)[0].objective
    needed = task.needed(1e-5, descent.objective)
    assert descent.objective - least <= 10 * needed + 1e-9 * task.null_objective


def test_multipliers_by_conjugate_gradients_tell_what_products_leave():
    # groups of columns that add up to one, of a small penalty: rough products do not
    # see all of a gradient, and had F at 2e-5 above the optimum for an estimate of 1e-8
    n, random = 2000, np.random.default_rng(2)
    X, first, second = columns_in_groups(n, random)
    y = 3 + 0.5 * random.normal(size=400)[first] + 0.5 * random.normal(size=200)[second]
    y = np.round(y + random.normal(size=n)).clip(1, 5)
    loose, tight = (
        GDRegressor("absolute_error", alpha=1e-6, tol=tol).fit(csr_array(X), y)
        for tol in (1e-6, 1e-8)
    )
    assert loose.converged_
    assert tight.converged_
    assert loose.objective_ - tight.objective_ <= 1e-6 * tight.objective_


@pytest.mark.parametrize("method", [Multipliers, ProximalMultipliers])
def test_multipliers_believe_no_gap_that_was_less_than_what_was_gained(rng, method):
    X, y = make_data(rng, "absolute_error", n=4000)
    task = make_task(X, y, "absolute_error", L2)
    descent = method(task, np.zeros((1, X.shape[1])), task.constant, 1e-8)
    descent.run_epoch()
    descent.gap = 1e-12
    descent.objective += 1e-3  # as if the present model had gained so much
    descent._keep_best()
    assert_allclose(descent.gap, 1e-3, rtol=1e-9)
