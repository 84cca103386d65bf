"""What every test shares: a fixed seed."""

import numpy as np
import pytest


@pytest.fixture
def rng():
    """Give a generator whose seed is fixed."""
    return np.random.default_rng(20240229)
