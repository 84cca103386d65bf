"""What a task does with the rows of its block: the core's work, and nothing else."""

from dataclasses import dataclass, fields
from functools import wraps
from typing import Any

import numpy as np
from scipy.special import softmax

from skgd._core import engine
from skgd._core.bridge import View
from skgd._core.sample_space import SampleLoss
from skgd.auto._flat import CurvedRows
from skgd.auto._stochastic import MiniBatchMove
from skgd.auto._task import Task


def of_a_block(work):
    """Make a task of the block's arrays of what works on its rows; None without any.

    The task takes X, y, weight and the output in the place of rows and output.
    """

    @wraps(work)
    def task(X, y, weight, output, *arguments, **named):
        with np.errstate(all="ignore"):
            rows = output.reading.read(X, y, weight)
            if rows is None:
                return None
            return work(rows, output, *arguments, **named)

    return task


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
    pairs : ndarray of shape (n_pairs, n_features + 1, n_features + 1) or None
        Of softmax [A 1]' diag(s p_a p_b) [A 1] of the classes b < a.
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
    pairs: np.ndarray | None = None
    plane: np.ndarray | None = None


@of_a_block
def look(rows, output, z, reference=None, gram=(False, False), plane=None):
    """Give the Look of a block at raw predictions z.

    `gram` : whether with the Gram matrices, and with those of pairs of classes.
    """
    view, loss = rows.view(z.mean), output.of(rows)
    d, h = np.empty((2, output.n_outputs, len(rows.rows)))
    raw = z.of(view)
    value = loss.evaluate(raw, d, h)
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
    if gram[0]:
        found.grams = np.array([view.gram(row) for row in h])
    if all(gram):
        found.pairs = _pairs(view, rows.s, raw)
    if plane is not None:
        found.plane = _on_plane(view, loss, plane)
    return found


def _curvature(loss, z):
    d, h = np.empty((2, *z.shape))
    loss.evaluate(z, d, h)
    return h


@of_a_block
def curved_rows(rows, output, z):
    """Give the CurvedRows of a block."""
    view, loss = rows.view(z.mean), output.of(rows)
    raw = z.of(view)
    return CurvedRows.of(view, loss, raw, _curvature(loss, raw))


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


@of_a_block
def on_plane(rows, output, plane):
    """Give value, gradient and Hessian of a block at points of a plane."""
    return _on_plane(rows.view(plane.z.mean), output.of(rows), plane)


@of_a_block
def change(rows, output, z, other):
    """Give the sums of abs(h - h_0) and max(h, h_0) of a block."""
    view, loss = rows.view(z.mean), output.of(rows)
    return _change(_curvature(loss, z.of(view)), _curvature(loss, other.of(view)))


@of_a_block
def second_order(rows, output, z, least, whole):
    """Give the Gram matrices, or if not `whole` their diagonals, of max(h, least s)."""
    view, loss = rows.view(z.mean), output.of(rows)
    h = _curvature(loss, z.of(view))
    if least:
        h = np.maximum(h, least * loss.weight)
    return np.array([view.gram(k) if whole else view.rmatvec_squared(k) for k in h])


@of_a_block
def grams_of_pairs(rows, output, z):
    """Give [A 1]' diag(s p_a p_b) [A 1] of softmax in a block, for classes b < a."""
    view = rows.view(z.mean)
    return _pairs(view, rows.s, z.of(view))


def _pairs(view, s, z):
    share = softmax(z, axis=0)
    pairs = ((a, b) for a in range(len(share)) for b in range(a))
    return np.array([view.gram(s * share[a] * share[b]) for a, b in pairs])


@of_a_block
def grams_of_columns(rows, output, z, least, columns):
    """Give the Gram matrices of some columns and one, of max(h, least s)."""
    view, loss = rows.view(z.mean), output.of(rows)
    h = np.maximum(_curvature(loss, z.of(view)), least * loss.weight)
    chosen = rows.design.matrix[:, columns]
    design = engine.Design(
        chosen.tocsr() if view.sparse else np.ascontiguousarray(chosen)
    )
    mean = np.ascontiguousarray(z.mean[columns])
    part = View(design, rows.rows, mean, np.ones(len(columns)))
    return np.array([part.gram(k) for k in h])


@of_a_block
def move(rows, output, start, solve, seed):
    """Give the weight of a block times its mini-batch move."""
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
