"""What a learning rate does: too small, right, too large, and none."""

import numpy as np
from sklearn.base import clone

from skgd.display._axes import (
    COLOURS,
    DASHES,
    MARKERS,
    axes_of,
    pyplot,
    styled,
    whole_numbers,
    wrapped,
)
from skgd.display._recorded import at_the_optimum, check_estimator
from skgd.display._trials import ROOM, Trials

_THERE = 1e-4  # of what there was to gain: what is left at the optimum
_LITTLE = 1e-3  # of it: what is less is not told in digits


class LearningRateDisplay:
    """The objective after each epoch, for several learning rates on the same data.

    Create it with `from_estimator`. All parameters become attributes.

    Parameters
    ----------
    objective : dict of str to ndarray of shape (n_epochs + 1,)
        F before the first epoch and after each, by the name of the rate; infinite
        where it has left floating point.
    verdict : dict of str to str
        For each: "diverges" (it ends above its start, and does not come down),
        "overshoots" (it was above its start), "oscillates" (most steps go against the
        one before, at a given rate), "crawls" (it leaves more than half of what there
        was to gain), or "descends".
    optimum_objective : float
        The least F.
    title : str, default=""
        What is shown.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        A line a rate.
    optimum_ : matplotlib Line2D
        The level of the optimum.
    texts_ : list of matplotlib Annotation
        Where a line leaves the picture, why.

    See Also
    --------
    DescentPathDisplay : The path over the contours of the objective.
    ConvergenceDisplay : How fast descents near the optimum.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgd import GDRegressor, LearningRateDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDRegressor(mode="batch", max_iter=30)
    >>> rates = [0.01, 1.0, 3.0]
    >>> display = LearningRateDisplay.from_estimator(model, X, y, eta0s=rates)
    >>> list(display.verdict.values())
    ['crawls', 'descends', 'diverges', 'descends']
    """

    def __init__(self, *, objective, verdict, optimum_objective, title=""):
        self.objective, self.verdict = objective, verdict
        self.optimum_objective, self.title = optimum_objective, title

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        eta0s=None,
        auto=True,
        max_iter=30,
        sample_weight=None,
        ax=None,
        line_kwargs=None,
    ):
        """Fit a clone of an estimator with each of several constant rates, and draw.

        Parameters
        ----------
        estimator : GDRegressor or GDClassifier
            The descent; it is cloned, not changed, and its rate is not read. Its mode
            is kept, "auto" being "batch".
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets or class labels.
        eta0s : list of float, default=None
            The rates, > 0; by default four that are found by trial: one that crawls, a
            tenth of the largest that is not too large, that one, and one with which F
            rises far above its start, and diverges if such a rate is near.
        auto : bool, default=True
            Whether to show ``learning_rate="auto"`` too, which begins at the best model
            without coefficients.
        max_iter : int, default=30
            Epochs of each fit.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        ax : matplotlib Axes, default=None
            Where to draw; new ones by default.
        line_kwargs : dict, default=None
            For matplotlib's `plot` of every line.

        Returns
        -------
        LearningRateDisplay
            The display, drawn; `plot` draws it again.

        Raises
        ------
        ImportError
            Without matplotlib.
        ValueError
            If there is nothing to show, or no objective (``loss="perceptron"``), or
            ``positive=True``, which no textbook descent knows.
        TypeError
            If the estimator is not one of skgd, or one that chooses alpha.

        Notes
        -----
        The trials begin at the largest rate that is stable for sure (of a loss with a
        kink: at what moves a raw prediction by one) and double it, or halve it, up to
        40 times, and up to 6 times more for a rate that diverges: losses of bounded
        slope overshoot first, and never diverge where a model separates the classes.
        Each is a fit of `max_iter` epochs.
        """
        pyplot(cls)
        check_estimator(estimator, cls.__name__)
        mode = "batch" if estimator.mode == "auto" else estimator.mode
        textbook = clone(estimator).set_params(
            learning_rate="constant",
            mode=mode,
            max_iter=max_iter,
            tol=None,
            early_stopping=False,
        )
        runs = Trials(textbook, X, y, sample_weight)
        for eta0 in runs.telling_rates() if eta0s is None else eta0s:
            runs.add(f"eta0 = {eta0:g}", runs.trial(eta0))
        if auto:
            exact = at_the_optimum(
                estimator, mode=mode, max_iter=max_iter, tol=estimator.tol
            )
            runs.add("auto", runs.run(exact))
        if not runs.objective:
            raise ValueError(f"{cls.__name__} needs a learning rate, got none.")
        display = cls(
            objective=runs.objective,
            verdict=runs.verdict,
            optimum_objective=runs.land.least,
            title=f"{mode}: what a constant learning rate does",
        )
        return display.plot(ax, line_kwargs=line_kwargs)

    def plot(self, ax=None, *, line_kwargs=None):
        """Draw a line a rate, cut off where it leaves the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; new ones by default.
        line_kwargs : dict, default=None
            For matplotlib's `plot` of every line.

        Returns
        -------
        LearningRateDisplay
            The display, its attributes set.

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        # The axes given may leave no room beside them: the legend goes inside.
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.12), "ncols": 2}
        place = below if ax is None else {"loc": "best", "fontsize": "small"}
        ax = axes_of(self, ax)
        start = next(iter(self.objective.values()))[0]
        least = self.optimum_objective
        room = (start - least) or 1.0
        top = least + ROOM * room
        self.lines_, self.texts_ = [], []
        for i, (name, values) in enumerate(self.objective.items()):
            style = {
                "color": COLOURS[i % len(COLOURS)],
                "linestyle": DASHES[i % len(DASHES)],
                "marker": MARKERS[i % len(MARKERS)],
                "markersize": 4,
                "linewidth": 1.6,
                "label": f"{name}: {self._words(name, start)}",
            }
            finite = np.minimum(values, least + 1e3 * room)
            self.lines_ += ax.plot(finite, **styled(style, line_kwargs))
            above = np.flatnonzero(values > top)
            if len(above):
                self._mark_the_way_out(name, finite, above[0], top)
        self.optimum_ = ax.axhline(least, color="#000000", linewidth=1.0, linestyle=":")
        self.optimum_.set_label("optimum")
        ax.set_ylim(least - 0.05 * room, top)
        ax.set(xlabel="epochs", ylabel="objective F", title=wrapped(self.title))
        ax.grid(alpha=0.3)
        ax.xaxis.set_major_locator(whole_numbers())
        ax.legend(**place)
        return self

    def _words(self, name, start):
        """Say how a descent went, and what it left of what there was to gain."""
        words = self.verdict[name]
        left = (self.objective[name][-1] - self.optimum_objective) / (
            (start - self.optimum_objective) or 1.0
        )
        if words == "diverges":
            return words
        if left <= _THERE:
            return f"{words} to the optimum"
        if left < _LITTLE:
            return f"{words}, less than {100.0 * _LITTLE:g} % left"
        return f"{words}, {100.0 * left:.{0 if left > 0.1 else 1}f} % left"

    def _mark_the_way_out(self, name, values, epoch, top):
        """Mark where a line leaves the picture, and say why."""
        x = 0.0
        if epoch:
            before, after = values[epoch - 1 : epoch + 1]
            x = epoch - 1 + (top - before) / (after - before)
        colour = self.lines_[-1].get_color()
        self.ax_.plot(x, top, marker="^", markersize=10, color=colour, clip_on=False)
        text = self.ax_.annotate(
            self.verdict[name],
            (x, top),
            xytext=(9, -14),
            textcoords="offset points",
            fontweight="bold",
        )
        self.texts_.append(text)
