"""Pictures of gradient descent, in the manner of scikit-learn's displays."""

from skgd.display._convergence import ConvergenceDisplay
from skgd.display._learning_rate import LearningRateDisplay
from skgd.display._path import DescentPathDisplay

__all__ = ["ConvergenceDisplay", "DescentPathDisplay", "LearningRateDisplay"]
