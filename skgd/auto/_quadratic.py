"""Squared errors as quadratics in the coefficients, and steps to their minima."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skgd._core.factor import Factor
from skgd.auto._kinked_model import minimise_with_kinks
from skgd.auto._preconditioner import RAISED
from skgd.auto._task import ROUNDING

# Of the unit diagonal, tried first. With 1e-12, the estimate was a third of the truth
# for columns 1e-6 apart, and there is no fresh factor to correct it.
LEAST_RAISED = (1e-14, *RAISED)


@dataclass
class Hessian:
    """Second derivatives of F in v, which the outputs share; b is apart from v.

    Attributes
    ----------
    matrix : ndarray of shape (n_features, n_features)
    """

    matrix: np.ndarray

    def at(self, more):
        """Give the matrix with so much more on its diagonal, of shape (n_features,)."""
        matrix = self.matrix.copy()
        matrix.flat[:: len(matrix) + 1] += more
        return Hessian(matrix)

    @cached_property
    def factor(self) -> Factor:
        """A factor of the matrix."""
        return Factor(self.matrix, LEAST_RAISED)


@dataclass
class Quadratic:
    """F beside the kinks: its Hessian, and its gradient where v = 0 and b is best."""

    hessian: Hessian
    slope: np.ndarray


@dataclass
class KnownLoss:
    """The loss and its gradient at (v, b), as the rows have them, and its Hessian.

    The loss is a quadratic, so that this is all of it.
    """

    hessian: np.ndarray
    weight: float
    v: np.ndarray
    b: float
    loss: float
    slope: np.ndarray
    slope_of_intercept: float

    def at(self, v, b):
        """Give the loss and its slopes in v and b elsewhere."""
        step, shift = v - self.v, b - self.b
        bent = self.hessian @ step
        loss = self.loss + float((self.slope + 0.5 * bent) @ step)
        loss += (self.slope_of_intercept + 0.5 * self.weight * shift) * shift
        slope_of_intercept = self.slope_of_intercept + self.weight * shift
        return loss, self.slope + bent, slope_of_intercept

    @property
    def best_intercept(self) -> float:
        """The b of the least loss, whatever v is."""
        if not self.weight:
            return self.b
        return self.b - self.slope_of_intercept / self.weight


class Ridge:
    """Steps to the minimum of a quadratic whose Hessian is H + diag(ridge).

    Parameters
    ----------
    factor : Factor
        Of that Hessian.
    """

    def __init__(self, factor):
        self.factor = factor

    def step(self, g, v, objective):
        """Give the step in v to the minimum, for the gradient g; and what F falls."""
        move = -self.factor.solve(g)
        return move, max(-0.5 * float(g @ move), 0.0)


class Kinked:
    """The same beside kinks, by coordinate descent.

    Parameters
    ----------
    matrix : ndarray of shape (n_features, n_features)
        The Hessian.
    kinks : (l1, nonnegative), ndarrays of shape (n_features,)
    tol : float or None
        Of the descent.
    """

    factor = None

    def __init__(self, matrix, kinks, tol):
        self._matrix, self._kinks = matrix, kinks
        self._relative = min(max(0.05 * (tol or 0.0), 1e-12), 1.0)

    def step(self, g, v, objective):
        """Give the step in v to the minimum, for the gradient g; and what F falls."""
        rounding = 0.1 * ROUNDING * abs(objective)
        move, decrease, _ = minimise_with_kinks(
            self._matrix, g, v, self._kinks, rounding, self._relative
        )
        return move, decrease
