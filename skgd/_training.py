"""Data as the core reads it, and the rows of it to train on and to score on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.extmath import safe_sparse_dot

from skgd import _validation

_BLOCK_BYTES = 2**22  # of X, where rows are picked: a copy of a block at a time
# Of the largest weight: 1 / weight overflows there, and nothing that is seen is lost.
_NEGLIGIBLE = 1e-290


@dataclass
class Training:
    """Data as the core reads it.

    `targets`: float64 (n_samples, n_outputs), or class codes (n_samples,).
    `positive`: weight of class k in the k-th one-vs-rest problem, (n_outputs,).
    """

    X: Any
    targets: np.ndarray
    n_outputs: int
    weight: np.ndarray | None
    positive: np.ndarray | None = None

    @property
    def rows(self) -> np.ndarray:
        """Give the rows of weight above zero, beside the largest one.

        Returns
        -------
        ndarray of shape (n_train,), uint32
            Their positions, in order.
        """
        if self.weight is None:
            return np.arange(self.X.shape[0], dtype=np.uint32)
        least = _NEGLIGIBLE * self.weight.max(initial=0.0)
        return np.flatnonzero(self.weight > least).astype(np.uint32)


def rows_to_train_on(estimator, training, given=None):
    """Give the rows to train on; and None, or data and its rows to score on.

    `given` : X_val, y_val and sample_weight_val, which take the place of a split.
    """
    rows = training.rows
    if len(rows) == 0:
        raise ValueError(
            "Invalid sample_weight: all weights are zero, and at least one must"
            " be a non-zero number."
            + (
                " The sample weights for validation set are all zero, consider"
                " using a different random state."
                if estimator.early_stopping
                else ""
            )
        )
    if not estimator.early_stopping:
        return rows, None
    if given is not None and given[0] is not None:
        data = _given_data(estimator, training, *given)
        return rows, (data, data.rows)
    try:
        kept, held_out = estimator._split(training.targets[rows])
    except ValueError as error:
        raise ValueError(
            f"Splitting {len(rows)} samples into a train set and a validation"
            f" set with validation_fraction={estimator.validation_fraction!r} failed:"
            f" {error}. Consider changing validation_fraction, or"
            " early_stopping=False."
        ) from error
    kept.sort(), held_out.sort()  # in place: they are as large as y
    return rows[kept], (training, rows[held_out])


def _given_data(estimator, training, X_val, y_val, sample_weight_val):
    """Validate the data that early stopping is to score on."""
    dtype, n_outputs = training.X.dtype, training.n_outputs
    try:
        X, targets = estimator._to_score(X_val, y_val, n_outputs)
        _validation.check_sound(X)
        weight = _validation.check_sample_weight(sample_weight_val, X.shape[0])
        if X.dtype != dtype:
            with np.errstate(over="ignore"):
                X = X.astype(dtype)
            _validation.check_finite(estimator, X)
        data = Training(X, targets, n_outputs, weight)
        if len(data.rows) < estimator._fewest_to_score:
            raise ValueError(
                f"{len(data.rows)} rows of weight above zero are too few to score"
                f" on, {estimator._fewest_to_score} are needed"
            )
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"X_val, y_val or sample_weight_val does not do: {error}"
        ) from error
    return data


def scorer_of(estimator, data, rows):
    """Give the score of (coef, intercept) on rows of some data."""
    targets = data.targets[rows]
    weight = None
    if data.weight is not None:  # their sum may overflow: a power of two
        weight = data.weight[rows]
        weight = np.ldexp(weight, -np.frexp(weight.max())[1])
    n_block = max(1, _BLOCK_BYTES // _bytes_per_row(data.X))

    def score(coef, intercept):
        blocks = [
            safe_sparse_dot(
                data.X[rows[begin : begin + n_block]], coef.T, dense_output=True
            )
            for begin in range(0, len(rows), n_block)
        ]
        with np.errstate(all="ignore"):
            raw = np.concatenate(blocks) + intercept
        return estimator._score_raw(raw, targets, weight)

    return score


def _bytes_per_row(X) -> int:
    """Give the memory that a row of X takes, on average if X is CSR; 1 at least."""
    nbytes = X.data.nbytes + X.indices.nbytes if issparse(X) else X.nbytes
    return max(1, nbytes // X.shape[0])
