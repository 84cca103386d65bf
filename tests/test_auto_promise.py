"""What a step of a piecewise loss leads to, and when that certifies a model."""

import numpy as np
import pytest
from kinked_tasks import Penalty, make_task, run

from skgd import GDRegressor
from skgd._core.sample_space import SampleLoss
from skgd.auto._constant import best_constant
from skgd.auto._promise import Trial
from skgd.auto._smooth import SmoothDescent

LOSSES = "huber", "squared_hinge", "modified_huber", "squared_epsilon_insensitive"


def task_of(rng, loss, n=300, d=5):
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d))
    y = X @ rng.normal(size=d) + rng.standard_t(2, size=n)
    if loss in ("squared_hinge", "modified_huber"):
        y = np.where(y > 0.0, 1.0, -1.0)
    return make_task(X, y, loss, Penalty(1e-3))


@pytest.mark.parametrize("loss", LOSSES)
def test_slopes_at_the_end_of_a_step_bound_what_is_left_within_reach(rng, loss):
    task = task_of(rng, loss)
    best, reports = run(SmoothDescent, task, tol=1e-12)
    v = best.v + 0.1 * rng.normal(size=best.v.shape)
    z = task.view.matvec(v) + best.b[:, None]
    objective = task.loss.evaluate(z) + task.penalty(v)
    dv = rng.normal(size=v.shape) * 0.1
    step = dv, task.view.matvec(dv)
    _, h = task.space.room(task)
    trial = Trial(task, (objective, v, z, h), step)
    reach = np.column_stack([np.abs(v + dv - best.v), np.zeros(1)])
    left = objective - reports[-1].objective
    assert trial.left(reach) >= left > 0.0
    # and of no reach, what the step itself brings
    moved = task.loss.evaluate(z + step[1]) + task.penalty(v + dv)
    assert trial.left(0.0 * reach) == pytest.approx(objective - moved)


def test_a_good_model_need_not_wait_until_no_row_crosses(monkeypatch):
    """Nearly the absolute error: of 20 000 rows some twenty curve, each time others."""
    kept, keeps = [], Trial.keeps

    def watched(self, promised):
        kept.append(keeps(self, promised))
        return kept[-1]

    monkeypatch.setattr(Trial, "keeps", watched)
    ended_before = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(20_000, 15)) @ rng.normal(size=(15, 15))
        y = X @ rng.normal(size=15) + 100.0 * rng.standard_t(2, size=20_000)
        model = GDRegressor(loss="huber", epsilon=0.1).fit(X, y)
        ended_before += not kept[-1]
        best = GDRegressor(loss="huber", epsilon=0.1, tol=1e-11, max_iter=5000)
        best.fit(X, y)
        gap = model.objective_ - best.objective_
        assert model.converged_
        assert gap <= 1e-4 * (model.history_["objective"][0] - best.objective_)
        assert gap / 3 <= model.suboptimality_ <= 10 * gap
    assert ended_before >= 2


@pytest.mark.parametrize("loss", ["huber", "squared_epsilon_insensitive"])
@pytest.mark.parametrize("size", [1e-60, 1e-3, 1.0, 1e60])
def test_best_constant_is_a_minimum_in_any_unit(rng, loss, size):
    for n in (1, 2, 50):
        y, weight = size * rng.standard_t(1, size=n), rng.random(n)
        made = SampleLoss(loss, 0.1 * size, y, weight / weight.sum())
        at = best_constant(made)[0]
        around = at + size * np.array([0.0, 1e-6, -1e-6, 1e-2, -1e-2, 1.0, -1.0])
        values = [made.evaluate(np.full((1, n), b)) for b in around]
        assert values[0] <= min(values) * (1 + 1e-14)


def test_best_constant_of_many_is_among_the_targets(rng):
    y = rng.random(30)
    made = SampleLoss("squared_epsilon_insensitive", 10.0, y, np.full(30, 1 / 30))
    assert y.min() <= best_constant(made)[0] <= y.max()
