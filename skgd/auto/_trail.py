"""Where the optimum of the next penalty of a path is likely to be."""

import math

import numpy as np

# Times the way between the last two optima that the next one may be away.
_FARTHEST = 2.0


class Trail:
    """Where a descent of a path begins, and where it may go on to at once.

    Optima are nearly on a line in the logarithm of alpha.

    Parameters
    ----------
    task : Task
        What the descent minimises.
    v, b : ndarray of shapes (n_outputs, n_features), (n_outputs,)
        Where it begins: where the last one has ended.
    earlier : Trail or None
        Of the last one.

    Attributes
    ----------
    step : (dv, db) or None
        From the last optimum but one to the last, by the share that the penalty has
        gone on. Coefficients that are zero stay there, and others stop there.
    """

    def __init__(self, task, v, b, earlier=None):
        self._v, self._b = v, b
        self._strength = float(task.l1.sum() or task.ridge.sum())
        self._last = earlier._strength if earlier else 0.0  # whose optimum (v, b) is
        self.step = self._step_from(earlier) if earlier else None

    def _step_from(self, earlier):
        share = share_of_way(earlier._last, self._last, self._strength)
        v, db = self._v, share * (self._b - earlier._b)
        dv = share * (v - earlier._v)
        dv = np.where((v + dv) * v > 0, dv, -v)
        return (dv, db) if dv.any() else None


def share_of_way(first, second, third) -> float:
    """Give log(third / second) / log(second / first), or 0 where that says little."""
    if not 0.0 < third < second < first:
        return 0.0
    return min(math.log(third / second) / math.log(second / first), _FARTHEST)
