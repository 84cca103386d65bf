"""Plots of the results for docs/performance.md."""

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from results import FEATURES, ratio, text

STYLE = {
    "svg.hashsalt": "skgd",  # the same file for the same results
    "svg.fonttype": "none",
    "font.size": 10,  # to be read on a phone, too: no figure is wider than 6.4 inches
    "xtick.minor.visible": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
COLOURS = {"raw": "#1f6fb2", "standardised": "#d1782b"}
TARGET = "0.0001"


def plot_ratios(results):
    """Draw the ratio to the best peer for each problem, raw and standardised."""
    found = {x: dict(results.ratios(x, TARGET)) for x in FEATURES}
    problems = list(dict.fromkeys([*found["standardised"], *found["raw"]]))
    if not problems:
        return None
    values = {p: [ratio(found[x].get(p, "-")) for x in FEATURES] for p in problems}
    alone = 2 * max([2.0, *(v for pair in values.values() for v in pair if v == v)])
    order = sorted(problems, key=lambda p: np.nansum(np.log(values[p])))
    figure, axes = plt.subplots(figsize=(6.4, 0.22 * len(order) + 1.2))
    for features in FEATURES:
        cells = [found[features].get(p, "-") for p in order]
        places = [alone if text(c) == "alone" else ratio(c) for c in cells]
        shift = 0.15 if features == "raw" else -0.15
        axes.plot(
            places, np.arange(len(order)) + shift, "o", ms=4, c=COLOURS[features],
            label=f"{features} features",
        )  # fmt: skip
    axes.axvline(1, c="grey", lw=0.8)
    axes.axvline(alone / 1.4, c="grey", lw=0.6, ls=":")
    axes.set_xscale("log")
    ticks = [x for x in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if x < alone / 1.4]
    axes.set_xticks([*ticks, alone], [*(f"{x:g}" for x in ticks), "alone"])
    names = [p.rsplit("/", 1)[0] for p in order]
    axes.set_yticks(np.arange(len(order)), names, fontsize=9)
    axes.set_ylim(-1, len(order))
    axes.set_xlabel(
        "time of the best peer over skgd's, to 1e-4\nalone: no peer arrives"
    )
    axes.legend(loc="center right", bbox_to_anchor=(0.85, 0.25), frameon=False)
    return figure


def plot_epochs(results):
    """Draw rows a second of an epoch, skgd and SGD, dense float64 and float32."""
    columns, rows = results.table("epochs", "dense") or ([], [])
    rows = [dict(zip(columns, map(text, row), strict=True)) for row in rows]
    rows = [row for row in rows if row["values"] == "12M" and row["loss"] == "log_loss"]
    if not rows:
        return None
    figure, axes = plt.subplots(figsize=(6.4, 3.4))
    for dtype, line in (("float64", "-"), ("float32", "--")):
        own = [row for row in rows if row["dtype"] == dtype]
        for name, colour in (("skgd", "#1f6fb2"), ("SGD", "#777777")):
            speed = [1e3 / float(row[f"{name} ns"]) for row in own]
            label = f"{name if name == 'skgd' else 'SGDClassifier'}, {dtype}"
            axes.loglog(
                [int(row["d"]) for row in own], speed, line, marker="o", ms=3,
                c=colour, label=label,
            )  # fmt: skip
    axes.set_xlabel("columns")
    axes.set_ylabel("million rows a second")
    axes.legend(frameon=False)
    return figure


def plot_growth(results):
    """Draw the time of a fit as sizes grow, a panel for each."""
    columns, rows = results.table("growth", "growth") or ([], [])
    rows = [dict(zip(columns, map(text, row), strict=True)) for row in rows]
    names = list(dict.fromkeys(row["what grows"] for row in rows))
    if not names:
        return None
    figure, panels = plt.subplots(4, 2, figsize=(6.4, 10), sharey=True)
    for name, axes in zip(names, panels.flat, strict=False):
        own = [row for row in rows if row["what grows"] == name]
        sizes = [int(row["size"].replace(",", "")) for row in own]
        for key, colour in (("skgd ms", "#1f6fb2"), ("peer ms", "#777777")):
            peer = own[0]["peer"].replace(" ", "\n", 1)
            label = "skgd" if key == "skgd ms" else peer
            times = [float(row[key]) for row in own]
            axes.loglog(sizes, times, "o-", ms=3, c=colour, label=label)
        axes.minorticks_off()
        axes.set_title(name.replace(" (", "\n("), fontsize=10)
        axes.legend(frameon=False, fontsize=9, loc="best")
    for axes in panels.flat[len(names) :]:
        axes.set_axis_off()
    for axes in panels[:, 0]:
        axes.set_ylabel("ms")
    return figure


PLOTS = {"ratios": plot_ratios, "epochs": plot_epochs, "growth": plot_growth}


def draw(results, folder):
    """Write each plot that there are results for."""
    with mpl.rc_context(STYLE):
        for name, plot in PLOTS.items():
            figure = plot(results)
            if figure is None:
                continue
            figure.tight_layout()
            path = folder / f"{name}.svg"
            options = {"metadata": {"Date": None}, "bbox_inches": "tight"}
            figure.savefig(path, facecolor="white", **options)
            plt.close(figure)
            print(f"Wrote {path}.")
