"""Predictions and scores on Dask collections."""

from copy import copy
from dataclasses import dataclass
from functools import wraps

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skgd._dask import is_collection
from skgd._dask._collections import blocks_of, check_features, parts_of
from skgd._dask._rows import add, matrix_of, vector_of
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
    return model, np.zeros((1, estimator.n_features_in_))


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
    """Weight and mean of targets, and squares about the mean and the predictions."""

    weight: float
    mean: float
    total: float
    rest: float

    def __add__(self, other):
        weight = self.weight + other.weight
        share, apart = other.weight / weight, other.mean - self.mean
        between = self.weight * share * apart**2
        return _Residuals(
            weight,
            self.mean + share * apart,
            self.total + other.total + between,
            self.rest + other.rest,
        )


def r2_in_blocks(estimator, X, y, sample_weight) -> float:
    """Give R^2, from a round."""
    seen = _score(estimator, X, y, sample_weight, _residuals)
    if seen.total > 0.0:
        return float(1.0 - seen.rest / seen.total)
    return 1.0 if seen.rest == 0.0 else 0.0  # as scikit-learn has it


def accuracy_in_blocks(estimator, X, y, sample_weight) -> float:
    """Give the accuracy, from a round."""
    hits, weight = _score(estimator, X, y, sample_weight, _hits)
    return float(hits / weight)


def _score(estimator, X, y, sample_weight, function):
    model, _ = _model_of(estimator, X)
    seen = blocks_of(X, y, sample_weight).total(function, add, model)
    if seen is None:
        raise ValueError("X has no rows, or none of weight above zero, to score on.")
    return seen


def _predicted(X, y, weight, model):
    X, y = matrix_of(X, None), vector_of(y)
    if weight is not None:
        weight = vector_of(weight)
    weight = check_sample_weight(weight, len(y))
    weight = np.ones(len(y)) if weight is None else weight
    return (model.predict(X), y, weight) if weight.any() else None


def _residuals(X, y, weight, model):
    found = _predicted(X, y, weight, model)
    if found is None:
        return None
    prediction, y, s = found
    mean = s @ y / s.sum()
    return _Residuals(
        s.sum(), mean, s @ (y - mean) ** 2, s @ (y - prediction.astype(float)) ** 2
    )


def _hits(X, y, weight, model):
    found = _predicted(X, y, weight, model)
    if found is None:
        return None
    labels, y, s = found
    return np.array([s @ (labels == y), s.sum()])
