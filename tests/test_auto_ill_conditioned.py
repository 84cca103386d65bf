"""Columns that all but depend on one another, and losses that hardly curve."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linprog, minimize
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skgd import GDClassifier, GDRegressor, alpha_path
from skgd._core.bridge import View
from skgd._core.engine import Design
from skgd._core.factor import Factor
from skgd.auto._bridge import Bridge
from skgd.auto._orthogonal_factor import OrthogonalFactor, nearly_depends


def powers(rng, n, degree):
    """Give the powers of a column up to one of 1e4 to 1e12."""
    return rng.uniform(0.0, 10.0, (n, 1)) ** np.arange(1, degree + 1)


def three_classes(rng, X):
    y = np.digitize(X[:, 0] + 3.0 * rng.normal(size=len(X)), [3.0, 6.0])
    y[:3] = 0, 1, 2
    return y


def nearly_dependent(rng, n, rank, d, noise):
    latent = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, d))
    return latent + noise * rng.normal(size=(n, d))


def kept_apart(seed, noise, n=200):
    """Give X with two columns twice but for noise, y, and X with that noise alone."""
    rng = np.random.default_rng(seed)
    X, apart = rng.normal(size=(n, 6)), rng.normal(size=(n, 2))
    X[:, 4:] = X[:, :2] + noise * apart
    y = X[:, :4] @ rng.normal(size=4) + apart @ rng.normal(size=2)
    y += rng.normal(size=n)
    return X, y, np.column_stack([X[:, :4], apart])


def check(model, X, y, tol=1e-6, lowest=np.inf):
    """Fit to `tol`: it converges, as near a far better fit, and tells the truth."""
    model.set_params(tol=tol).fit(X, y)
    better = clone(model).set_params(tol=1e-10, max_iter=3000, mode="auto")
    null = clone(model).set_params(penalty="l2", alpha=1e30, positive=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        better.fit(X, y)
        null.fit(X, y)
    best = min(model.objective_, better.objective_, lowest)
    explained = null.objective_ - best
    gap = model.objective_ - best
    assert model.converged_
    assert gap <= 10.0 * tol * explained
    if gap > 0.05 * tol * explained:
        assert model.suboptimality_ >= gap / 3.0


@pytest.mark.parametrize("seed", [4, 11, 13, 15, 19, 26])
def test_ill_conditioned_heavy_tails_do_not_hide_what_is_left(seed):
    # Few rows are most of what a column curves: a model of the curvature that is right
    # on the whole had been wrong along the step, and a tenth of what was left was told.
    rng = np.random.default_rng(seed)
    X = np.exp(2.0 * rng.normal(size=(300, 12)))
    y = np.log(X) @ rng.normal(size=12) + 3.0 * rng.normal(size=300) > 0.0
    scale = X.std(axis=0)
    rows, sign = np.column_stack([X / scale, np.ones(300)]), np.where(y, 1.0, -1.0)

    def objective(u):
        m = sign * (rows @ u)
        loss = np.where(m < -1.0, -4.0 * m, np.maximum(1.0 - m, 0.0) ** 2)
        slope = sign * np.where(m < -1.0, -4.0, -2.0 * np.maximum(1.0 - m, 0.0))
        return loss.mean(), rows.T @ slope / 300

    bounds = [(0.0, None)] * 12 + [(None, None)]
    options = {"maxiter": 20_000, "maxfun": 20_000, "ftol": 1e-15, "gtol": 1e-10}
    found = minimize(objective, np.zeros(13), jac=True, bounds=bounds, options=options)
    model = GDClassifier(loss="modified_huber", penalty=None, positive=True)
    check(model, X, y.astype(int), tol=1e-4, lowest=found.fun)


@pytest.mark.parametrize("seed", [0, 4, 9, 17])
def test_ill_conditioned_huber_with_columns_twice_converges(seed):
    # Fewer rows curve than there are columns, but not than columns count.
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 6))
    X[:, 3:] = X[:, :3]
    y = X @ rng.normal(size=6) + 1e-3 * rng.standard_t(1.5, size=60)
    model = GDRegressor(loss="huber", epsilon=1e-5, penalty=None).fit(X, y)
    once = GDRegressor(loss="huber", epsilon=1e-5, penalty=None).fit(X[:, :3], y)
    assert model.converged_
    assert once.converged_
    assert_allclose(model.objective_, once.objective_, rtol=1e-3)


@pytest.mark.parametrize("seed", [3, 5, 27, 28])
def test_ill_conditioned_hinge_of_powers_is_that_of_a_linear_program(seed):
    rng = np.random.default_rng(seed)
    X = powers(rng, 60, 8)
    y = (np.sin(X[:, 0]) + rng.normal(size=60) > 0.0).astype(int)
    columns = (X - X.mean(axis=0)) / X.std(axis=0)
    sign = np.where(y, 1.0, -1.0)[:, None]
    rows = np.hstack([sign * columns, -sign * columns, sign, np.eye(60)])
    costs = np.append(np.zeros(17), np.ones(60) / 60)
    bounds = [(0.0, None)] * 16 + [(None, None)] + [(0.0, None)] * 60
    found = linprog(costs, A_ub=-rows, b_ub=-np.ones(60), bounds=bounds)
    model = GDClassifier(loss="hinge", penalty=None, tol=1e-6).fit(X, y)
    assert model.converged_
    assert_allclose(model.objective_, found.fun, rtol=2e-6)


@pytest.mark.parametrize("seed", [0, 6, 14])
def test_ill_conditioned_absolute_error_is_certified(seed):
    rng = np.random.default_rng(seed)
    X = nearly_dependent(rng, 200, 5, 20, 1e-5)
    y = X @ rng.normal(size=20) + 5.0 * rng.normal(size=200)
    check(GDRegressor(loss="absolute_error", penalty=None), X, y)
    check(GDClassifier(loss="hinge", penalty=None), X, (y > 0.0).astype(int))


@pytest.mark.parametrize("seed", [5, 9, 14, 18])
def test_ill_conditioned_squared_hinge_beside_l1_goes_on_to_an_interior_point(seed):
    # Newton steps of a model that is lifted where F is a line creep, or end too early.
    rng = np.random.default_rng(seed)
    X = powers(rng, 54, 10)
    model = GDClassifier(
        loss="squared_hinge", penalty="elasticnet", l1_ratio=0.5, alpha=5e-8
    )
    check(model, X, three_classes(rng, X))
    assert model.n_iter_ < 150


@pytest.mark.parametrize("seed", [0, 12, 22, 25])
def test_ill_conditioned_squared_hinge_of_few_rows(seed):
    rng = np.random.default_rng(seed)
    X = powers(rng, 13, 8)
    y = three_classes(rng, X)
    check(GDClassifier(loss="squared_hinge", alpha=3e-4), X, y)


@pytest.mark.parametrize("seed", [0, 1])
def test_ill_conditioned_huber_without_intercept_far_from_zero(seed):
    # 13000 is to be made of columns about zero: rows cross kinks for ever.
    rng = np.random.default_rng(seed)
    X = nearly_dependent(rng, 99, 13, 55, 1e-4)
    y = 13000.0 + 0.02 * rng.normal(size=99)
    model = GDRegressor(loss="huber", epsilon=4e-5, penalty=None, fit_intercept=False)
    check(model, X, y)
    assert model.n_iter_ < 400


@pytest.mark.parametrize("seed", [14, 21, 47, 63, 87])
@pytest.mark.parametrize("mode", ["batch", "stochastic"])
def test_ill_conditioned_softmax_with_nothing_against_a_shift(seed, mode):
    # Without a penalty a shift of all classes costs nothing, and bounds do not keep it.
    rng = np.random.default_rng(seed)
    X = np.cumsum(rng.normal(size=(120, 6)), axis=1)
    y = np.argmax(X[:, :3] + rng.normal(size=(120, 3)), axis=1)
    scale = X.std(axis=0)
    rows = np.column_stack([X / scale, np.ones(120)])

    def objective(u):
        z = rows @ u.reshape(3, 7).T
        z -= z.max(axis=1, keepdims=True)
        total = np.exp(z).sum(axis=1)
        share = np.exp(z) / total[:, None]
        share[np.arange(120), y] -= 1.0
        loss = np.log(total) - z[np.arange(120), y]
        return loss.mean(), (share.T @ rows / 120).ravel()

    bounds = ([(0.0, None)] * 6 + [(None, None)]) * 3
    options = {"maxiter": 20_000, "maxfun": 20_000, "ftol": 1e-14, "gtol": 1e-9}
    found = minimize(objective, np.zeros(21), jac=True, bounds=bounds, options=options)
    model = GDClassifier(penalty=None, positive=True, mode=mode, random_state=0)
    check(model, X, y, lowest=found.fun)


def test_ill_conditioned_optimum_at_a_kink_needs_no_warning():
    # Each step ends where a row lies at its kink, on this side or that by rounding.
    X = np.array([[2022.0], [1963.0], [1987.0], [2001.0], [1950.0], [2010.0]])
    y = np.array([1, 0, 1, 0, 1, 0])
    model = GDClassifier(loss="squared_hinge", penalty=None, positive=True)
    assert model.fit(np.tile(X, (2, 1)), np.tile(y, 2)).converged_
    for seed in range(20, 30):
        rng = np.random.default_rng(seed)
        X = rng.standard_t(1.5, size=(12, 5))
        y = 0.7 + 0.015 * rng.normal(size=12)
        alpha = 10.0 ** rng.uniform(-3, -1)
        model = GDRegressor(
            loss="squared_epsilon_insensitive", epsilon=3e-3, penalty="l1", alpha=alpha
        )
        assert model.set_params(tol=1e-6).fit(X, y).converged_


@pytest.mark.parametrize("degree", [8, 10, 12])
@pytest.mark.parametrize("alpha", [0.0, 1e-6, 1e-2])
def test_ill_conditioned_squared_error_is_that_of_an_orthogonal_solution(degree, alpha):
    # The Gram matrix of twelve powers has a condition of 1e17.
    rng = np.random.default_rng(degree)
    X = powers(rng, 400, degree)
    y = np.sin(X[:, 0]) + 0.1 * rng.normal(size=400)
    scale = X.std(axis=0)
    rows = (X - X.mean(axis=0)) / scale / 20.0
    rows = np.vstack([rows, np.diag(alpha**0.5 / scale)])
    size = np.linalg.norm(rows, axis=0)
    target = np.append((y - y.mean()) / 20.0, np.zeros(degree))
    v = np.linalg.lstsq(rows / size, target, rcond=1e-16)[0] / size
    best = 0.5 * float(((rows @ v - target) ** 2).sum())
    model = GDRegressor(alpha=alpha, tol=1e-6).fit(X, y)
    assert model.converged_
    assert model.objective_ - best <= 1e-6 * (0.5 * y.var() - best)


def test_ill_conditioned_path_agrees_with_single_fits():
    rng = np.random.default_rng(0)
    X = powers(rng, 300, 11)
    y = np.sin(X[:, 0]) + 0.1 * rng.normal(size=300)
    for loss in ("squared_error", "huber"):
        model = GDRegressor(loss=loss, epsilon=0.2, tol=1e-6)
        path = alpha_path(model, X, y, alphas=[1.0, 1e-2, 1e-4, 1e-6])
        assert path.converged.all()
        for alpha, objective in zip(path.alphas, path.objectives, strict=True):
            one = clone(model).set_params(alpha=alpha).fit(X, y)
            apart = 1e-6 * (0.5 * y.var() - one.objective_)
            assert_allclose(objective, one.objective_, rtol=0.0, atol=apart)


def bridge_of(X, *, intercept=True):
    rows = np.arange(len(X), dtype=np.uint32)
    view = View(Design(X), rows, X.mean(axis=0), 1.0 / X.std(axis=0))
    return Bridge(view, np.arange(X.shape[1]), intercept, 1)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("n", [40, 5000])
def test_orthogonal_factor_solves(rng, n, intercept):
    X = nearly_dependent(rng, n, 4, 12, 1e-6)
    bridge = bridge_of(X, intercept=intercept)
    theta = rng.exponential(size=n)
    more = np.append(rng.exponential(size=12), [0.0] * intercept) * 1e-14
    columns = (X - X.mean(axis=0)) / X.std(axis=0)
    rows = np.hstack([columns, np.ones((n, int(intercept)))])
    exact = rng.normal(size=12 + intercept)
    g = rows.T @ (theta * (rows @ exact)) + more * exact
    found = OrthogonalFactor(bridge, theta, more).solve(g)
    apart = rows @ (found - exact)
    assert np.abs(apart).max() <= 1e-6 * np.abs(rows @ exact).max()
    with_one_more = OrthogonalFactor(bridge, theta, more).solve(np.append(g, 0.0))
    assert_allclose(with_one_more, np.append(found, 0.0))


def test_orthogonal_factor_gives_its_first_solution_where_rounding_ends_it(
    rng, monkeypatch
):
    # Zero had come instead, a step that certifies any model.
    bridge, g = bridge_of(rng.normal(size=(40, 6))), rng.normal(size=7)
    factor = OrthogonalFactor(bridge, np.ones(40), np.ones(7))
    expected = factor.solve(g)
    noise = 1e3 * rng.normal(size=(1, 7))
    monkeypatch.setattr(bridge, "rmatvec", lambda *vectors: noise)
    assert_allclose(factor.solve(g), expected, rtol=1e-10)


def test_orthogonal_factor_leaves_dependent_columns_where_they_are(rng):
    X = rng.normal(size=(50, 4))
    X = np.hstack([X, X[:, :2]])
    bridge = bridge_of(X)
    factor = OrthogonalFactor(bridge, np.ones(50), np.zeros(7))
    g = bridge.rmatvec(rng.normal(size=50))[0]
    x = factor.solve(g)
    assert np.count_nonzero(x) == 5
    assert_allclose(bridge.rmatvec(bridge.matvec(x))[0], g, atol=1e-10)
    with pytest.raises(np.linalg.LinAlgError):
        OrthogonalFactor(bridge, np.full(50, np.inf), np.zeros(7))


@pytest.mark.parametrize(
    "loss", ["squared_error", "huber", "log_loss", "squared_hinge"]
)
@pytest.mark.parametrize("noise", [1e-6, 1e-8, 1e-9])
@pytest.mark.parametrize("storage", [np.asarray, csr_array])
def test_ill_conditioned_columns_that_noise_keeps_apart(noise, loss, storage):
    # In their Gram matrix they are the same: what the noise explains was neither gained
    # nor told.
    for seed in range(4):
        X, y, apart = kept_apart(seed, noise)
        if loss in ("log_loss", "squared_hinge"):
            y, model = (y > 0.0).astype(int), GDClassifier(loss=loss, penalty=None)
        else:
            model = GDRegressor(loss=loss, epsilon=0.5, penalty=None)
        best = clone(model).set_params(tol=1e-9)
        best.fit(apart, y)
        null = clone(model).set_params(penalty="l2", alpha=1e20).fit(X, y)
        model.fit(storage(X), y)
        assert model.converged_
        gap = model.objective_ - best.objective_
        assert gap <= 2e-4 * (null.objective_ - best.objective_)


@pytest.mark.parametrize("loss", ["log_loss", "huber", "poisson"])
def test_ill_conditioned_columns_that_noise_keeps_apart_of_sampled_rows(loss):
    # A factor of sampled rows was not looked at: a twentieth was left, and not told.
    X, y, apart = kept_apart(0, 1e-8, n=3000)
    rng = np.random.default_rng(1)
    others = rng.normal(size=(3000, 54))
    X, apart = np.column_stack([X, others]), np.column_stack([apart, others])
    model = GDRegressor(loss=loss, epsilon=0.5, penalty=None)
    if loss == "log_loss":
        y, model = (y > 0.0).astype(int), GDClassifier(penalty=None)
    if loss == "poisson":
        y = rng.poisson(np.exp(0.2 * y)).astype(float)
    best = clone(model).set_params(tol=1e-9).fit(apart, y)
    null = clone(model).set_params(penalty="l2", alpha=1e20).fit(X, y)
    model.fit(X, y)
    assert model.converged_
    gap = model.objective_ - best.objective_
    assert gap <= 2e-4 * (null.objective_ - best.objective_)


@pytest.mark.parametrize("noise", [1e-7, 1e-8, 1e-9])
@pytest.mark.parametrize("tol", [1e-4, 1e-6])
def test_ill_conditioned_softmax_of_columns_that_noise_keeps_apart(noise, tol):
    # 12 of these 24 had been told to have converged, up to a fiftieth from the optimum.
    for seed in range(4):
        X, _, apart = kept_apart(seed, noise)
        rng = np.random.default_rng(seed)
        z = apart @ rng.normal(size=(6, 3))
        y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
        model = GDClassifier(penalty=None, tol=tol)
        best = clone(model).set_params(tol=1e-9).fit(apart, y)
        null = clone(model).set_params(penalty="l2", alpha=1e20).fit(X, y)
        model.fit(X, y)
        assert model.converged_
        gap = model.objective_ - best.objective_
        assert gap <= 2.0 * tol * (null.objective_ - best.objective_)


@pytest.mark.parametrize("loss", ["absolute_error", "hinge"])
@pytest.mark.parametrize("noise", [1e-7, 1e-9])
def test_ill_conditioned_kinked_losses_of_columns_that_noise_keeps_apart(noise, loss):
    for seed in range(4):
        X, y, apart = kept_apart(seed, noise)
        model = GDRegressor(loss=loss, penalty=None)
        if loss == "hinge":
            y, model = (y > 0.0).astype(int), GDClassifier(loss=loss, penalty=None)
        best = clone(model).set_params(tol=1e-8)
        best.fit(apart, y)
        model.fit(X, y)
        assert model.converged_
        assert_allclose(model.objective_, best.objective_, rtol=1e-4)


def test_factor_gives_what_it_takes_for_nothing(rng):
    X = rng.normal(size=(40, 5)) * [1.0, 10.0, 0.1, 1.0, 3.0]
    X[:, 3], X[:, 4] = X[:, 0] - X[:, 1], 2.0 * X[:, 2]
    factor = Factor(X.T @ X)
    dependent = factor.dependent()
    assert dependent.shape == (factor.n_dependent, 5) == (2, 5)
    assert_allclose(X @ dependent.T, 0.0, atol=1e-9)
    assert np.all(np.abs(dependent).max(axis=1) > 1e-3)
    assert Factor(X[:, :3].T @ X[:, :3]).dependent().shape == (0, 3)


@pytest.mark.parametrize("noise", [0.0, 1e-12, 1e-9, 1e-7])
def test_columns_that_nearly_depend_are_told_from_those_that_do(rng, noise):
    X = rng.normal(size=(3000, 4))
    X[:, 3] = X[:, 0] + X[:, 1] + noise * rng.normal(size=3000)
    bridge, h = bridge_of(X), rng.exponential(size=3000)
    factor = Factor(bridge.gram(h))
    assert len(factor.dependent()) == 1
    assert nearly_depends(factor, bridge, h) == (noise >= 1e-9)
    assert not nearly_depends(factor, bridge, np.zeros(3000))


@pytest.mark.parametrize("noise", [0.0, 1e-8])
def test_one_of_many_columns_that_nearly_depend_is_seen(rng, noise):
    X = rng.normal(size=(300, 20))
    X = np.column_stack([X, X])  # twenty that depend, of which one does not quite
    X[:, 33] += noise * rng.normal(size=300)
    H = X.T @ X
    factor = Factor(H)
    assert factor.n_dependent == 20
    bridge = bridge_of(X, intercept=False)
    assert nearly_depends(factor, bridge, np.ones(300)) == (noise > 0.0)


def test_columns_that_depend_leave_a_squared_error_to_its_products(rng, monkeypatch):
    # The last column in the combination: it is not taken for the intercept.
    monkeypatch.delattr("skgd.auto._choice.SmoothDescent")
    monkeypatch.setattr("skgd.auto._least_squares._DOUBT", np.inf)
    X = rng.normal(size=(300, 4))
    X[:, 3] = X[:, 0] - X[:, 1]
    y = X[:, 0] + rng.normal(size=300)
    assert GDRegressor(penalty=None).fit(X, y).converged_


def test_factor_tells_its_least_pivot(rng):
    X = rng.normal(size=(30, 5))
    X[:, 4] = X[:, 3] + 1e-3 * rng.normal(size=30)
    assert 1e-7 < Factor(X.T @ X).least_pivot < 1e-5
    X[:, 4] = X[:, 3]  # that one is not a question of digits
    assert Factor(X.T @ X).least_pivot > 0.1


def test_ill_conditioned_move_does_not_hold_up_the_other_steps():
    # A move of rows that hardly curve went 1e16 too far: beside it the plane search
    # found no way down, and the fit ended after three epochs.
    rng = np.random.default_rng(64)
    X = rng.normal(size=(40, 26))
    X[:, rng.integers(0, 26, 13)] = X[:, rng.integers(0, 26, 13)]
    X[:, rng.integers(0, 26)] = 5.0
    z = X @ (rng.normal(size=26) * (rng.random(26) < 0.5))
    bounds = np.quantile(z, [0.3, 0.7])
    y = np.searchsorted(bounds, z + 0.1 * rng.normal(size=40))
    model = GDClassifier(mode="mini-batch", penalty=None, random_state=64, tol=1e-5)
    model.fit(X, y)
    assert model.converged_
    assert model.objective_ < 1e-4


def peaks(seed, n_rows_up):
    """Give columns that can peak at few rows by large coefficients, and these rows."""
    rng = np.random.default_rng(seed)
    u = np.sort(rng.uniform(size=80))
    waves = [np.cos(j * np.pi * u) for j in range(1, 8)]
    rows = rng.choice(80, n_rows_up, replace=False)
    return np.column_stack([*waves, np.exp(-8.0 * u)]), rows, rng


@pytest.mark.parametrize("seed", [13, 22, 55])
def test_ill_conditioned_rows_that_cease_to_curve_do_not_certify(seed):
    # The infimum is far away. Rows far on their side made P^-1 g short: up to a fifth
    # of the range was left, and 1e-5 told.
    X, rows, _ = peaks(seed, 8)
    y = np.isin(np.arange(80), rows).astype(int)
    check(GDClassifier(penalty=None), X, y, tol=1e-4)


@pytest.mark.parametrize(("loss", "seed"), [("poisson", 21), ("tweedie", 21)])
def test_ill_conditioned_few_counts_are_gained_where_rows_cease_to_curve(loss, seed):
    X, rows, rng = peaks(seed, 4)
    y = np.zeros(80)
    y[rows] = rng.permutation([1.0, 1.0, 36.0, 58.0])
    model = GDRegressor(loss, penalty="l2", alpha=1e-9, power=1.3)
    check(model, X, y, tol=1e-4)


def test_ill_conditioned_rows_with_a_column_of_their_own_are_left_behind():
    # Each is separable by its column: its curvature falls by e with each step for ever.
    rng = np.random.default_rng(140)
    X = np.zeros((60, 8))
    for j in range(6):
        X[rng.integers(60), j] = 10.0 ** rng.uniform(-4, 4)
    X[:, 6:] = rng.normal(size=(60, 2))
    y = (X[:, -1] + rng.logistic(size=60) > 0.0).astype(int)
    model = GDClassifier(penalty=None, fit_intercept=False).fit(X, y)
    assert model.converged_
    assert model.suboptimality_ < 1e-4


@pytest.mark.parametrize("seed", [8, 28, 43, 60, 106])
def test_ill_conditioned_rows_that_curve_may_be_many_and_alike(seed):
    """Equal rows curve in one direction: in others F may be a line to the next kink."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(20, 120)), int(rng.integers(3, 25))
    X = rng.normal(size=(n, d))
    raw = X @ rng.normal(size=d) / d**0.5
    y = (raw + 0.7 * rng.normal(size=n) > 0.0).astype(int)
    X[n // 3 : n // 3 + n // 4] = X[n // 3] * (seed % 2 == 0)
    weight = rng.exponential(size=n)
    lowest, model, null = (
        GDClassifier("modified_huber", **given).fit(X, y, sample_weight=weight)
        for given in (
            {"alpha": 1e-9, "tol": 1e-9},
            {"penalty": None, "tol": 1e-6},
            {"alpha": 1e20},
        )
    )
    assert model.converged_
    above = model.objective_ - lowest.objective_  # of F*, which a ridge only raises
    assert above <= 1e-6 * (null.objective_ - lowest.objective_)


@pytest.mark.parametrize("seed", [1, 2])
def test_ill_conditioned_column_of_a_row_that_does_not_curve(seed):
    """H has nothing of it, and F is a line along it until the row's kink."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(100, 4))
    y = X @ [1.0, 2.0, 3.0, 4.0] + 0.1 * rng.normal(size=100)
    X[:, 3], y[0] = np.arange(100) == 0, 1e4 * (-1) ** seed
    weight = np.where(np.arange(100) == 0, 1e-4, 1.0)
    model = GDRegressor("huber", penalty=None, fit_intercept=False)
    rest = clone(model).set_params(tol=1e-10)
    rest.fit(X[1:, :3], y[1:], sample_weight=weight[1:])
    lowest = (
        rest.objective_ * weight[1:].sum() / weight.sum()
    )  # row 0 is fitted exactly
    null = clone(model).set_params(penalty="l2", alpha=1e20)
    explained = null.fit(X, y, sample_weight=weight).objective_ - lowest
    model.fit(X, y, sample_weight=weight)
    assert model.converged_
    assert model.objective_ - lowest <= 1e-4 * explained
