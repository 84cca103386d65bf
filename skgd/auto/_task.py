"""What auto descent minimises, in its own coordinates."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from skgd.auto._space import MEMORY

ROUNDING = 4e-16  # two units in the last place


@dataclass
class Task:
    """F(v, b) = loss(v A' + b) + sum_j ridge_j v_j^2 / 2 + sum_j l1_j |v_j|.

    Attributes
    ----------
    view : View
        A, of shape (n_rows, n_features).
    loss : SampleLoss
        Mean weighted loss of raw predictions of shape (n_outputs, n_rows).
    ridge, l1 : ndarray of shape (n_features,)
        Of each output alike.
    positive : bool
        Whether v >= 0.
    fit_intercept : bool
        Whether b moves.
    constant : ndarray of shape (n_outputs,)
        b of the best model without coefficients.
    null_objective : float
        F there.
    minimised : bool
        Whether F is to be minimised; a perceptron has another end.
    quadratic : Quadratic or None
        All that is to be known of F beside the rows, where that is quickly found.
    followed : bool
        Whether a task of another penalty comes after this one: then Gram matrices are
        kept for it.
    space : Memory or BlockSpace
        What is done with arrays of sample space.
    row_space : RowSpace or None
        What the columns of A are coordinates in, if not those of X.
    null_slope : float
        The sum of the sizes of the rows' derivatives at the null model, or 0.
    """

    view: Any
    loss: Any
    ridge: np.ndarray
    l1: np.ndarray
    positive: bool
    fit_intercept: bool
    constant: np.ndarray
    null_objective: float
    minimised: bool = True
    quadratic: Any = None
    followed: bool = False
    space: Any = MEMORY
    row_space: Any = None
    null_slope: float = 0.0

    def penalty(self, v) -> float:
        """Give the penalty of v, of shape (n_outputs, n_features)."""
        value = 0.5 * float(np.vdot(v, v * self.ridge))
        return value + float((np.abs(v) @ self.l1).sum()) if self.has_l1 else value

    @cached_property
    def has_l1(self) -> bool:
        """Whether the penalty has kinks."""
        return bool(self.l1.any())

    @cached_property
    def has_ridge(self) -> bool:
        """Whether a coefficient at least has a ridge."""
        return bool(self.ridge.any())

    def gradient(self, d, v, slope=None):
        """Give the gradient of F in v and b, of shape (n_outputs, n_features + 1).

        Without what the kinks of the penalty add.

        Parameters
        ----------
        d : ndarray of shape (n_outputs, n_rows)
            The derivatives of the loss.
        v : ndarray of shape (n_outputs, n_features)
        slope : ndarray of shape (n_outputs, n_features) or None
            d A, if it is known.
        """
        g = np.empty((len(v), v.shape[1] + 1))
        slope = self.view.rmatvec(d) if slope is None else slope
        np.add(slope, self.ridge * v, out=g[:, :-1])
        g[:, -1] = d.sum(axis=1) if self.fit_intercept else 0.0
        return g

    def subgradient(self, g, v):
        """Give the subgradient of the least norm, for the gradient g of the rest."""
        if not (self.positive or self.has_l1):
            return g
        at_zero = np.sign(g) * np.maximum(np.abs(g) - self.l1, 0.0)
        if self.positive:
            at_zero = np.minimum(g + self.l1, 0.0)
        return np.where(v != 0, g + self.l1 * np.sign(v), at_zero)

    def needed(self, tol, objective: float) -> float:
        """Give the estimate at which `tol` is met, a share of what the model explains.

        Half of it, as estimates are good to a factor of two; and no less than what
        rounding leaves of F, and that of raw predictions far from zero beside their
        spread. Infinite where F is not what a certificate is about.
        """
        if not self.minimised:
            return np.inf
        if tol is None:
            return 0.0
        floor = 1e-12 * (abs(self.null_objective) + 1e-300)
        explained = max(self.null_objective - objective, floor)
        return max(0.5 * tol * explained, self._rounding)

    @cached_property
    def _rounding(self) -> float:
        moved = self.null_slope * float(np.abs(self.constant).max(initial=0.0))
        return ROUNDING * (abs(self.null_objective) + moved)


def tasks_at(tasks, ridge: float, l1: float):
    """Yield the tasks with a penalty that is no smaller, in the same coordinates."""
    hessian = None  # of all, if any
    for task in tasks:
        scale, quadratic = task.view.scale, task.quadratic
        own = ridge * scale**2
        if quadratic is not None:
            hessian = hessian or quadratic.hessian.at(own - task.ridge)
            quadratic = replace(quadratic, hessian=hessian)
        yield replace(
            task, ridge=own, l1=l1 * scale, quadratic=quadratic, followed=True
        )
