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
        self.last = np.inf  # objective; none where scores are seen
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

    @property
    def settled(self) -> bool:
        """Whether to stop where there is no learning rate left to lower."""
        return bool(np.isinf(self.last) or not self.rising(self.last))

    def converged(self, n_iter: int, best_iter: int) -> bool:
        """Tell whether the tolerance stopped the descent."""
        return self.exhausted and self.settled

    def see_objective(self, report) -> None:
        """Take note of an epoch's objective."""
        objective = report.objective
        self.first = objective if self.first is None else self.first
        gain = self.best - objective
        if self.settles:
            gain = abs(self.last - objective)
        self.last = objective
        self._see(objective, gain, self.needed() if self.tol is not None else 0.0)

    def see_score(self, report, score: float) -> None:
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


class Certificate:
    """Stop where the estimate of F - F* meets the tolerance, or on a validation score.

    Parameters
    ----------
    tol : float or None
        None goes on until floating point allows no decrease.
    patience : int
        Epochs in a row whose validation score may gain less than `tol`.
    """

    def __init__(self, tol, patience: int):
        self.tol = tol
        self.settled = True
        self.met = self.stuck = False
        self._scores = Stopping(tol, patience, 0.0)

    @property
    def exhausted(self) -> bool:
        """Whether there is a reason to stop."""
        return self.met or self.stuck or self._scores.exhausted

    def converged(self, n_iter: int, best_iter: int) -> bool:
        """Tell whether the model returned is the one that met the tolerance."""
        return self.met and n_iter == best_iter

    def see_objective(self, report) -> None:
        """Take note of an epoch."""
        self.met, self.stuck = report.certified, report.exhausted

    def see_score(self, report, score: float) -> None:
        """Take note of an epoch and, of a model not seen before, of its score."""
        self.see_objective(report)
        if report.progressed:
            self._scores.see_score(report, score)

    def be_patient_again(self) -> None:
        """There is nothing to be patient with."""
