"""From a Problem to tasks in the coordinates of the descent, and back."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from skgd._core.bridge import View
from skgd._core.sample_space import SampleLoss
from skgd.auto._constant import best_constant, mean_curvature
from skgd.auto._kinked_model import MOST_WHOLE
from skgd.auto._moments import Columns, Products
from skgd.auto._preconditioner import choose_rows
from skgd.auto._quadratic import Hessian, Quadratic
from skgd.auto._row_space import RowSpace
from skgd.auto._task import Task


class TooLargeError(Exception):
    """A column of X holds NaN, infinity, or numbers whose squares overflow."""


def make_tasks(problem, positive: bool, intercept, tol, mode):
    """Give what is to be minimised: a task an output, or one for softmax.

    Two passes over X for the columns' means and variances, and their products where
    these settle a squared error.

    Parameters
    ----------
    problem : Problem
    positive : bool
        Whether coefficients must not be negative.
    intercept : ndarray of shape (n_outputs,)
        Where b stays unless it is fitted.
    tol, mode : float or None, str
        Of the descent.

    Returns
    -------
    columns : Columns
    tasks : list of Task
    """
    s = row_weights(problem)
    losses = list(output_losses(problem, s))
    nulls = list(_null_models(problem, losses, intercept))
    columns, row_space = _look_at_rows(problem, s, losses, nulls, positive, tol)
    if row_space is not None:
        rows = np.arange(len(problem.rows), dtype=np.uint32)
        problem = replace(problem, design=row_space.design, rows=rows)
    centred, products = problem.fit_intercept, None
    if mode == "batch" and _products_pay(problem, losses[0], positive, tol):
        targets = np.array([loss.y for loss in losses])
        fixed = None if centred else intercept
        view, products, variance = look_at_products(problem, centred, s, targets, fixed)
    else:
        view, _, variance = look_at_columns(problem, centred, s)
    tasks = [
        task_from(problem, loss, view, variance, null, positive, row_space)
        for loss, null in zip(losses, nulls, strict=True)
    ]
    if products is not None:
        add_quadratics(tasks, products)
    return columns or Columns(view.mean, np.maximum(variance, 0.0)), tasks


def _look_at_rows(problem, s, losses, nulls, positive, tol):
    """Give the moments of the columns and the row space, if that is of use."""
    separable = problem.ridge and problem.minimised and not (problem.l1 or positive)
    if not (tol and separable and RowSpace.pays(_raw_view(problem), losses[0])):
        return None, None
    view, mean, variance = look_at_columns(problem, problem.fit_intercept, s)
    rows = view.with_coordinates(mean, (variance >= 0.0).astype(np.float64))
    for null in nulls:
        if not RowSpace.holds(rows, problem.ridge, null.slope, tol * null.objective):
            return None, None
    return Columns(mean, np.maximum(variance, 0.0)), RowSpace(rows)


def _products_pay(problem, loss, positive, tol) -> bool:
    """Tell whether a Gram matrix settles the problem, sooner than a sample of rows.

    Not of sparse X, whose Gram matrix loses the digits that a mean in terms of
    standard deviations has, twice.
    """
    if not loss.quadratic or problem.samples.positive is not None:
        return False
    view = _raw_view(problem)
    if view.sparse:
        return False
    if view.n_rows <= view.n_features and not problem.ridge:
        return False  # the Gram matrix is singular
    if problem.l1 or positive:
        return view.n_features <= MOST_WHOLE
    return choose_rows(view, loss, tol) is None


def add_quadratics(tasks, products) -> None:
    """Give each task the gradient and Hessian that the products make."""
    scale, ridge = tasks[0].view.scale, tasks[0].ridge
    matrix = products.gram * scale * scale[:, None]
    matrix.flat[:: len(scale) + 1] += ridge
    hessian = Hessian(matrix)
    for task, cross in zip(tasks, products.cross, strict=True):
        task.quadratic = Quadratic(hessian, -cross * scale)


def _raw_view(problem):
    d = problem.design.shape[1]
    return View(
        problem.design, problem.rows, np.zeros(d), np.ones(d), problem.n_threads
    )


def _look_at_ranges(problem, centred, s):
    """Give the rows about their means (or zero), and whether a column is constant."""
    view = _raw_view(problem)
    mean, low, high = view.ranges(s)
    if centred:
        constant = low == high
        mean[constant] = low[constant]
    else:
        mean, constant = np.zeros(len(mean)), (low == 0.0) & (high == 0.0)
    return view.with_coordinates(mean, view.scale), constant


def look_at_products(problem, centred: bool, s, targets, fixed=None):
    """Give the training rows, and the products of columns and targets: two passes.

    Parameters
    ----------
    problem, centred, s
        As `look_at_columns` takes them.
    targets : ndarray of shape (n_outputs, n_train)
    fixed : ndarray of shape (n_outputs,) or None
        What to subtract from the targets; by default their means.

    Returns
    -------
    view : View
        Of the columns about their means.
    products : Products
    variance : ndarray of shape (n_features,)
        As `look_at_columns` gives it.
    """
    view, constant = _look_at_ranges(problem, centred, s)
    centre = targets @ s if fixed is None else fixed
    gram, cross = view.products(s, targets - centre[:, None])
    variance = gram.diagonal().copy()
    check_range(view.mean, variance)
    variance[constant] = -1.0
    return view, Products(view.mean, gram, centre, cross), variance


def look_at_columns(problem, centred: bool, s=None):
    """Give the training rows, their means and their variances: two passes over X.

    Parameters
    ----------
    problem : Problem
    centred : bool
        False makes the means zero, and the variances means of squares.
    s : ndarray of shape (n_train,) or None
        Weights of sum one.

    Returns
    -------
    view : View
        Of the columns about their means.
    mean, variance : ndarray of shape (n_features,)
        The variance is -1 where a column is constant (or zero, unless `centred`).
    """
    s = row_weights(problem) if s is None else s
    view, constant = _look_at_ranges(problem, centred, s)
    variance = view.rmatvec_squared(s)
    check_range(view.mean, variance)
    variance[constant] = -1.0
    return view, view.mean, variance


def check_range(mean, variance):
    """Raise if the moments of a column are not finite."""
    broken = ~np.isfinite(mean + variance)
    if broken.any():
        raise TooLargeError(
            f"The values in column {int(broken.argmax())} of X are too large: their"
            " squares overflow. Divide the column by a constant, as"
            " sklearn.preprocessing.MaxAbsScaler does."
        )


def row_weights(problem):
    """Give the weights of the training rows, whose sum is one."""
    weight = problem.samples.weight
    s = np.ones(len(problem.rows)) if weight is None else weight[problem.rows]
    return s / s.sum()


def output_losses(problem, s):
    """Yield the loss of each output, or one for softmax, of rows of weights s."""
    samples, name, parameter = problem.samples, problem.loss, problem.parameter
    y = samples.y[problem.rows]
    if name == "softmax":
        codes, K = y.astype(np.int32), samples.n_outputs
        yield SampleLoss(name, parameter, codes, s, K, problem.n_threads)
        return
    for k in range(samples.n_outputs):
        own = s
        if y.ndim == 2:
            target = np.ascontiguousarray(y[:, k])
        else:
            target = np.where(y == (k if samples.n_outputs > 1 else 1), 1.0, -1.0)
        if samples.positive is not None:
            own = np.where(target > 0, s * samples.positive[k], s)
        yield SampleLoss(name, parameter, target, own, 1, problem.n_threads)


class NullModel(NamedTuple):
    """The best constant model of a loss, F and the mean curvature there.

    `slope` : the sum of the sizes of the rows' derivatives there, if it is known.
    """

    constant: np.ndarray
    objective: float
    curvature: float
    slope: float = 0.0


def _null_models(problem, losses, intercept):
    """Yield the null model of each loss."""
    begin, n = 0, len(problem.rows)
    for loss in losses:
        K = loss.n_outputs
        constant = np.zeros(K)
        if not problem.fit_intercept:
            constant = intercept[begin : begin + K].copy()
        elif problem.minimised:
            constant = best_constant(loss)
        begin += K
        d, h = np.empty((2, K, n))
        objective = loss.evaluate(np.repeat(constant, n).reshape(K, n), d, h)
        slope = float(np.abs(d).sum())
        yield NullModel(constant, objective, mean_curvature(loss, h), slope)


def task_from(problem, loss, view, variance, null, positive=False, row_space=None):
    """Give a task in the coordinates that the columns and the null model make."""
    ridge = problem.ridge if problem.minimised else 0.0
    scale = _scale(null.curvature, variance, ridge)
    return Task(
        view.with_coordinates(view.mean, scale),
        loss,
        problem.ridge * scale**2,
        problem.l1 * scale,
        positive,
        problem.fit_intercept,
        null.constant,
        null.objective,
        problem.minimised,
        row_space=row_space,
        null_slope=null.slope,
    )


def _scale(curvature, variance, ridge):
    """Give q = 1 / sqrt(curvature variance + ridge); 0 where variance < 0.

    Not 1 / sd: the penalty of a column of sd 1e-18 would be 1e36.
    """
    size = curvature * variance + ridge
    scale = np.zeros_like(variance)
    np.divide(1.0, np.sqrt(size), out=scale, where=(variance >= 0.0) & (size > 0.0))
    return scale


def to_coordinates(task, coef, intercept):
    """Give (v, b) of coefficients (K, n_features) in the units of X."""
    if task.row_space is not None:
        intercept = intercept + coef @ task.row_space.view.mean
        coef = task.row_space.project(coef)
    safe = np.where(task.view.scale > 0.0, task.view.scale, 1.0)
    v = np.where(task.view.scale > 0.0, coef / safe, 0.0)
    return v, intercept + coef @ task.view.mean


def from_coordinates(task, v, b, dtype):
    """Give (coef, intercept) in the units of X.

    Both are rounded to dtype; what that does to the mean prediction, the intercept
    takes back.
    """
    coef, mean = v * task.view.scale, task.view.mean
    if task.row_space is not None:
        b = b - coef @ mean
        coef, mean = task.row_space.lift(coef), task.row_space.view.mean
    coef = coef.astype(dtype)
    mean_part = coef.astype(np.float64, copy=False) @ mean
    return coef, rounded(b - mean_part, dtype)


def rounded(intercept, dtype):
    """Give an intercept as it will be stored, in double."""
    return intercept.astype(dtype).astype(np.float64)
