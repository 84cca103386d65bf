"""Losses that users write."""

from abc import ABC, abstractmethod

import numpy as np

# A loss that large is about to overflow, as its derivatives may have done already.
_LARGE = 1e300


class Loss(ABC):
    """A loss of your own: three formulas on arrays, for `loss=` of both estimators.

    The core calls it for a block of rows at a time. That takes some 10 microseconds a
    block: about 256 rows in auto descent and in batch mode, `batch_size` rows in
    "mini-batch", but a single one in "stochastic", which is correct and very slow.

    Attributes
    ----------
    curvature : float, default=inf
        The least upper bound of `second_derivative`, if there is one; set it in your
        class. Steps of the stochastic modes are longer with it.
    jumps : bool, default=True
        Whether `second_derivative` may jump. With False the estimate of F - F* is
        trusted sooner.

    See Also
    --------
    GDRegressor : Takes it as `loss`.
    GDClassifier : Likewise; y is -1 or +1 then, one class against the rest.

    Notes
    -----
    The loss must be convex in z, at least zero, and have a derivative without jumps
    (no kinks). Constants do not matter but for that. `predict` gives raw predictions,
    or in GDClassifier the class of the largest.

    Examples
    --------
    The logarithm of the hyperbolic cosine, a smooth absolute error:

    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from skgd import GDRegressor, Loss
    >>> class LogCosh(Loss):
    ...     curvature, jumps = 1.0, False
    ...     def value(self, y, z):
    ...         return np.logaddexp(z - y, y - z) - np.log(2.0)
    ...     def derivative(self, y, z):
    ...         return np.tanh(z - y)
    ...     def second_derivative(self, y, z):
    ...         return 1.0 - np.tanh(z - y) ** 2
    >>> X, y = load_diabetes(return_X_y=True)
    >>> GDRegressor(loss=LogCosh()).fit(X, y).converged_
    True
    """

    curvature: float = np.inf
    jumps: bool = True

    @abstractmethod
    def value(self, y, z):
        """Give the loss of each pair.

        Parameters
        ----------
        y, z : ndarray of shape (n,)
            Targets and raw predictions, float64; yours to write to.

        Returns
        -------
        ndarray of shape (n,)
            Losses, at least zero.
        """

    @abstractmethod
    def derivative(self, y, z):
        """Give the derivative in z of each pair's loss.

        Parameters
        ----------
        y, z : ndarray of shape (n,)
            Targets and raw predictions, float64; yours to write to.

        Returns
        -------
        ndarray of shape (n,)
            Derivatives.
        """

    @abstractmethod
    def second_derivative(self, y, z):
        """Give the second derivative in z of each pair's loss.

        Parameters
        ----------
        y, z : ndarray of shape (n,)
            Targets and raw predictions, float64; yours to write to.

        Returns
        -------
        ndarray of shape (n,)
            Second derivatives, at least zero.
        """

    def _traits(self):
        """Give what the descents ask of a loss, in the words of the registry."""
        try:
            positive = self.curvature > 0.0
        except TypeError:
            positive = False
        if not positive:
            raise ValueError(
                f"{type(self).__name__}.curvature must be a number and > 0, got"
                f" {self.curvature!r}."
            )
        return {
            "targets": "real",
            "classification": False,
            "shape": "jumps" if self.jumps else "continuous",
            "curvature": float(self.curvature),
            "parameter": "",
            "link": "identity",
        }

    def _evaluate(self, y, z, twice):
        """Give value, derivative and (None unless `twice`) second derivative, checked.

        Raises a ValueError that names the formula which gives another shape, no real
        numbers, numbers below zero where there are none, or an infinite derivative
        where the loss itself does not overflow.
        """
        value = self._checked("value", y, z)
        slope = self._checked("derivative", y, z, value)
        if not twice:
            return value, slope, None
        return value, slope, self._checked("second_derivative", y, z, value)

    def _checked(self, name, y, z, value=None):
        where = f"{type(self).__name__}.{name}"
        with np.errstate(all="ignore"):
            values = getattr(self, name)(y.copy(), z.copy())
        try:
            if np.iscomplexobj(values):
                raise TypeError("they are complex")
            # A copy: the formula may give a view, or write into the same array again.
            array = np.array(values, dtype=np.float64, order="C")
        except (TypeError, ValueError) as error:
            raise ValueError(f"{where} must give real numbers: {error}.") from error
        if array.shape != y.shape:
            raise ValueError(
                f"{where} must give an array of the shape {y.shape}, got"
                f" {np.shape(values)}."
            )
        wrong = np.isnan(array)
        if value is not None:
            wrong |= np.isinf(array) & (value < _LARGE)
        wrong &= np.isfinite(z)
        if wrong.any():
            at = int(np.argmax(wrong))
            shown = "NaN" if np.isnan(array[at]) else f"{array[at]:g}"
            raise ValueError(f"{where} gives {shown} at y={y[at]:g}, z={z[at]:g}.")
        if name != "derivative" and (array < 0.0).any():
            at = int(np.argmin(array))
            raise ValueError(
                f"{where} must be >= 0; it is {array[at]:g} at y={y[at]:g},"
                f" z={z[at]:g}."
            )
        return array
