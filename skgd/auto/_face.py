"""The plane search where the penalty has kinks: on the face of the present signs."""

import numpy as np

from skgd._core.sample_space import plane_step
from skgd.auto._plane import CANCELLING

_TRIALS = 5


def search_face(state, steps) -> None:
    """Minimise F over the span of the steps, as far as every sign holds.

    Parameters
    ----------
    state : ProximalNewton
        Its v, b, z, d, h and objective are updated.
    steps : list of (dv, db, dz)
        Those that move a coefficient which is zero now are left out.
    """
    task, v = state.task, state.v
    kinked = (task.l1 > 0) | task.positive
    fixed = (v == 0) & kinked
    steps = [step for step in steps if not step[0][fixed].any()]
    if not steps:
        return
    plane = _Plane(task, state, steps, np.where(fixed, 0.0, np.sign(v)) * kinked)
    c = np.zeros(len(steps))
    best, g, H = plane(c)
    for _ in range(_TRIALS):
        trial = c + plane.within(c, plane_step(g, H))
        value, g, H = plane(trial)
        if not value < best:
            break
        gained, best, c = best - value, value, trial
        if gained < 1e-2 * (state.objective - best):
            break
    if not best < state.objective:
        return
    old = state.v, state.b, state.z, state.objective
    state.v = plane.v(c).reshape(v.shape)
    state.b = state.b + c @ np.array([step[1] for step in steps])
    if np.abs(c).max() > CANCELLING:
        state.z = task.view.matvec(state.v) + state.b[:, None]
    else:
        state.z = state.z + (c @ plane.dz.reshape(len(c), -1)).reshape(state.z.shape)
    state._evaluate()
    if not state.objective <= old[3]:
        state.v, state.b, state.z, _ = old
        state._evaluate()


class _Plane:
    """F on the span of the steps, with the kinks of the present signs."""

    def __init__(self, task, state, steps, signs):
        self._task, self._z = task, state.z
        self._start, self._signs = state.v.ravel(), signs.ravel()
        self._dv = np.array([step[0].ravel() for step in steps])
        self.dz = np.array([step[2] for step in steps])
        K = len(state.v)
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
