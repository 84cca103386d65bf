"""The plane search where the penalty has kinks: on the face of the present signs."""

import numpy as np

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
    dv = np.array([step[0] for step in steps])
    db = np.array([step[1] for step in steps])
    dz = np.array([step[2] for step in steps])
    signs = np.where(fixed, 0.0, np.sign(v)) * kinked
    c = np.zeros(len(steps))
    best, g, H = _value(task, state, dv, dz, signs, c)
    for _ in range(_TRIALS):
        trial = c + _within(v + np.tensordot(c, dv, 1), dv, signs, _newton(g, H))
        value, g, H = _value(task, state, dv, dz, signs, trial)
        if not value < best:
            break
        gained, best, c = best - value, value, trial
        if gained < 1e-2 * (state.objective - best):
            break
    if not best < state.objective:
        return
    old = state.v, state.b, state.z, state.objective
    state.v = v + np.tensordot(c, dv, 1)
    state.b = state.b + c @ db
    state.z = state.z + np.tensordot(c, dz, 1)
    state._evaluate()
    if not state.objective <= old[3]:
        state.v, state.b, state.z, _ = old
        state._evaluate()


def _value(task, state, dv, dz, signs, c):
    value, g, H = task.loss.plane(state.z, dz, c)
    v = state.v + np.tensordot(c, dv, 1)
    g = g + (dv * (task.ridge * v + task.l1 * signs)).sum((1, 2))
    H = H + np.tensordot(dv * task.ridge, dv, ([1, 2], [1, 2]))
    return value + task.penalty(v), g, H


def _newton(g, H):
    curved = np.diag(H) > 0
    scale = np.where(curved, 1.0 / np.sqrt(np.where(curved, np.diag(H), 1.0)), 0.0)
    H = H * np.outer(scale, scale) + np.diag(np.where(curved, 1e-12, 1.0))
    return -scale * np.linalg.solve(H, scale * g)


def _within(v, dv, signs, c):
    """Shorten c so that no coefficient changes its sign."""
    step = np.tensordot(c, dv, 1)
    against = signs * step < 0
    if not against.any():
        return c
    return c * min(1.0, 0.99 * float(np.min(-v[against] / step[against])))
