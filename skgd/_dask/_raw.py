"""Models, as tasks are sent them: what is linear in the model is known by it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Raw:
    """Raw predictions (X - mean) u' + b, by what they are made of.

    They are linear in the model, and so are sums of them.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)
    u : ndarray of shape (n_outputs, n_features)
    b : ndarray of shape (n_outputs,)
    """

    mean: np.ndarray
    u: np.ndarray
    b: np.ndarray

    __array_ufunc__ = None  # NumPy leaves sums and products to this class

    def __add__(self, other):
        if isinstance(other, Raw):
            return Raw(self.mean, self.u + other.u, self.b + other.b)
        return Raw(self.mean, self.u, self.b + other[:, 0])

    def __sub__(self, other):
        return self + -1.0 * other

    def __rmul__(self, factor):
        return Raw(self.mean, factor * self.u, factor * self.b)

    def __getitem__(self, own):
        return Raw(self.mean, self.u[own], self.b[own])

    @property
    def key(self) -> bytes:
        """What tells it from others."""
        return self.mean.tobytes() + self.u.tobytes() + self.b.tobytes()

    def of(self, view):
        """Give the raw predictions of the rows of a block."""
        return view.matvec(self.u) + self.b[:, None]


@dataclass(frozen=True)
class Plane:
    """Points of a plane: `trials` of z + sum_p c_p images_p."""

    z: Raw
    images: tuple[Raw, ...]
    trials: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Start:
    """Where the moves of all blocks begin.

    Attributes
    ----------
    z : Raw
    v, b : ndarray of shapes (n_outputs, n_features), (n_outputs,)
    gradient : ndarray of shape (n_outputs, n_features + 1)
        Of all rows and the penalty.
    free : ndarray of shape (n_outputs, n_features) or None
        The coefficients that may move.
    scale, ridge : ndarray of shape (n_features,)
        Of the task.
    fit_intercept : bool
    """

    z: Raw
    v: np.ndarray
    b: np.ndarray
    gradient: np.ndarray
    free: np.ndarray | None
    scale: np.ndarray
    ridge: np.ndarray
    fit_intercept: bool
