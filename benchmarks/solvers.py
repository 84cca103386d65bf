"""Time whole fits to a given accuracy on raw data: skgd against other solvers.

For each problem every solver's budget (a tolerance, or iterations) grows until the
relative suboptimality (F - F*) / (F_null - F*) is below a target. What is shown is the
median time of three fits, nine if they are quick, with the first budget that gets
there: all solvers in turn, on one core with one thread. Solvers that are not installed
are left out. skgd runs with learning_rate="auto" and nothing set but tol.

    python benchmarks/solvers.py                       # all: about an hour
    python benchmarks/solvers.py --only diamonds ill_binary/hinge
    python benchmarks/solvers.py --rows 20000 --seconds 1 --output solvers.md
"""

import os

os.environ.update(
    {f"{x}_NUM_THREADS": "1" for x in ("OPENBLAS", "OMP", "MKL", "NUMBA", "BLIS")}
)

import argparse
import time
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
from accuracy import QUANTILE, Case
from datasets import UnavailableError, load
from epochs import EPOCHS, Table, machine
from objective import Problem
from optimum import optimum, relative_suboptimality
from peers import PEERS, SKGD

TARGETS = 1e-2, 1e-4, 1e-6
REPEATS = 3
QUICK = 0.02  # seconds
BEHIND = 1.2  # times the best peer: more is marked

# what is fitted: set, losses, penalties
PROBLEMS = [
    ("diabetes", "squared_error huber absolute_error", "l2 l1"),
    ("diamonds", "squared_error", "l2 l1 elasticnet"),
    ("diamonds", "huber absolute_error epsilon_insensitive", "l2"),
    ("flights_delay", "squared_error absolute_error", "l2 l1"),
    ("insteval", "squared_error huber absolute_error", "l2"),
    ("movie_rating", "squared_error absolute_error", "l2"),
    ("movie_rating", "squared_error", "l1"),
    ("docvis", "squared_error quantile", "l2 l1"),
    ("ill_regression", "squared_error", "l2 l1 elasticnet"),
    ("ill_regression", "huber absolute_error", "l2"),
    ("ill_regression", "quantile", "l1"),
    ("breast_cancer", "log_loss squared_hinge hinge", "l2 l1"),
    ("ill_binary", "log_loss squared_hinge hinge", "l2 l1"),
    ("movie_polarity", "log_loss squared_hinge hinge", "l2"),
    ("movie_polarity", "log_loss", "l1"),
    ("wine", "log_loss hinge", "l2"),
    ("digits", "log_loss", "l2 l1"),
    ("digits", "squared_hinge hinge", "l2"),
]


def cases(filters, alpha):
    """Give the problems that the filters leave."""
    every = (
        Case(data, loss, penalty, alpha)
        for data, losses, penalties in PROBLEMS
        for loss in losses.split()
        for penalty in penalties.split()
    )
    return [case for case in every if case.chosen(filters)]


@lru_cache(maxsize=1)
def loaded(name, rows):
    """Give a data set, kept until the next."""
    return load(name, rows)


def timed(peer, problem, budget):
    """Give the coefficients of a fit and its seconds: of wall or of CPU, the smaller.

    With one thread they differ by what other processes took.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    model = peer.fit(problem, budget)
    seconds = min(time.perf_counter() - wall, time.process_time() - cpu)
    if isinstance(model, tuple):
        return *model, seconds
    return model.coef_, model.intercept_, seconds


class Race:
    """One solver on one problem: the first budgets that reach the targets."""

    def __init__(self, peer, problem, best, seconds):
        self.peer, self.problem = peer, problem
        self.budgets, self.least, self.error = {}, np.inf, None
        self.seconds = {}  # of fits, for each budget
        self.search(best, seconds)

    def search(self, best, limit):
        """Let the budget grow until the targets are met or the time is up."""
        spent = 0.0
        try:
            timed(self.peer, self.problem, self.peer.budgets[0])  # may compile
            for budget in self.peer.budgets:
                coef, intercept, seconds = timed(self.peer, self.problem, budget)
                spent += seconds
                gap = relative_suboptimality(self.problem, coef, intercept, best)
                self.least = min(self.least, gap)
                for target in TARGETS:
                    if gap <= target:
                        self.budgets.setdefault(target, budget)
                if len(self.budgets) == len(TARGETS) or spent > limit:
                    break
        except Exception as error:  # another package's: it is reported, not ours
            self.error = f"{type(error).__name__}: {error}"[:100]

    def lap(self):
        """Time a fit with each of the budgets once, a quick one thrice."""
        for budget in dict.fromkeys(self.budgets.values()):
            kept = self.seconds.setdefault(budget, [])
            for _ in range(3):
                kept.append(timed(self.peer, self.problem, budget)[-1])
                if kept[-1] > QUICK:
                    break

    def at(self, target):
        """Give the median seconds to the target, or infinity."""
        if target not in self.budgets:
            return np.inf
        return float(np.median(self.seconds[self.budgets[target]]))


def milliseconds(seconds):
    """Give a time in three figures, or a dash."""
    return f"{1e3 * seconds:.3g}" if np.isfinite(seconds) else "-"


def compare(case, options):
    """Give skgd's race and its peers' on a problem."""
    data = loaded(case.data, options.rows)
    names = case.loss, case.penalty, case.alpha
    problem = Problem(data.X, data.y, *names, quantile=QUANTILE)
    best = optimum(problem)
    peers = [x for x in PEERS if x.suits(problem) and x.installed()]
    races = [Race(peer, problem, best, options.seconds) for peer in [SKGD, *peers]]
    for _ in range(REPEATS):
        for race in races:
            race.lap()
    return races


def cells(races, target):
    """Give skgd's time, the best peer's, and their ratio."""
    own, *others = races
    best = min(others, key=lambda race: race.at(target), default=None)
    ours, theirs = own.at(target), best.at(target) if best else np.inf
    if np.isinf(theirs):
        return milliseconds(ours), "none", "alone" if np.isfinite(ours) else "-"
    ratio = f"{ours / theirs:.2f}" + (" BEHIND" if ours > BEHIND * theirs else "")
    return milliseconds(ours), f"{milliseconds(theirs)} {best.peer.name}", ratio


def details(results):
    """Give a table of every solver's times."""
    table = Table(
        "All solvers, ms",
        *("problem", "solver", *(f"to {x:g}" for x in TARGETS), "least gap", "note"),
    )
    for case, races in results:
        for race in races:
            times = [milliseconds(race.at(target)) for target in TARGETS]
            gap = f"{race.least:.0e}"
            note = race.error or race.peer.note
            table.add(case, race.peer.name, *times, gap, note.replace("|", "/"))
    return table


def main():
    """Measure what was asked for and print it as markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[], metavar="FILTER")
    parser.add_argument("--alpha", type=float, default=1e-4)
    parser.add_argument("--rows", type=int, help="most rows of a set, sampled")
    parser.add_argument("--seconds", type=float, default=3.0, help="for a solver")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # growing budgets end before convergence
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    absent = sorted({x.package for x in PEERS if not x.installed()})
    about = machine().removesuffix(f" {EPOCHS} epochs a fit.")
    head = [about, f"Not installed: {', '.join(absent)}." if absent else ""]
    print("\n".join(head))
    columns = [
        f"{what} to {x:g}" for x in TARGETS for what in ("skgd", "peer", "ratio")
    ]
    table = Table("Time to accuracy, ms", "problem", *columns)
    results = []
    for case in cases(options.only, options.alpha):
        try:
            races = compare(case, options)
        except UnavailableError as reason:
            print(f"{case.data} was left out: {reason}")
            continue
        results.append((case, races))
        table.add(case, *(x for target in TARGETS for x in cells(races, target)))
        if options.output:  # as far as it has come
            options.output.write_text("\n".join([*head, "", *table.lines]) + "\n")
    every = details(results)
    if options.output:
        lines = [*head, "", *table.lines, "", *every.lines]
        options.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
