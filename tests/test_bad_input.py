"""Bad input gets an error at `fit` that names what is wrong and what came instead."""

import re
import warnings
from copy import deepcopy
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_array, csr_array, csr_matrix
from sklearn.exceptions import NotFittedError

from skgd import (
    SGD,
    AdaGrad,
    Adam,
    GDClassifier,
    GDRegressor,
    Momentum,
    RMSProp,
    _validation,
)
from skgd._monitor import Monitor
from skgd._training import Training

ESTIMATORS = (GDRegressor, GDClassifier)
X = np.random.default_rng(0).normal(size=(12, 3))
Y = {GDRegressor: X @ [1.0, -2.0, 0.5], GDClassifier: (X[:, 0] > 0).astype(int)}


@pytest.fixture(params=ESTIMATORS, ids=lambda c: c.__name__)
def estimator_class(request):
    return request.param


def _estimator(estimator_class, **parameters):
    defaults = {"learning_rate": "constant", "max_iter": 3, "tol": None}
    return estimator_class(**defaults | {"random_state": 0} | parameters)


# --- Parameters

BEYOND_FLOAT = (10**400, Fraction(10**400))
NUMBERS = {
    "alpha": (-1.0, np.nan, -np.inf, "0.1", True, None, 1j, *BEYOND_FLOAT),
    "l1_ratio": (-0.1, 1.1, np.nan, "0.5", True),
    "eta0": (0.0, -0.1, np.nan, "0.1", True, None, *BEYOND_FLOAT),
    "power_t": (np.nan, "0.5", True, None, 10**400, -(10**400)),
    "max_iter": (0, -1, 1.5, 10.0, "10", True, None),
    "tol": (-1e-3, np.nan, "0.1", True, 10**400),
    "n_iter_no_change": (0, -1, 2.5, True, None),
    "validation_fraction": (0.0, 1.0, -0.1, 1.5, np.nan, True, None),
    "epsilon": (-0.1, np.nan, "0.1", True, None, 10**400),
    "n_jobs": (0, 1.5, "2", True, 2**31, -(2**40)),
    "average": (-1, 1.5, "yes", None, 2**63, 10**400),
    "batch_size": (0, -1, 2.5, True, None),
    "verbose": (-1, 0.5, "yes", None),
    "random_state": (-1, 1.5, "seed", 2**32, True),
}
FLAGS = ("fit_intercept", "early_stopping", "shuffle", "warm_start")
NAMES = {
    "loss": ("unknown", "softmax", None, 1, ["hinge"]),
    "penalty": ("l3", 1, ["l2"], True),
    "mode": ("Batch", None, 1, "minibatch"),
    "batch_size": ("all",),
    "learning_rate": ("auto_", None, 0.1),
    "optimizer": ("unknown", None, 1, Momentum),
}
PARAMETERS = [
    *((name, value) for name, values in NUMBERS.items() for value in values),
    *((name, value) for name in FLAGS for value in (0, 1, "yes", None)),
    *((name, value) for name, values in NAMES.items() for value in values),
]


@pytest.mark.parametrize(("name", "value"), PARAMETERS, ids=repr)
def test_parameter_out_of_its_domain_is_named(estimator_class, name, value):
    estimator = _estimator(estimator_class, **{name: value})
    with pytest.raises((ValueError, TypeError)) as error:
        estimator.fit(X, Y[estimator_class])
    assert repr(name) in str(error.value)
    assert repr(value) in str(error.value)


@pytest.mark.parametrize(("name", "value"), PARAMETERS[::7], ids=repr)
def test_parameter_out_of_its_domain_is_named_by_partial_fit(name, value):
    model = _estimator(GDRegressor, **{name: value})
    with pytest.raises((ValueError, TypeError), match=re.escape(repr(name))):
        model.partial_fit(X, Y[GDRegressor])


@pytest.mark.parametrize("name", ["multi_class", "class_weight"])
@pytest.mark.parametrize("value", ["unknown", 1, 0.5, True, ["balanced"]], ids=repr)
def test_classifier_parameter_out_of_its_domain_is_named(name, value):
    with pytest.raises(ValueError, match=re.escape(repr(name))) as error:
        _estimator(GDClassifier, **{name: value}).fit(X, Y[GDClassifier])
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("loss", ["log_loss", "hinge", "perceptron", "modified_huber"])
def test_regressor_refuses_losses_of_classes(loss):
    with pytest.raises(ValueError, match=r"'loss'.*Got '" + loss):
        _estimator(GDRegressor, loss=loss).fit(X, Y[GDRegressor])


@pytest.mark.parametrize("value", [np.int64(2), np.int32(2)], ids=repr)
def test_parameter_may_be_a_numpy_integer(estimator_class, value):
    model = _estimator(estimator_class, max_iter=value).fit(X, Y[estimator_class])
    assert model.n_iter_ == 2


def test_parameter_may_be_a_numpy_float(estimator_class):
    model = _estimator(estimator_class, eta0=np.float32(0.5), alpha=np.float64(0.1))
    assert np.isfinite(model.fit(X, Y[estimator_class]).coef_).all()


def test_parameter_too_long_to_write_is_named(estimator_class):
    with pytest.raises(ValueError, match=r"'eta0'.* Got an int of 16610 bits"):
        _estimator(estimator_class, eta0=10**5000).fit(X, Y[estimator_class])


LARGE = {
    "max_iter": ({"max_iter": 10**400, "tol": 1e-2}),
    "batch_size": ({"batch_size": 10**400, "mode": "mini-batch"}),
    "n_iter_no_change": ({"n_iter_no_change": 10**400}),
    "n_jobs": ({"n_jobs": 2**31 - 1, "mode": "batch"}),
    "power_t": ({"power_t": 200.0, "learning_rate": "invscaling"}),
    "largest power_t": ({"power_t": 1e308, "learning_rate": "invscaling"}),
    "alpha": ({"alpha": 1e30, "learning_rate": "optimal"}),
    "largest alpha": ({"alpha": 1e308, "learning_rate": "optimal"}),
}


# A rate that falls to zero ends near the zero model, above or below it.
@pytest.mark.filterwarnings("ignore:The descent has not minimised")
@pytest.mark.parametrize("case", LARGE)
def test_large_number_in_the_domain_is_taken(estimator_class, case):
    model = _estimator(estimator_class, **LARGE[case])
    model.fit(X, Y[estimator_class])
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.history_["learning_rate"]).all()


def test_unknown_parameter_is_a_type_error(estimator_class):
    with pytest.raises(TypeError, match="learning_rat"):
        estimator_class(learning_rat="constant")


@pytest.mark.parametrize(
    "optimizer",
    [
        Momentum(momentum=1.0),
        Momentum(momentum=-0.1),
        Momentum(momentum=True),
        RMSProp(decay=1.5),
        RMSProp(epsilon=-1e-8),
        RMSProp(epsilon=np.nan),
        AdaGrad(epsilon="small"),
        AdaGrad(epsilon=np.inf),
        AdaGrad(epsilon=10**400),
        Adam(beta_1=1.0),
        Adam(beta_2=None),
    ],
    ids=repr,
)
def test_optimizer_parameter_out_of_its_domain_is_named(estimator_class, optimizer):
    ((name, value),) = {
        name: value
        for name, value in optimizer.get_params().items()
        if value is not type(optimizer)().get_params()[name]
        and value != type(optimizer)().get_params()[name]
    }.items()
    with pytest.raises(ValueError, match=re.escape(repr(name))) as error:
        _estimator(estimator_class, optimizer=optimizer).fit(X, Y[estimator_class])
    assert repr(value) in str(error.value)


# --- Contradictions


@pytest.mark.parametrize("mode", ["auto", "batch", "stochastic"])
def test_batch_size_contradicts_every_mode_but_mini_batch(estimator_class, mode):
    estimator = _estimator(estimator_class, mode=mode, batch_size=4)
    with pytest.raises(ValueError, match=rf"batch_size=4.*mode='{mode}'"):
        estimator.fit(X, Y[estimator_class])


def test_early_stopping_needs_two_rows_to_score_a_regression():
    model = _estimator(GDRegressor, early_stopping=True, validation_fraction=0.05)
    message = "would have 1 sample, and R.2.* Consider changing validation_fraction"
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y[GDRegressor])


def test_elasticnet_needs_l1_ratio(estimator_class):
    estimator = _estimator(estimator_class, penalty="elasticnet", l1_ratio=None)
    message = "l1_ratio must be set when penalty is 'elasticnet'"
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, Y[estimator_class])


@pytest.mark.parametrize("penalty", ["l2", "l1", None])
def test_other_penalties_need_no_l1_ratio(estimator_class, penalty):
    estimator = _estimator(estimator_class, penalty=penalty, l1_ratio=None)
    assert estimator.fit(X, Y[estimator_class]).n_iter_ == 3


def test_optimal_rate_needs_alpha(estimator_class):
    estimator = _estimator(estimator_class, learning_rate="optimal", alpha=0)
    with pytest.raises(ValueError, match=r"alpha must be > 0.*'optimal'"):
        estimator.fit(X, Y[estimator_class])


@pytest.mark.parametrize("loss", ["hinge", "modified_huber", "perceptron", "huber"])
def test_multinomial_contradicts_every_loss_but_log_loss(loss):
    model = _estimator(GDClassifier, loss=loss, multi_class="multinomial")
    with pytest.raises(ValueError, match=rf"multi_class='multinomial'.*'{loss}'"):
        model.fit(X, Y[GDClassifier])


@pytest.mark.parametrize("rate", ["pa1", "pa2"])
@pytest.mark.parametrize(
    ("estimator_class", "loss", "wanted"),
    [
        (GDRegressor, "squared_error", "epsilon_insensitive"),
        (GDRegressor, "huber", "epsilon_insensitive"),
        (GDClassifier, "log_loss", "hinge"),
        (GDClassifier, "epsilon_insensitive", "hinge"),
    ],
)
def test_aggressive_rate_contradicts_other_losses(rate, estimator_class, loss, wanted):
    estimator = _estimator(estimator_class, learning_rate=rate, loss=loss)
    message = rf"Learning rate '{rate}' only works with loss='{wanted}'.*'{loss}'"
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, Y[estimator_class])


@pytest.mark.parametrize("rate", ["pa1", "pa2"])
@pytest.mark.parametrize("optimizer", ["momentum", "adam", Momentum()], ids=repr)
def test_aggressive_rate_contradicts_other_optimizers(rate, optimizer):
    model = _estimator(
        GDClassifier, loss="hinge", learning_rate=rate, optimizer=optimizer
    )
    with pytest.raises(ValueError, match=rf"learning_rate='{rate}'.*optimizer="):
        model.fit(X, Y[GDClassifier])


def test_aggressive_rate_takes_sgd_as_an_object():
    model = _estimator(GDClassifier, loss="hinge", learning_rate="pa1", optimizer=SGD())
    assert model.fit(X, Y[GDClassifier]).n_iter_ == 3


# --- X and y

BAD_X = {
    "nan": (np.where(X[3, 1] == X, np.nan, X), "NaN"),
    "inf": (np.where(X[3, 1] == X, np.inf, X), "infinity"),
    "negative inf": (np.where(X[3, 1] == X, -np.inf, X), "infinity"),
    "nan in float32": (np.where(X[3, 1] == X, np.nan, X).astype(np.float32), "NaN"),
    "nan in csr": (csr_array(np.where(X[3, 1] == X, np.nan, X)), "NaN"),
    "complex": (X + 1j, "[Cc]omplex"),
    "strings": (np.full((12, 3), "a"), "could not convert string|dtype='numeric'"),
    "objects": (np.full((12, 3), {}, dtype=object), "argument must be"),
    "one dimension": (X[:, 0], r"[Ee]xpected 2D array"),
    "three dimensions": (X[:, :, None], r"dim 3"),
    "a number": (np.float64(1.0), r"[Ee]xpected 2D array"),
    "no rows": (X[:0], r"0 sample"),
    "no columns": (X[:, :0], r"0 feature"),
    "dates": (np.ones((12, 3)).astype("M8[D]"), "datetime64|[Dd]ate"),
    "a column of dates": (
        pd.DataFrame({"a": X[:, 0], "b": np.arange(12).astype("M8[s]")}),
        "X must be numbers, got datetime64",
    ),
    "beyond float64": ([[10**400] * 3] * 12, "range of float64"),
    "too few rows": (X[:-1], r"inconsistent numbers of samples"),
    "too many rows": (np.vstack((X, X)), r"inconsistent numbers of samples"),
}


@pytest.mark.parametrize("case", BAD_X)
def test_bad_data_is_refused(estimator_class, case):
    bad, message = BAD_X[case]
    with pytest.raises((ValueError, TypeError), match=message):
        _estimator(estimator_class).fit(bad, Y[estimator_class])


@pytest.mark.parametrize("case", BAD_X)
def test_bad_data_is_refused_by_partial_fit(case):
    bad, message = BAD_X[case]
    with pytest.raises((ValueError, TypeError), match=message):
        _estimator(GDRegressor).partial_fit(bad, Y[GDRegressor])


@pytest.mark.parametrize("case", [name for name in BAD_X if "rows" not in name])
def test_bad_data_is_refused_by_predict(estimator_class, case):
    bad, message = BAD_X[case]
    model = _estimator(estimator_class).fit(X, Y[estimator_class])
    with pytest.raises((ValueError, TypeError), match=message):
        model.predict(bad)


def _with(y, value):
    y = np.array(y, dtype=np.result_type(y, type(value)))
    y[2] = value
    return y


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (_with(Y[GDRegressor], np.nan), "y contains NaN"),
        (_with(Y[GDRegressor], np.inf), "y contains infinity"),
        (Y[GDRegressor] + 1j, "[Cc]omplex"),
        (np.full(12, "a"), "could not convert string"),
        (Y[GDRegressor][:-1], "inconsistent numbers of samples"),
        (np.zeros((12, 2, 2)), "dim 3"),
        (np.zeros(0), "0 sample|inconsistent"),
        (np.arange(12).astype("M8[D]"), "y must be numbers, got datetime64"),
        (np.arange(12).astype("m8[D]"), "y must be numbers, got timedelta64"),
        (csr_array(np.ones((12, 1))), "y must be dense"),
        (None, "requires y to be passed"),
    ],
    ids=[
        *("nan", "inf", "complex", "strings", "short", "3d", "empty"),
        *("dates", "durations", "sparse", "none"),
    ],
)
def test_bad_target_of_a_regressor_is_refused(bad, message):
    with pytest.raises((ValueError, TypeError), match=message):
        _estimator(GDRegressor).fit(X, bad)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (_with(Y[GDClassifier], np.nan), "NaN"),
        (Y[GDRegressor], "Unknown label type: continuous"),
        (np.array([None, *"aabbaabbaab"], object), "y must .* got .*NoneType, str"),
        (np.zeros(12), r"greater than one; got 1 class"),
        (np.full(12, "only"), r"greater than one; got 1 class"),
        (Y[GDClassifier][:-1], "inconsistent numbers of samples"),
        (np.eye(12, 2, dtype=int), "1d array|multilabel"),
        (None, "requires y to be passed"),
    ],
    ids=[
        "nan",
        "continuous",
        "a-none",
        "one-class",
        "one-string",
        "short",
        "multilabel",
        "none",
    ],
)
def test_bad_labels_are_refused(bad, message):
    with pytest.raises((ValueError, TypeError), match=message):
        _estimator(GDClassifier).fit(X, bad)


# --- sample_weight

BAD_WEIGHTS = {
    "negative": (-np.ones(12), "Negative values"),
    "one negative": (_with(np.ones(12), -1e-9), "Negative values"),
    "all zero": (np.zeros(12), "weight.*zero"),
    "nan": (_with(np.ones(12), np.nan), "NaN"),
    "inf": (_with(np.ones(12), np.inf), "infinity"),
    "short": (np.ones(11), r"\(11,\), expected \(12,\)"),
    "long": (np.ones(13), r"\(13,\), expected \(12,\)"),
    "two dimensions": (np.ones((12, 1)), r"\(12, 1\), expected \(12,\)"),
    "strings": (np.full(12, "heavy"), "must be numbers"),
    "complex": (np.ones(12) + 1j, "complex"),
    "beyond float64": ([10**400] * 12, "must be numbers"),
}


@pytest.mark.parametrize("case", BAD_WEIGHTS)
def test_bad_sample_weight_is_named(estimator_class, case):
    bad, message = BAD_WEIGHTS[case]
    with pytest.raises((ValueError, TypeError), match=message) as error:
        _estimator(estimator_class).fit(X, Y[estimator_class], sample_weight=bad)
    assert "sample_weight" in str(error.value)


@pytest.mark.parametrize("case", [name for name in BAD_WEIGHTS if name != "all zero"])
def test_bad_sample_weight_is_named_by_partial_fit(case):
    bad, message = BAD_WEIGHTS[case]
    with pytest.raises((ValueError, TypeError), match=message):
        _estimator(GDRegressor).partial_fit(X, Y[GDRegressor], sample_weight=bad)


# Powers of two: a factor on all weights then rounds nothing.
@pytest.mark.parametrize("factor", [2.0**1023, 2.0**-1020])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_sample_weight_may_overflow_in_its_sum(estimator_class, factor, early_stopping):
    weight = np.linspace(1.0, 1.75, 12)
    models = [
        _estimator(estimator_class, early_stopping=early_stopping, random_state=2)
        for _ in range(2)
    ]
    for model, unit in zip(models, (1.0, factor), strict=True):
        model.set_params(validation_fraction=0.3)
        model.fit(X, Y[estimator_class], sample_weight=unit * weight)
    assert_array_equal(models[0].coef_, models[1].coef_)
    scores = [model.history_["validation_score"] for model in models]
    assert_array_equal(*scores)


@pytest.mark.parametrize("factor", [2.0**1023, 2.0**-1020])
def test_sample_weight_may_overflow_in_the_sum_of_all_calls(factor):
    models = [_estimator(GDRegressor) for _ in range(2)]
    for model, unit in zip(models, (1.0, factor), strict=True):
        for weight in (np.linspace(1.0, 1.75, 12), np.full(12, 1.25)):
            model.partial_fit(X, Y[GDRegressor], sample_weight=unit * weight)
    assert_array_equal(models[0].coef_, models[1].coef_)


def test_product_of_weights_that_overflows_is_named():
    model = _estimator(GDClassifier, class_weight={0: 1e10, 1: 1.0})
    message = "sample_weight times class_weight must be finite.* 1e\\+300.* 1e\\+10"
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y[GDClassifier], sample_weight=np.full(12, 1e300))


def test_class_weight_may_overflow_in_its_sum():
    huge = _estimator(GDClassifier, class_weight={0: 2.0**1023, 1: 2.0**1022})
    plain = _estimator(GDClassifier, class_weight={0: 2.0, 1: 1.0})
    models = [model.fit(X, Y[GDClassifier]) for model in (huge, plain)]
    assert_array_equal(models[0].coef_, models[1].coef_)


def test_sample_weight_is_not_written_to(estimator_class):
    weight = np.random.default_rng(1).uniform(size=12)
    before = weight.copy()
    _estimator(estimator_class).fit(X, Y[estimator_class], sample_weight=weight)
    assert_array_equal(weight, before)


@pytest.mark.parametrize(
    "class_weight",
    [
        {0: -1.0, 1: 1.0},
        {0: np.nan, 1: 1.0},
        {0: np.inf, 1: 1.0},
        {0: 10**400, 1: 1.0},
        {5: 1.0, 6: 2.0},
    ],
    ids=str,
)
def test_invalid_class_weight_is_named(class_weight):
    with pytest.raises(ValueError, match=r"class_?\s?weight|class label"):
        _estimator(GDClassifier, class_weight=class_weight).fit(X, Y[GDClassifier])


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_class_weight_of_zeros_is_named(loss, n_classes):
    zeros = dict.fromkeys(range(n_classes), 0.0)
    with pytest.raises(ValueError, match=r"class_weight={0: 0.0.* leaves no row"):
        _estimator(GDClassifier, loss=loss, class_weight=zeros).fit(
            X, np.arange(12) % n_classes
        )


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("by_class", [False, True])
def test_one_class_with_weight_is_refused(loss, n_classes, by_class):
    y = np.arange(12) % n_classes
    only = dict.fromkeys(range(n_classes), 0.0) | {1: 1.0}
    model = _estimator(GDClassifier, loss=loss, class_weight=only if by_class else None)
    message = r"with weight above zero there is one class: \[1\]"
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, sample_weight=None if by_class else y == 1)


def test_class_weight_of_strings_is_named():
    model = _estimator(GDClassifier, class_weight={0: "heavy", 1: 1.0})
    with pytest.raises((ValueError, TypeError), match="class_weight"):
        model.fit(X, Y[GDClassifier])


# --- coef_init and intercept_init


@pytest.mark.parametrize(
    ("coef_init", "message"),
    [
        (np.zeros(2), r"coef_init.*\(2,\)"),
        (np.zeros((3, 1)), r"coef_init.*\(3, 1\)"),
        (np.zeros((2, 3)), r"coef_init.*\(2, 3\)"),
        (np.zeros((1, 1, 3)), r"coef_init.*\(1, 1, 3\)"),
        ([0.0, np.nan, 0.0], "coef_init contains NaN"),
        ([0.0, np.inf, 0.0], "coef_init contains NaN or infinity"),
        (["a", "b", "c"], "coef_init must be numbers"),
        (np.zeros(3) + 1j, "coef_init.*complex"),
        ([0, 0, 10**400], "coef_init must be numbers"),
    ],
    ids=[
        "short",
        "column",
        "two-rows",
        "3d",
        "nan",
        "inf",
        "strings",
        "complex",
        "huge",
    ],
)
def test_bad_coef_init_is_named(estimator_class, coef_init, message):
    with pytest.raises((ValueError, TypeError), match=message):
        _estimator(estimator_class).fit(X, Y[estimator_class], coef_init=coef_init)


@pytest.mark.parametrize(
    ("intercept_init", "message"),
    [
        (np.zeros(2), r"intercept_init.*\(2,\)"),
        ([np.nan], "intercept_init contains NaN"),
        (np.inf, "intercept_init contains NaN or infinity"),
        ("a", "intercept_init must be numbers"),
        (1j, "intercept_init.*complex"),
    ],
    ids=["two", "nan", "inf", "string", "complex"],
)
def test_bad_intercept_init_is_named(estimator_class, intercept_init, message):
    estimator = _estimator(estimator_class)
    with pytest.raises((ValueError, TypeError), match=message):
        estimator.fit(X, Y[estimator_class], intercept_init=intercept_init)


# --- Broken CSR matrices


def _broken(**arrays):
    whole = csr_matrix(X)
    for name, change in arrays.items():
        change(getattr(whole, name))
    return whole


def _set(position, value):
    def change(array):
        array[position] = value

    return change


BROKEN = {
    "index too large": lambda: _broken(indices=_set(4, 3)),
    "index far too large": lambda: _broken(indices=_set(4, 2**31 - 1)),
    "negative index": lambda: _broken(indices=_set(4, -1)),
    "decreasing indptr": lambda: _broken(indptr=_set(5, 2)),
    "negative indptr": lambda: _broken(indptr=_set(5, -3)),
    "indptr beyond the entries": lambda: _broken(indptr=_set(-1, 100)),
    "indptr not from zero": lambda: _broken(indptr=_set(0, 1)),
}


def _cut(name, size):
    whole = csr_matrix(X)
    setattr(whole, name, getattr(whole, name)[:size])
    return whole


BROKEN |= {
    "too few indices": lambda: _cut("indices", 20),
    "too few values": lambda: _cut("data", 20),
    "too few row starts": lambda: _cut("indptr", 10),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_csr_matrix_is_refused_by_fit(estimator_class, case):
    with pytest.raises(ValueError, match=r"X|indptr|ind"):
        _estimator(estimator_class).fit(BROKEN[case](), Y[estimator_class])


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("rate", ["constant", "pa1", "pa2"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_broken_csr_matrix_is_named(case, rate, early_stopping):
    model = _estimator(
        GDClassifier, loss="hinge", learning_rate=rate, early_stopping=early_stopping
    )
    with pytest.raises(ValueError, match="X is not a sound CSR matrix"):
        model.set_params(validation_fraction=0.3).fit(BROKEN[case](), Y[GDClassifier])


@pytest.mark.parametrize("case", BROKEN)
def test_broken_csr_matrix_is_refused_by_partial_fit(case):
    with pytest.raises(ValueError, match=r"X|indptr|ind"):
        _estimator(GDRegressor).partial_fit(BROKEN[case](), Y[GDRegressor])


@pytest.mark.parametrize("case", BROKEN)
def test_broken_csr_matrix_is_refused_by_predict(case):
    model = _estimator(GDRegressor).fit(X, Y[GDRegressor])
    with pytest.raises(ValueError, match=r"X|indptr|ind"):
        model.predict(BROKEN[case]())


# --- partial_fit


def test_partial_fit_refuses_another_number_of_features(estimator_class):
    known = {"classes": [0, 1]} if estimator_class is GDClassifier else {}
    model = _estimator(estimator_class).partial_fit(X, Y[estimator_class], **known)
    with pytest.raises(ValueError, match=r"X has 2 features, but .* expecting 3"):
        model.partial_fit(X[:, :2], Y[estimator_class])


def test_partial_fit_needs_classes_at_first():
    with pytest.raises(ValueError, match=r"classes must be passed on the first call"):
        _estimator(GDClassifier).partial_fit(X, Y[GDClassifier])


def test_partial_fit_refuses_unknown_labels_at_first():
    model = _estimator(GDClassifier)
    with pytest.raises(ValueError, match=r"label .*1.* not in `classes`"):
        model.partial_fit(X, Y[GDClassifier], classes=[0, 2])


def test_partial_fit_refuses_unknown_labels_later():
    model = _estimator(GDClassifier).partial_fit(X, Y[GDClassifier], classes=[0, 1])
    with pytest.raises(ValueError, match=r"label .*7.* not in `classes`"):
        model.partial_fit(X, _with(Y[GDClassifier], 7))


def test_partial_fit_refuses_other_classes():
    model = _estimator(GDClassifier).partial_fit(X, Y[GDClassifier], classes=[0, 1])
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X, Y[GDClassifier], classes=[0, 1, 2])


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([0.0, 1.0, np.nan], "`classes`.* NaN"),
        ([0.0, 1.0, np.inf], "`classes` contains NaN or infinity"),
        ([0, 1, None], "`classes` must have labels .* NoneType"),
        ([[0, 1]], r"`classes` must have one dimension.*\(1, 2\)"),
        (1, "`classes` must have one dimension"),
    ],
    ids=str,
)
def test_partial_fit_refuses_classes_that_are_no_labels(classes, message):
    with pytest.raises(ValueError, match=message):
        _estimator(GDClassifier).partial_fit(X, Y[GDClassifier], classes=classes)


@pytest.mark.parametrize("calls_before", [0, 1])
def test_partial_fit_of_weights_all_zero_refuses_bad_data(
    estimator_class, calls_before
):
    known = {"classes": [0, 1]} if estimator_class is GDClassifier else {}
    model = _estimator(estimator_class)
    for _ in range(calls_before):
        model.partial_fit(X, Y[estimator_class], **known)
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(
            BAD_X["nan"][0], Y[estimator_class], sample_weight=np.zeros(12), **known
        )


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("limit", "make_X"), [("ROWS_LIMIT", np.asarray), ("SPARSE_ROWS_LIMIT", csr_array)]
)
def test_too_many_rows_are_refused_before_they_are_numbered(
    method, limit, make_X, monkeypatch
):
    monkeypatch.setattr(_validation, limit, 12)
    monkeypatch.setattr(Training, "rows", None)  # not a property any more
    with pytest.raises(ValueError, match="X must have less than 12 rows, got 12"):
        getattr(_estimator(GDRegressor), method)(make_X(X), Y[GDRegressor])


def test_partial_fit_refuses_one_class():
    with pytest.raises(ValueError, match="classes has to be greater than one"):
        _estimator(GDClassifier).partial_fit(X, np.zeros(12), classes=[0])


@pytest.mark.parametrize("calls_before", [0, 1])
def test_partial_fit_refuses_early_stopping(estimator_class, calls_before):
    known = {"classes": [0, 1]} if estimator_class is GDClassifier else {}
    model = _estimator(estimator_class)
    for _ in range(calls_before):
        model.partial_fit(X, Y[estimator_class], **known)
    model.set_params(early_stopping=True)
    with pytest.raises(ValueError, match="early_stopping should be False"):
        model.partial_fit(X, Y[estimator_class], **known)


@pytest.mark.parametrize("calls_before", [0, 1])
def test_partial_fit_refuses_balanced_weights(calls_before):
    model = _estimator(GDClassifier)
    for _ in range(calls_before):
        model.partial_fit(X, Y[GDClassifier], classes=[0, 1])
    model.set_params(class_weight="balanced")
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        model.partial_fit(X, Y[GDClassifier], classes=[0, 1])


def test_partial_fit_refuses_another_number_of_targets():
    two = np.column_stack((Y[GDRegressor], Y[GDRegressor]))
    model = _estimator(GDRegressor).partial_fit(X, two)
    with pytest.raises(ValueError, match=r"y has 1 targets.* fitted with 2"):
        model.partial_fit(X, Y[GDRegressor])


# --- A fitted model


@pytest.mark.parametrize("method", ["predict", "score", "sparsify", "densify"])
def test_method_before_fit_is_refused(estimator_class, method):
    arguments = {"predict": (X,), "score": (X, Y[estimator_class])}.get(method, ())
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(_estimator(estimator_class), method)(*arguments)


@pytest.mark.parametrize(
    "method", ["decision_function", "predict_proba", "predict_log_proba"]
)
def test_classifier_method_before_fit_is_refused(method):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(_estimator(GDClassifier), method)(X)


def test_predict_refuses_another_number_of_features(estimator_class):
    model = _estimator(estimator_class).fit(X, Y[estimator_class])
    with pytest.raises(ValueError, match=r"X has 2 features, but .* expecting 3"):
        model.predict(X[:, :2])


# --- What scikit-learn need not look at

PLAIN = {
    "sound": (X, Y[GDRegressor]),
    "float32": (X.astype(np.float32), Y[GDClassifier]),
    "int y": (X, np.arange(12)),
    "half y": (X, np.arange(12, dtype=np.float16)),
    "bool y": (X, X[:, 0] > 0),
    "int X": (np.arange(24).reshape(12, 2), Y[GDRegressor]),
    "other layout": (np.asfortranarray(X), Y[GDRegressor]),
    "a part of y": (X, np.arange(24.0)[::2]),
    "column y": (X, Y[GDRegressor][:, None]),
    "NaN in X": (np.where(np.isin(X, X[3, 1]), np.nan, X), Y[GDRegressor]),
    "infinities in X": (np.where(X > 0, np.inf, -np.inf), Y[GDRegressor]),
    "NaN in y": (X, np.where(np.arange(12) == 2, np.nan, 1.0)),
    "complex y": (X, Y[GDRegressor] * 1j),
    "text": (X, np.array(list("abcdefghijkl"))),
    "no y": (X, None),
    "short y": (X, np.arange(11.0)),
    "no rows": (X[:0], Y[GDRegressor][:0]),
    "no columns": (X[:, :0], Y[GDRegressor]),
    "one row of X": (X[0], Y[GDRegressor]),
    "wider": (np.hstack([X, X]), Y[GDRegressor]),
    "overflowing sum": (np.full((12, 3), 1e308), Y[GDRegressor]),
}


@pytest.mark.parametrize("known", [None, "array", "names"])
@pytest.mark.parametrize("finite", [True, False])
@pytest.mark.parametrize("case", PLAIN)
def test_plain_arrays_are_checked_as_by_scikit_learn(case, finite, known, monkeypatch):
    def checked(*y):
        model = GDRegressor()
        if known is not None:
            model.n_features_in_ = 3
        if known == "names":
            model.feature_names_in_ = np.array(["a", "b", "c"], dtype=object)
        options = {"multi_output": True} if y else {}
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                got = _validation.check_X(
                    model,
                    PLAIN[case][0],
                    *y,
                    reset=known is None,
                    ensure_all_finite=finite,
                    **options,
                )
        except ValueError as error:
            return str(error), []
        learned = {k: v for k, v in vars(model).items() if k.endswith("_in_")}
        return str(learned) + str([str(w.message) for w in warned]), got

    for y in ((), (PLAIN[case][1],)):
        words, arrays = checked(*y)
        with monkeypatch.context() as patch:
            patch.setattr(_validation, "_is_plain", lambda *_: False)
            words_there, arrays_there = checked(*y)
        assert words == words_there
        for one, other in zip(arrays, arrays_there, strict=True):
            assert_array_equal(one, other)


# --- What is unusual and sound


def test_tiny_values_give_a_model_not_worse_than_none(estimator_class):
    model = _estimator(estimator_class, mode="batch").fit(
        X * 1e-300, Y[estimator_class]
    )
    assert model.objective_ <= model.history_["objective"][0]


def test_huge_values_never_give_a_model(estimator_class):
    with pytest.raises(ValueError, match=r"Floating-point under-/overflow"):
        _estimator(estimator_class).fit(X * 1e300, Y[estimator_class])


def test_overflow_of_data_says_that_no_rate_is_stable():
    with pytest.raises(ValueError, match="No learning rate is stable"):
        _estimator(GDRegressor).fit(X * 1e300, Y[GDRegressor])


def test_regression_on_one_row_works():
    model = _estimator(GDRegressor).fit(X[:1], [1.0])
    assert np.isfinite(model.predict(X)).all()


def test_classification_of_one_row_is_refused():
    with pytest.raises(ValueError, match="greater than one; got 1 class"):
        _estimator(GDClassifier).fit(X[:1], [1])


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_constant_columns_are_fitted(estimator_class, value):
    constant = np.column_stack((X, np.full(12, value)))
    model = _estimator(estimator_class).fit(constant, Y[estimator_class])
    assert np.isfinite(model.coef_).all()


def test_zero_column_gets_no_coefficient(estimator_class):
    model = _estimator(estimator_class)
    model.fit(np.column_stack((X, np.zeros(12))), Y[estimator_class])
    assert model.coef_.ravel()[-1] == 0.0


CONTAINERS = {
    "list": np.ndarray.tolist,
    "object": lambda X: X.astype(object),
    "Fortran order": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "backwards": lambda X: X[::-1].copy()[::-1],
    "big-endian": lambda X: X.astype(">f8"),
    "csr matrix": csr_matrix,
    "csc array": csc_array,
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_container_makes_no_difference(estimator_class, container):
    expected = _estimator(estimator_class).fit(X, Y[estimator_class])
    model = _estimator(estimator_class)
    model.fit(CONTAINERS[container](X), Y[estimator_class])
    # rtol=1e-12: dense and sparse rows are summed in another order
    assert_allclose(model.coef_, expected.coef_, rtol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "result"),
    [
        (np.float16, np.float64),
        (np.int8, np.float64),
        (np.uint8, np.float64),
        (np.int64, np.float64),
        (np.bool_, np.float64),
        (np.float32, np.float32),
        (np.float64, np.float64),
    ],
)
def test_type_of_data_decides_the_type_of_the_model(estimator_class, dtype, result):
    counts = np.abs(X * 3).astype(int).astype(dtype)
    model = _estimator(estimator_class).fit(counts, Y[estimator_class])
    assert model.coef_.dtype == model.intercept_.dtype == result


def test_data_may_be_read_only(estimator_class):
    arrays = X.copy(), Y[estimator_class].copy(), np.ones(12)
    for array in arrays:
        array.setflags(write=False)
    model = _estimator(estimator_class).fit(*arrays[:2], sample_weight=arrays[2])
    assert model.n_iter_ == 3


def test_data_may_be_a_memory_map(estimator_class, tmp_path):
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    model = _estimator(estimator_class).fit(mapped, Y[estimator_class])
    expected = _estimator(estimator_class).fit(X, Y[estimator_class])
    assert_array_equal(model.coef_, expected.coef_)


@pytest.mark.parametrize("make", [np.array, csr_array], ids=["dense", "csr"])
def test_data_is_not_written_to(estimator_class, make):
    given = make(X)
    _estimator(estimator_class).fit(given, Y[estimator_class])
    assert_array_equal(given.toarray() if make is csr_array else given, X)


# --- A fit that fails


FAILURES = {
    "bad parameter": ({"alpha": -1.0}, {}, None),
    "contradiction": ({"penalty": "elasticnet", "l1_ratio": None}, {}, None),
    "bad X": ({}, {"X": BAD_X["nan"][0]}, None),
    "other features": ({}, {"X": np.full((12, 2), np.nan)}, None),
    "bad weight": ({}, {"sample_weight": -np.ones(12)}, None),
    "zero weight": ({}, {"sample_weight": np.zeros(12)}, None),
    "bad coef_init": ({}, {"coef_init": np.zeros(7)}, None),
    "bad split": ({"early_stopping": True, "validation_fraction": 0.999}, {}, None),
    "divergence": ({"eta0": 1e200}, {}, None),
    "interrupt": ({}, {}, KeyboardInterrupt),
    "no memory": ({}, {}, MemoryError),
}


def _fail(estimator, case, monkeypatch):
    parameters, arguments, raised = FAILURES[case]
    before = estimator.get_params()
    estimator.set_params(**parameters)
    if raised is not None:
        _raise_in_second_epoch(monkeypatch, raised)
    data = {"X": X, "y": Y[type(estimator)]} | arguments
    with pytest.raises((ValueError, KeyboardInterrupt, MemoryError)) as error:
        estimator.fit(**data)
    assert raised is None or error.type is raised
    estimator.set_params(**{name: before[name] for name in parameters})


def _raise_in_second_epoch(monkeypatch, error):
    see_epoch = Monitor.see_epoch
    seen = []

    def interrupted(self, *arguments, **keywords):
        see_epoch(self, *arguments, **keywords)
        seen.append(arguments)
        if len(seen) == 2:
            raise error

    monkeypatch.setattr(Monitor, "see_epoch", interrupted)


def _same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if hasattr(one, "__dict__"):
        return type(one) is type(other) and _same(vars(one), vars(other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)
    if isinstance(one, float) and np.isnan(one):
        return np.isnan(other)
    return type(one) is type(other) and one == other


@pytest.mark.parametrize("case", FAILURES)
def test_failed_fit_leaves_the_earlier_model(estimator_class, case, monkeypatch):
    model = _estimator(estimator_class, average=True)
    model.fit(X[:, :3] * 0.5, Y[estimator_class])
    before = deepcopy(vars(model))
    _fail(model, case, monkeypatch)
    assert _same(vars(model), before)


@pytest.mark.parametrize("case", FAILURES)
def test_failed_fit_leaves_an_unfitted_model_unfitted(
    estimator_class, case, monkeypatch
):
    model = _estimator(estimator_class)
    before = dict(vars(model))
    _fail(model, case, monkeypatch)
    assert vars(model) == before


def test_failed_partial_fit_leaves_the_earlier_model(estimator_class):
    known = {"classes": [0, 1]} if estimator_class is GDClassifier else {}
    model = _estimator(estimator_class, loss="squared_error", optimizer="momentum")
    model.partial_fit(X, Y[estimator_class], **known)
    before = deepcopy(vars(model))
    huge = X * 1e200  # its squares overflow
    with pytest.raises(ValueError, match="Floating-point under-/overflow"):
        model.partial_fit(huge, Y[estimator_class])
    assert _same(vars(model), before)


def test_coef_init_beyond_float32_is_named(estimator_class):
    with pytest.raises(ValueError, match="coef_init contains NaN or infinity"):
        _estimator(estimator_class).fit(
            X.astype(np.float32), Y[estimator_class], coef_init=[0.0, 0.0, 1e300]
        )


def test_none_in_y_is_named_not_the_learning_rate():
    y = np.array([None, *Y[GDRegressor][1:]], dtype=object)
    with pytest.raises(ValueError, match="y contains NaN"):
        _estimator(GDRegressor).fit(X, y)


def test_intercept_of_another_size_is_named_by_partial_fit():
    model = _estimator(GDClassifier).fit(X, Y[GDClassifier])
    model.intercept_ = np.zeros(7)
    with pytest.raises(ValueError, match=r"intercept_ does not match.*\(7,\)"):
        model.partial_fit(X, Y[GDClassifier])


def test_many_classes_are_not_warned_of():
    y = np.repeat(np.arange(30), 10)
    rows = np.random.default_rng(0).normal(size=(300, 2))
    GDClassifier(max_iter=1, tol=None, learning_rate="constant").fit(rows, y)


@pytest.mark.parametrize("base", [GDRegressor, GDClassifier])
def test_a_default_that_is_out_of_its_domain_is_refused(base):
    class Broken(base):
        def __init__(self, alpha=-1.0):
            super().__init__(alpha=alpha)

    with pytest.raises(ValueError, match="'alpha' parameter of Broken"):
        Broken().fit([[0.0], [1.0]], [0, 1])
