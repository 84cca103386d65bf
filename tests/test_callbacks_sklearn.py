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


for module in _support, _context:
    module.MaxIterEstimator = MaxIterEstimator
    globals().update(
        {name: test for name, test in vars(module).items() if name.startswith("test_")}
    )
