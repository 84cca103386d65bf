"""Gradient descent for any function: a method of scipy.optimize.minimize."""

import inspect
import math
import warnings
from collections import deque

import numpy as np
from scipy.optimize import OptimizeResult, OptimizeWarning

from skgd._function import Function, Halt, Point
from skgd._given_rate import GivenRateDescent
from skgd._parameters import AUTO, check_minimizer_options, core_rule
from skgd._spectral import SpectralDescent

_ETA0, _POWER_T = 0.01, 0.25
_GTOL, _GTOL_OF_DIFFERENCES = 1e-8, 1e-5
_WINDOW = 100  # iterations over which ftol asks for a decrease
_AUTO_FTOL = 1e-15  # a few roundings of fun
_STOPPED_BY_CALLBACK = 99  # SciPy's


def gradient_descent(
    fun,
    x0,
    args=(),
    jac=None,
    hess=None,
    hessp=None,
    bounds=None,
    constraints=(),
    callback=None,
    *,
    learning_rate="auto",
    eta0=_ETA0,
    power_t=_POWER_T,
    optimizer="sgd",
    gtol=None,
    ftol=None,
    tol=None,
    maxiter=15000,
    disp=False,
    return_all=False,
    **unknown_options,
):
    """Minimise any function by gradient descent.

    Goes from `x0` along the negative gradient until the gradient vanishes. To be called
    as it is, or as a method of SciPy:
    ``scipy.optimize.minimize(fun, x0, jac=jac, method=gradient_descent)``, which takes
    the keyword-only parameters below in `options`.

    Parameters
    ----------
    fun : callable
        The function: ``fun(x, *args) -> float`` with x of shape (n,). With ``jac=True``
        it gives the tuple (value, gradient).
    x0 : array_like of shape (n,)
        Where to start. Becomes float64, is flattened, and projected into the bounds.
    args : tuple, default=()
        Further arguments of `fun` and `jac`.
    jac : callable, bool or "2-point", default=None
        The gradient: ``jac(x, *args) -> array_like of shape (n,)``. True: `fun` gives
        it too. None, False and "2-point": forward differences, n calls of `fun` each.
        SciPy's other differences are refused here; `minimize` hands "3-point" and "cs"
        to its own methods only, so that through it they are forward ones, too. For
        others give a callable.
    hess : object, default=None
        Not used; a RuntimeWarning says so.
    hessp : object, default=None
        Not used; a RuntimeWarning says so.
    bounds : scipy.optimize.Bounds or sequence of (low, high), default=None
        Bounds of each variable, None or an infinity for none. `fun` and `jac` are
        called inside them only.
    constraints : sequence, default=()
        Must be empty: other constraints than bounds are refused.
    callback : callable, default=None
        Called after each iteration, as ``callback(xk)`` or, if its parameter has the
        name, as ``callback(intermediate_result=OptimizeResult(x, fun, jac, nit))``. It
        may raise StopIteration.
    learning_rate : {"auto", "constant", "invscaling", "adaptive"}, default="auto"
        What sets the length of a step.

        - "auto": the last two gradients, and a search; no rate at all (see Notes).
        - "constant": ``eta_t = eta0``.
        - "invscaling": ``eta_t = eta0 / t^power_t`` in iteration t = 1, 2, ...
        - "adaptive": `eta0`, divided by 5 each time 5 iterations in a row bring no
          value below all before; the run ends where it would fall from 1e-6 or less.
    eta0 : float, default=0.01
        Learning rate at the start, > 0, in units of x squared over those of `fun`.
    power_t : float, default=0.25
        Exponent of "invscaling".
    optimizer : str or optimizer object, default="sgd"
        How a gradient becomes a step of a textbook learning rate: "sgd", "momentum",
        "nesterov", "adagrad", "rmsprop" or "adam", or one of `SGD`, `Momentum`,
        `Nesterov`, `AdaGrad`, `RMSProp`, `Adam` with its own parameters. The
        compiled step is that of the estimators.
    gtol : float, default=None
        Converged if the projected gradient ``P(x - g) - x`` (without bounds: g) has no
        entry above it, >= 0. None: `tol`, or else 1e-8 with `jac` and 1e-5 without.
    ftol : float, default=None
        Converged if the lowest value fell by no more than `ftol` times its size in the
        last 100 iterations, >= 0; 0 for never. None: 1e-15 with "auto", else 0.
    tol : float, default=None
        SciPy's general tolerance: `gtol`, unless that is given.
    maxiter : int, default=15000
        Most iterations, >= 0.
    disp : bool, default=False
        Whether to print how the run ended.
    return_all : bool, default=False
        Whether the result has the path, `allvecs`.
    **unknown_options : dict
        Named in an OptimizeWarning, as SciPy does.

    Returns
    -------
    scipy.optimize.OptimizeResult
        `x` of shape (n,), `fun` and `jac` there; `nit` iterations, `nfev` and `njev`
        calls of `fun` (those of differences among them) and gradients; `success`,
        `status`, `message`; with `return_all` the list `allvecs` of nit + 1 points.
        Status 0: `gtol` or `ftol` is met; 1: `maxiter`; 2: floating point, or the
        rate, allows no further decrease; 3: diverged, or no finite value; 99:
        stopped by the callback. Where `gtol` is not met, `x` is the point of the lowest
        value, which need not be the last.

    Raises
    ------
    ValueError
        If there are constraints, a parameter is out of its domain, the bounds
        contradict one another, `fun` gives no scalar or `jac` no n values.
    TypeError
        If `x0` is complex.

    See Also
    --------
    GDRegressor : Linear regression, whose objective needs no gradient written.
    GDClassifier : Linear classification, likewise.

    Notes
    -----
    With "auto" iteration k goes along the projected gradient::

        d = P(x - step * g) - x;    x <- x + share * d,    0 < share <= 1

    where P clips to the bounds (spectral projected gradient, [4]_). With s and y the
    last changes of x and g, ``long = s's / s'y`` and ``short = s'y / y'y`` are the
    steps of Barzilai and Borwein [1]_, reciprocals of curvatures met on the way. The
    step is the shortest of the last 6 short ones where ``short < threshold * long``
    and the long one elsewhere (ABBmin, [5]_; the threshold is adapted as in [6]_).
    Where the curvature s'y is not positive the step grows tenfold. `share` is 1,
    or shortened by parabolas until `fun` is below the *largest of its last 10 values*
    plus ``1e-4 * share * g'd`` ([2]_, [3]_): values may rise for a while, which these
    steps need. Values that are infinite or NaN shorten the step too. Where the decrease
    to be expected is below the rounding of `fun`, the slope along d decides ([7]_).

    A textbook rate does ``x <- P(optimizer(x, g, eta_t))`` and nothing else. It
    diverges if the rate is too large: then `success` is False, and the message names
    the iteration and the rate.

    An iteration costs O(n), a gradient, and about 1.1 calls of `fun`. The iterations
    grow with the condition number of the Hessian: some 50 for logistic regression on
    scaled data with a fair penalty, 150 for Rosenbrock's valley, 4000 to 13000 for
    quadratics of condition 1e6.

    Of 30 functions of Moré, Garbow and Hillstrom, from the standard starts, 26 end
    within 1e-8 of a known minimum (in units of the minimum, or 1 if that is less). The
    others have variables whose scales or curvatures differ by 1e10 and more, where
    following the gradient is hopeless however long the steps are: Meyer's function
    (left at 1e5 instead of 88), Watson's in 9 variables (1e-6 above), Osborne's first
    and Powell's badly scaled one (3e-7 above). Those need second derivatives, or an
    approximation of them as in L-BFGS-B; rescaling the variables helps too.

    References
    ----------
    .. [1] J. Barzilai, J. M. Borwein, Two-point step size gradient methods, IMA Journal
       of Numerical Analysis 8, 1988, equations 5 and 6.
    .. [2] L. Grippo, F. Lampariello, S. Lucidi, A nonmonotone line search technique for
       Newton's method, SIAM Journal on Numerical Analysis 23, 1986.
    .. [3] M. Raydan, The Barzilai and Borwein gradient method for the large scale
       unconstrained minimization problem, SIAM Journal on Optimization 7, 1997.
    .. [4] E. G. Birgin, J. M. Martínez, M. Raydan, Nonmonotone spectral projected
       gradient methods on convex sets, SIAM Journal on Optimization 10, 2000,
       algorithm 2.2.
    .. [5] G. Frassoldati, L. Zanni, G. Zanghirati, New adaptive stepsize selections in
       gradient methods, Journal of Industrial and Management Optimization 4, 2008.
    .. [6] S. Bonettini, R. Zanella, L. Zanni, A scaled gradient projection method for
       constrained image deblurring, Inverse Problems 25, 2009.
    .. [7] W. W. Hager, H. Zhang, A new conjugate gradient method with guaranteed
       descent and an efficient line search, SIAM Journal on Optimization 16, 2005.

    Examples
    --------
    >>> from scipy.optimize import minimize, rosen, rosen_der
    >>> from skgd import gradient_descent
    >>> result = minimize(rosen, [-1.2, 1.0], jac=rosen_der, method=gradient_descent)
    >>> result.success, result.x.round(6).tolist()
    (True, [1.0, 1.0])

    Textbook descent, with its path:

    >>> result = gradient_descent(
    ...     lambda x: x @ x, [1.0, 2.0], jac=lambda x: 2.0 * x,
    ...     learning_rate="constant", eta0=0.25, maxiter=3, return_all=True,
    ... )
    >>> [x.tolist() for x in result.allvecs]
    [[1.0, 2.0], [0.5, 1.0], [0.25, 0.5], [0.125, 0.25]]
    """
    auto = learning_rate == AUTO
    jac = _jac_of(jac)
    if gtol is None:
        default = _GTOL_OF_DIFFERENCES if jac is None else _GTOL
        gtol = default if tol is None else tol
    options = {
        "learning_rate": learning_rate,
        "eta0": eta0,
        "power_t": power_t,
        "optimizer": optimizer,
        "gtol": gtol,
        "ftol": ftol if ftol is not None else _AUTO_FTOL if auto else 0.0,
        "maxiter": maxiter,
    }
    check_minimizer_options(options)
    _refuse_or_warn(constraints, hess, hessp, unknown_options)
    if auto:
        _warn_of_rate(eta0, power_t)
    if np.iscomplexobj(x0):
        raise TypeError("x0 must be real.")
    x = np.array(x0, dtype=np.float64).ravel()
    if not x.size:
        raise ValueError("x0 has no values.")
    args = args if isinstance(args, tuple) else (args,)
    function = Function(fun, jac, args, bounds, x.size)
    run = _Run(function, _descent(function, options), options, callback, return_all)
    result = run.from_point(function.project(x))
    if disp:
        _print(result)
    return result


class _Run:
    """One minimisation: advances a descent until a rule ends it."""

    def __init__(self, function, descent, options, callback, return_all):
        self._function, self._descent = function, descent
        self._gtol, self._ftol = options["gtol"], options["ftol"]
        self._maxiter = options["maxiter"]
        self._callback = _callback_of(callback)
        self._path: list | None = [] if return_all else None
        self._lowest: deque[float] = deque(maxlen=_WINDOW + 1)
        self._nit = 0

    def from_point(self, x) -> OptimizeResult:
        """Descend from x."""
        start = self._point(x)
        self._best = start
        try:
            end, message = self._descend(start)
        except Halt as halt:
            return self._result(self._best, halt.status, halt.message)
        return self._result(end, 0, message)

    def _point(self, x) -> Point:
        fun = self._function.value(x)
        if not math.isfinite(fun):
            return Point(x, fun, np.full(x.shape, np.nan))
        return Point(x, fun, self._function.gradient(x, fun))

    def _descend(self, point: Point) -> tuple[Point, str]:
        """Give the point that meets a tolerance, and which; raises Halt elsewhere."""
        if not np.isfinite(point.jac).all():
            raise Halt(3, "fun or its gradient is not finite at the start.")
        start = point
        while True:
            self._keep(point)
            if self._function.optimality(point) <= self._gtol:
                return point, f"The projected gradient is at most gtol={self._gtol:g}."
            if self._stagnates():
                return self._best, (
                    f"fun fell by less than ftol={self._ftol:g}, relative to its size,"
                    f" in {_WINDOW} iterations."
                )
            if self._nit == self._maxiter:
                raise Halt(1, self._exhausted(start))
            point = self._descent.advance(point)
            self._nit += 1
            if point.fun < self._best.fun:
                self._best = point
            self._tell(point)

    def _keep(self, point: Point) -> None:
        self._lowest.append(self._best.fun)
        if self._path is not None:
            self._path.append(point.x.copy())

    def _stagnates(self) -> bool:
        gain = self._lowest[0] - self._best.fun
        full = len(self._lowest) > _WINDOW
        return full and self._ftol > 0.0 and gain <= self._ftol * abs(self._best.fun)

    def _exhausted(self, start: Point) -> str:
        message = f"Maximum number of iterations has been exceeded: {self._maxiter}."
        if self._best is not start or not self._maxiter:
            return message
        return f"{message} No step went below the start. {self._descent.advice()}"

    def _tell(self, point: Point) -> None:
        if self._callback is None:
            return
        try:
            self._callback(
                OptimizeResult(
                    x=point.x.copy(), fun=point.fun, jac=point.jac.copy(), nit=self._nit
                )
            )
        except StopIteration:
            message = "`callback` raised `StopIteration`."
            raise Halt(_STOPPED_BY_CALLBACK, message) from None

    def _result(self, point: Point, status: int, message: str) -> OptimizeResult:
        result = OptimizeResult(
            x=point.x,
            fun=point.fun,
            jac=point.jac,
            nit=self._nit,
            nfev=self._function.nfev,
            njev=self._function.njev,
            status=status,
            success=status == 0,
            message=message,
        )
        if self._path is not None:
            result.allvecs = self._path
        return result


def _refuse_or_warn(constraints, hess, hessp, unknown_options) -> None:
    # Of one constraint SciPy takes the object itself, which is not empty.
    if not (isinstance(constraints, (tuple, list)) and len(constraints) == 0):
        raise ValueError(
            "gradient_descent takes bounds, and no constraints. SciPy's methods"
            " 'SLSQP' and 'trust-constr' do."
        )
    for name, value in (("hess", hess), ("hessp", hessp)):
        if value is not None:
            _warn(f"gradient_descent does not use second derivatives ({name}).")
    if unknown_options:
        names = ", ".join(unknown_options)
        _warn(f"Unknown solver options: {names}", OptimizeWarning)


def _warn_of_rate(eta0, power_t) -> None:
    if (eta0, power_t) != (_ETA0, _POWER_T):
        _warn(
            f"eta0 and power_t are ignored with learning_rate={AUTO!r}, which has no"
            " learning rate.",
            UserWarning,
        )


def _warn(message: str, category: type[Warning] = RuntimeWarning) -> None:
    """Warn where `gradient_descent` is called."""
    warnings.warn(message, category, stacklevel=4)


def _print(result) -> None:
    print(
        f"{result.message}\n         fun: {result.fun:.10g}, nit: {result.nit},"
        f" nfev: {result.nfev}, njev: {result.njev}"
    )


def _descent(function, options):
    if options["learning_rate"] == AUTO:
        return SpectralDescent(function)
    return GivenRateDescent(
        function,
        core_rule(options["optimizer"]),
        options["learning_rate"],
        options["eta0"],
        options["power_t"],
    )


def _jac_of(jac):
    """Give a callable, True, or None for finite differences."""
    if callable(jac) or jac is True:
        return jac
    if jac is None or jac is False or (isinstance(jac, str) and jac == "2-point"):
        return None
    raise ValueError(
        "jac must be a callable, True where fun gives (value, gradient), or None for"
        f" forward differences, the only ones there are here. Got {jac!r} instead."
    )


def _callback_of(callback):
    """Give a callable of an OptimizeResult; SciPy's two signatures are understood."""
    if callback is None:
        return None
    if set(inspect.signature(callback).parameters) == {"intermediate_result"}:
        return lambda result: callback(intermediate_result=result)
    return lambda result: callback(result.x)
