"""Early stopping on validation data that `fit` is given."""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgd import GDClassifier, GDRegressor

X, LABELS = make_classification(
    n_samples=240,
    n_features=8,
    n_classes=3,
    n_informative=5,
    flip_y=0.2,
    random_state=0,
)
TARGETS = X @ np.arange(8) + np.random.default_rng(0).normal(scale=20.0, size=240)
Y = {GDRegressor: TARGETS, GDClassifier: LABELS}
SCORE = {GDRegressor: r2_score, GDClassifier: accuracy_score}
TRAIN, VAL = slice(0, 160), slice(160, None)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
# Textbook rates so large that the best epoch is not the last.
CASES = {
    "regressor": (GDRegressor, {"learning_rate": "constant", "eta0": 0.02}),
    "classifier": (GDClassifier, {"learning_rate": "constant", "eta0": 0.3}),
    "auto regressor": (GDRegressor, {"loss": "huber"}),
    "auto classifier": (GDClassifier, {"alpha": 1e-6}),
}


@pytest.fixture(params=CASES)
def case(request):
    return request.param


def _estimator(case, **parameters):
    estimator_class, own = CASES[case]
    defaults = {"early_stopping": True, "max_iter": 60, "random_state": 0}
    return estimator_class(**defaults | own | parameters)


def _fit(case, X_val=X[VAL], weight=None, make=np.asarray, **parameters):
    model = _estimator(case, **parameters)
    y = Y[type(model)]
    return model.fit(
        make(X[TRAIN]), y[TRAIN], X_val=X_val, y_val=y[VAL], sample_weight_val=weight
    )


def test_validation_data_are_what_epochs_are_scored_on(case):
    model = _fit(case)
    y, scores = Y[type(model)], model.history_["validation_score"]
    seen = SCORE[type(model)](y[VAL], model.predict(X[VAL]))
    assert_allclose(scores[model.best_iter_ - 1], seen, rtol=1e-12)  # other sums
    assert scores.max() == scores[model.best_iter_ - 1]


def test_validation_data_leave_all_rows_to_train_on(case):
    model = _fit(case, tol=None, max_iter=7)
    plain = _estimator(case, tol=None, max_iter=7, early_stopping=False)
    plain.fit(X[TRAIN], Y[type(model)][TRAIN])
    assert_array_equal(model.coef_, plain.coef_)


def test_validation_fraction_is_not_used_beside_validation_data(case):
    one, other = _fit(case), _fit(case, validation_fraction=0.9)
    assert_array_equal(one.coef_, other.coef_)


def test_validation_weights_weigh_the_score(case):
    weight = np.random.default_rng(1).uniform(0.1, 3.0, size=80)
    model = _fit(case, weight=weight)
    y = Y[type(model)][VAL]
    seen = SCORE[type(model)](y, model.predict(X[VAL]), sample_weight=weight)
    assert_allclose(model.history_["validation_score"].max(), seen, rtol=1e-12)


def test_validation_rows_of_weight_zero_are_absent(case):
    weight = np.arange(80) % 2
    one = _fit(case, weight=weight).history_["validation_score"]
    model = _estimator(case)
    y = Y[type(model)]
    kept = np.flatnonzero(weight) + 160
    model.fit(X[TRAIN], y[TRAIN], X_val=X[kept], y_val=y[kept])
    assert_array_equal(one, model.history_["validation_score"])


@pytest.mark.parametrize("make", [csr_array, np.asfortranarray, np.ndarray.tolist])
def test_validation_data_may_have_any_container(case, make):
    one, other = _fit(case), _fit(case, X_val=make(X[VAL]))
    assert one.n_iter_ == other.n_iter_
    assert_array_equal(one.coef_, other.coef_)


def test_validation_data_take_the_dtype_of_X(case):
    def single(X):
        return X.astype(np.float32)

    one = _fit(case, make=single)
    other = _fit(case, X_val=single(X[VAL]), make=single)
    assert one.coef_.dtype == np.float32
    assert_array_equal(
        one.history_["validation_score"], other.history_["validation_score"]
    )


def test_validation_labels_may_lack_a_class():
    model = _estimator("classifier")
    rows = np.flatnonzero(LABELS[VAL] != 1) + 160
    model.fit(X[TRAIN], LABELS[TRAIN], X_val=X[rows], y_val=LABELS[rows])
    seen = model.score(X[rows], LABELS[rows])
    assert_allclose(model.history_["validation_score"].max(), seen, rtol=1e-12)


def test_validation_targets_may_be_several():
    y = np.column_stack([TARGETS, -TARGETS])
    model = _estimator("regressor").fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    seen = r2_score(y[VAL], model.predict(X[VAL]))
    assert_allclose(model.history_["validation_score"].max(), seen, rtol=1e-12)


def _with(array, value):
    array = np.array(array, dtype=object if isinstance(value, str) else np.float64)
    array.flat[0] = value
    return array


GIVEN = {"X_val": X[VAL], "y_val": LABELS[VAL], "sample_weight_val": None}
BAD = {
    "y_val without X_val": ({"X_val": None}, "y_val without X_val"),
    "X_val without y_val": ({"y_val": None}, "X_val without y_val"),
    "weights alone": (
        {"X_val": None, "y_val": None, "sample_weight_val": np.ones(80)},
        "sample_weight_val without X_val",
    ),
    "features": ({"X_val": X[VAL, :5]}, "X has 5 features"),
    "NaN": ({"X_val": _with(X[VAL], np.nan)}, "X contains NaN"),
    "infinity": ({"X_val": _with(X[VAL], np.inf)}, "X contains infinity"),
    "lengths": ({"y_val": LABELS[:7]}, "inconsistent numbers of samples"),
    "no rows": ({"X_val": X[:0], "y_val": LABELS[:0]}, "0 sample"),
    "weights' length": ({"sample_weight_val": np.ones(3)}, r"expected \(80,\)"),
    "negative weight": ({"sample_weight_val": -np.ones(80)}, "Negative"),
    "no weight": ({"sample_weight_val": np.zeros(80)}, "0 rows of weight above zero"),
    "new label": ({"y_val": LABELS[VAL] + 1}, "label .*3.*not in"),
    "labels of another kind": ({"y_val": LABELS[VAL].astype(str)}, "label .*not in"),
    "labels of mixed kinds": ({"y_val": _with(LABELS[VAL], "a")}, "y_val"),
}


@pytest.mark.parametrize("name", BAD)
def test_validation_data_that_do_not_fit_are_refused_by_name(name):
    changed, message = BAD[name]
    model = _estimator("classifier")
    with pytest.raises(ValueError, match=message) as raised:
        model.fit(X[TRAIN], LABELS[TRAIN], **GIVEN | changed)
    assert "X_val" in str(raised.value)
    assert not hasattr(model, "coef_")


def test_validation_targets_of_another_number_are_refused():
    y = np.column_stack([TARGETS, TARGETS])
    with pytest.raises(ValueError, match="y has 1 targets, y_val 2"):
        _estimator("regressor").fit(
            X[TRAIN], TARGETS[TRAIN], X_val=X[VAL], y_val=y[VAL]
        )


def test_validation_targets_that_are_not_finite_are_refused():
    y = _with(TARGETS[VAL], np.nan)
    with pytest.raises(ValueError, match=r"y_val.*contains NaN"):
        _estimator("regressor").fit(X[TRAIN], TARGETS[TRAIN], X_val=X[VAL], y_val=y)


def test_a_single_row_does_not_do_for_r2():
    with pytest.raises(ValueError, match="1 rows of weight above zero are too few"):
        _estimator("regressor").fit(X, TARGETS, X_val=X[:1], y_val=TARGETS[:1])


def test_validation_data_without_early_stopping_are_refused(case):
    with pytest.raises(ValueError, match="early_stopping=False"):
        _fit(case, early_stopping=False)


def test_validation_data_are_routed_through_a_pipeline(case):
    y = Y[CASES[case][0]]
    scaler = StandardScaler().fit(X[TRAIN])
    explicit = _estimator(case).fit(
        scaler.transform(X[TRAIN]),
        y[TRAIN],
        X_val=scaler.transform(X[VAL]),
        y_val=y[VAL],
    )
    with sklearn.config_context(enable_metadata_routing=True):
        model = _estimator(case).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), model, transform_input=["X_val"])
        pipeline.fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    assert_array_equal(pipeline[-1].coef_, explicit.coef_)
