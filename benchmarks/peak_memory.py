"""Measure the peak of memory that a fit takes beyond X, each in a fresh process.

python benchmarks/peak_memory.py           # on Linux
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import subprocess
import sys
import warnings
from itertools import product
from pathlib import Path

import numpy as np
from epochs import dense_data, sparse_data
from report import Figure, Table, run

import skgd

EARLY = ", early stopping"
KINDS = "float64-10", "float64-30", "float64-100", "float64-784", "float32-100", "csr"
MODELS = "GDClassifier", "GDRegressor"
MODES = "stochastic", "mini-batch", "batch", "stochastic" + EARLY
AUTO = "auto"  # descent without a rate, that is: in batch mode


def peak_beyond(fit):
    """Give by how many bytes the resident memory rises during a call, on Linux."""

    def kilobytes(name):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(x.split()[1]) for x in lines if x.startswith(name))

    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark is now VmRSS
    before = kilobytes("VmRSS")
    fit()
    return max(kilobytes("VmHWM") - before, 0) * 1024


def data(kind, size):
    """Give X of so many values, z and the bytes of X."""
    rng = np.random.default_rng(0)
    if kind == "csr":
        X, y = sparse_data(size // 50, 100_000, 50, np.float64, rng)
        return X, y, X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    dtype, d = kind.split("-")
    X, z = dense_data(size // int(d), int(d), np.dtype(dtype), rng)
    return X, z > 0, X.nbytes


def one_fit(kind, name, mode, size):
    """Print the peak beyond X of one fit in this fresh process, and the size of X."""
    X, y, nbytes = data(kind, int(size))
    y = np.asarray(y, dtype=np.float64)
    textbook = {
        "mode": mode.removesuffix(EARLY),
        "early_stopping": mode.endswith(EARLY),
        "learning_rate": "invscaling",
        "eta0": 1e-4,
    }
    own = {"max_iter": 2, "tol": None} | ({} if mode == AUTO else textbook)
    model = getattr(skgd, name)(**own)
    model.fit(X[:1000], y[:1000])  # what a first fit imports is not what a fit needs
    print(peak_beyond(lambda: model.fit(X, y)), nbytes)


def measure_memory(scale):
    """Compare the peak of memory during a fit with the size of X."""
    size = int(40_000_000 * scale)
    table = Table(
        f"Peak of memory beyond X, {size // 1_000_000}M values",
        *("X", "model", "mode", "X, MB", "peak beyond X", "goal"),
    )
    for case in product(KINDS, MODELS, (*MODES, AUTO)):
        command = [sys.executable, __file__, "--one", *case, str(size)]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        beyond, nbytes = map(int, run.stdout.split())
        met = "10 % met" if beyond < 0.1 * nbytes else "10 % MISSED"
        figure = Figure(f"{100 * beyond / nbytes:.1f} %", [beyond])
        free = case[-1] == AUTO or case[-1].endswith(EARLY)  # a splitter of sklearn's
        table.add(*case, f"{nbytes / 1e6:.0f}", figure, "" if free else met)
    return table


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # a few epochs with tol=None have not converged
    if sys.argv[1:2] == ["--one"]:
        one_fit(*sys.argv[2:])
    else:
        run(__doc__, {"memory": measure_memory})
