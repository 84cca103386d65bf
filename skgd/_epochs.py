"""The epochs by which an estimator descends, and when textbook descent stops."""

import warnings

from skgd import _parameters
from skgd._core.losses import traits_of
from skgd._seed import seed_of
from skgd._stopping import Stopping
from skgd.auto import AutoEpochs, StreamEpochs
from skgd.textbook import ADAPTIVE, SCHEDULES, TextbookEpochs


def _batch_size(estimator, n_rows):
    mode = _parameters.mode_of(estimator)
    if mode == "batch":
        return n_rows
    if mode == "mini-batch":
        size = estimator.batch_size
        return min(_parameters.MINI_BATCH_SIZE if size == "auto" else size, n_rows)
    return 1


def auto_epochs(estimator, problem, state, tol, stream=False):
    """Give epochs of auto descent; `stream`: of partial_fit."""
    mode = estimator.mode if stream else _parameters.mode_of(estimator)
    seed = 0 if mode == "batch" else seed_of(estimator.random_state)
    if stream:
        return StreamEpochs(
            problem, state, positive=estimator.positive, mode=mode, seed=seed
        )
    return AutoEpochs(
        problem,
        state.coef,
        state.intercept,
        positive=estimator.positive,
        tol=tol,
        mode=mode,
        seed=seed,
    )


def textbook_epochs(estimator, problem, state):
    """Give epochs of textbook descent."""
    if estimator.power_t < 0:
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
        rule=_parameters.rule_of(estimator),
        schedule=SCHEDULES[estimator.learning_rate](
            estimator.eta0, estimator.power_t, estimator.alpha
        ),
        kind=estimator.learning_rate,
        batch_size=_batch_size(estimator, len(problem.rows)),
        average_start=int(estimator.average),
        shuffle=estimator.shuffle,
        random_state=estimator.random_state,
    )


def patience(estimator, problem, tol):
    """Give the stopping rule of textbook descent."""
    return Stopping(
        tol,
        estimator.n_iter_no_change,
        problem.zero_objective,
        settles=_batch_size(estimator, len(problem.rows)) == len(problem.rows)
        and estimator.learning_rate != ADAPTIVE
        and traits_of(problem.loss)["shape"] != "kinked",
    )
