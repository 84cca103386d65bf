"""Test functions of Moré, Garbow, Hillstrom (ACM TOMS 7, 1981): starts and minima.

Each is a sum of squares of residuals; they are analytic, so that a step into the
complex plane gives the gradient to the last bits: g_j = Im f(x + i h e_j) / h.
"""

from typing import NamedTuple

import numpy as np

_TINY = 1e-30


class Problem(NamedTuple):
    """A sum of squares, a start, and the least value (of the known local minima)."""

    residuals: object
    x0: tuple
    minima: tuple

    def fun(self, x):
        """Give the sum of squares."""
        return float(np.sum(self.residuals(x) ** 2))

    def jac(self, x):
        """Give its gradient."""
        steps = x[:, None] + 1j * _TINY * np.eye(len(x))
        return np.array(
            [np.sum(self.residuals(step) ** 2).imag / _TINY for step in steps.T]
        )


def _stack(*parts):
    return np.concatenate([np.atleast_1d(part) for part in parts])


def _rosenbrock(x):
    return _stack(10 * (x[1::2] - x[::2] ** 2), 1 - x[::2])


def _freudenstein_roth(x):
    a, b = x
    return _stack(-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b)


def _powell_badly_scaled(x):
    return _stack(1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001)


def _brown_badly_scaled(x):
    return _stack(x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2)


def _beale(x):
    i = np.arange(1, 4)
    return np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** i)


def _jennrich_sampson(x):
    i = np.arange(1, 11)
    return 2 + 2 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def _helical_valley(x):
    half = 0.5 if x[0].real < 0 else 0.0
    theta = np.arctan(x[1] / x[0]) / (2 * np.pi) + half
    return _stack(
        10 * (x[2] - 10 * theta), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]
    )


_BARD_Y = np.array(
    [
        0.14,
        0.18,
        0.22,
        0.25,
        0.29,
        0.32,
        0.35,
        0.39,
        0.37,
        0.58,
        0.73,
        0.96,
        1.34,
        2.1,
        4.39,
    ]
)


def _bard(x):
    u = np.arange(1.0, 16.0)
    v = 16 - u
    return _BARD_Y - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


_GAUSSIAN_Y = (
    np.array(
        [9, 44, 175, 540, 1295, 2420, 3521, 3989, 3521, 2420, 1295, 540, 175, 44, 9]
    )
    / 1e4
)


def _gaussian(x):
    t = (8 - np.arange(1, 16)) / 2
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - _GAUSSIAN_Y


_MEYER_Y = np.array(
    [
        34780,
        28610,
        23650,
        19630,
        16370,
        13720,
        11540,
        9744,
        8261,
        7030,
        6005,
        5147,
        4427,
        3820,
        3307,
        2872,
    ]
)


def _meyer(x):
    t = 45 + 5 * np.arange(1, 17)
    return x[0] * np.exp(x[1] / (t + x[2])) - _MEYER_Y


def _gulf(x):
    t = np.arange(1, 100) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    gap = y - x[1]
    gap = np.where(gap.real < 0, -gap, gap)
    return np.exp(-(gap ** x[2]) / x[0]) - t


def _box3d(x):
    t = 0.1 * np.arange(1, 11)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def _powell_singular(x):
    a, b, c, d = x
    return _stack(
        a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2
    )


def _wood(x):
    a, b, c, d = x
    return _stack(
        10 * (b - a**2),
        1 - a,
        90**0.5 * (d - c**2),
        1 - c,
        10**0.5 * (b + d - 2),
        (b - d) / 10**0.5,
    )


_KOWALIK_Y = np.array(
    [
        0.1957,
        0.1947,
        0.1735,
        0.16,
        0.0844,
        0.0627,
        0.0456,
        0.0342,
        0.0323,
        0.0235,
        0.0246,
    ]
)
_KOWALIK_U = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])


def _kowalik_osborne(x):
    u = _KOWALIK_U
    return _KOWALIK_Y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def _brown_dennis(x):
    t = np.arange(1, 21) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (
        x[2] + x[3] * np.sin(t) - np.cos(t)
    ) ** 2


_OSBORNE1_Y = np.array(
    [
        0.844,
        0.908,
        0.932,
        0.936,
        0.925,
        0.908,
        0.881,
        0.85,
        0.818,
        0.784,
        0.751,
        0.718,
        0.685,
        0.658,
        0.628,
        0.603,
        0.58,
        0.558,
        0.538,
        0.522,
        0.506,
        0.49,
        0.478,
        0.467,
        0.457,
        0.448,
        0.438,
        0.431,
        0.424,
        0.42,
        0.414,
        0.411,
        0.406,
    ]
)


def _osborne1(x):
    t = 10.0 * np.arange(33)
    return _OSBORNE1_Y - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def _biggs_exp6(x):
    t = 0.1 * np.arange(1, 14)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return (
        x[2] * np.exp(-t * x[0])
        - x[3] * np.exp(-t * x[1])
        + x[5] * np.exp(-t * x[4])
        - y
    )


_OSBORNE2_Y = np.array(
    [
        1.366,
        1.191,
        1.112,
        1.013,
        0.991,
        0.885,
        0.831,
        0.847,
        0.786,
        0.725,
        0.746,
        0.679,
        0.608,
        0.655,
        0.616,
        0.606,
        0.602,
        0.626,
        0.651,
        0.724,
        0.649,
        0.649,
        0.694,
        0.644,
        0.624,
        0.661,
        0.612,
        0.558,
        0.533,
        0.495,
        0.5,
        0.423,
        0.395,
        0.375,
        0.372,
        0.391,
        0.396,
        0.405,
        0.428,
        0.429,
        0.523,
        0.562,
        0.607,
        0.653,
        0.672,
        0.708,
        0.633,
        0.668,
        0.645,
        0.632,
        0.591,
        0.559,
        0.597,
        0.625,
        0.739,
        0.71,
        0.729,
        0.72,
        0.636,
        0.581,
        0.428,
        0.292,
        0.162,
        0.098,
        0.054,
    ]
)


def _osborne2(x):
    t = np.arange(65) / 10
    return _OSBORNE2_Y - (
        x[0] * np.exp(-t * x[4])
        + x[1] * np.exp(-((t - x[8]) ** 2) * x[5])
        + x[2] * np.exp(-((t - x[9]) ** 2) * x[6])
        + x[3] * np.exp(-((t - x[10]) ** 2) * x[7])
    )


def _watson(x):
    t = np.arange(1, 30)[:, None] / 29
    j = np.arange(len(x))
    slope = (j[1:] * x[1:] * t ** (j[1:] - 1)).sum(axis=1)
    level = (x * t**j).sum(axis=1)
    return _stack(slope - level**2 - 1, x[0], x[1] - x[0] ** 2 - 1)


def _penalty_1(x):
    return _stack(1e-5**0.5 * (x - 1), np.sum(x**2) - 0.25)


def _penalty_2(x):
    n, root = len(x), 1e-5**0.5
    i = np.arange(2, n + 1)
    y = np.exp(i / 10) + np.exp((i - 1) / 10)
    return _stack(
        x[0] - 0.2,
        root * (np.exp(x[1:] / 10) + np.exp(x[:-1] / 10) - y),
        root * (np.exp(x[1:] / 10) - np.exp(-0.1)),
        np.sum(np.arange(n, 0, -1) * x**2) - 1,
    )


def _variably_dimensioned(x):
    total = np.sum(np.arange(1, len(x) + 1) * (x - 1))
    return _stack(x - 1, total, total**2)


def _trigonometric(x):
    i = np.arange(1, len(x) + 1)
    return len(x) - np.sum(np.cos(x)) + i * (1 - np.cos(x)) - np.sin(x)


def _brown_almost_linear(x):
    return _stack(x[:-1] + np.sum(x) - (len(x) + 1), np.prod(x) - 1)


def _discrete_boundary_value(x):
    h = 1 / (len(x) + 1)
    t = h * np.arange(1, len(x) + 1)
    around = _stack(x[1:], 0.0) + _stack(0.0, x[:-1])
    return 2 * x - around + h**2 * (x + t + 1) ** 3 / 2


def _broyden_tridiagonal(x):
    around = 2 * _stack(x[1:], 0.0) + _stack(0.0, x[:-1])
    return (3 - 2 * x) * x - around + 1


def _linear_full_rank(x):
    shift = 2 * np.sum(x) / (len(x) + 5)
    return _stack(x - shift - 1, np.full(5, -shift - 1))


_T10 = np.arange(1, 11) / 11

PROBLEMS = {
    "rosenbrock": Problem(_rosenbrock, (-1.2, 1), (0,)),
    "freudenstein-roth": Problem(_freudenstein_roth, (0.5, -2), (0, 48.98425367924)),
    "powell badly scaled": Problem(_powell_badly_scaled, (0, 1), (0,)),
    "brown badly scaled": Problem(_brown_badly_scaled, (1, 1), (0,)),
    "beale": Problem(_beale, (1, 1), (0,)),
    "jennrich-sampson": Problem(_jennrich_sampson, (0.3, 0.4), (124.362182355,)),
    "helical valley": Problem(_helical_valley, (-1, 0, 0), (0,)),
    "bard": Problem(_bard, (1, 1, 1), (8.21487730657e-3,)),
    "gaussian": Problem(_gaussian, (0.4, 1, 0), (1.12793276961e-8,)),
    "meyer": Problem(_meyer, (0.02, 4000, 250), (87.9458551706,)),
    "gulf": Problem(_gulf, (5, 2.5, 0.15), (0,)),
    "box 3-d": Problem(_box3d, (0, 10, 20), (0,)),
    "powell singular": Problem(_powell_singular, (3, -1, 0, 1), (0,)),
    "wood": Problem(_wood, (-3, -1, -3, -1), (0,)),
    "kowalik-osborne": Problem(
        _kowalik_osborne, (0.25, 0.39, 0.415, 0.39), (3.07505603849e-4,)
    ),
    "brown-dennis": Problem(_brown_dennis, (25, 5, -5, -1), (85822.2016263563,)),
    "osborne 1": Problem(_osborne1, (0.5, 1.5, -1, 0.01, 0.02), (5.46489469748e-5,)),
    "biggs exp6": Problem(_biggs_exp6, (1, 2, 1, 1, 1, 1), (0, 5.65564992500e-3)),
    "osborne 2": Problem(
        _osborne2,
        (1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5),
        (4.01377362935e-2,),
    ),
    "watson 6": Problem(_watson, (0,) * 6, (2.28767005355e-3,)),
    "watson 9": Problem(_watson, (0,) * 9, (1.39976013826e-6,)),
    "extended rosenbrock": Problem(_rosenbrock, (-1.2, 1) * 25, (0,)),
    "penalty 1": Problem(_penalty_1, tuple(range(1, 11)), (7.08765146709e-5,)),
    "penalty 2": Problem(_penalty_2, (0.5,) * 10, (2.93660537457e-4,)),
    "variably dimensioned": Problem(
        _variably_dimensioned, tuple(1 - np.arange(1, 11) / 10), (0,)
    ),
    "trigonometric": Problem(_trigonometric, (0.1,) * 10, (0, 2.79505512e-5)),
    "brown almost-linear": Problem(_brown_almost_linear, (0.5,) * 10, (0, 1)),
    "discrete boundary value": Problem(
        _discrete_boundary_value, tuple(_T10 * (_T10 - 1)), (0,)
    ),
    "broyden tridiagonal": Problem(_broyden_tridiagonal, (-1,) * 10, (0,)),
    "linear, full rank": Problem(_linear_full_rank, (1,) * 10, (5,)),
}
