"""l1, elastic net and positivity without a learning rate."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_wine,
)
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression

from auto_reference import columns_in_groups
from skgd import GDClassifier, GDRegressor
from skgd._core.bridge import View
from skgd._core.coordinate import descend_columns, descend_gram
from skgd._core.engine import Design
from skgd._core.sample_space import SampleLoss
from skgd.auto._proximal import ProximalNewton
from skgd.auto._stochastic import make_move
from skgd.auto._task import Task

CLASSIFICATION = ("log_loss", "squared_hinge", "modified_huber")
REGRESSION = ("squared_error", "huber", "squared_epsilon_insensitive")


def make_task(
    X, y, loss, *, alpha, l1_ratio=1.0, positive=False, weight=None, parameter=1.0
):
    """Give the task of a small problem; its intercept starts at zero or the mean."""
    n = X.shape[0]
    s = np.full(n, 1.0 / n) if weight is None else weight / weight.sum()
    dense = X.toarray() if not isinstance(X, np.ndarray) else X
    mean = s @ dense
    sd = np.sqrt(s @ (dense - mean) ** 2)
    constant_column = dense.min(axis=0) == dense.max(axis=0)
    scale = np.where(constant_column, 0.0, 1.0 / np.where(sd > 0, sd, 1.0))
    K = int(y.max()) + 1 if loss == "softmax" else 1
    y = y.astype(np.int32) if loss == "softmax" else y.astype(np.float64)
    sample_loss = SampleLoss(loss, parameter, y, s, K)
    view = View(Design(X), np.arange(n, dtype=np.uint32), mean, scale)
    l1 = alpha * l1_ratio * scale
    ridge = alpha * (1.0 - l1_ratio) * scale**2
    task = Task(view, sample_loss, ridge, l1, positive, True, np.zeros(K), np.inf)
    nothing = replace(task, l1=np.full_like(l1, 1e300))
    b = descend(nothing, tol=None)[0].b
    z = np.repeat(b[:, None], n, axis=1)
    return replace(task, constant=b, null_objective=sample_loss.evaluate(z))


def descend(task, *, tol=1e-4, v=None, b=None, move=None, max_iter=400):
    v = np.zeros((len(task.constant), len(task.l1))) if v is None else v
    b = task.constant if b is None else b
    epochs = ProximalNewton(task, v, b, tol, move)
    reports = []
    for _ in range(max_iter):
        report = epochs.run_epoch()
        reports.append(report)
        if report.exhausted:
            break
        if report.certified and report.suboptimality <= task.needed(
            tol, report.objective
        ):
            break
    return epochs, reports


def raw_model(task, epochs):
    coef = epochs.v * task.view.scale
    return coef, epochs.b - coef @ task.view.mean


def optimality_violation(task, v, b):
    """Give the least subgradient's largest entry, by the penalty's weight if any."""
    z = task.view.matvec(v) + b[:, None]
    d = np.empty_like(z)
    task.loss.evaluate(z, d)
    g = task.view.rmatvec(d) + task.ridge * v
    signed = np.abs(g + task.l1 * np.sign(v))
    slack = -g - task.l1 if task.positive else np.abs(g) - task.l1
    own = np.where(v != 0, signed, np.maximum(slack, 0.0))
    return max(own.max(), np.abs(d.sum(axis=1)).max())


def check(task, tol=1e-4):
    """Run to `tol`; the gap to a far better run keeps it, and the estimate is right."""
    epochs, reports = descend(task, tol=tol)
    best, _ = descend(task, tol=1e-12, v=epochs.v, b=epochs.b)
    explained = task.null_objective - best.at.objective
    gap = epochs.at.objective - best.at.objective
    objectives = [report.objective for report in reports]
    assert np.all(np.diff(objectives) <= 0)
    assert np.isfinite(objectives).all()
    assert reports[-1].certified
    assert gap <= tol * explained + 1e-14 * abs(best.at.objective)
    assert reports[-1].suboptimality >= gap / 3 - 1e-14 * abs(best.at.objective)
    return epochs, best


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True, scaled=False)


@pytest.fixture(scope="module")
def breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return X, np.where(y > 0, 1.0, -1.0)


@pytest.mark.parametrize("alpha", [1e-6, 1e-2, 10.0])
@pytest.mark.parametrize("positive", [False, True], ids=["", "positive"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.15])
def test_proximal_agrees_with_coordinate_descent(diabetes, alpha, positive, l1_ratio):
    X, y = diabetes
    task = make_task(
        X, y, "squared_error", alpha=alpha, l1_ratio=l1_ratio, positive=positive
    )
    epochs, _ = descend(task, tol=1e-10)
    # The peer on standardised columns would have another penalty: more sweeps instead.
    options = {"tol": 1e-12, "max_iter": 10**6, "positive": positive}
    if l1_ratio == 1.0:
        peer = Lasso(alpha, **options).fit(X, y)
    else:
        peer = ElasticNet(alpha, l1_ratio=l1_ratio, **options).fit(X, y)
    coef, intercept = raw_model(task, epochs)
    assert_allclose(coef[0], peer.coef_, rtol=1e-5, atol=1e-7)
    assert_allclose(intercept[0], peer.intercept_, rtol=1e-6)
    assert_allclose(coef[0] == 0, peer.coef_ == 0)


@pytest.mark.parametrize("alpha", [1e-6, 1e-4, 1e-2])
@pytest.mark.parametrize("loss", REGRESSION)
def test_proximal_regression_keeps_its_tolerance(diabetes, loss, alpha):
    X, y = diabetes
    check(make_task(X, y, loss, alpha=alpha, parameter=10.0))


@pytest.mark.parametrize("alpha", [1e-6, 1e-4, 1e-2])
@pytest.mark.parametrize("positive", [False, True], ids=["", "positive"])
@pytest.mark.parametrize("loss", CLASSIFICATION)
def test_proximal_classification_keeps_its_tolerance(
    breast_cancer, loss, positive, alpha
):
    task = make_task(*breast_cancer, loss, alpha=alpha, positive=positive)
    if descend(task)[0].v.any():
        check(task)


@pytest.mark.parametrize("alpha", [1e-6, 1e-4, 1e-2])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.15])
def test_proximal_softmax_is_optimal(alpha, l1_ratio):
    X, y = load_wine(return_X_y=True)
    task = make_task(X, y, "softmax", alpha=alpha, l1_ratio=l1_ratio)
    epochs, best = check(task)
    assert optimality_violation(task, best.v, best.b) < 1e-6
    assert np.count_nonzero(epochs.v == 0) >= (13 if l1_ratio == 1.0 else 0)


def test_proximal_softmax_agrees_with_saga(rng):
    X = rng.normal(size=(300, 5))
    y = (X[:, :3] + 0.5 * rng.normal(size=(300, 3))).argmax(axis=1)
    task = make_task(X, y, "softmax", alpha=0.02)
    epochs, _ = descend(task, tol=1e-10)
    peer = LogisticRegression(
        l1_ratio=1.0, solver="saga", C=1 / (300 * 0.02), tol=1e-10, max_iter=10**5
    )
    if peer.penalty == "l2":  # before scikit-learn 1.8 the penalty had a name
        peer.set_params(penalty="l1", l1_ratio=None)
    peer.fit(X, y)
    coef, _ = raw_model(task, epochs)
    assert_allclose(coef, peer.coef_, atol=1e-5)


def test_proximal_kkt_conditions_hold(breast_cancer):
    task = make_task(*breast_cancer, "log_loss", alpha=1e-4)
    epochs, _ = descend(task, tol=1e-12)
    assert 0 < np.count_nonzero(epochs.v) < epochs.v.size
    # A violation e of one column, of curvature <= 1/4, leaves e^2 / (2 / 4) to gain.
    largest = np.sqrt(0.5 * 1e-12 * task.null_objective)
    assert optimality_violation(task, epochs.v, epochs.b) < largest


@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "squared_hinge"])
def test_proximal_warm_start_stops_at_once(breast_cancer, loss):
    task = make_task(*breast_cancer, loss, alpha=1e-3)
    epochs, _ = descend(task, tol=1e-8)
    again, reports = descend(task, v=epochs.v, b=epochs.b)
    assert len(reports) == 1
    assert_allclose(again.v, epochs.v, rtol=0)


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_proximal_weight_two_is_the_row_twice(breast_cancer, loss):
    X, y = breast_cancer
    weight = np.ones(len(y))
    weight[::3], weight[1::3] = 2.0, 0.0
    repeated = np.repeat(np.arange(len(y)), weight.astype(int))
    kept = weight > 0
    one = make_task(X[kept], y[kept], loss, alpha=1e-3, weight=weight[kept])
    other = make_task(X[repeated], y[repeated], loss, alpha=1e-3)
    a, b = descend(one, tol=1e-12)[0], descend(other, tol=1e-12)[0]
    assert_allclose(raw_model(one, a)[0], raw_model(other, b)[0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
@pytest.mark.parametrize("n_features", [40, 700], ids=["gram", "working set"])
def test_proximal_sparse_equals_dense(rng, loss, n_features):
    X = np.where(rng.random((300, n_features)) < 0.1, rng.random((300, n_features)), 0)
    y = np.sign(X[:, :5].sum(axis=1) - 0.25 + 0.1 * rng.normal(size=300))
    a, b = (
        descend(make_task(x, y, loss, alpha=3e-3), tol=1e-10)[0]
        for x in (X, csr_array(X))
    )
    assert 0 < np.count_nonzero(a.v) < n_features
    assert_allclose(a.v, b.v, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "squared_hinge"])
def test_proximal_wide_data_keeps_the_tolerance(rng, loss):
    X = rng.normal(size=(80, 600)) * 10.0 ** rng.uniform(-3, 3, 600)
    y = np.sign(X[:, :4] / X[:, :4].std(axis=0) @ np.ones(4))
    check(make_task(X, y, loss, alpha=1e-3))


def test_proximal_survives_any_scale(rng):
    X = rng.normal(size=(60, 6)) * [1e-18, 1e-9, 1.0, 1e4, 1e9, 0.0]
    X[:, 5] = 0.1
    y = X[:, 2] + X[:, 4] / 1e9
    task = make_task(X, y, "squared_error", alpha=1e-6)
    epochs, _ = check(task)
    assert epochs.v[0, 5] == 0


def test_proximal_survives_all_levels_of_one_hot_columns(rng):
    codes = rng.integers(0, 8, (400, 3))
    X = np.hstack([np.eye(8)[c] for c in codes.T])
    y = np.sign(rng.normal(size=8)[codes[:, 0]] + rng.normal(size=400))
    for loss in CLASSIFICATION:
        check(make_task(X, y, loss, alpha=1e-6))


@pytest.mark.parametrize("mode", ["stochastic", "mini-batch"])
@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_proximal_moves_end_in_the_same_model(breast_cancer, mode, loss):
    task = make_task(*breast_cancer, loss, alpha=1e-3)
    plain, _ = descend(task, tol=1e-10)
    moved, reports = descend(task, tol=1e-10, move=make_move(task, mode, 0))
    objectives = [report.objective for report in reports]
    assert np.all(np.diff(objectives) <= 0)
    assert_allclose(moved.v, plain.v, rtol=1e-3, atol=1e-5)


def test_proximal_moves_end_where_they_do_not_pay():
    X, digit = load_digits(return_X_y=True)
    y = np.where(digit == 0, 1.0, -1.0)  # nearly separable: most rows are flat
    task = make_task(X.copy(order="C"), y, "squared_hinge", alpha=1e-6)
    _, reports = descend(task, tol=1e-4, move=make_move(task, "mini-batch", 0))
    assert reports[-1].certified
    assert len(reports) < 500  # with moves to the end, more than 1000


@pytest.mark.parametrize("loss", ["squared_hinge", "modified_huber"])
def test_proximal_ends_where_nothing_above_zero_is_left(rng, loss):
    # No loss is negative: F itself bounds F - F*, however slowly its model is solved.
    X = rng.normal(size=(40, 100))
    y = np.sign(X @ rng.normal(size=100))
    task = make_task(X, y, loss, alpha=1e-6)
    _, reports = descend(task, tol=1e-4)
    assert len(reports) <= 4  # up to 24 until the step's promise is as small
    assert reports[-1].certified
    objective = reports[-1].objective
    assert reports[-1].suboptimality <= objective <= task.needed(1e-4, objective)


@pytest.mark.parametrize("seed", range(20))
def test_proximal_ends_certified_on_random_tasks(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(5, 120)), int(rng.integers(1, 60))
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d))
    X = X * 10.0 ** rng.uniform(-4, 4, d) + rng.normal(size=d)
    X[:, rng.random(d) < 0.1] = 1.0
    loss = str(rng.choice([*CLASSIFICATION, *REGRESSION, "softmax"]))
    y = rng.normal(size=n) * 10.0 ** rng.uniform(-3, 3)
    if loss in CLASSIFICATION:
        y = np.where(rng.permutation(n) < n // 2, 1.0, -1.0)
    if loss == "softmax":
        y = rng.permutation(n) % 3
    task = make_task(
        X,
        y,
        loss,
        alpha=10.0 ** rng.uniform(-6, 0),
        l1_ratio=rng.choice([0.15, 1.0]),
        positive=rng.random() < 0.3,
        weight=rng.pareto(1.0, n) + 1e-3,
        parameter=abs(y).mean(),
    )
    epochs, reports = descend(task)
    assert np.isfinite(epochs.v).all()
    assert reports[-1].certified
    assert epochs.at.objective <= task.null_objective * (1 + 1e-12)


@pytest.mark.parametrize("swept", [0, 3])
def test_gram_descent_is_exact_where_the_condition_is_bad(rng, swept):
    p = 60
    basis = np.linalg.qr(rng.normal(size=(p, p)))[0]
    H = basis * np.logspace(0, -12, p) @ basis.T
    H = 0.5 * (H + H.T)
    g, l1 = rng.normal(size=p) @ H, np.full(p, 1e-7)
    v, r = np.zeros(p), g.copy()
    decrease, *_ = descend_gram(
        H, r, l1, np.zeros(p, np.uint8), v, 0.0, 1e-14, 300, swept
    )
    violation = np.where(v != 0, abs(r + l1 * np.sign(v)), abs(r) - l1).max()
    assert violation < 1e-5 * l1[0]
    assert_allclose(decrease, -(0.5 * (g + r) @ v + l1 @ abs(v)), rtol=1e-6)


def test_column_descent_equals_gram_descent(rng):
    X = np.where(rng.random((100, 30)) < 0.2, rng.normal(size=(100, 30)), 0.0)
    h, scale = rng.random(100), rng.random(30) + 0.5
    e, ridge, l1 = rng.normal(size=100), np.full(30, 0.01), np.full(30, 0.5)
    whole = np.hstack([X * scale, np.ones((100, 1))])
    H = (whole.T * h) @ whole + np.diag(np.append(ridge, 0.0))
    none = np.zeros(31, np.uint8)
    v, r = np.zeros(31), whole.T @ e
    descend_gram(H, r, np.append(l1, 0.0), none, v, 0.0, 1e-12, 100)
    X = csr_array(X).tocsc()
    matrix = X.data, X.indices.astype(np.int32), X.indptr.astype(np.int64)
    x = np.zeros(31)
    descend_columns(
        matrix, scale, h, ridge, np.append(l1, 0.0), none, True, x, e, 0.0, 1e-12, 100
    )
    assert_allclose(x, v, atol=1e-6)


def test_proximal_takes_few_steps_beside_groups_of_columns_that_add_up_to_one():
    n, random = 2000, np.random.default_rng(0)
    X, first, second = columns_in_groups(n, random)
    y = random.normal(size=400)[first] + random.normal(size=200)[second]
    y += 2.0 * random.normal(size=n)
    options = {"penalty": "l1", "alpha": 1e-6, "tol": 1e-8, "max_iter": 12}
    model = GDRegressor(**options).fit(csr_array(X), y)
    assert model.converged_  # 6 epochs; 27 where columns took their turns for ever


@pytest.mark.parametrize("seed", [24, 86])
def test_proximal_estimate_is_true_far_below_the_tolerance(seed):
    # After the stochastic move a first round gained 0.8 % of what was left, too little
    # to count beside the tolerance: the estimate was 11 % of the truth.
    random, n = np.random.default_rng(seed), 1000
    groups = [(random.integers(0, k, n) * random.random(n) ** 0.5) for k in (3, 16)]
    at, far = random.uniform(500, 2200, n), random.gamma(2.0, 500, n)
    late = random.gamma(0.7, 30, n)
    hour, minute = at // 100 + 1e-2 * random.random(n), at % 100
    time_in_air = far / 7 + 9 * random.normal(size=n)
    month = random.integers(1, 13, n)
    numbers = [at, hour, minute, at + late, far, time_in_air, far / 60, late, month]
    one_hot = [np.eye(k)[g.astype(int)] for g, k in zip(groups, (3, 16), strict=True)]
    X = np.hstack([*one_hot, np.column_stack(numbers)])
    y = late - 5 + 0.01 * far - 0.1 * time_in_air + 18 * random.normal(size=n)

    def objective(model):
        w = model.coef_
        squares = np.mean((y - model.predict(X)) ** 2)
        return 0.5 * squares + 1e-6 * (0.15 * abs(w).sum() + 0.425 * w @ w)

    options = {"penalty": "elasticnet", "alpha": 1e-6, "random_state": seed}
    best = objective(GDRegressor(mode="batch", tol=1e-15, **options).fit(X, y))
    model = GDRegressor(mode="stochastic", **options).fit(X, y)
    gap = objective(model) - best
    assert gap < 1e-4 * 0.5 * y.var()
    assert gap / 3 < model.suboptimality_ < 10 * max(gap, 1e-9 * 0.5 * y.var())


def zipf_text(n, d, seed):
    """Give counts of words, of which most are rare, and a target that they explain."""
    random = np.random.default_rng(seed)
    words = np.minimum((random.pareto(0.6, size=(n, 40)) * 2).astype(int), d - 1)
    ones, starts = np.ones(words.size), np.arange(0, words.size + 1, 40)
    X = csr_array((ones, words.ravel(), starts), shape=(n, d))
    X.sum_duplicates()
    coef = random.normal(size=d) * (random.random(d) < 0.2)
    return X, X @ coef / 3 + random.normal(size=n)


@pytest.mark.parametrize("rounds", [5, 10, 30])
@pytest.mark.parametrize("seed", range(3))
def test_column_descent_tells_what_is_left_where_rounds_are_slow(seed, rounds):
    n, d = 150, 1000
    X, y = zipf_text(n, d, seed)
    X = X.tocsc()
    matrix = X.data, X.indices.astype(np.int32), X.indptr.astype(np.int64)
    weights = np.ones(d), np.full(n, 1 / n), np.zeros(d), np.full(d + 1, 1e-4)
    none = np.zeros(d + 1, np.uint8)

    def descend_for(most):
        v, e = np.zeros(d + 1), -y / n
        return descend_columns(matrix, *weights, none, True, v, e, 0.0, 1e-14, most)

    total, left, taken = descend_for(rounds)
    assert taken == rounds
    truth = descend_for(1500)[0] - total
    assert truth > 5e-4 * total  # after 30 rounds, too
    assert truth / 10 < left < 30 * truth


def test_proximal_absolute_error_is_optimal_on_text():
    X, y = zipf_text(400, 4000, 2)
    n, d = X.shape
    alpha = 1e-6
    costs = np.concatenate([np.full(2 * d, alpha), [0, 0], np.full(2 * n, 1 / n)])
    ones, unit = np.ones((n, 1)), eye_array(n)
    equal = hstack([X, -X, ones, -ones, unit, -unit]).tocsc()
    best = linprog(costs, A_eq=equal, b_eq=y, bounds=(0, None), method="highs").fun
    model = GDRegressor(loss="absolute_error", penalty="l1", alpha=alpha).fit(X, y)
    objective = abs(y - model.predict(X)).mean() + alpha * abs(model.coef_).sum()
    gap, null = objective - best, abs(y - np.median(y)).mean()
    assert gap < 1e-3 * (null - best)
    assert model.suboptimality_ > gap / 10  # 0.8 of it; it was 0.04


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("seed", [0, 3, 4, 8])
def test_a_warm_start_on_some_columns_is_not_taken_for_the_optimum(penalty, seed):
    # The columns outside of the working set promise little before the first step.
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(100, 1000))
    y = X[:, :20] @ rng.normal(size=20) + 0.5 * rng.normal(size=100)
    model = GDRegressor(penalty=penalty, alpha=1e-3)
    best = model.set_params(tol=1e-8).fit(X, y).objective_
    weaker = GDRegressor(penalty=penalty, alpha=1e-4, tol=1e-3).fit(X, y)
    start = {"coef_init": weaker.coef_, "intercept_init": weaker.intercept_}
    model.set_params(tol=1e-4).fit(X, y, **start)
    assert model.suboptimality_ >= 0.3 * (model.objective_ - best)


@pytest.mark.parametrize("seed", [21, 35, 37, 38, 41, 43, 66, 118])
def test_a_row_that_crosses_a_kink_is_not_overlooked_among_few(seed):
    # One row of 10 to 50 was a small part of the curvature: estimates were up to 1900
    # times too small.
    rng = np.random.default_rng(seed)
    n = int(rng.integers(10, 50))
    d = int(n * rng.uniform(1.2, 3))
    X = rng.normal(size=(n, 5)) @ rng.normal(size=(5, d))
    X += rng.choice([0.05, 0.3, 1.0]) * rng.normal(size=(n, d))
    w = np.where(rng.random(d) < 5 / d, rng.normal(size=d), 0)
    y = X @ w + 0.3 * rng.standard_t(2, n)
    alpha, l1_ratio = 10 ** rng.uniform(-5, -2), 0.5 if seed % 2 else 1.0
    loss, options = "squared_epsilon_insensitive", {"alpha": alpha}
    options |= {"l1_ratio": l1_ratio, "parameter": 0.01}
    task = make_task(X, y / y.std(), loss, **options)
    best = descend(task, tol=1e-12, max_iter=2000)[1][-1].objective
    for tol in (1e-4, 1e-6):
        report = descend(task, tol=tol)[1][-1]
        assert report.certified
        gap = report.objective - best
        assert report.suboptimality > gap / 3 - 1e-12 * task.null_objective


@pytest.mark.parametrize("seed", range(4))
def test_rows_that_cross_kinks_for_ever_are_left_to_an_interior_point(seed):
    # Newton steps alone took 49 to 84 epochs; diamonds (53 940 rows) ended after 110,
    # not converged.
    rng = np.random.default_rng(seed)
    n, d = 3000, 8
    mixed = rng.lognormal(0, 1, (n, d)) @ (np.eye(d) + 0.9)
    X = mixed * 10.0 ** rng.uniform(-3, 3, d) + 100
    z = (X - X.mean(0)) / X.std(0) @ rng.standard_normal(d)
    y = 1e4 * np.exp(z / z.std()) + 1e3 * rng.standard_t(2, n)
    model = GDRegressor("huber", penalty="l1", alpha=1e-4).fit(X, y)
    assert model.converged_
    assert 20 < model.n_iter_ <= 45
    task = make_task(X, y, "huber", alpha=1e-4, parameter=0.1)
    newton, reports = descend(task, tol=1e-10)
    assert reports[-1].certified
    gap = model.objective_ - newton.at.objective
    assert -1e-9 * newton.at.objective <= gap
    assert gap <= 1e-4 * (task.null_objective - newton.at.objective)
    assert model.suboptimality_ >= gap / 3 - 1e-9 * newton.at.objective


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("seed", range(3))
def test_bounded_coefficients_come_to_the_optimum(penalty, seed):
    # An interior point came to a stand beside an elastic net, far from the optimum;
    # Newton steps alone take 100 to 300 epochs.
    rng = np.random.default_rng(seed)
    n, d = 3000, 60
    X = rng.standard_normal((n, d)) * (rng.random((n, d)) < 0.1)
    X *= 10.0 ** rng.uniform(-3, 3, d)
    z = X @ (rng.standard_normal(d) / X.std(axis=0))
    y = 1e4 * np.exp(z / z.std()) + 1e3 * rng.standard_t(2, n)
    model = GDRegressor("huber", penalty=penalty, positive=True).fit(X, y)
    assert model.converged_
    assert model.n_iter_ <= 45
    best = GDRegressor("huber", penalty=penalty, positive=True, tol=1e-8).fit(X, y)
    assert model.objective_ - best.objective_ <= 3.0 * model.suboptimality_


@pytest.mark.parametrize("alpha", [1e-3, 1e-4, 1e-5])
@pytest.mark.parametrize("seed", [3, 5, 7, 9, 10])
def test_rows_with_next_to_no_curvature_left_do_not_keep_their_old_one(seed, alpha):
    # Of rows without counts the coefficient of a column goes far below zero, and they
    # are a small part of the curvature. With an old model of it estimates were 0.01 to
    # 0.1 of the truth, and 4e-4 was left after 1000 epochs with tol=1e-12.
    rng = np.random.default_rng(seed)
    X = np.zeros((20, 2))
    X[:3, 0], X[3:6, 1] = rng.exponential(size=3), rng.exponential(size=3)
    y = rng.poisson(1.5, 20) * 1.0
    y[:3] = 0
    y[6:] = np.maximum(y[6:], rng.integers(0, 2, 14))
    model = GDRegressor("poisson", penalty="l1", alpha=alpha)
    best = model.set_params(tol=1e-12).fit(X, y)
    assert best.converged_
    assert best.n_iter_ <= 30
    objective = best.objective_
    model.set_params(tol=1e-4).fit(X, y)
    gap = model.objective_ - objective
    assert gap <= 1e-4 * (model.history_["objective"][0] - objective)
    assert gap / 3 <= model.suboptimality_


@pytest.mark.parametrize("loss", ["huber", "gamma", "squared_error", "log_loss"])
def test_positive_without_a_penalty_takes_all_levels_of_categories(loss):
    # They add up to one: a sweep had gone 1e15 along that, and left the fit at zero.
    for seed in range(12):
        rng = np.random.default_rng(seed)
        levels, other = np.eye(5)[rng.integers(5, size=300)], rng.integers(3, size=300)
        x = rng.lognormal(0.0, 2.0, size=300)
        z = 0.5 * np.log1p(x) + levels @ [0.0, 0.5, 1.0, 1.5, 2.0]
        z += 0.3 * rng.normal(size=300)
        y = {"log_loss": z > 2.0, "gamma": np.exp(z / 3)}.get(loss, z)
        kind = GDClassifier if loss == "log_loss" else GDRegressor
        for X in (
            np.column_stack([levels, np.eye(3)[other]]),
            np.column_stack([levels, levels * x[:, None], x]),
        ):
            model = kind(loss, penalty=None, positive=True).fit(X, y)
            least = kind(loss, alpha=1e-12, positive=True, tol=1e-7).fit(X, y)
            null = kind(loss, alpha=1e20).fit(X, y).objective_
            assert model.converged_
            left = model.objective_ - least.objective_
            assert left <= 2e-4 * (null - least.objective_)


@pytest.mark.parametrize("loss", ["huber", "poisson", "gamma"])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_targets_far_from_zero_beside_their_spread_end_where_sums_do(loss, n_targets):
    # What rounding of raw predictions leaves is far more than that of the objective.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    y = 100.0 + 1e-6 * np.abs(X[:, :n_targets] + rng.normal(size=(60, n_targets)))
    model = GDRegressor(loss, penalty="l1", alpha=10.0, epsilon=1.0)
    model.fit(X, y if n_targets > 1 else y[:, 0])
    assert model.converged_
    assert model.n_iter_ < 5
    assert not model.coef_.any()
