"""Files of results in JSON, as tables, and what their cells show."""

import json
import re
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent.parent / "docs" / "benchmarks"
FEATURES = "raw", "standardised"


def text(cell):
    """Give what a cell shows."""
    return cell["text"] if isinstance(cell, dict) else str(cell)


def ratio(cell):
    """Give the ratio of medians that a cell shows, or nan if there is none."""
    number = re.match(r"[\d.]+", text(cell))
    return float(number[0]) if number else np.nan


class Results:
    """The files of results in a folder."""

    def __init__(self, folder):
        self.files = {
            path.stem: json.loads(path.read_text("utf-8"))
            for path in sorted(folder.glob("*.json"))
        }

    def table(self, name, key):
        """Give columns and rows of a table, or None if it was not measured."""
        found = self.files.get(name, {}).get("tables", {}).get(key)
        return found and (found["columns"], found["rows"])

    def column(self, name, key, title):
        """Give the cells of a column."""
        columns, rows = self.table(name, key) or ([title], [])
        return [row[columns.index(title)] for row in rows]

    def about(self, name):
        """Say when and on what a file was measured."""
        if name not in self.files:
            return f"Not measured: `python benchmarks/run.py --only {name}`."
        about = self.files[name]
        words = f"`python benchmarks/run.py --only {name}`, {about['date']}"
        if about.get("load") is not None:
            words += f", {about['load']:g} processes busy"
        if about["scale"] != 1:
            words += f", at {about['scale']:g} of the full size"
        note = about.get("note", "")
        return f"{words}{': ' + note if note else ''}. {about['machine']}"

    def ratios(self, features, target):
        """Give (problem, ratio cell) of a race: best peer's time over skgd's."""
        name = f"solvers-{features}"
        cells = self.column(name, "problems", f"ratio to {target}")
        return list(zip(self.column(name, "problems", "problem"), cells, strict=True))
