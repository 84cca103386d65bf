"""Steps of a few rows each, in the metric of the columns' variances."""

import numpy as np

from skgd._core.losses import traits_of

_LONGEST = 0.5  # step, in units of P: half of what a column alone would take


class Steps:
    """Steps w <- prox(w - eta P g), with P = 1 / (c variance + ridge) of the columns.

    A loss whose curvature is bounded by c everywhere takes the constant step
    |B| / (4 mean |a|^2) of the norm that P makes (Bach, Moulines, NeurIPS 2013), others
    that of DoG (Ivgi, Hinder, Carmon, ICML 2023), with c one over the spread of the
    targets, or with a log link the mean curvature of the best constant. No step goes
    further than the batch itself allows: half way to the minimum along it of the
    quadratic bound, or to where the loss would be zero if it were linear.
    """

    def __init__(self, problem, memory, losses, positive):
        self._problem, self._positive = problem, positive
        self.memory = memory
        self._losses = losses
        traits = traits_of(problem.loss)
        curvature = traits["curvature"]
        self._bounded = traits["shape"] == "constant" or (
            traits["classification"] and np.isfinite(curvature)
        )
        spread = np.where(memory.spread > 0.0, memory.spread, 1.0)
        self._spread = spread
        if self._bounded:
            self._c = np.full_like(spread, curvature)
        else:
            self._c = spread if traits["link"] == "log" else 1.0 / spread
        variance = memory.moments.variance
        size = self._c * variance + problem.ridge
        self._P = np.zeros((len(spread), len(variance) + 1))
        used = np.broadcast_to(variance > 0.0, size.shape) & (size > 0.0)
        np.divide(1.0, size, out=self._P[:, :-1], where=used)
        self._P[:, -1:] = problem.fit_intercept / self._c
        if traits["link"] == "log":  # targets that all are zero set no scale
            self._P *= memory.spread > 0.0
        self._norm = self._c * (self._P[:, :-1] @ variance + self._P[:, -1])[:, None]
        self.last = np.nan, np.nan
        self._gradient = memory.gradient

    def take(self, view, batch, share):
        """Take the step of a batch, `share` such batches being all rows."""
        w = self.memory.iterate
        z = view.matvec(w[:, :-1]) + w[:, -1:]
        d, s = np.zeros((2, *z.shape))
        value, weight = np.zeros((2, len(w), 1))
        begin = 0
        for loss in self._losses:
            own = slice(begin, begin + loss.n_outputs)
            begin = own.stop
            total = loss.weight[batch].sum()
            if total > 0.0:
                part = loss.with_rows(batch)
                value[own], s[own] = part.evaluate(z[own], d[own]), part.weight
                weight[own] = total * share
        g = np.column_stack([view.rmatvec(d), d.sum(axis=1)])
        move = self._P * g
        square = self._joint((g * move).sum(axis=1, keepdims=True))
        if self._bounded:
            step = np.minimum(weight * len(batch) / (4.0 * self._norm), _LONGEST)
            step = np.minimum(step, self._half_way(view, move, square, s))
            taken = step * move
        else:
            step = np.minimum(weight * self._free_step(square, weight), _LONGEST)
            most = np.divide(value, square, where=square > 0.0, out=value)
            taken = np.minimum(step, most) * move
        if not np.isfinite(taken).all():
            return
        self.last = float(np.sqrt(square.sum())), float(step.mean())
        self._gradient = weight * g[:, :-1]
        w -= taken
        self._prox(w[:, :-1], step * self._P[:, :-1])

    def _joint(self, square):
        """Give what the outputs of one loss share: their sum."""
        if len(self._losses) < len(square):
            return np.full_like(square, square.sum())
        return square

    def _half_way(self, view, move, square, s):
        """Give half the step to the minimum of the batch's quadratic bound."""
        image = view.matvec(move[:, :-1]) + move[:, -1:]
        bend = self._joint(self._c * (image**2 * s).sum(axis=1, keepdims=True))
        far = np.full_like(bend, np.inf)
        return np.divide(0.5 * square, bend, where=bend > 0.0, out=far)

    def _free_step(self, square, weight):
        """Give the step of DoG: distance from the origin over norm of all gradients."""
        memory = self.memory
        memory.squares += weight**2 * square / self._spread
        apart = (memory.iterate - memory.origin) ** 2
        np.divide(apart, self._P, where=self._P > 0.0, out=apart)
        distance = np.sqrt(apart.sum(axis=1, keepdims=True) / self._spread)
        memory.farthest = np.maximum(memory.farthest, distance)
        size = np.sqrt(memory.squares)
        return np.divide(memory.farthest, size, where=size > 0.0, out=size)

    def _prox(self, w, step):
        problem = self._problem
        if problem.l1:
            w[:] = np.sign(w) * np.maximum(np.abs(w) - step * problem.l1, 0.0)
        if self._positive:
            np.maximum(w, 0.0, out=w)
        w /= 1.0 + step * problem.ridge

    def average(self, share):
        """Take the iterate into the average, at a share of its weight."""
        memory = self.memory
        memory.average += share * (memory.iterate - memory.average)
        if self._problem.l1:
            memory.gradient += share * (self._gradient - memory.gradient)

    def support(self):
        """Tell where a proximal step from the average does not lead to zero.

        The noise of a constant step keeps the iterates from zero; the mean gradient has
        less of it.
        """
        metric, memory = self._P[:, :-1], self.memory
        moved = memory.average[:, :-1] - metric * memory.gradient
        return np.abs(moved) > metric * self._problem.l1
