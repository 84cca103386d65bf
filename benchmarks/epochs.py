"""Time an epoch of skgd against an epoch of scikit-learn's SGD.

Both fit the same data for the same number of epochs (tol=None), in turn, on one core
with one BLAS thread; the table shows the median of each and their ratio, beside the
ratio that is the goal. A fit is timed whole: validation, shuffling and the final
objective included.

    python benchmarks/epochs.py                # everything: about 15 minutes
    python benchmarks/epochs.py --quick        # a tenth of the values: not to be quoted
    python benchmarks/epochs.py --only memory
    python benchmarks/epochs.py --output performance-tables.md
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import argparse
import platform
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.sparse import csr_matrix
from sklearn.datasets import load_iris
from sklearn.linear_model import SGDClassifier, SGDRegressor

import skgd
from skgd import GDClassifier, GDRegressor

EPOCHS = 5
REPEATS = 3
EARLY = ", early stopping"


def median_times(first, second, repeats=REPEATS, clock=time.process_time):
    """Give the median seconds of two calls made in turn, after one call of each.

    The processor's time is less disturbed by other work on the machine than the wall
    clock's; it adds up over threads.
    """
    seconds = ([], [])
    first(), second()
    for _ in range(repeats):
        for call, kept in zip((first, second), seconds, strict=True):
            start = clock()
            call()
            kept.append(clock() - start)
    return np.median(seconds[0]), np.median(seconds[1])


def estimators(loss, **parameters):
    """Give an estimator of each package with the same steps."""
    common = {
        "loss": loss,
        "learning_rate": "invscaling",
        "eta0": 1e-3,
        "power_t": 0.25,
        "max_iter": EPOCHS,
        "tol": None,
        "random_state": 0,
    } | parameters
    if loss == "squared_error":
        return GDRegressor(**common), SGDRegressor(**common)
    return GDClassifier(multi_class="ovr", **common), SGDClassifier(**common)


class Table:
    """Rows of a markdown table, printed as they come."""

    def __init__(self, title, *columns):
        self.lines = [
            f"### {title}",
            "",
            "| " + " | ".join(columns) + " |",
            "|" + " --- |" * len(columns),
        ]
        print("\n" + "\n".join(self.lines), flush=True)

    def add(self, *cells):
        """Add a row."""
        self.lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
        print(self.lines[-1], flush=True)


def ratio_cells(ours, theirs, n, goal):
    """Give the cells of a comparison: nanoseconds a sample and epoch, ratio, goal."""
    scale = 1e9 / n / EPOCHS
    ratio = theirs / ours
    met = "" if goal is None else f"{goal:g}x {'met' if ratio >= goal else 'MISSED'}"
    return f"{ours * scale:.0f}", f"{theirs * scale:.0f}", f"{ratio:.1f}x", met


def dense_goal(dtype, d):
    """Give the goal for a stochastic epoch on dense rows, or None."""
    if dtype == np.float32:
        return 3.5 if d <= 30 else 6.0
    return {10: 4.0, 30: 4.0, 100: 3.0, 784: 2.5}.get(d)


def dense_data(n, d, dtype, rng):
    """Give rows of standard normals and labels of a linear rule with noise."""
    X = rng.standard_normal((n, d), dtype=dtype)
    z = X @ rng.standard_normal(d, dtype=dtype) / np.sqrt(d) + rng.standard_normal(n)
    return X, z


def measure_dense(scale):
    """Compare stochastic epochs on dense rows."""
    table = Table(
        "Stochastic, dense",
        *("values", "dtype", "d", "loss", "skgd ns", "SGD ns", "ratio", "goal"),
    )
    for size in (12_000_000, 40_000_000):
        for dtype in (np.float64, np.float32):
            for d in (10, 30, 100, 784, 4000):
                n = int(size * scale) // d
                X, z = dense_data(n, d, dtype, np.random.default_rng(0))
                for loss in ("squared_error", "log_loss"):
                    y = z if loss == "squared_error" else (z > 0).astype(int)
                    ours, theirs = estimators(loss)
                    times = median_times(
                        lambda: ours.fit(X, y), lambda: theirs.fit(X, y)
                    )
                    name = f"{size // 1_000_000}M", np.dtype(dtype).name, d, loss
                    table.add(*name, *ratio_cells(*times, n, dense_goal(dtype, d)))
    return table


def sparse_data(n, d, per_row, dtype, rng):
    """Give CSR rows of `per_row` entries in columns drawn uniformly."""
    indices = np.sort(rng.integers(0, d, (n, per_row), dtype=np.int32), axis=1)
    indptr = np.arange(0, n * per_row + 1, per_row, dtype=np.int32)
    values = rng.standard_normal(n * per_row, dtype=dtype)
    X = csr_matrix((values, indices.ravel(), indptr), shape=(n, d))
    return X, X @ rng.standard_normal(d) > 0


def measure_sparse(scale):
    """Compare stochastic epochs on sparse rows."""
    table = Table(
        "Stochastic, CSR, 100 000 columns, log loss",
        *("dtype", "entries a row", "penalty", "skgd ns", "SGD ns", "ratio", "goal"),
    )
    n = int(200_000 * scale)
    for dtype in (np.float64, np.float32):
        for per_row in (50, 100):
            X, y = sparse_data(n, 100_000, per_row, dtype, np.random.default_rng(0))
            for penalty, alpha, goal in (("l2", 1e-4, 2.0), ("l1", 1e-5, 3.0)):
                ours, theirs = estimators("log_loss", penalty=penalty, alpha=alpha)
                times = median_times(
                    lambda: ours.fit(X, y), lambda: theirs.fit(X, y), repeats=3
                )
                name = np.dtype(dtype).name, per_row, penalty
                table.add(*name, *ratio_cells(*times, n, goal))
    return table


def measure_classes(scale):
    """Compare one pass for ten classes with ten passes."""
    table = Table(
        "Stochastic, ten classes one-vs-rest, dense float64, log loss",
        *("n", "d", "skgd ns", "SGD ns", "ratio", "goal"),
    )
    for n, d in ((400_000, 30), (100_000, 100), (20_000, 784)):
        n = int(n * scale)
        rng = np.random.default_rng(0)
        X = rng.standard_normal((n, d))
        y = (X[:, :10] + rng.standard_normal((n, 10))).argmax(axis=1)
        ours, theirs = estimators("log_loss")
        times = median_times(
            lambda: ours.fit(X, y), lambda: theirs.fit(X, y), repeats=3
        )
        table.add(n, d, *ratio_cells(*times, n, 7.0))
    return table


def measure_mini_batch(scale):
    """Compare an epoch of mini-batches with an epoch of single rows."""
    table = Table(
        "Mini-batch of 64 rows against one row a step, log loss",
        *("storage", "dtype", "d", "64 rows ns", "one row ns", "ratio", "goal"),
    )
    for dtype in (np.float64, np.float32):
        for d in (10, 30, 100, 784, 4000, None):
            if d is None:
                n = int(200_000 * scale)
                X, y = sparse_data(n, 100_000, 50, dtype, np.random.default_rng(0))
            else:
                n = int(12_000_000 * scale) // d
                X, z = dense_data(n, d, dtype, np.random.default_rng(0))
                y = z > 0
            one, _ = estimators("log_loss")
            many = sklearn.clone(one).set_params(mode="mini-batch", batch_size=64)
            times = median_times(lambda: many.fit(X, y), lambda: one.fit(X, y))
            name = "dense" if d else "CSR, 50 a row", np.dtype(dtype).name, d or 100_000
            table.add(*name, *ratio_cells(*times, n, 1.0))
    return table


def measure_batch(scale):
    """Compare a batch gradient with the time to read X."""
    table = Table(
        "Batch gradient, log loss, 1M x 50 float64",
        *("what", "ms", "GB/s of X", "share of reading", "goal"),
    )
    n = int(1_000_000 * scale)
    X, z = dense_data(n, 50, np.float64, np.random.default_rng(0))
    y = z > 0
    gigabytes = X.nbytes / 1e9

    def gradient_time(n_jobs):
        # an epoch is one gradient: the slope over epochs leaves out the rest
        model = GDClassifier(
            mode="batch", learning_rate="constant", tol=None, n_jobs=n_jobs
        )
        few, many = sklearn.clone(model), sklearn.clone(model)
        few.set_params(max_iter=2), many.set_params(max_iter=12)
        return lambda: few.fit(X, y), lambda: many.fit(X, y)

    def sums(n_threads):
        """Give the seconds in which threads add up parts of X."""
        parts = np.array_split(X, n_threads)
        start = time.perf_counter()
        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(np.sum, parts))
        return time.perf_counter() - start

    reading, both_reading, one, two = [], [], [], []
    for _ in range(REPEATS):
        reading.append(sums(1))
        both_reading.append(sums(2))
        for n_jobs, kept in ((1, one), (2, two)):
            few, many = median_times(
                *gradient_time(n_jobs), repeats=1, clock=time.perf_counter
            )
            kept.append((many - few) / 10)
    read, both_read, one, two = map(np.median, (reading, both_reading, one, two))
    table.add(
        "sum of X (numpy)", f"{read * 1e3:.1f}", f"{gigabytes / read:.1f}", "100 %", ""
    )
    table.add(
        *("the same, 2 threads", f"{both_read * 1e3:.1f}"),
        *(f"{gigabytes / both_read:.1f}", f"{read / both_read:.2f}x one thread", ""),
    )
    share, speed = read / one, one / two
    met = "met" if share >= 0.6 else "MISSED"
    table.add(
        *("gradient, 1 thread", f"{one * 1e3:.1f}", f"{gigabytes / one:.1f}"),
        *(f"{100 * share:.0f} %", f"60 % {met}"),
    )
    met = "met" if speed >= 1.8 else "MISSED"
    table.add(
        *("gradient, 2 threads", f"{two * 1e3:.1f}", f"{gigabytes / two:.1f}"),
        *(f"{speed:.2f}x one thread", f"1.8x {met}"),
    )
    return table


def measure_iris(scale):
    """Compare the whole of a small fit, over seeds: they decide when it stops."""
    seeds = range(20)
    table = Table(
        f"Whole fit on iris, mean of {len(seeds)} seeds",
        *("skgd", "SGD", "skgd ms (epochs)", "SGD ms (epochs)", "ratio", "goal"),
    )
    X, y = load_iris(return_X_y=True)

    def fits(model):
        return [model.set_params(random_state=s).fit(X, y).n_iter_ for s in seeds]

    pairs = [("auto", "log_loss", "hinge"), ("auto", "hinge", "hinge")]
    pairs += [("optimal", "log_loss", "hinge"), ("optimal", "hinge", "hinge")]
    for rate, our_loss, their_loss in pairs:
        ours = GDClassifier(our_loss, learning_rate=rate)
        theirs = SGDClassifier(their_loss)
        goal = 2.0 if our_loss == "log_loss" else None
        a, b = median_times(lambda: fits(ours), lambda: fits(theirs), repeats=10)
        table.add(
            f"{our_loss}, {rate}",
            f"{their_loss}, optimal",
            f"{a / len(seeds) * 1e3:.2f} ({np.mean(fits(ours)):.0f})",
            f"{b / len(seeds) * 1e3:.2f} ({np.mean(fits(theirs)):.0f})",
            f"{b / a:.1f}x",
            "" if goal is None else f"{goal:g}x {'met' if b / a >= goal else 'MISSED'}",
        )
    return table


def peak_beyond(fit):
    """Give by how many bytes the resident memory rises during a call, on Linux."""

    def kilobytes(name):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(x.split()[1]) for x in lines if x.startswith(name))

    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark is now VmRSS
    before = kilobytes("VmRSS")
    fit()
    return max(kilobytes("VmHWM") - before, 0) * 1024


def memory_of_one_fit(kind, name, mode, scale):
    """Print the peak beyond X of one fit in this fresh process, and the size of X."""
    size = int(40_000_000 * scale)
    if kind == "csr":
        X, y = sparse_data(
            size // 50, 100_000, 50, np.float64, np.random.default_rng(0)
        )
        nbytes = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    else:
        dtype, d = kind.split("-")
        X, z = dense_data(
            size // int(d), int(d), np.dtype(dtype), np.random.default_rng(0)
        )
        y, nbytes = z > 0, X.nbytes
    y = np.asarray(y, dtype=np.float64)
    model = getattr(skgd, name)(
        mode=mode.removesuffix(EARLY),
        early_stopping=mode.endswith(EARLY),
        eta0=1e-4,
        max_iter=2,
        tol=None,
    )
    model.fit(X[:1000], y[:1000])  # what a first fit imports is not what a fit needs
    print(peak_beyond(lambda: model.fit(X, y)), nbytes)


def measure_memory(scale):
    """Compare the peak of memory during a fit with the size of X."""
    table = Table(
        "Peak of memory beyond X, 40M values",
        *("X", "model", "mode", "X, MB", "peak beyond X", "goal"),
    )
    kinds = (
        "float64-10",
        "float64-30",
        "float64-100",
        "float64-784",
        "float32-100",
        "csr",
    )
    models = "GDClassifier", "GDRegressor"
    modes = "stochastic", "mini-batch", "batch", "stochastic" + EARLY
    for case in product(kinds, models, modes):
        command = [
            sys.executable,
            __file__,
            "--memory-of",
            *case,
            "--scale",
            str(scale),
        ]
        output = subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout
        beyond, nbytes = map(int, output.split())
        met = "10 % met" if beyond < 0.1 * nbytes else "10 % MISSED"
        table.add(
            *case,
            f"{nbytes / 1e6:.0f}",
            f"{100 * beyond / nbytes:.1f} %",
            "" if case[-1].endswith(EARLY) else met,  # a splitter of scikit-learn's
        )
    return table


def machine():
    """Describe the machine and the versions in a paragraph."""
    info = Path("/proc/cpuinfo")
    cpu = platform.processor()
    if info.exists():
        names = [x for x in info.read_text().splitlines() if x.startswith("model name")]
        cpu = names[0].split(":")[1].strip() if names else cpu
    return (
        f"{cpu}, {os.cpu_count()} cores, {platform.system()} {platform.machine()};"
        f" Python {platform.python_version()}, numpy {np.__version__}, scipy"
        f" {scipy.__version__}, scikit-learn {sklearn.__version__}, skgd"
        f" {skgd.__version__}. {EPOCHS} epochs a fit."
    )


MEASUREMENTS = {
    "dense": measure_dense,
    "sparse": measure_sparse,
    "classes": measure_classes,
    "mini-batch": measure_mini_batch,
    "batch": measure_batch,
    "iris": measure_iris,
    "memory": measure_memory,
}


def main():
    """Measure what was asked for and print it as markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=MEASUREMENTS, default=MEASUREMENTS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, help=argparse.SUPPRESS)
    parser.add_argument("--memory-of", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # a few epochs with tol=None have not converged
    scale = 0.1 if arguments.quick else arguments.scale
    if arguments.memory_of:
        memory_of_one_fit(*arguments.memory_of, scale)
        return
    text = [machine()]
    print(text[0])
    for name in arguments.only:
        text += ["", *MEASUREMENTS[name](scale).lines]
    if arguments.output:
        arguments.output.write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
