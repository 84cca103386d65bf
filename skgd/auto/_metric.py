"""The metric of a smooth descent, made anew as the curvature changes."""

import math
from copy import copy

import numpy as np

from skgd._core.stochastic import Stochastic
from skgd.auto._constant import LEAST_CURVATURE
from skgd.auto._preconditioner import MOST_JOINT, Diagonal, twice_as_many
from skgd.auto._shared import Shared

# Share of the curvature that makes P old. On near-separable digits, squared hinge, 0.3
# takes 194 epochs to 1e-4 and 0.05 takes 31; elsewhere they are alike.
_CHANGED = 0.05
# Of the bound of l'': what a row counts for at least in a diagonal, beside kinks of l'
# and elsewhere. Else a column whose few rows are flat at present would have a step that
# carries them far beyond: insteval, huber, alpha = 1e-6, 300 epochs instead of 13.
_LEAST_BESIDE_KINKS, _LEAST = 0.1, 0.01
# Epochs of softmax after which each factor samples twice the rows. Where it takes more,
# rows are far on their side and few curve: on digits, alpha = 1e-8, 53 epochs, and 7 to
# 20 by all rows.
_BEFORE_DOUBLING = 8
# Shares of P^-1 g below which rows that hardly curve count for ten times as much, and
# above which for nothing any more; and the least and most of it, of the bound of l''.
# 300 near-separable problems, alpha 0, 1e-9, 1e-7: 12 400 epochs without, 9500 with it.
_SHORT, _LONG = 0.25, 0.75
_LEAST_FLOOR, _MOST_FLOOR = 1e-4, 0.1
# Of the bound of l'': far below what a row counts for in a metric, since F may go on
# to fall along a small slope until a row comes to its kink.
_NEXT_TO_NOTHING = 1e-9


class Metric:
    """P, of the kind that suits the task, and the curvature that it is made of.

    Parameters
    ----------
    task : Task
        What is minimised.
    tol : float or None
        Share of F_null - F that is sought.

    Attributes
    ----------
    P : Cholesky, JointCholesky, Shared, Diagonal or None
        None before the first look.
    lifted : bool
        Whether it is of more curvature than there is, since H says nothing of some
        direction.
    joint, may_join : bool
        Whether classes have one Hessian, after many epochs or from an earlier penalty
        on; and whether it is small enough for that.
    """

    def __init__(self, task, tol):
        self.P, self.lifted, self.joint = None, False, False
        self.may_join = task.loss.n_outputs * (task.view.n_features + 1) <= MOST_JOINT
        self._task, self._h = task, None
        self._floor = self._built_floor = 0.0
        # Whether P is of the rows where Gram matrices lack digits: else once it has to
        # tell what is left, since rows that are far on their side make such matrices.
        self._exact = task.loss.quadratic or task.loss.piecewise
        self._n_sampled = task.space.choose_rows(task, tol)
        self._shared = task.space.sharing_pays(task, self._n_sampled)
        self._norms, self._rng = None, None
        if self._n_sampled and not self._shared:
            self._norms = Stochastic(task.view).norms(task.view.scale**2)
            self._rng = np.random.default_rng(0)  # always the same rows

    def at(self, task):
        """Give the metric of a task of another penalty, of what is known of X."""
        other = copy(self)
        other._task = task
        if self._rng is not None:
            other._rng = np.random.default_rng(0)
        if self.lifted:
            other.P, other._h, other.lifted = None, None, False
        elif self.P is not None:
            other.P = self.P.at(task)
        return other

    def refresh(self, h, z, flat, n_epochs) -> bool:
        """Build P if the curvature has changed enough; tell whether it is fresh.

        Parameters
        ----------
        h, z : ndarray of shape (K, n_rows)
            s l''(z), and the raw predictions.
        flat : bool
            Whether H says nothing of some direction.
        n_epochs : int
            That were run.
        """
        task, space = self._task, self._task.space
        always = self.P is None or self._floor > self._built_floor
        if not self.joint and space.joining_pays(task, n_epochs):
            self.joint, self._shared, always = True, False, True
        if self._shared:
            self.P = self.P or Shared(task)
            return True
        if not always and flat == self.lifted:
            changed, larger = space.change(h, self._h)
            if changed <= _CHANGED * larger:
                return changed == 0.0
        self.build(h, z, flat, n_epochs)
        return True

    def learn(self, share):
        """Have rows that hardly curve count for more, or for nothing, from now on.

        Where rows lie far on their side, directions of theirs alone take P^-1 g far
        beyond where the rest of it leads, and a plane search takes next to nothing.

        Parameters
        ----------
        share : float
            Of P^-1 g or a move by it, that the last step took.
        """
        loss, keeps_rows = self._task.loss, self._task.space.keeps_rows
        settled = loss.quadratic or loss.piecewise or not math.isfinite(loss.curvature)
        if settled or not (keeps_rows and self.P.certifies):
            return
        if share < _SHORT:
            self._floor = min(max(10.0 * self._floor, _LEAST_FLOOR), _MOST_FLOOR)
        elif share > _LONG:
            self._floor = 0.0

    @property
    def floored(self) -> bool:
        """Whether P is of more curvature than there is, for rows that hardly curve."""
        return self._built_floor > 0.0

    def build(self, h, z, flat, n_epochs, bare=False):
        """Build P, whether the curvature has changed or not; see `refresh`.

        `bare` : of no more curvature than there is, and no fewer digits.
        """
        task = self._task
        self._h, self.lifted = h.copy(), flat
        self._built_floor = 0.0 if bare else self._floor
        if flat:
            h = self._lifted(h, LEAST_CURVATURE)
        elif self._built_floor:
            h = self._lifted(h, self._built_floor)
        self._exact |= bare
        exact = self._exact and not flat
        if self.joint:
            self.P = task.space.factor_jointly(task, h, z, exact)
        elif self._n_sampled == 0:
            self.P = Diagonal(task, self._steadied(h))
        else:
            if n_epochs > _BEFORE_DOUBLING and task.loss.n_outputs > 1:
                self._n_sampled = twice_as_many(self._n_sampled, task.view)
            self.P = self._factor(h, exact)
            if exact and self.P.lacks_digits and self._n_sampled:
                self._n_sampled = None  # all rows have them
                self.P = self._factor(h, exact)

    def decrement_if_lifted(self, g) -> float:
        """Give half g' P^-1 g of a P where rows count for next to nothing, or zero.

        Zero where H has no direction of curvature zero. Along one that all columns
        have, g is zero, and lifting changes nothing; along one that is of rows which
        do not curve at present alone F may be a line, of which P^-1 g knows nothing.

        Parameters
        ----------
        g : ndarray of shape (K, n_features + 1)

        Notes
        -----
        It costs a factor where H has such a direction.
        """
        if self.lifted or not self.P.n_flat:
            return 0.0
        lifted = self._factor(self._lifted(self._h, _NEXT_TO_NOTHING), False)
        return 0.5 * float(np.vdot(g, lifted.solve(g)))

    @property
    def curvature(self):
        """The rows' when P was built, (K, n_rows), without what lifts it."""
        return self._h

    def _lifted(self, h, share):
        loss = self._task.loss
        return self._task.space.lifted(loss, h, share * loss.curvature)

    def _factor(self, h, exact):
        sample = self._n_sampled, self._norms, self._rng
        return self._task.space.factor(self._task, h, *sample, exact)

    def least_ratio(self, h) -> float:
        """Give the least that a row's curvature is of that in P, at most 1."""
        return self._task.space.least_ratio(h, self._h)

    def _steadied(self, h):
        """Give the curvature without rows that have next to none at present."""
        loss = self._task.loss
        if loss.quadratic or not math.isfinite(loss.curvature):
            return h
        share = _LEAST_BESIDE_KINKS if loss.piecewise else _LEAST
        return self._task.space.lifted(loss, h, share * loss.curvature)
