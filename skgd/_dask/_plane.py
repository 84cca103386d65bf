"""The penalty on the plane of a search whose rows are elsewhere."""

from dataclasses import dataclass

import numpy as np


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
