"""Laws of the losses, for each that the core has."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_less
from sklearn.metrics import mean_tweedie_deviance

import reference
from loss_domains import POWER, in_domain, parameter_of
from skgd._core.engine import evaluate_loss
from skgd._core.losses import LOSSES
from skgd._core.sample_space import SampleLoss

EPSILON = 0.3
N_CLASSES = 3
BOUNDED = [name for name, loss in LOSSES.items() if np.isfinite(loss["curvature"])]
KINKED = [name for name, loss in LOSSES.items() if loss["shape"] == "kinked"]
UNBOUNDED = [name for name in LOSSES if name not in BOUNDED + KINKED]
each_loss = pytest.mark.parametrize("loss", LOSSES)


def targets(loss, n, rng):
    """Give targets as the core wants them: float64, or int32 codes for softmax."""
    if loss == "softmax":
        return rng.integers(N_CLASSES, size=n, dtype=np.int32)
    if LOSSES[loss]["classification"]:
        return rng.choice([-1.0, 1.0], size=n)
    return in_domain(loss, rng.normal(size=n))


def predictions(loss, n, rng, scale=2.0):
    """Give raw predictions: (n,), or (n_classes, n) for softmax."""
    return scale * rng.normal(size=(N_CLASSES, n) if loss == "softmax" else n)


def values(loss, y, z):
    """Give the loss of each sample: the core gives sums only."""
    one = np.ones(1)
    return np.array(
        [
            evaluate_loss(
                loss,
                parameter_of(loss, EPSILON),
                y[[i]],
                np.ascontiguousarray(z[..., [i]]),
                one,
            )[0]
            for i in range(len(y))
        ]
    )


def derivatives(loss, y, z):
    """Give dloss/dz, in z's shape."""
    return evaluate_loss(loss, parameter_of(loss, EPSILON), y, z, np.ones(len(y)))[1]


def in_reference_shape(loss, y, z):
    """Give (y, z) of shapes (n, K), classes one-hot."""
    if loss == "softmax":
        return np.eye(N_CLASSES)[y], z.T
    return y[:, None], z[:, None]


def of_reference(loss, which, y, z):
    """Give values (0) or derivatives (1) by the specification."""
    formula = reference.LOSSES[loss][which]
    return formula(*in_reference_shape(loss, y, z), parameter_of(loss, EPSILON))


def far_from_kinks(loss, y, z):
    """Tell where the second derivative is continuous within 1e-3."""
    if loss == "softmax":
        return np.ones(len(y), bool)
    points = (
        np.array([-1.0, 0.0, 1.0])
        if LOSSES[loss]["classification"]
        else np.array([-EPSILON, 0.0, EPSILON])
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


@pytest.mark.parametrize("loss", BOUNDED)
def test_loss_derivative_is_curvature_lipschitz(loss, rng):
    y, z = targets(loss, 2000, rng), predictions(loss, 2000, rng)
    other = z + predictions(loss, 2000, rng) * 10.0 ** rng.uniform(-3, 1, size=2000)
    change = derivatives(loss, y, other) - derivatives(loss, y, z)
    bound = LOSSES[loss]["curvature"] * size(other - z)
    # 1e-14: both derivatives are below 100 and rounded to 1e-16 of that
    assert_array_less(size(change), bound * (1 + 1e-12) + 1e-13)


@pytest.mark.parametrize("loss", BOUNDED)
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
    with np.errstate(over="ignore"):
        expected = of_reference(loss, 0, y, z)
    # A few units in the last place; exp is cut at exp(-708) = 3e-308. Softmax takes a
    # difference of numbers near |z|, and with a log link the reference cancels.
    atol = 1e-13 if loss in ("softmax", *UNBOUNDED) else 1e-307
    # Gamma's y / mu = exp(log(y) - z) has the rounding of z near 700: 1.1e-13.
    rtol = 1.2e-13 if loss == "gamma" else 2e-15
    assert_allclose(values(loss, y, z), expected[:, 0], rtol=rtol, atol=atol)


@each_loss
def test_loss_derivative_is_right_at_extreme_predictions(loss, rng):
    y, z = extreme_points(loss, rng)
    with np.errstate(over="ignore"):
        expected = of_reference(loss, 1, y, z)
    got = derivatives(loss, y, z)
    got = got.T if loss == "softmax" else got[:, None]
    # The reference's exp(-log(1 + exp(m))) has the rounding of m near 700 in its
    # exponent: 700 eps = 1.6e-13.
    # With a log link a difference of numbers near 20.
    atol = 4e-16 if loss == "softmax" else 1e-14 if loss in UNBOUNDED else 1e-307
    assert_allclose(got, expected, rtol=4e-13, atol=atol)


@each_loss
def test_loss_weight_multiplies_value_and_derivative(loss, rng):
    y, z = targets(loss, 50, rng), predictions(loss, 50, rng)
    weight = rng.uniform(0, 3, size=50)
    total, derivative = evaluate_loss(loss, parameter_of(loss, EPSILON), y, z, weight)
    assert_allclose(total, weight @ values(loss, y, z), rtol=1e-14)  # other order
    # Softmax's p - 1 cancels: its error is one of p, below 1.
    assert_allclose(
        derivative, weight * derivatives(loss, y, z), rtol=1e-15, atol=1e-15
    )


@each_loss
def test_loss_is_never_negative(loss, rng):
    y = targets(loss, 3000, rng)
    z = predictions(loss, 3000, rng, scale=10.0)
    assert (values(loss, y, z) >= 0.0).all()


# --- Log links


each_log_link = pytest.mark.parametrize("loss", UNBOUNDED)


@each_log_link
def test_log_link_loss_is_half_the_deviance(loss, rng):
    y, z = targets(loss, 100, rng), predictions(loss, 100, rng)
    power = {"poisson": 1, "gamma": 2}.get(loss, POWER)
    deviance = mean_tweedie_deviance(y, np.exp(z), power=power)
    assert_allclose(values(loss, y, z).mean(), deviance / 2, rtol=1e-13)


@each_log_link
@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
def test_log_link_loss_is_precise_next_to_its_minimum(loss, size):
    """Where deviances cancel: y^(2 - p) r^2 / 2 for the distance r in z."""
    y = size * np.linspace(1.0, 2.0, 50)
    z = np.log(y) + 1e-5
    power = {"poisson": 1, "gamma": 2}.get(loss, POWER)
    # The third derivative adds r / 3 of it, and log(y) is rounded to 3.6e-15.
    assert_allclose(values(loss, y, z), y ** (2 - power) * 5e-11, rtol=1e-5)


@pytest.mark.parametrize(("power", "limit"), [(1.0, "poisson"), (2.0, "gamma")])
@pytest.mark.parametrize("distance", [1e-6, 1e-12])
def test_tweedie_is_continuous_in_its_power(power, limit, distance, rng):
    y, z, one = (
        in_domain("gamma", rng.normal(size=200)),
        rng.normal(size=200),
        np.ones(200),
    )
    near = power + distance * (1.0 if power == 1.0 else -1.0)
    tweedie = evaluate_loss("tweedie", near, y, z, one)
    exact = evaluate_loss(limit, 0.0, y, z, one)
    assert_allclose(tweedie[0], exact[0], rtol=20 * distance)
    assert_allclose(tweedie[1], exact[1], rtol=1e-10, atol=1000 * distance)


@each_log_link
def test_log_link_curvature_has_no_bound(loss):
    y = np.ones(1)
    ends = [derivatives(loss, y, np.array([z])) for z in (-30.0, -29.9, 29.9, 30.0)]
    slopes = (ends[1] - ends[0]) / 0.1, (ends[3] - ends[2]) / 0.1
    assert max(slopes) > 1e4


@pytest.mark.parametrize("loss", ["poisson", "tweedie"])
def test_log_link_loss_of_zero_is_the_mean_alone(loss):
    z, y = np.array([-2000.0, -3.0, 0.0, 5.0, 600.0]), np.zeros(5)
    a = 1.0 if loss == "poisson" else 2.0 - POWER
    # exp is cut at exp(-708)
    assert_allclose(values(loss, y, z), np.exp(a * z) / a, rtol=1e-13, atol=1e-307)
    assert_allclose(derivatives(loss, y, z), np.exp(a * z), rtol=1e-13, atol=1e-307)


@each_log_link
def test_log_link_loss_overflows_to_infinity_and_not_to_nan(loss):
    for z in (-1e300, -1e5, 1e5, 1e300):
        value = values(loss, np.ones(1), np.array([z]))[0]
        assert value > 1e4


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


@pytest.mark.parametrize("power", [1.5, 1.99, 1.9994, 1.9999, 1.999999])
def test_tweedie_near_gamma_is_half_the_deviance_of_zeros_too(power, rng):
    y = rng.gamma(1.0, size=50) * (rng.random(50) < 0.6)
    z = rng.normal(size=(1, 50))
    loss = SampleLoss("tweedie", power, y, np.full(50, 0.02))
    expected = 0.5 * mean_tweedie_deviance(y, np.exp(z[0]), power=power)
    assert_allclose(loss.evaluate(z), expected, rtol=1e-9)
