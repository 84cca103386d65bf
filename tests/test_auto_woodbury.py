"""Newton's systems of few rows of many columns, and the certificates they give."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from skgd import GDClassifier, GDRegressor
from skgd._core.bridge import View
from skgd._core.engine import Design
from skgd.auto import _dual
from skgd.auto._bridge import Bridge
from skgd.auto._woodbury import RowInverse


def a_bridge(rng, sparse, intercept, moving):
    X = rng.normal(size=(12, 30)) + 3.0
    X[rng.random(X.shape) < 0.4] = 0.0
    mean = X.mean(axis=0) * intercept
    scale = rng.uniform(0.5, 2.0, size=30)
    columns = np.arange(30) if moving == 30 else np.sort(rng.permutation(30)[:moving])
    rest = np.setdiff1d(np.arange(30), columns)
    scale[rest] = 0.0
    design = Design(csr_array(X) if sparse else X)
    rows = np.array([5, 2, 7, 0, 11], dtype=np.uint32)
    B = ((X - mean) * scale)[rows][:, columns]
    B = np.column_stack([B, np.ones(5)]) if intercept else B
    return Bridge(View(design, rows, mean, scale), columns, intercept, 1), B


BRIDGES = pytest.mark.parametrize(
    ("sparse", "intercept", "moving"),
    [(s, i, m) for s in (False, True) for i in (False, True) for m in (20, 30)],
)


@BRIDGES
def test_row_inverse_is_the_inverse_of_the_hessian(rng, sparse, intercept, moving):
    bridge, B = a_bridge(rng, sparse, intercept, moving)
    h, ridge = rng.uniform(0.1, 5.0, size=5), rng.uniform(1e-3, 1e-1, size=moving)
    H = B.T @ (h[:, None] * B)
    H[np.arange(moving), np.arange(moving)] += ridge
    g = rng.normal(size=len(H))
    found = RowInverse(bridge, h, ridge)(g)
    assert_allclose(found, np.linalg.solve(H, g), rtol=1e-8, atol=1e-10)


@BRIDGES
def test_bridge_makes_the_gram_matrix_of_its_columns(rng, sparse, intercept, moving):
    bridge, B = a_bridge(rng, sparse, intercept, moving)
    theta = rng.uniform(size=5)
    gram = bridge.gram(theta)
    assert_allclose(gram, B.T @ (theta[:, None] * B), rtol=1e-10, atol=1e-12)


def columns_that_go_together(seed):
    """Give 60 rows of 600 columns of which 8 explain nearly all, and of other sizes."""
    random = np.random.default_rng(seed)
    n, d, k = 60, 600, 8
    X = random.normal(size=(n, k)) @ random.normal(size=(k, d))
    X += 10 ** random.uniform(-3, 0) * random.normal(size=(n, d))
    X *= 10 ** random.uniform(-2, 2, size=d)
    y = X @ (random.normal(size=d) / np.abs(X).mean(axis=0))
    return X, y / y.std() + random.normal(size=n)


@pytest.mark.parametrize(
    ("seed", "loss", "alpha", "tol"),
    [
        (0, "absolute_error", 1e-6, 1e-7),
        (0, "epsilon_insensitive", 1e-4, 1e-5),
        (0, "hinge", 1e-4, 1e-5),
        (2, "epsilon_insensitive", 1e-6, 1e-7),
        (2, "hinge", 1e-4, 1e-5),
        (2, "hinge", 1e-6, 1e-7),
    ],
)
def test_newton_steps_on_sparse_rows_certify_what_they_solve(
    monkeypatch, seed, loss, alpha, tol
):
    # Conjugate gradients saw so little of a gradient here that fits were called
    # converged at 15 to 800 times tol, and some estimates were 1e-4 of the truth.
    X, y = columns_that_go_together(seed)
    estimator = GDClassifier if loss == "hinge" else GDRegressor
    target = y > 0 if loss == "hinge" else y
    # of dense rows: another method, in the span of the rows
    best = estimator(loss, alpha=alpha, tol=1e-12, max_iter=1000).fit(X, target)
    monkeypatch.setattr(_dual, "_LOOK_AFTER", 20)
    monkeypatch.setattr(_dual, "_ENOUGH", 20)
    fitted = estimator(loss, alpha=alpha, tol=tol).fit(csr_array(X), target)
    gap = fitted.objective_ - best.objective_
    assert fitted.converged_
    explained = estimator(loss, alpha=1e12).fit(X, target).objective_ - best.objective_
    assert gap <= 10 * tol * explained
    assert gap <= max(10 * fitted.suboptimality_, 1e-9 * explained)
