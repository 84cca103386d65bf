"""Data: X, y, weights and starts as the core reads them; errors in the user's words."""

import math
from collections.abc import Iterable

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import validate_data

from skgd._core import engine
from skgd._dask import is_collection

_DTYPES = np.dtype(np.float64), np.dtype(np.float32)
# Rows are numbered with 32 bits, those of sparse columns with a sign.
ROWS_LIMIT, SPARSE_ROWS_LIMIT = 2**32, 2**31


def check_X(estimator, X, y="no_validation", *, reset, **options):
    """Give X as the core reads it: C-contiguous or CSR, float32 or float64.

    X in such a form is not copied; y is returned as scikit-learn's validate_data does.
    """
    if _is_plain(estimator, X, reset, options.get("ensure_all_finite", True)):
        if isinstance(y, str):  # "no_validation"
            estimator.n_features_in_ = X.shape[1]
            return X
        if _is_plain_target(y, len(X)):
            estimator.n_features_in_ = X.shape[1]
            return X, y
    check_no_dates(X, "X")
    check_in_memory(X)
    _check_convertible(X)
    try:
        return validate_data(
            estimator,
            X,
            y,
            reset=reset,
            accept_sparse="csr",
            dtype=list(_DTYPES),
            order="C",
            accept_large_sparse=True,
            **options,
        )
    except OverflowError as error:
        raise ValueError(
            f"X and y must be numbers in the range of float64: {error}."
        ) from error


def _is_plain(estimator, X, reset, all_finite) -> bool:
    """Tell whether validate_data would find nothing to do, in a hundredth of its time.

    Of fits of a millisecond it takes a quarter. What is not plain it looks at.
    """
    if type(X) is not np.ndarray or X.ndim != 2 or not X.size:
        return False
    if X.dtype not in _DTYPES or not X.flags.c_contiguous:
        return False
    if hasattr(estimator, "feature_names_in_"):
        return False
    if not reset and getattr(estimator, "n_features_in_", None) != X.shape[1]:
        return False
    with np.errstate(all="ignore"):
        return not all_finite or math.isfinite(X.sum())


def _is_plain_target(y, n_samples) -> bool:
    """Tell whether y are numbers that validate_data would leave as they are."""
    if type(y) is not np.ndarray or y.shape != (n_samples,):
        return False
    if y.dtype.kind not in "biuf" or not y.flags.c_contiguous:
        return False
    return y.dtype.kind != "f" or bool(np.isfinite(y).all())


def _check_convertible(X) -> None:
    """Raise if SciPy, to make CSR of X, would follow indices that are broken."""
    if not issparse(X) or X.format not in ("csc", "bsr", "coo"):
        return
    try:
        if X.format != "coo":
            X.check_format(full_check=True)
            return
        if len({len(X.data), *map(len, X.coords)}) > 1:
            raise ValueError("row, column, and data arrays must have one length")
        for index, size in zip(X.coords, X.shape, strict=True):
            if len(index) and not (index.min() >= 0 and index.max() < size):
                raise ValueError(f"indices must lie in [0, {size})")
    except ValueError as error:
        raise ValueError(
            f"X is not a sound {X.format.upper()} matrix: {error}"
        ) from error


def check_sound(X) -> None:
    """Raise if X is a CSR matrix whose indices are broken: a pass over them.

    Before SciPy picks rows of it, or multiplies with it, which checks nothing.
    """
    if issparse(X):
        engine.Design(X)


def check_training(estimator, X, y, *, reset, **options):
    """Give X and y as the core reads them.

    Of a NaN or an infinity in X the first epoch makes a raw prediction that is not
    finite; `check_finite` then says so. That saves a pass over X.
    """
    X, y = check_X(estimator, X, y, reset=reset, ensure_all_finite=False, **options)
    check_size(X.shape[0], issparse(X))
    return X, y


def check_in_memory(X) -> None:
    """Raise where a Dask collection can't be read block by block."""
    if is_collection(X):
        raise ValueError(
            "X is a Dask collection, which fit, predict and score of GDRegressor and"
            " GDClassifier read block by block, but nothing else: partial_fit takes one"
            " block at a time, X.compute() brings all of it into memory."
        )


def check_no_dates(array, name: str) -> None:
    """Raise if NumPy would take dates or durations for numbers."""
    of_frame = getattr(array, "dtypes", None)
    if not isinstance(of_frame, Iterable):
        of_frame = [getattr(array, "dtype", None)]
    dates = [t for t in of_frame if getattr(t, "kind", "") in ("m", "M")]
    if dates:
        raise ValueError(
            f"{name} must be numbers, got {dates[0]}: subtract a date and divide by"
            " a unit of time first."
        )


def check_numbers(y, name: str) -> None:
    """Raise if targets are sparse, dates or durations."""
    if issparse(y):
        raise TypeError(f"{name} must be dense: pass {name}.toarray().")
    check_no_dates(y, name)


def check_finite(estimator, X) -> None:
    """Raise scikit-learn's error if X has a NaN or an infinity: a pass over X."""
    name = type(estimator).__name__
    with np.errstate(invalid="ignore"):  # it sums up infinities of both signs
        assert_all_finite(X, input_name="X", estimator_name=name)


def check_size(n_samples: int, sparse: bool) -> None:
    """Raise if rows can't be numbered."""
    limit = SPARSE_ROWS_LIMIT if sparse else ROWS_LIMIT
    if n_samples >= limit:
        raise ValueError(f"X must have less than {limit} rows, got {n_samples}.")


def has_duplicates(X) -> bool:
    """Tell whether a row of a sound CSR matrix may name a column twice."""
    return issparse(X) and not X.has_canonical_format


def summed_duplicates(X):
    """Give a copy of a sound CSR matrix with one entry a cell."""
    X = X.copy()
    X.sum_duplicates()
    return X


def _real_numbers(value, name, dtype):
    """Give a new array of the dtype."""
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c":
            raise TypeError("got complex numbers")
        with np.errstate(over="ignore"):  # float32 has it as infinite
            return np.array(array, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be numbers: {error}") from error


def check_sample_weight(sample_weight, n_samples: int):
    """Give weights as float64 of shape (n_samples,), or None for None."""
    if sample_weight is None:
        return None
    weight = _real_numbers(sample_weight, "sample_weight", np.float64)
    if weight.ndim == 0:
        weight = np.full(n_samples, weight)
    if weight.shape != (n_samples,):
        raise ValueError(
            f"sample_weight.shape == {weight.shape}, expected {(n_samples,)}: one"
            " weight a row of X."
        )
    if not np.isfinite(weight).all():
        raise ValueError("Input sample_weight contains NaN or infinity.")
    if (weight < 0).any():
        raise ValueError(
            "Negative values in data passed to `sample_weight`: weights must be >= 0."
        )
    return weight


def check_targets(y, needed: str, loss: str, name: str) -> None:
    """Raise if y has values outside the domain of the loss, "real", ">= 0" or "> 0"."""
    if needed == "real":
        return
    least = y.min()
    if least < 0 or (needed == "> 0" and least == 0):
        raise ValueError(
            f"loss={loss!r} needs {name} {needed} in all rows, but {name} has values"
            f" down to {least:g}."
        )


def check_given(X_val, y_val, sample_weight_val, *, early_stopping) -> None:
    """Raise if validation data are incomplete, or nothing would look at them."""
    given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
    names = [name for name, value in given.items() if value is not None]
    for missing in ("X_val", "y_val"):
        if names and missing not in names:
            raise ValueError(
                f"{' and '.join(names)} without {missing}: validation data need both"
                " X_val and y_val."
            )
    if names and not early_stopping:
        raise ValueError(
            f"{' and '.join(names)} were given, but early_stopping=False, and nothing"
            " else looks at validation data. Set early_stopping=True or leave them out."
        )


def check_goes_on(array: str, what: str, n_now: int, n_earlier: int) -> None:
    """Raise if warm_start=True would go on from a model of another shape."""
    if n_now != n_earlier:
        raise ValueError(
            f"{array} has {n_now} {what}, but warm_start=True goes on from a model of"
            f" {n_earlier} {what}. Set warm_start=False to start anew."
        )


def check_initial(value, name: str, shape: tuple[int, ...], dtype):
    """Give coef_init or intercept_init as a new array of the shape (n_outputs, ...)."""
    array = _real_numbers(value, f"Provided {name}", dtype)
    squeezed = shape[1:] if shape[0] == 1 else shape
    one_number = array.size == 1 and math.prod(shape) == 1
    if array.shape not in (shape, squeezed) and not one_number:
        alternative = f" or {squeezed}" if squeezed != shape else ""
        raise ValueError(
            f"Provided {name} does not match dataset. It must have shape {shape}"
            f"{alternative}, got {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"Provided {name} contains NaN or infinity.")
    return array.reshape(shape)
