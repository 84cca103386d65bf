"""Least squares on a stream: the optimum over all rows seen, after every call."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

from skgd.auto._coordinates import (
    look_at_columns,
    look_at_products,
    output_losses,
    row_weights,
)
from skgd.auto._lesson import Lesson
from skgd.auto._moments import Columns, Products

MOST_COLUMNS = 1000  # of a Gram matrix: 8 MB, and a third of a second to factor
_LEAST_PIVOT = 1e-10  # of the unit diagonal: below, eigenvalues tell what is noise
_NOISE = 1e-13  # of the largest eigenvalue; rounding leaves that of a zero


@dataclass
class Recursion:
    """What recursive least squares remembers.

    Attributes
    ----------
    groups : list of Products
        One for all outputs, or one an output where each weighs the rows its own way.
    heaviness : list of float
        Weight of each group's rows as a share of that without class weights.
    coef, intercept : ndarray of shapes (n_outputs, n_features), (n_outputs,)
        The model returned; another one was set by hand.
    exact : bool
        Whether all rows were seen, and none are made up for an earlier model.
    """

    groups: list[Products]
    heaviness: list[float]
    coef: np.ndarray
    intercept: np.ndarray
    exact: bool = True
    mode: str = "batch"  # all rows of a call at once

    def columns(self) -> Columns:
        """Give means and variances alone."""
        return self.groups[0].columns()


def learn_least_squares(problem, start):
    """Learn from the rows of a problem and give the optimum over all rows seen.

    The rows that an earlier `fit` saw are remembered as so many rows without
    correlations, with the variances they had and targets such that its model is their
    optimum; so are all earlier rows, with their correlations, where a model was set by
    hand. O(n d^2 + d^3), and d^2 numbers between calls.

    Parameters
    ----------
    problem : Problem
        Of squared_error without l1.
    start : Start
    """
    earlier = _earlier(problem, start)
    n_groups = 1 if problem.samples.positive is None else problem.n_outputs
    outputs = np.array_split(np.arange(problem.n_outputs), n_groups)
    losses = list(output_losses(problem, row_weights(problem)))
    groups, heaviness, models = [], [], []
    for k, own in enumerate(outputs):
        weight = losses[own[0]].weight  # sums to one without class weights
        new = start.share * weight.sum()
        old = (1.0 - start.share) * earlier.heaviness[k] if earlier else 0.0
        group = earlier.groups[k] if earlier else None
        if group is None or new > 0.0:
            targets = np.array([losses[i].y for i in own])
            weight = weight if new > 0.0 else weight + 1.0
            seen = look_at_products(problem, True, weight / weight.sum(), targets)[1]
            group = seen if not old else group.merged(seen, new / (new + old))
        groups.append(group)
        heaviness.append(new + old)
        ridge = problem.ridge / heaviness[k] if heaviness[k] > 0.0 else np.inf
        models.append(_solve(problem, group, ridge, start.intercept[own]))
    coef = np.concatenate([m[0] for m in models])
    intercept = np.concatenate([m[1] for m in models])
    exact = earlier is None or earlier.exact
    return Lesson(
        coef,
        intercept,
        Recursion(groups, heaviness, coef, intercept, exact),
        suboptimality=sum(m[2] for m in models) if exact else np.nan,
        certified=exact,
        gradient_norm=float(np.hypot.reduce([m[3] for m in models])),
    )


def _earlier(problem, start):
    """Give what is known of earlier rows, leading to the model to start from."""
    if start.share == 1.0:
        return None
    coef, intercept, memory = start.coef, start.intercept, start.memory
    n_groups = 1 if problem.samples.positive is None else problem.n_outputs
    if not isinstance(memory, Recursion) or len(memory.groups) != n_groups:
        if memory is None:
            _, mean, variance = look_at_columns(problem, problem.fit_intercept)
            columns = Columns(mean, np.maximum(variance, 0.0))
        else:
            columns = memory.columns()
        groups = [Products.like(columns, problem.n_outputs)] * n_groups
        memory = Recursion(groups, [1.0] * n_groups, coef, intercept)
    elif start.same_model(memory):
        return memory
    outputs = np.array_split(np.arange(problem.n_outputs), n_groups)
    groups = [
        group.leading_to(coef[own], intercept[own], problem.ridge / (weight or np.inf))
        for group, weight, own in zip(
            memory.groups, memory.heaviness, outputs, strict=True
        )
    ]
    return Recursion(groups, memory.heaviness, coef, intercept, exact=False)


def _solve(problem, products, ridge, intercept):
    """Give coef, intercept, the estimate of F - F*, and the gradient's norm."""
    gram, cross, mean = products.gram, products.cross, products.mean
    if not problem.fit_intercept:
        gram = gram + np.outer(mean, mean)
        cross = cross + np.outer(products.target - intercept, mean)
    solve, scale = _inverse(gram, ridge)
    coef = solve(cross).astype(problem.design.dtype)
    left = cross - coef @ gram - ridge * coef
    if problem.fit_intercept:
        intercept = products.target - coef.astype(np.float64) @ mean
    estimate = 0.5 * float(np.abs((left * solve(left)).sum()))
    return coef, intercept, estimate, float(np.linalg.norm(left * scale))


def _inverse(gram, ridge):
    """Give the callable r -> r (gram + ridge)^+ and the scale that makes it safe.

    In coordinates of unit diagonal, where columns of any units are alike. Directions
    in which the rows do not differ, beyond rounding, get no coefficient.
    """
    size = gram.diagonal() + ridge
    scale = np.zeros_like(size)
    np.divide(1.0, np.sqrt(size), out=scale, where=size > 0.0)
    H = gram * scale * scale[:, None]
    np.fill_diagonal(H, 1.0)
    try:
        factor = cho_factor(H, lower=True, check_finite=False)
        sound = (factor[0].diagonal() ** 2).min() >= _LEAST_PIVOT
    except np.linalg.LinAlgError:
        sound = False
    if sound:
        return lambda r: scale * cho_solve(factor, (scale * r).T).T, scale
    values, vectors = eigh(H, check_finite=False)
    kept = values > _NOISE * values[-1]
    vectors = vectors[:, kept] / np.sqrt(values[kept])
    return lambda r: scale * ((scale * r) @ vectors @ vectors.T), scale
