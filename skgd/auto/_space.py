"""What descents do with arrays of sample space, beside sums and products of them.

Rows in memory have NumPy arrays. Rows elsewhere have objects that stand for them, and
a space of their own.
"""

import numpy as np
from scipy.special import softmax

from skgd._core.sample_space import curvature_change
from skgd.auto._bridge import Bridge
from skgd.auto._bridge_of_classes import BridgeOfClasses
from skgd.auto._face import search_face
from skgd.auto._flat import CurvedRows, few_enough, flat_gap, rests
from skgd.auto._joint import JointCholesky
from skgd.auto._kinked_model import MOST_WHOLE, GramModel, joined
from skgd.auto._preconditioner import (
    Cholesky,
    choose_rows,
    joining_pays,
    sharing_pays,
)
from skgd.auto._stochastic import make_move
from skgd.auto._working_set import WorkingSetModel

_HALVINGS = 40  # of a step that are tried
_BALANCED = 1e-12  # of the sum of sizes: derivatives that add up to nothing


class Memory:
    """The sample space of rows in memory."""

    stale = 0.3  # change of the curvature from which a model beside kinks is made anew
    keeps_rows = True  # that a product may be made of at any time
    own_metric = True  # whether stochastic moves have one where P is a diagonal

    def room(self, task):
        """Give arrays for first and second derivatives of the loss."""
        d, h = np.empty((2, task.loss.n_outputs, task.view.n_rows))
        return d, h

    def images(self, task, count):
        """Give arrays for what moves do to the raw predictions."""
        return np.zeros((count, task.loss.n_outputs, task.view.n_rows))

    def choose_rows(self, task, tol):
        """Choose P; see `choose_rows`."""
        return choose_rows(task.view, task.loss, tol)

    def factor(self, task, h, n_sampled, norms, rng, exact):
        """Give P, a factor of the Hessian; see `Cholesky`."""
        return Cholesky(task, h, n_sampled, norms, rng, exact)

    def factor_jointly(self, task, h, z, exact):
        """Give P, a factor of softmax's Hessian in all classes at once."""
        blocks, share = [task.view.gram(row) for row in h], softmax(z, axis=0)
        bridge = BridgeOfClasses(Bridge.of(task), share)
        rows = bridge, (share * task.loss.weight).ravel()
        H = joined(blocks, self.grams_of_pairs(task, z))
        return JointCholesky(task, H, rows, exact)

    def joining_pays(self, task, n_epochs):
        """Tell whether that is due; see `joining_pays`."""
        return joining_pays(task.view, task.loss, n_epochs)

    def sharing_pays(self, task, n_sampled):
        """Tell whether classes share a factor; see `sharing_pays`."""
        return sharing_pays(task.view, task.loss, n_sampled)

    def flat_gap(self, task, at, gradient):
        """Bound F - F* at a Position where few rows curve; see `flat_gap`."""
        n_curved = self.n_curved(at.h)
        if not n_curved:
            return 0.0 if rests(task, at.d, gradient) else np.inf
        if not few_enough(n_curved, task.view):
            return np.inf
        return flat_gap(task, CurvedRows.of(task.view, task.loss, at.z, at.h), gradient)

    def change(self, h, other):
        """Give the sums of abs(h - other) and of max(h, other)."""
        return curvature_change(h, other)[:2]

    def least_ratio(self, h, other):
        """Give the least h / other of a row, at most 1."""
        return curvature_change(h, other)[2]

    def n_curved(self, h):
        """Give the number of entries of h that are not zero."""
        return np.count_nonzero(h)

    def tilted(self, d, slope):
        """Tell whether a sum of derivatives d is more than rounding leaves of zero."""
        return slope > _BALANCED * np.abs(d).sum()

    def lifted(self, loss, h, least):
        """Give the curvature, no less than `least` a unit of weight."""
        return np.maximum(h, least * loss.weight)

    def floored(self, loss, h, share):
        """Give h, no row's l'' below a share of the largest, and whether one was."""
        bound = (h / loss.weight).max() or 1.0
        floored = np.maximum(h, share * bound * loss.weight)
        return floored, bool((floored > h).any())

    def model(self, task):
        """Give a model of the loss beside the kinks of the penalty."""
        whole = len(task.l1) <= MOST_WHOLE
        return GramModel(task) if whole else WorkingSetModel(task)

    def grams_of_pairs(self, task, z):
        """Yield [A 1]' diag(s p_a p_b) [A 1] of softmax, for all classes b < a."""
        share = softmax(z, axis=0)
        weighted = share * task.loss.weight
        for a in range(len(share)):
            for b in range(a):
                yield task.view.gram(weighted[a] * share[b])

    def shares(self, at, proposal):
        """Give the shares of a step that are tried: halves of halves."""
        return [0.5**k for k in range(_HALVINGS)]

    def search_face(self, at, steps):
        """Minimise F over the span of the steps; see `search_face`."""
        search_face(at, steps)

    def make_move(self, task, mode, seed):
        """Give the callable of a stochastic epoch; see `make_move`."""
        return make_move(task, mode, seed)

    def combined(self, c, images):
        """Give sum_p c_p images_p."""
        return (c @ images.reshape(len(c), -1)).reshape(images.shape[1:])

    def minimise_on_plane(self, task, v, z, images, moves):
        """Give c and F there; see `SampleLoss.minimise_on_plane`."""
        return task.loss.minimise_on_plane(z, images, task.ridge, v, moves)


MEMORY = Memory()
