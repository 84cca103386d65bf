"""What a descent tells while it runs: history, verbosity, callbacks."""

import time

import numpy as np

from skgd._callbacks import NoTasks


class Monitor:
    """Keep one entry an epoch; print it if `verbose`; tell callbacks.

    Parameters
    ----------
    verbose : int
    tasks : FitTasks or NoTasks, optional
        Hears of each epoch.
    """

    FIELDS = (
        "objective",
        "suboptimality",
        "gradient_norm",
        "learning_rate",
        "validation_score",
        "seconds",
    )

    def __init__(self, verbose: int, tasks=None):
        self._verbose, self._tasks = verbose, tasks or NoTasks()
        self._entries: list[tuple] = []
        self._start = time.perf_counter()

    def begin_epoch(self):
        """Take note of an epoch that begins."""
        self._tasks.begin_epoch()

    def see_epoch(self, report, validation_score):
        """Take note of an epoch that has ended."""
        entry = (
            report.objective,
            report.suboptimality,
            report.gradient_norm,
            report.step,
            validation_score,
            time.perf_counter() - self._start,
        )
        self._entries.append(entry)
        if self._verbose:
            told = ", ".join(
                f"{name.replace('_', ' ')} {value:.8g}"
                for name, value in zip(self.FIELDS, entry, strict=True)
                if not np.isnan(value)
            )
            print(f"-- Epoch {len(self._entries)}: {told}")

    def end_epoch(self, model) -> bool:
        """Take leave of an epoch; tell whether a callback asks to stop.

        `model` : callable that gives (coef, intercept).
        """
        return self._tasks.end_epoch(len(self._entries), model)

    def history(self, objective: float) -> dict[str, np.ndarray]:
        """Give the arrays, the last objective being that of the returned model."""
        columns = np.array(self._entries).reshape(-1, len(self.FIELDS)).T.copy()
        history = dict(zip(self.FIELDS, columns, strict=True))
        if self._entries:
            history["objective"][-1] = objective
        return history
