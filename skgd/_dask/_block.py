"""What a task does with the rows of its block: the core's work, and nothing else."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy.sparse import issparse
from scipy.special import softmax
from sklearn.utils import assert_all_finite, check_array

from skgd import _validation
from skgd._core import engine
from skgd._core.bridge import SampleLoss, View
from skgd._core.losses import traits_of
from skgd._labels import codes_of
from skgd.auto._moments import Columns, Products
from skgd.auto._stochastic import MiniBatchMove
from skgd.auto._task import Task


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
    dtype : dtype
        Of X.
    classes : ndarray or None
        Sorted labels, where y is made of labels.
    class_weight : ndarray or None
        Of the rows of each class, in all outputs.
    weight_sum : float
        Of all rows; what their weights are divided by.
    """

    dtype: Any
    classes: np.ndarray | None = None
    class_weight: np.ndarray | None = None
    weight_sum: float = 1.0

    def read(self, X, y, weight) -> Rows | None:
        """Give the rows of a block, or None if there are none."""
        X, y = matrix_of(X, self.dtype), vector_of(y)
        weight = 1.0 if weight is None else vector_of(weight)
        weight = np.broadcast_to(weight, len(y)) if np.ndim(weight) == 0 else weight
        if not X.shape[0] == len(y) == len(weight):
            raise ValueError(
                "X, y and sample_weight must be cut into blocks alike; a block has"
                f" {X.shape[0]} rows of X, {len(y)} of y and {len(weight)} of"
                " sample_weight."
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


def is_quadratic(loss) -> bool:
    """Tell whether the second derivative of a loss is the same everywhere."""
    return traits_of(loss)["shape"] == "constant"


def add(a, b):
    """Give a + b, for results of any kind."""
    return a + b


@dataclass
class Sums:
    """Results that are added field by field; None is nothing."""

    def __add__(self, other):
        both = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return type(self)(*(a if b is None else a + b for a, b in both))


@dataclass(frozen=True)
class Bounds:
    """The least and the largest of some numbers, which sums keep."""

    least: float
    largest: float

    def __add__(self, other):
        return Bounds(min(self.least, other.least), max(self.largest, other.largest))


@dataclass
class Look(Sums):
    """What a model makes of the rows.

    Attributes
    ----------
    value : float
        The loss.
    slope : ndarray of shape (n_outputs, n_features)
        Its gradient, columns being centred but not scaled.
    d, h : ndarray of shape (n_outputs,)
        Sums of the weighted derivatives and second derivatives.
    curved : ndarray of shape (n_outputs,)
        Rows whose second derivative is not zero.
    bounds : Bounds
        Of the second derivatives, per unit of weight.
    change : ndarray of shape (2,) or None
        Sums of abs(h - h_0) and max(h, h_0), h_0 that of another model.
    grams : ndarray of shape (n_outputs, n_features + 1, n_features + 1) or None
        [A 1]' diag(h) [A 1].
    plane : ndarray of shape (n_trials, 1 + p + p * p) or None
        Value, gradient and Hessian at points of a plane of models.
    """

    value: float
    slope: np.ndarray
    d: np.ndarray
    h: np.ndarray
    curved: np.ndarray
    bounds: Any
    change: np.ndarray | None = None
    grams: np.ndarray | None = None
    plane: np.ndarray | None = None


@dataclass(frozen=True)
class Raw:
    """Raw predictions (X - mean) u' + b, by what they are made of.

    They are linear in the model, and so are sums of them.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)
    u : ndarray of shape (n_outputs, n_features)
    b : ndarray of shape (n_outputs,)
    """

    mean: np.ndarray
    u: np.ndarray
    b: np.ndarray

    __array_ufunc__ = None  # NumPy leaves sums and products to this class

    def __add__(self, other):
        if isinstance(other, Raw):
            return Raw(self.mean, self.u + other.u, self.b + other.b)
        return Raw(self.mean, self.u, self.b + other[:, 0])

    def __sub__(self, other):
        return self + -1.0 * other

    def __rmul__(self, factor):
        return Raw(self.mean, factor * self.u, factor * self.b)

    def __getitem__(self, own):
        return Raw(self.mean, self.u[own], self.b[own])

    @property
    def key(self) -> bytes:
        """What tells it from others."""
        return self.mean.tobytes() + self.u.tobytes() + self.b.tobytes()

    def of(self, view):
        """Give the raw predictions of the rows of a block."""
        return view.matvec(self.u) + self.b[:, None]


@dataclass(frozen=True)
class Plane:
    """Points of a plane: `trials` of z + sum_p c_p images_p."""

    z: Raw
    images: tuple[Raw, ...]
    trials: tuple[np.ndarray, ...]


@np.errstate(all="ignore")
def look(X, y, weight, output, z, reference=None, gram=False, plane=None):
    """Give the Look of a block at raw predictions z."""
    rows = output.reading.read(X, y, weight)
    if rows is None:
        return None
    view, loss = rows.view(z.mean), output.of(rows)
    d, h = np.empty((2, output.n_outputs, len(rows.rows)))
    value = loss.evaluate(z.of(view), d, h)
    unit = h / loss.weight
    found = Look(
        value,
        view.rmatvec(d),
        d.sum(axis=1),
        h.sum(axis=1),
        np.count_nonzero(h, axis=1),
        Bounds(unit.min(), unit.max()),
    )
    if reference is not None:
        found.change = _change(h, _curvature(loss, reference.of(view)))
    if gram:
        found.grams = np.array([view.gram(row) for row in h])
    if plane is not None:
        found.plane = _on_plane(view, loss, plane)
    return found


def _curvature(loss, z):
    d, h = np.empty((2, *z.shape))
    loss.evaluate(z, d, h)
    return h


def _change(h, other):
    return np.array([np.abs(h - other).sum(), np.maximum(h, other).sum()])


def _on_plane(view, loss, plane):
    z = plane.z.of(view)
    images = np.array([image.of(view) for image in plane.images])
    found = []
    for c in plane.trials:
        value, gradient, hessian = loss.plane(z, images, c)
        found.append(np.concatenate([[value], gradient, hessian.ravel()]))
    return np.array(found)


@np.errstate(all="ignore")
def on_plane(X, y, weight, output, plane):
    """Give value, gradient and Hessian of a block at points of a plane."""
    rows = output.reading.read(X, y, weight)
    if rows is None:
        return None
    return _on_plane(rows.view(plane.z.mean), output.of(rows), plane)


@np.errstate(all="ignore")
def change(X, y, weight, output, z, other):
    """Give the sums of abs(h - h_0) and max(h, h_0) of a block."""
    rows = output.reading.read(X, y, weight)
    if rows is None:
        return None
    view, loss = rows.view(z.mean), output.of(rows)
    return _change(_curvature(loss, z.of(view)), _curvature(loss, other.of(view)))


@np.errstate(all="ignore")
def second_order(X, y, weight, output, z, least, whole):
    """Give the Gram matrices, or if not `whole` their diagonals, of max(h, least s)."""
    rows = output.reading.read(X, y, weight)
    if rows is None:
        return None
    view, loss = rows.view(z.mean), output.of(rows)
    h = _curvature(loss, z.of(view))
    if least:
        h = np.maximum(h, least * loss.weight)
    return np.array([view.gram(k) if whole else view.rmatvec_squared(k) for k in h])


@np.errstate(all="ignore")
def grams_of_pairs(X, y, weight, output, z):
    """Give [A 1]' diag(s p_a p_b) [A 1] of softmax in a block, for classes b < a."""
    rows = output.reading.read(X, y, weight)
    if rows is None:
        return None
    view, s = rows.view(z.mean), rows.s
    share = softmax(z.of(view), axis=0)
    pairs = ((a, b) for a in range(len(share)) for b in range(a))
    return np.array([view.gram(s * share[a] * share[b]) for a, b in pairs])


@np.errstate(all="ignore")
def grams_of_columns(X, y, weight, output, z, least, columns):
    """Give the Gram matrices of some columns and one, of max(h, least s)."""
    rows = output.reading.read(X, y, weight)
    if rows is None:
        return None
    view, loss = rows.view(z.mean), output.of(rows)
    h = np.maximum(_curvature(loss, z.of(view)), least * loss.weight)
    chosen = rows.design.matrix[:, columns]
    design = engine.Design(
        chosen.tocsr() if view.sparse else np.ascontiguousarray(chosen)
    )
    mean = np.ascontiguousarray(z.mean[columns])
    part = View(design, rows.rows, mean, np.ones(len(columns)))
    return np.array([part.gram(k) for k in h])


@dataclass(frozen=True)
class Start:
    """Where the moves of all blocks begin.

    Attributes
    ----------
    z : Raw
    v, b : ndarray of shapes (n_outputs, n_features), (n_outputs,)
    gradient : ndarray of shape (n_outputs, n_features + 1)
        Of all rows and the penalty.
    free : ndarray of shape (n_outputs, n_features) or None
        The coefficients that may move.
    scale, ridge : ndarray of shape (n_features,)
        Of the task.
    fit_intercept : bool
    """

    z: Raw
    v: np.ndarray
    b: np.ndarray
    gradient: np.ndarray
    free: np.ndarray | None
    scale: np.ndarray
    ridge: np.ndarray
    fit_intercept: bool


@np.errstate(all="ignore")
def move(X, y, weight, output, start, solve, seed):
    """Give the weight of a block times its mini-batch move."""
    rows = output.reading.read(X, y, weight)
    if rows is None:
        return None
    y, s = output.targets_of(rows)
    total = s.sum()
    if not total > 0.0:
        return None
    loss = SampleLoss(output.loss, output.parameter, y, s / total, output.n_outputs)
    view = rows.view(start.z.mean).with_coordinates(start.z.mean, start.scale)
    task = Task(
        view,
        loss,
        start.ridge,
        np.zeros_like(start.ridge),
        False,
        start.fit_intercept,
        start.b,
        np.nan,
    )
    z = start.z.of(rows.view(start.z.mean))
    d, h = np.empty((2, *z.shape))
    loss.evaluate(z, d, h)
    face = None if start.free is None else (0.0, start.free)
    run = MiniBatchMove(task, seed, start.gradient, share=1)
    dv, db = run(start.v, start.b, z, d, h, solve, face)
    return total * np.column_stack([dv, db])


@dataclass
class Moments:
    """Of the columns of some rows.

    Attributes
    ----------
    weight : float
    n_rows, entries, squares : int
        Rows; entries that are stored, and sum of squares of their number in a row.
    is_sparse : bool
    low, high : ndarray of shape (n_features,)
    products : Products or Columns
    """

    weight: float
    n_rows: int
    entries: int
    squares: int
    is_sparse: bool
    low: np.ndarray
    high: np.ndarray
    products: Any

    def __add__(self, other):
        weight = self.weight + other.weight
        return Moments(
            weight,
            self.n_rows + other.n_rows,
            self.entries + other.entries,
            self.squares + other.squares,
            self.is_sparse or other.is_sparse,
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            _merged(self.products, other.products, other.weight / weight),
        )


def _merged(one, other, share):
    """Give the moments of both; products only where both have them."""
    if type(one) is not type(other):
        one, other = one.columns(), other.columns()
    return one.merged(other, share)


@np.errstate(all="ignore")
def moments(X, y, weight, reading, outputs, fixed, centred):
    """Give the moments of a block, with products if there are outputs and X is dense.

    `fixed` : what to subtract from targets unless columns are centred.
    """
    rows = reading.read(X, y, weight)
    if rows is None:
        return None
    view, total = rows.view(np.zeros(rows.design.shape[1])), rows.s.sum()
    s = rows.s / total
    mean, low, high = view.ranges(s)
    if not np.isfinite(mean).all():
        assert_all_finite(rows.design.matrix, input_name="X")
    constant = low == high
    mean[constant] = low[constant]
    mean *= centred
    view, found = rows.view(mean), None
    if outputs and not view.sparse:
        targets = np.array([output.targets_of(rows)[0] for output in outputs])
        centre = targets @ s if centred else fixed
        gram, cross = view.products(s, targets - centre[:, None])
        found = Products(mean, gram, centre, cross)
    else:
        found = Columns(mean, view.rmatvec_squared(s))
    counts = _counts(rows)
    return Moments(
        total,
        len(rows.rows),
        int(counts.sum()),
        int((counts**2).sum()),
        view.sparse,
        low,
        high,
        found,
    )


def _counts(rows):
    """Give the number of stored entries of each row; none where X is dense."""
    if not issparse(rows.design.matrix):
        return np.zeros(0, dtype=np.int64)
    return np.diff(rows.design.arrays[2])[rows.rows].astype(np.int64)
