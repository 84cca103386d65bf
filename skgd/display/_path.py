"""The way down: contours of the objective, and the path of a descent over them."""

import numpy as np

from skgd import _parameters
from skgd.display._animation import AnimatedPathMixin
from skgd.display._axes import GREY, axes_of, pyplot, styled, whole_numbers, wrapped
from skgd.display._grid import grid_size, values_on_plane
from skgd.display._plane import Plane, window
from skgd.display._recorded import Landscape, check_estimator, rate_of, record
from skgd.display._surface import Surface

_LEVELS = 12
_MANY = 100  # points that are drawn with edges
_SMALLEST = 1e-3  # of the highest level above the optimum


class DescentPathDisplay(AnimatedPathMixin):
    """Contours of the objective over two coefficients, and a descent's path down them.

    Create it with `from_estimator`. All parameters become attributes. The path is
    projected: with more than two unknowns, F at its models is not that of the contours.

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
        F at the models of the path.
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
        The contours of F - F*, or the surface of F.
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
    >>> display.ax_.get_xlabel()
    'coefficient of feature 0'
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
        grid_resolution=None,
        ax=None,
        kind="contour",
        contour_kwargs=None,
        path_kwargs=None,
    ):
        """Fit a clone of an estimator, keep its path, and draw it over the contours.

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
            frame, or "intercept"; or the two principal directions of the path, of a
            straight one its own and that of the gradient at its start. By default the
            first two features, or the only one and the intercept.
        scaled : bool, default=False
            Whether the coefficients are those of features divided by their standard
            deviation and centred, as auto descent works inside: a bowl where raw
            features make a ravine. Without an intercept nothing is centred. Both axes
            are then equally long.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        grid_resolution : int, default=None
            Values along each axis, at least 2. By default 100; fewer on more than
            30 000 rows, and 30 from 333 000 rows on, unless the loss is the squared
            error.
        ax : matplotlib Axes, default=None
            Where to draw; new ones by default.
        kind : {"contour", "surface"}, default="contour"
            A map, or the surface in three dimensions.
        contour_kwargs : dict, default=None
            For matplotlib's `contour` or `plot_surface`.
        path_kwargs : dict, default=None
            For matplotlib's `plot` of the path.

        Returns
        -------
        DescentPathDisplay
            The display, drawn; `plot` draws it again, `animate` epoch by epoch.

        Raises
        ------
        ImportError
            Without matplotlib.
        ValueError
            If there are several outputs, less than two unknowns, or no objective
            (``loss="perceptron"``), or the coordinates are not two different ones of
            this data.
        TypeError
            If the estimator is not one of skgd, or one that chooses alpha.

        Notes
        -----
        F is over all rows of weight, those too that ``early_stopping=True`` holds out;
        the path then goes on beyond the best epoch. The cost is that of two fits, four
        passes over X, one more an epoch, and at each of the grid_resolution^2 places
        O(n_samples + n_features): about 5 seconds on a million rows by default. With a
        squared error F is a quadratic, and the rows are not read at each place.
        """
        pyplot(cls)
        check_estimator(estimator, cls.__name__)
        land = Landscape(estimator, X, y, sample_weight)
        if land.n_outputs > 1:
            raise ValueError(
                f"{cls.__name__} shows one target or two classes; here are"
                f" {land.n_outputs} outputs."
            )
        n = grid_size(land.problem, grid_resolution)
        recorded = record(estimator, land)
        plane = Plane(coordinates, scaled, recorded, land)
        heights = np.array([land.objective(*model) for model in recorded.seen])
        down = not recorded.diverged and heights[-1] <= heights[0]
        a, b = window(plane, whole=down, alike=scaled, n=n)
        display = cls(
            a=a,
            b=b,
            objective=values_on_plane(
                land.problem,
                plane.centre,
                plane.directions,
                a - plane.optimum[0],
                b - plane.optimum[1],
            ),
            path=plane.path,
            path_objective=heights,
            optimum=plane.optimum,
            optimum_objective=land.least,
            axis_names=plane.names,
            title=_title(recorded, down, plane.n_hidden),
        )
        return display.plot(
            ax, kind=kind, contour_kwargs=contour_kwargs, path_kwargs=path_kwargs
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
            For matplotlib's `contour`, whose levels are heights F - F* above the
            optimum, or for `plot_surface`.
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
            If `kind` is another word, or a surface is to be drawn in flat axes.
        """
        if kind not in ("contour", "surface"):
            raise ValueError(f"kind must be 'contour' or 'surface', got {kind!r}.")
        if kind == "surface":
            ax = axes_of(self, ax, subplot_kw={"projection": "3d"})
            if ax.name != "3d":
                raise ValueError(
                    "A surface needs axes in three dimensions:"
                    " plt.subplots(subplot_kw={'projection': '3d'})."
                )
            self._draw_surface(ax, contour_kwargs or {}, path_kwargs or {})
        else:
            ax = axes_of(self, ax)
            self._draw_contours(ax, contour_kwargs or {}, path_kwargs or {})
        ax.set(
            xlabel=self.axis_names[0],
            ylabel=self.axis_names[1],
            title=wrapped(self.title),
        )
        ax.set(xlim=self.a[[0, -1]], ylim=self.b[[0, -1]])
        ax.legend(loc="best", framealpha=0.9)
        return self

    def _heights(self):
        """Give F - F* on the grid, and the levels to draw: equal steps of its root.

        The rings of a quadratic are then equally far from one another.
        """
        height = np.maximum(self.objective - self.optimum_objective, 0.0)
        finite = height[np.isfinite(height)]
        top = np.percentile(finite, 95) if len(finite) else 1.0
        shares = np.linspace(_SMALLEST**0.5, 1.0, _LEVELS) ** 2
        return height, max(top, np.finfo(float).tiny) * shares

    def _draw_contours(self, ax, options, path_options):
        height, levels = self._heights()
        defaults = {"levels": levels, "colors": GREY, "linewidths": 0.8, "alpha": 0.8}
        if "cmap" in options:  # contour takes one of them
            del defaults["colors"]
        options = defaults | options
        filled = levels if np.isscalar(options["levels"]) else options["levels"]
        ax.contourf(
            *(self.a, self.b, height),
            levels=np.unique(np.append(0.0, filled)),
            cmap="Greys",
            alpha=0.35,
            extend="max",
        )
        self.contours_ = ax.contour(self.a, self.b, height, **options)
        self._draw_path(ax, self.path.T, self.path.T, self.optimum, path_options)

    def _draw_surface(self, ax, options, path_options):
        _, levels = self._heights()
        top = self.optimum_objective + levels[-1]
        surface = Surface(self.a, self.b, self.objective, top, self.path)
        height = surface.top - surface.bottom
        defaults = {
            "cmap": "Greys",
            "vmin": surface.bottom - 0.2 * height,
            "vmax": surface.top + 0.5 * height,  # light greys: the path is to be seen
            "alpha": 0.9,
            "linewidth": 0.1,
            "edgecolor": GREY,
        }
        ax.computed_zorder = False  # the path lies on the surface, never in it
        if "color" in options:
            del defaults["cmap"]
        self.contours_ = ax.plot_surface(
            *np.meshgrid(self.a, self.b),
            surface.values,
            **styled(defaults, options, surface=True),
        )
        self._draw_path(
            ax,
            surface.line(len(self.path)),
            surface.points(),
            [*self.optimum, self.optimum_objective],
            path_options,
            depthshade=False,
        )
        ax.set(zlabel="objective F", zlim=(surface.bottom, surface.top))
        ax.zaxis.labelpad = 12.0  # beside its numbers, which may be long

    def _draw_path(self, ax, line, points, best, options, **point_options):
        """Draw line, points coloured by epoch and marks, in two dimensions or three."""
        many = len(self.path) > _MANY  # edges and line would hide the colours
        style = {"color": "#0072B2", "linewidth": 0.6 if many else 1.2, "zorder": 3}
        (self.line_,) = ax.plot(*line, **styled(style, options))
        self.points_ = ax.scatter(
            *points,
            c=np.arange(len(self.path)),
            cmap="viridis",
            vmin=0,
            vmax=max(len(self.path) - 1, 1),
            s=12 if many else 26,
            edgecolors="none" if many else "white",
            linewidths=0.4,
            zorder=4,
            **point_options,
        )
        marks = {"linestyle": "none", "markeredgecolor": "white", "zorder": 5}
        (self.start_,) = ax.plot(
            *([value] for value in np.transpose(points)[0]),
            **{"marker": "s", "color": "#D55E00", "label": "start", **marks},
            markersize=9,
        )
        (self.optimum_,) = ax.plot(
            *([value] for value in best),
            **{"marker": "*", "color": "#000000", "label": "optimum", **marks},
            markersize=15,
        )
        drawn = getattr(self, "colorbar_", None)
        if drawn is None or drawn.ax.figure is not self.figure_:
            pad = {"pad": 0.12} if ax.name == "3d" else {}  # beside the z axis
            self.colorbar_ = self.figure_.colorbar(
                self.points_, ax=ax, label="epoch", **pad
            )
            self.colorbar_.locator = whole_numbers()
            self.colorbar_.update_ticks()


def _title(recorded, down, n_hidden):
    one = recorded.estimator
    plural = "" if recorded.n_epochs == 1 else "s"
    end = f"{recorded.n_epochs} epoch{plural}"
    if recorded.diverged:
        end = f"diverged after {end}"
    elif not down:
        end = f"F has risen after {end}"
    title = f"{_parameters.mode_of(one)}, learning rate {rate_of(one)}: {end}"
    if n_hidden:
        others = f"{n_hidden} other unknowns" if n_hidden > 1 else "other unknown"
        title += f"\nthe {others} at the optimum in the contours"
    return title
