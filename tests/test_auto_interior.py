"""Interior point iterations beside bounded coefficients go straight to the optimum."""

from types import SimpleNamespace

import numpy as np
import pytest
from kinked_tasks import OF_CLASSES, PARAMETERS, Penalty, make_task, run

from skgd import GDRegressor
from skgd._report import Report
from skgd.auto._epochs import AutoEpochs, _Output
from skgd.auto._interior import InteriorPoint


def is_met(task, report, tol=1e-4):
    return report.certified and report.suboptimality <= task.needed(
        tol, report.objective
    )


@pytest.mark.parametrize("loss", [*PARAMETERS, "huber"])
@pytest.mark.parametrize("seed", range(5))
def test_bounded_coefficients_of_columns_that_agree_take_few_iterations(loss, seed):
    # 17 to 23, of which two ended not converged, when each coefficient began as far
    # from its bound as rows were from their kinks; 7 to 10 since.
    rng = np.random.default_rng(seed)
    n, d = 300, 40
    X = rng.lognormal(0, 1, (n, d)) @ (np.eye(d) + 0.9)
    y = -X @ np.abs(rng.standard_normal(d))
    y = 100.0 * ((y - y.mean()) / y.std() + 0.3 * rng.standard_t(2, n))
    if loss in OF_CLASSES:
        y = np.where(y > 0, 1.0, -1.0)
    task = make_task(X, y, loss, Penalty(1e-5, 1e-5, positive=True))
    reports = run(InteriorPoint, task, tol=1e-4)[1]
    assert is_met(task, reports[-1])
    assert len(reports) <= 12


@pytest.mark.parametrize("loss", [*PARAMETERS, "huber"])
@pytest.mark.parametrize("direction", [[1.0, 1.0], [1.0, -1.0], [0.0, 0.0]])
def test_columns_that_cancel_or_are_constant_leave_room_to_begin(rng, loss, direction):
    x = rng.standard_normal((200, 1))
    X = np.hstack([x * direction, rng.standard_normal((200, 1))])
    y = 3.0 * X[:, 0] + X[:, 2] + 0.1 * rng.standard_normal(200)
    if loss in OF_CLASSES:
        y = np.where(y > 0, 1.0, -1.0)
    task = make_task(X, y, loss, Penalty(1e-3, 1e-3, positive=True))
    reports = run(InteriorPoint, task, tol=1e-6)[1]
    assert is_met(task, reports[-1], tol=1e-6)
    assert len(reports) <= 20


@pytest.mark.parametrize("seed", [949, 1146, 1567, 2324])
def test_iterates_do_not_come_back_to_where_they_have_been(seed):
    # With the second order of a whole step of the predictor, 0.04 of which could be
    # taken, four iterates followed one another until patience ended.
    rng = np.random.default_rng(seed)
    n = int(rng.integers(60, 200))
    X = rng.standard_normal((n, 1)) + 0.1 * rng.standard_normal((n, 2))
    y = np.where(-0.1 * X.sum(axis=1) + rng.standard_normal(n) > 0, 1.0, -1.0)
    penalty = Penalty(0.0, 1e-5, positive=True)
    task = make_task(X, y, "modified_huber", penalty)
    reports = run(InteriorPoint, task, tol=1e-4)[1]
    assert is_met(task, reports[-1])
    assert len(reports) <= 15


def bounded_by(monkeypatch, objective, bound):
    """Give an interior point at an objective, and tell it a bound."""
    monkeypatch.setattr(InteriorPoint, "_needed", lambda self: 1e-9)
    point = object.__new__(InteriorPoint)
    point.objective, point.sure, point.proven = objective, 0.0, 0.0
    bounds = (bound, bound, bound)
    point.barrier = SimpleNamespace(bounds=lambda accuracy: bounds, rows=None)
    point._bound()
    return point


def test_a_bound_above_the_objective_by_rounding_is_the_objective(monkeypatch):
    # Fits that had come to the constant model, the optimum, ended as not converged.
    objective = 1.0 / 3.0
    point = bounded_by(monkeypatch, objective, np.nextafter(objective, 1.0))
    assert point.sure == point.proven == objective
    point.objective = np.nextafter(objective, 0.0)
    point._doubt()
    assert point.sure == point.proven == point.objective
    point.objective *= 1.0 - 1e-6  # the bound has been none
    point._doubt()
    assert point.sure == point.proven == 0.0
    assert bounded_by(monkeypatch, objective, objective * (1 + 1e-6)).sure == 0.0


def outputs_that_leave(*pairs):
    """Give epochs whose outputs have explained one number and leave the other."""
    epochs = object.__new__(AutoEpochs)
    epochs._tol, epochs._outputs = 1e-2, []
    for explained, left in pairs:
        task = make_task(np.eye(2), np.array([0.0, 2.0]), "absolute_error", Penalty())
        objective = task.null_objective - explained
        report = Report(objective, left, 0.0, 1.0, certified=True, exhausted=True)
        descent = SimpleNamespace(run_epoch=lambda report=report: report)
        epochs._outputs.append(_Output(task, descent))
    epochs.problem = SimpleNamespace(design=SimpleNamespace(dtype=np.float32))
    epochs._exact = False
    return epochs


def test_an_output_that_explains_nothing_is_judged_with_the_others():
    # Of a tolerance that is a share of nothing, sums keep no digit.
    assert outputs_that_leave((0.5, 1e-4), (0.0, 1e-8)).run_epoch().certified
    assert not outputs_that_leave((0.0, 1e-8)).run_epoch().certified
    assert not outputs_that_leave((0.5, 1e-4), (0.0, 1e-2)).run_epoch().certified
    unsure = outputs_that_leave((0.5, 1e-4), (0.0, 1e-8))
    unsure._outputs[1].descent.run_epoch().certified = False
    assert not unsure.run_epoch().certified
    unsure._outputs[1].descent.run_epoch().objective = 1e-8  # no loss is negative
    assert unsure.run_epoch().certified


@pytest.mark.parametrize("loss", ["huber", "absolute_error"])
def test_a_target_without_variation_does_not_keep_a_fit_from_converging(rng, loss):
    X = rng.normal(size=(200, 5))
    y = np.column_stack([X @ rng.normal(size=5), 5 + 1e-9 * rng.normal(size=200)])
    assert GDRegressor(loss).fit(X, y).converged_
