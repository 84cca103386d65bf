"""The stopping rule: n_iter_no_change epochs in a row that bring too little."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from skgd import GDClassifier, GDRegressor
from skgd._report import Report
from skgd._stopping import Certificate, Stopping


def epochs_until_exhausted(stopping, objectives):
    """Give the epoch that exhausts the patience, or None."""
    for epoch, objective in enumerate(objectives, 1):
        stopping.see_objective(Report(objective, np.nan, 0.0, 0.0))
        if stopping.exhausted:
            return epoch
    return None


def rule(tol=0.1, patience=1, zero_objective=10.0):
    return Stopping(tol, patience, zero_objective)


def test_stopping_first_epoch_always_counts_as_progress():
    for objective in (10.0, 10.5, 9.999999, 1e300):
        assert epochs_until_exhausted(rule(), [objective]) is None


def test_stopping_needs_a_share_of_the_gain_since_the_zero_model():
    # 10 - 5 gained: an epoch must bring 0.1 of that
    assert epochs_until_exhausted(rule(), [5.0, 5.0 - 0.51]) is None
    assert epochs_until_exhausted(rule(), [5.0, 5.0 - 0.49]) == 2


@pytest.mark.parametrize("factor", [1e-30, 1e30])
@pytest.mark.parametrize("shift", [-3.0, 0.0])
def test_stopping_has_no_unit(factor, shift):
    path = 1.0 + 4.0 * 0.5 ** np.arange(20)
    scaled = rule(zero_objective=(10.0 + shift) * factor)
    epoch = epochs_until_exhausted(scaled, (path + shift) * factor)
    # 4 / 2^k < 0.1 (9 - 4 / 2^k) from k = 3 on, in the fifth epoch
    assert epoch == epochs_until_exhausted(rule(), path) == 4


def test_stopping_waits_for_patience_in_a_row():
    path = [5.0, 5.0, 5.0, 4.0, 4.0, 4.0, 4.0]
    assert epochs_until_exhausted(rule(patience=3), path) == 7


def test_stopping_counts_against_the_best_epoch():
    # Up and down again to where it was is no progress.
    assert epochs_until_exhausted(rule(patience=2), [5.0, 9.0, 5.0]) == 3
    assert rule_after([5.0, 9.0, 6.0]).best == 5.0


def rule_after(objectives, **options):
    stopping = rule(**options)
    for objective in objectives:
        stopping.see_objective(Report(objective, np.nan, 0.0, 0.0))
    return stopping


def test_stopping_gain_is_over_the_best_before():
    assert rule_after([5.0, 9.0, 4.5]).gain == 0.5


def test_stopping_without_tolerance_never_stops():
    assert epochs_until_exhausted(rule(tol=None), [5.0] * 100) is None


def test_stopping_at_tolerance_zero_stops_when_it_gets_worse():
    path = [5.0, 5.0, 5.0 - 1e-15, 5.1, 5.1]
    assert epochs_until_exhausted(rule(tol=0.0, patience=2), path) == 5


def test_stopping_floor_ends_a_descent_that_gains_nothing():
    # F_0 - F_best = 0, as where all coefficients are best left at zero
    assert epochs_until_exhausted(rule(patience=3), [10.0] * 10) == 4


def test_stopping_floor_covers_a_zero_objective_of_zero():
    stopping = rule(patience=3, zero_objective=0.0)
    assert epochs_until_exhausted(stopping, [0.0] * 10) == 4


def test_stopping_needed_is_the_documented_formula():
    stopping = rule_after([7.0], tol=0.01)
    assert_allclose(stopping.needed(), 0.01 * 3.0, rtol=1e-15)
    stopping = rule_after([10.0], tol=0.01)
    assert_allclose(stopping.needed(), 0.01 * 1e-12 * 10.0, rtol=1e-15)


def test_stopping_patience_can_begin_anew():
    stopping = rule_after([5.0, 5.0, 5.0], patience=2)
    assert stopping.exhausted
    stopping.be_patient_again()
    assert not stopping.exhausted
    assert epochs_until_exhausted(stopping, [5.0, 5.0]) == 2


def test_stopping_on_a_score_takes_the_tolerance_as_it_is():
    stopping = rule(tol=0.1, patience=2)
    for score, exhausted in [(0.5, False), (0.59, False), (0.65, True)]:
        stopping.see_score(None, score)
        assert stopping.exhausted == exhausted


def test_stopping_on_a_score_wants_more():
    stopping = rule(tol=0.1, patience=1)
    for score in (0.1, 0.3, 0.5):
        stopping.see_score(None, score)
        assert not stopping.exhausted
    stopping.see_score(None, 0.2)
    assert stopping.exhausted


def test_stopping_of_a_descent_that_settles_counts_changes():
    # the way back from the crest of an oscillation is no gain over the best epoch
    path = [5.0, 4.0, 6.0, 8.0, 6.0, 4.0, 4.1, 4.2]
    assert epochs_until_exhausted(rule(patience=3), path) == 5
    settling = Stopping(0.1, 2, 10.0, settles=True)
    assert epochs_until_exhausted(settling, path) == 8


# --- In a descent


@pytest.fixture
def task(rng):
    X = rng.normal(size=(200, 4))
    return X, X @ [1.0, -2.0, 0.0, 0.5] + 0.3 * rng.normal(size=200) + 3.0


def regressor(**options):
    options = {"mode": "batch", "learning_rate": "constant", "eta0": 0.1, **options}
    return GDRegressor(**options)


@pytest.mark.parametrize("tol", [1e-2, 1e-5])
@pytest.mark.parametrize("patience", [1, 5])
def test_stopping_ends_the_fit_where_the_rule_says(tol, patience, task):
    model = regressor(tol=tol, n_iter_no_change=patience).fit(*task)
    path = regressor(tol=None, max_iter=model.n_iter_ + 1).fit(*task)
    zero_objective = (task[1] ** 2).mean() / 2
    expected = epochs_until_exhausted(
        Stopping(tol, patience, zero_objective), path.history_["objective"][:-1]
    )
    assert model.n_iter_ == expected
    assert model.converged_


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_stopping_does_not_depend_on_the_unit_of_y(factor, task):
    X, y = task
    scaled = regressor().fit(X, factor * y)
    assert scaled.n_iter_ == regressor().fit(X, y).n_iter_
    assert_allclose(scaled.coef_ / factor, regressor().fit(X, y).coef_, rtol=1e-12)


def test_stopping_smaller_tolerance_ends_closer(task):
    objectives = [
        regressor(tol=tol).fit(*task).objective_ for tol in (1e-1, 1e-3, 1e-6)
    ]
    assert objectives[0] > objectives[1] > objectives[2]


def test_stopping_at_max_iter_warns_of_what_is_left(task):
    model = regressor(max_iter=5, tol=1e-4)
    with pytest.warns(ConvergenceWarning, match="Consider increasing max_iter"):
        model.fit(*task)
    assert model.n_iter_ == 5
    assert not model.converged_


def test_stopping_after_one_epoch_does_not_say_what_it_brought(task):
    with pytest.warns(ConvergenceWarning, match="There was one epoch") as caught:
        regressor(max_iter=1).fit(*task)
    assert "inf" not in str(caught[0].message)


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov"])
@pytest.mark.parametrize("mode", ["batch", "mini-batch"])
@pytest.mark.parametrize("eta0", [0.03, 0.1, 0.3])
def test_stopping_takes_no_oscillation_for_the_end(optimizer, mode, eta0, task):
    X, y = task
    size = "auto" if mode == "batch" else 200  # a batch of all rows
    options = {"mode": mode, "batch_size": size, "optimizer": optimizer, "eta0": eta0}
    model = regressor(**options).fit(X, y)
    ones = np.column_stack((X, np.ones(200)))
    residual = y - ones @ np.linalg.lstsq(ones, y)[0]
    least, zero_objective = (residual**2).mean() / 2, (y**2).mean() / 2
    assert model.converged_
    # an amplitude that falls by 5 percent an epoch (momentum=0.9) and changes by less
    # than 1e-4 of the gain has 1e-4 / 0.05 of it left
    assert model.objective_ - least < 2e-3 * (zero_objective - least)


def test_stopping_of_an_adaptive_rate_counts_gains(task):
    model = regressor(learning_rate="adaptive", eta0=1.5, optimizer="momentum")
    model.fit(*task)  # an oscillation lowers the rate
    assert model.converged_
    assert model.history_["learning_rate"][-1] < 1.5


def test_stopping_without_tolerance_runs_all_epochs(task):
    model = regressor(max_iter=300, tol=None).fit(*task)
    assert model.n_iter_ == 300
    assert not model.converged_


def test_stopping_history_has_an_entry_an_epoch(task):
    model = regressor().fit(*task)
    assert {len(column) for column in model.history_.values()} == {model.n_iter_}


@pytest.mark.parametrize("loss", ["log_loss", "hinge", "squared_hinge"])
def test_stopping_ends_stochastic_descent_of_classes(loss, task):
    X, y = task
    model = GDClassifier(loss, learning_rate="invscaling", eta0=0.1, random_state=0)
    model.fit(X, y > 3)
    assert model.converged_
    assert model.n_iter_ < 1000


def early_stopping(task, **options):
    options = {"early_stopping": True, "random_state": 0, "eta0": 0.3, **options}
    model = regressor(mode="stochastic", learning_rate="constant", **options)
    return model.fit(*task)


def test_stopping_on_a_score_gives_the_best_epochs_model(task):
    model = early_stopping(task, tol=1e-3, eta0=0.05)
    scores = model.history_["validation_score"]
    assert model.best_iter_ == scores.argmax() + 1
    again = early_stopping(task, tol=None, eta0=0.05, max_iter=model.best_iter_)
    assert_array_equal(model.coef_, again.coef_)
    assert_array_equal(model.intercept_, again.intercept_)


def test_stopping_on_a_score_without_tolerance_gives_the_last_model(task):
    model = early_stopping(task, tol=None, max_iter=20, eta0=0.05)
    assert model.n_iter_ == model.best_iter_ == 20


def test_stopping_on_a_score_scores_the_averaged_model(task):
    model = early_stopping(task, tol=None, max_iter=3, average=True, eta0=0.05)
    scores = model.history_["validation_score"]
    plain = early_stopping(task, tol=None, max_iter=3, eta0=0.05)
    assert np.isfinite(scores).all()
    assert (scores != plain.history_["validation_score"]).all()


def test_stopping_without_a_score_leaves_its_history_nan(task):
    assert np.isnan(regressor().fit(*task).history_["validation_score"]).all()


def test_stopping_takes_a_descent_at_the_zero_model_for_converged():
    X = np.random.default_rng(0).normal(size=(60, 4))
    # without intercept: its first step, right or wrong, would be all there is to see
    model = GDClassifier(
        alpha=1e20, learning_rate="optimal", fit_intercept=False, random_state=0
    )
    model.fit(X, X[:, 0] > 0)
    assert model.n_iter_ < 50
    assert model.converged_


def test_an_epoch_without_another_model_has_no_score_of_its_own():
    stopping = Certificate(1e-3, patience=2)
    moved = Report(1.0, 1.0, 1.0, 1.0)
    stayed = replace(moved, progressed=False)
    stopping.see_score(moved, 0.5)
    for _ in range(5):
        stopping.see_score(stayed, 0.5)
    assert not stopping.exhausted
    for _ in range(2):
        stopping.see_score(moved, 0.5)
    assert stopping.exhausted
