"""scikit-learn's own checks of an estimator.

They fit columns with standard deviations of up to 100: nothing to the defaults, but a
textbook rate that suits scaled data diverges, and regression takes a small one and more
epochs.
"""

from functools import partial

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from skgd import (
    GDClassifier,
    GDClassifierCV,
    GDRegressor,
    GDRegressorCV,
    Nesterov,
)


def _regressor(**parameters):
    defaults = {
        "learning_rate": "constant",
        "eta0": 1e-4,
        "max_iter": 5000,
        "tol": 1e-6,
        "n_iter_no_change": 2,
    }
    return GDRegressor(**defaults | parameters)


def _classifier(loss="log_loss", **parameters):
    defaults = {"learning_rate": "constant"}
    return GDClassifier(loss, **defaults | parameters)


# Without a step size the mode changes the way, not the model. The checks of weights
# compare two fits to seven digits: where these do not take the same steps, they must
# both end within rounding of the optimum (tol), and that be well conditioned (alpha).
AUTO = [
    GDRegressor(),
    GDClassifier(),
    *(GDRegressor(mode=mode) for mode in ("batch", "mini-batch", "stochastic")),
    GDClassifier(mode="batch"),
    *(
        GDClassifier(mode=mode, alpha=0.1, tol=None, max_iter=100)
        for mode in ("mini-batch", "stochastic")
    ),
    GDRegressor("huber", penalty="l1"),
    GDRegressor("absolute_error", tol=1e-14),
    GDRegressor("quantile", alpha=0.1, quantile=0.8, tol=1e-13),
    GDRegressor("epsilon_insensitive", alpha=0.1, tol=1e-13),
    GDRegressor("squared_epsilon_insensitive", penalty="elasticnet"),
    GDRegressor(positive=True),
    GDClassifier(penalty="l1", tol=1e-14),
    GDClassifier(multi_class="ovr", penalty="elasticnet"),
    GDClassifier("hinge", tol=1e-12),
    GDClassifier("squared_hinge"),
    GDClassifier("modified_huber"),
]
# Three folds, as scikit-learn checks its own. Scores of equal rows must be equal for a
# weight to be the row twice: tol.
SEARCHES = [
    GDRegressorCV(cv=3, alphas=5),
    GDRegressorCV(cv=3, alphas=5, penalty="l1", tol=1e-14),
    GDClassifierCV(cv=3, alphas=5),
    GDClassifierCV(cv=3, alphas=5, penalty="elasticnet", refit=False, tol=1e-14),
]
LOG_LINK = [
    GDRegressor("poisson"),
    GDRegressor("gamma", penalty="l1"),
    GDRegressor("tweedie", penalty="elasticnet"),
]
POSITIVE_CHECKS = {
    "check_regressor_multioutput": "has targets below zero, whatever the tags say"
}
AUTO_STOCHASTIC = [GDClassifier(mode=mode) for mode in ("mini-batch", "stochastic")]
BATCH = [
    _regressor(mode="batch"),
    _regressor(mode="batch", learning_rate="invscaling", optimizer="nesterov"),
    _regressor(mode="batch", learning_rate="adaptive"),
    _regressor(mode="batch", penalty="l1"),
    _regressor(mode="batch", loss="huber", optimizer="momentum", epsilon=1.0),
    _regressor(mode="batch", optimizer="momentum", eta0=1e-5),
    _regressor(mode="batch", optimizer="adam", penalty="elasticnet", eta0=1e-2),
    _regressor(mode="batch", optimizer="adagrad", eta0=1e-2),
    _classifier(mode="batch"),
    _classifier(mode="batch", penalty="l1"),
    _classifier(mode="batch", penalty="elasticnet", optimizer="adagrad", eta0=0.1),
    _classifier(mode="batch", optimizer=Nesterov(momentum=0.5)),
    _classifier(mode="batch", average=True),
    _classifier(mode="batch", multi_class="ovr", optimizer="adam", eta0=0.1),
    _classifier("hinge", mode="batch", optimizer="adagrad", eta0=0.1),
    _classifier("modified_huber", mode="batch", optimizer="adam", eta0=0.1),
]
STOCHASTIC = [
    _regressor(mode="stochastic", eta0=1e-5, max_iter=1500),
    _regressor(mode="mini-batch", batch_size=5, eta0=3e-5, max_iter=1500),
    _regressor(mode="stochastic", eta0=2e-5, max_iter=1500, penalty="l1", average=True),
    _classifier(mode="stochastic", learning_rate="optimal"),
    _classifier(mode="mini-batch", batch_size=5),
    _classifier("hinge", mode="stochastic", learning_rate="pa1"),
]
SAMPLE_WEIGHT_CHECKS = dict.fromkeys(
    (
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    ),
    "a step of twice the length is not two steps",
)


def _checks(estimators, expected_failed_checks=None):
    # not parametrize_with_checks: in scikit-learn 1.6 it hands pytest a generator,
    # which pytest 9 warns of
    return [
        check
        for estimator in estimators
        for check in estimator_checks_generator(
            estimator, expected_failed_checks=expected_failed_checks, mark="xfail"
        )
    ]


def _id(value):
    if isinstance(value, partial):
        return value.func.__name__
    return " ".join(repr(value).split())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("estimator", "check"), _checks(AUTO), ids=_id)
def test_estimator_passes_every_check(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("estimator", "check"), _checks(LOG_LINK, POSITIVE_CHECKS), ids=_id
)
def test_regressor_of_positive_targets_passes_every_other_check(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("estimator", "check"), _checks(SEARCHES), ids=_id)
def test_search_passes_every_check(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("estimator", "check"), _checks(BATCH), ids=_id)
def test_batch_estimator_passes_every_check(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("estimator", "check"),
    _checks(STOCHASTIC + AUTO_STOCHASTIC, SAMPLE_WEIGHT_CHECKS),
    ids=_id,
)
def test_stochastic_estimator_passes_every_other_check(estimator, check):
    check(estimator)
