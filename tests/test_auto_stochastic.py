"""The stochastic moves: what they compute, and that the optimum is where they rest."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_digits

from loss_domains import in_domain, parameter_of
from skgd import GDClassifier
from skgd._core.bridge import View
from skgd._core.engine import Design
from skgd._core.losses import LOSSES
from skgd._core.sample_space import SampleLoss
from skgd._core.stochastic import RowDerivatives, Stochastic
from skgd.auto._smooth import SmoothDescent
from skgd.auto._stochastic import make_move
from skgd.auto._task import Task

N, D, ALPHA = 400, 12, 1e-2
SMOOTH = [name for name, loss in LOSSES.items() if loss["shape"] != "kinked"]
MODES = ["mini-batch", "stochastic"]
each_smooth = pytest.mark.parametrize("name", SMOOTH)
each_mode = pytest.mark.parametrize("mode", MODES)
each_storage = pytest.mark.parametrize("sparse", [False, True], ids=["dense", "csr"])


@pytest.fixture
def X(rng):
    X = rng.normal(size=(N, D)) * np.geomspace(0.1, 10, D)
    X[rng.random(X.shape) < 0.6] = 0.0
    return X


def task_of(X, name, rng, centred=True, n_threads=1, weight=None):
    """Give a task whose targets are noisy linear functions of X."""
    dense = X.toarray() if isinstance(X, csr_array) else X
    truth = dense / np.maximum(dense.std(axis=0), 1e-3) @ rng.normal(size=(D, 3))
    truth += rng.normal(size=truth.shape)
    y, K = in_domain(name, truth[:, 0].copy()), 1
    if name == "softmax":
        y, K = truth.argmax(axis=1).astype(np.int32), 3
    elif LOSSES[name]["classification"]:
        y = np.where(y > 0, 1.0, -1.0)
    s = rng.random(N) + 0.5 if weight is None else weight
    s = s / s.sum()
    mean = s @ dense if centred else np.zeros(D)
    scale = 1.0 / np.sqrt(s @ (dense - mean) ** 2 + ALPHA)
    view = View(Design(X), np.arange(N, dtype=np.uint32), mean, scale, n_threads)
    loss = SampleLoss(name, parameter_of(name, 1.0), y, s, K)
    null = loss.evaluate(np.zeros((K, N)))
    ridge, l1 = ALPHA * scale**2, np.zeros(D)
    return Task(view, loss, ridge, l1, False, True, np.zeros(K), null)


def look(task, v, b):
    """Give z, d and h at a model."""
    z = task.view.matvec(v) + b[:, None]
    d, h = np.empty_like(z), np.empty_like(z)
    task.loss.evaluate(z, d, h)
    return z, d, h


def optimum(task):
    K = task.loss.n_outputs
    descent = SmoothDescent(task, np.zeros((K, D)), np.zeros(K), 1e-14)
    for _ in range(100):
        if descent.run_epoch().exhausted:
            break
    return descent.v, descent.b


def plain_saga(a, derivative, gradient, step, ridge, order, chance, table):
    """Eager SAGA in NumPy, as stochastic.hpp states it; a : rows, the last column 1."""
    u, g = np.zeros_like(gradient), gradient.copy()
    for i in order:
        new = derivative(i, u @ a[i])
        change = new - table[:, i]
        table[:, i] = new
        c = change / chance[i]
        u -= step * (np.outer(c, a[i]) + g + ridge * u)
        g += np.outer(change, a[i])
    return u[:, :-1], u[:, -1]


def saga_case(task, rng):
    """Give the arguments of `Stochastic.saga` somewhere off the optimum."""
    K = task.loss.n_outputs
    # The curvature of a log link has no bound: small steps, or they leave the doubles.
    near = 0.1 if task.loss.log_link else 1.0
    z, d, _ = look(task, near * rng.normal(size=(K, D)), near * rng.normal(size=K))
    gradient = rng.normal(size=(K, D + 1)) * 0.1 * near
    step = rng.random(D + 1) * np.append(task.view.scale, 1.0) ** 2 * 0.2 * near**2
    ridge = np.append(np.geomspace(1e-6, 10.0, D - 1), [0.0, 0.0])
    order = rng.integers(N, size=2 * N).astype(np.uint32)
    chance = rng.random(N) + 0.5
    return z, d, gradient, step, ridge, order, chance / chance.sum()


# --- The core and the specification


@each_smooth
@each_storage
def test_saga_agrees_with_eager_numpy(X, rng, name, sparse):
    """Sparse rows are not centred, and lazy; the specification is neither."""
    task = task_of(csr_array(X) if sparse else X, name, rng)
    loss, mean = task.loss, task.view.mean * (not sparse)
    z, d, gradient, step, ridge, order, chance = saga_case(task, rng)

    def derivative(i, dz):
        one = SampleLoss(
            name, loss.parameter, loss.y[i : i + 1], loss.weight[i : i + 1], len(z)
        )
        out = np.empty((len(z), 1))
        one.evaluate((z[:, i] + dz)[:, None].copy(), out)
        return out[:, 0]

    a = np.column_stack([X - mean, np.ones(N)])
    expected = plain_saga(a, derivative, gradient, step, ridge, order, chance, d.copy())
    rows = RowDerivatives(name, loss.parameter, loss.y, loss.weight)
    w, b = Stochastic(task.view).saga(
        rows, z, d.copy(), gradient, step, ridge[:-1].copy(), order, chance
    )
    # rtol: the same sums in another order, over 800 steps
    assert_allclose(w, expected[0], rtol=1e-9, atol=1e-9 * abs(w).max())
    assert_allclose(b, expected[1], rtol=1e-9, atol=1e-12)


@each_smooth
def test_saga_lazy_sparse_equals_eager_dense(X, rng, name):
    tasks = [
        task_of(x, name, np.random.default_rng(0), centred=False)
        for x in (X, csr_array(X))
    ]
    z, d, gradient, step, ridge, order, chance = saga_case(tasks[0], rng)
    dense, sparse = (
        Stochastic(t.view).saga(
            RowDerivatives(name, t.loss.parameter, t.loss.y, t.loss.weight),
            *(z, d.copy(), gradient, step, ridge[:-1].copy(), order, chance),
        )
        for t in tasks
    )
    assert_allclose(sparse[0], dense[0], rtol=1e-9, atol=1e-9 * abs(dense[0]).max())
    assert_allclose(sparse[1], dense[1], rtol=1e-9, atol=1e-12)


# --- The moves


@each_smooth
@each_mode
@each_storage
def test_move_rests_at_the_optimum(X, rng, name, mode, sparse):
    task = task_of(csr_array(X) if sparse else X, name, rng)
    v, b = optimum(task)
    dv, db = make_move(task, mode, 0)(v, b, *look(task, v, b), None)
    # The gradient there is rounding, magnified by flat directions
    assert np.abs(dv).max() < 1e-6 * np.abs(v).max()
    assert np.abs(db).max() < 1e-6 * np.abs(v).max()


@each_smooth
@each_mode
@each_storage
def test_moves_alone_approach_the_optimum(X, rng, name, mode, sparse):
    task = task_of(csr_array(X) if sparse else X, name, rng)
    best = optimum(task)

    def objective(v, b):
        return task.loss.evaluate(look(task, v, b)[0]) + task.penalty(v)

    lowest, move = objective(*best), make_move(task, mode, 0)
    v, b = np.zeros_like(best[0]), np.zeros_like(best[1])
    start = objective(v, b) - lowest
    for _ in range(30):
        dv, db = move(v, b, *look(task, v, b), None)
        while task.loss.log_link and objective(v + dv, b + db) > objective(v, b):
            dv, db = 0.5 * dv, 0.5 * db  # no bound of the curvature: a line search
        v, b = v + dv, b + db
    assert objective(v, b) - lowest < 0.02 * start


@each_mode
@each_storage
def test_move_is_deterministic_whatever_the_threads(X, rng, mode, sparse):
    X = csr_array(X) if sparse else X
    moves = []
    for n_threads, seed in ((1, 3), (2, 3), (1, 4)):
        task = task_of(X, "log_loss", np.random.default_rng(0), n_threads=n_threads)
        move = make_move(task, mode, seed)
        v, b = np.zeros((1, D)), np.zeros(1)
        for _ in range(2):
            dv, db = move(v, b, *look(task, v, b), None)
            v, b = v + dv, b + db
        moves.append(v)
    assert_array_equal(moves[0], moves[1])
    assert not np.array_equal(moves[0], moves[2])


@each_mode
@each_storage
def test_move_takes_float32_and_wide_indices(X, rng, mode, sparse):
    single = X.astype(np.float32)
    double = single.astype(np.float64)
    if sparse:
        single, double = csr_array(single), csr_array(double)
        double.indices = double.indices.astype(np.int64)
        double.indptr = double.indptr.astype(np.int64)
    one, other = (
        make_move(task, mode, 0)(v, b, *look(task, v, b), None)
        for task in (
            task_of(x, "log_loss", np.random.default_rng(0)) for x in (single, double)
        )
        for v, b in [(np.zeros((1, D)), np.zeros(1))]
    )
    # The same numbers; the targets depend on sums that float32 rounds
    assert_allclose(one[0], other[0], rtol=1e-4, atol=1e-4 * abs(one[0]).max())


@each_mode
def test_move_leaves_rows_of_no_weight_alone(X, rng, mode):
    weight = np.where(np.arange(N) < 100, 0.0, 1.0)
    spoiled = X.copy()
    spoiled[:100] = X[100:200]
    one, other = (
        task_of(x, "squared_error", np.random.default_rng(0), weight=weight)
        for x in (X, spoiled)
    )
    y = one.loss.y.copy()
    y[:100] = 7.0
    other.loss = SampleLoss("squared_error", 1.0, y, one.loss.weight)
    v, b = optimum(one)
    dv, _ = make_move(other, mode, 0)(v, b, *look(other, v, b), None)
    assert np.abs(dv).max() < 1e-6 * np.abs(v).max()


@each_mode
@each_storage
@pytest.mark.parametrize("name", ["log_loss", "softmax"])
def test_move_keeps_to_the_face(X, rng, mode, sparse, name):
    task = task_of(csr_array(X) if sparse else X, name, rng)
    K = task.loss.n_outputs
    v, b = rng.normal(size=(K, D)), np.zeros(K)
    free = rng.random((K, D)) < 0.5
    at = look(task, v, b)
    dv, _ = make_move(task, mode, 0)(v, b, *at, None, face=(np.ones((K, D)), free))
    assert np.all(dv[~free] == 0.0)
    assert np.all(dv[free] != 0.0)
    # A linear term that balances the gradient leaves nothing to gain
    task = task_of(task.view.X, name, rng, centred=False)
    at = look(task, v, b)
    linear = -(task.view.rmatvec(at[1]) + task.ridge * v)
    task.fit_intercept = False
    dv, db = make_move(task, mode, 0)(v, b, *at, None, face=(linear, free))
    assert np.abs(dv).max() < 1e-12
    assert np.all(db == 0.0)


@each_mode
def test_move_that_overflows_is_none_and_shortens_the_next(X, rng, mode):
    task = task_of(X, "squared_error", rng)
    move = make_move(task, mode, 0)
    v, b = np.zeros((1, D)), np.zeros(1)
    z, d, h = look(task, v, b)
    dv, db = move(v, b, z, np.full_like(d, 1e308), h, None)
    assert np.all(dv == 0.0)
    assert np.all(db == 0.0)
    assert np.isfinite(move(v, b, z, d, h, None)[0]).all()


@each_mode
def test_move_survives_a_ridge_above_all_curvature(X, rng, mode):
    task = task_of(X, "squared_error", rng)
    task.fit_intercept = False
    task.ridge = task.ridge * 1e12
    v, b = rng.normal(size=(1, D)), np.zeros(1)
    dv, _ = make_move(task, mode, 0)(v, b, *look(task, v, b), None)
    assert np.linalg.norm(v + dv) < np.linalg.norm(v)


def test_epochs_with_moves_need_fewer_than_the_diagonal_alone(rng):
    mixed = rng.normal(size=(4000, 10)) @ rng.normal(size=(10, 20))
    X = (mixed + 0.3 * rng.normal(size=mixed.shape)) * 10.0 ** rng.uniform(-4, 4, 20)
    y = np.where(rng.random(4000) < 1 / (1 + np.exp(-mixed[:, 0])), 1.0, -1.0)
    s = np.full(4000, 1 / 4000)
    mean, scale = X.mean(axis=0), 2.0 / X.std(axis=0)
    view = View(Design(X), np.arange(4000, dtype=np.uint32), mean, scale)
    loss = SampleLoss("log_loss", 0.0, y, s)
    null = loss.evaluate(np.zeros((1, 4000)))
    task = Task(view, loss, np.full(20, 1e-6), np.zeros(20), False, True, s[:1], null)

    def epochs(move):
        descent = SmoothDescent(task, np.zeros((1, 20)), np.zeros(1), None, move)
        descent._metric._n_sampled = 0  # the diagonal, which d is too small for
        objectives = np.array([descent.run_epoch().objective for _ in range(100)])
        return np.flatnonzero(objectives <= lowest + 1e-6 * null)[0]

    lowest = SmoothDescent(task, np.zeros((1, 20)), np.zeros(1), 1e-12)
    for _ in range(10):
        last = lowest.run_epoch()
    lowest = last.objective
    alone = epochs(None)
    assert epochs(make_move(task, "stochastic", 0)) < 0.5 * alone
    assert epochs(make_move(task, "mini-batch", 0)) < alone


def test_moves_do_not_keep_rows_crossing_kinks_for_ever():
    X, y = load_digits(return_X_y=True)
    parameters = {"alpha": 1e-6, "tol": 1e-8, "max_iter": 200}  # 83; 1000 with moves
    model = GDClassifier("squared_hinge", mode="stochastic", **parameters)
    assert model.set_params(random_state=0).fit(X, y == 0).converged_
