"""Numbers that suit a loss: its parameter, and targets in its domain."""

import numpy as np

from skgd._core.losses import LOSSES

POWER = 1.4  # of tweedie


def parameter_of(loss, epsilon):
    """Give a number for the loss's formula: epsilon, unless that is no power."""
    return POWER if LOSSES[loss]["parameter"] == "power" else epsilon


def in_domain(loss, z):
    """Give targets for raw predictions z: themselves, or positive, or counts."""
    if LOSSES[loss]["targets"] == "> 0":
        return np.exp(np.clip(z, -3, 3))
    if LOSSES[loss]["targets"] == ">= 0":  # a half to a fifth are zeros
        return np.floor(np.exp(np.clip(z + 0.5, -3, 3)))
    return z
