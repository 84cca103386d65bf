"""What every test shares: a fixed seed, and one BLAS thread beside other workers."""

import os

import numpy as np
import pytest
from threadpoolctl import threadpool_limits


def pytest_configure():
    """Keep BLAS to one thread in each of the processes that share the cores."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        threadpool_limits(1)


@pytest.fixture
def rng():
    """Give a generator whose seed is fixed."""
    return np.random.default_rng(20240229)
