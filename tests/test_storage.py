"""The container of X is no part of the model."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skgd import GDClassifier, GDRegressor
from skgd._core.bridge import View
from skgd._core.engine import OPTIMIZERS, Design

PENALTIES = (None, "l2", "l1", "elasticnet")
MODES = {"stochastic": "auto", "mini-batch": 7, "batch": "auto"}


def with_index(X, dtype):
    """Give a CSR matrix whose indices have the type."""
    X = sparse.csr_matrix(X)
    X.indices, X.indptr = X.indices.astype(dtype), X.indptr.astype(dtype)
    return X


CONTAINERS = {
    "csr_matrix 32": lambda X: with_index(X, np.int32),
    "csr_matrix 64": lambda X: with_index(X, np.int64),
    "csr_array": sparse.csr_array,
    "csc_matrix": sparse.csc_matrix,
    "coo_array": sparse.coo_array,
    "DataFrame": lambda X: pd.DataFrame(
        X, columns=[f"x{j}" for j in range(X.shape[1])]
    ),
    "Fortran order": np.asfortranarray,
    "every other row": lambda X: np.repeat(X, 2, axis=0)[::2],
    "list": lambda X: X.tolist(),
}

each_container = pytest.mark.parametrize("container", CONTAINERS)
each_mode = pytest.mark.parametrize("mode", MODES)
each_penalty = pytest.mark.parametrize("penalty", PENALTIES)
each_average = pytest.mark.parametrize("average", [False, True])


@pytest.fixture
def X(rng):
    """Give features most of which are zero, an empty row and an empty column."""
    X = rng.normal(size=(50, 11)) * (rng.random((50, 11)) < 0.3)
    X[3] = 0.0
    X[:, 5] = 0.0
    return X


def regressor(mode="stochastic", **options):
    options = {"alpha": 0.03, "learning_rate": "invscaling", "eta0": 0.05, **options}
    return GDRegressor(
        mode=mode,
        batch_size=MODES[mode],
        max_iter=4,
        tol=None,
        random_state=0,
        **options,
    )


def assert_same_model(one, other, rtol=1e-13):
    """Compare to rounding: the same sums in another order, some 200 steps."""
    largest = max(abs(other.coef_).max(), 1e-3)
    assert_allclose(one.coef_, other.coef_, rtol=0, atol=rtol * largest)
    largest = max(abs(other.intercept_).max(), 1e-3)
    assert_allclose(one.intercept_, other.intercept_, rtol=0, atol=rtol * largest)


@each_container
@each_mode
@each_penalty
@each_average
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_storage_does_not_change_the_model(
    container, mode, penalty, average, n_outputs, X, rng
):
    y = (
        X @ rng.normal(size=(11, n_outputs))
        + 0.1 * rng.normal(size=(50, n_outputs))
        + 1.0
    )
    y = y[:, 0] if n_outputs == 1 else y
    dense = regressor(mode, penalty=penalty, average=average).fit(X, y)
    stored = regressor(mode, penalty=penalty, average=average)
    assert_same_model(stored.fit(CONTAINERS[container](X), y), dense)


@pytest.mark.parametrize("container", ["csr_matrix 32", "csr_matrix 64"])
@each_mode
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@each_penalty
def test_storage_does_not_change_the_model_for_any_optimizer(
    container, mode, optimizer, penalty, X, rng
):
    y = X @ rng.normal(size=11) + 0.1 * rng.normal(size=50) + 1.0
    options = {"optimizer": optimizer, "penalty": penalty, "eta0": 0.02}
    dense = regressor(mode, **options).fit(X, y)
    stored = regressor(mode, **options).fit(CONTAINERS[container](X), y)
    assert_same_model(stored, dense)


@pytest.mark.parametrize("container", ["csr_matrix 32", "csr_matrix 64", "DataFrame"])
@each_mode
@each_penalty
@pytest.mark.parametrize(
    ("loss", "multi_class"),
    [("log_loss", "auto"), ("log_loss", "ovr"), ("hinge", "ovr")],
)
@pytest.mark.parametrize("n_classes", [2, 4])
def test_storage_does_not_change_the_classifier(
    container, mode, penalty, loss, multi_class, n_classes, X, rng
):
    y = (X @ rng.normal(size=(11, n_classes)) + 0.1).argmax(axis=1)
    dense, stored = (
        GDClassifier(
            loss,
            penalty=penalty,
            alpha=0.01,
            multi_class=multi_class,
            mode=mode,
            batch_size=MODES[mode],
            learning_rate="constant",
            eta0=0.1,
            average=True,
            max_iter=4,
            tol=None,
            random_state=0,
        ).fit(data, y)
        for data in (X, CONTAINERS[container](X))
    )
    assert_same_model(stored, dense)


@each_mode
@each_penalty
@each_average
def test_storage_does_not_change_the_model_in_float32(mode, penalty, average, X, rng):
    X = X.astype(np.float32)
    y = X @ rng.normal(size=11) + 1.0
    dense = regressor(mode, penalty=penalty, average=average).fit(X, y)
    stored = regressor(mode, penalty=penalty, average=average)
    stored.fit(with_index(X, np.int32), y)
    assert stored.coef_.dtype == np.float32
    assert_same_model(stored, dense, rtol=1e-5)  # 200 steps, each rounded to 6e-8


@each_mode
@each_penalty
@each_average
def test_storage_does_not_change_the_weighted_model(mode, penalty, average, X, rng):
    y = X @ rng.normal(size=11) + 1.0
    weight = rng.uniform(0, 2, size=50) * (rng.random(50) < 0.8)
    dense = regressor(mode, penalty=penalty, average=average)
    stored = regressor(mode, penalty=penalty, average=average)
    dense.fit(X, y, sample_weight=weight)
    stored.fit(with_index(X, np.int64), y, sample_weight=weight)
    assert_same_model(stored, dense)


@pytest.mark.parametrize("average", [True, 17, 77])
@pytest.mark.parametrize("mode", ["stochastic", "mini-batch"])
@each_penalty
@pytest.mark.parametrize("learning_rate", ["constant", "optimal"])
def test_storage_lazy_average_equals_eager(
    average, mode, penalty, learning_rate, X, rng
):
    # "optimal" with a large alpha: the first decay factors are zero, and clear w.
    y = X @ rng.normal(size=11) + 1.0
    options = {"penalty": penalty, "alpha": 0.5, "learning_rate": learning_rate}
    dense = regressor(mode, average=average, **options).fit(X, y)
    stored = regressor(mode, average=average, **options).fit(with_index(X, np.int32), y)
    assert_same_model(stored, dense)


@pytest.mark.parametrize("kind", ["pa1", "pa2"])
@each_penalty
@each_average
def test_storage_does_not_change_passive_aggressive_steps(
    kind, penalty, average, X, rng
):
    y = X @ rng.normal(size=11) + 1.0
    options = {"learning_rate": kind, "eta0": 0.5, "loss": "epsilon_insensitive"}
    options |= {"penalty": penalty, "average": average, "alpha": 0.01}
    dense = regressor(**options).fit(X, y)
    assert_same_model(regressor(**options).fit(with_index(X, np.int32), y), dense)


@each_mode
@each_penalty
def test_storage_unsorted_columns_change_nothing(mode, penalty, X, rng):
    y = X @ rng.normal(size=11) + 1.0
    backwards = with_index(X, np.int32)
    for i in range(50):
        row = slice(backwards.indptr[i], backwards.indptr[i + 1])
        backwards.indices[row] = backwards.indices[row][::-1].copy()
        backwards.data[row] = backwards.data[row][::-1].copy()
    backwards.has_sorted_indices = False
    one = regressor(mode, penalty=penalty).fit(backwards, y)
    assert_same_model(one, regressor(mode, penalty=penalty).fit(X, y))


@pytest.mark.parametrize("loss", ["squared_error", "epsilon_insensitive"])
@each_mode
@each_penalty
def test_storage_columns_named_twice_are_added(loss, mode, penalty, X, rng):
    y = X @ rng.normal(size=11) + 1.0
    once = with_index(X, np.int32)
    twice = sparse.csr_matrix(
        (np.repeat(once.data / 2, 2), np.repeat(once.indices, 2), once.indptr * 2),
        shape=X.shape,
    )
    options = {"penalty": penalty, "loss": loss}
    if loss == "epsilon_insensitive":
        options |= {"learning_rate": "pa1", "eta0": 0.3}
    one = regressor(mode, **options).fit(twice, y)
    assert_same_model(one, regressor(mode, **options).fit(X, y))


@each_penalty
def test_storage_explicit_zeros_change_nothing(penalty, X, rng):
    y = X @ rng.normal(size=11) + 1.0
    full = sparse.csr_matrix(
        (X.ravel(), np.tile(np.arange(11), 50), np.arange(0, 551, 11)), shape=X.shape
    )
    assert full.nnz == 550
    one = regressor(penalty=penalty).fit(full, y)
    assert_same_model(one, regressor(penalty=penalty).fit(X, y))


@pytest.mark.parametrize("n_outputs", [1, 2, 3, 4, 5, 6, 7, 8, 9])
@pytest.mark.parametrize("n_features", [1, 2, 3, 7, 8, 9, 16, 17, 31, 33, 64, 130])
def test_storage_tiles_and_tails_cover_every_shape(n_outputs, n_features, rng):
    # The dense kernels work on tiles of rows, outputs and columns; CSR has none.
    X = rng.normal(size=(23, n_features))
    y = rng.normal(size=(23, n_outputs))
    for mode in MODES:
        dense = regressor(mode, eta0=0.5 / (n_features + 1)).fit(X, y)
        stored = regressor(mode, eta0=0.5 / (n_features + 1))
        assert_same_model(stored.fit(with_index(X, np.int32), y), dense)


@pytest.mark.parametrize("container", [c for c in CONTAINERS if c != "DataFrame"])
def test_storage_does_not_change_predictions(container, X, rng):
    y = X @ rng.normal(size=11) + 1.0
    model = regressor().fit(X, y)
    expected = X @ model.coef_ + model.intercept_
    got = model.predict(CONTAINERS[container](X))
    assert_allclose(got, expected, rtol=1e-14, atol=1e-14)  # sums of numbers near one


@pytest.mark.parametrize("container", ["csr_matrix 32", "csr_matrix 64", "csr_array"])
def test_storage_is_not_written_to(container, X, rng):
    y = X @ rng.normal(size=11) + 1.0
    stored = CONTAINERS[container](X)
    before = stored.copy()
    for array in (stored.data, stored.indices, stored.indptr, y):
        array.flags.writeable = False
    regressor().fit(stored, y)
    assert_array_equal(stored.toarray(), before.toarray())


def test_storage_read_only_dense_is_accepted(X, rng):
    y = X @ rng.normal(size=11) + 1.0
    X.flags.writeable = y.flags.writeable = False
    assert np.isfinite(regressor().fit(X, y).coef_).all()


@pytest.mark.parametrize("apart", [1.0, 0.1])
def test_gram_matrix_of_sparse_columns_far_from_zero_is_that_of_dense_ones(rng, apart):
    X = rng.normal(size=(3000, 6))
    X[:, 3] = X[:, 2] + apart * X[:, 3]
    X[:, 2:4] += 1e8
    X[:, 4] = 1e3 * (rng.random(3000) < 0.1)
    X[:, 5] = 3.0
    rows, h = np.arange(3000, dtype=np.uint32), rng.random(3000)
    scale = np.array([1.0, 1.0, 1.0, 1.0, 1e-3, 0.0])
    dense, csr = (
        View(Design(kind), rows, X.mean(axis=0), scale).gram(h)
        for kind in (X, with_index(X, np.int32))
    )
    assert_allclose(csr, dense, rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("loss", ["huber", "squared_error", "absolute_error", "gamma"])
@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_sparse_columns_far_from_zero_have_the_model_of_dense_ones(rng, loss, penalty):
    X = rng.normal(size=(60, 8))
    X[:, 4:] += 1e8
    y = np.abs(X[:, 0] + X[:, 4] - 1e8 + rng.normal(size=60)) + 0.1
    model = GDRegressor(loss, penalty=penalty, alpha=1e-6, tol=1e-7)
    dense, csr = model.fit(X, y).objective_, model.fit(with_index(X, np.int64), y)
    assert csr.converged_
    assert_allclose(csr.objective_, dense, rtol=1e-6)
