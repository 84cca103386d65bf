"""What the pictures share: axes, colours, and matplotlib only when it is needed."""

import textwrap

# Okabe and Ito's colours, told apart by colour-blind readers too, the yellow left out.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#E69F00",
    "#000000",
)
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#666666"
_LINE = 60  # characters of a title that a figure of the default width has room for


def pyplot(display):
    """Import matplotlib.pyplot, or say how to get it.

    `display` : the class that draws.
    """
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{display.__name__} draws with matplotlib, which is not installed: pip"
            " install 'skgd[plot]', or matplotlib itself."
        ) from error
    return plt


def whole_numbers():
    """Give matplotlib's locator of ticks at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True)


def axes_of(display, ax, **options):
    """Give the axes to draw in, new ones by default, and set ax_ and figure_."""
    plt = pyplot(type(display))
    if not (ax is None or isinstance(ax, plt.Axes)):
        raise TypeError(f"ax must be matplotlib axes or None, got {type(ax).__name__}.")
    if ax is None:
        _, ax = plt.subplots(layout="constrained", **options)
    display.ax_, display.figure_ = ax, ax.figure
    return ax


def wrapped(title):
    """Give a title in lines that are no longer than a figure is wide."""
    return "\n".join(textwrap.fill(line, _LINE) for line in title.splitlines())


def styled(defaults, options, surface=False):
    """Give matplotlib's words for a picture, where the user's own replace ours.

    Parameters
    ----------
    defaults, options : dict
        Ours and the user's, who may have written "lw" for "linewidth"; None for none.
    surface : bool
        Whether that is drawn, and not a line.
    """
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.collections import PolyCollection
    from matplotlib.lines import Line2D

    options = dict(options or {})
    # plot_surface has a word of its own for an array of colours
    own = {name: options.pop(name) for name in ("facecolors",) if name in options}
    artist = PolyCollection if surface else Line2D
    return defaults | normalize_kwargs(options, artist) | own
