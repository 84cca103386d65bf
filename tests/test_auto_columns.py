"""Coordinate descent on F: columns of sparse X beside l1 and positivity."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from objective import Problem
from optimum import optimum, relative_suboptimality
from scipy.sparse import (
    csc_array,
    csr_array,
    csr_matrix,
    diags_array,
    hstack,
    random_array,
)

from loss_domains import in_domain, parameter_of
from skgd import GDClassifier, GDRegressor
from skgd._core.bridge import View
from skgd._core.coordinate import sweep_columns
from skgd._core.engine import Design
from skgd._core.losses import LOSSES
from skgd._core.sample_space import SampleLoss
from skgd.auto import _choice, _columns
from skgd.auto._extrapolation import Extrapolation

SMOOTH = [x for x, traits in LOSSES.items() if traits["shape"] != "kinked"]
SMOOTH.remove("softmax")


@pytest.fixture(autouse=True)
def few_columns_are_many(monkeypatch):
    for name in ("_MANY", "_MANY_ON_A_PATH", "_FEW"):
        monkeypatch.setattr(_columns, name, 20)


def words(rng, n=200, d=150, density=0.05):
    """Give counts of words, some of them seldom, all of them in units of their own."""
    X = random_array((n, d), density=density, random_state=rng, format="csr")
    X.data[:] = rng.integers(1, 4, len(X.data))
    return csr_array(X @ diags_array(10.0 ** rng.uniform(-2, 2, d)))


def labels(rng, X):
    scaled = X.toarray() / np.maximum(abs(X).max(axis=0).toarray(), 1e-12)
    z = scaled @ (rng.standard_normal(X.shape[1]) * (rng.random(X.shape[1]) < 0.1))
    return (z > np.median(z)).astype(float)


def fitted(model, X, y):
    with np.errstate(all="raise", under="ignore"):
        return model.fit(X, y)


@pytest.mark.parametrize("loss", SMOOTH)
def test_sweep_falls_by_what_it_says(loss, rng):
    X = words(rng, 60, 30, 0.2)
    y = in_domain(loss, rng.standard_normal(60))
    if LOSSES[loss]["targets"] == "signs":
        y = np.where(y > 0, 1.0, -1.0)
    s = rng.random(60)
    s /= s.sum()
    sample_loss = SampleLoss(loss, parameter_of(loss, 0.3), y, s)
    mean, scale = np.zeros(30), 1.0 / np.maximum(abs(X).max(axis=0).toarray(), 1e-3)
    view = View(Design(X), np.arange(60, dtype=np.uint32), mean, scale.ravel())
    *matrix, _ = view.by_column(2.0)
    l1, ridge = np.full(30, 1e-3), np.full(30, 1e-2)
    bounded = (np.arange(30) % 3 == 0).astype(np.uint8)
    v, order = np.zeros(31), np.arange(30, dtype=np.uint32)
    z, slack = np.zeros(60), np.inf
    n_active, objective = 30, sample_loss.evaluate(z[None])
    for _ in range(80):
        gain, violation, n_active = sweep_columns(
            matrix, view.scale, sample_loss, ridge, l1, bounded, True, v, z,
            order, n_active, slack,
        )  # fmt: skip
        slack = violation
        assert_allclose(z, view.matvec(v[None, :-1])[0] + v[-1], atol=1e-9)
        value = (
            sample_loss.evaluate(z[None]) + l1 @ abs(v[:-1]) + ridge @ v[:-1] ** 2 / 2
        )
        assert_allclose(objective - value, gain, atol=1e-12)
        assert gain >= 0.0
        objective = value
    assert (v[:-1][bounded == 1] >= 0).all()
    assert violation < 1e-3
    assert n_active < 30


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge", "modified_huber"])
def test_classifier_is_as_near_as_it_says(loss, penalty, rng):
    X = words(rng)
    y = labels(rng, X)
    model = fitted(GDClassifier(loss, penalty=penalty, alpha=1e-3), X, y)
    assert model.converged_
    if loss == "modified_huber":
        near = GDClassifier(loss, penalty=penalty, alpha=1e-3, tol=1e-9).fit(X, y)
        null = GDClassifier(loss, penalty="l1", alpha=1e6).fit(X, y).objective_
        gap = (model.objective_ - near.objective_) / (null - near.objective_)
    else:
        problem = Problem(csr_matrix(X), y, loss, penalty, 1e-3)
        best = optimum(problem, keep=False)
        gap = relative_suboptimality(problem, model.coef_, model.intercept_, best)
    assert -1e-9 < gap < 1e-4


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize(
    "loss",
    ["log_loss", "squared_hinge", "modified_huber", "squared_error", "huber"],
)
def test_a_ridge_bounds_what_is_left(loss, positive, fit_intercept, rng):
    X = words(rng)
    most = X.max(axis=0).toarray().ravel()
    X = csr_array(X @ diags_array(1.0 / np.maximum(most, 1.0)))
    y = labels(rng, X)
    kind = GDRegressor if loss in ("squared_error", "huber") else GDClassifier
    settings = {"penalty": "elasticnet", "alpha": 0.03, "l1_ratio": 0.1}
    settings |= {"positive": positive, "fit_intercept": fit_intercept}
    near = kind(loss, **settings, tol=1e-11, max_iter=5000).fit(X, y)
    assert near.converged_
    for tol in (1e-1, 1e-2, 1e-3, 1e-4):
        model = fitted(kind(loss, **settings, tol=tol), X, y)
        assert model.converged_
        assert model.n_iter_ < 20  # the gains of the epochs say nothing before that
        gap = model.objective_ - near.objective_
        assert gap <= 1.01 * model.suboptimality_ + 1e-13


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize(
    "loss", ["squared_error", "huber", "squared_epsilon_insensitive"]
)
def test_regressor_is_as_near_as_it_says(loss, positive, rng):
    X = words(rng)
    y = 3.0 * labels(rng, X) + rng.standard_normal(200) + 40.0
    model = GDRegressor(loss, penalty="l1", alpha=1e-2, epsilon=0.5, positive=positive)
    fitted(model, X, y)
    assert model.converged_
    problem = Problem(
        csr_matrix(X), y, loss, "l1", 1e-2, epsilon=0.5, positive=positive
    )
    best = optimum(problem, keep=False)
    gap = relative_suboptimality(problem, model.coef_, model.intercept_, best)
    assert -1e-9 < gap < 1e-4


def test_rows_that_are_flat_at_present_do_not_hold_it_up(rng, monkeypatch):
    monkeypatch.setattr(_columns, "_MANY", 2000)
    monkeypatch.delattr(_choice, "ProximalNewton")  # which takes seconds here
    X = words(rng, 300, 2400, 0.02)
    X = X @ diags_array(1.0 / np.maximum(np.sqrt(X.power(2).mean(axis=0)), 1e-12))
    model = GDClassifier("squared_hinge", penalty="l1", alpha=1e-4, tol=1e-2)
    model.fit(csr_array(X), labels(rng, X))
    assert model.converged_
    assert model.n_iter_ <= 150


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge"])
def test_warm_start_at_the_optimum_ends_after_one_epoch(loss, rng):
    X = words(rng)
    y = labels(rng, X)
    settings = {"loss": loss, "penalty": "l1", "alpha": 1e-3, "tol": 1e-6}
    near = GDClassifier(**settings).fit(X, y)
    again = GDClassifier(**settings | {"tol": 1e-3})
    again.fit(X, y, coef_init=near.coef_, intercept_init=near.intercept_)
    assert again.converged_
    assert again.n_iter_ == 1


@pytest.mark.parametrize("mode", ["batch", "mini-batch", "stochastic"])
def test_what_takes_columns_too_long_newton_ends(mode, rng, monkeypatch):
    monkeypatch.setattr(_columns, "_BEFORE_NEWTON", (20, 30))
    ended = []
    newton = _choice.ProximalNewton
    monkeypatch.setattr(
        _choice, "ProximalNewton", lambda *args: ended.append(args) or newton(*args)
    )
    X = words(rng)
    model = GDClassifier(
        "log_loss", penalty="l1", alpha=1e-3, tol=1e-8, mode=mode, random_state=0
    )
    model.fit(X, labels(rng, X))
    assert model.converged_
    assert len(ended) == 1


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("mode", ["batch", "mini-batch", "stochastic"])
def test_what_takes_columns_too_long_steps_on_slopes_end(
    mode, penalty, rng, monkeypatch
):
    monkeypatch.setattr(_columns, "_BEFORE_SLOPES", (20, 30))
    monkeypatch.setattr(_columns, "_BEFORE_SLOPES_BESIDE_RIDGE", (20, 30))
    monkeypatch.delattr(_choice, "ProximalNewton")
    began = []
    slopes = _choice.PrimalDual

    def begin(task, v, b, tol):
        began.append(task.loss.evaluate(task.view.matvec(v) + b[:, None]))
        return slopes(task, v, b, tol)

    begin.suits = slopes.suits
    monkeypatch.setattr(_choice, "PrimalDual", begin)
    X = words(rng)
    y = labels(rng, X)
    settings = {"penalty": penalty, "alpha": 1e-4, "tol": 1e-8}
    model = GDClassifier("squared_hinge", mode=mode, random_state=0, **settings)
    model.fit(X, y)
    assert model.converged_
    assert len(began) == 1
    problem = Problem(csr_matrix(X), y, "squared_hinge", penalty, 1e-4)
    best = optimum(problem, keep=False)
    gap = relative_suboptimality(problem, model.coef_, model.intercept_, best)
    assert -1e-9 < gap < 1e-8
    assert model.suboptimality_ >= 0.99 * gap * best.range


def test_columns_that_are_nearly_full_are_centred(rng):
    X = words(rng, 50, 20, 0.1)
    X = csr_array(
        np.column_stack(
            [X.toarray()[:, :10], rng.random((50, 2)) + 100, X[:, 10:].toarray()]
        )
    )
    mean, ones = np.asarray(X.mean(axis=0)), np.ones(22)
    view = View(Design(X), np.arange(50, dtype=np.uint32), mean, ones)
    assert not view.by_column(1.1)[3].any()
    values, rows, starts, full = view.by_column(0.9)
    assert full.nonzero()[0].tolist() == [10, 11]
    found = csc_array((values, rows, starts), shape=X.shape).toarray()
    assert_allclose(found, X.toarray() - np.where(full, mean, 0.0))


def test_classes_share_the_columns(rng):
    X = words(rng)
    view = View(Design(X), np.arange(120, dtype=np.uint32), np.zeros(150), np.ones(150))
    other = view.with_coordinates(view.mean, 2.0 * view.scale)
    assert view.by_column(0.5) is other.by_column(0.5)
    values, rows, starts, _ = view.by_column(0.5)
    expected = X[:120].tocsc()
    assert_allclose(values, expected.data)
    assert (rows == expected.indices).all()
    assert (starts == expected.indptr).all()


def test_means_that_are_large_do_not_hold_it_up(rng, monkeypatch):
    monkeypatch.delattr(_choice, "ProximalNewton")
    X = words(rng)
    y = labels(rng, X)
    X = csr_array(hstack([X, rng.standard_normal((200, 2)) * [1, 100] + [1000, -1e5]]))
    model = GDClassifier("log_loss", penalty="l1", alpha=1e-3).fit(X, y)
    assert model.converged_
    assert model.n_iter_ <= 150


def test_extrapolation_leads_to_the_fixed_point_of_a_linear_map(rng):
    basis = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    shrink = basis @ np.diag([0.99, 0.5]) @ basis.T
    fixed, x = rng.standard_normal(2), np.zeros(2)
    ahead = Extrapolation()
    for _ in range(5):
        assert ahead.propose(x) is None
        x = fixed + shrink @ (x - fixed)
    assert_allclose(ahead.propose(x), fixed, atol=1e-3)
    assert np.abs(x - fixed).max() > 0.1
    assert ahead.propose(x) is None  # it begins anew


def test_extrapolation_of_what_stands_still_or_leaves_the_numbers_is_none():
    for x in (np.ones(3), np.full(3, np.nan)):
        ahead = Extrapolation()
        assert [ahead.propose(x.copy()) for _ in range(12)] == [None] * 12
    ahead = Extrapolation()
    far = [ahead.propose(1e200 * k**2 * np.ones(3)) for k in range(6)]
    assert far == [None] * 6


@pytest.mark.parametrize("mode", ["batch", "mini-batch", "stochastic"])
@pytest.mark.parametrize("positive", [False, True])
def test_groups_of_columns_take_fewer_epochs_where_the_last_ones_lead(
    mode, positive, rng, monkeypatch
):
    n, levels = 600, 40
    X = csr_array(
        hstack(
            [
                csr_array((np.ones(n), rng.integers(0, levels, n), np.arange(n + 1)))
                for _ in range(3)
            ]
        )
    )
    y = X @ rng.lognormal(size=X.shape[1]) + 0.1 * rng.standard_normal(n)
    model = GDRegressor(
        penalty="l1", alpha=1e-3, mode=mode, random_state=0, positive=positive
    )
    ahead = fitted(model, X, y)
    n_iter, objective = ahead.n_iter_, ahead.objective_
    assert ahead.converged_
    assert not positive or (ahead.coef_ >= 0.0).all()
    monkeypatch.setattr(Extrapolation, "propose", lambda self, x: None)
    plain = fitted(model, X, y)
    assert (1.0 if positive else 1.5) * n_iter < plain.n_iter_
    gain = np.mean((y - y.mean()) ** 2) / 2 - plain.objective_
    assert objective <= plain.objective_ + 1e-5 * gain


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("loss", ["squared_error", "huber", "squared_hinge"])
def test_drift_along_what_the_loss_does_not_feel_is_seen(loss, seed, monkeypatch):
    # Gains stayed a millionth of what was left: estimates were down to 1e-5 of it, and
    # a few fits falsely converged.
    rng = np.random.default_rng(seed)
    n, levels = int(rng.integers(30, 150)), int(rng.integers(4, 20))
    groups = (
        csr_array((np.ones(n), rng.integers(0, levels, n), np.arange(n + 1)))
        for _ in range(3)
    )
    X = csr_array(hstack(list(groups)))
    z = X @ rng.standard_normal(X.shape[1]) + 0.1 * rng.standard_normal(n)
    y = z > np.median(z) if loss == "squared_hinge" else z / z.std()
    kind = GDClassifier if loss == "squared_hinge" else GDRegressor
    model = kind(loss, penalty="l1", alpha=10.0 ** rng.uniform(-6, -4), max_iter=5000)
    seen = []
    for tol in (1e-4, 1e-6):
        fitted(model.set_params(tol=tol), X, y)
        seen.append((tol, model.objective_, model.suboptimality_, model.converged_))
    monkeypatch.setattr(_columns, "_MANY", 1000)
    monkeypatch.setattr(_columns, "_FEW", 1000)
    best = fitted(model.set_params(tol=1e-11), X, y).objective_
    gain = fitted(model.set_params(alpha=1e6), X, y).objective_ - best
    for tol, objective, suboptimality, converged in seen:
        gap = objective - best
        assert suboptimality >= 0.1 * gap - 1e-10 * gain
        assert converged
        assert gap <= 10.0 * tol * gain


def test_sweep_refuses_other_lengths(rng):
    X = words(rng, 50, 20, 0.2)
    view = View(Design(X), np.arange(50, dtype=np.uint32), np.zeros(20), np.ones(20))
    *matrix, _ = view.by_column(2.0)
    loss = SampleLoss("log_loss", 0.0, np.ones(50), np.full(50, 0.02))
    l1, bounded = np.zeros(20), np.zeros(20, dtype=np.uint8)
    order = np.arange(20, dtype=np.uint32)
    for v, z, n_active in ((20, 50, 20), (21, 49, 20), (21, 50, 21)):
        with pytest.raises(ValueError, match="shapes differ"):
            sweep_columns(
                matrix, view.scale, loss, l1, l1, bounded, True, np.zeros(v),
                np.zeros(z), order, n_active, 1.0,
            )  # fmt: skip
