"""Stand-ins for arrays of sample space whose rows are in blocks.

A raw prediction is known by its model, derivatives by the raw prediction that they
belong to. Whatever needs the rows is a round over the blocks, and a round brings all
that the descent is about to ask: a step is mostly one.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skgd._core.losses import traits_of
from skgd._dask import _looks
from skgd._dask._looks import Look
from skgd._dask._raw import Plane, Raw
from skgd._dask._rows import Output, add
from skgd.auto._flat import CurvedRows

_REMEMBERED = 4  # looks: of the model, of trials, and of the step before


@dataclass
class Derivatives:
    """First derivatives at raw predictions, which `evaluate` sets."""

    loss: Any
    z: Any = None

    def sum(self, axis=None):
        """Give the sum over the rows, or over all."""
        d = self.loss.look(self.z).d
        return d.copy() if axis == 1 else d.sum()


@dataclass
class Curvature:
    """Second derivatives at raw predictions; no less than `least` a unit of weight."""

    loss: Any
    z: Any = None
    least: float = 0.0

    def sum(self, axis=None):
        """Give the sum over the rows, or over all."""
        h = self.loss.look(self.z).h
        return h.copy() if axis == 1 else h.sum()

    def copy(self):
        """Give the same, which later looks are compared with."""
        self.loss.reference = self.z
        return replace(self)

    def __iter__(self):
        return (CurvatureRow(self, k) for k in range(self.loss.n_outputs))


@dataclass
class CurvatureRow:
    """Second derivatives of an output."""

    of: Curvature
    k: int


@dataclass
class Weights:
    """The weights of the rows, of which a descent knows the sum."""

    total: float

    def sum(self):
        """Give the sum."""
        return self.total


class BlockLoss:
    """What `SampleLoss` is of rows in memory.

    Parameters
    ----------
    blocks : Blocks
    output : Output
    total : float
        Sum of the weights.
    """

    def __init__(self, blocks, output: Output, total: float):
        self._blocks, self.output = blocks, output
        self.name, self.parameter = output.loss, output.parameter
        self.n_outputs, self.weight = output.n_outputs, Weights(total)
        traits = traits_of(output.loss)
        self.curvature = traits["curvature"]
        self.quadratic = traits["shape"] == "constant"
        self.piecewise = traits["shape"] == "jumps"
        self.kinked = traits["shape"] == "kinked"
        self.reference: Raw | None = None
        self.wants_grams = False  # with the next looks
        self.joint = False  # and those of pairs of classes, which are cheap then
        self._looks: dict[bytes, Look] = {}
        self._changes: dict[tuple[bytes, bytes], np.ndarray] = {}
        self._second: dict[tuple, np.ndarray] = {}
        self._whole: np.ndarray | None = None  # Gram matrices of rows that all curve

    def knows(self, z: Raw) -> bool:
        """Tell whether a look at raw predictions is at hand."""
        return z.key in self._looks

    def look(self, z: Raw, plane: Plane | None = None) -> Look:
        """Give the Look at raw predictions, by a round unless known."""
        key = z.key
        found = self._looks.pop(key, None)
        if found is None or plane is not None:
            given = z, self.reference, (self.wants_grams, self.joint), plane
            found = self._blocks.total(_looks.look, add, self.output, *given)
            if self.reference is not None:
                self._changes = {(key, self.reference.key): found.change}
        self._looks[key] = found
        while len(self._looks) > _REMEMBERED:
            del self._looks[next(iter(self._looks))]
        return found

    def evaluate(self, z, d=None, h=None):
        """Give the loss at z; make d and h the derivatives there."""
        for derivatives in (d, h):
            if derivatives is not None:
                derivatives.z = z
        found = self.look(z)
        self.wants_grams = False  # until they are asked for
        return found.value

    def plane(self, z, images, c):
        """Give value, gradient and Hessian at z + sum_p c_p images_p: a round."""
        plane = Plane(z, tuple(images), (c,))
        found = self._blocks.total(_looks.on_plane, add, self.output, plane)
        return split(found[0], len(c))

    def change(self, z, other):
        """Give the sums of abs(h - h_0) and max(h, h_0), by a round unless known."""
        key = z.key, other.key
        if key not in self._changes:
            found = self._blocks.total(_looks.change, add, self.output, z, other)
            self._changes[key] = found
        return self._changes[key]

    def curved_rows(self, z) -> CurvedRows:
        """Give the rows that curve at z, columns not being scaled: a round."""
        return self._blocks.total(_looks.curved_rows, add, self.output, z)

    def grams(self, h: Curvature):
        """Give [A 1]' diag(h) [A 1] of each output, columns not being scaled."""
        self.wants_grams = not self.quadratic
        if h.least and not self.piecewise:
            return self._second_order(h, True)
        known = self.look(h.z)
        if known.grams is None:
            known.grams = self._second_order(replace(h, least=0.0), True)
        if not h.least:
            return known.grams
        # Rows of pieces curve as much as any can, or not at all.
        share = h.least / self.curvature
        return (1.0 - share) * known.grams + share * self._grams_of_all(h)

    def _grams_of_all(self, h):
        """Give the Gram matrices of rows that all curve as any can: a round once."""
        if self._whole is None:
            self._whole = self._second_order(replace(h, least=self.curvature), True)
        return self._whole

    def squares(self, h: Curvature):
        """Give the diagonals of the same."""
        return self._second_order(h, False)

    def grams_of_pairs(self, z):
        """Give [A 1]' diag(s p_a p_b) [A 1] of softmax, by a round unless known."""
        known = self.look(z)
        if known.pairs is not None:
            return known.pairs
        return self._blocks.total(_looks.grams_of_pairs, add, self.output, z)

    def grams_of_columns(self, h: Curvature, columns):
        """Give the Gram matrices of some columns and one: a round."""
        given = self.output, h.z, h.least, columns
        return self._blocks.total(_looks.grams_of_columns, add, *given)

    def moved(self, start, solve, seed):
        """Give the mean of the blocks' moves, from a round."""
        given = self.output, start, solve, seed
        found = self._blocks.total(_looks.move, add, *given)
        return found / self.weight.sum()

    def _second_order(self, h, whole):
        key = h.z.key, h.least, whole
        if key not in self._second:
            given = self.output, h.z, h.least, whole
            found = self._blocks.total(_looks.second_order, add, *given)
            self._second = {key: found}
        return self._second[key]


def split(row, p):
    """Give value, gradient and Hessian of a row of a plane's points."""
    return float(row[0]), row[1 : 1 + p], row[1 + p :].reshape(p, p)


class BlockView:
    """What `View` is of rows in memory.

    Parameters
    ----------
    n_rows : int
    mean, scale : ndarray of shape (n_features,)
    sparse : bool
    costs : tuple of float
        Stored entries, and sum of the squares of their number in a row.
    """

    def __init__(self, n_rows, mean, scale, sparse, costs):
        self.n_rows, self.mean, self.scale = n_rows, mean, scale
        self.n_features, self.sparse, self.costs = len(mean), sparse, costs

    def with_coordinates(self, mean, scale):
        """Give the same rows in other coordinates."""
        return BlockView(self.n_rows, mean, scale, self.sparse, self.costs)

    def matvec(self, v):
        """Give v A'."""
        return Raw(self.mean, v * self.scale, np.zeros(len(v)))

    def rmatvec(self, d):
        """Give d A."""
        return d.loss.look(d.z).slope * self.scale

    def rmatvec_squared(self, h):
        """Give sum_i h_i a_ij^2."""
        return h.of.loss.squares(h.of)[h.k] * self.scale**2

    def gram(self, h):
        """Give [A 1]' diag(h) [A 1]."""
        scale = np.append(self.scale, 1.0)
        return np.asfortranarray(h.of.loss.grams(h.of)[h.k] * scale * scale[:, None])

    def gradient(self, v, b, loss):
        """Give the loss of v A' + b, its gradient in v and in b."""
        found = loss.look(Raw(self.mean, (v * self.scale)[None], np.array([b])))
        return found.value, found.slope[0] * self.scale, float(found.d[0])
