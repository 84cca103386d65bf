"""What a learning rate does: too small, right, too large, and none."""

import numpy as np
from sklearn.base import clone

from skgd.display._axes import COLOURS, DASHES, MARKERS, axes_of, whole_numbers
from skgd.display._recorded import (
    Landscape,
    at_the_optimum,
    check_estimator,
    optimum,
    record,
)
from skgd.textbook._stability import largest_stable_rate

# Of the largest rate that is stable for sure: hours, a good one, one that overshoots.
_SHARES = 0.002, 0.1, 0.98
_CLIFF = 1.05  # of it; doubled until the descent diverges, as often as _DOUBLINGS
_DOUBLINGS = 8
_CRAWLS = 0.5  # of what there was to gain: what a crawl leaves
_TURNS = 0.5  # of the steps: more of them against the last one is an oscillation
_ROOM = 1.3  # times the start's height above the optimum: what is shown


class LearningRateDisplay:
    """The objective after each epoch, for several learning rates on the same data.

    Create it with `from_estimator`. All parameters become attributes.

    Parameters
    ----------
    objective : dict of str to ndarray of shape (n_epochs + 1,)
        F before the first epoch and after each, by the name of the rate; infinite
        where it has left floating point.
    verdict : dict of str to str
        "crawls", "descends", "oscillates" or "diverges", for each.
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
        cls, estimator, X, y, *, eta0s=None, auto=True, max_iter=30, sample_weight=None
    ):
        """Fit a clone of an estimator with each of several constant rates.

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
            The rates, > 0; by default 0.002, 0.1 and 0.98 of the largest one that is
            stable for sure on this data, and the first of its 1.05, 2.1, 4.2, ... fold
            that diverges.
        auto : bool, default=True
            Whether to show ``learning_rate="auto"`` too.
        max_iter : int, default=30
            Epochs of each fit.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        LearningRateDisplay
            To be drawn with `plot`.

        Raises
        ------
        ValueError
            If `eta0s` is not given and no rate bounds those that are stable, as with a
            loss that has a kink.
        TypeError
            If the estimator is not one of skgd.
        """
        check_estimator(estimator, cls.__name__)
        mode = "batch" if estimator.mode == "auto" else estimator.mode
        textbook = clone(estimator).set_params(
            learning_rate="constant", mode=mode, max_iter=max_iter, tol=None
        )
        textbook.set_params(early_stopping=False, positive=False)
        runs = _Runs(textbook, X, y, sample_weight)
        for eta0 in _sure_rates(runs) if eta0s is None else eta0s:
            runs.add(f"eta0 = {eta0:.2g}", clone(textbook).set_params(eta0=eta0))
        if eta0s is None:
            runs.fall_off_the_cliff()
        if auto:
            runs.add(
                "auto",
                at_the_optimum(
                    estimator, mode=mode, max_iter=max_iter, tol=estimator.tol
                ),
            )
        return cls(
            objective=runs.objective,
            verdict=runs.verdict,
            optimum_objective=runs.least,
            title=f"{type(estimator).__name__}, {mode}, constant learning rates",
        )

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
        ax = axes_of(self, ax)
        start = next(iter(self.objective.values()))[0]
        least = self.optimum_objective
        room = (start - least) or 1.0
        top = least + _ROOM * room
        self.lines_ = []
        for i, (name, values) in enumerate(self.objective.items()):
            style = {
                "color": COLOURS[i % len(COLOURS)],
                "linestyle": DASHES[i % len(DASHES)],
                "marker": MARKERS[i % len(MARKERS)],
                "markersize": 4,
                "linewidth": 1.6,
                "label": f"{name}: {self.verdict[name]}",
            }
            finite = np.minimum(values, least + 1e3 * room)
            self.lines_ += ax.plot(finite, **style | (line_kwargs or {}))
            above = np.flatnonzero(values > top)
            if len(above):
                ax.plot(
                    *(above[:1] - 0.5, [top]),
                    marker="^",
                    markersize=10,
                    color=style["color"],
                    clip_on=False,
                )
        self.optimum_ = ax.axhline(least, color="#000000", linewidth=1.0, linestyle=":")
        self.optimum_.set_label("optimum")
        ax.set_ylim(least - 0.05 * room, top)
        ax.set(xlabel="epochs", ylabel="objective F", title=self.title)
        ax.grid(alpha=0.3)
        ax.xaxis.set_major_locator(whole_numbers())
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
        return self


class _Runs:
    """Descents on one objective: F after each epoch, and how they went."""

    def __init__(self, textbook, X, y, sample_weight):
        self.textbook, self.data = textbook, (X, y, sample_weight)
        self._land = Landscape(textbook, *self.data)
        best = optimum(textbook, *self.data)
        coef = best.coef_.reshape(self._land.n_outputs, -1)
        self.least = self._land.objective(coef, np.atleast_1d(best.intercept_))
        self.objective: dict[str, np.ndarray] = {}
        self.verdict: dict[str, str] = {}

    def add(self, name, model):
        """Run a descent."""
        recorded = record(model, *self.data)
        values = self._land.objectives(recorded)
        values = np.where(np.isfinite(values), values, np.inf)
        if recorded.diverged:
            values = np.append(values, np.inf)
        self.objective[name] = values
        self.verdict[name] = self._verdict(values, recorded)

    def fall_off_the_cliff(self):
        """Add the first of ever larger rates that diverges; the last one, if none."""
        eta0 = _CLIFF / _SHARES[-1] * _sure_rates(self)[-1]
        for doubling in range(_DOUBLINGS + 1):
            name = f"eta0 = {eta0 * 2.0**doubling:.2g}"
            model = clone(self.textbook).set_params(eta0=eta0 * 2.0**doubling)
            self.add(name, model)
            if self.verdict[name] == "diverges" or doubling == _DOUBLINGS:
                return
            del self.objective[name], self.verdict[name]

    def _verdict(self, values, recorded):
        """Say in a word how a descent went."""
        start = next(iter(self.objective.values()))[0]
        if not values[-1] <= start:
            return "diverges"
        models = np.dstack([recorded.coefs, recorded.intercepts[:, :, None]])
        moves = np.diff(models.reshape(len(models), -1), axis=0)
        turns = (moves[1:] * moves[:-1]).sum(axis=1) < 0.0
        if len(turns) and np.mean(turns) > _TURNS:
            return "oscillates"
        if values[-1] - self.least > _CRAWLS * (start - self.least):
            return "crawls"
        return "descends"


def _sure_rates(runs):
    """Give rates below the largest that is stable wherever the descent goes."""
    model = clone(runs.textbook)
    largest = largest_stable_rate(model, model._posed(*runs.data))
    if not np.isfinite(largest):
        raise ValueError(
            f"No rate bounds those that are stable for loss={model.loss!r} on this"
            " data: give eta0s."
        )
    return [share * largest for share in _SHARES]
