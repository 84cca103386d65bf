"""Fits on CSR matrices put together without care, through the public interface.

Each is refused with a ValueError, or fitted as the dense matrix that it stands for.

    python tests/fuzz/corrupted_fits.py SECONDS [SEED]
"""

import sys
import time
import warnings

import numpy as np
from numpy.testing import assert_allclose
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import clone

from skgd import GDClassifier, GDRegressor

N_SAMPLES, N_FEATURES = 12, 5
ACTIONS = ("fit", "fit", "partial_fit", "predict", "X_val")
# losses with kinks end within tol of the optimum, but not in the same point
REGRESSION = ("squared_error", "huber")
CLASSIFICATION = ("log_loss", "squared_hinge")


def sound(X):
    """Tell whether each row lies within the arrays and names columns that there are."""
    n, d = X.shape
    indptr, stored = X.indptr.astype(np.int64), min(len(X.data), len(X.indices))
    if len(indptr) != n + 1 or indptr[0] != 0 or (indptr[1:] < indptr[:-1]).any():
        return False
    if indptr[-1] > stored:
        return False
    used = X.indices[: indptr[-1]]
    return bool(((used >= 0) & (used < d)).all())


def dense(X):
    """Give the array that a sound matrix stands for: what is named twice adds up."""
    array = np.zeros(X.shape, X.dtype)
    row = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    stored = X.indptr[-1]
    np.add.at(array, (row, X.indices[:stored]), X.data[:stored])
    return array


def _any_index(rng, dtype):
    info = np.iinfo(dtype)
    choices = (-1, 0, 1, N_FEATURES, N_SAMPLES, 10**6, info.max, info.min)
    return np.array(choices[rng.integers(len(choices))]).astype(dtype)


def corrupt(X, rng):
    """Spoil the arrays of a matrix, in place."""
    kind = rng.integers(8)
    if kind == 0:
        X.indptr[rng.integers(len(X.indptr))] = _any_index(rng, X.indptr.dtype)
    elif kind == 1 and len(X.indices):
        X.indices[rng.integers(len(X.indices))] = _any_index(rng, X.indices.dtype)
    elif kind == 2:
        X.indices = X.indices[: rng.integers(len(X.indices) + 1)]
    elif kind == 3:
        X.data = X.data[: rng.integers(len(X.data) + 1)]
    elif kind == 4:
        X.indptr = X.indptr[: rng.integers(1, len(X.indptr) + 1)]
    elif kind == 5:
        X.indptr = np.append(X.indptr, X.indptr[-1]).astype(X.indptr.dtype)
    elif kind == 6:
        rng.shuffle(X.indptr)
    elif kind == 7:
        X.indices = X.indices.astype(rng.choice([np.int16, np.uint32, np.uint64]))


def make_matrix(rng):
    """Give a matrix of unsorted rows, with columns named twice, or one with defects."""
    counts = rng.integers(0, N_FEATURES + 2, N_SAMPLES)
    indptr = np.concatenate(([0], np.cumsum(counts)))
    indices = rng.integers(0, N_FEATURES, indptr[-1])
    data = rng.normal(size=indptr[-1]).astype(rng.choice([np.float32, np.float64]))
    kind = csr_array if rng.random() < 0.5 else csr_matrix
    X = kind((data, indices, indptr), shape=(N_SAMPLES, N_FEATURES))
    integers = np.int32, np.int64
    X.indices = X.indices.astype(integers[rng.integers(2)])
    X.indptr = X.indptr.astype(integers[rng.integers(2)])
    if rng.random() < 0.7:
        for _ in range(rng.integers(1, 4)):
            corrupt(X, rng)
    return X


def make_estimator(rng):
    """Give an estimator, and targets for it."""
    z = rng.normal(size=N_SAMPLES)
    options = {
        "mode": str(rng.choice(["batch", "mini-batch", "stochastic"])),
        "penalty": str(rng.choice(["l2", "l1", "elasticnet"])),
        "alpha": 0.1,
        "random_state": 0,
        "fit_intercept": bool(rng.integers(2)),
    }
    if rng.random() < 0.4:
        options |= {"learning_rate": "constant", "max_iter": 3, "tol": None}
        options["optimizer"] = str(rng.choice(["sgd", "adam"]))
    else:
        options["tol"] = 1e-9
    if rng.random() < 0.5:
        return GDRegressor(str(rng.choice(REGRESSION)), **options), z
    y = np.arange(N_SAMPLES) % 2 if rng.random() < 0.5 else np.arange(N_SAMPLES) % 3
    return GDClassifier(str(rng.choice(CLASSIFICATION)), **options), y


def act(model, action, X, y):
    """Let the estimator see X; give what is to be the same for the dense matrix."""
    clean = np.random.default_rng(0).normal(size=X.shape).astype(X.dtype)
    if action == "partial_fit":
        classes = {} if isinstance(model, GDRegressor) else {"classes": np.unique(y)}
        return model.partial_fit(X, y, **classes).coef_
    if action == "predict":
        model.fit(clean, y)
        raw = model.predict if isinstance(model, GDRegressor) else None
        return (raw or model.decision_function)(X)
    if action == "X_val":
        model.set_params(early_stopping=True)
        return model.fit(clean, y, X_val=X, y_val=y).coef_
    return model.fit(X, y).coef_


def check(seed):
    """Run one case; tell whether its matrix was sound."""
    rng = np.random.default_rng(seed)
    X, (model, y) = make_matrix(rng), make_estimator(rng)
    action = ACTIONS[rng.integers(len(ACTIONS))]
    is_sound = sound(X)
    expected = act(clone(model), action, dense(X), y) if is_sound else None
    try:
        found = act(clone(model), action, X, y)
    except (ValueError, TypeError) as error:
        odd = X.indices.dtype.kind != "i" or X.indices.dtype.itemsize < 4
        if is_sound and not odd:
            raise AssertionError(f"{action} refused a sound matrix") from error
        return False
    assert is_sound, f"{action} took a matrix that is not sound"
    tolerance = 1e-3 if X.dtype == np.float32 else 1e-4
    # steps in running coordinates, which sparse rows do not centre, end elsewhere
    if action != "partial_fit" or model.learning_rate != "auto":
        assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    return True


def main(seconds, seed=0):
    """Run cases for so many seconds."""
    end, runs, taken = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                taken += check(seed + runs)
            except BaseException:
                print(f"seed {seed + runs}", file=sys.stderr)
                raise
        runs += 1
    print(f"{runs} runs, {taken} matrices fitted, {runs - taken} refused")


if __name__ == "__main__":
    main(float(sys.argv[1]), *map(int, sys.argv[2:3]))
