"""Losses of pieces on sparse X of many columns: steps on both sides of a saddle."""

import warnings
from functools import partial

import numpy as np
import pytest
from kinked_tasks import (
    OF_CLASSES,
    PARAMETERS,
    SMOOTH,
    Penalty,
    make_task,
    objective,
    run,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack

from skgd import GDClassifier, GDRegressor, alpha_path
from skgd.auto import _choice, _likely_columns, _primal_dual
from skgd.auto._dual_bound import balanced, bound_below
from skgd.auto._interior import InteriorPoint
from skgd.auto._interval import Interval
from skgd.auto._likely_columns import likely, solve_over
from skgd.auto._multipliers import Multipliers
from skgd.auto._primal_dual import PrimalDual
from skgd.auto._settle import on_rows

LOSSES = pytest.mark.parametrize("loss", PARAMETERS | SMOOTH)
PENALTIES = pytest.mark.parametrize(
    "penalty",
    [
        Penalty(ridge=1e-3),
        Penalty(l1=1e-3),
        Penalty(1e-3, 1e-3),
        Penalty(l1=1e-3, positive=True),
        Penalty(1e-2, positive=True),
    ],
    ids=["l2", "l1", "elasticnet", "positive l1", "positive l2"],
)


def some_rows(rng, n=120, d=60):
    """Give sparse rows: one column is full, one is constant, one has two values."""
    X = np.where(rng.random((n, d)) < 0.1, rng.lognormal(size=(n, d)), 0.0)
    X[:, 0], X[:, 1] = 5.0 + rng.normal(size=n), 0.0
    X[:, 2] = rng.random(n) < 0.6
    X[:, 3:20] *= 10 ** rng.uniform(-3, 3, size=17)
    return csr_array(X)


def make_targets(X, loss, rng):
    """Give targets that X explains in part, and weights of which some are zero."""
    n, d = X.shape
    spread = np.sqrt(X.power(2).mean(axis=0)) + 1e-300
    z = csr_array(X / spread) @ rng.normal(size=d) / 8
    z += 0.2 * rng.standard_t(2, size=n)
    weight = rng.integers(0, 3, size=n) * rng.uniform(0.5, 1.0, size=n)
    return np.where(z > np.median(z), 1.0, -1.0) if loss in OF_CLASSES else z, weight


def a_task(rng, loss, penalty, fit_intercept=True):
    X = some_rows(rng)
    y, weight = make_targets(X, loss, rng)
    return make_task(X, y, loss, penalty, weight, fit_intercept)


@LOSSES
@PENALTIES
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_steps_end_at_the_optimum_and_have_bounded_it(
    rng, loss, penalty, fit_intercept
):
    task = a_task(rng, loss, penalty, fit_intercept)
    least = run(InteriorPoint, task, 1e-11)[0].objective
    descent, reports = run(PrimalDual, task, 1e-7)
    gain = task.null_objective - least
    assert reports[-1].certified
    assert_allclose(descent.objective, objective(task, descent), rtol=1e-12)
    assert descent.objective - least <= 1e-7 * gain
    assert not penalty.positive or (descent.v >= 0).all()
    assert (descent.v[0, task.view.scale == 0.0] == 0.0).all()
    if not fit_intercept:
        assert_array_equal(descent.b, task.constant)
    objectives = [r.objective for r in reports]
    assert objectives == sorted(objectives, reverse=True)
    for report in reports:  # a bound of F - F*, of each model
        assert report.suboptimality >= report.objective - least - 1e-9 * gain


def test_no_product_is_longer_than_the_steps_allow(rng):
    task = a_task(rng, "absolute_error", Penalty(1e-3))
    descent = PrimalDual(task, np.zeros((1, 60)), task.constant, 1e-3)
    assert_array_equal(np.flatnonzero(descent._offset == 0.0), [0, 1, 2])
    product = np.array([descent._predict(row) for row in np.eye(61)]).T
    assert_allclose(
        np.array([descent._pull(row) for row in np.eye(len(product))]), product
    )
    scaled = np.sqrt(descent._dual_step)[:, None] * product * np.sqrt(descent._step)
    assert 0.3 < np.linalg.norm(scaled, 2) <= 1.0


@pytest.mark.parametrize("total", [-1.0, 0.0, 1.0])
def test_balanced_slopes_stay_inside_and_add_up_to_nothing(rng, total):
    interval = Interval("quantile", 0.8, rng.normal(size=50), np.full(50, 0.02))
    t = np.clip(0.02 * rng.normal(total, 0.5, size=50), interval.low, interval.high)
    if not total:
        t[:25], t[25:] = -0.003, 0.003
    found = balanced(t, interval)
    assert abs(found.sum()) < 1e-15
    assert (interval.low <= found).all()
    assert (found <= interval.high).all()
    assert total or np.abs(found - t).max() < 1e-15


def words(seed, n=600, d=3000):
    """Give rows of 30 words each, some words frequent, and what they amount to."""
    random = np.random.default_rng(seed)
    drawn = random.integers(0, d, size=(n, 30))
    often = (random.pareto(0.7, size=(n, 15)) * 3).astype(int)
    drawn[:, :15] = np.minimum(often, d - 1)
    ends = np.arange(0, drawn.size + 1, 30)
    X = csr_array((np.ones(drawn.size), drawn.ravel(), ends), shape=(n, d))
    X.sum_duplicates()
    return X, X @ random.normal(size=d) + random.standard_t(3, size=n)


ESTIMATORS = {
    "hinge": GDClassifier,
    "absolute_error": GDRegressor,
    "squared_hinge": GDClassifier,
    "huber": GDRegressor,
}


@pytest.mark.parametrize("loss", ESTIMATORS)
@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_a_weak_l1_on_words_ends_at_the_optimum(loss, penalty):
    # shifted smoothing by Newton steps on working sets did not leave the constant model
    X, z = words(0, n=1500)
    y = z > np.median(z) if loss in OF_CLASSES else z
    model = ESTIMATORS[loss](loss, penalty=penalty, alpha=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)
    assert model.converged_
    assert model.n_iter_ < (200 if loss in PARAMETERS else 300)
    tight = ESTIMATORS[loss](loss, penalty=penalty, alpha=1e-5, tol=1e-5).fit(X, y)
    assert model.objective_ - tight.objective_ <= model.suboptimality_


def test_a_weak_l1_agrees_with_linear_programming():
    X, z = words(1, d=2500)
    n, d = X.shape
    alpha, sign = 1e-5, np.where(z > 0, 1.0, -1.0)
    columns = X.multiply(sign[:, None]).tocsr()
    rows = hstack([columns, -columns, csr_array(sign[:, None]), eye_array(n)])
    costs = np.concatenate([np.full(2 * d, alpha), [0.0], np.full(n, 1.0 / n)])
    bounds = [(0, None)] * (2 * d) + [(None, None)] + [(0, None)] * n
    names = "primal_feasibility_tolerance", "dual_feasibility_tolerance"
    options = dict.fromkeys(names, 1e-10)
    limits = -rows, -np.ones(n)
    least = linprog(costs, *limits, bounds=bounds, method="highs", options=options).fun
    model = GDClassifier("hinge", penalty="l1", alpha=alpha, tol=1e-7).fit(X, z > 0)
    assert model.converged_
    assert -1e-9 < model.objective_ - least <= 1e-7


@LOSSES
@pytest.mark.parametrize(
    "penalty",
    [Penalty(l1=0.02), Penalty(1e-3, 0.02), Penalty(l1=0.02, positive=True)],
    ids=["l1", "elasticnet", "positive"],
)
def test_an_interior_point_over_likely_columns_is_one_over_all(
    rng, loss, penalty, monkeypatch
):
    monkeypatch.setattr(_likely_columns, "_FEW_MISSING", np.inf)
    monkeypatch.setattr(_likely_columns, "_TRIES", 20)
    task = on_rows(a_task(rng, loss, penalty))
    best = run(InteriorPoint, task, 1e-10)[0]
    moving = np.flatnonzero(best.v)
    seen = []
    # the others come in
    found = solve_over(task, moving[:1], 1e-4, seen.append)
    assert found is seen[-1]
    assert (found.v[0, moving] != 0).sum() > 1
    gain = task.null_objective - best.objective
    assert objective(task, found) - best.objective <= 1e-5 * gain
    interval = task.loss.interval
    if interval.smooth:
        interval = interval.with_bounds(task.null_objective)
    t = balanced(np.clip(found.t, interval.low, interval.high), interval)
    g = task.view.rmatvec(t[None])[0]
    bound = bound_below(task, interval, t, g)
    assert -1e-9 * gain <= best.objective - bound <= 1e-4 * gain
    assert np.isin(moving, likely(task, best.v, g)).all()
    first = solve_over(task, moving[:1], 1e-4, lambda _: True)
    assert not np.delete(first.v[0], moving[0]).any()


def test_few_missing_columns_are_taken_in_and_many_are_not(rng, monkeypatch):
    task = on_rows(a_task(rng, "absolute_error", Penalty(l1=1e-3)))
    t = run(InteriorPoint, task, 1e-10)[0].slopes()
    pull = np.abs(task.view.rmatvec(t[None])[0])
    moving = np.flatnonzero(pull > 0.99 * task.l1)
    assert len(moving) > 20
    tried = []

    def solved(task, columns, tol):
        tried.append(len(columns))
        return _likely_columns.Found(np.zeros((1, len(task.l1))), np.zeros(1), 1.02 * t)

    monkeypatch.setattr(_likely_columns, "_solve", solved)
    monkeypatch.setattr(_likely_columns, "_FEW_MISSING", 0.1)
    solve_over(task, moving[1:], 1e-4, lambda _: False)
    assert tried[0] == len(moving) - 1
    assert tried[1] >= len(moving)
    assert len(tried) == 2
    tried.clear()
    solve_over(task, moving[len(moving) // 2 :], 1e-4, lambda _: False)
    assert len(tried) == 1


@pytest.mark.parametrize("loss", ["hinge", "absolute_error"])
def test_few_columns_are_left_to_an_interior_point(loss, monkeypatch):
    X, z = words(4)
    y = z > np.median(z) if loss in OF_CLASSES else z / z.std()
    settings = {"penalty": "l1", "alpha": 3e-3, "tol": 1e-6}
    begun = []
    monkeypatch.setattr(
        _primal_dual,
        "solve_over",
        lambda *args: begun.append(len(args[1])) or solve_over(*args),
    )
    quick = ESTIMATORS[loss](loss, **settings).fit(X, y)
    monkeypatch.setattr(_primal_dual, "_MOST_COLUMNS", 0)
    slow = ESTIMATORS[loss](loss, **settings).fit(X, y)
    assert begun
    assert max(begun) < 1000
    assert quick.converged_
    assert slow.converged_
    assert 2 * quick.n_iter_ < slow.n_iter_
    apart = quick.objective_ - slow.objective_
    assert -slow.suboptimality_ - 1e-12 <= apart <= quick.suboptimality_ + 1e-12


@pytest.mark.parametrize("l1", [0.6, 10.0])
def test_a_constant_model_that_is_the_optimum_is_certified(rng, l1):
    # `tol` is a share of what is explained: nothing
    X = some_rows(rng)
    X = csr_array(X / np.maximum(abs(X).max(axis=0).toarray(), 1.0))
    y, weight = make_targets(X, "absolute_error", rng)
    y = np.round(y)  # many rows at one kink
    task = make_task(X, y, "absolute_error", Penalty(l1=l1), weight)
    descent, reports = run(PrimalDual, task, 1e-3)
    assert reports[-1].certified
    assert reports[-1].suboptimality == 0.0
    assert len(reports) < 30
    assert not descent.v.any()


def test_a_start_with_slopes_is_a_better_one(rng, monkeypatch):
    monkeypatch.setattr(_primal_dual, "_MOST_COLUMNS", 0)
    task = a_task(rng, "absolute_error", Penalty(l1=1e-3))
    descent, reports = run(PrimalDual, task, 1e-6)
    given = descent.v, descent.b
    begin = partial(PrimalDual, t=descent.t, balance=descent.balance)
    assert 3 * len(run(begin, task, 1e-6, given)[1]) < len(reports)


def test_a_path_takes_the_slopes_along():
    X, z = words(3)
    alphas = np.geomspace(3e-4, 1e-4, 4)
    model = GDRegressor("absolute_error", penalty="l1", tol=1e-4)
    path = alpha_path(model, X, z, alphas=alphas)
    alone = [
        GDRegressor("absolute_error", penalty="l1", tol=1e-4, alpha=alpha).fit(X, z)
        for alpha in alphas
    ]
    assert sum(path.n_iters) < 0.8 * sum(m.n_iter_ for m in alone)
    null = np.abs(z - np.median(z)).mean()
    for found, other in zip(path.objectives, alone, strict=True):
        assert abs(found - other.objective_) <= 1e-4 * (null - found)


def chosen(X, loss="absolute_error", **parameters):
    """Give the descent of a fit."""
    made, make = [], _choice.make_descent

    def remember(*given):
        made.append(make(*given))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skgd.auto._epochs.make_descent", remember)
        GDRegressor(loss, max_iter=1, tol=None, **parameters).fit(X, X.sum(axis=1))
    return made[0]


def test_what_suits_which_rows():
    (few, _), (many, _) = words(4, d=1000), words(4)
    assert isinstance(chosen(many, penalty="l1", alpha=1e-6), PrimalDual)
    assert isinstance(chosen(many, penalty="elasticnet", alpha=1e-6), PrimalDual)
    assert isinstance(chosen(few, penalty="l1", alpha=1e-6), InteriorPoint)
    # few columns may move
    assert isinstance(chosen(many, penalty="l1", alpha=0.5), InteriorPoint)
    # without a penalty there is no bound
    assert not isinstance(chosen(many, penalty=None, positive=True), PrimalDual)


@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1e160, 1e300])
def test_units_of_y_change_nothing(unit):
    X, z = words(6)
    model = GDRegressor("absolute_error", penalty="l1", alpha=1e-4)
    plain = model.fit(X, z)
    n_iter, objective = plain.n_iter_, plain.objective_
    scaled = model.fit(X, z * unit)
    assert scaled.n_iter_ == n_iter
    assert_allclose(scaled.objective_ / unit, objective, rtol=1e-9)


def test_rows_next_to_no_weight_and_heavy_classes():
    X, z = words(6)
    weight = np.ones(len(z))
    weight[:5] = 1e-320
    fit = GDRegressor("absolute_error", penalty="l1", alpha=1e-4).fit
    assert fit(X, z, sample_weight=weight).converged_
    heavy = GDClassifier(
        "hinge", penalty="l1", alpha=1e-4, class_weight={0: 1e-4, 1: 1.0}
    )
    assert heavy.fit(X, z > np.quantile(z, 0.7)).converged_


def test_a_start_with_slopes_has_their_bound(rng):
    task = a_task(rng, "hinge", Penalty(1e-3))
    done, _ = run(PrimalDual, task, 1e-6)
    start = np.zeros((1, task.view.n_features)), task.constant
    fresh = PrimalDual(task, *start, 1e-6, done.t)
    assert fresh.lower >= done.lower - 1e-6 * task.null_objective


def test_dual_ascent_hands_its_slopes_over(rng):
    task = a_task(rng, "hinge", Penalty(1e-3))
    done, _ = run(PrimalDual, task, 1e-3)
    t = 1e-3 * rng.random(task.view.n_rows)
    none = np.zeros_like(done.v), task.constant
    assert isinstance(_choice._after_dual(task, done.v, done.b, 1e-3, t), Multipliers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_choice, "_MANY_COLUMNS", 50)
        patch.setattr(_choice, "_FEW_ROWS", 50)
        descent = _choice._after_dual(task, done.v, done.b, 1e-3, t)
        # a penalty so strong that nothing is explained leaves nothing but rounding
        assert isinstance(_choice._after_dual(task, *none, 1e-3, t), Multipliers)
    assert isinstance(descent, PrimalDual)
    assert_array_equal(descent._start[1], t[task.loss.weight > 0.0])


def test_single_precision_and_units_of_columns_change_nothing():
    X, z = words(5)
    units = 10 ** np.random.default_rng(5).uniform(-2, 2, size=X.shape[1])
    model = GDRegressor("epsilon_insensitive", penalty="l1", alpha=1e-5, epsilon=0.1)
    plain = model.fit(X, z).objective_
    single = model.fit(X.astype(np.float32), z)
    assert single.converged_
    assert single.coef_.dtype == np.float32
    assert_allclose(single.objective_, plain, rtol=2e-3)
    assert model.fit(csr_array(X.multiply(units)), z).converged_
