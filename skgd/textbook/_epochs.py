"""Epochs of textbook descent, one after the other."""

from math import isfinite

import numpy as np

from skgd._core import engine
from skgd._core.order import TrainingRows
from skgd._report import Ending, Report
from skgd._seed import seed_of
from skgd.textbook._schedules import ADAPTIVE


class TextbookEpochs:
    """w <- prox(optimizer(w, g, eta_t)), an epoch a call.

    Parameters
    ----------
    problem : Problem
        The objective and its training rows.
    state : DescentState
        Where to start; not written to.
    rule : tuple of (str, float, float, float)
        The optimizer's name and numbers.
    schedule : Schedule
        The learning rate.
    kind : str
        The schedule's name: "adaptive" can be lowered, "pa1" and "pa2" rescale d.
    batch_size : int
        Rows a step reads, in [1, n_train].
    average_start : int
        Samples seen before iterates are averaged; 0 for never.
    shuffle : bool
        Whether to draw a new order each epoch; has no effect in batch mode.
    random_state : int, RandomState instance or None
        Seed of the order, unless the state goes on from an earlier one.
    """

    def __init__(
        self,
        problem,
        state,
        *,
        rule,
        schedule,
        kind,
        batch_size,
        average_start,
        shuffle,
        random_state,
    ):
        self.problem = problem
        self.kind = kind
        self.schedule = schedule
        self._shuffle = shuffle and batch_size < len(problem.rows)
        # Below a full batch the gradient is noisy, and the proximal map of each step
        # leaves nothing at zero (see penalty.hpp).
        cumulative = (
            problem.l1 > 0.0 and rule[0] == "sgd" and batch_size < len(problem.rows)
        )
        state = state.prepared(
            rule[0],
            problem.design.dtype,
            cumulative=cumulative,
            average=average_start > 0,
        )
        if kind == ADAPTIVE and state.schedule_eta0 is not None:
            self.schedule = schedule._replace(
                eta0=min(schedule.eta0, state.schedule_eta0)
            )
        self._transpose = problem.design.feature_major and problem.n_outputs > 1
        self._state = state.transposed() if self._transpose else state
        self._penalty = problem.penalty(self._state.coef)
        if self._shuffle:
            design = problem.design
            self._rows = TrainingRows(problem.rows, design.shape[0], design.block_rows)
            if state.seed is None:
                self._state.seed = seed_of(random_state)
        self._core = engine.Descent(
            problem.design,
            problem.samples,
            self._state,
            loss=problem.loss,
            parameter=problem.parameter,
            ridge=problem.ridge,
            l1=problem.l1,
            optimizer=rule,
            schedule=self.schedule,
            aggressive=kind if kind in engine.AGGRESSIVE else None,
            batch_size=batch_size,
            fit_intercept=problem.fit_intercept,
            average_start=average_start,
            n_threads=problem.n_threads,
        )

    def run_epoch(self) -> Report:
        """Take the steps of one epoch.

        The objective is the running mean of the loss on the way plus the mean of the
        penalty at both ends; infinite or NaN where the descent has diverged. The
        gradient's norm is that of what (w, b) moved, divided by the sum of the learning
        rates: of the gradient in batch mode, of the mean step in the others.
        """
        learning_rate = self.schedule(self._state.steps + 1.0)
        if self._shuffle:
            self._state.seed = self._rows.shuffle(self._state.seed)
        loss_sum, eta_sum, finite, moved, penalty = self._core.run_epoch(
            self.problem.rows
        )
        norm = moved**0.5 / (eta_sum or 1.0)
        before, self._penalty = self._penalty, penalty
        objective = loss_sum / self.problem.weight_sum + 0.5 * (before + penalty)
        if not (finite and isfinite(norm)):
            objective = np.inf
        return Report(objective, np.nan, norm, learning_rate)

    def ending(self, report, model=None) -> Ending:
        """Give the last model, or another one, as it is returned: a pass over X."""
        coef, intercept = model or self.model()
        if self._shuffle:
            self._rows.put_in_order()  # X is read in order again from here on
        objective = self.problem.objective(coef, intercept)
        sound = not self.problem.worse_than_zero(objective)
        return Ending(coef, intercept, objective, sound=sound)

    def lower_learning_rate(self) -> bool:
        """Divide an adaptive rate by 5; tell whether there was anything to lower."""
        lowered = self.schedule.lowered() if self.kind == ADAPTIVE else None
        if lowered is None:
            return False
        self.schedule = lowered
        self._core.set_schedule(*self.schedule)
        return True

    def model(self):
        """Give coefficients (n_outputs, n_features) and intercept."""
        coef, intercept = self._state.model()
        return (np.ascontiguousarray(coef.T) if self._transpose else coef), intercept

    def state(self):
        """Give the state to go on from."""
        state = self._state.transposed() if self._transpose else self._state
        state.schedule_eta0 = self.schedule.eta0 if self.kind == ADAPTIVE else None
        return state
