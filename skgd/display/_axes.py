"""What the pictures share: axes, colours, and matplotlib only when it is needed."""

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
    if ax is None:
        _, ax = plt.subplots(layout="constrained", **options)
    display.ax_, display.figure_ = ax, ax.figure
    return ax
