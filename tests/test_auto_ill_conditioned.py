"""Columns that all but depend on one another, and losses that hardly curve."""

import warnings

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skgd import GDClassifier


def check(model, X, y, tol=1e-6, lowest=np.inf):
    """Fit to `tol`: it converges, as near a far better fit, and tells the truth."""
    model.set_params(tol=tol).fit(X, y)
    better = clone(model).set_params(tol=1e-10, max_iter=3000, mode="auto")
    null = clone(model).set_params(penalty="l2", alpha=1e30, positive=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        better.fit(X, y)
        null.fit(X, y)
    best = min(model.objective_, better.objective_, lowest)
    explained = null.objective_ - best
    gap = model.objective_ - best
    assert model.converged_
    assert gap <= 10.0 * tol * explained
    if gap > 0.05 * tol * explained:
        assert model.suboptimality_ >= gap / 3.0


@pytest.mark.parametrize("seed", [14, 21, 47, 63, 87])
@pytest.mark.parametrize("mode", ["batch", "stochastic"])
def test_ill_conditioned_softmax_with_nothing_against_a_shift(seed, mode):
    # Without a penalty a shift of all classes costs nothing, and bounds do not keep it.
    rng = np.random.default_rng(seed)
    X = np.cumsum(rng.normal(size=(120, 6)), axis=1)
    y = np.argmax(X[:, :3] + rng.normal(size=(120, 3)), axis=1)
    scale = X.std(axis=0)
    rows = np.column_stack([X / scale, np.ones(120)])

    def objective(u):
        z = rows @ u.reshape(3, 7).T
        z -= z.max(axis=1, keepdims=True)
        total = np.exp(z).sum(axis=1)
        share = np.exp(z) / total[:, None]
        share[np.arange(120), y] -= 1.0
        loss = np.log(total) - z[np.arange(120), y]
        return loss.mean(), (share.T @ rows / 120).ravel()

    bounds = ([(0.0, None)] * 6 + [(None, None)]) * 3
    options = {"maxiter": 20_000, "maxfun": 20_000, "ftol": 1e-14, "gtol": 1e-9}
    found = minimize(objective, np.zeros(21), jac=True, bounds=bounds, options=options)
    model = GDClassifier(penalty=None, positive=True, mode=mode, random_state=0)
    check(model, X, y, lowest=found.fun)
