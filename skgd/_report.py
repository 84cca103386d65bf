"""What an epoch tells the loop over epochs."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Report:
    """How an epoch ended.

    Attributes
    ----------
    objective : float
        F at the model; textbook descent gives the running mean over the epoch.
    suboptimality : float
        Estimate of F - F* there; infinite where there is none yet, NaN if there never
        is one.
    gradient_norm : float
        In the coordinates of the descent.
    step : float
        The learning rate, or what was taken of the proposed direction.
    certified : bool
        Whether the estimate may be trusted (of all outputs: whether it meets `tol`).
    exhausted : bool
        Whether floating point (or the method) allows no more progress.
    exact : bool
        Whether the objective is that of the model in double, as a read of the rows
        has it, and need not be computed again.
    """

    objective: float
    suboptimality: float
    gradient_norm: float
    step: float
    certified: bool = False
    exhausted: bool = False
    exact: bool = False

    @property
    def finite(self) -> bool:
        """Whether the descent is still within the range of floating point."""
        return bool(np.isfinite(self.objective))
