"""What is left of F - F*: gaps at a model, and what is to come after a warm start."""

import math

import numpy as np

from skgd.auto._task import ROUNDING

# Times an estimate that hindsight makes it at most, and epochs that it looks back.
_MOST_SHORT, _REMEMBERED = 100.0, 200
# Of the bound: as little may be told after a warm start. How the first epochs fall from
# there says less than from zero: they gain what lies in directions that curve much, and
# the rest of the way is long. On text and one-hot rows, 19 starts each, the window of
# epochs that is enough from zero was below a tenth of F - F* 61 times in 1278, by 140
# at most; with this a tenth is certain.
_CERTAIN = 0.1
WINDOW = 4  # epochs at least whose gain is what may be left, from zero
# Without a bound: epochs that are to be reckoned with, at the gain of the last; and how
# many windows, where rows may still come to their kink (too little once in the same
# 1278, without a look at the bound).
_EPOCHS, _BESIDE_KINKS = 100, 10.0
# Times what a Newton step gains: what the intercept has to gain until it is the best
# for its w, at most.
_SETTLING = 10.0


# Of what slopes leave, as much is told. The whole was 1.6 to 100 times F - F* on text
# and one-hot rows, and a thousand times where next to nothing was left; in 25 000
# epochs of 300 small problems, groups of columns that add up to one among them, 0.12 at
# least, and less than 0.9 in a hundredth.
_LIKELY = 1.0 / 3.0


def likely_gap(v, g, curvature) -> float:
    """Give what F is likely to exceed F* by; infinity if a slope has no curvature.

    F - F* <= g'(v - v*) as F is convex. Coefficients are taken to move no farther than
    by their size, or where that is more as a Newton step of their own would; the gain
    along slopes that have become small beside a penalty is seen so, which the rate of
    gains does not tell.

    Parameters
    ----------
    v : ndarray of shape (n_features,)
    g : ndarray of shape (n_features,)
        The least of F's subgradients.
    curvature : ndarray of shape (n_features,)
        Of F in each coefficient.
    """
    size = np.abs(g)
    left = size > 0.0
    if (curvature[left] <= 0.0).any():
        return np.inf
    size, step = size[left], size[left] / curvature[left]
    return _LIKELY * float(size @ np.maximum(np.abs(v[left]), step))


class DualityGap:
    """sum_j g_j^2 / (2 ridge_j), less what earlier models tell of F*.

    The derivatives of the loss are dual variables, -A'd / ridge the coefficients that
    they belong to; F less the gap is a value of the dual, and the largest seen counts.

    Parameters
    ----------
    task : Task
        What is minimised.

    Attributes
    ----------
    bounds : bool
        Whether each coefficient that moves has a ridge.
    """

    def __init__(self, task):
        ridge = task.ridge
        self.bounds = bool((ridge[task.view.scale > 0] > 0.0).all())
        self._ridge = np.where(ridge > 0.0, ridge, np.inf)
        # Beside kinks of l' a settled intercept may be farther than its Newton step
        # says (up to 90 times in 40 problems, huber). That makes an estimate of this
        # model a little small, but a value of the dual, once too large, one of zero.
        self._remembers = not task.loss.piecewise
        self._dual = -np.inf

    def bound(self, objective, g, curvature) -> float:
        """Give a bound of F - F*; infinity if columns have no ridge or b no curvature.

        Parameters
        ----------
        objective : float
            F at the model.
        g : ndarray of shape (K, n_features + 1)
            Its gradient there, or the least of its subgradients; the intercept's last.
        curvature : ndarray of shape (K,)
            Of F in the intercepts.
        """
        if not self.bounds:
            return np.inf
        columns, intercept = g[:, :-1], g[:, -1]
        slopes, flat = intercept != 0.0, curvature <= 0.0
        if (slopes & flat).any():
            return np.inf
        newton = float((intercept[slopes] ** 2 / curvature[slopes]).sum())
        gap = 0.5 * (float((columns**2 / self._ridge).sum()) + _SETTLING * newton)
        if not self._remembers:
            return gap
        self._dual = max(self._dual, objective - gap)
        return max(objective - self._dual, 0.0)


class Hindsight:
    """By how much estimates have fallen short of what has been gained since.

    Where a metric curves more than H along some direction, what is left there is seen
    only when the rest has been gained; and where F curves less and less on the way,
    each step is too short. Both come again and again. Of 900 fits of the log loss with
    l1 or elastic net to few rows, 9 estimates were below a third of F - F* with this
    and 33 without, and one fit falsely converged instead of 6.
    """

    def __init__(self):
        self._told: dict[int, tuple[float, float]] = {}

    def ratio(self, epoch, objective, left) -> float:
        """Give the most that an estimate is to be multiplied by, at least 1.

        Parameters
        ----------
        epoch : int
        objective : float
            F now.
        left : float
            The estimate of F - F*, kept for later epochs.
        """
        self._told[epoch] = objective, left
        if len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]
        before, told = np.array(list(self._told.values())).T
        gained = before - objective
        shows = (told > 0.0) & (gained > 4.0 * ROUNDING * abs(objective))
        ratio = np.divide(gained, told, out=np.zeros_like(told), where=shows)
        return float(np.clip(ratio.max(), 1.0, _MOST_SHORT))


def after_warm_start(window, bound, gains, piecewise) -> float:
    """Give an estimate of F - F* that early epochs after a warm start allow.

    Parameters
    ----------
    window : float
        What the last epochs gained: from zero a good estimate.
    bound : float
        Of F - F*, or infinity.
    gains : list of float
        Of each epoch.
    piecewise : bool
        Whether the loss's curvature jumps.
    """
    if math.isfinite(bound):
        return max(window, _CERTAIN * bound)
    last = sum(gains[-2:]) / 2
    window *= _BESIDE_KINKS if piecewise else 1.0
    return max(window, (_EPOCHS - len(gains)) * last)
