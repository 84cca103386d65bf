"""Cholesky factors of Hessians."""

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

_RAISED = 1e-14, 1e-12, 1e-10, 1e-8


class Factor:
    """A Cholesky factor of H in coordinates of unit diagonal, which is raised a little.

    LAPACK itself: on a few columns SciPy's checks of an array take longer than that.

    Parameters
    ----------
    H : ndarray of shape (d, d)
        Symmetric; unknowns whose diagonal is zero are left as they are. Overwritten.
    raised : sequence of float
        What to add to the unit diagonal: the first with which H is positive definite.

    Raises
    ------
    LinAlgError
        If there is none, or H is not finite.
    """

    def __init__(self, H, raised=_RAISED):
        diagonal = H.diagonal()
        self._scale = 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
        H *= self._scale
        H *= self._scale[:, None]
        for more in raised:
            H.flat[:: len(H) + 1] = 1.0 + more
            self._lower, failed = dpotrf(H, lower=1, clean=0)
            if not failed:
                return
        raise np.linalg.LinAlgError("H is not positive definite")

    def solve(self, g):
        """Give H^-1 g for g of shape (d,), or for each row of (K, d)."""
        return dpotrs(self._lower, (self._scale * g).T, lower=1)[0].T * self._scale
