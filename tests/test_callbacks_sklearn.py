"""scikit-learn's own tests of what supports callbacks, run on an estimator of ours."""

import numpy as np
import pytest

from skgd import GDRegressor

_REASON = "scikit-learn has callbacks from 1.9 on"
_support = pytest.importorskip(
    "sklearn.callback.tests.test_callback_support", reason=_REASON
)
_context = pytest.importorskip(
    "sklearn.callback.tests.test_callback_context", reason=_REASON
)


class MaxIterEstimator(GDRegressor):
    """GDRegressor with name and constructor of the estimator the tests are for."""

    def __init__(self, max_iter=20, computation_intensity=0.0):
        super().__init__(learning_rate="constant", eta0=1e-3, tol=None)
        self.max_iter, self.computation_intensity = max_iter, computation_intensity

    def fit(self, X=None, y=None, sample_weight=None):
        return super().fit(np.eye(3), np.arange(3.0), sample_weight=sample_weight)


_THEIRS = _support.MaxIterEstimator


def _put_ours(test):
    """Put the estimator above in the place of theirs among a test's parameters."""
    for mark in getattr(test, "pytestmark", ()):
        values = mark.args[1]
        for i, value in enumerate(values):
            if value is _THEIRS:
                values[i] = MaxIterEstimator


for module in _support, _context:
    module.MaxIterEstimator = MaxIterEstimator
    found = {
        name: value for name, value in vars(module).items() if name.startswith("test_")
    }
    for function in found.values():
        _put_ours(function)
    globals().update(found)


def test_callbacks_are_tested_on_ours():
    (mark,) = _context.test_callback_ctx_removed_after_fit.pytestmark
    assert MaxIterEstimator in mark.args[1]
    assert _THEIRS not in mark.args[1]
