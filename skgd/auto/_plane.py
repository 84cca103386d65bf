"""The directions that an epoch searches, with what they do to the raw predictions."""

import numpy as np

# What is taken of a direction beyond which others are likely to cancel it: then what a
# step does to the raw predictions is computed, not a sum of which few digits are left.
CANCELLING = 1e3


class Plane:
    """Some directions and their images; the last of them is the last step.

    An image is the change of the raw predictions, a pass over X. That of the first
    direction is found when it is asked for, those of steps are sums of the others.

    Parameters
    ----------
    task : Task
        What is minimised.
    n_directions : int
        2 or, with a stochastic move beside P^-1 g and the last step, 3.

    Attributes
    ----------
    remembered : bool
        Whether there is a last step.
    taken : float
        The larger share that was taken of the first direction and of the move.
    """

    def __init__(self, task, n_directions):
        K, d = len(task.constant), task.view.n_features
        self._task = task
        self._images = task.space.images(task, n_directions)
        self._moves = np.zeros((n_directions, K, d))
        self._shifts = np.zeros((n_directions, K))
        self._image_known = False
        self.remembered = False
        self.taken = 0.0

    @property
    def last_step(self):
        """The last step, of shape (K, n_features + 1)."""
        return np.column_stack([self._moves[-1], self._shifts[-1]])

    @property
    def first_step(self):
        """The first direction, of shape (K, n_features + 1)."""
        return np.column_stack([self._moves[0], self._shifts[0]])

    @property
    def reach(self):
        """The sizes of the last step and of the first direction, added up."""
        moves, shifts = np.abs(self._moves), np.abs(self._shifts)
        return np.column_stack([moves[0] + moves[-1], shifts[0] + shifts[-1]])

    @property
    def moves_by(self):
        """The most that the last step has changed a raw prediction by; or infinity."""
        return np.abs(self._images[-1]).max() if self.remembered else np.inf

    def remember(self, move, shift, image):
        """Take a way that has been gone for the last step, unless it is none."""
        self._moves[-1], self._shifts[-1], self._images[-1] = move, shift, image
        self.remembered = bool(self._moves[-1].any())

    def set_first(self, step, image=None):
        """Set the first direction, of shape (K, n_features + 1)."""
        self._moves[0] = step[:, :-1]
        self._shifts[0] = step[:, -1] * self._task.fit_intercept
        self._image_known = image is not None
        if self._image_known:
            self._images[0] = image

    def set_move(self, move, shift):
        """Set the second direction, without what the classes share.

        At the optimum the sum over the classes is zero.
        """
        K = len(shift)
        if K > 1:
            move, shift = move - move.sum(axis=0) / K, shift - shift.sum() / K
        self._moves[1], self._shifts[1] = move, shift
        self._find_image(1)

    def drop_move(self):
        """Have no more moves: the last step comes next to the first direction."""
        for arrays in (self._images, self._moves, self._shifts):
            arrays[1] = arrays[-1]
        self._images, self._moves = self._images[:2], self._moves[:2]
        self._shifts = self._shifts[:2]

    def first(self):
        """Give the first direction of the coefficients, and its image."""
        if not self._image_known:
            self._find_image(0)
            self._image_known = True
        return self._moves[0], self._images[0]

    def _find_image(self, i):
        self._images[i] = self._task.view.matvec(self._moves[i])
        self._images[i] += self._shifts[i][:, None]

    def minimise(self, v, z):
        """Minimise F over v plus the plane; keep the step.

        Returns
        -------
        share : float
            What was taken of the first direction.
        objective : float
            F there.
        step : (move, shift, image) or None
            None if that is where it began.
        """
        self.first()
        used = len(self._images) - (not self.remembered)
        images, moves = self._images[:used], self._moves[:used]
        space = self._task.space
        c, objective = space.minimise_on_plane(self._task, v, z, images, moves)
        self.remembered = bool(c.any())
        self.taken = float(max(c[: len(self._images) - 1]))
        if not self.remembered:
            return 0.0, objective, None
        move = (c @ moves.reshape(used, -1)).reshape(v.shape)
        shift = c @ self._shifts[:used]
        if np.abs(c).max() > CANCELLING and space.keeps_rows:
            image = self._task.view.matvec(move) + shift[:, None]
        else:
            image = space.combined(c, images)
        self._moves[-1], self._shifts[-1], self._images[-1] = move, shift, image
        return float(c[0]), objective, (move, shift, image)
