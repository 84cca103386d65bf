"""Fit Dask arrays: agreement with memory, rounds, peers, throughput, lost workers.

    python benchmarks/dask_blocks.py agreement            # ten real sets, threads
    python benchmarks/dask_blocks.py agreement --cluster  # on a cluster of two workers
    python benchmarks/dask_blocks.py rounds
    python benchmarks/dask_blocks.py peers                # needs dask-ml
    python benchmarks/dask_blocks.py throughput --gigabytes 4
    python benchmarks/dask_blocks.py lost

A round is a task a block. The gap is (F - F*) / (F_0 - F*), F* of a fit in memory with
a small tol and F_0 of the best constant.
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import signal
import threading
import time
import warnings
from contextlib import contextmanager, nullcontext

import dask
import dask.array as da
import numpy as np
from datasets import load
from report import Figure, Table, parser, save
from scipy import sparse

from skgd import GDClassifier, GDRegressor
from skgd._dask import _rounds

REAL = (
    "diabetes", "diamonds", "flights_delay", "insteval", "movie_rating",
    "breast_cancer", "movie_polarity", "wine", "digits", "docvis",
)  # fmt: skip
BLOCKS = 1, 2, 7, 64
SOLVERS = "lbfgs", "newton", "admm", "gradient_descent", "proximal_grad"


def estimator_for(task, **options):
    """Give the estimator of a task with its default loss."""
    if task == "count":
        return GDRegressor("poisson", **options)
    kind = GDRegressor if task == "regression" else GDClassifier
    return kind(**options)


def cut(X, y, n_blocks):
    """Give persisted Dask arrays of so many blocks."""
    size = -(-len(y) // n_blocks)
    if sparse.issparse(X):
        parts = [X[i : i + size] for i in range(0, len(y), size)]
        blocks = [
            da.from_delayed(dask.delayed(p), p.shape, meta=sparse.csr_matrix((0, 0)))
            for p in parts
        ]
        X = da.concatenate(blocks)
    else:
        X = da.from_array(X, (size, X.shape[1]))
    return dask.persist(X, da.from_array(y, size))


@contextmanager
def counted():
    """Count rounds."""
    count, total = [0], _rounds.Blocks.total

    def counting(self, *given):
        count[0] += 1
        return total(self, *given)

    _rounds.Blocks.total = counting
    try:
        yield count
    finally:
        _rounds.Blocks.total = total


@contextmanager
def cluster(n_workers=2):
    """Give a client of a cluster on this machine, a thread a worker."""
    from dask.distributed import Client, LocalCluster

    options = {"threads_per_worker": 1, "dashboard_address": None, "memory_limit": 0}
    with LocalCluster(n_workers=n_workers, **options) as made, Client(made) as client:
        yield client


def timed(function):
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def agreement(options):
    """Print how far objectives in blocks are from those in memory."""
    tol = options.tol
    titles = "set", "rows x columns", "blocks", "order of y", "rounds", "s", "relative"
    table = Table("Objectives in blocks against those in memory", *titles)
    with cluster() if options.cluster else nullcontext():
        for name in options.names or REAL:
            _, task, X, y = load(name)
            in_memory = estimator_for(task, tol=tol).fit(X, y).objective_
            order = np.argsort(y, kind="stable")
            for n_blocks in options.blocks:
                for words, rows in (("as it is", slice(None)), ("sorted", order)):
                    data = cut(X[rows], y[rows], n_blocks)
                    with counted() as count:
                        fit, s = timed(lambda: estimator_for(task, tol=tol).fit(*data))
                    apart = (fit.objective_ - in_memory) / abs(in_memory)
                    size = f"{X.shape[0]} x {X.shape[1]}"
                    own = count[0], Figure(f"{s:.2f}", [s]), f"{apart:+.1e}"
                    table.add(name, size, n_blocks, words, *own)
    return table


def gap_of(task, X, y, fit, best, penalty="l2"):
    """Give the gap of a model that may be anyone's, by F in memory."""
    model = estimator_for(task, penalty=penalty, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        null = estimator_for(task, alpha=1e12, max_iter=1, tol=None).fit(X, y)
    posed = model._posed(X, y, None)
    coef, intercept = np.atleast_2d(fit.coef_), np.ravel(fit.intercept_)
    value = posed.objective(np.asarray(coef, dtype=np.float64), intercept)
    return (value - best) / (null.objective_ - best)


def rounds(options):
    """Print rounds, epochs and gap at tolerances."""
    titles = "set", "penalty", "tol", "epochs", "rounds", "gap"
    table = Table("Rounds to a tolerance, in 8 blocks", *titles)
    for name in options.names or REAL:
        _, task, X, y = load(name)
        for penalty in ("l2", "l1"):
            best = estimator_for(task, penalty=penalty, tol=1e-12)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                best = best.fit(X, y)
            data = cut(X, y, 8)
            for tol in (1e-4, 1e-6):
                with counted() as count:
                    model = estimator_for(task, penalty=penalty, tol=tol).fit(*data)
                gap = gap_of(task, X, y, model, best.objective_, penalty)
                own = f"{tol:g}", model.n_iter_, count[0], f"{gap:.1e}"
                table.add(name, penalty, *own)
    return table


def peer_for(task, solver, n_rows):
    """Give dask-ml's estimator of the same objective, but for its intercept."""
    from dask_ml import linear_model

    kind = {
        "regression": linear_model.LinearRegression,
        "binary": linear_model.LogisticRegression,
        "count": linear_model.PoissonRegression,
    }[task]
    return kind(penalty="l2", C=1 / (1e-4 * n_rows), solver=solver, max_iter=100)


def peers(options):
    """Print times and gaps beside dask-ml's solvers."""
    titles = "set", "X", "fit", "s", "gap"
    table = Table("Dask arrays beside dask-ml", *titles)
    names = "diabetes", "diamonds", "breast_cancer", "docvis", "ill_binary"
    warnings.simplefilter("ignore")
    warm = load("diabetes")
    estimator_for(warm.task).fit(*cut(warm.X, warm.y, 8))  # Dask's first graph
    for name in options.names or names:
        _, task, raw, y = load(name)
        sd = raw.std(axis=0)
        scaled = (raw - raw.mean(axis=0)) / np.where(sd > 0, sd, 1.0)
        for words, X in (("raw", raw), ("standardised", scaled)):
            best = estimator_for(task, tol=1e-12).fit(X, y).objective_
            data = cut(X, y, 8)
            fits = {"skgd": estimator_for(task, tol=1e-6)}
            fits |= {f"dask-ml {s}": peer_for(task, s, len(y)) for s in SOLVERS}
            for what, model in fits.items():
                try:
                    fit, seconds = timed(lambda model=model: model.fit(*data))
                    gap = gap_of(task, X, y, fit, best)
                    figure = Figure(f"{seconds:.2f}", [seconds])
                    table.add(name, words, what, figure, f"{gap:.1e}")
                except Exception as error:
                    shown = f"{type(error).__name__}: {str(error)[:60]}"
                    table.add(name, words, what, shown, "")
    return table


def throughput(options):
    """Print the time of a fit with one worker and with two, and their own seconds.

    Where other work keeps the cores busy, seconds of the clock say little: seconds that
    the workers computed for say how far two share the work, and at what loss.
    """
    n_columns = 100
    size = 100_000
    n_rows = int(options.gigabytes * 1e9 / (8 * n_columns)) // size * size
    clock, own = {1: [], 2: []}, {1: [], 2: []}
    for turn in range(2 * options.repeats):
        n_workers = 1 + turn % 2
        with cluster(n_workers) as client:
            rng = da.random.default_rng(0)
            X = rng.normal(size=(n_rows, n_columns), chunks=(size, n_columns)).persist()
            y = X[:, :10].sum(axis=1) + rng.logistic(size=n_rows, chunks=size) > 0
            y = y.astype(np.int8).persist()
            dask.distributed.wait([X, y])
            before = client.run(time.process_time)
            with counted() as count:
                model, s = timed(lambda X=X, y=y: GDClassifier().fit(X, y))
            after = client.run(time.process_time)
        spent = [after[worker] - before[worker] for worker in after]
        clock[n_workers].append(s)
        own[n_workers].append(max(spent))
        print(f"{n_workers} workers: {X.nbytes / 1e9:.1f} GB, {count[0]} rounds in"
              f" {s:.1f} s; own seconds {', '.join(f'{x:.1f}' for x in spent)};"
              f" objective {model.objective_:.12f}", flush=True)  # fmt: skip
    for words, found in (("clock", clock), ("own seconds of the busier", own)):
        ratio = np.median(found[1]) / np.median(found[2])
        print(f"two workers are {ratio:.2f} times as fast as one, by {words}")


def lost(options):
    """Kill a worker in the middle of a fit."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200_000, 50))
    y = (X[:, :5].sum(axis=1) + rng.logistic(size=len(X)) > 0).astype(int)
    with cluster() as client:
        data = cut(X, y, 16)
        dask.distributed.wait(data)
        alone = GDClassifier(tol=1e-8).fit(*data)
        victim = next(iter(client.run(os.getpid).values()))
        timer = threading.Timer(options.after, os.kill, (victim, signal.SIGKILL))
        timer.start()
        model, seconds = timed(lambda: GDClassifier(tol=1e-8).fit(*data))
        alive = victim in client.run(os.getpid).values()
    print(f"killed after {options.after} s of {seconds:.1f} s: {not alive}; the same"
          f" coefficients: {np.array_equal(model.coef_, alone.coef_)}")  # fmt: skip


def main():
    made = parser(__doc__)
    what = {f.__name__: f for f in (agreement, rounds, peers, throughput, lost)}
    made.add_argument("what", choices=what)
    made.add_argument("names", nargs="*", help="data sets; all by default")
    made.add_argument("--cluster", action="store_true", help="not threads")
    made.add_argument("--blocks", type=int, nargs="+", default=BLOCKS)
    made.add_argument("--tol", type=float, default=1e-10)
    made.add_argument("--gigabytes", type=float, default=4.0)
    made.add_argument("--repeats", type=int, default=2)
    made.add_argument("--after", type=float, default=0.5, help="seconds")
    options = made.parse_args()
    if options.scale < 1:
        options.names, options.blocks = options.names or ["diabetes"], [7]
    table = what[options.what](options)
    if table:
        save(options, {options.what: table})


if __name__ == "__main__":
    main()
