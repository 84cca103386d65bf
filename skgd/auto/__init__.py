"""Auto descent: the optimum, without a learning rate."""

from skgd.auto._coordinates import TooLargeError
from skgd.auto._epochs import AutoEpochs

__all__ = ["AutoEpochs", "TooLargeError"]
