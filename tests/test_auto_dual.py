"""Dual ascent: its certificate is a bound, and its end the optimum."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, hstack, vstack

from reference import LOSSES as FORMULAS
from skgd import GDClassifier, GDRegressor
from skgd._core.bridge import View
from skgd._core.engine import Design
from skgd.auto._dual import DualAscent
from skgd.auto._interval import Interval
from skgd.auto._task import Task

KINKED = [
    ("hinge", 0.0),
    ("absolute_error", 0.0),
    ("quantile", 0.8),
    ("epsilon_insensitive", 0.3),
]
SMOOTH = [
    ("squared_error", 0.0),
    ("squared_hinge", 0.0),
    ("modified_huber", 0.0),
    ("huber", 0.5),
    ("squared_epsilon_insensitive", 0.3),
]
SIGNS = {"hinge", "squared_hinge", "modified_huber"}
MODES = ["batch", "mini-batch", "stochastic"]
ALPHA = 1e-2
each_loss = pytest.mark.parametrize(("name", "parameter"), KINKED + SMOOTH, ids=str)
each_kinked = pytest.mark.parametrize(("name", "parameter"), KINKED, ids=str)


def sparse_rows(rng):
    X = rng.random((300, 80))
    X[rng.random(X.shape) > 0.1] = 0.0
    return csr_array(X)


@pytest.fixture
def X(rng):
    return sparse_rows(rng)


@pytest.fixture
def y(X, rng):
    return X @ rng.normal(size=80) + 0.3 * rng.normal(size=300) + 0.2


def mean_loss(loss, z):
    """Give the weighted loss of raw predictions."""
    return loss.weight @ FORMULAS[loss.name][0](loss.y, z, loss.parameter)


def form_of(loss):
    """Give centre, lo, hi, gamma, e."""
    form = Interval(loss.name, loss.parameter, loss.y, loss.weight)
    return form.center, form.low, form.high, form.gamma, form.slack


def task_of(X, y, name, parameter, weight=None, rows=None, fit_intercept=True):
    """Give the task, at the zero model in place of the best constant."""
    y = np.where(y > 0.5, 1.0, -1.0) if name in SIGNS else y
    rows = np.arange(X.shape[0]) if rows is None else rows
    s = np.ones(X.shape[0]) if weight is None else weight
    s = s[rows] / s[rows].sum()
    loss = SimpleNamespace(name=name, parameter=parameter, y=y[rows], weight=s)
    null = mean_loss(loss, np.zeros(len(rows)))
    dense = X.toarray()[rows].astype(float)
    mean = s @ dense if fit_intercept else np.zeros(X.shape[1])
    variance = s @ (dense - mean) ** 2
    scale = np.where(np.ptp(dense, axis=0) > 0, 1 / np.sqrt(variance + ALPHA), 0.0)
    view = View(Design(X), rows.astype(np.uint32), mean, scale)
    ridge = ALPHA * scale**2
    l1, constant = np.zeros(X.shape[1]), np.zeros(1)
    return Task(view, loss, ridge, l1, False, fit_intercept, constant, null)


def ascend(task, tol=1e-10, mode="stochastic", seed=0, v=None):
    """Give the object at its end and the reports on the way."""
    v = np.zeros((1, task.view.n_features)) if v is None else v
    ascent, reports = DualAscent(task, v, task.constant, tol, mode, seed), []
    for _ in range(2000):
        reports.append(ascent.run_epoch())
        last = reports[-1]
        met = last.suboptimality <= task.needed(tol, last.objective)
        if (last.certified and met) or last.exhausted:
            break
    return ascent, reports


def raw_model(task, ascent):
    """Give (w, b) of the columns as they are."""
    w = ascent.v[0] * task.view.scale
    return w, ascent.b[0] - task.view.mean @ w


def objective(task, ascent):
    """F at the model, in plain NumPy."""
    w, b = raw_model(task, ascent)
    z = task.view.X.toarray()[task.view.rows] @ w + b
    return mean_loss(task.loss, z) + ALPHA * (w @ w) / 2


def dual_objective(task, t):
    """F's lower bound for t with sum zero, in plain NumPy."""
    centre, lo, hi, gamma, e = form_of(task.loss)
    assert np.all((t >= lo - 1e-18) & (t <= hi + 1e-18))
    w = task.view.X.toarray()[task.view.rows].T @ t / ALPHA
    curved = gamma @ (t * t) + ALPHA * (w @ w)
    return -(t @ centre) - e * np.abs(t).sum() - curved / 2


@each_loss
def test_dual_form_is_the_loss(name, parameter, rng):
    y = rng.choice([-1.0, 1.0], 200) if name in SIGNS else rng.normal(size=200)
    z, weight = 3.0 * rng.normal(size=200), rng.random(200) + 0.1
    form = Interval(name, parameter, y, weight)
    loss, derivative = FORMULAS[name]
    assert_allclose(form.value(z), weight @ loss(y, z, parameter))
    if form.smooth:
        assert_allclose(form.derivative(z), weight * derivative(y, z, parameter))


@each_loss
@pytest.mark.parametrize("mode", MODES)
def test_dual_certificate_is_the_duality_gap(X, y, name, parameter, mode):
    task = task_of(X, y, name, parameter)
    ascent, reports = ascend(task, mode=mode)
    last = reports[-1]
    assert last.certified
    assert_allclose(last.objective, objective(task, ascent), rtol=1e-12)
    assert abs(ascent.t.sum()) < 1e-15  # the unpenalised intercept
    # An earlier t may have been better; 1e-13: rounding of the sums
    gap = last.objective - dual_objective(task, ascent.t)
    assert gap <= 10.0 * last.suboptimality + 1e-13
    assert last.suboptimality <= task.needed(1e-10, last.objective)


@each_loss
@pytest.mark.parametrize("mode", MODES)
def test_dual_certificate_never_falls_short(X, y, name, parameter, mode):
    task = task_of(X, y, name, parameter)
    optimum = ascend(task, tol=1e-12)[1][-1].objective
    for report in ascend(task, mode=mode)[1]:
        assert report.suboptimality >= report.objective - optimum - 1e-14


@each_loss
def test_dual_objective_never_rises(X, y, name, parameter):
    _, reports = ascend(task_of(X, y, name, parameter))
    assert np.all(np.diff([r.objective for r in reports]) <= 0.0)
    assert np.all(np.diff([r.suboptimality for r in reports]) <= 0.0)


@each_loss
def test_dual_without_intercept_leaves_it(X, y, name, parameter):
    task = task_of(X, y, name, parameter, fit_intercept=False)
    ascent, reports = ascend(task)
    assert ascent.b[0] == 0.0
    w = -(X.T @ ascent.t) / ALPHA
    assert_allclose(raw_model(task, ascent)[0], w, atol=1e-6 * abs(w).max())
    gap = reports[-1].objective - dual_objective(task, ascent.t)
    assert gap <= task.needed(1e-10, reports[-1].objective) + 1e-13


@each_loss
def test_dual_weight_two_is_the_row_twice(X, y, name, parameter):
    weight = np.where(np.arange(300) < 100, 2.0, 1.0)
    twice = vstack([X, X[:100]], format="csr")
    one = task_of(X, y, name, parameter, weight=weight)
    other = task_of(twice, np.r_[y, y[:100]], name, parameter)
    w, w_twice = (raw_model(task, ascend(task, 1e-12)[0])[0] for task in (one, other))
    # F is strongly convex in w: |w - w*|^2 <= 2 gap / alpha
    assert_allclose(w, w_twice, atol=np.sqrt(2e-12 / ALPHA) * 2)


@each_loss
def test_dual_weight_zero_is_the_row_absent(X, y, name, parameter):
    weight = np.where(np.arange(300) < 100, 0.0, 1.0)
    one = task_of(X, y, name, parameter, weight=weight)
    other = task_of(X, y, name, parameter, rows=np.arange(100, 300))
    w, w_absent = (raw_model(task, ascend(task, 1e-12)[0])[0] for task in (one, other))
    assert_allclose(w, w_absent, atol=np.sqrt(2e-12 / ALPHA) * 2)


@each_loss
def test_dual_takes_float32_and_wide_indices(X, y, name, parameter):
    single = X.astype(np.float32)
    wide = single.astype(np.float64)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), X.indptr.astype(np.int64)
    one, other = (ascend(task_of(x, y, name, parameter))[0] for x in (single, wide))
    assert_allclose(one.v, other.v, atol=1e-12)  # the same numbers, sums in double
    assert_allclose(one.b, other.b, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_dual_is_deterministic(X, y, mode):
    task = task_of(X, y, "hinge", 0.0)
    one, other, seeded = (ascend(task, 1e-4, mode, seed)[0] for seed in (1, 1, 2))
    assert_array_equal(one.v, other.v)
    assert np.array_equal(one.v, seeded.v) == (mode == "batch")


def test_dual_constant_column_stays_out(X, y):
    constant = X.tolil()
    constant[:, 3] = 2.0
    task = task_of(csr_array(constant), y, "absolute_error", 0.0)
    ascent, reports = ascend(task)
    assert ascent.v[0, 3] == 0.0
    assert_allclose(reports[-1].objective, objective(task, ascent), rtol=1e-12)


@each_loss
def test_dual_warm_start_is_never_lost(X, y, name, parameter):
    task = task_of(X, y, name, parameter)
    best = ascend(task, 1e-8)[0]
    again = DualAscent(task, best.v, best.b, 1e-8, "stochastic", 0)
    first = again.run_epoch()
    assert first.objective <= objective(task, best) * (1 + 1e-14)
    assert first.suboptimality < task.null_objective


def test_dual_says_when_it_stalls(rng):
    X = sparse_rows(rng)
    X.data *= 1e3 ** rng.random(X.nnz)  # rows and columns of very different size
    task = task_of(X, rng.normal(size=300), "absolute_error", 0.0)
    ascent = DualAscent(task, np.zeros((1, 80)), np.zeros(1), 1e-10, "batch", 0)
    for _ in range(320):
        ascent.run_epoch()
    assert ascent.stalled


@pytest.mark.parametrize(("name", "parameter"), SMOOTH, ids=str)
def test_dual_says_sooner_when_it_stalls_if_the_loss_is_smooth(name, parameter, rng):
    X = sparse_rows(rng)
    X.data *= 1e3 ** rng.random(X.nnz)
    task = task_of(X, rng.normal(size=300), name, parameter)
    ascent = DualAscent(task, np.zeros((1, 80)), np.zeros(1), 1e-14, "batch", 0)
    for _ in range(40):
        ascent.run_epoch()
    assert ascent.stalled


@each_loss
@pytest.mark.parametrize("common", [0.0, 5.0])
def test_dual_finds_the_intercept_where_rows_are_alike_or_not(
    name, parameter, common, rng
):
    X = 30.0 * rng.normal(size=(300, 900)) * (rng.random((300, 900)) < 0.02)
    X[:, 0] = common + rng.normal(size=300)
    task = task_of(csr_array(X), rng.normal(size=300) + 3.0, name, parameter)
    reports = ascend(task, tol=1e-4)[1]
    assert len(reports) <= 40  # 7 to 23
    assert reports[-1].suboptimality <= task.needed(1e-4, reports[-1].objective)


@each_kinked
def test_rows_without_entries_are_settled_with_the_intercept(name, parameter, rng):
    # The other rows are long: their dual variables are a thousandth of these rows'.
    X, n_empty = 100.0 * rng.normal(size=(300, 800)), 5
    X[rng.random(X.shape) > 0.03] = 0.0
    X[:n_empty] = 0.0
    y = rng.normal(size=300) + 0.5
    task = task_of(csr_array(X), y, name, parameter)
    ascent, reports = ascend(task, tol=1e-4)
    assert len(reports) <= 150  # 27 to 57; by single steps more than 1000
    assert reports[-1].suboptimality <= task.needed(1e-4, reports[-1].objective)
    centre, lo, hi, _, e = form_of(task.loss)
    r = (raw_model(task, ascent)[1] - centre)[:n_empty]
    slopes = np.where(r > e, hi[:n_empty], np.where(r < -e, lo[:n_empty], 0.0))
    beside = np.abs(np.abs(r) - e) > 1e-3  # a kink
    assert beside.any()
    assert_allclose(ascent.t[:n_empty][beside], slopes[beside], atol=1e-4 / 300)


def estimator_for(name, **parameters):
    model = GDClassifier if name in SIGNS else GDRegressor
    return model(loss=name, random_state=0, **parameters)


def target_of(name, y):
    return (y > np.median(y)).astype(int) if name in SIGNS else y


def test_dual_says_whether_there_is_another_model(X, y):
    task = task_of(X, y, "hinge", 0.0)
    ascent = DualAscent(task, np.zeros((1, 80)), np.zeros(1), 1e-12, "batch", 0)
    told = []
    for _ in range(30):
        before = ascent.v
        told.append(ascent.run_epoch().progressed == (ascent.v is not before))
    assert all(told[1:])


@pytest.mark.parametrize("seed", [1, 9, 13, 14, 35, 48])
def test_what_follows_a_stalled_dual_converges(seed):
    # Columns of different size, rows more than once: the gap of the dual rests.
    rng = np.random.default_rng(seed)
    n, d = int(rng.choice([100, 300, 1000])), int(rng.choice([1500, 3000]))
    X = rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.01)
    X = csr_array(X * 10.0 ** rng.uniform(-2, 2, size=d))[rng.integers(0, n, n)]
    name = SMOOTH[seed % 4][0]
    y = target_of(name, rng.normal(size=n))
    assert estimator_for(name, alpha=10.0 ** rng.uniform(-7, -3)).fit(X, y).converged_


@pytest.mark.parametrize("unit", [1.0, 30.0, 1e4, 1e6])
def test_huber_with_an_epsilon_far_below_the_spread_has_an_estimate(unit):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 1500)) * (rng.random((500, 1500)) < 0.01)
    y = unit * (X @ rng.normal(size=1500) + rng.normal(size=500))
    model = GDRegressor("huber", alpha=1e-3).fit(csr_array(X), y)
    assert model.converged_
    assert model.suboptimality_ <= 1e-4 * np.abs(y).max()


def test_rows_that_cancel_leave_the_intercept_its_step():
    # Pairs compared in both directions: X't is zero for equal t.
    rng = np.random.default_rng(0)
    X = csr_array(rng.normal(size=(400, 600)) * (rng.random((400, 600)) < 0.1))
    w = rng.normal(size=600)
    y = X @ w + rng.normal(size=400)
    both = vstack([X, -X], format="csr")
    y = np.r_[y, -y] + 0.1 * rng.normal(size=800)
    model = GDClassifier("hinge", alpha=1e-2).fit(both, y > np.median(y))
    assert model.converged_
    assert model.n_iter_ <= 60  # once 320


@each_loss
@pytest.mark.parametrize("size", [1e-160, 1e-9, 0.0, 1e150])
def test_dual_takes_columns_next_to_zero_and_next_to_overflow(name, parameter, size, X):
    wide = hstack([X, csr_array((X.shape[0], 520))])
    y = target_of(name, np.random.default_rng(0).normal(size=X.shape[0]))
    with np.errstate(all="ignore"):
        model = estimator_for(name, alpha=1e-6).fit(csr_array(wide * size), y)
    assert model.converged_
    assert np.isfinite(model.suboptimality_)
