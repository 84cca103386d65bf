"""The exact plane search.

Raw predictions are linear in the model, so F is minimised over a plane of moves on
cached raw predictions, without a pass over X.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dsyev

_MOST_STEPS = 10  # Newton's, in two or three variables
_MOST_HALVINGS = 40
# Times a move that one step follows it: where no row curves F goes on as a line, and
# the rest of its curvature is rounding.
_FARTHEST = 1e3
_FLAT = 1e-12  # share of the largest eigenvalue below which a direction is flat


@dataclass
class Quadratic:
    """The penalty on the plane: constant + linear . c + c' matrix c / 2."""

    constant: float
    linear: np.ndarray
    matrix: np.ndarray

    def __call__(self, c):
        """Give value and gradient at c."""
        slope = self.matrix @ c
        value = self.constant + float((self.linear + 0.5 * slope) @ c)
        return value, self.linear + slope


def ridge_on_plane(ridge, v, moves) -> Quadratic:
    """Give sum ridge_j v_j^2 / 2 on v + sum c_p moves_p; moves: (p, K, n_features)."""
    p = len(moves)
    weighted = (moves * ridge).reshape(p, -1)
    return Quadratic(
        0.5 * float((ridge * v * v).sum()),
        weighted @ v.ravel(),
        weighted @ moves.reshape(p, -1).T,
    )


def minimise_on_plane(loss, z, images, penalty):
    """Minimise F over the plane z + sum c_p images_p.

    Newton's method on p variables, each evaluation a loop over the rows; steps are
    halved until F falls as Armijo asks, so that F never rises.

    Parameters
    ----------
    loss : SampleLoss
        Of raw predictions.
    z : ndarray of shape (K, n_rows)
        Where the plane passes.
    images : ndarray of shape (p, K, n_rows)
        What the moves do to z.
    penalty : Quadratic
        The rest of F on the plane.

    Returns
    -------
    c : ndarray of shape (p,)
        Zero where nothing is to be gained.
    objective : float
        F there.
    """
    c = np.zeros(len(images))
    value, gradient, hessian = _evaluate(loss, z, images, penalty, c)
    first_gain = None
    for _ in range(_MOST_STEPS):
        step = newton_step(gradient, hessian)
        slope = float(gradient @ step)
        if not slope < 0.0:
            break
        t, found = 1.0, None
        for _ in range(_MOST_HALVINGS):
            trial = _evaluate(loss, z, images, penalty, c + t * step)
            allowed = value + 1e-4 * t * slope + 2e-16 * abs(value)
            if np.isfinite(trial[0]) and trial[0] <= allowed:
                found = trial
                break
            t *= 0.5 if t > 1e-3 else 0.1
        if found is None or not np.isfinite(found[2]).all():
            break
        gain = value - found[0]
        c = c + t * step
        value, gradient, hessian = found
        first_gain = gain if first_gain is None else first_gain
        if gain <= 1e-3 * first_gain or loss.quadratic:
            break
    return c, value


def _evaluate(loss, z, images, penalty, c):
    value, gradient, hessian = loss.plane(z, images, c)
    more, slope = penalty(c)
    return value + more, gradient + slope, hessian + penalty.matrix


def newton_step(gradient, hessian):
    diagonal = hessian.diagonal()
    if not diagonal.max() > 0.0:  # all rows are flat here: the first move as it is
        return -np.sign(gradient[0]) * np.eye(len(gradient))[0]
    if (np.abs(gradient) > _FARTHEST * diagonal).any():
        diagonal = np.maximum(diagonal, np.abs(gradient) / _FARTHEST)
        hessian = hessian.copy()
        np.fill_diagonal(hessian, diagonal)
    scale = 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    # LAPACK itself: NumPy's checks take three times as long as four variables do
    values, vectors, _ = dsyev(hessian * scale * scale[:, None])
    values = np.maximum(values, _FLAT * max(values[-1], 1e-300))
    return -scale * (vectors @ ((vectors.T @ (scale * gradient)) / values))
