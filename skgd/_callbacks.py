"""scikit-learn's callbacks: the only file that knows them."""

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Support nothing: there are no callbacks."""

    def with_callbacks(method):
        """Give the method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "FitTasks", "NoTasks", "tasks_of", "with_callbacks"]


class NoTasks:
    """What a fit does that nobody listens to: nothing."""

    def begin(self):
        """Hear that the fit begins."""

    def begin_epoch(self):
        """Hear that an epoch begins."""

    def end_epoch(self, n_iter, model) -> bool:
        """Hear that an epoch has ended; do not ask to stop."""
        return False

    def end(self):
        """Hear that the fit has ended."""


class FitTasks:
    """A fit and its epochs, as callbacks hear of them.

    Parameters
    ----------
    estimator : BaseGD
        That has callbacks.
    X, y, sample_weight
        As the user gave them.
    """

    def __init__(self, estimator, X, y, sample_weight):
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._estimator = estimator
        self._told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self._epoch = None

    def begin(self):
        """Tell that the fit begins."""
        self._fit.call_on_fit_task_begin(**self._told)

    def begin_epoch(self):
        """Tell that an epoch begins."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._told)

    def end_epoch(self, n_iter, model) -> bool:
        """Tell that an epoch has ended; give whether a callback asks to stop.

        `model` : callable that gives (coef, intercept), called if a callback asks.
        """
        return self._epoch.call_on_fit_task_end(
            **self._told,
            reconstruction_attributes=lambda: self._estimator._fitted_attributes(
                *model(), n_iter
            ),
        )

    def end(self):
        """Tell that the fit has ended, the estimator being fitted."""
        self._fit.call_on_fit_task_end(**self._told, reconstruction_attributes={})


def tasks_of(estimator, X, y, sample_weight):
    """Give the tasks of a fit, of which callbacks hear if there are any."""
    if not getattr(estimator, "_skl_callbacks", None):
        return NoTasks()
    return FitTasks(estimator, X, y, sample_weight)
