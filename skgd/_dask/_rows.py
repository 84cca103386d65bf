"""How a task reads the rows of its block."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_array

from skgd import _validation
from skgd._core import engine
from skgd._core.bridge import View
from skgd._core.sample_space import SampleLoss
from skgd._labels import codes_of


@dataclass(frozen=True)
class Rows:
    """Rows of weight above zero of a block, as the core reads them.

    `codes` : of the classes, or None where targets are numbers.
    """

    design: Any
    rows: np.ndarray
    targets: np.ndarray
    s: np.ndarray
    codes: bool

    def view(self, mean):
        """Give the rows about some means."""
        scale = np.ones(self.design.shape[1])
        return View(self.design, self.rows, mean, scale)


@dataclass(frozen=True)
class Reading:
    """How blocks are read.

    Attributes
    ----------
    dtype, n_features : dtype, int
        Of X.
    classes : ndarray or None
        Sorted labels, where y is made of labels.
    class_weight : ndarray or None
        Of the rows of each class, in all outputs.
    weight_sum : float
        Of all rows; what their weights are divided by.
    """

    dtype: Any
    n_features: int
    classes: np.ndarray | None = None
    class_weight: np.ndarray | None = None
    weight_sum: float = 1.0

    def read(self, X, y, weight) -> Rows | None:
        """Give the rows of a block, or None if there are none."""
        X, y = matrix_of(X, self.dtype), vector_of(y)
        weight = 1.0 if weight is None else vector_of(weight)
        weight = np.broadcast_to(weight, len(y)) if np.ndim(weight) == 0 else weight
        check_alike(X, y, weight)
        if X.shape[1] != self.n_features:
            raise ValueError(
                f"X has {self.n_features} columns, and a block of it {X.shape[1]}."
            )
        s = weight.astype(np.float64) / self.weight_sum
        if self.classes is None:
            targets = np.ascontiguousarray(y, dtype=np.float64)
        else:
            targets = codes_of(y, self.classes)
            if self.class_weight is not None:
                s = s * self.class_weight[targets]
        rows = np.flatnonzero(s).astype(np.uint32)
        if len(rows) == 0:
            return None
        coded = self.classes is not None
        design = engine.Design(X)
        if _validation.has_duplicates(X):
            design = engine.Design(_validation.summed_duplicates(X))
        return Rows(design, rows, targets[rows], s[rows], coded)


def matrix_of(X, dtype):
    """Give X of a block as the core reads it; the dtype None keeps float32."""
    if type(X).__module__.partition(".")[0] == "sparse":  # its arrays come from there
        X = X.tocsr()
    return check_array(
        X,
        accept_sparse="csr",
        dtype=[np.float64, np.float32] if dtype is None else dtype,
        order="C",
        accept_large_sparse=True,
        ensure_all_finite=False,
        ensure_min_samples=0,
    )


def check_alike(X, y, weight):
    """Raise if arrays of a block have not as many rows."""
    if not X.shape[0] == len(y) == len(weight):
        raise ValueError(
            "X, y and sample_weight must be cut into blocks alike; a block has"
            f" {X.shape[0]} rows of X, {len(y)} of y and {len(weight)} of"
            " sample_weight."
        )


def check_weight_sum(total):
    """Raise if the sum of all weights is not finite."""
    if not np.isfinite(total):
        raise ValueError(
            "The sum of sample_weight overflows: divide the weights by a number, which"
            " changes nothing else."
        )


def numbers_of(y):
    """Give targets of a block, of which scikit-learn says if they are no numbers."""
    _validation.check_numbers(y, "y")
    given = {"ensure_2d": False, "ensure_min_samples": 0, "input_name": "y"}
    return check_array(y, dtype="numeric", **given)


def vector_of(y):
    """Give the values of a series, an array or a column."""
    y = np.asarray(y)
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


@dataclass(frozen=True)
class Output:
    """The loss of an output.

    Attributes
    ----------
    reading : Reading
    loss, parameter : str or Loss, float
        In the core's words.
    n_outputs : int
        Raw predictions a row that the loss takes.
    positive : int
        The class that is +1 where the loss takes signs.
    positive_weight : float
        Of its rows, beside the rows' own.
    """

    reading: Reading
    loss: Any
    parameter: float
    n_outputs: int = 1
    positive: int = 1
    positive_weight: float = 1.0

    def targets_of(self, rows):
        """Give targets and weights of the rows of a block."""
        if not rows.codes:
            return rows.targets, rows.s
        if self.n_outputs > 1:
            return rows.targets.astype(np.int32), rows.s
        signs = np.where(rows.targets == self.positive, 1.0, -1.0)
        if self.positive_weight == 1.0:
            return signs, rows.s
        return signs, np.where(signs > 0, rows.s * self.positive_weight, rows.s)

    def of(self, rows) -> SampleLoss:
        """Give the loss of the rows of a block."""
        y, s = self.targets_of(rows)
        return SampleLoss(self.loss, self.parameter, y, s, self.n_outputs)


def add(a, b):
    """Give a + b, for results of any kind."""
    return a + b
