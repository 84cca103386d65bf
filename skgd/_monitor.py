"""What a descent tells while it runs: history and verbosity."""

import time

import numpy as np


class Monitor:
    """Keep one entry an epoch; print it if `verbose`."""

    FIELDS = (
        "objective",
        "suboptimality",
        "gradient_norm",
        "learning_rate",
        "validation_score",
        "seconds",
    )

    def __init__(self, verbose: int):
        self._verbose = verbose
        self._entries: list[tuple] = []
        self._start = time.perf_counter()

    def see_epoch(self, objective, gradient_norm, learning_rate, validation_score):
        """Take note of an epoch that has ended."""
        seconds = time.perf_counter() - self._start
        self._entries.append(
            (objective, np.nan, gradient_norm, learning_rate, validation_score, seconds)
        )
        if self._verbose:
            score = (
                ""
                if np.isnan(validation_score)
                else f"validation score {validation_score:.6g}, "
            )
            print(
                f"-- Epoch {len(self._entries)}: objective {objective:.8g}, gradient"
                f" norm {gradient_norm:.3g}, learning rate {learning_rate:.3g}, {score}"
                f"{seconds:.3g} s"
            )

    def history(self, objective: float) -> dict[str, np.ndarray]:
        """Give the arrays, the last objective being that of the returned model."""
        columns = np.array(self._entries).reshape(-1, len(self.FIELDS)).T.copy()
        history = dict(zip(self.FIELDS, columns, strict=True))
        if self._entries:
            history["objective"][-1] = objective
        return history
