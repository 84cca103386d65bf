"""When to stop: tolerance and patience."""

import numpy as np


class Stopping:
    """Count the epochs that bring less than the tolerance.

    Parameters
    ----------
    tol : float or None
        On the objective: relative to its distance from that of the zero model (which a
        rate that overshoots can leave it above for many epochs). On a validation score:
        absolute. None never stops.
    patience : int
        Epochs in a row that may bring less.
    zero_objective : float
        F at the zero model.
    settles : bool
        Whether the objectives come from exact gradients of a smooth loss: then an epoch
        brings what it changes, up or down, since the crest of an oscillation (momentum)
        is no end. Otherwise it brings what it gains over the best one: a noisy step or
        a kink keeps the objective moving for ever.
    """

    def __init__(self, tol, patience: int, zero_objective: float, settles=False):
        self.tol = tol
        self.patience = patience
        self.zero_objective = zero_objective
        self.settles = settles
        self.best = np.inf
        self.first: float | None = None
        self.last = np.inf
        self.gain = np.inf  # what the last epoch brought
        self._count = 0

    @property
    def exhausted(self) -> bool:
        """Whether `patience` epochs in a row have brought less than the tolerance."""
        return self._count >= self.patience

    def rising(self, objective: float) -> bool:
        """Tell whether the descent is above all that it began from: it diverges."""
        start = max(self.zero_objective, self.first or 0.0)
        return objective > start + 1e-9 * abs(start)

    def needed(self) -> float:
        """Give the least gain of an epoch that counts, in units of the objective."""
        floor = 1e-12 * (abs(self.zero_objective) + 1e-300)
        return self.tol * max(abs(self.zero_objective - self.best), floor)

    def see_objective(self, objective: float) -> None:
        """Take note of an epoch's objective."""
        self.first = objective if self.first is None else self.first
        gain = self.best - objective
        if self.settles:
            gain = abs(self.last - objective)
        self.last = objective
        self._see(objective, gain, self.needed() if self.tol is not None else 0.0)

    def see_score(self, score: float) -> None:
        """Take note of an epoch's validation score, of which more is better."""
        score = -np.inf if np.isnan(score) else score
        gain = self.best + score
        self._see(-score, gain, self.tol if self.tol is not None else 0.0)

    def _see(self, value: float, gain: float, needed: float) -> None:
        self.gain = gain
        self._count = (
            self._count + 1 if self.tol is not None and not self.gain >= needed else 0
        )
        self.best = min(self.best, value)

    def be_patient_again(self) -> None:
        """Begin to count anew."""
        self._count = 0
