"""Textbook descent: w -= eta * g, as the documentation prints it."""

from skgd.textbook._epochs import TextbookEpochs
from skgd.textbook._optimizers import (
    OPTIMIZERS,
    SGD,
    AdaGrad,
    Adam,
    Momentum,
    Nesterov,
    RMSProp,
)
from skgd.textbook._schedules import ADAPTIVE, AGGRESSIVE, SCHEDULES
from skgd.textbook._state import DescentState

__all__ = [
    "ADAPTIVE",
    "AGGRESSIVE",
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "AdaGrad",
    "Adam",
    "DescentState",
    "Momentum",
    "Nesterov",
    "RMSProp",
    "TextbookEpochs",
]
