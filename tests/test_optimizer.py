"""Optimizers: the formulas of their docstrings, one after the other."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import reference
from skgd import SGD, AdaGrad, Adam, GDRegressor, Momentum, Nesterov, RMSProp, textbook
from skgd._core.engine import OPTIMIZERS

each_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)


def regressor(optimizer, **options):
    options = {"penalty": None, "eta0": 0.05, "max_iter": 20, "tol": None, **options}
    options = {"mode": "batch", "learning_rate": "constant", **options}
    return GDRegressor(optimizer=optimizer, **options)


@pytest.fixture
def task(rng):
    X = rng.normal(size=(40, 5))
    return X, X @ rng.normal(size=5) + 0.5 * rng.normal(size=40) + 1.0


def path_on_a_slope(optimizer, n_steps, **options):
    """Give w after each step where the gradient is -1 all the way.

    Absolute error against a target far off has this gradient.
    """
    model = regressor(optimizer, loss="epsilon_insensitive", fit_intercept=False)
    model.set_params(**options)
    path = []
    for _ in range(n_steps):
        path.append(model.partial_fit([[1.0]], [1e6]).coef_[0])
    return np.array(path)


def test_optimizer_registries_agree():
    assert tuple(textbook.OPTIMIZERS) == OPTIMIZERS == tuple(reference.OPTIMIZERS)


@each_optimizer
def test_optimizer_object_equals_name(optimizer, task):
    rule = textbook.OPTIMIZERS[optimizer]()
    named = regressor(optimizer).fit(*task)
    assert_array_equal(regressor(rule).fit(*task).coef_, named.coef_)


@each_optimizer
@pytest.mark.parametrize("mode", ["stochastic", "mini-batch", "batch"])
def test_optimizer_moves_the_intercept_as_a_coefficient(optimizer, mode, task):
    X, y = task
    options = {"mode": mode, "random_state": 0, "eta0": 0.01}
    model = regressor(optimizer, **options).fit(X, y)
    ones = np.column_stack((X, np.ones(len(X))))
    column = regressor(optimizer, fit_intercept=False, **options).fit(ones, y)
    # The same sums; momentum 0.9 and 800 steps carry their rounding on.
    assert_allclose(model.coef_, column.coef_[:-1], rtol=0, atol=1e-11)
    assert_allclose(model.intercept_, column.coef_[-1:], rtol=0, atol=1e-11)


@each_optimizer
def test_optimizer_treats_coefficients_one_by_one(optimizer, rng):
    # Orthogonal features do not know of one another.
    X, y = np.diag([1.0, 2.0, 3.0]), np.array([3.0, -1.0, 2.0])
    together = regressor(optimizer, fit_intercept=False).fit(X, y).coef_
    for j in range(3):
        alone = regressor(optimizer, fit_intercept=False).fit(X[:, [j]], y).coef_
        assert_allclose(alone[0], together[j], rtol=1e-13)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("rule", [Momentum, Nesterov])
def test_optimizer_velocity_is_a_geometric_sum(rule, rho):
    # w_t = eta sum_k (1 + rho + ... + rho^k), Nesterov's a term ahead
    path = path_on_a_slope(rule(momentum=rho), 50)
    ahead = rule is Nesterov
    terms = np.arange(50) + 1 + ahead
    expected = 0.05 * np.cumsum([(rho ** np.arange(k)).sum() for k in terms])
    assert_allclose(path, expected, rtol=1e-13)  # fifty additions


@pytest.mark.parametrize("rule", [AdaGrad, RMSProp, Adam])
@pytest.mark.parametrize("penalty", [None, "l1"])
def test_optimizer_takes_no_step_without_a_gradient(rule, penalty, task):
    X, y = task
    wider = np.column_stack((X, np.zeros(len(X))))
    given = {"epsilon": 0.0}, {"penalty": penalty, "alpha": 0.01}
    one = regressor(rule(**given[0]), **given[1]).fit(X, y)
    other = regressor(rule(**given[0]), **given[1]).fit(wider, y)
    assert_allclose(other.coef_[:-1], one.coef_, rtol=1e-12)
    assert other.coef_[-1] == 0.0


def test_optimizer_adam_is_corrected_from_its_own_first_step():
    model = regressor("sgd", loss="epsilon_insensitive", fit_intercept=False)
    for _ in range(20):
        model.partial_fit([[1.0]], [1e6])
    before = model.coef_[0]
    model.set_params(optimizer=Adam(epsilon=0.25))
    model.partial_fit([[1.0]], [1e6])
    assert_allclose(model.coef_[0] - before, 0.05 / 1.25, rtol=1e-11)
    model.partial_fit([[1.0]], [1e6])
    assert_allclose(model.coef_[0] - before, 2 * 0.05 / 1.25, rtol=1e-11)


def test_optimizer_adagrad_step_falls_with_the_root_of_time():
    steps = np.diff(path_on_a_slope(AdaGrad(epsilon=0.0), 50), prepend=0.0)
    assert_allclose(steps, 0.05 / np.sqrt(np.arange(1, 51)), rtol=1e-13)


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9])
def test_optimizer_rmsprop_divides_by_the_running_root(decay):
    steps = np.diff(path_on_a_slope(RMSProp(decay=decay, epsilon=0.3), 50), prepend=0.0)
    root = np.sqrt(1 - decay ** np.arange(1, 51))
    assert_allclose(steps, 0.05 / (root + 0.3), rtol=1e-12)


@pytest.mark.parametrize("beta_1", [0.0, 0.9])
@pytest.mark.parametrize("beta_2", [0.0, 0.999])
def test_optimizer_adam_is_corrected_from_the_first_step(beta_1, beta_2):
    adam = Adam(beta_1=beta_1, beta_2=beta_2, epsilon=0.25)
    steps = np.diff(path_on_a_slope(adam, 50), prepend=0.0)
    # 1 - 0.999^t loses three digits to cancellation
    assert_allclose(steps, 0.05 / 1.25, rtol=1e-11)


@pytest.mark.parametrize(
    "rule",
    [
        SGD(),
        Momentum(momentum=0.8),
        Nesterov(momentum=0.8),
        AdaGrad(),
        RMSProp(decay=0.5),
        Adam(),
    ],
    ids=str,
)
def test_optimizer_effective_step_is_the_step_in_the_limit(rule):
    # On the slope of -1 with an l1 penalty of 0.25 a step comes to 0.75 of the
    # effective one, as of any gradient that is 0.75 of it.
    options = {"penalty": "l1", "alpha": 0.25, "max_iter": 1}
    free = np.diff(path_on_a_slope(rule, 400))[-1]
    penalised = np.diff(path_on_a_slope(rule, 400, **options))[-1]
    assert_allclose(penalised, 0.75 * free, rtol=1e-9)


@pytest.mark.parametrize("rule", [Momentum, Nesterov])
def test_optimizer_without_momentum_is_sgd(rule, task):
    one, other = regressor(rule(momentum=0.0)).fit(*task), regressor("sgd").fit(*task)
    assert_allclose(one.coef_, other.coef_, rtol=1e-13)  # one rounding a step


def test_optimizer_adam_without_beta_1_is_rmsprop_but_for_the_correction(task):
    # After one step the correction is all of the difference: sqrt(1 - beta_2).
    options = {"max_iter": 1, "fit_intercept": False}
    adam = regressor(Adam(beta_1=0.0, beta_2=0.9, epsilon=0.0), **options).fit(*task)
    rmsprop = regressor(RMSProp(decay=0.9, epsilon=0.0), **options).fit(*task)
    assert_allclose(adam.coef_, np.sqrt(0.1) * rmsprop.coef_, rtol=1e-13)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("rule", [AdaGrad, RMSProp, Adam])
@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_optimizer_adaptive_steps_ignore_the_scale_of_the_gradient(rule, factor, task):
    # X times c and w divided by c is the same model: the gradient in w is c times
    # larger, and an adaptive step as large as before.
    X, y = task
    options = {"loss": "epsilon_insensitive", "max_iter": 1, "fit_intercept": False}
    one = regressor(rule(epsilon=0.0), **options).fit(X, y)
    other = regressor(rule(epsilon=0.0), **options).fit(factor * X, y)
    assert_allclose(one.coef_, other.coef_, rtol=1e-12)


@each_optimizer
def test_optimizer_state_starts_anew_with_fit(optimizer, task):
    model = regressor(optimizer)
    first = model.fit(*task).coef_.copy()
    assert_array_equal(model.fit(*task).coef_, first)


def test_optimizer_object_is_not_changed_by_fit(task):
    rule = Adam(beta_1=0.7)
    regressor(rule).fit(*task)
    assert vars(rule) == {"beta_1": 0.7, "beta_2": 0.999, "epsilon": 1e-8}


@pytest.mark.parametrize(
    ("rule", "parameter"),
    [
        (Momentum, "momentum"),
        (Nesterov, "momentum"),
        (AdaGrad, "epsilon"),
        (RMSProp, "decay"),
        (RMSProp, "epsilon"),
        (Adam, "beta_1"),
        (Adam, "beta_2"),
        (Adam, "epsilon"),
    ],
)
@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf, "0.5", None, True])
def test_optimizer_refuses_parameters_out_of_their_domain(rule, parameter, value, task):
    with pytest.raises(ValueError, match=f"{parameter!r} parameter of {rule.__name__}"):
        regressor(rule(**{parameter: value})).fit(*task)


@pytest.mark.parametrize(
    "rule",
    [Momentum(1.0), Nesterov(1.0), RMSProp(1.0), Adam(1.0), Adam(0.9, 1.0)],
    ids=str,
)
def test_optimizer_refuses_a_share_of_one(rule, task):
    with pytest.raises(ValueError, match=r"must be a float in \[0, 1\)"):
        regressor(rule).fit(*task)
