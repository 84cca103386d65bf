"""What descents do with stand-ins for arrays of sample space."""

from dataclasses import replace

import numpy as np

from skgd._core.sample_space import plane_step
from skgd._dask._plane import ridge_on_plane
from skgd._dask._raw import Plane, Start
from skgd._dask._stand_ins import Curvature, Derivatives, split
from skgd.auto._flat import few_enough, flat_gap
from skgd.auto._joint import JointCholesky
from skgd.auto._kinked_model import MOST_WHOLE, GramModel, joined
from skgd.auto._preconditioner import MOST_JOINT, Cholesky
from skgd.auto._working_set import WorkingSetModel

_MOST_ROUNDS = 10  # of a plane search
_SHARES = 0.5 ** np.array([0.0, -1.0, 1.0, 3.0, 8.0])  # of Newton's step
_PARTS = 0.5 ** np.arange(1.0, 13.0)  # of a step beside kinks, seen on the way to it
_LEFT = 0.6  # share of what a round gained, for which another one does not pay
_MOST_COLUMNS = 2000  # of a Cholesky factor, which each block has a Gram matrix for
_MOST_UNKNOWNS = 15_000
# Share of the largest curvature up to which rows with less keep what they have: the
# Gram matrices of other curvatures than those of a look take a round more a step.
_NOT_LIFTED = 1e-3
# Of a multiplication of a Gram matrix, measured, and of the scheduler in a round.
_SECONDS_GRAM, _SECONDS_ROUND = 0.045e-9, 0.05


class BlockWorkingSet(WorkingSetModel):
    """A quadratic model over the few columns that matter, from a round.

    It inherits, against the rule: only where Gram matrices come from is different.
    """

    def _extend(self, columns):
        task, self.by_column = self.task, None
        size = len(columns) + int(task.fit_intercept)
        scale = np.append(task.view.scale[columns], 1.0)[:size]
        blocks = []
        for gram in self.h.loss.grams_of_columns(self.h, columns):
            H = np.ascontiguousarray(gram[:size, :size] * scale * scale[:, None])
            H.flat[:: size + 1] += np.append(task.ridge[columns], 0.0)[:size]
            blocks.append(H)
        self.columns, self.blocks = columns, blocks


class BlockMove:
    """A mini-batch move of every block from the same model, and their weighted mean.

    Each block corrects its batches by the gradient of all rows (Lee, Lin, Ma, Yang,
    Distributed stochastic variance reduced gradient methods, 2017), so that blocks
    which differ move to the common optimum; the plane search does the rest.
    """

    def __init__(self, task, seed):
        self._task = task
        self._rng = np.random.default_rng(seed)

    def __call__(self, v, b, z, d, h, solve, face=None):
        """Give the move, as of `make_move`: a round."""
        task = self._task
        linear, free = (0.0, None) if face is None else face
        look = task.loss.look(z)
        g = look.slope * task.view.scale + task.ridge * v + linear
        gradient = np.column_stack([g, look.d * task.fit_intercept])
        start = Start(
            z, v, b, gradient, free, task.view.scale, task.ridge, task.fit_intercept
        )
        move = task.loss.moved(start, solve, int(self._rng.integers(2**31)))
        return move[:, :-1], move[:, -1]


class BlockSpace:
    """What descents do with the stand-ins; see `Memory`."""

    stale = 0.05  # a Gram matrix costs less than the rounds of a stale one: 4 for 17

    keeps_rows = False  # a round tells more than a product
    own_metric = False  # of a block of one class it would be that of no other

    def room(self, task):
        """Give stand-ins for first and second derivatives of the loss."""
        return Derivatives(task.loss), Curvature(task.loss)

    def images(self, task, count):
        """Give stand-ins for what moves do to the raw predictions."""
        shape = task.loss.n_outputs, task.view.n_features
        return [task.view.matvec(np.zeros(shape)) for _ in range(count)]

    def joins(self, loss, view, n_blocks) -> bool:
        """Tell whether Gram matrices of pairs of classes cost less than a round."""
        K, size = loss.n_outputs, view.n_features + 1
        if K == 1 or K * size > MOST_JOINT:
            return False
        multiplications = view.n_rows / n_blocks * (K * size) ** 2 / 2
        return multiplications * _SECONDS_GRAM < _SECONDS_ROUND

    def choose_rows(self, task, tol):
        """Choose P: None for a Hessian of all rows, 0 for its diagonal.

        A round costs more than a part of a Gram matrix does.
        """
        return None if self.factors(task.loss, task.view) else 0

    def factors(self, loss, view) -> bool:
        """Tell whether Hessians are small enough to be factored."""
        K, d = loss.n_outputs, view.n_features
        return d <= _MOST_COLUMNS and K * d <= _MOST_UNKNOWNS

    def factor(self, task, h, n_sampled, norms, rng, exact):
        """Give P, a factor of the Hessian."""
        if task.loss.joint and not h.least:
            return self._joint_factor(task, h)
        return Cholesky(task, h, n_sampled, norms, rng)

    def _joint_factor(self, task, h):
        scale = np.append(task.view.scale, 1.0)
        scale = np.tile(scale, task.loss.n_outputs)
        H = joined(h.loss.grams(h), h.loss.grams_of_pairs(h.z))
        return JointCholesky(task, H * scale[:, None] * scale)

    def joining_pays(self, task, n_epochs):
        """Tell that classes never come to share a Hessian late: see `joins`."""
        return False

    def change(self, h, other):
        """Give the sums of abs(h - other) and of max(h, other)."""
        return h.loss.change(h.z, other.z)

    def least_ratio(self, h, other):
        """Give 0, the least that h / other may be: to know it would take a round."""
        return 0.0

    def sharing_pays(self, task, n_sampled):
        """Tell that classes never share a factor: its steps would be rounds."""
        return False

    def flat_gap(self, task, at, gradient):
        """Bound F - F* at a Position where few rows curve, which are fetched."""
        if not few_enough(self.n_curved(at.h), task.view):
            return np.inf
        curved = task.loss.curved_rows(at.z)
        curved.part *= task.view.scale
        return flat_gap(task, curved, gradient)

    def n_curved(self, h):
        """Give the number of entries of h that are not zero."""
        return int(h.loss.look(h.z).curved.sum())

    def tilted(self, d, slope):
        """Tell whether a sum of derivatives is not zero."""
        return slope > 0.0

    def lifted(self, loss, h, least):
        """Give the curvature, no less than `least` a unit of weight."""
        return replace(h, least=least)

    def floored(self, loss, h, share):
        """Give h, no row's l'' below a share of the largest, and whether one was."""
        if share <= _NOT_LIFTED and not loss.piecewise:
            return h, False
        bounds = h.loss.look(h.z).bounds
        least = share * (bounds.largest or 1.0)
        lifted = bool(bounds.least < least)
        return replace(h, least=least if lifted else 0.0), lifted

    def model(self, task):
        """Give a model of the loss beside the kinks of the penalty."""
        whole = len(task.l1) <= MOST_WHOLE
        return GramModel(task, task.loss.joint) if whole else BlockWorkingSet(task)

    def grams_of_pairs(self, task, z):
        """Yield [A 1]' diag(s p_a p_b) [A 1] of softmax, for all classes b < a."""
        scale = np.append(task.view.scale, 1.0)
        for gram in task.loss.grams_of_pairs(z):
            yield gram * scale * scale[:, None]

    def shares(self, at, proposal):
        """Yield shares of a step: all of it, the best of its parts, then ever less.

        A look at the end of the step sees the parts, too.
        """
        loss, penalty = at.task.loss, at.task.penalty
        v, z, dv, image = at.v, at.z, proposal.dv, proposal.image
        first, wanted = 1.0, loss.wants_grams
        if loss.knows(z + image):
            yield first
            first = 0.5
        parts = tuple(_PARTS[:, None])
        look = loss.look(z + first * image, Plane(z, (image,), parts))
        yield first
        loss.wants_grams = wanted  # of where the search ends
        values = [
            split(row, 1)[0] + penalty(v + t * dv)
            for row, t in zip(look.plane, _PARTS, strict=True)
        ]
        best = float(_PARTS[np.argmin(np.where(np.isfinite(values), values, np.inf))])
        yield best
        yield from (best * part for part in _PARTS)

    def search_face(self, at, steps):
        """Leave the step as it is: the next one costs a round, and a search more."""

    def make_move(self, task, mode, seed):
        """Give the callable that moves in every block and takes the mean."""
        return BlockMove(task, seed)

    def combined(self, c, images):
        """Give sum_p c_p images_p."""
        total = c[0] * images[0]
        for factor, image in zip(c[1:], images[1:], strict=True):
            total = total + factor * image
        return total

    def minimise_on_plane(self, task, v, z, images, moves):
        """Minimise F over z + sum c_p images_p: a round a step of Newton's method.

        A round looks at the end of the step, as the next epoch will, and at the plane
        on the way there. The search ends with a step whose successor would bring much
        less, as the next epoch searches along the last step anyway.
        """
        loss, penalty = task.loss, ridge_on_plane(task.ridge, v, moves)
        c, shares = np.zeros(len(images)), _SHARES
        point = self._start(loss, z, images, penalty)
        for _ in range(_MOST_ROUNDS):
            value, gradient, hessian = point
            step = plane_step(gradient, np.ascontiguousarray(hessian))
            slope = float(gradient @ step)
            if not slope < 0.0:
                break
            if loss.quadratic:
                return c + step, value + 0.5 * slope
            trials = [c + t * step for t in shares]
            found = self._try(loss, z, images, penalty, trials)
            values = np.array([trial[0] for trial in found])
            allowed = value + 1e-4 * shares * slope + 2e-16 * abs(value)
            good = (values <= allowed) & [np.isfinite(p[2]).all() for p in found]
            if good[0] and _left(found[0]) <= _LEFT * (value - values[0]):
                return trials[0], values[0]
            if good.any():
                best = int(np.where(good, values, np.inf).argmin())
                c, point, shares = trials[best], found[best], _SHARES
            else:
                shares = shares * _SHARES[-1]
        return c, point[0]

    def _start(self, loss, z, images, penalty):
        """Give F, gradient and Hessian at z, from the last look if it has them.

        Of softmax with many unknowns the Hessian is what the classes have without one
        another.
        """
        look = loss.look(z)
        if look.grams is None:
            return _with(penalty, loss.plane(z, images, np.zeros(len(images))), 0.0)
        moves = np.array([np.column_stack([i.u, i.b]) for i in images])
        slope = np.column_stack([look.slope, look.d])
        gradient = np.einsum("pkj,kj->p", moves, slope)
        if look.pairs is not None:
            flat = moves.reshape(len(moves), -1)
            hessian = flat @ joined(look.grams, look.pairs) @ flat.T
        else:
            hessian = np.einsum(
                "pki,kij,qkj->pq", moves, look.grams, moves, optimize=True
            )
        return _with(penalty, (look.value, gradient, hessian), 0.0)

    def _try(self, loss, z, images, penalty, trials):
        """Look at the first trial, and at the plane in all of them."""
        plane = Plane(z, tuple(images), tuple(trials))
        look = loss.look(z + self.combined(trials[0], images), plane)
        rows = (split(row, len(images)) for row in look.plane)
        return [_with(penalty, point, c) for point, c in zip(rows, trials, strict=True)]


def _left(point) -> float:
    """Give what a further step of Newton's method would bring."""
    _, gradient, hessian = point
    return -0.5 * float(gradient @ plane_step(gradient, np.ascontiguousarray(hessian)))


def _with(penalty, point, c):
    """Add the penalty to value, gradient and Hessian at c."""
    value, gradient, hessian = point
    more, slope = penalty(np.broadcast_to(c, len(gradient)))
    return value + more, gradient + slope, hessian + penalty.matrix


SPACE = BlockSpace()
