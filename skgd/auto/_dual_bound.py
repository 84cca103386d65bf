"""What no objective falls below, by slopes of a loss of pieces."""

import numpy as np

_HALVINGS = 30  # of the share of slopes that bounds best
# Of the l1 penalty: what rounding makes of A't. Not to see it moves the bound by no
# more than that share of F*.
_ROUNDING = 1e-12


def pull_of(task, g):
    """Give how strongly slopes pull at each zero coefficient, g being A't."""
    return -g if task.positive else np.abs(g)


def bound_below(task, interval, t, g, left=0.0) -> float:
    """Give what the F of a task is no less than, whatever the coefficients.

    Parameters
    ----------
    task : Task
        Of one output; where it has neither ridge nor l1, t counts for nothing.
    interval : Interval
        Its loss.
    t : ndarray of shape (n_rows,)
        Slopes of the loss, within the interval's bounds.
    g : ndarray of shape (n_features,)
        A't.
    left : float
        How much b sum(t) can be; zero if sum(t) is, or if b does not move.
    """
    dual = -t @ (interval.center - task.constant[0])
    dual -= interval.slack * np.abs(t).sum() + left
    pull = pull_of(task, g)
    over = pull > task.l1 * (1.0 + _ROUNDING)
    bend = float(interval.gamma @ t**2)
    return best_share(float(dual), pull[over], task.l1[over], task.ridge[over], bend)


def balanced(t, interval):
    """Give slopes within the bounds that add up to zero, all moved by one share."""
    total = t.sum()
    end = interval.low if total > 0.0 else interval.high
    room = (t - end).sum()
    return t - (total / room) * (t - end) if room else t


def best_share(dual, pull, l1, ridge, bend=0.0) -> float:
    """Give the most of s dual - s^2 bend / 2 - sum (s pull - l1)^2 / (2 ridge), s <= 1.

    A column counts from where s pull is above l1; if it has no ridge, s ends there.
    """
    bare = ridge == 0.0
    high = float((l1[bare] / pull[bare]).min(initial=1.0))
    pull, l1, ridge = pull[~bare], l1[~bare], ridge[~bare]

    def slope(share):
        return dual - bend * share - (pull / ridge) @ np.maximum(share * pull - l1, 0.0)

    if slope(high) < 0.0:
        low = 0.0
        for _ in range(_HALVINGS):
            share = 0.5 * (low + high)
            low, high = (share, high) if slope(share) > 0.0 else (low, share)
        high = low
    excess = np.maximum(high * pull - l1, 0.0)
    quadratic = bend * high**2 + float((excess**2 / ridge).sum())
    return high * dual - 0.5 * quadratic
