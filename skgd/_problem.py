"""The objective: mean weighted loss plus alpha times the penalty."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from joblib import effective_n_jobs

from skgd import _parameters, _validation
from skgd._core import engine
from skgd._parameters import AUTO
from skgd.textbook import AGGRESSIVE

_BLOCK_ROWS = 65536  # of y at a time: half a megabyte of float64 in each array


@dataclass
class Problem:
    """F(w, b) = sum_i s_i loss(y_i, x_i . w + b) / sum_i s_i + alpha * R(w).

    Attributes
    ----------
    design : engine.Design
        X of shape (n_samples, n_features).
    samples : engine.Samples
        Targets or class codes, and weights whose mean over `rows` is about one.
    rows : ndarray of shape (n_train,), uint32
        The training rows: of weight above zero and not held out for validation; in any
        order (a descent shuffles them in place).
    loss, parameter : str, float
        The loss in the core's words.
    ridge, l1 : float
        alpha * R(w) = ridge / 2 |w|^2 + l1 |w|_1.
    fit_intercept : bool
        Whether b is fitted or stays as it is.
    minimised : bool
        Whether the descent means to minimise F: the perceptron's rule does not.
    n_threads : int
        Threads that share the rows of a large batch.
    pose : callable or None
        Makes the tasks of auto descent where the rows are not in memory.
    """

    pose: ClassVar[Callable | None] = None

    design: engine.Design
    samples: engine.Samples
    rows: np.ndarray
    loss: str
    parameter: float
    ridge: float
    l1: float
    fit_intercept: bool
    minimised: bool
    n_threads: int

    @property
    def n_outputs(self) -> int:
        """Raw predictions a row: targets, classes, or one."""
        return self.samples.n_outputs

    @cached_property
    def weight_sum(self) -> float:
        """Sum of the weights of the training rows."""
        weight = self.samples.weight
        return float(len(self.rows) if weight is None else weight[self.rows].sum())

    @cached_property
    def largest_targets(self):
        """Largest size of a target in each output; None where y is made of classes."""
        y = self.samples.y
        return np.abs(y[self.rows]).max(axis=0) if y.dtype == np.float64 else None

    def penalty(self, coef) -> float:
        """Give alpha * R(w), for coefficients of any layout."""
        w = coef.ravel().astype(np.float64, copy=False)
        value = 0.5 * self.ridge * (w @ w) if self.ridge else 0.0
        return float(value + (self.l1 * np.abs(w).sum() if self.l1 else 0.0))

    def objective(self, coef, intercept) -> float:
        """Give F at coefficients of shape (n_outputs, n_features): one pass over X."""
        layout = coef.T if self.design.feature_major else coef
        total = engine.loss_sum(
            self.design,
            self.samples,
            self.rows,
            np.ascontiguousarray(layout),
            intercept.astype(np.float64, copy=False),
            self.loss,
            self.parameter,
            self.n_threads,
        )
        return total / self.weight_sum + self.penalty(coef)

    def worse_than_zero(self, objective: float) -> bool:
        """Tell whether no coefficients at all would have been better."""
        rounding = 1e-9 * abs(self.zero_objective)
        return self.minimised and objective > self.zero_objective + rounding

    @cached_property
    def zero_objective(self) -> float:
        """F at the zero model: a pass over y."""
        if self.samples.y.dtype == np.float64:
            return self._zero_loss_of_targets() / self.weight_sum
        return self._zero_loss_of_classes() / self.weight_sum

    def _blocks(self):
        """Give y and weights of some rows at a time."""
        y, weight = self.samples.y, self.samples.weight
        for begin in range(0, len(self.rows), _BLOCK_ROWS):
            rows = self.rows[begin : begin + _BLOCK_ROWS]
            yield y[rows], np.ones(len(rows)) if weight is None else weight[rows]

    def _zero_loss_of_targets(self) -> float:
        return sum(
            self._zero_loss(target, weight)
            for y, weight in self._blocks()
            for target in np.ascontiguousarray(y.T)
        )

    def _zero_loss_of_classes(self) -> float:
        K = self.n_outputs
        sums = np.zeros(max(K, 2))
        for y, weight in self._blocks():
            sums += np.bincount(y, weight, minlength=len(sums))
        if self.loss == "softmax":
            return float(sums.sum() * np.log(K))
        total, signs = 0.0, np.array([1.0, -1.0])
        for k in range(K):
            positive = sums[k if K > 1 else 1]
            rest = sums.sum() - positive
            if self.samples.positive is not None:
                positive = positive * self.samples.positive[k]
            total += self._zero_loss(signs, np.array([positive, rest], dtype=float))
        return total

    def _zero_loss(self, targets, weight) -> float:
        """Give the sum of s l at raw predictions of zero."""
        zeros = np.zeros(len(targets))
        at_zero = engine.evaluate_loss(
            self.loss, self.parameter, targets, zeros, weight
        )
        return at_zero[0]


def objective_of(estimator, n_outputs):
    """Give what a Problem says of F, whatever rows it is of."""
    ridge, l1 = _parameters.penalty_of(estimator)
    return {
        "loss": estimator._core_loss(n_outputs),
        "parameter": _parameters.loss_parameter(estimator),
        "ridge": ridge,
        "l1": l1,
        "fit_intercept": estimator.fit_intercept,
        "minimised": _parameters.minimises(estimator),
    }


def problem_in_memory(estimator, training, rows, state):
    """Give the problem of the given rows; `state` keeps the mean of the weights."""
    X, weight = training.X, training.weight
    design = engine.Design(X)  # first of all: SciPy does not check what it reads
    squares_entries = estimator.learning_rate in (AUTO, *AGGRESSIVE)
    if squares_entries and _validation.has_duplicates(X):
        design = engine.Design(_validation.summed_duplicates(X))
    mean = state.see_weights(None if weight is None else weight[rows], len(rows))
    if weight is not None:
        with np.errstate(over="ignore"):  # of rows that are held out
            weight = weight / mean
    elif mean != 1.0:
        weight = np.full(X.shape[0], 1.0 / mean)
    if len(rows) < X.shape[0]:
        _validation.check_finite(estimator, X)  # no epoch will read all of it
    return Problem(
        design,
        engine.Samples(training.targets, weight, training.n_outputs, training.positive),
        rows,
        n_threads=effective_n_jobs(estimator.n_jobs),
        **objective_of(estimator, training.n_outputs),
    )
