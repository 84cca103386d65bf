"""Linear models fitted by gradient descent, for scikit-learn."""

from skgd._classifier import GDClassifier
from skgd._minimize import gradient_descent
from skgd._regressor import GDRegressor
from skgd.display import ConvergenceDisplay, DescentPathDisplay, LearningRateDisplay
from skgd.textbook import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "ConvergenceDisplay",
    "DescentPathDisplay",
    "GDClassifier",
    "GDRegressor",
    "LearningRateDisplay",
    "Momentum",
    "Nesterov",
    "RMSProp",
    "__version__",
    "gradient_descent",
]
