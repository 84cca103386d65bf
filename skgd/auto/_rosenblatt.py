"""The perceptron without a learning rate: Rosenblatt's rule, and when to leave it."""

import numpy as np

from skgd._core.order import shuffle
from skgd._core.stochastic import Stochastic
from skgd._report import Report

_PATIENCE = 5  # epochs without fewer mistakes: the classes overlap


class Rosenblatt:
    """Epochs of v <- v + s y a, b <- b + s y, at every row with y z <= 0.

    The zero model minimises the perceptron's criterion, penalised or not, so there is
    nothing to descend to: the rule looks for a model without mistakes instead, and
    takes no notice of the penalty. It finds one in a finite number of steps if there is
    one (Novikoff, "On convergence proofs on perceptrons", 1962); else, of the models at
    the ends of epochs and the averages of all steps (Freund, Schapire, "Large margin
    classification using the perceptron algorithm", 1999), it keeps that of the fewest
    mistakes.

    Parameters
    ----------
    task : Task
        One output of the perceptron.
    v, b : ndarray of shapes (1, n_features), (1,)
        Where to start.
    tol : float or None
        None goes on after five epochs without fewer mistakes.
    mode : {"batch", "mini-batch", "stochastic"}
        "batch" takes the rows in their order, the others shuffle them.
    seed : int
        Of the shuffles.

    Attributes
    ----------
    v, b : ndarray of shapes (1, n_features), (1,)
        The model of the fewest mistakes.
    """

    def __init__(self, task, v, b, tol, mode, seed):
        self.v, self.b = v, b
        self._task, self._tol = task, tol
        self._order = np.arange(task.view.n_rows, dtype=np.uint32)
        self._seed = None if mode == "batch" else seed
        self._core = Stochastic(task.view)
        self._share = task.loss.weight * task.view.n_rows  # mean one: a rate of one
        self._w = np.append(v[0] * task.view.scale, b)
        self._late = np.zeros_like(self._w)
        self._fewest, self._fewest_on_the_way = np.inf, np.inf
        self._steps, self._without = 0, 0

    def run_epoch(self) -> Report:
        """Sweep over the rows, and look at the last model and at the average."""
        task = self._task
        if self._seed is not None:
            self._seed = shuffle(self._order, self._seed)
        on_the_way = self._core.sweep(
            task.loss.y,
            self._share,
            task.view.scale**2,
            task.fit_intercept,
            self._order,
            self._w,
            self._late,
            float(self._steps),
        )
        self._steps += len(self._order)
        if task.positive:
            np.maximum(self._w[:-1], 0.0, out=self._w[:-1])
        before = self._fewest
        self._keep(self._w - self._late / self._steps)
        self._keep(self._w)
        better = self._fewest < before or on_the_way < self._fewest_on_the_way
        self._fewest_on_the_way = min(on_the_way, self._fewest_on_the_way)
        self._without = 0 if better else self._without + 1
        return self._report(on_the_way)

    def _keep(self, model):
        """Keep a model in the units of X if it makes fewer mistakes."""
        task, scale = self._task, self._task.view.scale
        w = np.maximum(model[:-1], 0.0) if task.positive else model[:-1]
        v = np.divide(w, scale, where=scale > 0.0, out=np.zeros_like(w))[None]
        z = task.view.matvec(v) + model[-1]
        mistakes = task.loss.weight[task.loss.y * z[0] <= 0.0].sum()
        if mistakes < self._fewest:
            self._fewest = mistakes
            self.v, self.b = v, model[-1:].copy()
            self._objective = task.loss.evaluate(z) + task.penalty(v)

    def _report(self, mistakes):
        return Report(
            objective=self._objective,
            suboptimality=self._objective,  # the zero model has none
            gradient_norm=float(mistakes),
            step=1.0,
            certified=bool(self._fewest == 0.0),
            exhausted=self._tol is not None and self._without >= _PATIENCE,
        )


def learn_by_rule(problem, memory, losses, view, order, share):
    """Follow the rule over the rows of a call of partial_fit.

    Parameters
    ----------
    problem : Problem
    memory : Averages
        Whose iterates and averages are written to.
    losses : list of SampleLoss
        One an output.
    view : View
        The rows, at the mean of all rows seen.
    order : ndarray of uint32
        Positions of the rows to visit.
    share : float
        Of these iterates in the average.
    """
    variance = memory.moments.variance
    metric = np.zeros_like(variance)
    np.divide(1.0, variance, out=metric, where=variance > 0.0)
    core, n = Stochastic(view), len(order)
    for w, average, loss in zip(memory.iterate, memory.average, losses, strict=True):
        late = np.zeros_like(w)
        weight = loss.weight * n
        core.sweep(loss.y, weight, metric, problem.fit_intercept, order, w, late, 0.0)
        average += share * (w - late / n - average)
