"""What a textbook descent remembers between epochs and between calls."""

from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

# Arrays of one value a coefficient; the core wants them in the design's layout.
_FEATURE_ARRAYS = ("coef", "received", "average_coef", "first", "second")


@dataclass
class DescentState:
    """Arrays and numbers of a descent; it pickles, and fits dense and sparse X alike.

    `coef` and all arrays like it have shape (n_outputs, n_features).
    """

    coef: np.ndarray
    intercept: np.ndarray
    rule: str
    received: np.ndarray | None = None
    owed: float = 0.0
    average_coef: np.ndarray | None = None
    average_intercept: np.ndarray | None = None
    average_count: float = 0.0
    first: np.ndarray | None = None
    second: np.ndarray | None = None
    first_intercept: np.ndarray | None = None
    second_intercept: np.ndarray | None = None
    steps: float = 0.0
    rule_began: float = 0.0  # after so many of them
    samples_seen: float = 0.0
    weight_mean: float = 0.0  # of all rows seen
    weight_count: float = 0.0
    schedule_eta0: float | None = None
    seed: int | None = None
    memory: Any = None  # of calls without a learning rate

    def prepared(self, rule: str, dtype, *, cumulative: bool, average: bool):
        """Give a copy with the arrays that the coming epochs need, in X's dtype."""
        state = copy(self)
        vars(state).update((name, _copy(value)) for name, value in vars(self).items())
        shape, n_outputs = state.coef.shape, len(state.intercept)
        state.coef = np.ascontiguousarray(state.coef, dtype=dtype)
        if rule != state.rule or state.first is None:
            stateful = rule != "sgd"
            state.first = np.zeros(shape) if stateful else None
            state.second = np.zeros(shape) if stateful else None
            state.first_intercept = np.zeros(n_outputs) if stateful else None
            state.second_intercept = np.zeros(n_outputs) if stateful else None
            state.rule, state.rule_began = rule, state.steps
        if not cumulative:
            state.received, state.owed = None, 0.0
        elif state.received is None:
            state.received = np.zeros(shape, dtype=dtype)
        else:
            state.received = state.received.astype(dtype, copy=False)
        if not average:
            state.start_average_anew()
        elif state.average_coef is None:
            state.average_coef, state.average_intercept = (
                np.zeros(shape),
                np.zeros(n_outputs),
            )
        return state

    def see_weights(self, weight, n_rows: int) -> float:
        """Give the mean weight of all rows seen, these (None: all one) among them."""
        mean = 1.0
        if weight is not None:
            # divided by a power of two, which rounds nothing: their sum may overflow
            power = np.frexp(weight.max())[1]
            mean = float(np.ldexp(np.ldexp(weight, -power).sum() / n_rows, power))
        self.weight_count += n_rows
        self.weight_mean += (mean - self.weight_mean) * (n_rows / self.weight_count)
        return self.weight_mean

    def start_average_anew(self) -> None:
        """Forget the iterates averaged so far."""
        self.average_coef, self.average_intercept = None, None
        self.average_count = 0.0

    def transposed(self):
        """Give the state with feature-major arrays, or back; copies of those only."""
        arrays = {name: getattr(self, name) for name in _FEATURE_ARRAYS}
        return replace(
            self,
            **{
                k: None if a is None else np.ascontiguousarray(a.T)
                for k, a in arrays.items()
            },
        )

    def model(self):
        """Give the coefficients and intercept of the model that would be returned."""
        if self.average_count > 0.0:
            return self.average_coef.astype(
                self.coef.dtype
            ), self.average_intercept.copy()
        return self.coef, self.intercept


def _copy(value):
    return value.copy() if isinstance(value, np.ndarray) else value
