"""GDClassifier: labels, probabilities, class weights."""

import pickle
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import scale

from skgd import GDClassifier

IRIS = load_iris()
X, THREE = scale(IRIS.data), IRIS.target
TWO = (THREE == 1).astype(int)
TARGETS = {"two": TWO, "three": THREE}
LOSSES = (
    "log_loss",
    "hinge",
    "squared_hinge",
    "modified_huber",
    "perceptron",
    "squared_error",
    "huber",
    "epsilon_insensitive",
    "squared_epsilon_insensitive",
    "absolute_error",
)
PROBABLE = {
    "softmax": {"loss": "log_loss"},
    "one-vs-rest": {"loss": "log_loss", "multi_class": "ovr"},
    "modified_huber": {"loss": "modified_huber"},
}


def _classifier(loss="log_loss", **parameters):
    defaults = {"learning_rate": "constant", "max_iter": 20, "tol": None}
    return GDClassifier(loss, **defaults | {"random_state": 0} | parameters)


@pytest.fixture(params=TARGETS)
def y(request):
    return TARGETS[request.param]


@pytest.mark.parametrize("loss", LOSSES)
def test_classifier_separates_setosa(loss):
    setosa = (THREE == 0).astype(int)
    # linearly separable with a wide margin: every loss gets it right
    assert _classifier(loss).fit(X, setosa).score(X, setosa) == 1.0


@pytest.mark.parametrize("loss", LOSSES)
def test_classifier_shapes_are_those_of_scikit_learn(loss, y):
    model = _classifier(loss).fit(X, y)
    outputs = 1 if y is TWO else 3
    assert model.coef_.shape == (outputs, 4)
    assert model.intercept_.shape == (outputs,)
    expected = (150,) if y is TWO else (150, 3)
    assert model.decision_function(X).shape == expected


@pytest.mark.parametrize("loss", LOSSES)
def test_prediction_is_the_largest_raw_prediction(loss):
    model = _classifier(loss).fit(X, THREE)
    assert_array_equal(model.predict(X), model.decision_function(X).argmax(axis=1))


def test_prediction_of_two_classes_is_the_sign_of_the_raw_one():
    model = _classifier().fit(X, TWO)
    assert_array_equal(model.predict(X), (model.decision_function(X) > 0).astype(int))


@pytest.mark.parametrize("kind", PROBABLE)
def test_prediction_has_the_largest_probability(kind, y):
    model = _classifier(**PROBABLE[kind]).fit(X, y)
    probabilities = model.predict_proba(X)
    rows = np.arange(len(X))
    # not the argmax: modified_huber clips, and ties are possible
    assert_array_equal(probabilities[rows, model.predict(X)], probabilities.max(axis=1))


@pytest.mark.parametrize("kind", PROBABLE)
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3, 1e6])
def test_probabilities_sum_to_one(kind, y, size):
    model = _classifier(**PROBABLE[kind]).fit(X, y)
    model.coef_ *= size / np.abs(model.decision_function(X)).max()
    probabilities = model.predict_proba(X)
    # rtol=1e-14: three terms, rounded once each
    assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-14)
    assert probabilities.min() >= 0.0


@pytest.mark.parametrize("raw", [[-1e3, -2e3, -3e3], [1e3, 2e3, 3e3], [0.0, 0.0, -1e3]])
@pytest.mark.parametrize("kind", PROBABLE)
def test_probabilities_of_extreme_raw_predictions_are_finite(kind, raw):
    model = _classifier(**PROBABLE[kind]).fit(X, THREE)
    model.coef_[:], model.intercept_[:] = 0.0, raw
    assert_allclose(model.predict_proba(X[:1]).sum(), 1.0, rtol=1e-14)


@pytest.mark.parametrize("kind", PROBABLE)
@pytest.mark.parametrize("n_classes", [2, 3, 12])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_of_any_raw_predictions_rank_the_prediction_first(
    kind, n_classes, dtype
):
    design = np.eye(300, dtype=dtype)  # its raw predictions are the coefficients
    model = _classifier(**PROBABLE[kind], max_iter=1)
    model.fit(design, np.arange(300) % n_classes)
    rng, rows, limits = np.random.default_rng(0), np.arange(300), np.finfo(dtype)
    for size in (limits.tiny, 1e-8, 1e-3, 1.0, 30.0, 1e3, limits.max**0.97, limits.max):
        raw = rng.uniform(-1.0, 1.0, size=model.coef_.shape)
        raw[:, :100] = np.round(2 * raw[:, :100]) / 2  # ties
        raw[0, 100:200] = np.nextafter(raw[-1, 100:200].astype(dtype), dtype(2))
        model.coef_, model.intercept_[:] = (raw * size).astype(dtype), 0.0
        probabilities, predicted = model.predict_proba(design), model.predict(design)
        assert (probabilities >= 0.0).all()  # false of NaN
        # a sum of n_classes terms, each rounded once or twice
        assert_allclose(probabilities.sum(axis=1), 1.0, atol=4 * n_classes * limits.eps)
        assert_array_equal(probabilities[rows, predicted], probabilities.max(axis=1))
        logarithms = model.predict_log_proba(design)
        assert_array_equal(logarithms[rows, predicted], logarithms.max(axis=1))


@pytest.mark.parametrize("kind", ["softmax", "one-vs-rest"])
def test_log_probabilities_are_finite_where_probabilities_are_zero(kind, y):
    model = _classifier(**PROBABLE[kind]).fit(X, y)
    model.coef_ *= 1e5
    assert model.predict_proba(X).min() == 0.0
    assert np.isfinite(model.predict_log_proba(X)).all()


@pytest.mark.parametrize("kind", PROBABLE)
def test_log_probabilities_are_logarithms_of_probabilities(kind, y):
    model = _classifier(**PROBABLE[kind]).fit(X, y)
    # rtol=1e-12: the logarithm is taken before or after the division
    assert_allclose(
        np.exp(model.predict_log_proba(X)), model.predict_proba(X), rtol=1e-12
    )


def test_probabilities_of_one_vs_rest_are_normalised_sigmoids():
    model = _classifier(multi_class="ovr").fit(X, THREE)
    sigmoids = 1 / (1 + np.exp(-model.decision_function(X)))
    expected = sigmoids / sigmoids.sum(axis=1, keepdims=True)
    assert_allclose(model.predict_proba(X), expected, rtol=1e-12)


def test_probabilities_of_softmax_are_normalised_exponentials():
    model = _classifier().fit(X, THREE)
    powers = np.exp(model.decision_function(X))
    expected = powers / powers.sum(axis=1, keepdims=True)
    assert_allclose(model.predict_proba(X), expected, rtol=1e-12)


@pytest.mark.parametrize("loss", sorted({*LOSSES} - {"log_loss", "modified_huber"}))
@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba"])
def test_other_losses_have_no_probabilities(loss, method):
    model = _classifier(loss).fit(X, TWO)
    assert not hasattr(model, method)


def test_missing_probabilities_say_which_loss_has_none():
    with pytest.raises(AttributeError) as error:
        _ = _classifier("hinge").predict_proba
    assert "not available for loss='hinge'" in str(error.value.__cause__)


@pytest.mark.parametrize(
    "names",
    [
        np.array(["ant", "bee", "cat"]),
        np.array(["ant", "bee", "cat"], dtype=object),
        np.array([-5, 0, 7]),
        np.array([1.0, 2.0, 3.0]),
    ],
    ids=["strings", "objects", "ints", "floats"],
)
def test_labels_of_any_type_are_predicted(names):
    model = _classifier().fit(X, names[THREE])
    plain = _classifier().fit(X, THREE)
    assert_array_equal(model.classes_, names)
    assert_array_equal(model.predict(X), names[plain.predict(X)])


def test_labels_may_be_bools():
    model = _classifier().fit(X, THREE == 1)
    assert model.predict(X).dtype == bool


def test_two_classes_make_no_difference_between_multinomial_and_one_vs_rest():
    one, other = (
        _classifier(multi_class=name).fit(X, TWO) for name in ("multinomial", "ovr")
    )
    assert_array_equal(one.coef_, other.coef_)


@pytest.mark.parametrize("loss", ["hinge", "log_loss", "squared_error"])
def test_one_vs_rest_is_one_classifier_a_class(loss):
    whole = _classifier(loss, multi_class="ovr").fit(X, THREE)
    for k in range(3):
        part = _classifier(loss).fit(X, (k == THREE).astype(int))
        # rtol=1e-10: the same steps; the rows of a block are added in another order
        assert_allclose(whole.coef_[k], part.coef_[0], rtol=1e-10, atol=1e-13)


# --- Weights

CLASS_WEIGHT = {0: 2.0, 1: 0.5, 2: 1.25}


@pytest.mark.parametrize("mode", ["batch", "mini-batch", "stochastic"])
def test_class_weight_is_sample_weight_of_the_class(mode, y):
    weighted = _classifier(mode=mode, class_weight=CLASS_WEIGHT).fit(X, y)
    rows = np.array([CLASS_WEIGHT[label] for label in y])
    plain = _classifier(mode=mode).fit(X, y, sample_weight=rows)
    assert_array_equal(weighted.coef_, plain.coef_)


def test_class_weight_multiplies_sample_weight(y):
    weight = np.random.default_rng(0).uniform(size=150)
    weighted = _classifier(class_weight=CLASS_WEIGHT).fit(X, y, sample_weight=weight)
    rows = weight * [CLASS_WEIGHT[label] for label in y]
    plain = _classifier().fit(X, y, sample_weight=rows)
    # rtol=1e-12: the mean weight is summed from products in another order
    assert_allclose(weighted.coef_, plain.coef_, rtol=1e-12)


def test_class_weight_of_one_vs_rest_acts_on_the_own_problem():
    options = {"loss": "hinge", "penalty": None}
    whole = _classifier(**options, class_weight=CLASS_WEIGHT).fit(X, THREE)
    for k in range(3):
        weight = np.where(k == THREE, CLASS_WEIGHT[k], 1.0)
        # the problem of class k alone has mean weight one: the rate makes up for it
        part = _classifier(**options, eta0=0.01 * weight.mean())
        part.fit(X, (k == THREE).astype(int), sample_weight=weight)
        assert_allclose(whole.coef_[k], part.coef_[0], rtol=1e-10, atol=1e-13)


def test_balanced_class_weight_is_inverse_frequency():
    rows = np.concatenate((np.arange(50), np.arange(50, 60)))
    balanced = _classifier(class_weight="balanced").fit(X[rows], THREE[rows])
    given = _classifier(class_weight={0: 60 / 100, 1: 60 / 20}).fit(
        X[rows], THREE[rows]
    )
    assert_array_equal(balanced.coef_, given.coef_)


def test_balanced_class_weight_of_balanced_classes_changes_nothing():
    one = _classifier(class_weight="balanced").fit(X, THREE)
    assert_allclose(one.coef_, _classifier().fit(X, THREE).coef_, rtol=1e-12)


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
@pytest.mark.parametrize("constant", [1e-6, 3.0, 1e6])
def test_constant_class_weight_changes_nothing(loss, constant):
    class_weight = dict.fromkeys(range(3), constant)
    weighted = _classifier(loss, mode="batch", class_weight=class_weight).fit(X, TWO)
    plain = _classifier(loss, mode="batch").fit(X, TWO)
    # rtol=1e-10: weights are divided by their mean, which is rounded
    assert_allclose(weighted.coef_, plain.coef_, rtol=1e-10)


def test_class_weight_zero_leaves_a_class_out():
    without = _classifier(class_weight={0: 1.0, 1: 1.0, 2: 0.0}).fit(X, THREE)
    assert without.decision_function(X).argmax(axis=1).max() < 2


# --- A fitted model


def test_sparsify_changes_no_prediction(y):
    model = _classifier(penalty="l1", alpha=0.05).fit(X, y)
    before = model.decision_function(X)
    model.sparsify()
    assert issparse(model.coef_)
    assert_allclose(model.decision_function(X), before, rtol=1e-12, atol=1e-14)


def test_densify_undoes_sparsify(y):
    model = _classifier().fit(X, y)
    before = model.coef_.copy()
    model.sparsify().densify()
    assert_array_equal(model.coef_, before)


def test_sparsified_model_goes_on_learning(y):
    one, other = (_classifier(max_iter=3).fit(X, y) for _ in range(2))
    one.sparsify().partial_fit(X, y)
    assert_array_equal(one.coef_, other.partial_fit(X, y).coef_)


def test_sparsified_model_pickles(y):
    model = _classifier().fit(X, y).sparsify()
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict(X), model.predict(X))


def test_clone_is_not_fitted():
    model = _classifier().fit(X, THREE)
    assert not hasattr(clone(model), "coef_")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", PROBABLE)
def test_probabilities_are_of_the_type_of_the_data(dtype, kind, y):
    model = _classifier(**PROBABLE[kind]).fit(X.astype(dtype), y)
    assert model.decision_function(X.astype(dtype)).dtype == dtype
    assert model.predict_proba(X.astype(dtype)).dtype == dtype


def test_warm_start_refuses_other_classes():
    model = _classifier(warm_start=True).fit(X, THREE)
    with pytest.raises(ValueError, match="warm_start=True"):
        model.fit(X, TWO)


def test_warm_start_goes_on_with_the_same_classes(y):
    implicit = _classifier(warm_start=True, max_iter=5).fit(X, y)
    explicit = _classifier(max_iter=5).fit(
        X, y, coef_init=implicit.coef_, intercept_init=implicit.intercept_
    )
    assert_array_equal(implicit.fit(X, y).coef_, explicit.coef_)


def test_refit_without_warm_start_takes_other_classes():
    model = _classifier().fit(X, THREE).fit(X, TWO)
    assert_array_equal(model.classes_, [0, 1])


def test_column_of_labels_is_warned_of():
    with pytest.warns(Warning, match="column-vector y was passed"):
        _classifier().fit(X, TWO[:, None])


def test_perceptron_learns_as_rosenblatt():
    w, b = np.zeros(4), 0.0
    for x, sign in zip(X, 2 * TWO - 1, strict=True):
        if sign * (x @ w + b) <= 0:
            w, b = w + sign * x, b + sign
    model = _classifier("perceptron", penalty=None, eta0=1.0, shuffle=False, max_iter=1)
    model.fit(X, TWO)
    assert_allclose(model.coef_[0], w, rtol=1e-12)
    assert_allclose(model.intercept_, b, rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 256, 257])  # codes of one byte, or more
@pytest.mark.parametrize("multi_class", ["multinomial", "ovr"])
def test_many_classes_are_told_apart(n_classes, multi_class):
    X, y = np.tile(np.eye(n_classes), (3, 1)), np.tile(np.arange(n_classes), 3)
    model = GDClassifier(multi_class=multi_class, learning_rate="constant", eta0=1.0)
    model.set_params(max_iter=5, tol=None, random_state=0).fit(X, y)
    assert_array_equal(model.predict(X), y)


def test_label_behind_the_last_of_256_classes_is_refused():
    X, y = np.tile(np.eye(256), (3, 1)), np.tile(np.arange(256), 3)
    model = GDClassifier().partial_fit(X, y, classes=range(256))
    with pytest.raises(ValueError, match=r"label .*256.*not in"):
        model.partial_fit(X, y + 1)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_score_of_raw_predictions_is_the_accuracy(rng, weighted):
    raw, targets = rng.normal(size=(40, 3)), rng.integers(0, 3, size=40)
    weight = rng.uniform(size=40) if weighted else None
    wanted = accuracy_score(targets, raw.argmax(axis=1), sample_weight=weight)
    assert GDClassifier()._score_raw(raw, targets, weight) == wanted


@pytest.mark.parametrize("mode", ["stochastic", "mini-batch", "batch"])
@pytest.mark.parametrize("weighted", [False, True])
def test_textbook_fit_takes_few_bytes_a_row(mode, weighted):
    # a code and a place in the order; weights are taken as they are
    X = np.random.default_rng(0).standard_normal((1_000_000, 2))
    y, weight = X[:, 0] > 0.0, np.ones(len(X)) if weighted else None
    model = GDClassifier(learning_rate="constant", mode=mode, max_iter=1, tol=None)
    tracemalloc.start()
    model.fit(X, y, sample_weight=weight)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (8 if weight is None else 32) * len(X)


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge", "hinge"])
@pytest.mark.parametrize("mode", ["batch", "mini-batch", "stochastic"])
def test_one_vs_rest_takes_a_class_without_weight(loss, mode):
    # The best intercept is infinitely far there: the search for it had had no end.
    weight = (THREE != 1).astype(float)
    model = GDClassifier(loss, multi_class="ovr", mode=mode, random_state=0)
    model.fit(X, THREE, sample_weight=weight)
    assert model.converged_
    assert_array_equal(model.predict(X)[weight > 0], THREE[weight > 0])
    few = clone(model).set_params(class_weight={1: 0.0}).fit(X, THREE)
    assert few.converged_


@pytest.mark.parametrize("small", [1e-200, 1e-300])
def test_a_class_of_next_to_no_weight_ends_finite(small):
    weight = np.where(TWO == 1, small, 1.0)
    model = GDClassifier().fit(X, TWO, sample_weight=weight)
    assert model.converged_
    assert np.isfinite(model.coef_).all()
    assert model.predict(X).sum() == 0


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge"])
def test_balanced_classes_take_a_weight_of_two_for_the_row_twice(loss, rng):
    weight = rng.integers(0, 4, size=len(X))
    model = GDClassifier(loss, class_weight="balanced", tol=1e-10)
    weighted = clone(model).fit(X, THREE, sample_weight=weight)
    rows = np.repeat(np.arange(len(X)), weight)
    repeated = model.fit(X[rows], THREE[rows])
    assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge"])
def test_balanced_classes_leave_out_one_without_weight(loss):
    weight = (THREE != 1).astype(float)
    model = GDClassifier(loss, class_weight="balanced", multi_class="auto", tol=1e-10)
    some = clone(model).fit(X[weight > 0], THREE[weight > 0])
    model.set_params(multi_class="ovr" if loss == "log_loss" else "auto")
    model.fit(X, THREE, sample_weight=weight)
    # Class 2 against the rest is class 2 against class 0.
    assert_allclose(model.coef_[2], some.coef_[0], rtol=1e-5, atol=1e-8)
