"""Optimizers: how a gradient becomes a step."""

import math
from numbers import Real
from typing import ClassVar

from sklearn.base import BaseEstimator


def _as_float(value) -> float:
    """Give the number, or NaN if it is none that float64 has."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


class _Optimizer(BaseEstimator):
    """Parameters of an update rule; the rule itself is in the compiled core."""

    _name: ClassVar[str]
    # Where each parameter goes in the core's (decay1, decay2, epsilon).
    _slots: ClassVar[dict[str, int]] = {}

    def _rule(self) -> tuple[str, float, float, float]:
        values = [0.0, 0.0, 0.0]
        for name, slot in self._slots.items():
            value = getattr(self, name)
            low_open = name == "epsilon"
            number = _as_float(value)
            if not 0.0 <= number < (math.inf if low_open else 1.0):
                domain = "[0, inf)" if low_open else "[0, 1)"
                raise ValueError(
                    f"The {name!r} parameter of {type(self).__name__} must be a"
                    f" float in {domain}. Got {value!r} instead."
                )
            values[slot] = number
        return self._name, values[0], values[1], values[2]


class SGD(_Optimizer):
    """Take plain gradient steps.

    ``w <- w - eta * g``

    The default of both estimators. The only optimizer whose step on a sparse row costs
    the row's entries; every other one costs O(n_features) a step.

    Examples
    --------
    >>> from skgd import SGD, GDRegressor
    >>> GDRegressor(optimizer=SGD())
    GDRegressor(optimizer=SGD())
    """

    _name = "sgd"


class Momentum(_Optimizer):
    """Let steps gather speed (the heavy ball).

    ``v <- momentum * v + g;  w <- w - eta * v``

    The velocity is a sum, not a mean: in the limit a step is ``eta / (1 - momentum)``
    times the gradient.

    Parameters
    ----------
    momentum : float, default=0.9
        Share of the velocity that is kept from step to step, in [0, 1).

    References
    ----------
    B. T. Polyak, Some methods of speeding up the convergence of iteration methods,
    1964, equation 2.

    Examples
    --------
    >>> from skgd import GDClassifier, Momentum
    >>> model = GDClassifier(optimizer=Momentum(momentum=0.8))
    >>> model.get_params()["optimizer__momentum"]
    0.8
    """

    _name = "momentum"
    _slots: ClassVar = {"momentum": 0}

    def __init__(self, momentum=0.9):
        self.momentum = momentum


class Nesterov(_Optimizer):
    """Take momentum's step with the gradient counted once more.

    ``v <- momentum * v + g;  w <- w - eta * (g + momentum * v)``

    Parameters
    ----------
    momentum : float, default=0.9
        Share of the velocity that is kept from step to step, in [0, 1).

    References
    ----------
    I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the importance of initialization
    and momentum in deep learning, 2013, equations 3 and 4, in the variable
    w + momentum * v.

    Examples
    --------
    >>> from skgd import Nesterov
    >>> Nesterov()
    Nesterov()
    """

    _name = "nesterov"
    _slots: ClassVar = {"momentum": 0}

    def __init__(self, momentum=0.9):
        self.momentum = momentum


class AdaGrad(_Optimizer):
    """Give each coefficient a rate that falls with the gradients it has seen.

    ``s <- s + g^2;  w <- w - eta * g / (sqrt(s) + epsilon)``

    Parameters
    ----------
    epsilon : float, default=1e-8
        Added to the root of the sum, in units of the gradient, >= 0. With 0 there is
        no step where there has been no gradient.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, Adaptive subgradient methods for online learning and
    stochastic optimization, 2011, equation 1 with a diagonal matrix.

    Examples
    --------
    >>> from skgd import AdaGrad
    >>> AdaGrad()
    AdaGrad()
    """

    _name = "adagrad"
    _slots: ClassVar = {"epsilon": 2}

    def __init__(self, epsilon=1e-8):
        self.epsilon = epsilon


class RMSProp(_Optimizer):
    """Divide each coefficient's step by the recent size of its gradients.

    ``s <- decay * s + (1 - decay) * g^2;  w <- w - eta * g / (sqrt(s) + epsilon)``

    Parameters
    ----------
    decay : float, default=0.9
        Share of the second moment that is kept from step to step, in [0, 1).
    epsilon : float, default=1e-8
        Added to the root of the second moment, in units of the gradient, >= 0. With 0
        there is no step where there has been no gradient.

    References
    ----------
    T. Tieleman, G. Hinton, Lecture 6.5 of Neural networks for machine learning, 2012.

    Examples
    --------
    >>> from skgd import RMSProp
    >>> RMSProp()
    RMSProp()
    """

    _name = "rmsprop"
    _slots: ClassVar = {"decay": 1, "epsilon": 2}

    def __init__(self, decay=0.9, epsilon=1e-8):
        self.decay = decay
        self.epsilon = epsilon


class Adam(_Optimizer):
    """Combine momentum with RMSProp's division, both corrected for their start at zero.

    ``m <- beta_1 * m + (1 - beta_1) * g;  s <- beta_2 * s + (1 - beta_2) * g^2``

    ``w <- w - eta * m / (1 - beta_1^t) / (sqrt(s / (1 - beta_2^t)) + epsilon)``, t its
    own steps, from 1.

    Parameters
    ----------
    beta_1 : float, default=0.9
        Share of the mean gradient that is kept from step to step, in [0, 1).
    beta_2 : float, default=0.999
        Share of the second moment that is kept from step to step, in [0, 1).
    epsilon : float, default=1e-8
        Added to the root of the second moment, in units of the gradient, >= 0. With 0
        there is no step where there has been no gradient.

    References
    ----------
    D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, 2015, algorithm 1.

    Examples
    --------
    >>> from skgd import Adam
    >>> Adam(beta_1=0.8)
    Adam(beta_1=0.8)
    """

    _name = "adam"
    _slots: ClassVar = {"beta_1": 0, "beta_2": 1, "epsilon": 2}

    def __init__(self, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon


OPTIMIZERS = {
    rule._name: rule for rule in (SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam)
}
