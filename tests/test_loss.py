"""Laws of the losses, for each that the core has."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_less

import reference
from skgd._core.engine import LOSSES, evaluate_loss

PARAMETER = 0.3  # epsilon
N_CLASSES = 3
SMOOTH = [name for name, loss in LOSSES.items() if np.isfinite(loss["curvature"])]
KINKED = [name for name in LOSSES if name not in SMOOTH]
each_loss = pytest.mark.parametrize("loss", LOSSES)


def targets(loss, n, rng):
    """Give targets as the core wants them: float64, or int32 codes for softmax."""
    if loss == "softmax":
        return rng.integers(N_CLASSES, size=n, dtype=np.int32)
    if LOSSES[loss]["classification"]:
        return rng.choice([-1.0, 1.0], size=n)
    return rng.normal(size=n)


def predictions(loss, n, rng, scale=2.0):
    """Give raw predictions: (n,), or (n_classes, n) for softmax."""
    return scale * rng.normal(size=(N_CLASSES, n) if loss == "softmax" else n)


def values(loss, y, z):
    """Give the loss of each sample: the core gives sums only."""
    one = np.ones(1)
    return np.array(
        [
            evaluate_loss(
                loss, PARAMETER, y[[i]], np.ascontiguousarray(z[..., [i]]), one
            )[0]
            for i in range(len(y))
        ]
    )


def derivatives(loss, y, z):
    """Give dloss/dz, in z's shape."""
    return evaluate_loss(loss, PARAMETER, y, z, np.ones(len(y)))[1]


def in_reference_shape(loss, y, z):
    """Give (y, z) of shapes (n, K), classes one-hot."""
    if loss == "softmax":
        return np.eye(N_CLASSES)[y], z.T
    return y[:, None], z[:, None]


def far_from_kinks(loss, y, z):
    """Tell where the second derivative is continuous within 1e-3."""
    if loss == "softmax":
        return np.ones(len(y), bool)
    points = (
        np.array([-1.0, 0.0, 1.0])
        if LOSSES[loss]["classification"]
        else np.array([-PARAMETER, 0.0, PARAMETER])
    )
    argument = y * z if LOSSES[loss]["classification"] else z - y
    return (abs(argument[:, None] - points) > 1e-3).all(axis=1)


@each_loss
def test_loss_derivative_matches_finite_difference(loss, rng):
    y, z = targets(loss, 200, rng), predictions(loss, 200, rng)
    smooth = far_from_kinks(loss, y, z)
    y, z = y[smooth], np.ascontiguousarray(z[..., smooth])
    h = 1e-5  # central difference: truncation h^2 / 6, rounding eps / h = 2e-11
    for k in range(N_CLASSES if loss == "softmax" else 1):
        shift = np.zeros_like(z)
        shift[k if loss == "softmax" else slice(None)] = h
        numeric = (values(loss, y, z + shift) - values(loss, y, z - shift)) / (2 * h)
        exact = derivatives(loss, y, z)
        exact = exact[k] if loss == "softmax" else exact
        assert_allclose(exact, numeric, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("loss", SMOOTH)
def test_loss_derivative_is_curvature_lipschitz(loss, rng):
    y, z = targets(loss, 2000, rng), predictions(loss, 2000, rng)
    other = z + predictions(loss, 2000, rng) * 10.0 ** rng.uniform(-3, 1, size=2000)
    change = derivatives(loss, y, other) - derivatives(loss, y, z)
    bound = LOSSES[loss]["curvature"] * size(other - z)
    # 1e-14: both derivatives are below 100 and rounded to 1e-16 of that
    assert_array_less(size(change), bound * (1 + 1e-12) + 1e-13)


@pytest.mark.parametrize("loss", SMOOTH)
def test_loss_curvature_is_attained(loss, rng):
    y, z = targets(loss, 5000, rng), predictions(loss, 5000, rng)
    if loss == "softmax":  # the bound needs two classes that share all probability
        z[:2] *= 0.01
        z[2] = -50.0
    h = 1e-4 * (np.array([1.0, -1.0, 0.0])[:, None] if loss == "softmax" else 1.0)
    change = derivatives(loss, y, z + h) - derivatives(loss, y, z)
    ratio = size(change) / size(np.broadcast_to(h, z.shape))
    assert ratio.max() > 0.999 * LOSSES[loss]["curvature"]


@each_loss
def test_loss_derivative_is_monotone(loss, rng):
    y, z = targets(loss, 2000, rng), predictions(loss, 2000, rng)
    other = predictions(loss, 2000, rng)
    product = (derivatives(loss, y, other) - derivatives(loss, y, z)) * (other - z)
    product = product.sum(axis=0) if loss == "softmax" else product
    assert (product >= -1e-14).all()  # rounding of numbers near one


@each_loss
def test_loss_value_lies_above_its_tangents(loss, rng):
    y, z = targets(loss, 300, rng), predictions(loss, 300, rng)
    other = predictions(loss, 300, rng)
    slope = derivatives(loss, y, z) * (other - z)
    slope = slope.sum(axis=0) if loss == "softmax" else slope
    tangent = values(loss, y, z) + slope
    # a sum of four rounded numbers below 100
    assert (values(loss, y, other) >= tangent - 1e-13).all()


EXTREMES = [0.0, 5e-324, 1e-300, 1e-17, 1e-8, 0.3, 1.0, 36.0, 700.0, 708.5, 745.2, 1e3]


def extreme_points(loss, rng):
    signed = np.array([sign * size for size in EXTREMES for sign in (1.0, -1.0)])
    if loss == "softmax":
        z = np.stack(np.meshgrid(signed, signed, [0.0, 1.0])).reshape(3, -1)
    else:
        z = np.repeat(signed, 2)
    z = np.ascontiguousarray(z)
    return targets(loss, z.shape[-1], rng), z


@each_loss
def test_loss_value_is_right_at_extreme_predictions(loss, rng):
    y, z = extreme_points(loss, rng)
    expected = reference.LOSSES[loss][0](*in_reference_shape(loss, y, z), PARAMETER)
    # A few units in the last place; exp is cut at exp(-708) = 3e-308. Softmax takes a
    # difference of numbers near |z|.
    atol = 1e-13 if loss == "softmax" else 1e-307
    assert_allclose(values(loss, y, z), expected[:, 0], rtol=2e-15, atol=atol)


@each_loss
def test_loss_derivative_is_right_at_extreme_predictions(loss, rng):
    y, z = extreme_points(loss, rng)
    expected = reference.LOSSES[loss][1](*in_reference_shape(loss, y, z), PARAMETER)
    got = derivatives(loss, y, z)
    got = got.T if loss == "softmax" else got[:, None]
    # The reference's exp(-log(1 + exp(m))) has the rounding of m near 700 in its
    # exponent: 700 eps = 1.6e-13.
    atol = 4e-16 if loss == "softmax" else 1e-307
    assert_allclose(got, expected, rtol=4e-13, atol=atol)


@each_loss
def test_loss_weight_multiplies_value_and_derivative(loss, rng):
    y, z = targets(loss, 50, rng), predictions(loss, 50, rng)
    weight = rng.uniform(0, 3, size=50)
    total, derivative = evaluate_loss(loss, PARAMETER, y, z, weight)
    assert_allclose(total, weight @ values(loss, y, z), rtol=1e-14)  # other order
    # Softmax's p - 1 cancels: its error is one of p, below 1.
    assert_allclose(
        derivative, weight * derivatives(loss, y, z), rtol=1e-15, atol=1e-15
    )


def test_loss_softmax_of_two_classes_is_log_loss_of_the_difference(rng):
    codes, z = rng.integers(2, size=100, dtype=np.int32), rng.normal(size=(2, 100)) * 5
    margin = z[1] - z[0]
    one = np.ones(100)
    softmax = evaluate_loss("softmax", 0.0, codes, z, one)
    log_loss = evaluate_loss("log_loss", 0.0, 2.0 * codes - 1.0, margin, one)
    assert_allclose(softmax[0], log_loss[0], rtol=1e-13)  # same sums, other rounding
    assert_allclose(softmax[1][1], log_loss[1], rtol=1e-13, atol=1e-15)


def test_loss_squared_hinge_derivative_is_cut():
    one = np.ones(1)
    assert evaluate_loss("squared_hinge", 0.0, one, np.array([-1e13]), one)[1] == -1e12


def size(x):
    """Give the norm of each sample's row."""
    return abs(x) if x.ndim == 1 else np.linalg.norm(x, axis=0)
