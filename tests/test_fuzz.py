"""A short run of the fuzzers that need no build; tests/fuzz/run has the others."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import bsr_array, coo_array, csc_array, csr_array

from skgd import GDClassifier, GDRegressor, GDRegressorCV

FUZZ = Path(__file__).parent / "fuzz"
X = np.eye(12, 4) + 1.0
Y = X @ [1.0, 2.0, 3.0, 4.0]


@pytest.fixture(scope="module")
def corrupted_fits():
    sys.path.insert(0, str(FUZZ))
    try:
        import corrupted_fits
    finally:
        sys.path.remove(str(FUZZ))
    return corrupted_fits


@pytest.mark.filterwarnings("ignore")
def test_corrupted_matrices_are_refused_and_others_fitted(corrupted_fits):
    taken = [corrupted_fits.check(seed) for seed in range(100)]
    assert 20 <= sum(taken) <= 80  # of both kinds


def _broken(kind, part, value):
    matrix = kind(X)
    arrays = matrix.coords if part == "coords" else (getattr(matrix, part),)
    arrays[0][1] = value
    return matrix


BROKEN = {
    "csr column": (csr_array, "indices", 10**6),
    "csr start": (csr_array, "indptr", 10**6),
    "csc row": (csc_array, "indices", 10**6),
    "csc start": (csc_array, "indptr", 10**6),
    "csc negative": (csc_array, "indices", -1),
    "bsr column": (bsr_array, "indices", 10**6),
    "coo row": (coo_array, "coords", 10**6),
    "coo negative": (coo_array, "coords", -1),
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize(
    "estimator",
    [GDRegressor(), GDClassifier(), GDRegressorCV(alphas=[1.0, 0.1], cv=2)],
    ids=lambda e: type(e).__name__,
)
def test_matrix_of_broken_indices_is_refused(estimator, case):
    y = np.arange(12) % 2 if isinstance(estimator, GDClassifier) else Y
    name = BROKEN[case][0].__name__[:3].upper()
    message = f"not a sound {name} matrix"
    with pytest.raises(ValueError, match=message):
        estimator.fit(_broken(*BROKEN[case]), y)
    estimator.fit(X, y)
    with pytest.raises(ValueError, match=message):
        estimator.predict(_broken(*BROKEN[case]))


@pytest.mark.parametrize("case", BROKEN)
def test_validation_data_of_broken_indices_are_refused(case):
    model = GDRegressor(early_stopping=True)
    with pytest.raises(ValueError, match=r"X_val.*not a sound"):
        model.fit(X, Y, X_val=_broken(*BROKEN[case]), y_val=Y)


def test_coordinates_of_another_length_are_refused():
    matrix = coo_array(X)
    matrix.data = matrix.data[:-1]
    with pytest.raises(ValueError, match="not a sound COO matrix"):
        GDRegressor().fit(matrix, Y)
