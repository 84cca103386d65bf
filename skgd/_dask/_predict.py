"""Predictions and scores on Dask collections."""

from copy import copy
from dataclasses import dataclass
from functools import wraps

import numpy as np
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.validation import check_is_fitted

from skgd._dask import is_collection
from skgd._dask._collections import blocks_of, check_features, dtype_of, parts_of
from skgd._dask._rows import (
    add,
    check_alike,
    check_weight_sum,
    matrix_of,
    numbers_of,
    vector_of,
)
from skgd._validation import check_sample_weight

_OF_THE_FIT = "_state", "history_", "feature_names_in_"  # no prediction needs them


def lazily(method):
    """Let a method of (estimator, X) give a Dask array where X is a collection."""

    @wraps(method)
    def predict(self, X):
        if not is_collection(X):
            return method(self, X)
        model, like = _model_of(self, X)
        like = method(model, like)
        if hasattr(X, "map_blocks"):
            return _of_array(X, method, model, like)
        return _of_frame(X, method, model, like)

    return predict


def _model_of(estimator, X):
    """Give the estimator without what its blocks do not need, and a row as X's are."""
    check_is_fitted(estimator)
    check_features(estimator, X, reset=False)
    model = copy(estimator)
    for name in _OF_THE_FIT:
        vars(model).pop(name, None)
    return model, np.zeros((1, estimator.n_features_in_), dtype_of(X))


def _of_array(X, method, model, like):
    chunks = (X.chunks[0], *((size,) for size in like.shape[1:]))
    return X.map_blocks(
        _of_block,
        method,
        model,
        chunks=chunks,
        drop_axis=[] if like.ndim == 2 else 1,
        dtype=like.dtype,
        meta=like[:0],
    )


def _of_frame(X, method, model, like):
    import dask
    import dask.array

    task = dask.delayed(_of_block, pure=False)
    shape = (np.nan, *like.shape[1:])
    shared = dask.delayed(model, traverse=False, pure=False)
    blocks = [
        dask.array.from_delayed(task(part, method, shared), shape, meta=like[:0])
        for part in parts_of(X)
    ]
    return dask.array.concatenate(blocks, allow_unknown_chunksizes=True)


def _of_block(X, method, model):
    X = matrix_of(X, None)
    if X.shape[0] == 0:
        return method(model, np.zeros((1, X.shape[1]), X.dtype))[:0]
    return method(model, X)


@dataclass
class _Residuals:
    """Weight and means of targets, and squares about the means and the predictions.

    All but `n_rows` and `weight` of shape (n_targets,).
    """

    n_rows: int
    weight: float
    mean: np.ndarray
    total: np.ndarray
    rest: np.ndarray

    @np.errstate(invalid="ignore")
    def __add__(self, other):
        weight = self.weight + other.weight
        share, apart = other.weight / weight, other.mean - self.mean
        between = self.weight * share * apart**2
        return _Residuals(
            self.n_rows + other.n_rows,
            weight,
            self.mean + share * apart,
            self.total + other.total + between,
            self.rest + other.rest,
        )


def r2_in_blocks(estimator, X, y, sample_weight) -> float:
    """Give the mean R^2 of the targets, from a round."""
    seen = _score(estimator, X, y, sample_weight, _residuals)
    check_weight_sum(seen.weight)
    if seen.n_rows < 2:
        return float(r2_score([0.0], [0.0]))  # NaN, and its warning
    exact = np.where(seen.rest == 0.0, 1.0, 0.0)  # as scikit-learn has it
    explained = seen.total > 0.0
    left = np.divide(seen.rest, seen.total, where=explained, out=1.0 - exact)
    return float((1.0 - left).mean())


def accuracy_in_blocks(estimator, X, y, sample_weight) -> float:
    """Give the accuracy, from a round."""
    hits, weight = _score(estimator, X, y, sample_weight, _hits)
    check_weight_sum(weight)
    return float(hits / weight)


def _score(estimator, X, y, sample_weight, function):
    model, _ = _model_of(estimator, X)
    seen = blocks_of(X, y, sample_weight).total(function, add, model)
    if seen is None:
        raise ValueError("X has no rows, or none of weight above zero, to score on.")
    return seen


def _read(X, y, weight):
    """Give X and the weights of a block, or None for X if no row counts."""
    X = matrix_of(X, None)
    if weight is not None:
        weight = vector_of(weight)
    weight = check_sample_weight(weight, len(y))
    weight = np.ones(len(y)) if weight is None else weight
    check_alike(X, y, weight)
    return X if weight.any() else None, weight


@np.errstate(over="ignore", invalid="ignore")  # of weights, which is told later
def _residuals(X, y, weight, model):
    y = numbers_of(y).astype(float)
    y = y[:, None] if y.ndim == 1 else y
    X, s = _read(X, y, weight)
    if X is None:
        return None
    prediction = model.predict(X).reshape(len(y), -1)
    if prediction.shape != y.shape:
        raise ValueError(
            f"y has {y.shape[1]} targets, but the model was fitted with"
            f" {prediction.shape[1]}."
        )
    mean = s @ y / s.sum()
    total, rest = s @ (y - mean) ** 2, s @ (y - prediction) ** 2
    return _Residuals(len(y), s.sum(), mean, total, rest)


@np.errstate(over="ignore")
def _hits(X, y, weight, model):
    y = vector_of(y)
    X, s = _read(X, y, weight)
    if X is None:
        return None
    hits = accuracy_score(y, model.predict(X), sample_weight=s, normalize=False)
    return np.array([hits, s.sum()])
