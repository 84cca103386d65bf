"""The objective that a descent goes down, and the models that it passes."""

import time
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skgd._base import BaseGD
from skgd._callbacks import NoTasks
from skgd._cross_validation import AlphaSearch
from skgd._parameters import AUTO
from skgd.auto._constant import best_constant
from skgd.auto._coordinates import output_losses, row_weights

ROUNDING = 1e-9  # of F: what may be rounding in a difference
_TIGHT = 1e-10  # the tolerance that stands for the optimum


def check_estimator(estimator, name):
    """Raise unless it is one of skgd's that goes down an objective."""
    if not isinstance(estimator, BaseGD):
        raise TypeError(
            f"{name} shows GDRegressor and GDClassifier, got"
            f" {type(estimator).__name__}: give the last step of a pipeline, and the"
            " data that the other steps make."
        )
    if isinstance(estimator, AlphaSearch):
        plain = type(estimator).__name__.removesuffix("CV")
        raise TypeError(
            f"{name} shows one descent, and {type(estimator).__name__} makes many: give"
            f" a plain one with the alpha it has chosen, {plain}(alpha=search.alpha_)."
        )
    if estimator.loss == "perceptron":
        raise ValueError(
            f"{name} shows how an objective gets smaller: the rule of"
            " loss='perceptron' minimises none."
        )


def rate_of(estimator) -> str:
    """Say which learning rate an estimator has, and which optimizer if not plain."""
    if estimator.learning_rate == AUTO:
        return AUTO
    rate = f"{estimator.learning_rate}, eta0={estimator.eta0:g}"
    plain = isinstance(estimator.optimizer, str) and estimator.optimizer == "sgd"
    return rate if plain else f"{estimator.optimizer}, {rate}"


def at_the_optimum(estimator, **parameters):
    """Give an estimator of the same objective that finds its optimum."""
    exact = {
        "learning_rate": AUTO,
        "mode": "batch",
        "batch_size": "auto",
        "optimizer": "sgd",
        "average": False,
        "early_stopping": False,
        "warm_start": False,
        "verbose": 0,
        "tol": _TIGHT,
        "max_iter": 10_000,
        **estimator._rate_defaults,
    }
    exact = type(estimator)(**estimator.get_params(deep=False) | exact)
    return exact.set_params(**parameters)


class Landscape:
    """F over models: at one, and at the least.

    Parameters
    ----------
    estimator : BaseGD
        That says what F is.
    X, y, sample_weight
        Its data.
    """

    def __init__(self, estimator, X, y, sample_weight=None):
        self.estimator, self.data = estimator, (X, y, sample_weight)
        self.problem = problem = clone(estimator)._posed(X, y, sample_weight)
        self.n_outputs = problem.n_outputs
        self.design = problem.design

    def objective(self, coef, intercept) -> float:
        """Give F at coefficients (n_outputs, n_features): a pass over X."""
        with np.errstate(all="ignore"):
            coef = np.ascontiguousarray(coef, dtype=self.design.dtype)
            return self.problem.objective(coef, np.asarray(intercept, float))

    def null_model(self):
        """Give the best model without coefficients."""
        problem = self.problem
        coef = np.zeros((self.n_outputs, self.design.shape[1]))
        if not problem.fit_intercept:
            return coef, np.zeros(self.n_outputs)
        losses = output_losses(problem, row_weights(problem))
        return coef, np.concatenate([best_constant(loss) for loss in losses])

    def start(self, estimator):
        """Give the model that the first epoch of a descent begins with."""
        coef, intercept = self.null_model()
        return coef, intercept if estimator.learning_rate == AUTO else 0.0 * intercept

    @cached_property
    def best(self):
        """A fitted estimator at the optimum."""
        X, y, sample_weight = self.data
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            exact = at_the_optimum(self.estimator)
            return exact.fit(X, y, sample_weight=sample_weight)

    @cached_property
    def least(self) -> float:
        """F at the optimum."""
        coef = self.best.coef_.reshape(self.n_outputs, -1)
        return self.objective(coef, np.atleast_1d(self.best.intercept_))


@dataclass
class Recorded:
    """What a fit went through.

    Attributes
    ----------
    estimator : BaseGD
        The clone that was fitted; not fitted where it diverged.
    seen : list
        What was kept of the model before the first epoch and after each.
    seconds : ndarray of shape (n_epochs + 1,)
        When that was, since the fit began.
    diverged : bool
        Whether the fit ended in an error for leaving floating point.
    """

    estimator: BaseGD
    seen: list[Any]
    seconds: np.ndarray
    diverged: bool

    @property
    def n_epochs(self):
        """Epochs that ended."""
        return len(self.seen) - 1


class _Recorder(NoTasks):
    """Hear of each epoch, and keep something of its model."""

    def __init__(self, keep):
        self.keep, self.seen, self.seconds = keep, [], []
        self._begin = 0.0

    def begin(self):
        """Start the clock."""
        self._begin = time.perf_counter()

    def end_epoch(self, n_iter, model):
        """Stop the clock while something is kept."""
        now = time.perf_counter()
        self.seconds.append(now - self._begin)
        self.seen.append(self.keep(*model()))
        self._begin += time.perf_counter() - now
        return False


def whole_model(coef, intercept):
    """Keep all of a model, in float64."""
    return coef.astype(np.float64), intercept.astype(np.float64)


def record(estimator, land, keep=whole_model) -> Recorded:
    """Fit a clone to the data of a landscape, and keep something of each model.

    `keep` : of (coef (n_outputs, n_features), intercept (n_outputs,)), what to keep.
    """
    X, y, sample_weight = land.data
    model, recorder = clone(estimator).set_params(verbose=0), _Recorder(keep)
    diverged = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            model._fit(X, y, None, None, sample_weight, tasks=recorder)
        except ValueError as error:
            if "under-/overflow" not in str(error):
                raise
            diverged = True
    return Recorded(
        model,
        [keep(*land.start(estimator)), *recorder.seen],
        np.append(0.0, recorder.seconds),
        diverged,
    )
