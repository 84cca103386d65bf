"""What a call of partial_fit starts from, and what it learns."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Start:
    """Where a call goes on from.

    Attributes
    ----------
    coef, intercept : ndarray of shapes (n_outputs, n_features), (n_outputs,)
        The model, of the dtype in which it is stored.
    memory : Columns, Recursion, Averages or None
        What the last call remembers; None if that had a learning rate, or none was.
    share : float
        Of the weight of all rows seen, what the rows of this call have; 1 in the first.
    """

    coef: np.ndarray
    intercept: np.ndarray
    memory: Any
    share: float

    def same_model(self, memory) -> bool:
        """Tell whether the model is the one that `memory` led to."""
        return np.array_equal(self.coef, memory.coef) and np.array_equal(
            self.intercept, memory.intercept
        )


@dataclass
class Lesson:
    """What a call has learned.

    Attributes
    ----------
    coef, intercept : ndarray of shapes (n_outputs, n_features), (n_outputs,)
        The model to return, in the units of X and in its dtype.
    memory : Recursion or Averages
        What the next call needs.
    suboptimality : float
        Of the model, over all rows seen; NaN if it is not known.
    certified : bool
        Whether it is known.
    gradient_norm, step : float
        As in `Report`.
    """

    coef: np.ndarray
    intercept: np.ndarray
    memory: Any
    suboptimality: float = np.nan
    certified: bool = False
    gradient_norm: float = np.nan
    step: float = np.nan
