"""Dask on a cluster: the same models, workers lost or not, and dask-ml's wrappers."""

import os
import signal
import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skgd import GDClassifier
from skgd._dask import _rounds

dask = pytest.importorskip("dask", reason="Dask is not installed")
da = pytest.importorskip("dask.array", reason="Dask's arrays are not installed")
distributed = pytest.importorskip("distributed", reason="distributed is not installed")

pytestmark = [
    pytest.mark.slow,  # workers are processes
    pytest.mark.filterwarnings("ignore"),  # of sockets and ports, by the cluster
]


@pytest.fixture
def client():
    options = {"threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(n_workers=2, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def data():
    """Give two classes in the order of y, in seven blocks."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(700, 6))
    y = (X.sum(axis=1) + rng.logistic(size=700) > 0.0).astype(int)
    order = np.argsort(y, kind="stable")
    return X[order] * 10.0 ** np.arange(-3, 3) + 1.0, y[order]


def cut(X, y):
    return dask.persist(da.from_array(X, (100, 6)), da.from_array(y, 100))


@pytest.mark.parametrize("mode", ["batch", "mini-batch"])
def test_cluster_gives_the_bits_of_threads(data, mode, client):
    X_blocks, y_blocks = cut(*data)
    model = GDClassifier(mode=mode, random_state=0)
    on_cluster = model.fit(X_blocks, y_blocks).coef_
    assert_array_equal(model.predict(X_blocks).compute(), model.predict(data[0]))
    weight = np.ones(700)  # in memory: sent in blocks
    weighted = model.fit(X_blocks, y_blocks, sample_weight=weight).coef_
    with dask.config.set(scheduler="threads"):
        blocks = da.from_array(data[0], (100, 6)), da.from_array(data[1], 100)
        by_threads = model.fit(*blocks).coef_
    assert_array_equal(on_cluster, by_threads)
    assert_array_equal(weighted, by_threads)


def test_fit_outlives_a_worker(data, client, monkeypatch):
    X_blocks, y_blocks = cut(*data)
    undisturbed = GDClassifier(tol=1e-8).fit(X_blocks, y_blocks)
    victim = min(client.run(os.getpid).values())
    rounds, total = [], _rounds.Blocks.total

    def killing(self, function, *given):
        rounds.append(function)
        if len(rounds) == 4:  # while the round is under way
            threading.Timer(0.01, os.kill, (victim, signal.SIGKILL)).start()
        return total(self, function, *given)

    monkeypatch.setattr(_rounds.Blocks, "total", killing)
    model = GDClassifier(tol=1e-8).fit(X_blocks, y_blocks)
    assert len(rounds) > 5
    assert victim not in client.run(os.getpid).values()
    assert_array_equal(model.coef_, undisturbed.coef_)


def test_incremental_learns_block_by_block(data, client):
    wrappers = pytest.importorskip("dask_ml.wrappers", reason="dask-ml: not installed")
    X, y = data
    order = np.random.default_rng(1).permutation(len(y))
    X_blocks, y_blocks = cut(X[order], y[order])
    model = wrappers.Incremental(GDClassifier())
    model.fit(X_blocks, y_blocks, classes=[0, 1])
    assert model.estimator_.t_ == 701
    in_memory = GDClassifier().fit(X, y)
    # one look at each row
    assert model.score(X_blocks, y_blocks) > in_memory.score(X, y) - 0.05


def test_hyperband_searches_with_partial_fit(data, client):
    selection = pytest.importorskip(
        "dask_ml.model_selection", reason="dask-ml: not installed"
    )
    X, y = data
    order = np.random.default_rng(1).permutation(len(y))
    grid = {"alpha": np.logspace(-5, 2, 20), "penalty": ["l2", "elasticnet"]}
    search = selection.HyperbandSearchCV(
        GDClassifier(), grid, max_iter=9, random_state=0
    )
    try:
        search.fit(*cut(X[order], y[order]), classes=[0, 1])
    except RuntimeError as error:  # of dask-ml 2025.1 with Dask 2026, any estimator
        if "asynchronous Client" not in str(error):
            raise
        pytest.skip(f"dask-ml does not go with this Dask: {error}")
    assert search.best_estimator_.t_ > 1
    assert search.best_score_ > 0.6  # of rows held out; 0.5 is chance, 0.74 the best
