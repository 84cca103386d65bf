"""From collections of Dask to blocks of rows."""

import math

import numpy as np
from sklearn.utils.validation import validate_data

from skgd import _validation
from skgd._dask import is_collection
from skgd._dask._rounds import Blocks


def n_features_of(X) -> int:
    """Give the columns of a collection, or raise what is wrong with its shape."""
    _check_cut(X, "X")
    if len(getattr(X, "shape", ())) != 2:
        raise ValueError(
            "X must be a Dask array or DataFrame with two dimensions, got"
            f" {type(X).__name__} of shape {getattr(X, 'shape', 'unknown')}."
        )
    if math.isnan(X.shape[1]):
        raise ValueError(
            "X has an unknown number of columns: X.compute_chunk_sizes() finds it."
        )
    if getattr(X, "numblocks", (1, 1))[1] > 1:
        raise ValueError(
            f"X is cut along its columns, into {X.numblocks[1]} blocks, and a row must"
            " be in one: X.rechunk({1: -1})."
        )
    return int(X.shape[1])


def check_features(estimator, X, *, reset) -> None:
    """Learn the number and the names of the columns, or compare them."""
    d = n_features_of(X)
    _validation.check_no_dates(X, "X")
    like = X._meta if hasattr(X, "columns") else np.empty((0, d))
    validate_data(estimator, like, reset=reset, skip_check_array=True)


def dtype_of(X):
    """Give the dtype in which the core reads X."""
    dtypes = X.dtypes if hasattr(X, "columns") else [X.dtype]
    single = all(dtype == np.float32 for dtype in dtypes)
    return np.dtype(np.float32 if single else np.float64)


def parts_of(X):
    """Give the blocks of rows of a collection, each a Delayed."""
    return np.ravel(X.to_delayed()).tolist()


def blocks_of(X, y, sample_weight) -> Blocks:
    """Give the blocks of rows, y and weights cut as X is."""
    if y is None:
        raise ValueError("y is None, and must be the targets of X's rows.")
    parts = parts_of(X)
    others = [
        _cut_alike(X, parts, array, name)
        for array, name in ((y, "y"), (sample_weight, "sample_weight"))
    ]
    return Blocks(list(zip(parts, *others, strict=True)))


def _cut_alike(X, parts, array, name):
    """Give the parts of y or of weights that belong to the blocks of X."""
    if array is None:
        return [None] * len(parts)
    if is_collection(array):
        _check_cut(array, name)
        if hasattr(array, "chunks") and _known(X) and _known(array):
            _check_length(sum(X.chunks[0]), sum(array.chunks[0]), name)
            array = array.rechunk({0: X.chunks[0]})
        if getattr(array, "numblocks", (1, 1))[1:] not in ((), (1,)):
            array = array.rechunk({1: -1})
        found = parts_of(array)
        if len(found) != len(parts):
            raise ValueError(
                f"X has {len(parts)} blocks of rows and {name} has {len(found)}, and"
                " which belong together is not known: their chunk sizes are not."
                " compute_chunk_sizes() finds them, from_delayed and map_blocks keep"
                " them alike."
            )
        return found
    array = np.asarray(array)
    if array.ndim == 0:
        if name == "y":
            raise ValueError(f"y must have a target for each row of X, got {array!r}.")
        return [array] * len(parts)
    sizes = X.chunks[0] if _known(X) else _lengths(parts)
    _check_length(sum(sizes), len(array), name)
    return _sent(np.split(array, np.cumsum(sizes)[:-1]))


def _check_cut(array, name):
    """Raise if a collection has no blocks of rows; a Delayed has every attribute."""
    if not hasattr(type(array), "to_delayed"):
        raise TypeError(
            f"{name} must be a Dask array, Series or DataFrame, or in memory, got"
            f" {type(array).__name__}: dask.array.from_delayed makes one of it."
        )


def _lengths(parts):
    import dask

    length = dask.delayed(_length, pure=False)
    return dask.compute(*map(length, parts))


def _length(part):
    return part.shape[0]


def _sent(slices):
    """Give slices of an array in memory that a cluster is sent but once."""
    import dask

    return list(dask.persist(*(dask.delayed(s, pure=False) for s in slices)))


def _known(array) -> bool:
    chunks = getattr(array, "chunks", None)
    return chunks is not None and not any(map(math.isnan, chunks[0]))


def _check_length(n_rows, n_found, name):
    if n_rows != n_found:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has"
            f" {n_rows} rows, {name} has {n_found}."
        )
