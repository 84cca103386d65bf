"""Tasks of losses of pieces, as the tests of their descents share them."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import issparse

from skgd._core.bridge import View
from skgd._core.engine import Design
from skgd._core.sample_space import SampleLoss
from skgd.auto._interval import Interval
from skgd.auto._task import Task

PARAMETERS = {
    "hinge": 0.0,
    "absolute_error": 0.0,
    "quantile": 0.75,
    "epsilon_insensitive": 0.3,
}
SMOOTH = {
    "squared_error": 0.0,
    "huber": 0.3,
    "squared_epsilon_insensitive": 0.3,
    "squared_hinge": 0.0,
    "modified_huber": 0.0,
}
OF_CLASSES = "hinge", "squared_hinge", "modified_huber"


@dataclass
class Penalty:
    ridge: float = 0.0
    l1: float = 0.0
    positive: bool = False


def make_task(X, y, loss, penalty, weight=None, fit_intercept=True):
    """Give a task in coordinates in which columns have the same size."""
    n, d = X.shape
    s = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
    s = s / s.sum()
    dense = X.toarray() if issparse(X) else X.astype(np.float64)
    mean = s @ dense if fit_intercept else np.zeros(d)
    variance = s @ (dense - mean) ** 2
    constant = np.ptp(dense[s > 0], axis=0) == 0
    size = np.where(constant, 1.0, variance + penalty.ridge)
    scale = np.where(constant, 0.0, 1.0 / np.sqrt(size))
    parameter = (PARAMETERS | SMOOTH)[loss]
    interval = Interval(loss, parameter, y, s)
    b = 0.0
    if fit_intercept and loss in PARAMETERS:
        b = interval.best_constant()
    elif fit_intercept:
        bounds = y.min() - 1.0, y.max() + 1.0
        values = lambda b: interval.value(np.full(n, b))  # noqa: E731
        b = minimize_scalar(values, bounds=bounds, options={"xatol": 1e-12}).x
    return Task(
        View(Design(X), np.arange(n, dtype=np.uint32), mean, scale),
        SampleLoss(loss, parameter, y, s),
        penalty.ridge * scale**2,
        penalty.l1 * scale,
        penalty.positive,
        fit_intercept,
        np.array([b]),
        interval.value(np.full(n, b)),
    )


def run(method, task, tol=1e-8, start=None):
    """Give the descent at its end and its reports."""
    v, b = np.zeros((1, task.view.n_features)), task.constant
    descent = method(task, *(start or (v, b)), tol)
    reports = []
    for _ in range(500):
        reports.append(descent.run_epoch())
        last = reports[-1]
        met = last.suboptimality <= task.needed(tol, last.objective)
        if last.exhausted or (last.certified and met):
            break
    assert np.isfinite(descent.v).all()
    return descent, reports


def objective(task, descent):
    """Give F of a descent's model, as the rows have it."""
    interval = Interval.of(task.loss)
    z = task.view.matvec(descent.v)[0] + descent.b[0]
    return interval.value(z) + task.penalty(descent.v)
