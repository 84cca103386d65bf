"""partial_fit without a learning rate: one look at each row, and a model after it."""

from dataclasses import replace

import numpy as np

from skgd._core.bridge import View
from skgd._core.losses import traits_of
from skgd._report import Report
from skgd.auto._averaged import learn_by_steps
from skgd.auto._coordinates import output_losses, row_weights
from skgd.auto._lesson import Start
from skgd.auto._recursive import MOST_COLUMNS, learn_least_squares


class StreamEpochs:
    """The only epoch of a call of partial_fit.

    Squared loss without l1 and with at most 1000 columns ends in the optimum over all
    rows seen; anything else in averaged steps towards it.

    Parameters
    ----------
    problem : Problem
        The objective and the rows of this call.
    state : DescentState
        Of the last call; it is not written to.
    positive : bool
        Whether coefficients must not be negative.
    mode : {"auto", "batch", "mini-batch", "stochastic"}
        Rows a step, where there are steps ("auto": "mini-batch").
    seed : int
        Of the order of the rows.
    """

    def __init__(self, problem, state, *, positive, mode, seed):
        self.problem, self._state = problem, state
        self._positive, self._seed = positive, seed
        self._exact = (
            traits_of(problem.loss)["shape"] == "constant"
            and problem.l1 == 0.0
            and not positive
            and problem.design.shape[1] <= MOST_COLUMNS
        )
        self._mode = "mini-batch" if mode == "auto" else mode

    def run_epoch(self) -> Report:
        """Learn from the rows."""
        coef, intercept = self._state.model()
        start = Start(coef, intercept, self._state.memory, self._share())
        if self._exact:
            lesson = learn_least_squares(self.problem, start)
        else:
            lesson = learn_by_steps(
                self.problem, start, self._positive, self._mode, self._seed
            )
        self._lesson = lesson
        self._objective = self._evaluate()
        return Report(
            self._objective,
            lesson.suboptimality,
            lesson.gradient_norm,
            lesson.step,
            lesson.certified,
        )

    def _share(self):
        """Give the share of these rows in the weight of all rows seen."""
        weight, rows = self.problem.samples.weight, self.problem.rows
        if self._state.weight_count == len(rows):
            return 1.0  # rounding must not leave earlier rows
        total = len(rows) if weight is None else weight[rows].sum()
        return min(float(total / self._state.weight_count), 1.0)

    def _evaluate(self):
        """Give F of the model on these rows: a pass over X."""
        problem, (coef, intercept) = self.problem, self.model()
        d = problem.design.shape[1]
        view = View(
            problem.design, problem.rows, np.zeros(d), np.ones(d), problem.n_threads
        )
        z = view.matvec(coef.astype(np.float64)) + intercept[:, None]
        total, begin = problem.penalty(coef), 0
        for loss in output_losses(problem, row_weights(problem)):
            end = begin + loss.n_outputs
            total += loss.evaluate(z[begin:end])
            begin = end
        if traits_of(problem.loss)["link"] == "log":
            # exp(z) of a sound model may overflow on rows that are larger than all
            # before; NaN stays NaN.
            total = min(total, np.finfo(np.float64).max)
        return float(total)

    def objective(self, coef, intercept) -> float:
        """Give F of the model on the rows of this call."""
        return self._objective

    def lost(self, objective: float) -> float:
        """Give what rounding to X's dtype cost: not looked at."""
        return 0.0

    def worse_than_none(self, objective: float) -> bool:
        """Tell that these rows alone do not judge a model of all rows seen."""
        return False

    def lower_learning_rate(self) -> bool:
        """There is none to lower."""
        return False

    def state(self):
        """Give where the next call goes on."""
        lesson, state = self._lesson, replace(self._state)
        state.start_average_anew()
        return replace(
            state,
            coef=lesson.coef,
            intercept=lesson.intercept,
            memory=lesson.memory,
            samples_seen=state.samples_seen + len(self.problem.rows),
        )

    def model(self):
        """Give coefficients (n_outputs, n_features) in X's dtype, and intercept."""
        return self._lesson.coef, self._lesson.intercept
