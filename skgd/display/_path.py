"""The way down: contours of the objective, and the path of a descent over them."""

import numpy as np

from skgd.display._axes import GREY, axes_of, pyplot, whole_numbers
from skgd.display._plane import Plane, axis
from skgd.display._recorded import Landscape, check_estimator, optimum, record

_LEVELS = 12
_SMALLEST = 1e-3  # of the highest level above the optimum


class DescentPathDisplay:
    """Contours of the objective over two coefficients, and a descent's path down them.

    Create it with `from_estimator`. All parameters become attributes.

    Parameters
    ----------
    a : ndarray of shape (n_a,)
        Values along the first axis.
    b : ndarray of shape (n_b,)
        Values along the second axis.
    objective : ndarray of shape (n_b, n_a)
        F there, everything else at the optimum; not finite where it overflows.
    path : ndarray of shape (n_epochs + 1, 2)
        Where the descent was before the first epoch and after each.
    path_objective : ndarray of shape (n_epochs + 1,)
        F at the models of the path. The path is projected: with more than two
        unknowns, F there is not that of the contours.
    optimum : ndarray of shape (2,)
        Where F is least.
    optimum_objective : float
        F there.
    axis_names : tuple of two str
        What the axes are.
    title : str, default=""
        What is shown.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.
    contours_ : matplotlib ContourSet or Poly3DCollection
        The contours, or the surface.
    line_, points_ : matplotlib artists
        The path, and its points coloured by epoch.
    start_, optimum_ : matplotlib artists
        The marks at the start and at the optimum.
    colorbar_ : matplotlib Colorbar
        Which epoch a colour is.

    See Also
    --------
    ConvergenceDisplay : How fast descents near the optimum.
    LearningRateDisplay : What too small and too large a rate does.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgd import DescentPathDisplay, GDRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDRegressor(
    ...     learning_rate="constant", eta0=0.5, mode="batch", max_iter=20, tol=None
    ... )
    >>> display = DescentPathDisplay.from_estimator(model, X[:, 2:4], y)
    >>> display.path.shape
    (21, 2)
    """

    def __init__(
        self,
        *,
        a,
        b,
        objective,
        path,
        path_objective,
        optimum,
        optimum_objective,
        axis_names,
        title="",
    ):
        self.a, self.b, self.objective = a, b, objective
        self.path, self.path_objective = path, path_objective
        self.optimum, self.optimum_objective = optimum, optimum_objective
        self.axis_names, self.title = axis_names, title

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        coordinates=None,
        scaled=False,
        sample_weight=None,
        grid_resolution=80,
    ):
        """Fit a clone of an estimator, keep its path, and compute the contours.

        Parameters
        ----------
        estimator : GDRegressor or GDClassifier
            The descent to show; it is cloned, not changed. One target, or two classes.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,)
            Targets or class labels.
        coordinates : tuple of two, or "principal", default=None
            What the axes are: features, by position or by the name they have in a
            frame, or "intercept"; or the two principal directions of the path. By
            default the first two features, or the only one and the intercept.
        scaled : bool, default=False
            Whether the coefficients are those of features divided by their standard
            deviation and centred, as auto descent works inside: a bowl where raw
            features make a ravine.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        grid_resolution : int, default=80
            Values along each axis, at least 2.

        Returns
        -------
        DescentPathDisplay
            To be drawn with `plot` or `animate`.

        Raises
        ------
        ValueError
            If there are several outputs, or the coordinates are not two different
            ones of this data.
        TypeError
            If the estimator is not one of skgd.

        Notes
        -----
        The cost is that of two fits, three passes over X and
        O(n_samples grid_resolution^2).
        """
        check_estimator(estimator, cls.__name__)
        land = Landscape(estimator, X, y, sample_weight)
        if land.n_outputs > 1:
            raise ValueError(
                f"{cls.__name__} shows one target or two classes; here are"
                f" {land.n_outputs} outputs."
            )
        if grid_resolution < 2:
            raise ValueError(f"grid_resolution must be >= 2, got {grid_resolution}.")
        best = optimum(estimator, X, y, sample_weight)
        recorded = record(estimator, X, y, sample_weight)
        plane = Plane(coordinates, scaled, best, recorded, land)
        path, target = plane.path, plane.optimum
        a, b = (
            axis(path[:, k], target[k], plane.sizes[k], grid_resolution) for k in (0, 1)
        )
        values = land.plane(
            plane.centre, plane.directions, a - target[0], b - target[1]
        )
        at_best = land.objective(best.coef_.reshape(1, -1), best.intercept_)
        return cls(
            a=a,
            b=b,
            objective=values,
            path=path,
            path_objective=land.objectives(recorded),
            optimum=target,
            optimum_objective=at_best,
            axis_names=plane.names,
            title=_title(estimator, recorded),
        )

    def plot(self, ax=None, *, kind="contour", contour_kwargs=None, path_kwargs=None):
        """Draw the contours and the path.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; new ones by default. For a surface, 3-D ones.
        kind : {"contour", "surface"}, default="contour"
            A map, or the surface in three dimensions.
        contour_kwargs : dict, default=None
            For matplotlib's `contour` or `plot_surface`.
        path_kwargs : dict, default=None
            For matplotlib's `plot` of the path.

        Returns
        -------
        DescentPathDisplay
            The display, its attributes set.

        Raises
        ------
        ImportError
            Without matplotlib.
        ValueError
            If `kind` is another word.
        """
        if kind not in ("contour", "surface"):
            raise ValueError(f"kind must be 'contour' or 'surface', got {kind!r}.")
        if kind == "surface":
            ax = axes_of(self, ax, subplot_kw={"projection": "3d"})
            self._draw_surface(ax, contour_kwargs or {})
        else:
            ax = axes_of(self, ax)
            self._draw_contours(ax, contour_kwargs or {})
        self._draw_path(ax, kind == "surface", path_kwargs or {})
        ax.set(xlabel=self.axis_names[0], ylabel=self.axis_names[1], title=self.title)
        ax.set(xlim=self.a[[0, -1]], ylim=self.b[[0, -1]])
        ax.legend(loc="best", framealpha=0.9)
        return self

    def animate(self, filename=None, *, ax=None, interval=200):
        """Draw the path epoch by epoch.

        Parameters
        ----------
        filename : str or path, default=None
            Where to save it, as a GIF or, if it ends in ".html", a page; by default it
            is not saved.
        ax : matplotlib Axes, default=None
            Where to draw; new ones by default.
        interval : float, default=200
            Milliseconds an epoch.

        Returns
        -------
        matplotlib.animation.FuncAnimation
            The animation; keep it as long as it is shown.

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        pyplot(self)
        from matplotlib.animation import FuncAnimation, PillowWriter

        self.plot(ax)
        path = self.path

        def show(epoch):
            """Draw what has been until an epoch."""
            self.line_.set_data(*path[: epoch + 1].T)
            self.points_.set_offsets(path[: epoch + 1])
            self.points_.set_array(np.arange(epoch + 1))
            self.ax_.set_title(f"{self.title}\nepoch {epoch}")
            return self.line_, self.points_

        animation = FuncAnimation(
            self.figure_, show, frames=len(path), interval=interval
        )
        if filename is not None and str(filename).endswith(".html"):
            with open(filename, "w", encoding="utf-8") as file:
                file.write(animation.to_jshtml())
        elif filename is not None:
            animation.save(filename, writer=PillowWriter(fps=1000.0 / interval))
        return animation

    def _heights(self):
        """Give F - F* on the grid, and the levels to draw: equal steps of its root.

        The rings of a quadratic are then equally far from one another.
        """
        height = np.maximum(self.objective - self.optimum_objective, 0.0)
        finite = height[np.isfinite(height)]
        top = np.percentile(finite, 95) if len(finite) else 1.0
        levels = max(top, 1e-300) * np.linspace(_SMALLEST**0.5, 1.0, _LEVELS) ** 2
        return height, levels

    def _draw_contours(self, ax, options):
        height, levels = self._heights()
        defaults = {"levels": levels, "colors": GREY, "linewidths": 0.8, "alpha": 0.8}
        filled = {"levels": np.append(0.0, levels), "cmap": "Greys", "alpha": 0.35}
        ax.contourf(self.a, self.b, height, extend="max", **filled)
        self.contours_ = ax.contour(self.a, self.b, height, **defaults | options)

    def _draw_surface(self, ax, options):
        _, levels = self._heights()
        top = self.optimum_objective + levels[-1]
        values = np.minimum(self.objective, top)
        defaults = {"cmap": "Greys_r", "alpha": 0.6, "linewidth": 0.1}
        self.contours_ = ax.plot_surface(
            *np.meshgrid(self.a, self.b), values, **defaults | options
        )
        ax.set(zlabel="objective F", zlim=(self.optimum_objective, top))

    def _draw_path(self, ax, in_space, options):
        inside = slice(None)
        places = [self.path[:, 0], self.path[:, 1]]
        best = [*self.optimum]
        if in_space:  # matplotlib does not clip in three dimensions
            lower, upper = (np.array([x[0], x[-1]]) for x in (self.a, self.b))
            seen = (self.path[:, 0] >= lower[0]) & (self.path[:, 0] <= lower[1])
            seen &= (self.path[:, 1] >= upper[0]) & (self.path[:, 1] <= upper[1])
            inside = np.flatnonzero(seen)
            places.append(self._on_the_surface())
            best.append(self.optimum_objective)
        places = [place[inside] for place in places]
        epochs = np.arange(len(self.path))[inside]
        line = {"color": "#0072B2", "linewidth": 1.2, "zorder": 3}
        (self.line_,) = ax.plot(*places, **line | options)
        self.points_ = ax.scatter(
            *places,
            c=epochs,
            cmap="viridis",
            s=18,
            zorder=4,
            vmin=0,
            vmax=max(len(self.path) - 1, 1),
        )
        marks = {"linestyle": "none", "markersize": 9, "zorder": 5}
        (self.start_,) = ax.plot(
            *([place[0]] for place in places),
            **{"marker": "s", "color": "#D55E00", "label": "start", **marks},
        )
        (self.optimum_,) = ax.plot(
            *([value] for value in best),
            **{"marker": "*", "color": "#000000", "label": "optimum", **marks},
        )
        self.optimum_.set_markersize(14)
        if getattr(self, "colorbar_", None) is None or self.colorbar_.ax.figure is not (
            self.figure_
        ):
            self.colorbar_ = self.figure_.colorbar(self.points_, ax=ax, label="epoch")
            self.colorbar_.locator = whole_numbers()
            self.colorbar_.update_ticks()

    def _on_the_surface(self):
        """Give the height of the surface under the path."""
        columns = np.clip(np.searchsorted(self.a, self.path[:, 0]), 0, len(self.a) - 1)
        rows = np.clip(np.searchsorted(self.b, self.path[:, 1]), 0, len(self.b) - 1)
        return self.objective[rows, columns]


def _title(estimator, recorded):
    rate = estimator.learning_rate
    words = f"{rate}" if rate == "auto" else f"{rate}, eta0={estimator.eta0:g}"
    mode = getattr(recorded.estimator, "mode_", estimator.mode)
    plural = "" if recorded.n_epochs == 1 else "s"
    end = "diverged" if recorded.diverged else f"{recorded.n_epochs} epoch{plural}"
    return f"{mode}, learning rate {words}: {end}"
