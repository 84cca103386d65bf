"""The surface of F over a plane, and a path that lies on it."""

from itertools import pairwise

import numpy as np
from scipy.interpolate import RegularGridInterpolator

_PIECES = 24  # of each straight step, so that the line follows the surface
_ABOVE = 0.03  # of the surface's height: where the line is, to be seen


class Surface:
    """What is drawn of a surface: up to a height, and no farther than its plane.

    Parameters
    ----------
    a, b : ndarray of shapes (n_a,), (n_b,)
        Values along the axes.
    values : ndarray of shape (n_b, n_a)
        F there.
    top : float
        The height up to which it is drawn, if the start is not higher.
    path : ndarray of shape (n, 2)
        The path, whose first point is shown.
    """

    def __init__(self, a, b, values, top, path):
        self._height = RegularGridInterpolator(
            (b, a), values, bounds_error=False, fill_value=np.nan
        )
        self._path = path
        self.bottom = float(np.nanmin(values))
        start = float(self._height(path[0, ::-1])[0])
        self.top = max(top, start) if np.isfinite(start) else top
        self.values = np.where(values <= self.top, values, np.nan)

    def points(self):
        """Give the path's points on the surface, (3, n), NaN where it is not drawn."""
        return self._lift(self._path)

    def line(self, n_points):
        """Give a line on the surface through the first points of the path."""
        path = self._path[:n_points]
        shares = np.linspace(0.0, 1.0, _PIECES, endpoint=False)[:, None]
        with np.errstate(all="ignore"):
            steps = [p + shares * (q - p) for p, q in pairwise(path)]
        return self._lift(np.vstack([*steps, path[-1:]]))

    def _lift(self, places):
        places = np.where(np.isfinite(places), places, np.nan)
        with np.errstate(all="ignore"):
            height = self._height(places[:, ::-1])
        height[~(height <= self.top)] = np.nan
        return np.vstack([places.T, height + _ABOVE * (self.top - self.bottom)])
