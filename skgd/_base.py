"""BaseGD: fit and partial_fit, validate -> problem -> descend -> store."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar

import numpy as np
from joblib import effective_n_jobs
from scipy.sparse import csr_matrix, issparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted

from skgd import _parameters, _validation
from skgd._callbacks import CallbackSupportMixin, tasks_of, with_callbacks
from skgd._core import engine
from skgd._core.losses import traits_of
from skgd._dask import is_collection
from skgd._dask._problem import problem_in_blocks, training_in_blocks
from skgd._dask._supported import check_supported
from skgd._descent import DivergedError, descend
from skgd._messages import (
    auto_messages,
    overflow_message,
    textbook_messages,
    unreachable_messages,
)
from skgd._monitor import Monitor
from skgd._parameters import AUTO
from skgd._problem import Problem
from skgd._seed import seed_of
from skgd._stopping import Certificate, Stopping
from skgd._training import Training, rows_to_train_on, scorer_of
from skgd._version import __version__
from skgd.auto import AutoEpochs, StreamEpochs, TooLargeError
from skgd.textbook import ADAPTIVE, AGGRESSIVE, SCHEDULES, DescentState, TextbookEpochs
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


class BaseGD(CallbackSupportMixin, BaseEstimator, ABC):
    """Fit a linear model by gradient descent: what both estimators share."""

    _constraints: ClassVar[dict]
    _aggressive_loss: ClassVar[str]
    _rate_defaults: ClassVar[Mapping]
    _fewest_to_score: ClassVar[int]  # rows

    @abstractmethod
    def _training(self, X, y, sample_weight, *, reset: bool, **known) -> Training:
        """Validate the data; learn classes or the shape of y if `reset`."""

    @abstractmethod
    def _survey(self, blocks):
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
            earlier = self._earlier_model() if self.warm_start else None
            start = coef_init, intercept_init, earlier
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
        state = self._initial_state(training, *start)
        problem = self._problem(training, rows, state)
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
        state = self._initial_state(training, *start)
        problem = problem_in_blocks(self, training, state)
        outcome, stopping = self._descend(
            problem, state, max_iter=self.max_iter, tol=self.tol, tasks=tasks
        )
        return problem, outcome, stopping

    def _partial_fit(self, X, y, sample_weight, *, first: bool, **known):
        with _all_or_nothing(self):
            training = self._training(X, y, sample_weight, reset=first, **known)
            if first:
                state = self._initial_state(training, None, None, None)
            else:
                state = self._state_to_go_on_from()
            rows = training.rows
            if len(rows) == 0:  # no epoch will see that X is sound
                _validation.check_sound(training.X)
                _validation.check_finite(self, training.X)
                self._store_untouched(state)
                return self
            problem = self._problem(training, rows, state)
            outcome, _ = self._descend(
                problem, state, max_iter=1, tol=None, stream=True
            )
            self._store(outcome)
            if self.learning_rate == AUTO:
                self.mode_ = outcome.state.memory.mode
        return self

    # --- Start

    def _initial_state(self, training, coef_init, intercept_init, earlier):
        dtype = training.X.dtype
        n_outputs, n_features = training.n_outputs, training.X.shape[1]
        coef, intercept = np.zeros((n_outputs, n_features), dtype), np.zeros(n_outputs)
        names = ["coef_init", "intercept_init"]
        if earlier is not None and (coef_init is None or intercept_init is None):
            _validation.check_goes_on("y", "targets", n_outputs, earlier[1].size)
        if earlier is not None and coef_init is None:
            _validation.check_goes_on("X", "features", n_features, earlier[0].shape[-1])
            coef_init, names[0] = earlier[0], "coef_ for warm_start=True"
        if earlier is not None and intercept_init is None:
            intercept_init, names[1] = earlier[1], "intercept_ for warm_start=True"
        if coef_init is not None:
            coef = _validation.check_initial(coef_init, names[0], coef.shape, dtype)
        if intercept_init is not None:
            intercept = _validation.check_initial(
                intercept_init, names[1], intercept.shape, np.float64
            )
        return DescentState(coef, intercept, rule="")

    def _earlier_model(self):
        if getattr(self, "coef_", None) is None:
            return None
        return self._dense_coef(), np.asarray(self.intercept_)

    def _state_to_go_on_from(self):
        """Give the state of the last call, with coef_ as it stands now."""
        state = replace(self._state)  # a call that fails leaves no trace
        dtype = state.coef.dtype
        coef = _validation.check_initial(
            self._dense_coef(), "coef_", state.coef.shape, dtype
        )
        intercept = _validation.check_initial(
            self.intercept_, "intercept_", state.intercept.shape, np.float64
        )
        averaged = state.average_count > 0.0
        stored_coef, stored_intercept = state.model()
        same = np.array_equal(intercept, stored_intercept.astype(dtype))
        if averaged and same and np.array_equal(coef, stored_coef):
            return state
        state.start_average_anew()
        state.coef = coef
        if averaged or not same:
            state.intercept = intercept
        return state

    # --- Problem

    def _posed(self, X, y, sample_weight):
        """Give the problem of all rows of weight, for an estimator of its own."""
        training = self._training(X, y, sample_weight, reset=True)
        state = self._initial_state(training, None, None, None)
        return self._problem(training, training.rows, state)

    def _problem(self, training, rows, state):
        X, weight = training.X, training.weight
        design = engine.Design(X)  # first of all: SciPy does not check what it reads
        squares_entries = self.learning_rate in (AUTO, *AGGRESSIVE)
        if squares_entries and _validation.has_duplicates(X):
            design = engine.Design(_validation.summed_duplicates(X))
        mean = state.see_weights(None if weight is None else weight[rows], len(rows))
        if weight is not None:
            with np.errstate(over="ignore"):  # of rows that are held out
                weight = weight / mean
        elif mean != 1.0:
            weight = np.full(X.shape[0], 1.0 / mean)
        if len(rows) < X.shape[0]:
            _validation.check_finite(self, X)  # no epoch will read all of it
        ridge, l1 = _parameters.penalty_of(self)
        return Problem(
            design,
            engine.Samples(
                training.targets, weight, training.n_outputs, training.positive
            ),
            rows,
            self._core_loss(training.n_outputs),
            _parameters.loss_parameter(self),
            ridge,
            l1,
            self.fit_intercept,
            _parameters.minimises(self),
            effective_n_jobs(self.n_jobs),
        )

    def _batch_size(self, n_rows):
        mode = _parameters.mode_of(self)
        if mode == "batch":
            return n_rows
        if mode == "mini-batch":
            size = self.batch_size
            return min(_parameters.MINI_BATCH_SIZE if size == "auto" else size, n_rows)
        return 1

    # --- Descend

    def _descend(
        self, problem, state, *, max_iter, tol, score=None, tasks=None, stream=False
    ):
        with self._explained(problem):
            if self.learning_rate == AUTO:
                epochs = self._auto_epochs(problem, state, tol, stream)
                stopping = Certificate(tol, self.n_iter_no_change)
            else:
                epochs = self._textbook_epochs(problem, state)
                stopping = self._patience(problem, tol)
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

    def _auto_epochs(self, problem, state, tol, stream):
        mode = self.mode if stream else _parameters.mode_of(self)
        seed = 0 if mode == "batch" else seed_of(self.random_state)
        if stream:
            return StreamEpochs(
                problem, state, positive=self.positive, mode=mode, seed=seed
            )
        return AutoEpochs(
            problem,
            state.coef,
            state.intercept,
            positive=self.positive,
            tol=tol,
            mode=mode,
            seed=seed,
        )

    def _textbook_epochs(self, problem, state):
        if self.power_t < 0:
            warnings.warn(
                "Negative values for `power_t` are deprecated in scikit-learn's SGD,"
                " and are an error from its version 1.10 on: the learning rate grows"
                " without bound.",
                FutureWarning,
                stacklevel=5,
            )
        return TextbookEpochs(
            problem,
            state,
            rule=_parameters.rule_of(self),
            schedule=SCHEDULES[self.learning_rate](self.eta0, self.power_t, self.alpha),
            kind=self.learning_rate,
            batch_size=self._batch_size(len(problem.rows)),
            average_start=int(self.average),
            shuffle=self.shuffle,
            random_state=self.random_state,
        )

    def _patience(self, problem, tol):
        return Stopping(
            tol,
            self.n_iter_no_change,
            problem.zero_objective,
            settles=self._batch_size(len(problem.rows)) == len(problem.rows)
            and self.learning_rate != ADAPTIVE
            and traits_of(problem.loss)["shape"] != "kinked",
        )

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

    # --- Use

    def _dense_coef(self):
        return self.coef_.toarray() if issparse(self.coef_) else self.coef_

    def _raw_predictions(self, X):
        """Give X w + b of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = _validation.check_X(self, X, reset=False)
        _validation.check_sound(X)
        coef = self.coef_ if self.coef_.ndim == 2 else self.coef_[None, :]
        return safe_sparse_dot(X, coef.T, dense_output=True) + self.intercept_

    def sparsify(self):
        """Convert the coefficients to a sparse matrix.

        Worth it when more than half of them are zero, as with penalty="l1"; `fit` and
        `partial_fit` go on from there, `densify` turns it back.

        Returns
        -------
        BaseGD
            The estimator, with `coef_` a SciPy csr_matrix of shape
            (n_outputs, n_features).
        """
        check_is_fitted(self)
        self.coef_ = csr_matrix(self.coef_)
        return self

    def densify(self):
        """Convert the coefficients back to an array.

        Returns
        -------
        BaseGD
            The estimator, with `coef_` an ndarray.
        """
        check_is_fitted(self)
        if issparse(self.coef_):
            self.coef_ = self._shaped_coef(self.coef_.toarray())
        return self

    # --- Pickles

    def __getstate__(self):
        return {**super().__getstate__(), "_skgd_version": __version__}

    def __setstate__(self, state):
        version = state.pop("_skgd_version", None)
        if version != __version__:
            by = "an unknown version" if version is None else f"skgd {version}"
            warnings.warn(
                f"This {type(self).__name__} was pickled by {by}, and this is skgd"
                f" {__version__}: what it gives may be wrong, and partial_fit may fail."
                " Fit it anew, or load it with the version that it is of.",
                UserWarning,
                stacklevel=2,
            )
        super().__setstate__(state)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
