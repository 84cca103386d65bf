"""Early stopping scores the model that would be returned, and returns the best one."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from skgd import GDClassifier, GDRegressor

X, LABELS = make_classification(
    n_samples=200,
    n_features=8,
    n_classes=3,
    n_informative=5,
    flip_y=0.2,
    random_state=0,
)
TARGETS = X @ np.arange(8) + np.random.default_rng(0).normal(scale=20.0, size=200)
Y = {GDRegressor: TARGETS, GDClassifier: LABELS}
# Rates so large that the validation score wanders and the best epoch is not the last;
# some of the models are worse than none, of which the estimator warns.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ESTIMATORS = {
    "regressor": (GDRegressor, {"eta0": 0.02}),
    "averaged regressor": (GDRegressor, {"eta0": 0.02, "average": 50}),
    "momentum regressor": (
        GDRegressor,
        {"eta0": 0.1, "mode": "batch", "optimizer": "momentum"},
    ),
    "softmax": (GDClassifier, {"eta0": 0.3}),
    "one-vs-rest": (GDClassifier, {"eta0": 0.3, "multi_class": "ovr"}),
    "hinge": (GDClassifier, {"eta0": 0.3, "loss": "hinge"}),
    "averaged hinge": (GDClassifier, {"eta0": 0.3, "loss": "hinge", "average": True}),
    "strong ridge": (GDClassifier, {"eta0": 0.1, "alpha": 0.1, "mode": "mini-batch"}),
}


def _estimator(case, **parameters):
    estimator_class, own = ESTIMATORS[case]
    defaults = {
        "learning_rate": "constant",
        "early_stopping": True,
        "validation_fraction": 0.3,
        "max_iter": 100,
        "random_state": 0,
    }
    return estimator_class(**defaults | own | parameters)


def _fit(case, make=np.asarray, **parameters):
    estimator = _estimator(case, **parameters)
    return estimator.fit(make(X), Y[type(estimator)])


def _validation_rows(estimator):
    kind = (
        ShuffleSplit if isinstance(estimator, GDRegressor) else StratifiedShuffleSplit
    )
    splitter = kind(test_size=0.3, random_state=0)
    return np.sort(next(splitter.split(X, Y[type(estimator)]))[1])


@pytest.fixture(params=ESTIMATORS)
def case(request):
    return request.param


def test_early_stopping_returns_the_model_of_the_best_epoch(case):
    model = _fit(case)
    rows = _validation_rows(model)
    scores = model.history_["validation_score"]
    # rtol=1e-12: the same predictions, summed in another order
    assert_allclose(
        model.score(X[rows], Y[type(model)][rows]), scores.max(), rtol=1e-12
    )


def test_early_stopping_names_the_best_epoch(case):
    model = _fit(case)
    assert model.best_iter_ == 1 + model.history_["validation_score"].argmax()


def test_early_stopping_scores_the_model_that_would_be_returned(case):
    rows = _validation_rows(_estimator(case))
    scores = _fit(case, tol=None, max_iter=12).history_["validation_score"]
    for epochs in (1, 2, 7, 12):
        model = _fit(case, tol=None, max_iter=epochs)
        seen = model.score(X[rows], Y[type(model)][rows])
        assert_allclose(scores[epochs - 1], seen, rtol=1e-12)


def test_early_stopping_without_tolerance_returns_the_last_model(case):
    model = _fit(case, tol=None, max_iter=30)
    estimator = _estimator(case, tol=None, max_iter=30, early_stopping=False)
    kept = np.setdiff1d(np.arange(len(X)), _validation_rows(model))
    estimator.fit(X[kept], Y[type(model)][kept])
    assert model.n_iter_ == model.best_iter_ == 30
    assert_array_equal(model.coef_, estimator.coef_)


def test_early_stopping_is_patient_for_n_iter_no_change_epochs(case):
    model = _fit(case, tol=0.0, n_iter_no_change=4, max_iter=1000)
    scores = model.history_["validation_score"]
    assert model.n_iter_ < 1000
    assert scores[-4:].max() <= scores[:-4].max()
    best_before = np.maximum.accumulate(scores)[:-1]
    waits = np.flatnonzero(scores[1:] >= best_before)
    assert model.n_iter_ >= 4 + (waits.max() + 2 if len(waits) else 1)


def test_early_stopping_does_not_train_on_the_validation_rows(case):
    rows = _validation_rows(_estimator(case))
    changed = X.copy()
    changed[rows] *= -3.0
    one, other = (
        _fit(case, tol=None, max_iter=5),
        _estimator(case, tol=None, max_iter=5),
    )
    other.fit(changed, Y[type(one)])
    assert_array_equal(one.coef_, other.coef_)


def test_early_stopping_is_the_same_on_sparse_data(case):
    dense, sparse = _fit(case), _fit(case, csr_array)
    assert dense.best_iter_ == sparse.best_iter_
    # rtol=1e-8: the sums over a row are in another order, over at most 100 epochs
    assert_allclose(dense.coef_, sparse.coef_, rtol=1e-8, atol=1e-10)


def test_early_stopping_makes_a_classifier_score_its_own_labels():
    names = np.array(["blue", "green", "red"])[LABELS]
    model = _estimator("softmax").fit(X, names)
    rows = _validation_rows(model)
    seen = accuracy_score(names[rows], model.predict(X[rows]))
    assert_allclose(model.history_["validation_score"].max(), seen, rtol=1e-12)


def test_early_stopping_weighs_the_score_by_sample_weight():
    weight = np.random.default_rng(1).uniform(0.1, 2.0, size=200)
    model = _estimator("regressor").fit(X, TARGETS, sample_weight=weight)
    rows = _validation_rows(model)
    seen = r2_score(TARGETS[rows], model.predict(X[rows]), sample_weight=weight[rows])
    assert_allclose(model.history_["validation_score"].max(), seen, rtol=1e-12)


def test_early_stopping_splits_rows_of_weight_above_zero_only():
    weight = np.ones(200)
    weight[::2] = 0.0
    whole = _estimator("softmax").fit(X, LABELS, sample_weight=weight)
    half = _estimator("softmax").fit(X[1::2], LABELS[1::2])
    assert_array_equal(whole.coef_, half.coef_)


def test_early_stopping_goes_on_in_warm_start_from_the_best_model():
    model = _fit("regressor", warm_start=True)
    best = model.coef_.copy()
    explicit = _estimator("regressor").fit(
        X, TARGETS, coef_init=best, intercept_init=model.intercept_
    )
    model.fit(X, TARGETS)
    assert_array_equal(model.coef_, explicit.coef_)


def test_early_stopping_leaves_validation_scores_as_nan_when_off():
    model = _fit("regressor", early_stopping=False, tol=None, max_iter=5)
    assert np.isnan(model.history_["validation_score"]).all()


def test_early_stopping_refuses_too_few_samples_to_split():
    estimator = _estimator("softmax", validation_fraction=0.01)
    with pytest.raises(ValueError, match=r"validation_fraction=0\.01"):
        estimator.fit(X[:20], LABELS[:20])


def test_early_stopping_objective_is_that_of_the_returned_model():
    model = _fit("strong ridge")
    rows = np.setdiff1d(np.arange(len(X)), _validation_rows(model))
    log_proba = model.predict_log_proba(X[rows])
    loss = -log_proba[np.arange(len(rows)), LABELS[rows]].mean()
    expected = loss + 0.05 * (model.coef_**2).sum()
    # rtol=1e-12: the same sums in another order
    assert_allclose(model.objective_, expected, rtol=1e-12)
    assert model.history_["objective"][-1] == model.objective_
