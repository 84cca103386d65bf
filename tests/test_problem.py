"""The objective of a problem at the model without coefficients and intercept."""

import numpy as np
import pytest

from skgd import GDClassifier, GDRegressor
from skgd._core import engine


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("estimator", "n_classes"),
    [
        (GDRegressor(loss="huber"), None),
        (GDClassifier(), 2),
        (GDClassifier(class_weight={0: 3.0, 1: 1.0}), 2),
        (GDClassifier(), 4),
        (GDClassifier(multi_class="ovr"), 4),
        (GDClassifier(loss="squared_hinge", class_weight="balanced"), 4),
        (GDClassifier(loss="perceptron"), 4),
    ],
    ids=str,
)
def test_zero_objective_is_the_objective_there(rng, estimator, n_classes, weighted):
    X = rng.normal(size=(60, 3))
    y = rng.normal(size=60)
    if n_classes is not None:
        y = rng.integers(0, n_classes, 60) ** 2
    weight = rng.integers(0, 3, 60).astype(float) if weighted else None
    problem = estimator._posed(X, y, weight)
    K = problem.n_outputs
    there = problem.objective(np.zeros((K, 3)), np.zeros(K))
    assert problem.zero_objective == pytest.approx(there, rel=1e-12, abs=1e-15)


def test_zero_objective_of_targets(rng):
    X, y = rng.normal(size=(70, 2)), rng.normal(size=(70, 3))
    problem = GDRegressor()._posed(X, y, None)
    assert problem.zero_objective == pytest.approx(0.5 * (y**2).mean(axis=0).sum())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_core_takes_rows_without_columns(dtype):
    y = np.array([[1.0], [3.0], [2.0]])
    design = engine.Design(np.empty((3, 0), dtype=dtype))
    samples = engine.Samples(y, None, 1, None)
    rows = np.arange(3, dtype=np.uint32)
    coef, intercept = np.empty((1, 0), dtype=dtype), np.array([2.0])
    arguments = rows, coef, intercept, "squared_error", 0.0, 1
    assert engine.loss_sum(design, samples, *arguments) == pytest.approx(1.0)
