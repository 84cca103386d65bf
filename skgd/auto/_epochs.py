"""Epochs of auto descent: one of each output that has not converged."""

import math
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skgd._report import Ending, Report
from skgd.auto._choice import known_loss, make_descent
from skgd.auto._coordinates import (
    from_coordinates,
    make_tasks,
    rounded,
    to_coordinates,
)
from skgd.auto._optima import Optima
from skgd.auto._task import Task, tasks_at

_SUMMED = 1e-13  # of F: two sums over the rows may be so far apart


@dataclass
class _Output:
    """A task, its descent, and how far that is."""

    task: Task
    descent: Any
    report: Report | None = None

    def finished(self, tol) -> bool:
        exhausted = self.report is not None and self.report.exhausted
        return exhausted or self.met(tol)

    def met(self, tol) -> bool:
        report = self.report
        return (
            tol is not None
            and report is not None
            and report.certified
            and report.suboptimality <= self.task.needed(tol, report.objective)
        )


class AutoEpochs:
    """An epoch a call of every output's descent.

    Parameters
    ----------
    problem : Problem
        The objective and its training rows.
    coef, intercept : ndarray of shapes (n_outputs, n_features), (n_outputs,)
        Where to start, in the units of X; the best constant model if that is better.
    positive : bool
        Whether coefficients must not be negative.
    tol : float or None
        Share of F_null - F that the estimate of F - F* must reach.
    mode : {"batch", "mini-batch", "stochastic"}
        What an epoch does beside P^-1 g and the plane search.
    seed : int
        Of the stochastic modes.

    Attributes
    ----------
    columns : Columns
        Means and variances, which a later partial_fit goes on from.
    """

    def __init__(self, problem, coef, intercept, *, positive, tol, mode, seed):
        self.problem, self._tol, self._mode, self._seed = problem, tol, mode, seed
        self._outputs, self._own, self._exact = [], [], False
        pose = problem.pose or make_tasks
        self.columns, tasks = pose(problem, positive, intercept, tol, mode)
        self._tasks = tasks
        end = 0
        for task in tasks:
            own = slice(end, end := end + task.loss.n_outputs)
            self._own.append(own)
            v, b = _start(task, coef[own], intercept[own])
            descent = make_descent(task, v, b, tol, mode, seed)
            self._outputs.append(_Output(task, descent))

    def at(self, ridge: float, l1: float):
        """Give the epochs of another penalty, no less than the first, from here on.

        What does not depend on the penalty is shared: columns, losses, raw predictions
        and, as far as they are still good, Gram matrices. Of X in double the objective
        is that of the descent: another read of X would cost as much as the rest.
        """
        other = copy(self)
        other._exact = self.problem.design.dtype == np.float64
        other.problem = replace(self.problem, ridge=ridge, l1=l1)
        other._outputs = []
        tasks = tasks_at(self._tasks, ridge, l1)
        for task, output in zip(tasks, self._outputs, strict=True):
            earlier = output.descent
            start = earlier.v, earlier.b
            descent = make_descent(
                task, *start, self._tol, self._mode, self._seed, earlier
            )
            other._outputs.append(_Output(task, descent))
        return other

    @property
    def settled_by_products(self) -> bool:
        """Whether products of the columns and the targets are all there is to know."""
        return all(task.quadratic is not None for task in self._tasks)

    def optima(self):
        """Give the optima of other penalties, no less than this, that need no epochs.

        None where the rows are needed for them.
        """
        losses = [known_loss(output.descent) for output in self._outputs]
        if self._tol is None or any(loss is None for loss in losses):
            return None
        return Optima(self._tasks, losses, self._tol, self.problem.design.dtype)

    def run_epoch(self) -> Report:
        """Run an epoch of the outputs that are not finished; sum up over all."""
        progressed = False
        for output in self._outputs:
            if not output.finished(self._tol):
                output.report = output.descent.run_epoch()
                progressed |= output.report.progressed
        is_double = self.problem.design.dtype == np.float64
        reports = [output.report for output in self._outputs]
        met = [output.met(self._tol) for output in self._outputs]
        exhausted = all(
            done or r.exhausted for done, r in zip(met, reports, strict=True)
        )
        return Report(
            objective=sum(r.objective for r in reports),
            suboptimality=sum(r.suboptimality for r in reports),
            gradient_norm=math.hypot(*(r.gradient_norm for r in reports)),
            step=sum(r.step for r in reports) / len(reports),
            certified=all(met) or (exhausted and self._met_together()),
            exhausted=exhausted,
            exact=self._exact or (is_double and all(r.exact for r in reports)),
            progressed=progressed,
        )

    def _met_together(self) -> bool:
        """Tell whether what all outputs leave is little beside what all explain.

        One may explain next to nothing, and sums do not tell a share of that. What is
        not certified counts with all of its objective: no loss is negative.
        """
        minimised = all(output.task.minimised for output in self._outputs)
        if self._tol is None or not minimised:
            return False
        reports = [output.report for output in self._outputs]
        needed = sum(
            output.task.needed(self._tol, output.report.objective)
            for output in self._outputs
        )
        left = sum(r.suboptimality if r.certified else r.objective for r in reports)
        return left <= needed

    def ending(self, report, model=None) -> Ending:
        """Give the last model, or an earlier one, as it is returned.

        Large coefficients that cancel may not survive X's dtype; the best constant
        model is then returned, if that is better.
        """
        coef, intercept = model or self.model()
        if report.exact:
            return Ending(coef, intercept, report.objective)
        objective = self._objective(coef, intercept)
        rounding = max(objective - report.objective, 0.0)
        null = sum(task.null_objective for task in self._tasks)
        allowed = (self._tol or 0.0) * (null - objective)
        allowed = max(allowed, _SUMMED * abs(objective))
        minimised = all(task.minimised for task in self._tasks)
        if minimised and objective > null + 1e-9 * abs(null):
            coef = np.zeros_like(coef)
            constant = np.concatenate([task.constant for task in self._tasks])
            intercept = rounded(constant, coef.dtype)
            objective = self._objective(coef, intercept)
            rounding = max(objective - report.objective, 0.0)
        return Ending(coef, intercept, objective, rounding, rounding <= allowed)

    def _objective(self, coef, intercept) -> float:
        """Give F at a model in the units of X, in double: a pass over X."""
        task = self._tasks[0]
        view = task.view if task.row_space is None else task.row_space.view
        raw = view.with_coordinates(*_units_of(self.problem.design))
        z = raw.matvec(coef.astype(np.float64)) + intercept[:, None]
        losses = (
            output.task.loss.evaluate(z[own])
            for output, own in zip(self._outputs, self._own, strict=True)
        )
        return float(sum(losses)) + self.problem.penalty(coef)

    def lower_learning_rate(self) -> bool:
        """There is none to lower."""
        return False

    def state(self):
        """Nothing: a later call goes on from the coefficients."""
        return

    def model(self):
        """Give coefficients (n_outputs, n_features) in X's dtype, and intercept."""
        models = [
            from_coordinates(
                o.task, o.descent.v, o.descent.b, self.problem.design.dtype
            )
            for o in self._outputs
        ]
        if len(models) == 1:
            return models[0]
        coef = np.concatenate([coef for coef, _ in models])
        return coef, np.concatenate([intercept for _, intercept in models])


def _units_of(design):
    return np.zeros(design.shape[1]), np.ones(design.shape[1])


def _start(task, coef, intercept):
    """Give (v, b) of the model to start from, or the best constant one."""
    null = np.zeros((len(coef), task.view.n_features)), task.constant.copy()
    if not coef.any() and not intercept.any():
        return null
    v, b = to_coordinates(task, coef.astype(np.float64), intercept)
    if not task.minimised:
        return v, b
    z = task.view.matvec(v) + b[:, None]
    objective = task.loss.evaluate(z) + task.penalty(v)
    return (v, b) if objective < task.null_objective else null
