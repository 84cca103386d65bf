"""The displays: their numbers are those of the descent, and they can be drawn."""

import ast
import gc
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skgd import (
    ConvergenceDisplay,
    DescentPathDisplay,
    GDClassifier,
    GDClassifierCV,
    GDRegressor,
    GDRegressorCV,
    LearningRateDisplay,
    Momentum,
)
from skgd.display import _grid, _recorded
from skgd.display._animation import _SIGNS, _frames
from skgd.display._grid import grid_size
from skgd.display._trials import Trials

X, Y = load_diabetes(return_X_y=True, scaled=False)
SCALED = scale(X)
CANCER, LABELS = load_breast_cancer(return_X_y=True)
SCALED_CANCER = scale(CANCER)
TEXTBOOK = {"learning_rate": "constant", "max_iter": 8, "tol": None}


pytest.importorskip("matplotlib", reason="displays draw with it").use("Agg")


@pytest.fixture(autouse=True)
def plt():
    """Give pyplot, and close what was drawn."""
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def path_display(**options):
    model = GDRegressor(mode="batch", eta0=0.1, **TEXTBOOK)
    options = {"grid_resolution": 20} | options
    return DescentPathDisplay.from_estimator(model, SCALED[:, 2:4], Y, **options)


# --- The path


@pytest.mark.parametrize("mode", ["batch", "mini-batch", "stochastic"])
def test_path_ends_at_the_coefficients_of_a_fit(mode):
    model = GDRegressor(mode=mode, eta0=0.01, random_state=0, **TEXTBOOK)
    display = DescentPathDisplay.from_estimator(model, SCALED, Y, coordinates=(2, 8))
    fitted = model.fit(SCALED, Y)
    assert display.path.shape == (9, 2)
    assert_array_equal(display.path[0], 0.0)
    assert_array_equal(display.path[-1], fitted.coef_[[2, 8]])
    assert_allclose(display.path_objective[-1], fitted.objective_, rtol=1e-12)


def test_path_contours_are_the_objective():
    display = path_display()
    exact = GDRegressor(tol=1e-12).fit(SCALED[:, 2:4], Y)
    for i, j in (0, 0), (7, 3), (19, 19):
        w = np.array([display.a[j], display.b[i]])
        loss = 0.5 * np.mean((SCALED[:, 2:4] @ w + exact.intercept_ - Y) ** 2)
        expected = loss + 0.5 * 1e-4 * w @ w
        assert_allclose(display.objective[i, j], expected, rtol=1e-9)
    assert_allclose(display.optimum, exact.coef_, rtol=1e-6)
    assert (display.objective >= display.optimum_objective).all()


@pytest.mark.parametrize(
    ("loss", "n", "size"),
    [
        ("huber", 442, 100),
        ("huber", 120_000, 50),
        ("huber", 10**6, 30),
        ("squared_error", 10**6, 100),
    ],
)
def test_path_grid_of_many_rows_is_coarser(loss, n, size):
    assert grid_size(SimpleNamespace(loss=loss, rows=range(n))) == size


@pytest.mark.parametrize("size", [1, 2.5, "a", -3])
def test_path_grid_resolution_is_a_number_of_values(size):
    with pytest.raises(ValueError, match="grid_resolution must be an int >= 2"):
        path_display(grid_resolution=size)


@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_path_contours_of_squares_are_those_found_row_by_row(monkeypatch, penalty):
    weight = np.random.default_rng(0).uniform(size=len(Y))
    model = GDRegressor(penalty=penalty, alpha=3.0)
    options = {"grid_resolution": 5, "sample_weight": weight}
    closed = DescentPathDisplay.from_estimator(model, X, Y, **options)
    monkeypatch.setattr(_grid, "_squares", _grid._losses)
    summed = DescentPathDisplay.from_estimator(model, X, Y, **options)
    assert_allclose(closed.objective, summed.objective, rtol=1e-10)


def test_path_contours_of_squares_far_from_zero_keep_their_digits():
    far = X[:, [2]] + 1e7
    land = _recorded.Landscape(GDRegressor(penalty=None), far, Y)
    directions = (np.ones(1), 0.0), (np.zeros(1), 1.0)
    ((value,),) = _grid.values_on_plane(
        land.problem, (np.zeros(1), 0.0), directions, np.ones(1), np.array([-1e7])
    )
    expected = 0.5 * np.mean((far[:, 0] - 1e7 - Y) ** 2)
    assert_allclose(value, expected, rtol=1e-8)  # 1e-16 of 1e7, in numbers near 100


def test_path_contours_of_a_classifier_with_weights():
    weight = np.random.default_rng(0).uniform(size=len(LABELS))
    model = GDClassifier(mode="batch", alpha=0.01, eta0=0.1, **TEXTBOOK)
    data = scale(CANCER)[:, :1]
    display = DescentPathDisplay.from_estimator(
        model, data, LABELS, sample_weight=weight, grid_resolution=5
    )
    w, b = display.a[1], display.b[3]
    chance = 1.0 / (1.0 + np.exp(-(data[:, 0] * w + b)))
    expected = log_loss(LABELS, chance, sample_weight=weight) + 0.5 * 0.01 * w * w
    assert_allclose(display.objective[3, 1], expected, rtol=1e-9)
    assert display.axis_names == ("coefficient of feature 0", "intercept")


def test_path_scaled_coordinates_are_those_of_scaled_features():
    model = GDRegressor(penalty=None, mode="batch", tol=1e-10)
    raw = DescentPathDisplay.from_estimator(
        model, X, Y, coordinates=(2, 3), scaled=True, grid_resolution=15
    )
    coef = model.fit(SCALED, Y).coef_.copy()
    assert_allclose(raw.optimum, coef[2:4], rtol=1e-6)
    coef[2:4] = raw.a[1], raw.b[11]
    expected = 0.5 * np.mean((SCALED @ coef + model.intercept_ - Y) ** 2)
    assert_allclose(raw.objective[11, 1], expected, rtol=1e-6)


@pytest.mark.parametrize("make_X", [np.asarray, csr_array])
def test_path_scaled_coordinates_are_those_of_rows_that_count(make_X, rng):
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    X[30:] *= 100.0
    weight = np.repeat([1.0, 0.0], 30)
    one, other = (
        DescentPathDisplay.from_estimator(
            GDRegressor(), make_X(X[rows]), y[rows], scaled=True, **given
        )
        for rows, given in ((slice(60), {"sample_weight": weight}), (slice(30), {}))
    )
    assert_allclose(one.optimum, other.optimum, rtol=1e-6)


def test_path_scaled_coordinates_without_intercept_are_not_centred():
    model = GDRegressor(fit_intercept=False, penalty=None, tol=1e-10)
    size = np.sqrt(np.square(X).mean(axis=0))
    raw, scaled = (
        DescentPathDisplay.from_estimator(model, data, Y, grid_resolution=5, **options)
        for data, options in ((X, {"scaled": True}), (X / size, {}))
    )
    assert_allclose(raw.optimum, scaled.optimum, rtol=1e-6)
    coef = model.fit(X / size, Y).coef_.copy()
    coef[:2] = raw.a[1], raw.b[3]
    expected = 0.5 * np.mean((X / size @ coef - Y) ** 2)
    assert_allclose(raw.objective[3, 1], expected, rtol=1e-6)
    assert raw.axis_names[0] == "coefficient of feature 0, per root mean square"


def test_path_scaled_axes_are_equally_long():
    model = GDRegressor(mode="batch")
    display = DescentPathDisplay.from_estimator(model, X, Y, scaled=True)
    assert_allclose(np.ptp(display.a), np.ptp(display.b), rtol=1e-12)


def test_path_that_goes_down_is_shown_whole():
    model = GDClassifier(alpha=1e-3)
    display = DescentPathDisplay.from_estimator(
        model, CANCER, LABELS, coordinates="principal", grid_resolution=5
    )
    for k, axis in enumerate((display.a, display.b)):
        assert axis[0] < display.path[:, k].min()
        assert axis[-1] > display.path[:, k].max()


def test_path_principal_directions_of_wide_data_take_no_square_of_its_width():
    rng = np.random.default_rng(0)
    n, d = 20, 50_000  # a square matrix of that width would take 20 gigabytes
    wide = csr_array(
        (rng.normal(size=n), (np.arange(n), rng.integers(d, size=n))), (n, d)
    )
    display = DescentPathDisplay.from_estimator(
        GDRegressor(mode="batch", eta0=0.1, **TEXTBOOK),
        wide,
        rng.normal(size=n),
        coordinates="principal",
        grid_resolution=2,
    )
    assert display.path.shape == (9, 2)


def test_path_of_an_optimum_at_zero_has_axes_to_see():
    display = DescentPathDisplay.from_estimator(
        GDRegressor(), SCALED, np.ones(len(Y)), grid_resolution=5
    )
    assert np.ptp(display.a) > 0.1


@pytest.mark.parametrize("scaled", [False, True])
def test_path_that_is_straight_is_shown_along_it_and_the_gradient(scaled):
    model = GDRegressor(alpha=0.1)  # one epoch, which ends at the optimum
    display = DescentPathDisplay.from_estimator(
        model, X, Y, coordinates="principal", scaled=scaled, grid_resolution=21
    )
    assert display.path.shape == (2, 2)
    assert_array_equal(display.path[:, 1], 0.0)
    assert display.axis_names[1] == "the gradient at the start, across"
    start = display.path_objective[0] - display.optimum_objective
    edge = display.objective[[0, -1], 10] - display.optimum_objective
    assert (edge > 0.1 * start).all()  # not rounding, which would be flat
    assert (edge < 100.0 * start).all()


def test_path_gradient_is_that_of_the_objective():
    weight = np.random.default_rng(0).uniform(size=len(LABELS))
    weight[::3] = 0.0
    model = GDClassifier(alpha=0.1)
    land = _recorded.Landscape(model, csr_array(SCALED_CANCER), LABELS, weight)
    w, b = np.linspace(-0.1, 0.1, 30), 0.3
    of_coef, of_intercept = _grid.slope(land.problem, w, b)
    h = 1e-5  # central differences: rounding near 1e-11, truncation below it

    def objective(j, move):
        return land.objective(
            (w + move * np.eye(31)[j, :30])[None, :], [b + move * (j == 30)]
        )

    numeric = [(objective(j, h) - objective(j, -h)) / (2 * h) for j in range(31)]
    assert_allclose(np.append(of_coef, of_intercept), numeric, rtol=1e-6, atol=1e-9)


def test_path_may_be_sparse_and_principal():
    model = GDRegressor(mode="batch", eta0=0.1, **TEXTBOOK)
    dense, sparse = (
        DescentPathDisplay.from_estimator(
            model, data, Y, coordinates="principal", grid_resolution=6
        )
        for data in (SCALED, csr_array(SCALED))
    )
    assert_allclose(np.abs(sparse.path), np.abs(dense.path), rtol=1e-8, atol=1e-8)
    spread = np.square(dense.path).sum(axis=0)
    assert spread[0] > spread[1]
    assert_array_equal(dense.optimum, 0.0)


def test_path_of_a_descent_that_diverges_ends_where_it_left():
    model = GDRegressor(
        mode="batch", eta0=1e30, learning_rate="constant", max_iter=50, tol=None
    )
    display = DescentPathDisplay.from_estimator(
        model, SCALED, Y, coordinates=(0, 1), grid_resolution=5
    )
    assert "diverged" in display.title
    assert 1 <= len(display.path) < 50
    assert np.isfinite(display.a).all()
    assert np.isfinite(display.path[0]).all()


@pytest.mark.parametrize(
    ("coordinates", "message"),
    [
        ((0, 0), "two different ones"),
        ((0, 9), r"must be two of features 0 to 1 or 'intercept'; got 9"),
        (("a", 0), "got 'a'"),
        ((0,), "two different ones"),
        (3, "or 'principal'; got 3"),
        ("bmi", "or 'principal'; got 'bmi'"),
        (("intercept", 1), None),
        ("principal", None),
    ],
    ids=str,
)
def test_path_coordinates_are_checked(coordinates, message):
    if message is None:
        assert path_display(coordinates=coordinates).path.shape == (9, 2)
        return
    with pytest.raises(ValueError, match=message):
        path_display(coordinates=coordinates)


def test_path_names_come_from_the_frame():
    frame, y = load_diabetes(return_X_y=True, as_frame=True)
    display = DescentPathDisplay.from_estimator(
        GDRegressor(), frame, y, coordinates=("bmi", "s5"), grid_resolution=4
    )
    assert display.axis_names == ("coefficient of bmi", "coefficient of s5")
    fitted = GDRegressor().fit(frame, y)
    assert_array_equal(display.path[-1], fitted.coef_[[2, 8]])


def test_path_needs_two_unknowns():
    model = GDRegressor(fit_intercept=False)
    for coordinates in None, "principal":
        with pytest.raises(ValueError, match="two unknowns: here is one"):
            DescentPathDisplay.from_estimator(
                model, X[:, :1], Y, coordinates=coordinates
            )


def test_path_tells_what_is_not_in_the_picture():
    assert path_display().title.endswith(
        "\nthe other unknown at the optimum in the contours"
    )
    model = GDRegressor(fit_intercept=False)
    two = DescentPathDisplay.from_estimator(model, X[:, :2], Y, grid_resolution=3)
    assert two.title == "batch, learning rate auto: 1 epoch"
    rises = GDRegressor(mode="batch", optimizer="momentum", eta0=5.0, **TEXTBOOK)
    rising = DescentPathDisplay.from_estimator(rises, SCALED, Y, grid_resolution=3)
    assert rising.title.startswith(
        "batch, learning rate momentum, constant, eta0=5: F has risen after 8 epochs"
    )


def test_path_shows_one_output():
    iris = load_iris()
    with pytest.raises(ValueError, match="here are 3 outputs"):
        DescentPathDisplay.from_estimator(GDClassifier(), iris.data, iris.target)


# --- Convergence


def test_convergence_is_relative_to_the_optimum_and_the_null_model():
    model = GDRegressor("huber", epsilon=30.0, mode="batch", tol=1e-6)
    display = ConvergenceDisplay.from_estimator({"it": model}, X, Y)
    fitted = model.fit(X, Y)
    best = GDRegressor("huber", epsilon=30.0, tol=1e-12).fit(X, Y).objective_
    null = GDRegressor("huber", epsilon=30.0).fit(np.zeros((len(Y), 1)), Y).objective_
    expected = (fitted.history_["objective"] - best) / (null - best)
    assert_allclose(display.suboptimality["it"][1:], expected, rtol=1e-4, atol=1e-9)
    assert_allclose(display.suboptimality["it"][0], 1.0, rtol=1e-9)
    assert display.tol == {"it": 1e-6}
    assert (np.diff(display.seconds["it"]) >= 0).all()


def test_convergence_of_several_modes_ends_in_one_point():
    modes = [GDClassifier(mode=m, random_state=0) for m in ("batch", "stochastic")]
    display = ConvergenceDisplay.from_estimator(modes, CANCER, LABELS)
    assert list(display.suboptimality) == ["batch: auto", "stochastic: auto"]
    assert set(display.end.values()) == {"converged"}
    assert all(0.0 <= d[-1] < 1e-4 for d in display.suboptimality.values())
    assert all((distance >= 0.0).all() for distance in display.suboptimality.values())


def test_convergence_ends_at_the_objective_of_the_fit():
    model = GDClassifier(mode="mini-batch", random_state=0)
    ((_, distance),) = ConvergenceDisplay.from_estimator(
        model, CANCER, LABELS
    ).suboptimality.items()
    best = GDClassifier(tol=1e-12).fit(CANCER, LABELS).objective_
    null = GDClassifier().fit(np.zeros((len(LABELS), 1)), LABELS).objective_
    expected = (model.fit(CANCER, LABELS).objective_ - best) / (null - best)
    assert_allclose(distance[-1], expected, rtol=1e-4)


def test_convergence_of_a_descent_that_diverges():
    model = GDRegressor(mode="batch", eta0=1e30, **TEXTBOOK | {"max_iter": 50})
    display = ConvergenceDisplay.from_estimator(
        {"it": model, "auto": GDRegressor()}, X, Y
    )
    assert display.end == {"it": "diverged", "auto": "converged"}
    assert len(display.seconds["it"]) == len(display.suboptimality["it"]) < 51
    assert np.isfinite(display.seconds["it"]).all()
    assert display.lines_[0].get_label() == "it (diverged)"
    assert display.lines_[1].get_ydata()[-1] == 1e-12  # the optimum, on a log axis
    assert display.ax_.get_ylim() == (1e-12, 1e6)


def test_convergence_of_a_descent_that_ends_above_its_start():
    models = {
        "rises": GDRegressor(mode="batch", eta0=1e3, **TEXTBOOK),
        "at the optimum": GDRegressor(penalty=None, mode="batch", **TEXTBOOK),
    }
    display = ConvergenceDisplay.from_estimator({"rises": models["rises"]}, X, Y)
    assert len(display.seconds["rises"]) == 9  # it is still a number
    assert display.end == {"rises": "diverged"}
    display = ConvergenceDisplay.from_estimator(models, SCALED, np.zeros(len(Y)))
    assert display.end["at the optimum"] == "stopped"


def test_convergence_draws_each_tolerance():
    models = {f"{tol}": GDRegressor(tol=tol) for tol in (1e-3, 1e-3 / 3, 1e-6)}
    models["other"] = GDRegressor("huber", tol=1e-6)
    models["textbook"] = GDRegressor(eta0=1e-6, **TEXTBOOK)
    display = ConvergenceDisplay.from_estimator(models, X, Y)
    assert [line.get_label() for line in display.tolerances_] == [
        *("tol = 0.001", "tol = 0.000333333", "tol = 1e-06")
    ]
    colours = [line.get_color() for line in display.tolerances_]
    assert colours == [line.get_color() for line in display.lines_[:3]]


def test_convergence_is_not_said_of_textbook_descent():
    rates = {"learning_rate": "adaptive", "eta0": 0.01, "random_state": 0}
    display = ConvergenceDisplay.from_estimator(
        [GDRegressor(**rates), GDRegressor("huber", max_iter=1)],
        SCALED,
        Y,
    )
    assert list(display.end.values()) == ["stopped by tol", "stopped"]


def test_convergence_does_not_count_seconds_that_the_display_takes(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(_recorded, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def keep(coef, intercept):
        now[0] += 100.0

    land = _recorded.Landscape(model := GDRegressor(**TEXTBOOK), SCALED, Y)
    recorded = _recorded.record(model, land, keep=keep)
    assert now[0] == 900.0  # the start, and after each of 8 epochs
    assert_array_equal(recorded.seconds, np.zeros(9))


def test_convergence_takes_softmax_and_textbook_rates():
    iris = load_iris()
    model = GDClassifier(eta0=0.01, random_state=0, **TEXTBOOK)
    display = ConvergenceDisplay.from_estimator(model, iris.data, iris.target)
    ((name, distance),) = display.suboptimality.items()
    assert name == "stochastic: constant, eta0=0.01"
    assert len(distance) == 9
    assert distance[-1] < distance[0]
    assert display.tol[name] is None


def test_convergence_names_are_told_apart():
    with pytest.raises(ValueError, match="give a dict"):
        ConvergenceDisplay.from_estimator([GDRegressor(), GDRegressor("huber")], X, Y)
    with pytest.raises(ValueError, match="needs an estimator"):
        ConvergenceDisplay.from_estimator([], X, Y)


# --- Learning rates


def test_learning_rates_are_chosen_round_the_largest_stable_one():
    display = LearningRateDisplay.from_estimator(GDRegressor(), SCALED, Y)
    assert list(display.verdict.values()) == [
        *("crawls", "descends", "oscillates", "diverges", "descends")
    ]
    assert list(display.objective)[-1] == "auto"
    (text,) = display.texts_
    assert text.get_text() == "diverges"


@pytest.mark.parametrize("loss", ["huber", "absolute_error"])
def test_learning_rates_are_found_where_nothing_bounds_them(loss):
    display = LearningRateDisplay.from_estimator(GDRegressor(loss), SCALED, Y)
    verdict = list(display.verdict.values())
    assert verdict[:2] == ["crawls", "descends"]
    assert verdict[3] == "diverges"
    too_large = list(display.objective.values())[3]
    gain = too_large[0] - display.optimum_objective
    assert too_large.max() > too_large[0] + 0.3 * gain


def test_learning_rates_are_rounded_to_their_side_of_the_limit():
    display = LearningRateDisplay.from_estimator(
        GDRegressor(penalty=None), SCALED[:, [2]], Y
    )  # the limit is 2, and 0.98 times it would be 2 in two digits
    assert list(display.verdict) == [
        *("eta0 = 0.0038", "eta0 = 0.19", "eta0 = 1.9", "eta0 = 2.1", "auto")
    ]
    assert list(display.verdict.values())[2:4] == ["oscillates", "diverges"]


def test_learning_rates_of_a_bounded_slope_end_with_one_that_diverges():
    display = LearningRateDisplay.from_estimator(GDClassifier(), CANCER, LABELS)
    *_, (values, verdict), _ = zip(
        display.objective.values(), display.verdict.values(), strict=True
    )
    assert verdict == "diverges"
    assert values[-1] > values[0]


def test_learning_rate_that_comes_down_again_does_not_diverge():
    display = LearningRateDisplay.from_estimator(
        GDClassifier(), SCALED_CANCER, LABELS, eta0s=[80.0], auto=False
    )
    ((values, verdict),) = zip(
        display.objective.values(), display.verdict.values(), strict=True
    )
    assert values[-1] > values[0]
    assert values[-1] < 0.2 * values.max()
    assert verdict == "overshoots"


def test_learning_rate_that_is_none_does_not_oscillate():
    display = LearningRateDisplay.from_estimator(
        GDClassifier(), CANCER, LABELS, eta0s=[1e-8]
    )  # its steps turn in raw coordinates, and F falls
    assert display.verdict["auto"] == "descends"
    assert (np.diff(display.objective["auto"]) < 0.0).all()


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (0.423, "descends, 42 % left"),
        (0.0123, "descends, 1.2 % left"),
        (4e-4, "descends, less than 0.1 % left"),
        (1e-5, "descends to the optimum"),
    ],
)
def test_learning_rate_tells_little_in_words(left, words):
    display = LearningRateDisplay(
        objective={"it": np.array([3.0, 1.0 + 2.0 * left])},
        verdict={"it": "descends"},
        optimum_objective=1.0,
    ).plot()
    assert display.lines_[0].get_label() == f"it: {words}"


def test_learning_rate_tells_what_is_left():
    display = LearningRateDisplay.from_estimator(
        GDRegressor(mode="batch"), SCALED, Y, eta0s=[0.01]
    )
    values = display.objective["eta0 = 0.01"]
    best = GDRegressor(tol=1e-12).fit(SCALED, Y).objective_
    left = 100.0 * (values[-1] - best) / (values[0] - best)
    assert display.lines_[0].get_label() == f"eta0 = 0.01: crawls, {left:.0f} % left"
    assert display.lines_[1].get_label() == "auto: descends to the optimum"


def test_learning_rates_near_one_another_are_told_apart():
    display = LearningRateDisplay.from_estimator(
        GDRegressor(), SCALED, Y, eta0s=[0.101, 0.102], auto=False, max_iter=2
    )
    assert list(display.objective) == ["eta0 = 0.101", "eta0 = 0.102"]


def test_learning_rate_that_leaves_floating_point_ends_in_infinity():
    display = LearningRateDisplay.from_estimator(
        GDRegressor(), X, Y, eta0s=[1.0], max_iter=500, auto=False
    )
    ((values, verdict),) = zip(
        display.objective.values(), display.verdict.values(), strict=True
    )
    assert np.isinf(values[-1])
    assert verdict == "diverges"


def test_learning_rates_are_shown_as_they_were_tried():
    model = GDRegressor(mode="stochastic", **TEXTBOOK)  # each fit in another order
    trials = Trials(model, SCALED, Y, None)
    assert trials.trial(0.01)[0] is trials.trial(0.01)[0]


def test_learning_rates_of_bounded_coefficients_are_refused():
    with pytest.raises(ValueError, match="positive=True goes with"):
        LearningRateDisplay.from_estimator(GDRegressor(positive=True), SCALED, Y)


def test_learning_rates_may_not_be_none_at_all():
    with pytest.raises(ValueError, match="needs a learning rate, got none"):
        LearningRateDisplay.from_estimator(GDRegressor(), X, Y, eta0s=[], auto=False)


# --- Drawing


def test_displays_import_matplotlib_only_to_draw():
    for source in Path(_recorded.__file__).parent.glob("*.py"):
        for node in ast.parse(source.read_text("utf-8")).body:
            names = [getattr(node, "module", None) or ""]
            names += [alias.name for alias in getattr(node, "names", [])]
            assert not any(name.startswith("matplotlib") for name in names), source


EACH = {
    "path": path_display,
    "convergence": lambda: ConvergenceDisplay.from_estimator(
        GDRegressor("huber"), X, Y
    ),
    "rates": lambda: LearningRateDisplay.from_estimator(
        GDRegressor(), SCALED, Y, max_iter=5
    ),
}


@pytest.mark.parametrize(
    "options",
    [
        {"path_kwargs": {"lw": 3, "c": "red"}},
        {"contour_kwargs": {"cmap": "viridis"}},
        {"contour_kwargs": {"lw": 1, "color": "red"}, "kind": "surface"},
        {"contour_kwargs": {"facecolors": np.ones((20, 20, 4))}, "kind": "surface"},
    ],
)
def test_path_takes_the_words_of_matplotlib(options):
    display = path_display(**options)
    if "path_kwargs" in options:
        assert display.line_.get_linewidth() == 3
        assert display.line_.get_color() == "red"


def test_lines_take_the_words_of_matplotlib():
    for display in EACH["convergence"](), EACH["rates"]():
        display.plot(line_kwargs={"lw": 3, "c": "red", "ls": ":"})
        assert {line.get_linewidth() for line in display.lines_} == {3}
        assert {line.get_linestyle() for line in display.lines_} == {":"}


def test_a_long_title_is_as_wide_as_the_figure():
    model = GDRegressor(
        mode="mini-batch", optimizer=Momentum(0.8), eta0=0.005, **TEXTBOOK
    )
    display = DescentPathDisplay.from_estimator(
        model, SCALED[:, 2:4], Y, grid_resolution=20
    )
    display.figure_.canvas.draw()
    seen = display.ax_.title.get_window_extent()
    assert 0.0 <= seen.x0 < seen.x1 <= display.figure_.bbox.x1


@pytest.mark.parametrize("name", EACH)
def test_display_names_axes_that_are_none(name, plt):
    display = EACH[name]()
    with pytest.raises(TypeError, match=r"axes or None, got ndarray"):
        display.plot(np.array(plt.subplots(1, 2)[1]))
    with pytest.raises(TypeError, match=r"axes or None, got Figure"):
        display.plot(plt.figure())


def test_surface_names_axes_that_are_none():
    with pytest.raises(TypeError, match=r"axes or None, got int"):
        path_display().plot(3, kind="surface")


@pytest.mark.parametrize("name", EACH)
def test_display_draws_in_new_or_given_axes(name, plt):
    display = EACH[name]()
    assert display.plot() is display
    assert display.ax_.figure is display.figure_
    assert display.ax_.get_xlabel()
    assert display.ax_.get_ylabel()
    assert display.ax_.get_title()
    _, ax = plt.subplots()
    display.plot(ax)
    assert display.ax_ is ax
    display.figure_.canvas.draw()


@pytest.mark.parametrize("name", EACH)
def test_display_without_matplotlib_says_how_to_get_it(name, monkeypatch):
    display = EACH[name]()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (display.plot, EACH[name]):
        with pytest.raises(ImportError, match=r"pip install 'skgd\[plot\]'"):
            draw()


@pytest.mark.parametrize("name", ["convergence", "rates"])
def test_display_keeps_its_legend_inside_the_axes_it_is_given(name, plt):
    display = EACH[name]()
    _, ax = plt.subplots()
    display.plot(ax)
    display.figure_.canvas.draw()
    corners = ax.get_window_extent().get_points()
    legend = ax.get_legend().get_window_extent().get_points()
    assert (legend[0] >= corners[0]).all()
    assert (legend[1] <= corners[1]).all()


@pytest.mark.parametrize(
    "display", [DescentPathDisplay, ConvergenceDisplay, LearningRateDisplay]
)
@pytest.mark.parametrize("other", [Ridge(), make_pipeline(StandardScaler(), Ridge())])
def test_display_is_of_our_estimators(display, other):
    with pytest.raises(TypeError, match="shows GDRegressor and GDClassifier"):
        display.from_estimator(other, X, Y)


@pytest.mark.parametrize(
    "display", [DescentPathDisplay, ConvergenceDisplay, LearningRateDisplay]
)
@pytest.mark.parametrize("search", [GDRegressorCV(), GDClassifierCV()])
def test_display_is_of_one_descent(display, search):
    plain = type(search).__name__[:-2]
    with pytest.raises(TypeError, match=rf"give a plain one .*{plain}\(alpha=search"):
        display.from_estimator(search, CANCER, LABELS)


@pytest.mark.parametrize(
    "display", [DescentPathDisplay, ConvergenceDisplay, LearningRateDisplay]
)
def test_display_is_of_a_descent_that_minimises(display):
    with pytest.raises(ValueError, match="loss='perceptron' minimises none"):
        display.from_estimator(GDClassifier("perceptron"), CANCER, LABELS)


@pytest.mark.parametrize(
    "display", [DescentPathDisplay, ConvergenceDisplay, LearningRateDisplay]
)
def test_display_prints_nothing(display, capsys):
    display.from_estimator(GDRegressor(verbose=1), SCALED, Y)
    assert capsys.readouterr().out == ""


def test_display_leaves_the_estimator_alone():
    model = GDRegressor(mode="batch").fit(X, Y)
    before = dict(vars(model))
    DescentPathDisplay.from_estimator(model, X, Y, grid_resolution=3)
    ConvergenceDisplay.from_estimator(model, X, Y)
    LearningRateDisplay.from_estimator(model, SCALED, Y, max_iter=3)
    assert vars(model).keys() == before.keys()
    assert model.coef_ is before["coef_"]


def test_path_on_a_surface_is_as_high_as_the_objective(plt):
    display = path_display(kind="surface", grid_resolution=60)
    assert display.ax_.name == "3d"
    x, y, z = display.line_.get_data_3d()
    gap = np.ptp(display.ax_.get_zlim())
    data = SCALED[:, 2:4]
    intercept = Y.mean()
    for k in 0, len(x) // 20, len(x) - 1:
        w = np.array([x[k], y[k]])
        height = 0.5 * np.mean((data @ w + intercept - Y) ** 2) + 0.5e-4 * w @ w
        assert 0.0 < z[k] - height < 0.05 * gap
    assert display.ax_.zaxis.labelpad > plt.rcParams["axes.labelpad"]
    _, flat = plt.subplots()
    with pytest.raises(ValueError, match="three dimensions"):
        display.plot(flat, kind="surface")
    with pytest.raises(ValueError, match="kind must be"):
        display.plot(kind="map")


def test_path_on_a_surface_is_not_drawn_beyond_it():
    model = GDRegressor(mode="batch", eta0=5.0, **TEXTBOOK)  # diverges
    display = DescentPathDisplay.from_estimator(
        model, SCALED, Y, grid_resolution=10, kind="surface"
    )
    x, _, z = display.line_.get_data_3d()
    assert np.isfinite(z[0])
    assert np.isnan(z[np.abs(x) > np.abs(display.a).max()]).all()
    display.figure_.canvas.draw()


def test_path_of_many_epochs_keeps_its_colours():
    for epochs, edges in (60, 1), (500, 0):
        model = GDRegressor(mode="batch", eta0=0.1, **TEXTBOOK | {"max_iter": epochs})
        display = DescentPathDisplay.from_estimator(
            model, SCALED, Y, coordinates=(2, 3), grid_resolution=5
        )
        assert len(display.points_.get_edgecolors()) == edges  # white ones, or none


def test_path_contours_have_the_levels_asked_for():
    display = path_display(contour_kwargs={"levels": [100.0, 900.0]})
    assert_array_equal(display.contours_.levels, [100.0, 900.0])


def test_path_animation_shows_a_hundred_strides_at_most():
    for last in 0, 7, 100, 2345:
        frames = _frames(last)
        assert frames[0] == 0
        assert frames[-1] == last
        assert (np.diff(frames) >= 0).all()
        assert len(set(frames)) == min(last, 100) + 1


@pytest.mark.slow
def test_path_is_animated(tmp_path):
    display = path_display()
    contours, figure = display.contours_, display.figure_
    display.path = display.path[:2]  # a picture an epoch takes its time
    display.animate(tmp_path / "path.gif", interval=50)
    assert display.contours_ is contours  # not drawn twice
    assert "epoch 1" in display.ax_.get_title()
    assert_array_equal(display.line_.get_xydata(), display.path)
    display.plot(kind="surface")
    display.animate(tmp_path / "path.html")
    assert display.ax_.name != "3d"
    assert display.figure_ is not figure
    assert (tmp_path / "path.gif").read_bytes()[:3] == b"GIF"
    page = (tmp_path / "path.html").read_text("utf-8")
    assert "<img" in page
    assert "http" not in page  # no icons of another host
    assert "fa-" not in page
    assert page.count("<button") == len(_SIGNS)
    assert all(f">{sign}</button>" in page for sign in _SIGNS.values())


@pytest.mark.parametrize("interval", [0, -5, np.inf, np.nan, "fast", None])
def test_path_animation_takes_its_time(interval):
    with pytest.raises(ValueError, match="interval must be a number of milliseconds"):
        path_display().animate(interval=interval)


def test_path_animation_is_laid_out_once_and_may_be_dropped(recwarn):
    display = path_display()
    animation = display.animate()
    assert display.ax_.get_title().endswith("epoch 0")
    before = display.ax_.get_position().bounds
    display.ax_.set_title("three\nlines\nhigh")
    display.figure_.canvas.draw()
    assert display.ax_.get_position().bounds == before
    del animation
    gc.collect()
    assert not recwarn.list


def test_path_animation_is_a_gif_or_a_page(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.gif or \.html"):
        path_display().animate(tmp_path / "path.mp4")


def test_convergence_draws_seconds_and_the_tolerance():
    display = EACH["convergence"]()
    display.plot(x="seconds", line_kwargs={"linewidth": 3})
    assert display.ax_.get_xlabel() == "time (seconds)"
    (tolerance,) = display.tolerances_
    assert tolerance.get_ydata()[0] == 1e-4
    assert tolerance.get_label() == "tol = 0.0001"
    assert display.lines_[0].get_linewidth() == 3
    with pytest.raises(ValueError, match="x must be"):
        display.plot(x="time")
