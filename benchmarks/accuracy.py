"""Measure how far from the optimum skgd ends with default settings on raw data.

Every data set, loss that suits it, penalty, strength and mode; each fit is compared
with the optimum that optimum.py finds. The goals, with tol=1e-4 the default:

- (F - F*) / (F_null - F*) is at most tol, and ten times that for a loss with a kink;
- `converged_` is never true where it exceeds ten times tol;
- `suboptimality_` is within [1/3, 10] of F - F* on dense X, [1/10, 100] on CSR.

    python benchmarks/accuracy.py --rows 20000         # all, the longest sets sampled
    python benchmarks/accuracy.py --only diabetes hinge/l1 wine/softmax
    python benchmarks/accuracy.py --mode auto --dtype float32 --records fits.json
    python benchmarks/accuracy.py --optima             # only fill the cache of optima

Words in the table: "far", "untrue", and "optimistic" or "pessimistic" for an estimate
that miss these goals; "unconverged" where `converged_` is false; "below" where skgd
found less than F*; "unknown" where F* is not known well enough to judge.

A filter is words joined by "/", all of which have to be in the name of the case, which
is set/loss/penalty/alpha. Without X for a set, its cases are left out.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import signal
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from datasets import DATA_SETS, UnavailableError, load
from objective import CLASSIFICATION, KINKED, Problem, objective
from optimum import optimum, relative_suboptimality
from report import Figure, Table, parser, save
from scipy import sparse

from skgd import GDClassifier, GDRegressor

LOSSES = {
    "regression": (
        *("squared_error", "huber", "absolute_error", "quantile"),
        "epsilon_insensitive",
    ),
    "binary": ("log_loss", "squared_hinge", "hinge"),
}
LOSSES |= {"count": LOSSES["regression"], "multiclass": LOSSES["binary"]}
PENALTIES = "l2", "l1", "elasticnet"
ALPHAS = 1e-6, 1e-4, 1e-2
MODES = "auto", "batch", "mini-batch", "stochastic"
QUANTILE = 0.75
JUDGED = 1e-9  # of the null model's gap: below it, an estimate may say anything


class Case(NamedTuple):
    """A problem, by its names."""

    data: str
    loss: str
    penalty: str
    alpha: float

    def __str__(self):
        loss = self.loss
        if loss == "log_loss" and DATA_SETS[self.data][0] == "multiclass":
            loss = "softmax"
        return f"{self.data}/{loss}/{self.penalty}/{self.alpha:g}"

    def chosen(self, filters):
        """Tell whether a filter, or none, lets it through."""
        parts = str(self).split("/")
        return not filters or any(set(x.split("/")) <= set(parts) for x in filters)


def cases(filters):
    """Give the cases that the filters leave."""
    every = (
        Case(data, *rest)
        for data, (task, _) in DATA_SETS.items()
        for rest in product(LOSSES[task], PENALTIES, ALPHAS)
    )
    return [case for case in every if case.chosen(filters)]


@lru_cache(maxsize=1)
def loaded(name, rows, dtype):
    """Give a data set, kept until the next."""
    return load(name, rows, np.dtype(dtype))


def posed(case, options):
    """Give the Problem of a case."""
    data = loaded(case.data, options.rows, options.dtype)
    names = case.loss, case.penalty, case.alpha
    return Problem(data.X, data.y, *names, quantile=QUANTILE)


def estimator(case, mode, options):
    """Give skgd's estimator with the defaults of the learning rate that needs none."""
    common = {"loss": case.loss, "penalty": case.penalty, "alpha": case.alpha}
    common |= {"mode": mode, "learning_rate": "auto", "tol": options.tol}
    if case.loss in CLASSIFICATION:
        return GDClassifier(random_state=0, **common)
    return GDRegressor(random_state=0, quantile=QUANTILE, **common)


def fitted(model, problem, limit):
    """Fit within a time limit; give what to record of how it went."""

    def stop(*_):
        raise TimeoutError(f"no end after {limit:g} s")

    record = {"error": None, "warnings": []}
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit)
    begin = time.perf_counter()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(problem.X, problem.y)
        record["warnings"] = [
            f"{x.category.__name__}: {x.message}"[:200] for x in caught
        ]
    except Exception as error:
        record["error"] = f"{type(error).__name__}: {error}"[:200]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return record | {"seconds": time.perf_counter() - begin}


def measured(case, options):
    """Give a record for each mode, or none where the data can't be had."""
    try:
        problem = posed(case, options)
    except UnavailableError as reason:
        return [{"case": str(case), "mode": None, "skipped": str(reason)}]
    best = optimum(problem)
    records = []
    for mode in () if options.optima else options.mode:
        model = estimator(case, mode, options)
        record = {"case": str(case), "mode": mode}
        record |= {"null": best.null, "optimum": best.value}
        record |= {"certificate": best.certificate}
        record |= fitted(model, problem, options.limit)
        if record["error"] is None:
            coef, intercept = model.coef_, model.intercept_
            gap = objective(problem, coef, intercept) - best.value
            relative = relative_suboptimality(problem, coef, intercept, best)
            record |= {
                "relative": float(relative),
                "converged": bool(model.converged_),
                "suboptimality": float(model.suboptimality_),
                "ratio": float(model.suboptimality_ / gap) if relative else None,
                "n_iter": int(np.max(model.n_iter_)),
                "mode_": model.mode_,
            }
        record["verdict"] = verdict(record, case, sparse.issparse(problem.X), options)
        records.append(record)
    return records


def verdict(record, case, is_sparse, options):
    """Give what missed its goal, in one word each."""
    if record["error"]:
        return ["error"]
    if record["certificate"] > options.tol / 10:
        return ["unknown"]
    relative, ratio = record["relative"], record["ratio"]
    goal = options.tol * (10 if case.loss in KINKED else 1)
    low, high = (1 / 10, 100) if is_sparse else (1 / 3, 10)
    found = {
        "far": not relative <= goal,
        "untrue": record["converged"] and not relative <= 10 * options.tol,
        "optimistic": relative > JUDGED and ratio < low,
        "pessimistic": relative > JUDGED and ratio > high,
        "unconverged": not record["converged"],
        "below": relative < -max(1e-9, record["certificate"]),
    }
    return [word for word, holds in found.items() if holds]


def line(record):
    """Give a row of the table of misses."""
    name = f"{record['case']:48} {record['mode']:10}"
    if record["error"]:
        return f"{name} {record['error']}"
    ratio = record["ratio"]
    estimate = "    -   " if ratio is None else f"{ratio:8.1e}"
    text = f"{name} {record['relative']:9.1e} {estimate} {record['converged']!s:5}"
    text += f" {record['n_iter']:5} {record['seconds']:8.3f} s"
    return f"{text}  {' '.join(record['verdict'])}"


WORDS = "far", "untrue", "optimistic", "pessimistic", "unconverged", "below", "unknown"


def summary(records):
    """Give a table of counts and quantiles for each mode."""
    points = "median gap", "90 % gap", "worst gap"
    table = Table(
        "Fits with default settings against the optimum",
        *("mode", "fits", *WORDS, "error", "warned", *points, "seconds"),
    )
    for mode in MODES:
        own = [x for x in records if x["mode"] == mode]
        if not own:
            continue
        count = Counter(word for x in own for word in x["verdict"])
        relative = [x["relative"] for x in own if x["error"] is None] or [np.nan]
        numbers = [count[word] for word in (*WORDS, "error")]
        numbers.append(sum(bool(x["warnings"]) for x in own))
        gaps = [f"{x:.0e}" for x in np.quantile(relative, (0.5, 0.9, 1))]
        seconds = [x["seconds"] for x in own]
        total = Figure(f"{sum(seconds):.1f}", seconds)
        table.add(mode, len(own), *numbers, *gaps, total)
    return table


def options_from(arguments=None):
    """Read the command line."""
    made = parser(__doc__)
    made.add_argument("--only", nargs="*", default=[], metavar="FILTER")
    made.add_argument("--mode", nargs="*", choices=MODES, default=MODES)
    made.add_argument("--rows", type=int, help="most rows of a set, sampled")
    made.add_argument("--tol", type=float, default=1e-4)
    made.add_argument("--dtype", choices=("float64", "float32"), default="float64")
    made.add_argument("--jobs", type=int, default=1, help="processes")
    made.add_argument("--limit", type=float, default=120, help="seconds for a fit")
    made.add_argument("--optima", action="store_true", help="fit nothing")
    made.add_argument("--all", action="store_true", help="print the hits too")
    made.add_argument("--records", type=Path, help="file for a record of each fit")
    options = made.parse_args(arguments)
    if options.scale < 1:
        options.rows, options.mode = min(options.rows or 1000, 1000), ["auto"]
    return options


def results(todo, options):
    """Give the records of each case as they come."""
    if options.jobs == 1:
        yield from (measured(case, options) for case in todo)
        return
    with ProcessPoolExecutor(options.jobs) as pool:
        yield from pool.map(measured, todo, [options] * len(todo))


def main():
    """Measure what was asked for and print what missed its goal."""
    options = options_from()
    records, todo, skipped = [], cases(options.only), {}
    print(f"{'case':48} {'mode':10} {'gap':>9} {'estimate':>8} conv. "
          f"{'epochs':>5} {'time':>9}")  # fmt: skip
    for found in results(todo, options):
        for record in found:
            if "skipped" in record:
                skipped[record["case"].split("/")[0]] = record["skipped"]
                continue
            records.append(record)
            if record["verdict"] or options.all:
                print(line(record), flush=True)
        if options.records:
            options.records.write_text(json.dumps(records, indent=1))
    save(options, {"summary": summary(records)})
    for name, reason in skipped.items():
        print(f"\n{name} was left out: {reason}")


if __name__ == "__main__":
    main()
