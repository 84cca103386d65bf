"""Fit X that lies in a file larger than the memory that a fit may take.

The file holds scikit-learn's breast cancer data, rows and columns repeated with noise:
210 columns of float32, by default 8 GB. Each fit runs in a process of its own whose
private memory is limited (RLIMIT_DATA, which leaves out the file that is mapped), 2 GB
by default. The table shows its time, the peak of its private memory, and how far its
objective is from that of a sample of rows in memory; a pass of NumPy over the file in
order is what reading takes. With --cold the file is read from the disk each time.

    python benchmarks/memory_map.py --file /data/X.f32
    python benchmarks/memory_map.py --gigabytes 1 --modes batch
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from report import Figure, Table, parser, save
from sklearn.datasets import load_breast_cancer

from skgd import GDClassifier

COPIES = 7  # of the columns
ROWS = 20_000  # written at a time
SAMPLE = 200_000
# what is fitted: mode, learning rate and what goes with it
FITS = {
    "batch": {"mode": "batch"},
    "mini-batch": {"mode": "mini-batch"},
    "stochastic": {"mode": "stochastic"},
    "batch epoch": {"mode": "batch", "learning_rate": "constant", "eta0": 1e-9},
    "stochastic epoch": {"learning_rate": "constant", "eta0": 1e-9},
}
EPOCHS = 3  # of the last two


def opened(path):
    """Give X as it lies in the file, and y."""
    y = np.load(path.with_suffix(".npy"))
    return np.memmap(path, np.float32, "r", shape=(len(y), 30 * COPIES)), y


def write(path, gigabytes):
    """Write rows drawn from the data, each column with a tenth of its sd of noise."""
    X, y = load_breast_cancer(return_X_y=True)
    sd, rng = X.std(axis=0), np.random.default_rng(0)
    n = int(gigabytes * 1e9 / (4 * 30 * COPIES))
    labels = np.empty(n, dtype=np.int8)
    with path.open("wb") as file:
        for begin in range(0, n, ROWS):
            rows = rng.integers(len(X), size=min(ROWS, n - begin))
            part = np.tile(X[rows], COPIES)
            noise = rng.standard_normal(part.shape, dtype=np.float32)
            (part + 0.1 * np.tile(sd, COPIES) * noise).astype(np.float32).tofile(file)
            wrong = rng.random(len(rows)) < 0.05
            labels[begin : begin + len(rows)] = y[rows] ^ wrong
    np.save(path.with_suffix(".npy"), labels)


def forget_file(path):
    """Empty the page cache of the file."""
    os.sync()
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def private_memory():
    """Give the private memory of this process in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = (x.split()[1] for x in lines if x.startswith("RssAnon"))
    return int(kilobytes) * 1024


def fit(path, name, limit):
    """Fit under the limit, and print what it took as JSON."""
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    X, y = opened(path)
    options = dict(FITS[name])
    if "learning_rate" in options:
        options |= {"max_iter": EPOCHS, "tol": None}
    peak, ended = [0], threading.Event()

    def watch():
        while not ended.wait(0.05):
            peak[0] = max(peak[0], private_memory())

    before = private_memory()
    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    model = GDClassifier(random_state=0, **options).fit(X, y)
    seconds = time.perf_counter() - start
    ended.set()
    watcher.join()
    print(
        json.dumps(
            {
                "seconds": seconds,
                "peak": peak[0] - before,
                "objective": model.objective_,
                "n_iter": model.n_iter_,
                "converged": bool(model.converged_),
            }
        )
    )


def read(X):
    """Give the seconds of a pass over the file in order."""
    start = time.perf_counter()
    for begin in range(0, len(X), ROWS):
        X[begin : begin + ROWS].sum()
    return time.perf_counter() - start


def add_reading(table, X):
    """Time a pass of NumPy, the physical limit."""
    seconds = read(X)
    figure = Figure(f"{seconds:.1f}", [seconds])
    rate = f"{X.nbytes / 1e9 / seconds:.2f}"
    table.add("a pass of NumPy", figure, rate, 1, "", "")


def add_sample(table, X, y):
    """Fit a sample in memory, whose objective the others should come near."""
    rows = np.random.default_rng(1).choice(len(y), min(SAMPLE, len(y)), replace=False)
    rows.sort()
    sample = GDClassifier(tol=1e-6).fit(X[rows], y[rows])
    name = f"a sample of {len(rows)} rows"
    table.add(name, "", "", sample.n_iter_, "", f"{sample.objective_:.5f}")


def add_fit(table, X, name, options):
    """Run a fit in a process of its own, under the limit."""
    command = [sys.executable, __file__, "--file", options.file, "--fit", name]
    command += ["--limit", str(options.limit)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        error = done.stderr.strip().splitlines()[-1]
        table.add(name, "failed", error, "", "", "")
        return
    result = json.loads(done.stdout)
    passes = EPOCHS if "epoch" in name else None
    speed = f"{X.nbytes * passes / 1e9 / result['seconds']:.2f}" if passes else ""
    table.add(
        *(name, Figure(f"{result['seconds']:.1f}", [result["seconds"]])),
        *(speed, result["n_iter"]),
        f"{result['peak'] / 1e9:.2f} GB",
        f"{result['objective']:.5f}",
    )


def arguments():
    """Give the options of the command line."""
    made = parser(__doc__)
    folder = Path(os.environ.get("SKGD_DATA") or tempfile.gettempdir())
    made.add_argument("--file", type=Path, default=folder / "memory-map.f32")
    made.add_argument("--gigabytes", type=float, default=8.0)
    made.add_argument("--limit", type=float, default=2.0, help="GB of each fit")
    made.add_argument("--modes", nargs="*", choices=FITS, default=list(FITS))
    made.add_argument("--cold", action="store_true")
    made.add_argument("--fit", choices=FITS, help=argparse.SUPPRESS)
    options = made.parse_args()
    options.gigabytes *= options.scale
    return options


def main():
    """Write the file unless it is there, run the fits, print the table."""
    options = arguments()
    if options.fit:
        fit(options.file, options.fit, int(options.limit * 1e9))
        return
    size = options.gigabytes * 1e9
    if not options.file.exists() or abs(options.file.stat().st_size - size) > 1e6:
        write(options.file, options.gigabytes)
    X, y = opened(options.file)
    table = Table(
        f"X of {len(y)} x {X.shape[1]} float32 in a file, {X.nbytes / 1e9:.1f} GB",
        *("what", "seconds", "GB/s", "epochs", "private memory", "objective"),
    )
    if options.cold:
        forget_file(options.file)
    add_reading(table, X)
    add_sample(table, X, y)
    for name in options.modes:
        if options.cold:
            forget_file(options.file)
        add_fit(table, X, name, options)
    save(options, {"file": table})


if __name__ == "__main__":
    main()
