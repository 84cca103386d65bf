"""How fast descents near the optimum, by epochs or by seconds."""

import numpy as np

from skgd._parameters import AUTO
from skgd.display._axes import COLOURS, DASHES, GREY, MARKERS, axes_of, whole_numbers
from skgd.display._recorded import (
    Landscape,
    check_estimator,
    optimum,
    record,
)

_LEAST = 1e-16  # what is drawn of a distance that rounding has made zero or less


class ConvergenceDisplay:
    """The distance from the optimum after each epoch, on a logarithmic axis.

    Create it with `from_estimator`. All parameters become attributes.

    Parameters
    ----------
    suboptimality : dict of str to ndarray of shape (n_epochs + 1,)
        (F - F*) / (F_null - F*) before the first epoch and after each, for each
        descent by its name: 0 at the optimum, 1 at the best model without
        coefficients. It ends before a descent leaves floating point.
    seconds : dict of str to ndarray of shape (n_epochs + 1,)
        When that was, since the fit began.
    tol : dict of str to float or None
        The tolerance of each descent with ``learning_rate="auto"``, else None.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        A line a descent.
    ends_ : list of matplotlib Line2D
        Marks where they stopped.
    tolerance_ : matplotlib Line2D or None
        The tolerance, if it is the same for all that have one.

    See Also
    --------
    DescentPathDisplay : The path over the contours of the objective.
    LearningRateDisplay : What too small and too large a rate does.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgd import ConvergenceDisplay, GDRegressor
    >>> X, y = load_diabetes(return_X_y=True, scaled=False)
    >>> modes = ["batch", "stochastic"]
    >>> models = {mode: GDRegressor(mode=mode, random_state=0) for mode in modes}
    >>> display = ConvergenceDisplay.from_estimator(models, X, y)
    >>> bool(display.suboptimality["stochastic"][-1] < 1e-4)
    True
    """

    def __init__(self, *, suboptimality, seconds, tol):
        self.suboptimality, self.seconds, self.tol = suboptimality, seconds, tol

    @classmethod
    def from_estimator(cls, estimators, X, y, *, sample_weight=None):
        """Fit clones of estimators, and measure their models after each epoch.

        Parameters
        ----------
        estimators : GDRegressor, GDClassifier, list of them, or dict of str to them
            The descents, which are cloned, not changed. By default each is called by
            its mode and learning rate.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets or class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        ConvergenceDisplay
            To be drawn with `plot`.

        Raises
        ------
        ValueError
            If there is no estimator, or two have the same name.
        TypeError
            If an estimator is not one of skgd.

        Notes
        -----
        F* is that of a fit with ``learning_rate="auto"`` and a tolerance of 1e-10. The
        cost is that of two fits an estimator, and a pass over X an epoch.
        """
        suboptimality, seconds, tol = {}, {}, {}
        for name, estimator in _named(estimators, cls.__name__).items():
            land = Landscape(estimator, X, y, sample_weight)
            best = optimum(estimator, X, y, sample_weight)
            coef = best.coef_.reshape(land.n_outputs, -1)
            least = land.objective(coef, np.atleast_1d(best.intercept_))
            null = land.null_objective()
            recorded = record(estimator, X, y, sample_weight)
            distance = land.objectives(recorded) - least
            with np.errstate(all="ignore"):
                distance = distance / max(null - least, np.finfo(float).tiny)
            suboptimality[name] = distance
            history = getattr(recorded.estimator, "history_", None)
            when = np.full(recorded.n_epochs, np.nan)
            if history is not None:
                when = history["seconds"]
            seconds[name] = np.append(0.0, when)
            is_auto = estimator.learning_rate == AUTO
            tol[name] = estimator.tol if is_auto else None
        return cls(suboptimality=suboptimality, seconds=seconds, tol=tol)

    def plot(self, ax=None, *, x="epochs", line_kwargs=None):
        """Draw a line a descent, the tolerance, and where each stopped.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; new ones by default.
        x : {"epochs", "seconds"}, default="epochs"
            What the horizontal axis is.
        line_kwargs : dict, default=None
            For matplotlib's `plot` of every line.

        Returns
        -------
        ConvergenceDisplay
            The display, its attributes set.

        Raises
        ------
        ImportError
            Without matplotlib.
        ValueError
            If `x` is another word.
        """
        if x not in ("epochs", "seconds"):
            raise ValueError(f"x must be 'epochs' or 'seconds', got {x!r}.")
        ax = axes_of(self, ax)
        self.lines_, self.ends_, self.tolerance_ = [], [], None
        for i, (name, distance) in enumerate(self.suboptimality.items()):
            along = np.arange(len(distance)) if x == "epochs" else self.seconds[name]
            height = np.maximum(distance, _LEAST)
            style = {
                "color": COLOURS[i % len(COLOURS)],
                "linestyle": DASHES[i % len(DASHES)],
                "linewidth": 1.8,
                "label": name,
            }
            self.lines_ += ax.plot(along, height, **style | (line_kwargs or {}))
            self.ends_ += ax.plot(
                along[-1:],
                height[-1:],
                marker=MARKERS[i % len(MARKERS)],
                color=self.lines_[-1].get_color(),
                markersize=7,
                linestyle="none",
            )
        tolerances = {tol for tol in self.tol.values() if tol}
        if len(tolerances) == 1:
            (tol,) = tolerances
            self.tolerance_ = ax.axhline(
                tol, color=GREY, linewidth=1.0, linestyle=(0, (1, 2))
            )
            self.tolerance_.set_label(f"tol = {tol:g}")
        ax.set_yscale("log")
        if x == "epochs":
            ax.xaxis.set_major_locator(whole_numbers())
        low, high = ax.get_ylim()
        ax.set_ylim(max(low, 1e-13), min(high, 1e6))
        ax.set(
            xlabel="epochs" if x == "epochs" else "seconds",
            ylabel="relative suboptimality (F - F*) / (F_null - F*)",
            title="Distance from the optimum; a mark where the descent stopped",
        )
        ax.grid(alpha=0.3)
        ax.legend()
        return self


def _named(estimators, display):
    """Give a dict of estimators by name."""
    if not isinstance(estimators, dict):
        several = isinstance(estimators, (list, tuple))
        listed = list(estimators) if several else [estimators]
        for one in listed:
            check_estimator(one, display)
        pairs = [(_name_of(one), one) for one in listed]
        estimators = dict(pairs)
        if len(estimators) < len(pairs):
            raise ValueError(
                "Two estimators have the same mode and learning rate: give a dict of"
                " names to estimators."
            )
    if not estimators:
        raise ValueError(f"{display} needs an estimator, got none.")
    for one in estimators.values():
        check_estimator(one, display)
    return estimators


def _name_of(estimator):
    rate = estimator.learning_rate
    if rate != AUTO:
        rate = f"{rate}, eta0={estimator.eta0:g}"
        if estimator.optimizer != "sgd":
            rate = f"{rate}, {estimator.optimizer}"
    return f"{estimator.mode}: {rate}"
