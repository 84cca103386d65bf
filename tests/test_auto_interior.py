"""Interior point iterations beside bounded coefficients go straight to the optimum."""

import numpy as np
import pytest
from kinked_tasks import OF_CLASSES, PARAMETERS, Penalty, make_task, run

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
