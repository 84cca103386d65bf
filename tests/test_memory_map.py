"""X on a disk: the same models, its rows read a block at a time."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix

from skgd import GDClassifier, GDRegressor
from skgd._core import engine
from skgd._core.order import TrainingRows, shuffle

N, D = 30_000, 25
BLOCK = 2**22 // (8 * D)  # rows


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """Give rows in a file of more than one block."""
    path = tmp_path_factory.mktemp("mapped") / "X.npy"
    X = np.random.default_rng(0).normal(size=(N, D)) * np.geomspace(1.0, 100.0, D)
    np.save(path, X)
    return np.load(path, mmap_mode="r")


def test_design_knows_what_is_on_a_disk(mapped):
    assert engine.Design(mapped).block_rows == BLOCK
    assert engine.Design(mapped[:, :]).block_rows == BLOCK
    assert engine.Design(np.asarray(mapped)).block_rows == BLOCK
    assert engine.Design(np.array(mapped)).block_rows == 0
    assert engine.Design(mapped[: BLOCK // 2]).block_rows == 0  # one block


def test_shuffle_keeps_the_rows_of_a_block_together():
    order = np.arange(1000, dtype=np.uint32)
    shuffle(order, 7, 64)
    assert_array_equal(np.sort(order), np.arange(1000))
    short = next(i for i in range(0, 1000, 64) if order[i] // 64 == 15)  # 40 rows
    starts = [*range(0, short + 1, 64), *range(short + 40, 1000, 64)]
    blocks = [
        order[a:b] // 64 for a, b in zip(starts, [*starts[1:], 1000], strict=True)
    ]
    assert all(len(set(block)) == 1 for block in blocks)
    assert [block[0] for block in blocks] != sorted(block[0] for block in blocks)
    assert np.count_nonzero(np.diff(order[:64].astype(int)) == 1) < 10


def test_shuffle_of_training_rows_leaves_out_the_others():
    rows = np.arange(0, 1000, 3, dtype=np.uint32)
    training = TrainingRows(rows.copy(), 1000, 50)
    seeds = [training.shuffle(1)]
    first = training.order.copy()
    seeds.append(training.shuffle(1))
    assert_array_equal(training.order, first)  # the seed alone decides
    assert seeds[0] == seeds[1]
    assert_array_equal(np.sort(first), rows)
    assert (first != rows).any()


@pytest.mark.parametrize("mode", ["batch", "mini-batch", "stochastic"])
@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
def test_memory_map_ends_at_the_optimum(mapped, mode, loss):
    y = (mapped @ np.ones(D) > np.random.default_rng(1).normal(size=N) * 100).astype(
        int
    )
    model = GDClassifier(loss, mode=mode, random_state=0).fit(mapped, y)
    expected = GDClassifier(loss, tol=1e-8).fit(np.array(mapped), y)
    assert model.converged_
    assert_allclose(model.objective_, expected.objective_, rtol=1e-3)


def test_memory_map_makes_no_difference_in_batch_mode(mapped):
    y = mapped @ np.ones(D)
    for learning_rate in "auto", "constant":
        options = {"mode": "batch", "learning_rate": learning_rate, "max_iter": 3}
        if learning_rate == "constant":
            options |= {"eta0": 1e-5, "tol": None}
        model = GDRegressor(**options).fit(mapped, y)
        expected = GDRegressor(**options).fit(np.array(mapped), y)
        assert_array_equal(model.coef_, expected.coef_)


def test_memory_map_of_stochastic_steps_depends_on_the_seed_alone(mapped):
    y = mapped @ np.ones(D)
    options = {"learning_rate": "constant", "eta0": 1e-6, "max_iter": 2, "tol": None}
    models = [GDRegressor(**options, random_state=s).fit(mapped, y) for s in (0, 0, 1)]
    assert_array_equal(models[0].coef_, models[1].coef_)
    assert (models[0].coef_ != models[2].coef_).any()


def test_memory_map_of_a_sparse_matrix(tmp_path):
    X = csr_matrix(np.random.default_rng(0).normal(size=(40, 5)))
    for name in "data", "indices", "indptr":
        np.save(tmp_path / f"{name}.npy", getattr(X, name))
    data, indices, indptr = (
        np.load(tmp_path / f"{name}.npy", mmap_mode="r")
        for name in ("data", "indices", "indptr")
    )
    mapped = csr_matrix((data, indices, indptr), shape=X.shape)
    y = X @ np.ones(5)
    model = GDRegressor().fit(mapped, y)
    assert_allclose(model.coef_, GDRegressor().fit(X, y).coef_, rtol=1e-12)
