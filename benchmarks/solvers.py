"""Time whole fits to a given accuracy, on raw and on standardised features.

skgd runs with learning_rate="auto" and nothing set but tol; a peer with each of its
solvers, its tolerance or iterations grown until it gets there. Shown is the median of
three laps in which the fastest take turns, on one core with one thread. What is not
known of F* counts against every solver. Solvers that are not installed are left out.
Standardised: scikit-learn's StandardScaler before, for everybody, and its time not
counted (sparse X is not centred).

    python benchmarks/solvers.py                       # raw: some 20 minutes
    python benchmarks/solvers.py --features standardised
    python benchmarks/solvers.py --only diamonds ill_binary/hinge
    SKGD_THREADS=2 python benchmarks/solvers.py        # two threads for each
"""

import threads  # isort: skip  # before NumPy is imported

import warnings
from functools import lru_cache

import numpy as np
from accuracy import QUANTILE, Case
from batch_gradient import bandwidth, least_reading
from datasets import UnavailableError, load
from objective import Problem
from optimum import optimum
from peers import PEERS
from race import TARGETS, best_peer, cpus, race
from report import Figure, Table, machine, parser, ratio_figure, resume, save
from scipy import sparse
from sklearn.preprocessing import StandardScaler

BEHIND = 1.2  # times the best peer: more is marked
FEATURES = "raw", "standardised"

# what is fitted: set, losses, penalties
PROBLEMS = [
    ("diabetes", "squared_error huber absolute_error", "l2 l1"),
    ("diamonds", "squared_error", "l2 l1 elasticnet"),
    ("diamonds", "huber absolute_error epsilon_insensitive", "l2"),
    ("flights_delay", "squared_error absolute_error", "l2 l1"),
    ("docvis", "squared_error quantile", "l2 l1"),
    ("ill_regression", "squared_error", "l2 l1 elasticnet"),
    ("ill_regression", "huber absolute_error", "l2"),
    ("ill_regression", "quantile", "l1"),
    ("breast_cancer", "log_loss squared_hinge hinge", "l2 l1"),
    ("ill_binary", "log_loss squared_hinge hinge", "l2 l1"),
    ("wine", "log_loss hinge", "l2"),
    ("digits", "log_loss", "l2 l1"),
    ("digits", "squared_hinge hinge", "l2"),
    ("movie_polarity", "log_loss squared_hinge hinge", "l2 l1"),
    ("movie_rating", "squared_error absolute_error", "l2 l1"),
    ("insteval", "squared_error huber absolute_error", "l2 l1"),
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
def loaded(name, rows, features):
    """Give X and y of a data set, kept until the next."""
    data = load(name, rows)
    if features == "raw":
        return data.X, data.y
    scaler = StandardScaler(with_mean=not sparse.issparse(data.X))
    X = scaler.fit_transform(data.X)
    return X if sparse.issparse(X) else np.ascontiguousarray(X), data.y


def milliseconds(seconds):
    """Give the median in three figures, or a dash, with the times behind it."""
    seconds = [x for x in np.atleast_1d(seconds) if np.isfinite(x)]
    return Figure(f"{1e3 * np.median(seconds):.3g}" if seconds else "-", seconds)


def reading(own, speed):
    """Give what reading X for skgd's fit to 1e-4 takes at least."""
    problem, target = own.problem, TARGETS[1]
    if target not in own.budgets:
        return Figure("-", [])
    n_iter = own.n_iter[own.budgets[target]]
    return least_reading(problem.X, problem.loss, n_iter, speed)


def cells(races, target):
    """Give skgd's time, the best peer's and its name, and their ratio."""
    own, best = races[0], best_peer(races, target)
    ours = milliseconds(own.times(target))
    if best is None:
        return ours, "none", Figure("alone" if ours.raw else "-", [])
    shown = milliseconds(best.times(target))
    shown.text += f" {best.peer.name}"
    if not ours.raw:
        return ours, shown, Figure("not reached BEHIND", [])
    ratio = best.at(target) / own.at(target)
    shortest = min(len(best.times(target)), len(own.times(target)))
    laps = [race.times(target)[:shortest] for race in (best, own)]
    figure = ratio_figure(*laps)
    figure.text = f"{ratio:.2f}" + (" BEHIND" if ratio * BEHIND < 1 else "")
    return ours, shown, figure


def add_details(table, case, races):
    """Add a row for each solver."""
    for one in races:
        times = [milliseconds(one.times(target)) for target in TARGETS]
        gap = f"{one.gap_reached:.0e}"
        usual = ("-", "-")
        if one.defaults:
            usual = f"{one.defaults[0]:.0e}", milliseconds(one.defaults[1])
        note = (one.error or one.peer.note).replace("|", "/")
        table.add(case, one.peer.name, *times, gap, *usual, note)


def measure(options):
    """Give the table of problems and that of all solvers, saved as far as they are."""
    speed = bandwidth()
    print(f"One thread reads {speed / 1e9:.1f} GB/s.")
    names = [f"{w} to {x:g}" for x in TARGETS for w in ("skgd", "best peer", "ratio")]
    title = f"Time to accuracy, {options.features} features, ms"
    table = Table(title, "problem", *names, "reading X (times)")
    usual = "default tol: gap", "default tol: ms"
    times = [f"to {x:g}" for x in TARGETS]
    every = Table(
        f"All solvers, {options.features} features, ms",
        *("problem", "solver", *times, "least gap", *usual, "note"),
    )
    tables = {"problems": table, "solvers": every}
    if options.resume:
        resume(options.json, tables)
    done = {row[0] for row in table.rows}
    for case in cases(options.only, options.alpha):
        if str(case) in done:
            continue
        try:
            X, y = loaded(case.data, options.rows, options.features)
        except UnavailableError as reason:
            print(f"{case.data} was left out: {reason}")
            continue
        names = case.loss, case.penalty, case.alpha
        problem = Problem(X, y, *names, quantile=QUANTILE)
        best = optimum(problem)
        if best.certificate > TARGETS[-1]:
            print(f"{case}: F* is known to {best.certificate:.0e} only.")
        races = race(problem, best, options.seconds)
        add_details(every, case, races)
        shown = [x for target in TARGETS for x in cells(races, target)]
        table.add(case, *shown, reading(races[0], speed))
        save(options, tables, {x.distribution for x in PEERS if x.installed()})
    return tables


def main():
    """Measure what was asked for."""
    made = parser(__doc__)
    made.add_argument("--only", nargs="*", default=[], metavar="FILTER")
    made.add_argument("--features", choices=FEATURES, default="raw")
    made.add_argument("--alpha", type=float, default=1e-4)
    made.add_argument("--rows", type=int, help="most rows of a set, sampled")
    made.add_argument("--seconds", type=float, default=3.0, help="for a solver")
    made.add_argument("--resume", action="store_true", help="keep what --json holds")
    options = made.parse_args()
    if options.scale < 1:
        options.only = options.only or ["diabetes", "ill_binary/log_loss"]
        options.rows = options.rows or 5000
        options.seconds = min(options.seconds, 0.3)
    warnings.simplefilter("ignore")  # growing budgets end before convergence
    cpus()
    absent = sorted({x.package for x in PEERS if not x.installed()})
    print(machine(), f"{threads.THREADS} threads.")
    print(f"Not installed: {', '.join(absent) or 'none'}.")
    measure(options)


if __name__ == "__main__":
    main()
