"""Linear models fitted by gradient descent, for scikit-learn."""

from skgd._classifier import GDClassifier
from skgd._losses import Loss
from skgd._minimize import gradient_descent
from skgd._path import alpha_path
from skgd._regressor import GDRegressor
from skgd._search import GDClassifierCV, GDRegressorCV
from skgd._version import __version__
from skgd.display import ConvergenceDisplay, DescentPathDisplay, LearningRateDisplay
from skgd.textbook import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "ConvergenceDisplay",
    "DescentPathDisplay",
    "GDClassifier",
    "GDClassifierCV",
    "GDRegressor",
    "GDRegressorCV",
    "LearningRateDisplay",
    "Loss",
    "Momentum",
    "Nesterov",
    "RMSProp",
    "__version__",
    "alpha_path",
    "gradient_descent",
]
