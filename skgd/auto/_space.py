"""What descents do with arrays of sample space, beside sums and products of them.

Rows in memory have NumPy arrays. Rows elsewhere have objects that stand for them, and
a space of their own.
"""

import numpy as np

from skgd.auto._plane import minimise_on_plane
from skgd.auto._preconditioner import choose_rows


class Memory:
    """The sample space of rows in memory."""

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

    def change(self, h, other):
        """Give the sums of abs(h - other) and of max(h, other)."""
        return np.abs(h - other).sum(), np.maximum(h, other).sum()

    def n_curved(self, h):
        """Give the number of entries of h that are not zero."""
        return np.count_nonzero(h)

    def lifted(self, loss, h, least):
        """Give the curvature, no less than `least` a unit of weight."""
        return np.maximum(h, least * loss.weight)

    def combined(self, c, images):
        """Give sum_p c_p images_p."""
        return (c @ images.reshape(len(c), -1)).reshape(images.shape[1:])

    def minimise_on_plane(self, loss, z, images, penalty):
        """Give c and F there; see `minimise_on_plane`."""
        return minimise_on_plane(loss, z, images, penalty)


MEMORY = Memory()
