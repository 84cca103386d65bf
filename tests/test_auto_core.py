"""The compiled verbs of auto descent agree with plain NumPy (auto_reference.py)."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

import auto_reference
from loss_domains import in_domain, parameter_of
from skgd._core import bridge, engine, sample_space
from skgd._core.factor import Factor
from skgd._core.losses import LOSSES
from skgd.auto._constant import best_constant

N, D = 1003, 37
SUM = {"rtol": 1e-10, "atol": 1e-10}  # the same sums in another order
SMOOTH = [name for name, loss in LOSSES.items() if loss["shape"] != "kinked"]


def _storage(X, name):
    X = X.astype(np.float32) if name.endswith("32f") else X
    if name.startswith("dense"):
        return X
    X = csr_array(X)
    if name == "csr64":
        X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


@pytest.fixture(params=["dense", "dense32f", "csr", "csr64", "csr32f"])
def views(request, rng):
    X = rng.normal(3, 1, (N, D))
    X[rng.random(X.shape) < 0.5] = 0
    X = _storage(X, request.param)
    rows = np.sort(rng.choice(N, 900, replace=False)).astype(np.uint32)
    mean, scale = rng.normal(size=D), rng.random(D)
    plain = auto_reference.View(X.astype(np.float64), rows, mean, scale)
    return bridge.View(engine.Design(X), rows, mean, scale), plain


def test_view_multiplies_as_the_matrix_it_stands_for(views, rng):
    view, plain = views
    v, r = rng.normal(size=(3, D)), rng.normal(size=(3, 900))
    h = rng.random(900)
    h[::3] = 0.0
    assert_allclose(view.matvec(v), plain.matvec(v), **SUM)
    assert_allclose(view.rmatvec(r), plain.rmatvec(r), **SUM)
    assert_allclose(view.rmatvec_squared(h), plain.rmatvec_squared(h), **SUM)
    assert_allclose(view.gram(h), plain.gram(h), **SUM)
    some = np.array([5, 7, 700])
    assert_allclose(view.gram(h[some], some), plain.gram(h[some], some), **SUM)


def test_view_products_are_those_of_the_matrix(views, rng):
    view, plain = views
    s, targets = rng.random(900), rng.normal(size=(2, 900))
    gram, cross = view.products(s, targets)
    assert_allclose(gram, plain.gram(s)[:D, :D], **SUM)
    assert_allclose(cross, plain.rmatvec(targets * s), **SUM)


@pytest.mark.parametrize("name", ["squared_error", "log_loss", "huber"])
def test_view_gradient_is_that_of_three_steps(views, name, rng):
    view, plain = views
    y, v = np.sign(rng.normal(size=900)), rng.normal(size=(1, D))
    loss = sample_space.SampleLoss(name, 0.3, y, rng.random(900))
    z = plain.matvec(v) + 0.7
    d = np.empty_like(z)
    expected = loss.evaluate(z, d)
    value, g, g_intercept = view.gradient(v[0], 0.7, loss)
    assert_allclose(value, expected, rtol=1e-10)
    assert_allclose(g, plain.rmatvec(d)[0], **SUM)
    assert_allclose(g_intercept, d.sum(), **SUM)


def test_view_ranges_are_those_of_the_columns(views, rng):
    view, _ = views
    s = rng.random(900)
    X = view.X if isinstance(view.X, np.ndarray) else view.X.toarray()
    X = X[view.rows].astype(np.float64)
    total, low, high = view.ranges(s)
    assert_allclose(total, s @ X, **SUM)
    assert_array_equal(low, X.min(axis=0))
    assert_array_equal(high, X.max(axis=0))


def test_view_does_not_depend_on_threads(rng):
    X = rng.normal(size=(60_000, 20))
    rows = np.arange(len(X), dtype=np.uint32)
    one, two = (
        bridge.View(engine.Design(X), rows, np.ones(20), np.ones(20), n_threads)
        for n_threads in (1, 2)
    )
    r = rng.normal(size=(1, len(X)))
    assert_array_equal(one.rmatvec(r), two.rmatvec(r))
    assert_array_equal(one.rmatvec_squared(r[0]), two.rmatvec_squared(r[0]))
    v = rng.normal(size=(1, 20))
    assert_array_equal(one.matvec(v), two.matvec(v))
    loss = sample_space.SampleLoss("squared_error", 0.0, r[0], np.ones(len(X)) / len(X))
    for of_one, of_two in zip(
        one.gradient(v[0], 1.0, loss), two.gradient(v[0], 1.0, loss), strict=True
    ):
        assert_array_equal(of_one, of_two)


def test_view_centres_columns_of_huge_mean_without_loss(rng):
    noise = rng.normal(size=(200, 3))
    X = 1e9 + noise
    mean = X.mean(axis=0)
    rows = np.arange(200, dtype=np.uint32)
    view = bridge.View(engine.Design(X), rows, mean, np.ones(3))
    v = rng.normal(size=(1, 3))
    # X itself holds the noise to 1e-7 only; no more than that is lost
    assert_allclose(view.matvec(v), v @ (X - mean).T, rtol=1e-12, atol=1e-12)


@pytest.fixture(params=SMOOTH)
def losses(request, rng):
    K = 5 if request.param == "softmax" else 1
    y = np.sign(rng.normal(size=N))
    y = rng.integers(0, K, N).astype(np.int32) if K > 1 else in_domain(request.param, y)
    s = rng.random(N)
    arguments = request.param, parameter_of(request.param, 0.3), y, s / s.sum(), K
    return sample_space.SampleLoss(*arguments), auto_reference.SampleLoss(*arguments)


def test_sample_loss_value_and_derivatives(losses, rng):
    loss, plain = losses
    shape = (loss.n_outputs, N)
    z = 3 * rng.normal(size=shape)
    d, h, plain_d, plain_h = np.empty((4, *shape))
    assert_allclose(loss.evaluate(z, d, h), plain.evaluate(z, plain_d, plain_h))
    assert_allclose(d, plain_d, rtol=1e-13, atol=1e-16)
    assert_allclose(h, plain_h, rtol=1e-13, atol=1e-16)


def test_sample_loss_plane(losses, rng):
    loss, plain = losses
    z = 3 * rng.normal(size=(loss.n_outputs, N))
    directions = rng.normal(size=(3, loss.n_outputs, N))
    c = rng.normal(size=3)
    pairs = zip(
        loss.plane(z, directions, c), plain.plane(z, directions, c), strict=True
    )
    for got, expected in pairs:
        assert_allclose(got, expected, rtol=1e-11, atol=1e-14)


def test_sample_loss_plane_derivatives_match_finite_differences(losses, rng):
    loss, _ = losses
    z = rng.normal(size=(loss.n_outputs, N))
    directions = rng.normal(size=(2, loss.n_outputs, N))
    c, step = rng.normal(size=2), 1e-6
    _, gradient, hessian = loss.plane(z, directions, c)
    for a in range(2):
        e = step * np.eye(2)[a]
        up, down = (loss.plane(z, directions, c + t) for t in (e, -e))
        # central differences: rounding 1e-10, and a row may cross a kink of l'
        assert_allclose((up[0] - down[0]) / (2 * step), gradient[a], rtol=1e-6)
        assert_allclose(
            (up[1] - down[1]) / (2 * step), hessian[a], rtol=1e-3, atol=1e-6
        )


def test_sample_loss_minimum_on_a_plane_has_no_slope(losses, rng):
    loss, _ = losses
    z = rng.normal(size=(loss.n_outputs, N))
    directions = rng.normal(size=(2, loss.n_outputs, N))
    v, moves = (
        rng.normal(size=(loss.n_outputs, D)),
        rng.normal(size=(2, *z.shape[:1], D)),
    )
    ridge = rng.random(D)
    c, value = loss.minimise_on_plane(z, directions, ridge, v, moves)
    loss_there, slope, _ = loss.plane(z, directions, c)
    at = v + np.tensordot(c, moves, 1)
    slope += (moves * (ridge * at)).sum(axis=(1, 2))
    first = loss.plane(z, directions, np.zeros(2))[1] + (moves * (ridge * v)).sum(
        (1, 2)
    )
    assert_allclose(value, loss_there + 0.5 * (ridge * at * at).sum(), rtol=1e-12)
    # the search ends with a step that gains a thousandth of what the first one did
    assert np.abs(slope).max() <= 0.1 * np.abs(first).max()


def test_plane_step_is_newtons_whatever_the_units(rng):
    rows = rng.normal(size=(5, 3))
    units = np.array([1e-2, 1.0, 1e9])
    hessian, gradient = (
        (rows.T @ rows) * units * units[:, None],
        rng.normal(size=3) * units,
    )
    step = sample_space.plane_step(gradient, hessian)
    assert_allclose(hessian @ step / units, -gradient / units, rtol=1e-9)


def test_plane_step_follows_a_move_without_curvature_a_thousand_times():
    step = sample_space.plane_step(np.array([-1.0, 2.0]), np.diag([1e-9, 1.0]))
    assert_allclose(step, [1e3, -2.0])


def test_plane_step_where_all_is_flat_takes_the_first_move():
    step = sample_space.plane_step(np.array([2.0, 1.0]), np.zeros((2, 2)))
    assert_array_equal(step, [-1.0, 0.0])


def test_factor_solves_with_the_ridge_on_the_first_unknowns(rng):
    rows = rng.normal(size=(20, 6)) * np.logspace(-6, 6, 6)
    H, ridge, g = rows.T @ rows, rng.random(5), rng.normal(size=(3, 6))
    expected = np.linalg.solve(H + np.diag(np.append(ridge, 0.0)), g.T).T
    x = Factor(H, ridge=ridge).solve(g)
    assert_allclose(x, expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())
    assert_array_equal(x[1], Factor(H, ridge=ridge).solve(g[1]))


@pytest.mark.parametrize("value", [-1.0, np.nan])
def test_factor_of_what_is_not_positive_definite_raises(value):
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        Factor(np.array([[1.0, 0.5], [0.5, value]]) - 2.0 * np.eye(2)[::-1])


def test_addresses_are_of_the_dtype_shape_and_layout_that_are_asked_for(losses):
    loss, _ = losses
    z = np.zeros((loss.n_outputs, N))
    for wrong, error in (
        (z.astype(np.float32), TypeError),
        (z[:, ::2], ValueError),
        (np.zeros((loss.n_outputs, 2 * N))[:, ::2], ValueError),
        (z.astype(">f8"), TypeError),
    ):
        with pytest.raises(error, match="expected"):
            loss.evaluate(wrong)


def test_curvature_change_is_that_of_the_rows(rng):
    h, other = rng.random((2, 3, N))
    apart, larger, least = sample_space.curvature_change(h, other)
    assert_allclose(apart, np.abs(h - other).sum(), rtol=1e-12)
    assert_allclose(larger, np.maximum(h, other).sum(), rtol=1e-12)
    assert_allclose(least, (h / other).min(), rtol=1e-15)
    assert sample_space.curvature_change(2.0 * h, h)[2] == 1.0
    h[0, 5] = 0.0
    assert sample_space.curvature_change(h, other)[2] == 0.0


@pytest.mark.parametrize("d", [1, 3, 4, 7, 8, 11, 31, 298, 299, 300, 301])
@pytest.mark.parametrize("n", [1, 5, 700])
def test_gram_of_any_width_is_that_of_the_matrix(n, d, rng):
    X, h = rng.normal(size=(n, d)), rng.random(n)
    rows, mean, scale = np.arange(n, dtype=np.uint32), rng.normal(size=d), rng.random(d)
    gram = bridge.View(engine.Design(X), rows, mean, scale).gram(h)
    whole = np.column_stack([(X - mean) * scale, np.ones(n)])
    assert_allclose(gram, (whole.T * h) @ whole, **SUM)
    assert_array_equal(gram, gram.T)


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge", "modified_huber"])
@pytest.mark.parametrize("share", [0.5, 0.02, 0.999])
def test_best_constant_of_classes_has_no_slope(loss, share, rng):
    y = np.where(np.arange(N) < share * N, 1.0, -1.0)
    weight = rng.uniform(0.5, 1.0, size=N)
    weight /= weight.sum()
    whole = sample_space.SampleLoss(loss, 0.0, y, weight)
    (b,) = best_constant(whole)
    d, h = np.empty((2, 1, N))
    whole.evaluate(np.full((1, N), b), d, h)
    # the weights of a class, N at most, add up to 14 digits, and so many has b
    assert abs(d.sum()) <= 1e-14 * max(abs(b), 1.0) * h.sum()
