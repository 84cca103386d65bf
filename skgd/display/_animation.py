"""A drawn path, epoch by epoch."""

import re
from numbers import Real
from pathlib import Path

import numpy as np

from skgd.display._axes import pyplot, wrapped

_FRAMES = 100  # of an animation: a longer path is shown in longer strides
_PAUSE = 5  # frames that the last picture stays
_ICONS = re.compile(r'<link rel="stylesheet"\s+href="https?://[^>]*font-awesome[^>]*>')
_BUTTON = re.compile(r'(<button title="([^"]+)"[^>]*>)\s*<i class="fa [^"]*"></i>')
_SIGNS = {
    "Decrease speed": "\N{MINUS SIGN}",
    "First frame": "\N{LEFTWARDS ARROW TO BAR}",
    "Previous frame": "\N{LEFTWARDS ARROW}",
    "Play backwards": "\N{BLACK LEFT-POINTING TRIANGLE}",
    "Pause": "\N{HEAVY VERTICAL BAR}" * 2,
    "Play": "\N{BLACK RIGHT-POINTING TRIANGLE}",
    "Next frame": "\N{RIGHTWARDS ARROW}",
    "Last frame": "\N{RIGHTWARDS ARROW TO BAR}",
    "Increase speed": "+",
}


class AnimatedPathMixin:
    """What draws a path over contours in as many pictures as it has epochs."""

    def animate(self, filename=None, *, ax=None, interval=200):
        """Draw the path epoch by epoch over the contours.

        Parameters
        ----------
        filename : str or path, default=None
            Where to save it, as ".gif" or as a page, ".html"; by default it is not
            saved.
        ax : matplotlib Axes, default=None
            Where to draw; by default where the contours are already, or new ones.
        interval : float, default=200
            Milliseconds a picture, > 0. A path of more than 100 epochs is shown in 101
            pictures, each of which takes a tenth of a second or two to draw.

        Returns
        -------
        matplotlib.animation.FuncAnimation
            The animation; keep it as long as it is shown.

        Raises
        ------
        ImportError
            Without matplotlib.
        ValueError
            If the file has another ending, or `interval` is not a number above 0.

        Notes
        -----
        The figure is laid out once, and keeps that layout. A page needs no other host:
        its buttons are characters.
        """
        pyplot(type(self))
        from matplotlib.animation import FuncAnimation, PillowWriter

        class PathAnimation(FuncAnimation):
            """An animation whose page needs no icons of another host."""

            def to_jshtml(self, *args, **kwargs):
                return _with_signs(super().to_jshtml(*args, **kwargs))

        if not isinstance(interval, Real) or not 0.0 < interval < np.inf:
            raise ValueError(
                f"interval must be a number of milliseconds above 0, got {interval!r}."
            )
        ending = None if filename is None else Path(filename).suffix.lower()
        if ending not in (None, ".gif", ".html"):
            raise ValueError(f"filename must end in .gif or .html, got {filename!r}.")
        if ax is not None or not self._shows_contours():
            self.plot(ax)
        animation = PathAnimation(
            self.figure_,
            self._show_epoch,
            frames=_frames(len(self.path) - 1),
            interval=interval,
        )
        self._show_epoch(0)  # whose title counts in the layout
        self.figure_.canvas.draw()
        self.figure_.set_layout_engine("none")  # once is enough: it takes its time
        if ending == ".html":
            Path(filename).write_text(animation.to_jshtml(), encoding="utf-8")
        elif ending == ".gif":
            animation.save(filename, writer=PillowWriter(fps=1000.0 / interval))
        return animation

    def _shows_contours(self):
        ax = getattr(self, "ax_", None)
        return ax is not None and ax.name != "3d" and self.line_ in ax.lines

    def _show_epoch(self, epoch):
        """Draw what has been until an epoch."""
        path = self.path[: epoch + 1]
        self.line_.set_data(*path.T)
        self.points_.set_offsets(path)
        self.points_.set_array(np.arange(epoch + 1))
        self.ax_.set_title(f"{wrapped(self.title)}\nepoch {epoch}")
        return self.line_, self.points_


def _with_signs(page):
    """Give a page with characters on its buttons, not icons of another host."""
    page = _ICONS.sub("", page)
    return _BUTTON.sub(lambda m: m[1] + _SIGNS.get(m[2], m[2]), page)


def _frames(last):
    """Give the epochs that an animation shows."""
    shown = np.linspace(0, last, min(last, _FRAMES) + 1).round().astype(int)
    return [*shown, *[last] * _PAUSE]
