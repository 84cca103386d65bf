"""alpha_path: one estimator at many alphas, each fit going on from the last one."""

from copy import copy, deepcopy
from numbers import Integral

import numpy as np
from sklearn.utils import Bunch

from skgd import _parameters
from skgd._base import BaseGD
from skgd._descent import Outcome, descend
from skgd._epochs import auto_epochs
from skgd._monitor import Monitor
from skgd._parameters import AUTO
from skgd._problem import problem_in_memory
from skgd._start import initial_state
from skgd._stopping import Certificate
from skgd._training import rows_to_train_on
from skgd.auto import largest_alpha

_EPS = 1e-3  # as in scikit-learn's lasso_path
_EPS_L2 = 1e-8  # columns of small variance let go of the penalty late


def alpha_path(estimator, X, y, *, alphas=20, eps=None, sample_weight=None):
    """Fit an estimator at a decreasing sequence of alphas.

    With `learning_rate="auto"` each fit starts from the one before, and shares with it
    what does not depend on alpha: validation, the moments of the columns, raw
    predictions, and Gram matrices as long as the curvature has not changed. A textbook
    rate starts anew at each alpha, as `fit` does, and so does `early_stopping`.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
        Whose parameters but `alpha` are those of all fits. It is not changed. `penalty`
        must not be None; `warm_start` is not read.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Training data, finite.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets or class labels.
    alphas : int or array-like of shape (n_alphas,), default=20
        The alphas, >= 0, in any order. An int, >= 1, is their number, evenly spaced in
        their logarithms from alpha_max (see the Notes) down to `eps * alpha_max`.
    eps : float or None, default=None
        Ratio of the smallest to the largest alpha, in (0, 1), where `alphas` is an int.
        None is 1e-3 with an l1 penalty, and 1e-8 with "l2".
    sample_weight : array-like of shape (n_samples,), default=None
        Weights, >= 0; all one by default.

    Returns
    -------
    Bunch
        With the attributes

        - alphas : ndarray of shape (n_alphas,), in decreasing order.
        - coefs : ndarray of shape (n_alphas, n_features) or (n_alphas, n_outputs, \
n_features), `coef_` of each fit.
        - intercepts : ndarray of shape (n_alphas, n_outputs).
        - objectives, suboptimalities : ndarray of shape (n_alphas,), F of each fit, \
and the estimate of what is left to gain.
        - converged : ndarray of shape (n_alphas,), bool.
        - n_iters : ndarray of shape (n_alphas,), the epochs of each fit.

    Raises
    ------
    ValueError
        As for `fit`; if `penalty` is None, or `alphas` or `eps` is out of range.
    TypeError
        If the estimator is neither a GDRegressor nor a GDClassifier.

    See Also
    --------
    GDRegressorCV, GDClassifierCV : Choose alpha by cross-validation.
    sklearn.linear_model.enet_path : The same for the squared error.

    Notes
    -----
    With an l1 penalty alpha_max is the least alpha at which all coefficients are zero:
    ``max_j |g_j| / l1_ratio``, g being the gradient of the loss at the best model
    without coefficients; for losses with a kink it is as good as that gradient is. With
    "l2" coefficients are never zero: alpha_max is the sum over the columns of the
    loss's curvature times the variance of the column, in units of the loss over squared
    units of w, so that a change of units of X or y changes no model of the path.

    A path costs a fit at its largest alpha, and some epochs an alpha.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgd import GDRegressor, alpha_path
    >>> X, y = load_diabetes(return_X_y=True, scaled=False)
    >>> path = alpha_path(GDRegressor(penalty="l1"), X, y, alphas=5)
    >>> (path.coefs != 0).sum(axis=1)
    array([ 0,  5,  6,  8, 10])
    >>> path.converged.all()
    np.True_
    """
    if not isinstance(estimator, BaseGD) or not hasattr(estimator, "alpha"):
        raise TypeError(
            "estimator must be a GDRegressor or a GDClassifier, got"
            f" {type(estimator).__name__}."
        )
    estimator = _apart(estimator)
    alphas = checked_alphas(estimator, alphas, eps)
    training = estimator._training(X, y, sample_weight, reset=True)
    alphas = grid_of(estimator, training, alphas, eps)
    fits = list(descend_along(estimator, training, alphas))
    return Bunch(
        alphas=alphas,
        coefs=np.array([estimator._shaped_coef(fit.coef) for fit in fits]),
        intercepts=np.array([fit.intercept.astype(fit.coef.dtype) for fit in fits]),
        objectives=np.array([fit.objective for fit in fits]),
        suboptimalities=np.array([fit.suboptimality for fit in fits]),
        converged=np.array([fit.converged for fit in fits]),
        n_iters=np.array([fit.n_iter for fit in fits]),
    )


def _apart(estimator):
    """Give a copy to fit alone; a clone takes a tenth of a path over small data."""
    other = copy(estimator)
    other.warm_start = False
    other.random_state = deepcopy(estimator.random_state)
    return other


def checked_alphas(estimator, alphas, eps):
    """Give the alphas, in decreasing order, or their number; all parameters are sound.

    The estimator's alpha is set to one of them.
    """
    if isinstance(alphas, (bool, np.bool_, str)) or alphas is None:
        raise ValueError(f"alphas must be an int or numbers >= 0, got {alphas!r}.")
    if isinstance(alphas, Integral):
        if alphas < 1:
            raise ValueError(f"alphas must be >= 1 where it is an int, got {alphas}.")
        estimator.alpha = 1.0
    else:
        alphas = _sorted(alphas)
        estimator.alpha = float(alphas[-1])
    is_number = isinstance(eps, (int, float, np.number)) and not isinstance(eps, bool)
    if eps is not None and not (is_number and 0 < eps < 1):
        raise ValueError(
            f"eps must be a float in the range (0, 1) or None, got {eps!r}."
        )
    _parameters.check_parameters(estimator, estimator._constraints)
    if estimator.penalty is None:
        raise ValueError("penalty=None leaves alpha without a meaning; set a penalty.")
    if estimator.learning_rate == AUTO and not _parameters.minimises(estimator):
        raise ValueError(
            f"alpha has no effect with loss={estimator.loss!r} and"
            f" learning_rate={AUTO!r}."
        )
    return alphas


def _sorted(alphas):
    """Give the alphas of an array-like in decreasing order."""
    try:
        values = np.asarray(alphas, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"alphas must be an int or numbers >= 0: {error}.") from error
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(
            "alphas must be an int or have the shape (n_alphas,), not empty, got the"
            f" shape {values.shape}."
        )
    if not (np.isfinite(values).all() and (values >= 0.0).all()):
        raise ValueError(f"alphas must be finite and >= 0, got {alphas!r}.")
    return np.sort(values)[::-1].copy()


def grid_of(estimator, training, alphas, eps):
    """Give the alphas that were checked; of an int, those that suit the data."""
    if not isinstance(alphas, Integral):
        return alphas
    rows, _ = rows_to_train_on(estimator, training)
    state = initial_state(training)
    problem = problem_in_memory(estimator, training, rows, state)
    l1_ratio = {"l1": 1.0, "elasticnet": estimator.l1_ratio}.get(estimator.penalty, 0.0)
    with estimator._explained(problem):
        largest = largest_alpha(problem, estimator.positive, l1_ratio)
    if eps is None:
        eps = _EPS if l1_ratio > 0 else _EPS_L2
    return np.geomspace(largest, eps * largest, alphas)


def descend_along(estimator, training, alphas):
    """Yield the outcome at each of the decreasing alphas.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
        That has validated the data; its alpha is set.
    training : Training
    alphas : ndarray of shape (n_alphas,)

    Yields
    ------
    Outcome
    """
    if estimator.learning_rate == AUTO and not estimator.early_stopping:
        yield from _warm(estimator, training, alphas)
        return
    for alpha in alphas:
        anew = _apart(estimator)
        anew.alpha = float(alpha)
        problem, outcome, stopping = anew._solve(training)
        anew._warn(problem, outcome, stopping)
        yield outcome


def _warm(estimator, training, alphas):
    """Yield outcomes of descents that go on from one another."""
    estimator.alpha = float(alphas[-1])  # whose coordinates all of them have
    rows, _ = rows_to_train_on(estimator, training)
    state = initial_state(training)
    problem = problem_in_memory(estimator, training, rows, state)
    with estimator._explained(problem):
        epochs = auto_epochs(estimator, problem, state, estimator.tol)
    last = optima = None
    if epochs.settled_by_products:  # of which the smallest alpha asks most
        epochs, last = _go_on(estimator, problem, epochs, alphas[-1])
        alphas = alphas[:-1]
        optima = None if estimator.verbose else epochs.optima()
    for alpha in alphas:
        outcome = _known(estimator, optima, alpha)
        if outcome is None:
            epochs, outcome = _go_on(estimator, problem, epochs, alpha)
        yield outcome
    if last is not None:
        yield last


def _known(estimator, optima, alpha):
    """Give the optimum of another alpha, where that needs no epoch."""
    if optima is None:
        return None
    estimator.alpha = float(alpha)
    with np.errstate(all="ignore"):
        found = optima.at(*_parameters.penalty_of(estimator))
    if found is None:
        return None
    model, objective, suboptimality = found
    return Outcome(*model, 1, 1, True, objective, suboptimality, {}, None)


def _go_on(estimator, problem, epochs, alpha):
    """Descend to the optimum of another alpha from where the last descent ended."""
    estimator.alpha = float(alpha)
    stopping = Certificate(estimator.tol, estimator.n_iter_no_change)
    with estimator._explained(problem):
        epochs = epochs.at(*_parameters.penalty_of(estimator))
        monitor = Monitor(int(estimator.verbose))
        outcome = descend(epochs, stopping, monitor, max_iter=estimator.max_iter)
    estimator._warn(problem, outcome, stopping)
    return epochs, outcome
