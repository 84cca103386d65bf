"""Linear models fitted by gradient descent, for scikit-learn."""

from skgd._classifier import GDClassifier
from skgd._regressor import GDRegressor
from skgd.textbook import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "GDClassifier",
    "GDRegressor",
    "Momentum",
    "Nesterov",
    "RMSProp",
    "__version__",
]
