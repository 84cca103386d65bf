"""A descent with the model of each epoch, and the objective that it goes down."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skgd._base import BaseGD
from skgd._callbacks import NoTasks
from skgd._core import engine
from skgd._parameters import AUTO
from skgd.auto._coordinates import best_constant, output_losses, row_weights

_TIGHT = 1e-10  # the tolerance that stands for the optimum


class _Recorder(NoTasks):
    def __init__(self):
        self.models = []

    def end_epoch(self, n_iter, model):
        """Keep the model."""
        coef, intercept = model()
        self.models.append((coef.astype(np.float64), intercept.astype(np.float64)))
        return False


@dataclass
class Recorded:
    """What a fit went through.

    Attributes
    ----------
    estimator : BaseGD
        The clone that was fitted; not fitted where it diverged.
    coefs, intercepts : ndarray of shapes (n_epochs + 1, n_outputs, n_features) and \
            (n_epochs + 1, n_outputs)
        The model before the first epoch and after each.
    diverged : bool
        Whether the fit ended in an error for leaving floating point.
    """

    estimator: BaseGD
    coefs: np.ndarray
    intercepts: np.ndarray
    diverged: bool

    @property
    def n_epochs(self):
        """Epochs that ended."""
        return len(self.coefs) - 1


def check_estimator(estimator, name):
    """Raise a TypeError unless it is one of skgd's."""
    if not isinstance(estimator, BaseGD):
        raise TypeError(
            f"{name} shows GDRegressor and GDClassifier, got"
            f" {type(estimator).__name__}: give the last step of a pipeline, and the"
            " data that the other steps make."
        )


def record(estimator, X, y, sample_weight=None) -> Recorded:
    """Fit a clone and keep the model of each epoch."""
    model, recorder = clone(estimator), _Recorder()
    diverged = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            model._fit(X, y, None, None, sample_weight, tasks=recorder)
        except ValueError as error:
            if "under-/overflow" not in str(error):
                raise
            diverged = True
    start = _start(estimator, X, y, sample_weight)
    models = [start, *recorder.models]
    return Recorded(
        model,
        np.array([coef for coef, _ in models]),
        np.array([intercept for _, intercept in models]),
        diverged,
    )


def _start(estimator, X, y, sample_weight):
    """Give the model that the first epoch begins with: none, or the best constant."""
    problem = clone(estimator)._posed(X, y, sample_weight)
    coef = np.zeros((problem.n_outputs, problem.design.shape[1]))
    if estimator.learning_rate == AUTO:
        return coef, best_intercept(problem)
    return coef, np.zeros(problem.n_outputs)


def best_intercept(problem):
    """Give the intercept of the best model without coefficients, (n_outputs,)."""
    if not problem.fit_intercept:
        return np.zeros(problem.n_outputs)
    losses = output_losses(problem, row_weights(problem))
    return np.concatenate([best_constant(loss) for loss in losses])


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


def optimum(estimator, X, y, sample_weight=None):
    """Give a fitted estimator at the optimum of the same objective."""
    exact = at_the_optimum(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return exact.fit(X, y, sample_weight=sample_weight)


class Landscape:
    """F over models: at one, along a list of them, over a plane.

    Parameters
    ----------
    estimator : BaseGD
        That says what F is.
    X, y, sample_weight
        Its data.
    """

    def __init__(self, estimator, X, y, sample_weight=None):
        self._problem = problem = clone(estimator)._posed(X, y, sample_weight)
        self.n_outputs = problem.n_outputs
        self.design = problem.design

    def objective(self, coef, intercept) -> float:
        """Give F at coefficients (n_outputs, n_features): a pass over X."""
        with np.errstate(all="ignore"):
            coef = np.ascontiguousarray(coef, dtype=self.design.dtype)
            return self._problem.objective(coef, np.asarray(intercept, float))

    def null_objective(self) -> float:
        """Give F at the best model without coefficients."""
        coef = np.zeros((self.n_outputs, self.design.shape[1]))
        return self.objective(coef, best_intercept(self._problem))

    def objectives(self, recorded) -> np.ndarray:
        """Give F at the start and after each epoch."""
        pairs = zip(recorded.coefs, recorded.intercepts, strict=True)
        return np.array([self.objective(*pair) for pair in pairs])

    def plane(self, centre, directions, a, b):
        """Give F at centre + a d_0 + b d_1, of shape (len(b), len(a)); one output.

        `centre` and `directions` are models (coef (n_features,), intercept). Raw
        predictions are linear in the model, so that X is read three times in all.
        """
        problem = self._problem
        rows, X = problem.rows, problem.design.matrix
        z, first, second = (
            np.asarray(X @ coef)[rows] + intercept
            for coef, intercept in (centre, *directions)
        )
        y = problem.samples.y[rows]
        y = y[:, 0] if y.ndim == 2 else np.where(y == 1, 1.0, -1.0)
        y = np.ascontiguousarray(y, dtype=np.float64)
        weight = problem.samples.weight
        s = np.ones(len(rows)) if weight is None else weight[rows]
        values = np.empty((len(b), len(a)))
        with np.errstate(all="ignore"):
            for i, j in np.ndindex(*values.shape):
                coef = centre[0] + a[j] * directions[0][0] + b[i] * directions[1][0]
                at = z + a[j] * first + b[i] * second
                total, _ = engine.evaluate_loss(
                    problem.loss, problem.parameter, y, at, s
                )
                values[i, j] = total / problem.weight_sum + problem.penalty(coef)
        return values
