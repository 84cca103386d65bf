"""Make docs/performance.md of the prose in performance.md here and of results in JSON.

In the prose {{file.table}} stands for a table of a file of results, {{about file}} for
when and on what it was measured; {{means}}, {{behind}} and {{defaults}} are computed
from the races of solvers.
"""

import re
from pathlib import Path

import numpy as np
from results import FEATURES, FOLDER, Results, ratio, text

TEMPLATE = Path(__file__).parent / "performance.md"
FIELD = re.compile(r"\{\{(.+?)\}\}")
TARGETS = "0.01", "0.0001", "1e-06"
BEHIND = 1.2


def markdown(columns, rows):
    """Give a table."""
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[text(cell) for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def means(results):
    """Give geometric means of the ratios, and how often skgd is alone or behind."""
    rows = []
    for features in FEATURES:
        for target in TARGETS:
            pairs = results.ratios(features, target)
            values = np.array([ratio(cell) for _, cell in pairs])
            known = values[np.isfinite(values)]
            if not len(known):
                continue
            alone = sum(text(cell) == "alone" for _, cell in pairs)
            behind = sum("BEHIND" in text(cell) for _, cell in pairs)
            twice = alone + int((known >= 2).sum())
            mean = f"{np.exp(np.log(known).mean()):.2f}x"
            row = features, target, len(pairs), mean, alone, twice, behind
            rows.append([str(x) for x in row])
    titles = "features", "to", "problems", "geometric mean", "nobody else arrives"
    return markdown([*titles, "twice as fast or alone", "BEHIND"], rows)


def behind(results):
    """Give the problems where skgd is behind: the ratio and the peer to each target."""
    rows = []
    for features in FEATURES:
        columns, found = results.table(f"solvers-{features}", "problems") or ([], [])
        for row in found:
            at = dict(zip(columns, map(text, row), strict=True))
            cells = []
            for target in TARGETS:
                value, peer = at[f"ratio to {target}"], at[f"best peer to {target}"]
                name = peer.partition(" ")[2]
                shown = f"{value.removesuffix(' BEHIND')} {name}"
                cells.append(shown if "BEHIND" in value else "")
            if any(cells):
                ours = at[f"skgd to {TARGETS[1]}"]
                rows.append([features, at["problem"], ours, *cells])
    titles = "features", "problem", f"skgd ms to {TARGETS[1]}"
    return markdown((*titles, *(f"ratio to {x}" for x in TARGETS)), rows)


def defaults(results):
    """Give how near the solvers come with the tolerance of their own package."""
    columns = "problem", "solver", "default tol: gap", "default tol: ms"
    cells = [
        (features, *row)
        for features in FEATURES
        for row in zip(
            *(results.column(f"solvers-{features}", "solvers", x) for x in columns),
            strict=True,
        )
        if text(row[-1]) != "-"
    ]
    own = {c[:2]: c for c in cells if c[2] == "skgd"}
    rows = []
    for features in FEATURES:
        for solver in dict.fromkeys(c[2] for c in cells):
            mine = [c for c in cells if c[0] == features and c[2] == solver]
            if not mine:
                continue
            gaps = np.array([float(c[3]) for c in mine])
            times = [c[4]["raw"][0] / own[c[:2]][4]["raw"][0] for c in mine]
            shares = [f"{100 * np.mean(gaps <= x):.0f} %" for x in (1e-2, 1e-4)]
            row = features, solver, len(mine), *shares, f"{np.median(times):.2g}x"
            rows.append([str(x) for x in row])
    titles = "features", "solver", "problems", "within 1e-2", "within 1e-4"
    return markdown((*titles, "median time over skgd's"), rows)


COMPUTED = {"means": means, "behind": behind, "defaults": defaults}


def page(template, results):
    """Give the page: the template with its fields filled in."""

    def filled(field):
        name = field[1]
        if name in COMPUTED:
            return COMPUTED[name](results)
        if name.startswith("about "):
            return results.about(name.removeprefix("about "))
        file, _, key = name.partition(".")
        table = results.table(file, key)
        return markdown(*table) if table else results.about(file)

    return FIELD.sub(filled, template)


def render(folder=FOLDER, output=None):
    """Write the page and its plots; the latter if matplotlib is installed."""
    results = Results(folder)
    output = output or folder.parent / "performance.md"
    output.write_text(page(TEMPLATE.read_text("utf-8"), results), "utf-8")
    print(f"Wrote {output}.")
    try:
        from plots import draw
    except ImportError as reason:
        print(f"No plots: {reason}.")
        return
    draw(results, folder)
