"""The loop over epochs."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Outcome:
    """What a descent ends with.

    Attributes
    ----------
    coef, intercept : ndarray of shapes (n_outputs, n_features), (n_outputs,)
        The model to return.
    n_iter, best_iter : int
        Epochs run, and the epoch whose model is returned.
    converged : bool
        Whether the tolerance stopped it, at a model better than none.
    objective : float
        F at the model.
    history : dict of str to ndarray
        One entry an epoch.
    state : DescentState
        Where a later call goes on.
    """

    coef: np.ndarray
    intercept: np.ndarray
    n_iter: int
    best_iter: int
    converged: bool
    objective: float
    history: dict[str, np.ndarray] = field(repr=False)
    state: Any = field(repr=False)


class DivergedError(Exception):
    """The descent left the range of floating point in an epoch."""

    def __init__(self, epoch: int, learning_rate: float):
        super().__init__(epoch, learning_rate)
        self.epoch = epoch
        self.learning_rate = learning_rate


def descend(
    problem, epochs, stopping, monitor, *, max_iter: int, score=None
) -> Outcome:
    """Run epochs until `stopping` has seen enough.

    Parameters
    ----------
    problem : Problem
        The objective.
    epochs : TextbookEpochs
        Runs one epoch a call.
    stopping : Stopping
        Says when it is enough.
    monitor : Monitor
        Hears of each epoch.
    max_iter : int
        Epochs at most.
    score : callable or None
        Validation score of (coef, intercept); the model of the best epoch is then
        returned, unless the tolerance is None.
    """
    best, converged = None, False
    for n_iter in range(1, max_iter + 1):
        learning_rate = epochs.learning_rate
        objective, gradient_norm = epochs.run_epoch()
        if not np.isfinite(objective):
            raise DivergedError(n_iter, learning_rate)
        validation_score = np.nan
        if score is not None:
            model = epochs.model()
            validation_score = score(*model)
            rank = -np.inf if np.isnan(validation_score) else validation_score
            if best is None or rank > best[0]:
                best = rank, n_iter, *(array.copy() for array in model)
            stopping.see_score(validation_score)
        else:
            stopping.see_objective(objective)
        monitor.see_epoch(objective, gradient_norm, learning_rate, validation_score)
        if stopping.exhausted:
            if epochs.lower_learning_rate():
                stopping.be_patient_again()
            elif score is not None or not stopping.rising(objective):
                converged = True
                break

    state = epochs.state()
    coef, intercept = epochs.model()
    best_iter = n_iter
    if best is not None and stopping.tol is not None:
        _, best_iter, coef, intercept = best
    objective = problem.objective(coef, intercept)
    return Outcome(
        coef,
        intercept,
        n_iter,
        best_iter,
        converged and not problem.worse_than_zero(objective),
        objective,
        monitor.history(objective),
        state,
    )
