"""Fits in several threads and processes, and very many of them."""

import multiprocessing
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from joblib import Parallel, delayed
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from skgd import GDClassifier, GDRegressor

RNG = np.random.default_rng(0)
DENSE = RNG.normal(size=(2000, 20))
SPARSE = csr_array(RNG.normal(size=(2000, 300)) * (RNG.random((2000, 300)) < 0.02))
Y = DENSE @ RNG.normal(size=20) + RNG.normal(size=2000)
LABELS = np.digitize(Y, [-2.0, 2.0])
LARGE = RNG.normal(size=(40000, 20))  # four chunks of rows, which threads share
FITS = {
    "newton": (GDRegressor(), DENSE, Y),
    "softmax": (GDClassifier(), DENSE, LABELS),
    "l1": (GDRegressor("huber", penalty="l1", alpha=0.1), DENSE, Y),
    "kinked": (GDClassifier("hinge", alpha=1e-2), DENSE, LABELS > 0),
    "dual": (GDClassifier("hinge", alpha=1e-2), SPARSE, LABELS > 0),
    "saga": (GDClassifier(mode="stochastic", random_state=0), SPARSE, LABELS),
    "svrg": (GDRegressor(mode="mini-batch", random_state=0), SPARSE, Y),
    "sgd": (
        GDClassifier(learning_rate="invscaling", tol=None, max_iter=5, random_state=0),
        SPARSE,
        LABELS,
    ),
    "adam": (
        GDRegressor(
            learning_rate="constant",
            optimizer="adam",
            mode="batch",
            tol=None,
            max_iter=5,
            n_jobs=2,
        ),
        LARGE,
        LARGE[:, 0],
    ),
}


def _model(name):
    """Give the coefficients and raw predictions of a fit."""
    estimator, X, y = FITS[name]
    model = clone(estimator).fit(X, y)
    raw = getattr(model, "decision_function", model.predict)
    return model.coef_, model.intercept_, raw(X)


def _same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert_array_equal(one, other)


def _limit_blas():
    threadpool_limits(1, "blas")


@pytest.fixture(scope="module")
def alone():
    """Give all models, of one thread of BLAS here on: more sum up in another order."""
    with threadpool_limits(1, "blas"):
        yield {name: _model(name) for name in FITS}


@pytest.mark.slow
def test_eight_threads_fit_the_models_of_one(alone):
    names = list(FITS) * 4
    gate = threading.Barrier(8)  # all begin at once

    def work(some):
        gate.wait()
        return [(name, _model(name)) for name in some]

    with ThreadPoolExecutor(8) as pool:
        for fits in pool.map(work, [names[i::8] for i in range(8)]):
            for name, model in fits:
                _same(model, alone[name])


def test_eight_threads_predict_with_one_model_while_others_are_fitted():
    estimator, X, y = FITS["softmax"]
    model = clone(estimator).fit(X, y)
    expected = model.predict_proba(X)

    def work(i):
        if i % 4 == 3:
            _model("svrg")
        return model.predict_proba(X)

    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(work, range(64)):
            assert_array_equal(found, expected)


# What a thread has left behind in the parent must not stop the child.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("start", multiprocessing.get_all_start_methods())
def test_process_started_by_any_method_fits_the_same_model(start, alone):
    _model("adam")
    names = ["newton", "dual", "saga", "adam"]
    context = multiprocessing.get_context(start)
    with ProcessPoolExecutor(1, context, _limit_blas) as pool:
        for name, model in zip(names, pool.map(_model, names), strict=True):
            _same(model, alone[name])


@pytest.mark.slow
def test_loky_workers_fit_the_same_model(alone):
    names = ["newton", "kinked", "sgd", "adam"]
    models = Parallel(n_jobs=2, backend="loky")(delayed(_model)(n) for n in names)
    for name, model in zip(names, models, strict=True):
        _same(model, alone[name])


GROWTH = """
import gc, sys, warnings
import numpy as np
from scipy.sparse import csr_array
from skgd import GDClassifier, GDRegressor
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 5))
y, labels, sparse = X @ rng.normal(size=5), np.arange(60) % 3, csr_array(X)
textbook = {"learning_rate": "constant", "eta0": 1e-3, "max_iter": 2, "tol": None}
models = [
    (GDRegressor(), X, y),
    (GDRegressor(penalty="l1", alpha=0.1), X, y),
    (GDClassifier(max_iter=3), sparse, labels),
    (GDClassifier("hinge", max_iter=3, alpha=0.01), sparse, labels),
    (GDRegressor("absolute_error", max_iter=3), X, y),
    (GDRegressor("huber", mode="stochastic", max_iter=2), X, y),
    (GDClassifier(average=True, **textbook), sparse, labels),
    (GDRegressor(penalty="l1", **textbook), sparse, y),
    (GDRegressor(optimizer="adam", mode="mini-batch", **textbook), X, y),
    (GDRegressor("squared_error", **textbook | {"eta0": 1e3}), 1e9 * X, y),  # diverges
]


def fit(n_fits):
    for i in range(n_fits):
        model, data, targets = models[i % len(models)]
        try:
            model.fit(data, targets).predict(data)
        except ValueError:
            assert i % len(models) == 9
    gc.collect()
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * 4096


before = fit(2000)
print(fit(10000) - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of Linux")
def test_ten_thousand_fits_do_not_grow():
    run = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True
    )
    # 100 bytes a fit that were not given back would be 1 MB
    assert int(run.stdout) < 1e6
