"""What every test shares: a fixed seed, and warnings that are errors."""

import numpy as np
import pytest


def pytest_configure(config):
    """Turn warnings into errors, and name the marks."""
    config.addinivalue_line("filterwarnings", "error")
    config.addinivalue_line("markers", "slow: takes more than a second")


@pytest.fixture
def rng():
    """Give a generator whose seed is fixed."""
    return np.random.default_rng(20240229)
