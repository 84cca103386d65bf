"""How fast descents near the optimum, by epochs or by seconds."""

import numpy as np

from skgd._parameters import AUTO, mode_of
from skgd.display._axes import (
    COLOURS,
    DASHES,
    GREY,
    MARKERS,
    axes_of,
    pyplot,
    styled,
    whole_numbers,
)
from skgd.display._recorded import (
    ROUNDING,
    Landscape,
    at_the_optimum,
    check_estimator,
    rate_of,
    record,
)

_FLOOR = 1e-12  # what is less is rounding, and drawn there
_CEILING = 1e6  # what is more is not shown


class ConvergenceDisplay:
    """The distance from the optimum after each epoch, on a logarithmic axis.

    Create it with `from_estimator`. All parameters become attributes.

    Parameters
    ----------
    suboptimality : dict of str to ndarray of shape (n_epochs + 1,)
        (F - F*) / (F_null - F*) before the first epoch and after each, for each
        descent by its name: 0 at the optimum, 1 at the best model without
        coefficients. F* is the least F seen. It ends before a descent leaves floating
        point.
    seconds : dict of str to ndarray of shape (n_epochs + 1,)
        When that was, since the fit began.
    tol : dict of str to float or None
        The tolerance of each descent with ``learning_rate="auto"``, else None.
    end : dict of str to {"converged", "stopped by tol", "stopped", "diverged"}
        How each ended: near enough to the optimum by its own estimate; because
        textbook descent got no further, which may be far from it; otherwise; or above
        its start or out of floating point.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        A line a descent; distances below 1e-12 are drawn there.
    ends_ : list of matplotlib Line2D
        Marks where they stopped.
    tolerances_ : list of matplotlib Line2D
        A line a tolerance, in the colour of its first descent if there are several.

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
    >>> display.end
    {'batch': 'converged', 'stochastic': 'converged'}
    """

    def __init__(self, *, suboptimality, seconds, tol, end):
        self.suboptimality, self.seconds = suboptimality, seconds
        self.tol, self.end = tol, end

    @classmethod
    def from_estimator(
        cls,
        estimators,
        X,
        y,
        *,
        sample_weight=None,
        ax=None,
        x="epochs",
        line_kwargs=None,
    ):
        """Fit clones of estimators, and draw how near the optimum each epoch ends.

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
        ax : matplotlib Axes, default=None
            Where to draw; new ones by default.
        x : {"epochs", "seconds"}, default="epochs"
            What the horizontal axis is.
        line_kwargs : dict, default=None
            For matplotlib's `plot` of every line.

        Returns
        -------
        ConvergenceDisplay
            The display, drawn; `plot` draws it again.

        Raises
        ------
        ImportError
            Without matplotlib.
        ValueError
            If there is no estimator, two have the same name, or one has no objective
            (``loss="perceptron"``).
        TypeError
            If an estimator is not one of skgd, or one that chooses alpha.

        Notes
        -----
        F* is that of a fit with ``learning_rate="auto"`` and a tolerance of 1e-10, one
        for all estimators of the same objective, or what a descent has reached below
        it. F is over all rows of weight, those too that ``early_stopping=True`` holds
        out. The cost is that of the fits and a pass over X an epoch, which `seconds`
        leave out.
        """
        pyplot(cls)
        lands: dict[str, Landscape] = {}
        paths, least, seconds, tol, end = {}, {}, {}, {}, {}
        estimators = _named(estimators, cls.__name__)
        key = {name: _objective(one) for name, one in estimators.items()}
        for name, one in estimators.items():
            if key[name] not in lands:
                lands[key[name]] = Landscape(one, X, y, sample_weight)
            land = lands[key[name]]
            recorded = record(one, land, keep=land.objective)
            paths[name] = values = np.array(recorded.seen)
            least[key[name]] = min(least.get(key[name], land.least), np.nanmin(values))
            seconds[name] = recorded.seconds
            tol[name] = one.tol if one.learning_rate == AUTO else None
            end[name] = _end(recorded, values)
        suboptimality = {}
        for name, values in paths.items():
            lowest = least[key[name]]
            null = lands[key[name]].objective(*lands[key[name]].null_model())
            with np.errstate(all="ignore"):
                suboptimality[name] = (values - lowest) / max(
                    null - lowest, np.finfo(float).tiny
                )
        display = cls(suboptimality=suboptimality, seconds=seconds, tol=tol, end=end)
        return display.plot(ax, x=x, line_kwargs=line_kwargs)

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
        self.lines_, self.ends_ = [], []
        for i, (name, distance) in enumerate(self.suboptimality.items()):
            along = np.arange(len(distance)) if x == "epochs" else self.seconds[name]
            height = np.maximum(distance, _FLOOR)
            style = {
                "color": COLOURS[i % len(COLOURS)],
                "linestyle": DASHES[i % len(DASHES)],
                "linewidth": 1.8,
                "label": f"{name} ({self.end[name]})",
            }
            self.lines_ += ax.plot(along, height, **styled(style, line_kwargs))
            self.ends_ += ax.plot(
                along[-1:],
                np.minimum(height[-1:], _CEILING),
                marker=MARKERS[i % len(MARKERS)],
                color=self.lines_[-1].get_color(),
                markersize=8,
                markeredgecolor="white",
                linestyle="none",
                clip_on=False,
                zorder=4,
            )
        self._draw_tolerances()
        ax.set_yscale("log")
        if x == "epochs":
            ax.xaxis.set_major_locator(whole_numbers())
        low, high = ax.get_ylim()
        ax.set_ylim(max(low, _FLOOR), min(high, _CEILING))
        ax.set(
            xlabel="epochs" if x == "epochs" else "time (seconds)",
            ylabel="relative suboptimality (F - F*) / (F_null - F*)",
            title="Distance from the optimum; marks where the descents ended",
        )
        ax.grid(alpha=0.3)
        ax.legend()
        return self

    def _draw_tolerances(self):
        """Draw a line a tolerance."""
        first: dict[float, str] = {}
        for name, line in zip(self.suboptimality, self.lines_, strict=True):
            if self.tol[name]:
                first.setdefault(self.tol[name], line.get_color())
        self.tolerances_ = [
            self.ax_.axhline(
                tol,
                color=GREY if len(first) == 1 else colour,
                linewidth=1.0,
                linestyle=(0, (1, 2)),
                label=f"tol = {tol:g}",
            )
            for tol, colour in first.items()
        ]


def _objective(estimator):
    """Give what estimators of the same objective have in common, in words."""
    exact = at_the_optimum(
        estimator, random_state=None, n_iter_no_change=5, validation_fraction=0.1
    )
    return f"{type(exact).__name__} {exact.get_params(deep=False)}"


def _end(recorded, values):
    """Say in a word or three how a descent ended; `values` : F at its models."""
    if recorded.diverged or not values[-1] <= values[0] + ROUNDING * abs(values[0]):
        return "diverged"
    if not recorded.estimator.converged_:
        return "stopped"
    return "converged" if recorded.estimator.learning_rate == AUTO else "stopped by tol"


def _named(estimators, display):
    """Give a dict of estimators by name."""
    if not isinstance(estimators, dict):
        several = isinstance(estimators, (list, tuple))
        listed = list(estimators) if several else [estimators]
        for one in listed:
            check_estimator(one, display)
        pairs = [(f"{mode_of(one)}: {rate_of(one)}", one) for one in listed]
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
