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
    objective, suboptimality : float
        F at the model, and the estimate of F - F* there (NaN: none).
    history : dict of str to ndarray
        One entry an epoch.
    state : DescentState
        Where a later call goes on.
    stopped : bool
        Whether a callback asked to stop.
    """

    coef: np.ndarray
    intercept: np.ndarray
    n_iter: int
    best_iter: int
    converged: bool
    objective: float
    suboptimality: float
    history: dict[str, np.ndarray] = field(repr=False)
    state: Any = field(repr=False)
    stopped: bool = False


class DivergedError(Exception):
    """The descent left the range of floating point in an epoch."""

    def __init__(self, epoch: int, learning_rate: float):
        super().__init__(epoch, learning_rate)
        self.epoch = epoch
        self.learning_rate = learning_rate


def descend(epochs, stopping, monitor, *, max_iter: int, score=None) -> Outcome:
    """Run epochs until `stopping` has seen enough.

    Parameters
    ----------
    epochs : TextbookEpochs or AutoEpochs
        Runs one epoch a call.
    stopping : Patience or Certificate
        Says when it is enough.
    monitor : Monitor
        Hears of each epoch, and may ask to stop.
    max_iter : int
        Epochs at most.
    score : callable or None
        Validation score of (coef, intercept); the model of the best epoch is then
        returned, unless the tolerance is None.
    """
    best = None
    for n_iter in range(1, max_iter + 1):
        monitor.begin_epoch()
        report = epochs.run_epoch()
        if not report.finite:
            raise DivergedError(n_iter, report.step)
        validation_score = np.nan
        if score is not None:
            model = epochs.model()
            validation_score = score(*model)
            rank = -np.inf if np.isnan(validation_score) else validation_score
            if best is None or rank > best[0]:
                model = tuple(array.copy() for array in model)
                best = rank, n_iter, report.suboptimality, model
            stopping.see_score(report, validation_score)
        else:
            stopping.see_objective(report)
        monitor.see_epoch(report, validation_score)
        if stopped := monitor.end_epoch(epochs.model):
            break
        if stopping.exhausted and not epochs.lower_learning_rate():
            if stopping.settled:
                break
        elif stopping.exhausted:
            stopping.be_patient_again()

    model, best_iter, suboptimality = epochs.model(), n_iter, report.suboptimality
    if best is not None and stopping.tol is not None:
        _, best_iter, suboptimality, model = best
    coef, intercept = model
    objective = report.objective
    if not report.exact or best is not None:
        objective = epochs.objective(coef, intercept)
    lost = epochs.lost(objective) if best is None else 0.0
    converged = stopping.converged(n_iter, best_iter) and not lost
    return Outcome(
        coef,
        intercept,
        n_iter,
        best_iter,
        converged and not epochs.worse_than_none(objective),
        objective,
        suboptimality + lost,
        monitor.history(objective),
        epochs.state(),
        stopped,
    )
