"""BaseGD: fit and partial_fit, validate -> problem -> descend -> store."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from skgd import _parameters, _validation
from skgd._callbacks import CallbackSupportMixin, tasks_of, with_callbacks
from skgd._dask import is_collection
from skgd._dask._problem import problem_in_blocks, training_in_blocks
from skgd._dask._supported import check_supported
from skgd._descent import DivergedError, descend
from skgd._epochs import auto_epochs, patience, textbook_epochs
from skgd._fitted import FittedMixin
from skgd._messages import (
    auto_messages,
    overflow_message,
    textbook_messages,
    unreachable_messages,
)
from skgd._monitor import Monitor
from skgd._parameters import AUTO
from skgd._problem import problem_in_memory
from skgd._start import earlier_model, initial_state, state_to_go_on_from
from skgd._stopping import Certificate
from skgd._training import Training, rows_to_train_on, scorer_of
from skgd.auto import TooLargeError
from skgd.textbook._stability import divergence_message

_NOTHING = None, None, None  # of three arguments


@contextmanager
def _all_or_nothing(estimator):
    """Leave the estimator as it was if the body raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


class BaseGD(FittedMixin, CallbackSupportMixin, BaseEstimator, ABC):
    """Fit a linear model by gradient descent: what both estimators share."""

    _constraints: ClassVar[dict]
    _aggressive_loss: ClassVar[str]
    _rate_defaults: ClassVar[Mapping]
    _fewest_to_score: ClassVar[int]  # rows

    @abstractmethod
    def _training(self, X, y, sample_weight, *, reset: bool, **known) -> Training:
        """Validate the data; learn classes or the shape of y if `reset`."""

    @abstractmethod
    def _survey(self, blocks, ndim):
        """Look at y in blocks; learn classes or the shape of y.

        Gives Numbers or Labels, weights of classes in all outputs or None, and weights
        of class k in the k-th one-vs-rest problem or None.
        """

    @abstractmethod
    def _core_loss(self, n_outputs: int) -> str:
        """Give the loss in the core's words."""

    @abstractmethod
    def _score_raw(self, raw, targets, weight) -> float:
        """Score raw predictions (n, n_outputs) as `score` scores predictions."""

    @abstractmethod
    def _split(self, targets):
        """Give (training, validation) positions in targets, for early stopping."""

    @abstractmethod
    def _to_score(self, X, y, n_outputs: int):
        """Validate rows to score on, after `_training`; give X and the targets."""

    @abstractmethod
    def _original(self, targets):
        """Give y as `fit` takes it, of the targets that `_training` made of it."""

    @abstractmethod
    def _known_targets(self, y):
        """Give targets of such a y, with labels that the model does not know as -1."""

    # --- The two ways to fit

    @with_callbacks
    def _fit(
        self,
        X,
        y,
        coef_init=None,
        intercept_init=None,
        sample_weight=None,
        given=_NOTHING,
        tasks=None,
    ):
        """Fit; `given` is X_val, y_val and sample_weight_val, each None by default."""
        _parameters.check_parameters(self, self._constraints)
        _validation.check_given(*given, early_stopping=self.early_stopping)
        tasks = tasks or tasks_of(self, X, y, sample_weight)
        with _all_or_nothing(self):
            tasks.begin()
            earlier = earlier_model(self) if self.warm_start else None
            start = coef_init, intercept_init, earlier, self.positive
            if is_collection(X):
                check_supported(self, given)
                training = training_in_blocks(self, X, y, sample_weight)
                fit = self._solve_in_blocks(training, start, tasks)
            else:
                training = self._training(X, y, sample_weight, reset=True)
                fit = self._solve(training, start, given, tasks)
            problem, outcome, stopping = fit
            self._store(outcome)
            tasks.end()
        self._warn(problem, outcome, stopping)
        return self

    def _solve(self, training, start=_NOTHING, given=_NOTHING, tasks=None):
        """Descend on validated data; store nothing."""
        rows, held_out = rows_to_train_on(self, training, given)
        state = initial_state(training, *start)
        problem = problem_in_memory(self, training, rows, state)
        score = None if held_out is None else scorer_of(self, *held_out)
        outcome, stopping = self._descend(
            problem,
            state,
            max_iter=self.max_iter,
            tol=self.tol,
            score=score,
            tasks=tasks,
        )
        return problem, outcome, stopping

    def _solve_in_blocks(self, training, start, tasks):
        """Descend on rows in blocks; store nothing."""
        state = initial_state(training, *start)
        problem = problem_in_blocks(self, training, state)
        outcome, stopping = self._descend(
            problem, state, max_iter=self.max_iter, tol=self.tol, tasks=tasks
        )
        return problem, outcome, stopping

    def _partial_fit(self, X, y, sample_weight, *, first: bool, **known):
        with _all_or_nothing(self):
            training = self._training(X, y, sample_weight, reset=first, **known)
            state = initial_state(training) if first else state_to_go_on_from(self)
            rows = training.rows
            if len(rows) == 0:  # no epoch will see that X is sound
                _validation.check_sound(training.X)
                _validation.check_finite(self, training.X)
                self._store_untouched(state)
                return self
            problem = problem_in_memory(self, training, rows, state)
            outcome, _ = self._descend(
                problem, state, max_iter=1, tol=None, stream=True
            )
            self._store(outcome)
            if self.learning_rate == AUTO:
                self.mode_ = outcome.state.memory.mode
        return self

    # --- Problem

    def _posed(self, X, y, sample_weight):
        """Give the problem of all rows of weight, for an estimator of its own."""
        training = self._training(X, y, sample_weight, reset=True)
        state = initial_state(training)
        return problem_in_memory(self, training, training.rows, state)

    # --- Descend

    def _descend(
        self, problem, state, *, max_iter, tol, score=None, tasks=None, stream=False
    ):
        with self._explained(problem):
            if self.learning_rate == AUTO:
                epochs = auto_epochs(self, problem, state, tol, stream)
                stopping = Certificate(tol, self.n_iter_no_change)
            else:
                epochs = textbook_epochs(self, problem, state)
                stopping = patience(self, problem, tol)
            outcome = descend(
                epochs,
                stopping,
                Monitor(int(self.verbose), tasks),
                max_iter=max_iter,
                score=score,
            )
        if outcome.state is None:
            outcome.state = replace(
                state,
                coef=outcome.coef,
                intercept=outcome.intercept,
                samples_seen=float(outcome.n_iter * len(problem.rows)),
                memory=epochs.columns,
            )
        return outcome, stopping

    @contextmanager
    def _explained(self, problem):
        """Let numbers overflow inside, and say in the user's words where that led."""
        try:
            with np.errstate(all="ignore"):
                yield
        except TooLargeError as error:
            _validation.check_finite(self, problem.design.matrix)
            raise ValueError(str(error)) from None
        except DivergedError as error:
            _validation.check_finite(self, problem.design.matrix)
            auto = self.learning_rate == AUTO
            say = overflow_message if auto else divergence_message
            raise ValueError(say(self, problem, error)) from None

    def _warn(self, problem, outcome, stopping):
        if self.learning_rate == AUTO:
            messages = auto_messages(self, outcome, stopping)
        else:
            messages = textbook_messages(self, problem, outcome, stopping)
        messages += unreachable_messages(problem)
        if messages:
            warnings.warn(" ".join(messages), ConvergenceWarning, stacklevel=4)

    # --- Store

    def _store(self, outcome):
        self._state = outcome.state
        self.n_iter_ = outcome.n_iter
        self.best_iter_ = outcome.best_iter
        self.mode_ = _parameters.mode_of(self)
        self.converged_ = outcome.converged
        self.objective_ = outcome.objective
        self.suboptimality_ = outcome.suboptimality
        self.history_ = outcome.history
        self._store_model(outcome.coef, outcome.intercept)

    def _store_untouched(self, state):
        """Store the state of a call that had nothing to learn from."""
        if hasattr(self, "n_iter_"):
            return
        self._state = state
        self.n_iter_ = self.best_iter_ = 0
        self.mode_ = _parameters.mode_of(self)
        self.converged_, self.objective_, self.suboptimality_ = False, np.nan, np.nan
        self.history_ = Monitor(0).history(np.nan)
        self._store_model(state.coef, state.intercept)

    def _fitted_attributes(self, coef, intercept, n_iter):
        """Give what a copy of the estimator needs to be fitted after an epoch."""
        return {
            "coef_": self._shaped_coef(coef.copy()),
            "intercept_": intercept.astype(coef.dtype),
            "n_iter_": n_iter,
            "mode_": _parameters.mode_of(self),
        }

    def _store_model(self, coef, intercept):
        self.coef_ = self._shaped_coef(coef)
        self.intercept_ = intercept.astype(coef.dtype)
        self.t_ = 1.0 + self._state.samples_seen

    def _shaped_coef(self, coef):
        return coef

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
