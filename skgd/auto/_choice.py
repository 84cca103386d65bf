"""Which descent suits a task."""

import numpy as np

from skgd.auto._dual import DualAscent
from skgd.auto._multipliers import Multipliers
from skgd.auto._proximal import ProximalNewton
from skgd.auto._rosenblatt import Rosenblatt
from skgd.auto._smooth import SmoothDescent
from skgd.auto._stochastic import make_move


def make_descent(task, v, b, tol, mode, seed):
    """Give the descent of a task, starting from (v, b)."""
    if not task.minimised:
        return Rosenblatt(task, v, b, tol, mode, seed)
    separable = not task.l1.any() and not task.positive
    if np.isinf(task.loss.curvature):
        if task.view.sparse and separable and task.ridge.any():
            return DualAscent(task, v, b, tol, mode, seed)
        return Multipliers(task, v, b, tol)
    move = None if mode == "batch" else make_move(task, mode, seed)
    if separable:
        return SmoothDescent(task, v, b, tol, move)
    return ProximalNewton(task, v, b, tol, mode, seed, move)
