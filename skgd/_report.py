"""What the epochs tell the loop over them."""

from dataclasses import dataclass
from math import isfinite

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
    progressed : bool
        Whether the model is another one than an epoch before.
    """

    objective: float
    suboptimality: float
    gradient_norm: float
    step: float
    certified: bool = False
    exhausted: bool = False
    exact: bool = False
    progressed: bool = True

    @property
    def finite(self) -> bool:
        """Whether the descent is still within the range of floating point."""
        return isfinite(self.objective)


@dataclass
class Ending:
    """The model that a descent returns.

    Attributes
    ----------
    coef, intercept : ndarray of shapes (n_outputs, n_features), (n_outputs,)
        In X's dtype; the intercept in double, as a textbook descent goes on from it.
    objective : float
        F there.
    rounding : float
        What F has lost as the coefficients were rounded to X's dtype.
    sound : bool
        Whether that is within the tolerance, and the model better than none.
    """

    coef: np.ndarray
    intercept: np.ndarray
    objective: float
    rounding: float = 0.0
    sound: bool = True
