"""The displays: their numbers are those of the descent, and they can be drawn."""

import sys

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
    GDRegressor,
    LearningRateDisplay,
)

X, Y = load_diabetes(return_X_y=True, scaled=False)
SCALED = scale(X)
CANCER, LABELS = load_breast_cancer(return_X_y=True)
TEXTBOOK = {"learning_rate": "constant", "max_iter": 8, "tol": None}


@pytest.fixture
def plt():
    """Give pyplot, drawing nowhere."""
    matplotlib = pytest.importorskip("matplotlib", reason="displays draw with it")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def path_display(**options):
    model = GDRegressor(mode="batch", eta0=0.1, **TEXTBOOK)
    return DescentPathDisplay.from_estimator(
        model, SCALED[:, 2:4], Y, grid_resolution=20, **options
    )


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
    scaled = DescentPathDisplay.from_estimator(
        model, SCALED, Y, coordinates=(2, 3), grid_resolution=15
    )
    assert_allclose(raw.optimum, scaled.optimum, rtol=1e-6)
    assert_allclose(raw.objective, scaled.objective, rtol=1e-6)


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
        (("intercept", 1), None),
        ("principal", None),
    ],
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
    assert all(abs(distance[-1]) < 1e-4 for distance in display.suboptimality.values())


def test_convergence_takes_softmax_and_textbook_rates():
    iris = load_iris()
    model = GDClassifier(eta0=0.01, random_state=0, **TEXTBOOK)
    display = ConvergenceDisplay.from_estimator(model, iris.data, iris.target)
    ((name, distance),) = display.suboptimality.items()
    assert name == "auto: constant, eta0=0.01"
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


def test_learning_rate_that_leaves_floating_point_ends_in_infinity():
    display = LearningRateDisplay.from_estimator(
        GDRegressor(), X, Y, eta0s=[1.0], max_iter=500, auto=False
    )
    ((values, verdict),) = zip(
        display.objective.values(), display.verdict.values(), strict=True
    )
    assert np.isinf(values[-1])
    assert verdict == "diverges"


def test_learning_rates_of_kinked_losses_must_be_given():
    with pytest.raises(ValueError, match="give eta0s"):
        LearningRateDisplay.from_estimator(GDRegressor("absolute_error"), X, Y)


# --- Drawing

EACH = {
    "path": path_display,
    "convergence": lambda: ConvergenceDisplay.from_estimator(
        GDRegressor("huber"), X, Y
    ),
    "rates": lambda: LearningRateDisplay.from_estimator(
        GDRegressor(), SCALED, Y, max_iter=5
    ),
}


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
    with pytest.raises(ImportError, match=r"pip install 'skgd\[plot\]'"):
        display.plot()


@pytest.mark.parametrize(
    "display", [DescentPathDisplay, ConvergenceDisplay, LearningRateDisplay]
)
@pytest.mark.parametrize("other", [Ridge(), make_pipeline(StandardScaler(), Ridge())])
def test_display_is_of_our_estimators(display, other):
    with pytest.raises(TypeError, match="shows GDRegressor and GDClassifier"):
        display.from_estimator(other, X, Y)


def test_display_leaves_the_estimator_alone(plt):
    model = GDRegressor(mode="batch").fit(X, Y)
    before = dict(vars(model))
    DescentPathDisplay.from_estimator(model, X, Y, grid_resolution=3)
    ConvergenceDisplay.from_estimator(model, X, Y)
    LearningRateDisplay.from_estimator(model, SCALED, Y, max_iter=3)
    assert vars(model).keys() == before.keys()
    assert model.coef_ is before["coef_"]


@pytest.mark.slow
def test_path_draws_a_surface_and_an_animation(plt, tmp_path):
    display = path_display()
    display.path = display.path[:2]  # a picture an epoch takes its time
    display.plot(kind="surface")
    assert display.ax_.name == "3d"
    display.animate(tmp_path / "path.gif", interval=50)
    display.animate(tmp_path / "path.html")
    assert (tmp_path / "path.gif").read_bytes()[:3] == b"GIF"
    assert "<img" in (tmp_path / "path.html").read_text()
    with pytest.raises(ValueError, match="kind must be"):
        display.plot(kind="map")


def test_convergence_draws_seconds_and_the_tolerance(plt):
    display = EACH["convergence"]()
    display.plot(x="seconds", line_kwargs={"linewidth": 3})
    assert display.ax_.get_xlabel() == "seconds"
    assert display.tolerance_.get_ydata()[0] == 1e-4
    assert display.lines_[0].get_linewidth() == 3
    with pytest.raises(ValueError, match="x must be"):
        display.plot(x="time")
