"""Time a batch gradient against reading X, on one thread and on two.

python benchmarks/batch_gradient.py
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import sklearn
from epochs import dense_data
from report import Figure, Table, in_turn, run
from scipy import sparse

from skgd import GDClassifier

REPEATS = 15
EPOCHS = 2, 12  # the slope between them leaves out what is no epoch


def read(X, n_threads=1):
    """Add up X, a part a thread: nothing that reads X from memory takes much less."""
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(np.sum, np.array_split(X, n_threads)))


def bandwidth(megabytes=320):
    """Give the bytes a second that one thread reads, the best of five."""
    X = np.ones(megabytes * 125_000)
    return X.nbytes / in_turn(lambda: read(X), repeats=5).min()


def least_reading(X, loss, n_iter, speed):
    """Give the milliseconds that auto descent's reads of X take at least, and how many.

    Squared error of few dense columns reads X three times; other losses twice, and
    twice an epoch (gradient and products; the image of the step).
    """
    few = loss == "squared_error" and not sparse.issparse(X)
    reads = 3 if few else 2 + 2 * n_iter
    parts = (X.data, X.indices, X.indptr) if sparse.issparse(X) else (X,)
    seconds = reads * sum(part.nbytes for part in parts) / speed
    return Figure(f"{1e3 * seconds:.2g} ({reads})", [seconds])


def gradients(X, y, n_jobs):
    """Give two fits, of few and of many gradients."""
    model = GDClassifier(
        mode="batch", learning_rate="constant", tol=None, n_jobs=n_jobs
    )
    models = [sklearn.clone(model).set_params(max_iter=x) for x in EPOCHS]
    return [lambda one=one: one.fit(X, y) for one in models]


def measure_batch(scale):
    """Compare a batch gradient with the time to read X."""
    n = int(1_000_000 * scale)
    table = Table(
        f"Batch gradient, log loss, {n:,} x 50 float64",
        *("what", "ms", "GB/s of X", "share of reading", "goal"),
    )
    X, z = dense_data(n, 50, np.float64, np.random.default_rng(0))
    y = z > 0
    calls = [lambda: read(X), lambda: read(X, 2), *gradients(X, y, 1)]
    calls += gradients(X, y, 2)
    seconds = in_turn(*calls, repeats=REPEATS, clock=time.perf_counter)
    few = EPOCHS[1] - EPOCHS[0]
    times = [*seconds[:2], *((seconds[i + 1] - seconds[i]) / few for i in (2, 4))]
    reading, both_reading, one, two = (np.median(x) for x in times)
    share, speed = reading / one, one / two
    notes = [("100 %", ""), (f"{reading / both_reading:.2f}x one thread", "")]
    met = "met" if share >= 0.6 else "MISSED"
    notes.append((f"{100 * share:.0f} %", f"60 % {met}"))
    met = "met" if speed >= 1.8 else "MISSED"
    both = f"{100 * both_reading / two:.0f} % of two threads, {speed:.2f}x one"
    notes.append((both, f"1.8x {met}"))
    names = "sum of X (numpy)", "the same, 2 threads"
    names += "gradient, 1 thread", "gradient, 2 threads"
    for name, own, note in zip(names, times, notes, strict=True):
        middle = np.median(own)
        figure = Figure(f"{middle * 1e3:.1f}", list(own))
        table.add(name, figure, f"{X.nbytes / 1e9 / middle:.1f}", *note)
    return table


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # a few epochs with tol=None have not converged
    run(__doc__, {"batch": measure_batch})
