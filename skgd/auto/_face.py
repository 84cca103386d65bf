"""The plane search where the penalty has kinks: on the face of the present signs."""

import numpy as np

from skgd._core.sample_space import plane_step
from skgd.auto._plane import CANCELLING

_TRIALS = 5


def search_face(at, steps) -> None:
    """Minimise F over the span of the steps, as far as every sign holds.

    Parameters
    ----------
    at : Position
        Goes there, if F is less.
    steps : list of (dv, db, dz)
        Those that move a coefficient which is zero now are left out.
    """
    task, v = at.task, at.v
    kinked = (task.l1 > 0) | task.positive
    fixed = (v == 0) & kinked
    steps = [step for step in steps if not step[0][fixed].any()]
    if not steps:
        return
    plane = _Plane(at, steps, np.where(fixed, 0.0, np.sign(v)) * kinked)
    c = np.zeros(len(steps))
    best, g, H = plane(c)
    for _ in range(_TRIALS):
        trial = c + plane.within(c, plane_step(g, H))
        value, g, H = plane(trial)
        if not value < best:
            break
        gained, best, c = best - value, value, trial
        if gained < 1e-2 * (at.objective - best):
            break
    if not best < at.objective:
        return
    before, start = at.objective, at.place
    v = plane.v(c).reshape(v.shape)
    b = at.b + c @ np.array([step[1] for step in steps])
    if np.abs(c).max() > CANCELLING:
        z = task.view.matvec(v) + b[:, None]
    else:
        z = at.z + (c @ plane.dz.reshape(len(c), -1)).reshape(at.z.shape)
    at.go(v, b, z)
    if not at.objective <= before:
        at.go(*start)


class _Plane:
    """F on the span of the steps, with the kinks of the present signs."""

    def __init__(self, at, steps, signs):
        task = self._task = at.task
        self._z, self._start, self._signs = at.z, at.v.ravel(), signs.ravel()
        self._dv = np.array([step[0].ravel() for step in steps])
        self.dz = np.array([step[2] for step in steps])
        K = len(at.v)
        self._ridge = np.concatenate([task.ridge] * K)
        self._slope = np.concatenate([task.l1] * K) * self._signs
        self._bend = (self._dv * self._ridge) @ self._dv.T

    def v(self, c):
        """Give the coefficients at c, one output after the other."""
        return self._start + c @ self._dv

    def __call__(self, c):
        """Give value, gradient and Hessian at c."""
        v = self.v(c)
        value, g, H = self._task.loss.plane(self._z, self.dz, c)
        value += self._task.penalty(v.reshape(-1, len(self._task.ridge)))
        return value, g + self._dv @ (self._ridge * v + self._slope), H + self._bend

    def within(self, c, step):
        """Shorten a step from c so that no coefficient changes its sign."""
        v, move = self.v(c), step @ self._dv
        against = self._signs * move < 0
        if not against.any():
            return step
        return step * min(1.0, 0.99 * float(np.min(-v[against] / move[against])))
