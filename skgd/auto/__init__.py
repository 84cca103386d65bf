"""Auto descent: the optimum, without a learning rate."""

from skgd.auto._coordinates import TooLargeError
from skgd.auto._epochs import AutoEpochs
from skgd.auto._largest import largest_alpha
from skgd.auto._streams import StreamEpochs

__all__ = ["AutoEpochs", "StreamEpochs", "TooLargeError", "largest_alpha"]
