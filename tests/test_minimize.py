"""gradient_descent: it finds minima, counts honestly, and keeps SciPy's manners."""

import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import (
    Bounds,
    LinearConstraint,
    OptimizeResult,
    OptimizeWarning,
    minimize,
    rosen,
    rosen_der,
)
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from minimize_functions import PROBLEMS
from skgd import Adam, GDRegressor, Momentum, gradient_descent
from skgd._core.engine import OPTIMIZERS, take_step
from skgd.textbook import OPTIMIZERS as OPTIMIZER_CLASSES

# Scales or curvatures that differ by 1e10 and more: see the docstring's Notes.
NOT_REACHED = {"powell badly scaled", "meyer", "osborne 1", "watson 9"}

each_problem = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name == "penalty 2" else name
        for name in PROBLEMS
    ],
)


def square(x):
    return float(x @ x)


def square_gradient(x):
    return 2.0 * x


class Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, []

    def __call__(self, x, *args):
        self.calls.append(np.array(x))
        return self.function(x, *args)


def quadratic(smallest, largest, *, centred):
    """Give fun, jac and x0 of 50 dimensions, curvatures in [smallest, largest]."""
    rng = np.random.default_rng(0)
    q = np.linalg.qr(rng.normal(size=(50, 50)))[0]
    hessian = (q * np.geomspace(smallest, largest, 50)) @ q.T
    b = np.zeros(50) if centred else rng.normal(size=50)
    x0 = rng.normal(size=50) if centred else np.zeros(50)
    return lambda x: 0.5 * x @ (hessian @ x) - b @ x, lambda x: hessian @ x - b, x0


def logistic(alpha):
    X, y = load_breast_cancer(return_X_y=True)
    X = np.column_stack((StandardScaler().fit_transform(X), np.ones(len(X))))
    ridge = np.append(np.full(30, alpha), 0.0)
    signed = X * np.where(y == 1, -1.0, 1.0)[:, None]

    def fun(w):
        return np.logaddexp(0.0, signed @ w).mean() + 0.5 * ridge @ w**2

    def jac(w):
        return signed.T @ (1.0 / (1.0 + np.exp(-signed @ w))) / len(y) + ridge * w

    return fun, jac, np.zeros(31)


GOALS = {
    "rosenbrock 2": (rosen, rosen_der, np.array([-1.2, 1.0])),
    "rosenbrock 50": (rosen, rosen_der, np.tile([-1.2, 1.0], 25)),
    "quadratic": quadratic(1e-3, 1e3, centred=True),
    "flat quadratic": quadratic(1e-6, 1.0, centred=True),
    "shifted quadratic": quadratic(1.0, 1e6, centred=False),
    "logistic 1e-2": logistic(1e-2),
    "logistic 1e-4": logistic(1e-4),
}


@pytest.mark.parametrize("goal", GOALS)
def test_auto_reaches_the_objective_of_lbfgs(goal):
    fun, jac, x0 = GOALS[goal]
    ours = minimize(fun, x0, jac=jac, method=gradient_descent)
    tight = {"maxiter": 15000, "maxfun": 50000, "ftol": 1e-16, "gtol": 1e-10}
    theirs = minimize(fun, x0, jac=jac, method="L-BFGS-B", options=tight)
    assert ours.success
    assert ours.fun <= theirs.fun + 1e-8


@each_problem
def test_auto_meets_test_functions_without_an_exception(name):
    problem = PROBLEMS[name]
    fun, jac = Counted(problem.fun), Counted(problem.jac)
    maxiter = 500 if name in NOT_REACHED else 15000
    result = gradient_descent(fun, problem.x0, jac=jac, maxiter=maxiter)
    assert np.isfinite(result.x).all()
    assert (
        result.fun == problem.fun(result.x) <= problem.fun(np.array(problem.x0, float))
    )
    assert_array_equal(result.jac, problem.jac(result.x))
    assert (result.nfev, result.njev) == (len(fun.calls), len(jac.calls))
    if name in NOT_REACHED:
        return
    assert result.success
    gap = min(abs(result.fun - m) / max(1.0, m) for m in problem.minima)
    # 1e-8 of what is there to gain, and the digits that the minima are known to
    assert gap <= 1e-8


@each_problem
def test_test_function_has_its_gradient(name):
    problem = PROBLEMS[name]
    x = np.array(problem.x0, dtype=float) + 0.01
    v = np.cos(np.arange(len(x)))
    h = 1e-6 * max(1.0, abs(x).max())
    numeric = (problem.fun(x + h * v) - problem.fun(x - h * v)) / (2 * h)
    scale = max(abs(problem.fun(x)), abs(problem.jac(x) * v).sum())
    assert_allclose(problem.jac(x) @ v, numeric, rtol=0, atol=2e-5 * scale)


def test_zero_gradient_at_the_start_is_convergence():
    result = gradient_descent(square, [0.0, 0.0], jac=square_gradient)
    assert (result.success, result.nit, result.nfev, result.njev) == (True, 0, 1, 1)


def test_flat_function_is_convergence():
    result = gradient_descent(lambda x: 3.0, [1.0, 2.0])
    assert result.success
    assert_array_equal(result.x, [1.0, 2.0])


def test_linear_function_is_unbounded_below():
    result = gradient_descent(lambda x: x[0], [0.0, 0.0], jac=lambda x: [1.0, 0.0])
    assert (result.status, result.success) == (3, False)
    assert "unbounded" in result.message


def test_exponential_slope_ends_where_the_gradient_vanishes():
    result = gradient_descent(lambda x: np.exp(x[0]), [3.0], jac=np.exp)
    assert result.success
    assert result.fun <= 1e-8


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_auto_steps_back_from_values_that_are_not_finite(bad):
    def fun(x):  # -log x + x: a barrier at 0
        return x[0] - np.log(x[0]) if x[0] > 0 else bad

    result = gradient_descent(fun, [30.0], jac=lambda x: 1.0 - 1.0 / x)
    assert result.success
    assert_allclose(result.x, 1.0, atol=1e-7)  # gtol over the curvature


def test_auto_steps_back_from_gradients_that_are_not_finite():
    def jac(x):
        return 2.0 * x if x[0] > -0.05 else np.array([np.nan])

    result = gradient_descent(square, [0.9], jac=jac)  # the first trial is at -0.1
    assert result.success
    assert result.njev > result.nit + 1  # some were not finite


@pytest.mark.parametrize("rate", ["auto", "constant"])
@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_start_that_is_not_finite_is_no_success(rate, bad):
    result = gradient_descent(
        lambda x: bad, [1.0], jac=square_gradient, learning_rate=rate
    )
    assert (result.success, result.status, result.nit) == (False, 3, 0)
    assert "start" in result.message


@pytest.mark.parametrize("scale", [1e-200, 1e-8, 1e8, 1e200])
def test_auto_does_not_depend_on_the_scale_of_fun(scale):
    result = gradient_descent(
        lambda x: scale * rosen(x),
        [-1.2, 1.0],
        jac=lambda x: scale * rosen_der(x),
        gtol=1e-8 * scale,
    )
    assert result.success
    assert_allclose(result.x, 1.0, atol=1e-5)


def test_wrong_gradient_is_no_success():
    result = gradient_descent(rosen, [-1.2, 1.0], jac=lambda x: -rosen_der(x))
    assert not result.success
    assert "gradient" in result.message


@pytest.mark.parametrize(
    "x0", [3, 3.0, [3], np.float32(3.0), np.array([3], np.int64), [[3.0]]], ids=repr
)
def test_start_may_be_of_any_shape_and_type(x0):
    result = gradient_descent(square, x0, jac=square_gradient)
    assert result.x.shape == (1,)
    assert result.x.dtype == result.jac.dtype == np.float64
    assert_allclose(result.x, 0.0, atol=1e-8)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_fun_may_give_an_array_of_one_value(shape):
    result = gradient_descent(
        lambda x: np.full(shape, x @ x), [1.0, 2.0], jac=square_gradient
    )
    assert isinstance(result.fun, float)
    assert result.success


def test_start_is_not_written_to_and_fun_gets_copies():
    x0 = np.array([1.0, 2.0])

    def fun(x):
        value = square(x)
        x[:] = np.nan
        return value

    def jac(x):
        gradient = square_gradient(x)
        x[:] = np.nan
        return gradient

    result = gradient_descent(fun, x0, jac=jac)
    assert_array_equal(x0, [1.0, 2.0])
    assert_allclose(result.x, 0.0, atol=1e-8)


def test_gradient_may_be_one_array_that_is_written_to():
    memory = np.empty(2)
    result = gradient_descent(
        rosen, [-1.2, 1.0], jac=lambda x: np.copyto(memory, rosen_der(x)) or memory
    )
    assert_allclose(result.x, 1.0, atol=1e-6)


@pytest.mark.parametrize("where", ["fun", "jac", "callback"])
def test_exceptions_are_the_users_own(where):
    def fail(x):
        raise KeyError("mine")

    functions = {"fun": square, "jac": square_gradient, "callback": None, where: fail}
    with pytest.raises(KeyError, match="mine"):
        gradient_descent(x0=[1.0], **functions)


# --- bounds


@pytest.mark.parametrize(
    "bounds", [Bounds([0.5, -1.0], [2.0, 0.7]), [(0.5, 2.0), (-1, 0.7)]], ids=type
)
@pytest.mark.parametrize("jac", [rosen_der, None], ids=["jac", "differences"])
@pytest.mark.parametrize("x0", [(5.0, -9.0), (0.5, 0.7), (1.0, 0.0)])
def test_bounds_hold_at_every_call(bounds, jac, x0):
    fun = Counted(rosen)
    result = minimize(fun, x0, jac=jac, bounds=bounds, method=gradient_descent)
    calls = np.array(fun.calls)
    assert (calls >= [0.5, -1.0]).all()
    assert (calls <= [2.0, 0.7]).all()
    expected = minimize(rosen, x0, jac=rosen_der, bounds=bounds, method="L-BFGS-B")
    assert result.success
    assert_allclose(result.x, expected.x, atol=1e-5)


def test_bounds_may_be_open_on_a_side_and_fix_a_variable():
    bounds = [(None, -1.0), (2.0, None), (0.3, 0.3), (None, None)]
    for jac in (square_gradient, None):
        result = gradient_descent(square, np.ones(4), jac=jac, bounds=bounds)
        assert result.success
        assert_allclose(result.x, [-1.0, 2.0, 0.3, 0.0], atol=1e-5)


def test_bounds_that_fix_everything_leave_nothing_to_do():
    result = gradient_descent(rosen, [7.0, 7.0], bounds=Bounds([1, 2], [1, 2]))
    assert (result.success, result.nit, result.nfev) == (True, 0, 1)
    assert_array_equal(result.x, [1.0, 2.0])


def test_bounds_many_of_them_are_met_at_the_optimum():
    fun, jac, _ = quadratic(1e-2, 1e2, centred=False)
    result = gradient_descent(fun, np.ones(50), jac=jac, bounds=Bounds(0.0, 0.05))
    gradient = jac(result.x)
    assert result.success
    assert np.isin(result.x, [0.0, 0.05]).sum() > 10
    assert (gradient[result.x == 0.0] >= -1e-8).all()  # gtol
    assert (gradient[result.x == 0.05] <= 1e-8).all()
    free = (result.x > 0.0) & (result.x < 0.05)
    assert abs(gradient[free]).max(initial=0.0) <= 1e-8


def test_textbook_descent_is_projected_into_the_bounds():
    result = gradient_descent(
        square,
        [3.0, 3.0],
        jac=square_gradient,
        bounds=[(1.0, None), (None, None)],
        learning_rate="constant",
        eta0=0.1,
    )
    assert result.success
    assert_allclose(result.x, [1.0, 0.0], atol=1e-8)


@pytest.mark.parametrize(
    "bounds",
    [[(0, 1)], [(0, 1), (2, 1)], Bounds([0, np.nan], [1, 1]), [(0, 1), (0, 1, 2)]],
    ids=str,
)
def test_bounds_that_make_no_sense_are_refused(bounds):
    with pytest.raises(ValueError, match="bound"):
        gradient_descent(square, [0.5, 0.5], jac=square_gradient, bounds=bounds)


# --- textbook descent


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_textbook_descent_takes_the_steps_of_the_estimators(optimizer, rng):
    X = rng.normal(size=(20, 3))
    y = X @ [1.0, -2.0, 0.5]
    options = {"learning_rate": "invscaling", "eta0": 0.02, "power_t": 0.3}
    model = GDRegressor(
        penalty=None,
        mode="batch",
        fit_intercept=False,
        optimizer=optimizer,
        max_iter=30,
        tol=None,
        **options,
    ).fit(X, y)
    result = gradient_descent(
        lambda w: 0.5 * np.mean((X @ w - y) ** 2),
        np.zeros(3),
        jac=lambda w: X.T @ (X @ w - y) / 20,
        optimizer=optimizer,
        maxiter=30,
        return_all=True,
        **options,
    )
    # the same sums in another order, thirty times
    assert_allclose(result.allvecs[-1], model.coef_, rtol=1e-9)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_single_step_of_an_optimizer_is_its_formula(optimizer):
    rule = OPTIMIZER_CLASSES[optimizer]()._rule()
    w, g = np.array([1.0, -2.0]), np.array([0.5, 4.0])
    first, second = np.zeros(2), np.zeros(2)
    take_step(rule, 0.1, 1.0, g, first, second, w)
    expected = {
        "sgd": g,
        "momentum": g,
        "nesterov": 1.9 * g,
        "adagrad": np.sign(g),
        "rmsprop": np.sign(g) / np.sqrt(0.1),
        "adam": np.sign(g),
    }[optimizer]
    # epsilon of 1e-8 against a root of at least 0.5 * sqrt(0.1)
    assert_allclose(w, np.array([1.0, -2.0]) - 0.1 * expected, rtol=1e-6)


def test_single_step_needs_arrays_of_one_length():
    rule = Momentum()._rule()
    with pytest.raises(ValueError, match="one length"):
        take_step(rule, 0.1, 1.0, np.ones(3), np.zeros(2), np.zeros(2), np.ones(2))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_textbook_descent_converges(optimizer):
    fun, jac, x0 = quadratic(0.5, 2.0, centred=True)
    result = gradient_descent(
        fun,
        x0,
        jac=jac,
        learning_rate="constant",
        eta0=0.5 if optimizer == "adagrad" else 0.01,
        optimizer=optimizer,
        gtol=1e-2,  # rmsprop's steps of eta0 end no nearer
    )
    assert result.success
    assert result.fun <= 50 * 1e-2**2  # |g|^2 / (2 * smallest curvature)


def test_optimizer_object_brings_its_parameters():
    options = {"learning_rate": "constant", "maxiter": 5, "jac": square_gradient}
    ones = [
        gradient_descent(square, [1.0], optimizer=optimizer, **options).x[0]
        for optimizer in ("adam", Adam(), Adam(beta_1=0.5), "sgd", Momentum(0.0))
    ]
    assert ones[0] == ones[1] != ones[2]
    assert_allclose(ones[3], ones[4], rtol=1e-14)


def test_constant_rate_is_the_geometric_series():
    result = gradient_descent(
        square,
        [1.0],
        jac=square_gradient,
        learning_rate="constant",
        eta0=0.25,
        maxiter=10,
        return_all=True,
    )
    assert_array_equal(np.ravel(result.allvecs), 0.5 ** np.arange(11))
    assert (result.nit, result.nfev, result.njev, result.status) == (10, 11, 11, 1)


def test_adaptive_rate_ends_where_a_constant_one_does_not():
    def fun(x):
        return float(abs(x).sum())

    options = {"jac": np.sign, "eta0": 0.3, "maxiter": 1000}
    constant = gradient_descent(fun, [1.0], learning_rate="constant", **options)
    adaptive = gradient_descent(fun, [1.0], learning_rate="adaptive", **options)
    assert constant.fun > 0.05
    assert adaptive.fun < 1e-5
    assert (adaptive.status, adaptive.success) == (2, False)
    assert "adaptive learning rate" in adaptive.message


@pytest.mark.parametrize("rate", ["constant", "invscaling"])
def test_divergence_names_iteration_rate_and_the_largest_stable_rate(rate):
    fun, jac, x0 = quadratic(0.1, 4.0, centred=True)  # stable below 2 / 4
    with warnings.catch_warnings():  # of the values of fun, which are the user's
        warnings.simplefilter("ignore", RuntimeWarning)
        result = gradient_descent(
            fun, x0, jac=jac, learning_rate=rate, eta0=500.0, power_t=0.01
        )
    assert (result.status, result.success) == (3, False)
    assert f"iteration #{result.nit + 1}" in result.message
    assert "learning rate of" in result.message
    largest = float(re.search(r"at most about ([\d.]+)\. ", result.message)[1])
    assert 0.5 <= largest <= 0.75  # from one step, whose curvature is a mean
    assert np.isfinite(result.x).all()
    assert result.fun <= fun(x0)


@pytest.mark.parametrize("eta0", [0.01, 0.1, 1.0])
def test_divergence_of_a_function_that_is_no_quadratic_names_no_stable_rate(eta0):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        result = gradient_descent(
            rosen, [-1.2, 1.0], jac=rosen_der, learning_rate="constant", eta0=eta0
        )  # 0.006 does not diverge; the curvature far away would allow 1e-7 to 0.015
    assert result.status == 3
    assert "at most" not in result.message
    assert "Take a smaller eta0" in result.message


def test_rate_that_is_too_large_is_named_at_maxiter():
    result = gradient_descent(
        square,
        [1.0],
        jac=square_gradient,
        learning_rate="constant",
        eta0=1.1,
        maxiter=20,
    )
    assert (result.status, result.fun) == (1, 1.0)  # the start was the best
    assert "No step went below the start" in result.message
    assert "about 1." in result.message


# --- options


@pytest.mark.parametrize("rate", ["optimal", "pa1", "pa2"])
def test_schedules_of_the_estimators_alone_are_refused(rate):
    with pytest.raises(ValueError, match=f"{rate!r} needs the estimators'"):
        gradient_descent(square, [1.0], learning_rate=rate)


@pytest.mark.parametrize(
    "option",
    [
        {"learning_rate": "best"},
        {"learning_rate": 0.1},
        {"learning_rate": "constant", "eta0": 0.0},
        {"learning_rate": "constant", "power_t": np.nan},
        {"learning_rate": "constant", "optimizer": "lbfgs"},
        {"learning_rate": "constant", "optimizer": Adam},
        {"gtol": -1.0},
        {"ftol": "small"},
        {"maxiter": -1},
        {"maxiter": 1.5},
    ],
    ids=str,
)
def test_options_out_of_their_domain_are_refused(option):
    name = list(option)[-1]
    with pytest.raises(ValueError, match=f"{name!r} parameter of gradient_descent"):
        gradient_descent(square, [1.0], **option)


def test_optimizer_with_auto_is_refused():
    with pytest.raises(ValueError, match="goes with a learning rate only"):
        gradient_descent(square, [1.0], optimizer="adam")


def test_rate_with_auto_is_ignored_with_a_warning():
    with pytest.warns(UserWarning, match="eta0 and power_t are ignored") as record:
        gradient_descent(square, [1.0], eta0=0.5)
    assert record[0].filename == __file__


@pytest.mark.parametrize("gtol", [1e-2, 1e-5])
@pytest.mark.parametrize("way", ["gtol", "tol"])
def test_gradient_is_below_its_tolerance(gtol, way):
    options = {"options": {"gtol": gtol}} if way == "gtol" else {"tol": gtol}
    result = minimize(
        rosen, [-1.2, 1.0], jac=rosen_der, method=gradient_descent, **options
    )
    assert result.success
    assert 1e-3 * gtol < abs(result.jac).max() <= gtol


def test_ftol_ends_a_run():
    fun, jac, x0 = GOALS["shifted quadratic"]
    nit = []
    for ftol in (1e-3, 1e-6):
        result = gradient_descent(fun, x0, jac=jac, ftol=ftol)
        assert result.success
        assert f"ftol={ftol:g}" in result.message
        nit.append(result.nit)
    assert 100 <= nit[0] < nit[1]


def test_maxiter_ends_a_run():
    result = gradient_descent(rosen, [-1.2, 1.0], jac=rosen_der, maxiter=7)
    assert (result.nit, result.status, result.success) == (7, 1, False)


def test_maxiter_of_nothing_evaluates_the_start():
    result = gradient_descent(rosen, [-1.2, 1.0], jac=rosen_der, maxiter=0)
    assert (result.nit, result.nfev, result.status) == (0, 1, 1)
    assert_allclose(result.fun, rosen([-1.2, 1.0]))


def test_disp_prints_how_it_ended(capsys):
    gradient_descent(square, [1.0], jac=square_gradient, disp=True)
    assert "projected gradient" in capsys.readouterr().out
    gradient_descent(square, [1.0], jac=square_gradient)
    assert not capsys.readouterr().out


@pytest.mark.parametrize("rate", ["auto", "constant"])
def test_path_has_every_iterate(rate):
    result = gradient_descent(
        rosen,
        [-1.2, 1.0],
        jac=rosen_der,
        learning_rate=rate,
        maxiter=50,
        return_all=True,
        **({} if rate == "auto" else {"eta0": 1e-3}),
    )
    assert len(result.allvecs) == result.nit + 1
    assert_array_equal(result.allvecs[0], [-1.2, 1.0])
    values = [rosen(x) for x in result.allvecs]
    assert result.fun == min(values)
    assert "allvecs" not in gradient_descent(square, [1.0])


# --- SciPy's manners


@pytest.mark.parametrize("method", [gradient_descent, "BFGS"])
def test_result_has_the_fields_of_scipy(method):
    result = minimize(rosen, [-1.2, 1.0], jac=rosen_der, method=method)
    assert isinstance(result, OptimizeResult)
    fields = {"x", "fun", "jac", "nit", "nfev", "njev", "status", "success", "message"}
    assert fields <= set(result)
    assert isinstance(result.success, bool)


@pytest.mark.parametrize("direct", [True, False])
def test_fun_may_give_the_gradient_too(direct):
    def both(x, a):
        return rosen(x) + a, rosen_der(x)

    fun = Counted(both)
    if direct:
        result = gradient_descent(fun, [-1.2, 1.0], (5.0,), jac=True)
    else:
        result = minimize(fun, [-1.2, 1.0], (5.0,), jac=True, method=gradient_descent)
    assert_allclose(result.x, 1.0, atol=1e-6)
    # one call gives both: none is made for the gradient alone
    assert result.nfev == len(fun.calls)


def test_args_reach_fun_and_jac():
    result = minimize(
        lambda x, a, b: a * x @ x + b,
        [1.0, 1.0],
        args=(3.0, 4.0),
        jac=lambda x, a, b: 2 * a * x,
        method=gradient_descent,
    )
    assert_allclose(result.fun, 4.0)
    one = gradient_descent(lambda x, a: a * (x @ x), [1.0], 2.0)
    assert_allclose(one.x, 0.0, atol=1e-5)


@pytest.mark.parametrize("jac", ["3-point", "cs"])
def test_other_differences_are_forward_ones_through_scipy(jac):
    plain, other = (
        minimize(square, [1.0], jac=given, method=gradient_descent)
        for given in (None, jac)
    )
    assert (other.x, other.nfev) == (plain.x, plain.nfev)


@pytest.mark.parametrize("jac", [None, False, "2-point"])
def test_differences_count_every_call(jac):
    fun = Counted(rosen)
    result = minimize(fun, [-1.2, 1.0, 0.5], jac=jac, method=gradient_descent)
    assert result.success
    assert_allclose(result.x, 1.0, atol=1e-3)
    assert result.nfev == len(fun.calls)
    assert result.nfev >= 4 * (result.nit + 1)  # a value and three differences
    assert result.nfev <= 1.5 * 4 * (result.nit + 1)


def test_callback_gets_each_iterate():
    seen = []
    result = minimize(
        rosen,
        [-1.2, 1.0],
        jac=rosen_der,
        callback=seen.append,
        method=gradient_descent,
        options={"return_all": True},
    )
    assert_array_equal(seen, result.allvecs[1:])


def test_callback_gets_an_intermediate_result():
    seen = []

    def callback(intermediate_result):
        seen.append(intermediate_result)

    result = gradient_descent(rosen, [-1.2, 1.0], jac=rosen_der, callback=callback)
    assert [r.nit for r in seen] == list(range(1, result.nit + 1))
    assert all(r.fun == rosen(r.x) for r in seen)
    assert_array_equal(seen[-1].x, result.x)


def test_callback_may_write_to_what_it_gets():
    def callback(x):
        x[:] = np.nan

    result = gradient_descent(rosen, [-1.2, 1.0], jac=rosen_der, callback=callback)
    assert_allclose(result.x, 1.0, atol=1e-6)


def test_callback_stops_the_run():
    def callback(intermediate_result):
        if intermediate_result.nit == 3:
            raise StopIteration

    result = minimize(
        rosen, [-1.2, 1.0], jac=rosen_der, callback=callback, method=gradient_descent
    )
    assert (result.nit, result.status, result.success) == (3, 99, False)


@pytest.mark.parametrize(
    "constraints",
    [
        {"type": "ineq", "fun": lambda x: x[0]},
        [{"type": "eq", "fun": lambda x: x[0]}],
        LinearConstraint([[1.0, 1.0]], 0, 1),
    ],
    ids=type,
)
def test_constraints_are_refused(constraints):
    with pytest.raises(ValueError, match="bounds, and no constraints"):
        minimize(rosen, [0.0, 0.0], constraints=constraints, method=gradient_descent)


@pytest.mark.parametrize("name", ["hess", "hessp"])
def test_second_derivatives_are_not_used(name):
    with pytest.warns(RuntimeWarning, match=rf"second derivatives \({name}\)"):
        minimize(square, [1.0], method=gradient_descent, **{name: lambda x, *p: 2.0})


def test_unknown_options_are_named():
    with pytest.warns(OptimizeWarning, match="Unknown solver options: rate, depth"):
        minimize(
            square, [1.0], method=gradient_descent, options={"rate": 1, "depth": 2}
        )


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"fun": lambda x: x}, ValueError, "must return a scalar"),
        ({"jac": lambda x: [1.0]}, ValueError, "as many values as x, 2"),
        ({"jac": "3-point"}, ValueError, "jac must be a callable"),
        ({"jac": np.ones(2)}, ValueError, "jac must be a callable"),
        ({"x0": [1j, 1.0]}, TypeError, "real"),
        ({"x0": []}, ValueError, "no values"),
    ],
    ids=["fun", "jac", "jac named", "jac array", "complex x0", "empty x0"],
)
def test_arguments_that_make_no_sense_are_refused(arguments, error, match):
    arguments = {"fun": square, "x0": [1.0, 2.0], **arguments}
    with pytest.raises(error, match=match):
        gradient_descent(**arguments)
