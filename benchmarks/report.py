"""Tables of measurements: printed as they come, kept as JSON with their raw figures.

A script measures tables under short names and hands them to `run`, or parses its own
options with `parser` and hands its tables to `save`. The JSON file of a script is what
run.py makes docs/performance.md of.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import skgd

PACKAGES = "numpy", "scipy", "scikit-learn"
QUICK = 0.1  # of the full size


@dataclass
class Figure:
    """What a cell shows, and the numbers it was made of: seconds, or ratios."""

    text: str
    raw: list

    def __str__(self):
        return self.text

    def as_json(self):
        """Give text and numbers, these in four digits."""
        return {"text": self.text, "raw": [float(f"{x:.4g}") for x in self.raw]}


def ratio_figure(theirs, ours, word=""):
    """Give the median of ratios of times taken in the same turns, and their spread.

    The spread is from a tenth of the ratios to nine tenths.
    """
    ratios = np.asarray(theirs) / np.asarray(ours)
    low, high = np.quantile(ratios, (0.1, 0.9))
    spread = f"{low:.2g}-{high:.2g}"
    text = f"{np.median(ratios):.2g}x ({spread})" + (f" {word}" if word else "")
    return Figure(text, list(ratios))


class Table:
    """Rows of a table in markdown, printed as they come."""

    def __init__(self, title, *columns):
        self.title, self.columns, self.rows = title, columns, []
        print(f"\n### {title}\n\n" + "\n".join(self.lines), flush=True)

    @property
    def lines(self):
        """The table in markdown, without its title."""
        rows = [
            "| " + " | ".join(map(str, x)) + " |" for x in (self.columns, *self.rows)
        ]
        return [rows[0], "|" + " --- |" * len(self.columns), *rows[1:]]

    def add(self, *cells):
        """Add a row."""
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells for {len(self.columns)} columns.")
        self.rows.append([x if isinstance(x, Figure) else str(x) for x in cells])
        print(self.lines[-1], flush=True)

    def as_json(self):
        """Give JSON, a row a line."""
        rows = [
            json.dumps([x.as_json() if isinstance(x, Figure) else x for x in row])
            for row in self.rows
        ]
        head = f'"title": {json.dumps(self.title)},\n"columns": '
        head += json.dumps(self.columns)
        return "{" + head + ',\n"rows": [\n' + ",\n".join(rows) + "\n]}"


def in_turn(*calls, repeats=3, clock=time.process_time):
    """Give an array of seconds, a row a call: the calls take turns.

    The processor's time is less disturbed by other work on the machine than the wall
    clock's; it adds up over threads.
    """
    seconds = np.empty((len(calls), repeats))
    for turn in range(repeats):
        for kept, call in zip(seconds, calls, strict=True):
            start = clock()
            call()
            kept[turn] = clock() - start
    return seconds


def machine(*packages):
    """Describe the machine and the versions in a paragraph."""
    info = Path("/proc/cpuinfo")
    cpu = platform.processor()
    if info.exists():
        names = [x for x in info.read_text().splitlines() if x.startswith("model name")]
        cpu = names[0].split(":")[1].strip() if names else cpu
    found = {"Python": platform.python_version()}
    for name in (*PACKAGES, *packages):
        found[name] = importlib.metadata.version(name)
    found["skgd"] = skgd.__version__
    versions = ", ".join(f"{name} {version}" for name, version in found.items())
    return (
        f"{cpu}, {os.cpu_count()} cores, {platform.system()} {platform.machine()};"
        f" {versions}."
    )


def parser(doc):
    """Give a parser of the options that every script has."""
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--json", type=Path, help="file for the tables")
    made.add_argument("--scale", type=float, default=1.0, help="share of the full size")
    made.add_argument(
        "--quick",
        dest="scale",
        action="store_const",
        const=QUICK,
        help="a tenth of the size, not to be quoted",
    )
    return made


def save(options, tables, packages=()):
    """Write the tables, by short name, to the JSON file that the options name."""
    if not options.json:
        return
    about = {
        "machine": machine(*packages),
        "date": datetime.date.today().isoformat(),
        "load": round(os.getloadavg()[1], 1) if hasattr(os, "getloadavg") else None,
        "scale": options.scale,
    }
    head = ",\n".join(f"{json.dumps(key)}: {json.dumps(about[key])}" for key in about)
    body = ",\n".join(f'"{key}": {table.as_json()}' for key, table in tables.items())
    options.json.write_text(f'{{{head},\n"tables": {{\n{body}\n}}}}\n')


def resume(path, tables):
    """Take over the rows that a file holds for tables of the same columns."""
    if not path.exists():
        return
    for key, kept in json.loads(path.read_text())["tables"].items():
        for row in kept["rows"]:
            tables[key].add(*(Figure(**x) if isinstance(x, dict) else x for x in row))


def run(doc, measurements):
    """Measure what the command line asks for, each table by a function of the scale."""
    made = parser(doc)
    names = list(measurements)
    made.add_argument("--only", nargs="*", choices=names, default=names)
    options = made.parse_args()
    print(machine())
    tables = {}
    for name in options.only:
        tables[name] = measurements[name](options.scale)
        save(options, tables)
