"""What the parameters mean without a learning rate, and what a fit then tells.

Everything is raw: columns of standard deviations from 0.01 to 100, far from zero.
"""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

import reference
from skgd import GDClassifier, GDRegressor
from skgd._core.losses import LOSSES as LOSSES_OF_CORE
from skgd._parameters import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    loss_parameter,
)
from skgd.textbook import SCHEDULES

RNG = np.random.default_rng(0)
N, D = 90, 4
X = RNG.normal(size=(N, D)) * [1.0, 100.0, 0.01, 3.0] + [0.0, 500.0, 0.1, -2.0]
TARGETS = (X - X.mean(axis=0)) / X.std(axis=0) @ [2.0, -3.0, 1.0, 0.0] + 40.0
TARGETS += RNG.normal(size=N)
LABELS = np.digitize(TARGETS + 2 * RNG.normal(size=N), np.quantile(TARGETS, [0.4, 0.7]))
Y = {GDRegressor: TARGETS, GDClassifier: (LABELS > 0).astype(int)}

MODES = ("batch", "mini-batch", "stochastic")
# Of the perceptron the optimum is the zero model, which nobody wants.
LOSSES = [
    *((GDRegressor, loss) for loss in REGRESSION_LOSSES),
    *((GDClassifier, loss) for loss in CLASSIFICATION_LOSSES if loss != "perceptron"),
]
SMOOTH = [
    (estimator_class, loss)
    for estimator_class, loss in LOSSES
    if loss not in ("hinge", "epsilon_insensitive", "absolute_error", "quantile")
]
KINKED = [case for case in LOSSES if case not in SMOOTH]
PENALTIES = ("l2", "l1", "elasticnet")
TOL = 1e-8


def _name(value):
    return value.__name__ if isinstance(value, type) else None


each_loss = pytest.mark.parametrize(("estimator_class", "loss"), LOSSES, ids=_name)
each_smooth = pytest.mark.parametrize(("estimator_class", "loss"), SMOOTH, ids=_name)
each_kinked = pytest.mark.parametrize(("estimator_class", "loss"), KINKED, ids=_name)
each_estimator = pytest.mark.parametrize(
    "estimator_class", [GDRegressor, GDClassifier], ids=_name
)
each_mode = pytest.mark.parametrize("mode", MODES)
each_penalty = pytest.mark.parametrize("penalty", PENALTIES)


def _fit(model, X=X, y=None, **arguments):
    return model.fit(X, Y[type(model)] if y is None else y, **arguments)


def _model(estimator_class, loss=None, **parameters):
    """Give an estimator whose optimum is unique, for tight tolerances."""
    parameters = {"alpha": 1e-3, "epsilon": 0.5, "random_state": 0} | parameters
    return estimator_class(**({} if loss is None else {"loss": loss}) | parameters)


def _objective(model, X=X, y=None, sample_weight=None):
    """Give F by the specification."""
    y = Y[type(model)] if y is None else y
    coef = np.atleast_2d(model.coef_).astype(np.float64)
    intercept = model.intercept_.astype(np.float64)
    loss, parameter = model.loss, loss_parameter(model)
    if isinstance(model, GDClassifier):
        hot = np.asarray(y)[:, None] == model.classes_
        target = np.where(hot, 1.0, -1.0)
        if len(coef) == 1:
            target = target[:, 1:]
        elif loss == "log_loss" and model.multi_class == "auto":
            loss, target = "softmax", hot.astype(np.float64)
    else:
        target = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
    ridge, l1 = reference.split_penalty(model.penalty, model.alpha, model.l1_ratio)
    return reference.objective(
        X,
        target,
        coef,
        intercept,
        loss=loss,
        parameter=parameter,
        ridge=ridge,
        l1=l1,
        sample_weight=sample_weight,
    )


def _assert_same_optimum(one, other, tol=TOL, **data):
    """Assert that two models are as close to the optimum as `tol` says.

    Each is within tol of the gain, and the gain is no more than F at the start; the
    estimates by which they stopped are good to a factor of two or so.
    """
    objectives = [_objective(model, **data) for model in (one, other)]
    scale = _null_objective(one, **data)
    assert_allclose(*objectives, rtol=0, atol=10 * tol * scale + 1e-12)


def _null_objective(model, **data):
    null = pickle.loads(pickle.dumps(model))
    null.coef_ = np.zeros_like(np.asarray(null.coef_))
    return _objective(null, **data)


# --- Parameters that mean something else, or nothing


@each_estimator
@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"eta0": 0.5}, "eta0 is ignored"),
        ({"power_t": 0.4}, "power_t is ignored"),
        ({"eta0": 0.5, "power_t": 0.4}, "eta0 and power_t is ignored"),
    ],
    ids=str,
)
def test_auto_warns_of_the_parameters_of_a_schedule(estimator_class, changed, named):
    plain = _fit(estimator_class())
    with pytest.warns(UserWarning, match=named):
        model = _fit(estimator_class(**changed))
    assert_array_equal(model.coef_, plain.coef_)


@each_estimator
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("changed", "advice"),
    [
        ({"average": True}, "Set average=False or learning_rate to one of"),
        ({"average": 10}, "Set average=False or learning_rate to one of"),
        ({"optimizer": "adam"}, "Set optimizer='sgd' or learning_rate to one of"),
        ({"batch_size": 8, "mode": "mini-batch"}, "Leave batch_size='auto'"),
    ],
    ids=str,
)
def test_auto_refuses_what_only_a_step_size_has(
    estimator_class, method, changed, advice
):
    model = estimator_class(**changed)
    known = {"classes": [0, 1]} if estimator_class is GDClassifier else {}
    with pytest.raises(ValueError, match=advice) as error:
        getattr(model, method)(
            X, Y[estimator_class], **(known if method == "partial_fit" else {})
        )
    name = next(iter(changed))
    assert f"{name}={changed[name]!r}" in str(error.value)


@pytest.mark.parametrize("learning_rate", SCHEDULES)
def test_positive_needs_auto(learning_rate):
    model = GDRegressor("epsilon_insensitive", positive=True)
    with pytest.raises(
        ValueError, match="positive=True goes with learning_rate='auto'"
    ):
        _fit(model.set_params(learning_rate=learning_rate))


@each_loss
def test_positive_coefficients_are(estimator_class, loss):
    model = _fit(_model(estimator_class, loss, positive=True))
    assert (model.coef_ >= 0).all()
    assert model.coef_.any()


@each_estimator
def test_auto_is_the_default_and_means_batch(estimator_class):
    model = _fit(estimator_class())
    assert model.learning_rate == "auto"
    assert model.mode_ == "batch"
    assert_array_equal(_fit(estimator_class(mode="batch")).coef_, model.coef_)


@each_estimator
@each_mode
def test_auto_mode_is_kept(estimator_class, mode):
    assert _fit(estimator_class(mode=mode, random_state=0)).mode_ == mode


@each_loss
def test_auto_shuffle_and_seed_have_no_effect_in_batch_mode(estimator_class, loss):
    seed = np.random.RandomState(0)
    before = seed.get_state()[1].copy()
    model = _fit(_model(estimator_class, loss, shuffle=True, random_state=seed))
    other = _fit(_model(estimator_class, loss, shuffle=False, random_state=1))
    assert_array_equal(model.coef_, other.coef_)
    assert_array_equal(seed.get_state()[1], before)  # not read at all


@each_loss
@each_mode
@pytest.mark.parametrize("make", [np.asarray, csr_matrix], ids=["dense", "csr"])
def test_auto_is_deterministic_whatever_n_jobs(estimator_class, loss, mode, make):
    models = [
        _fit(_model(estimator_class, loss, mode=mode, n_jobs=n_jobs), make(X))
        for n_jobs in (None, None, 3)
    ]
    for other in models[1:]:
        assert_array_equal(models[0].coef_, other.coef_)
        assert_array_equal(models[0].intercept_, other.intercept_)


@pytest.mark.parametrize("make", [np.asarray, csr_matrix], ids=["dense", "csr"])
@pytest.mark.parametrize(
    ("model", "n_classes"),
    [
        (GDRegressor(), 0),
        (GDRegressor("huber", penalty="l1"), 0),
        (GDClassifier(), 2),
        (GDClassifier(max_iter=4), 3),
    ],
)
def test_threads_that_share_many_rows_change_no_bit(model, n_classes, make, rng):
    many = rng.normal(size=(40_000, 14)) + 3.0  # several chunks, of rows and of values
    targets = many @ rng.normal(size=14) + rng.normal(size=len(many))
    if n_classes:
        shares = np.linspace(0, 1, n_classes + 1)[1:-1]
        targets = np.digitize(targets, np.quantile(targets, shares))
    models = []
    for n_jobs in (1, 2, 7):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fit = clone(model).set_params(n_jobs=n_jobs).fit(make(many), targets)
        models.append(fit)
    for other in models[1:]:
        assert_array_equal(models[0].coef_, other.coef_)
        assert_array_equal(models[0].intercept_, other.intercept_)
        assert models[0].objective_ == other.objective_


# --- Start


@each_smooth
@each_penalty
@each_mode
def test_warm_start_at_the_optimum_stops_after_one_epoch(
    estimator_class, loss, penalty, mode
):
    model = _model(estimator_class, loss, penalty=penalty, warm_start=True, mode=mode)
    objective = _fit(model).objective_
    assert _fit(model).n_iter_ == 1
    assert model.converged_
    assert model.objective_ <= objective * (1 + 1e-12)


@each_kinked
@each_penalty
def test_warm_start_at_a_kinked_optimum_is_not_for_nothing(
    estimator_class, loss, penalty
):
    model = _model(estimator_class, loss, penalty=penalty, warm_start=True)
    n_iter, objective = _fit(model).n_iter_, model.objective_
    assert _fit(model).n_iter_ <= max(1, n_iter // 2)
    assert model.converged_
    assert model.objective_ <= objective * (1 + 1e-12)


@each_loss
@pytest.mark.parametrize("make", [np.asarray, csr_matrix], ids=["dense", "csr"])
def test_coef_init_is_where_the_descent_starts(estimator_class, loss, make):
    best = _fit(_model(estimator_class, loss, tol=TOL), make(X))
    model = _model(estimator_class, loss, max_iter=1, tol=None)
    coef, intercept = best.coef_.copy(), best.intercept_.copy()
    _fit(model, make(X), coef_init=coef, intercept_init=intercept)
    _assert_same_optimum(model, best)
    assert_array_equal(coef, best.coef_)


@each_estimator
def test_bad_start_does_no_harm(estimator_class):
    y = Y[estimator_class]
    model = _fit(_model(estimator_class, tol=TOL), coef_init=np.full(D, 1e8))
    _assert_same_optimum(model, _fit(_model(estimator_class, tol=TOL), y=y))


# --- When it stops


@each_loss
@each_mode
def test_tol_none_runs_on_without_a_warning(estimator_class, loss, mode):
    model = _fit(_model(estimator_class, loss, mode=mode, tol=None, max_iter=30))
    assert not model.converged_
    tight = _fit(_model(estimator_class, loss, mode=mode, tol=1e-4))
    assert model.objective_ <= tight.objective_ * (1 + 1e-9)


@each_estimator
def test_max_iter_too_small_says_what_is_left_and_what_to_do(estimator_class):
    model = _model(estimator_class, "huber", max_iter=1, tol=1e-10)
    with pytest.warns(ConvergenceWarning, match="is left to gain") as caught:
        _fit(model)
    message = str(caught[0].message)
    for words in ("max_iter=1 epochs", "tol=1e-10", "Consider increasing max_iter"):
        assert words in message
    assert f"{model.suboptimality_:.3g} is left" in message
    assert not model.converged_
    assert model.n_iter_ == 1


@each_loss
@each_penalty
def test_what_is_left_to_gain_is_no_more_than_tol(estimator_class, loss, penalty):
    model = _fit(_model(estimator_class, loss, penalty=penalty, tol=1e-3))
    best = _fit(_model(estimator_class, loss, penalty=penalty, tol=1e-10))
    gain = _null_objective(model) - model.objective_
    assert model.converged_
    assert model.objective_ - best.objective_ <= 1e-3 * gain
    assert 0 <= model.suboptimality_ <= 1e-3 * gain


# --- Early stopping


def _held_out(estimator_class, seed=0, share=0.3):
    y = Y[estimator_class]
    splitter = ShuffleSplit
    if estimator_class is GDClassifier:
        splitter = StratifiedShuffleSplit
    return next(splitter(test_size=share, random_state=seed).split(X, y))


@each_estimator
@each_mode
def test_early_stopping_returns_the_best_epochs_model(estimator_class, mode):
    model = _model(
        estimator_class, "huber", mode=mode, early_stopping=True, tol=1e-12
    ).set_params(validation_fraction=0.3, max_iter=100)
    _fit(model)
    scores = model.history_["validation_score"]
    assert len(scores) == model.n_iter_
    assert scores[model.best_iter_ - 1] == scores.max()
    _, rows = _held_out(estimator_class)
    score = model.score(X[rows], Y[estimator_class][rows])
    assert_allclose(score, scores.max(), rtol=1e-12)  # the same sums, another order


@each_estimator
def test_early_stopping_trains_on_the_other_rows(estimator_class):
    model = _model(estimator_class, early_stopping=True, validation_fraction=0.3)
    model.set_params(tol=1e-3, n_iter_no_change=100)
    _fit(model)
    kept, _ = _held_out(estimator_class)
    plain = _model(estimator_class, tol=1e-3)
    _fit(plain, X[kept], Y[estimator_class][kept])
    if model.best_iter_ == model.n_iter_:
        assert_allclose(model.coef_, plain.coef_, rtol=1e-9)
    data = {"X": X[kept], "y": Y[estimator_class][kept]}
    assert_allclose(model.objective_, _objective(model, **data), rtol=1e-9)


@each_estimator
def test_early_stopping_by_patience_is_no_convergence(estimator_class):
    options = {"early_stopping": True, "n_iter_no_change": 1, "tol": 1e-14}
    model = _fit(_model(estimator_class, "absolute_error", **options))
    assert not model.converged_
    assert model.n_iter_ < model.max_iter


def test_early_stopping_by_tol_is_convergence():
    options = {"early_stopping": True, "n_iter_no_change": 50, "tol": 1e-2}
    model = _fit(_model(GDRegressor, **options))
    assert model.converged_ == (model.best_iter_ == model.n_iter_)
    assert model.converged_


# --- Weights


@each_loss
@each_mode
@pytest.mark.parametrize("make", [np.asarray, csr_matrix], ids=["dense", "csr"])
def test_weight_two_is_the_row_twice_and_zero_is_none(
    estimator_class, loss, mode, make
):
    weight = np.random.default_rng(7).integers(0, 3, size=N).astype(float)
    rows = np.repeat(np.arange(N), weight.astype(int))
    y = Y[estimator_class]
    weighted = _model(estimator_class, loss, mode=mode, tol=TOL)
    repeated = _model(estimator_class, loss, mode=mode, tol=TOL)
    _fit(weighted, make(X), sample_weight=weight)
    _fit(repeated, make(X[rows]), y[rows])
    _assert_same_optimum(weighted, repeated, X=X[rows], y=y[rows])
    assert_allclose(weighted.objective_, repeated.objective_, rtol=1e-6)


@each_loss
def test_constant_weight_changes_nothing(estimator_class, loss):
    model = _fit(_model(estimator_class, loss, tol=TOL))
    scaled = _model(estimator_class, loss, tol=TOL)
    _fit(scaled, sample_weight=np.full(N, 1e-3))
    _assert_same_optimum(model, scaled)


@pytest.mark.parametrize(
    "loss", [loss for kind, loss in LOSSES if kind is GDClassifier]
)
@pytest.mark.parametrize("multi_class", ["auto", "ovr"])
def test_class_weight_is_sample_weight(loss, multi_class):
    of_class = {0: 2.0, 1: 1.0}
    model = _model(GDClassifier, loss, class_weight=of_class, tol=TOL)
    _fit(model.set_params(multi_class=multi_class))
    y = Y[GDClassifier]
    weight = np.where(y == 0, 2.0, 1.0)
    other = _model(GDClassifier, loss, tol=TOL, multi_class=multi_class)
    _fit(other, sample_weight=weight)
    assert_allclose(model.coef_, other.coef_, rtol=1e-9)


# --- Outputs


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
@pytest.mark.parametrize("make", [np.asarray, csr_matrix], ids=["dense", "csr"])
def test_several_targets_are_separate_fits(loss, make):
    two = np.column_stack((TARGETS, -3 * TARGETS + X[:, 0]))
    two = two if LOSSES_OF_CORE[loss]["targets"] == "real" else np.abs(two)
    model = _fit(_model(GDRegressor, loss, tol=TOL), make(X), two)
    parts = [_fit(_model(GDRegressor, loss, tol=TOL), make(X), y) for y in two.T]
    for k, part in enumerate(parts):
        own = pickle.loads(pickle.dumps(part))
        own.coef_, own.intercept_ = model.coef_[k], model.intercept_[k : k + 1]
        _assert_same_optimum(own, part, y=two[:, k])
    assert_allclose(model.objective_, sum(p.objective_ for p in parts), rtol=1e-6)
    assert model.predict(X).shape == two.shape


@pytest.mark.parametrize("loss", ["log_loss", "hinge", "squared_hinge"])
def test_one_against_the_rest_are_separate_fits(loss):
    model = _model(GDClassifier, loss, multi_class="ovr", tol=TOL)
    _fit(model, y=LABELS)
    for k in range(3):
        y = (k == LABELS).astype(int)
        part = _fit(_model(GDClassifier, loss, tol=TOL), y=y)
        own = pickle.loads(pickle.dumps(part))
        own.coef_, own.intercept_ = model.coef_[k : k + 1], model.intercept_[k : k + 1]
        _assert_same_optimum(own, part, y=y)


@each_mode
@each_penalty
def test_softmax_is_optimal_and_its_probabilities_are_calibrated(mode, penalty):
    model = _model(GDClassifier, mode=mode, penalty=penalty, tol=TOL, alpha=1e-4)
    _fit(model, y=LABELS)
    assert model.converged_
    assert model.coef_.shape == (3, D)
    probabilities = model.predict_proba(X)
    # dF/db = 0: on average the probabilities are the frequencies; F - F* <= tol.
    frequencies = np.bincount(LABELS) / N
    assert_allclose(probabilities.mean(axis=0), frequencies, atol=10 * np.sqrt(TOL))


# --- Storage


@each_loss
@each_penalty
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_dense_equals_csr(estimator_class, loss, penalty, fit_intercept):
    options = {"penalty": penalty, "fit_intercept": fit_intercept, "tol": TOL}
    dense = _fit(_model(estimator_class, loss, **options))
    for container in (csr_matrix, csr_array):
        sparse = _fit(_model(estimator_class, loss, **options), container(X))
        _assert_same_optimum(dense, sparse)


@each_mode
@each_penalty
def test_columns_named_twice_are_added(mode, penalty):
    once = csr_matrix(X)
    parts = np.repeat(once.data, 2) * np.tile([0.25, 0.75], once.nnz)
    twice = csr_matrix((parts, np.repeat(once.indices, 2), once.indptr * 2))
    options = {"mode": mode, "penalty": penalty, "random_state": 0}
    expected, model = (
        _fit(_model(GDRegressor, "huber", **options), data) for data in (once, twice)
    )
    assert_array_equal(model.coef_, expected.coef_)
    assert twice.nnz == 2 * once.nnz  # X is the user's


@each_loss
@pytest.mark.parametrize("make", [np.asarray, csr_matrix], ids=["dense", "csr"])
def test_float32_is_near_float64(estimator_class, loss, make):
    model = _fit(_model(estimator_class, loss, tol=1e-6))
    single = _fit(_model(estimator_class, loss, tol=1e-6), make(X.astype(np.float32)))
    assert single.coef_.dtype == single.intercept_.dtype == np.float32
    _assert_same_optimum(model, single, tol=1e-6)  # X itself differs by 6e-8


def test_penalty_that_leaves_next_to_nothing_is_no_failure(rng):
    wide = csr_matrix(rng.normal(size=(300, 3000)) * (rng.random((300, 3000)) < 0.01))
    labels = rng.random(300) < 0.4
    for alpha in 10.0 ** np.arange(-2, 8):  # a warning would be an error
        assert GDClassifier(alpha=alpha).fit(wide, labels).converged_


@pytest.mark.parametrize("loss", ["squared_hinge", "modified_huber"])
def test_duality_gap_ends_a_piecewise_loss_on_wide_text(rng, loss):
    wide = csr_matrix(rng.normal(size=(400, 6000)) * (rng.random((400, 6000)) < 0.01))
    labels = rng.random(400) < 0.4
    few = GDClassifier(loss, tol=1e-2, alpha=1e-3).fit(wide, labels)
    many = GDClassifier(loss, tol=1e-8, alpha=1e-3).fit(wide, labels)
    assert few.converged_
    assert few.n_iter_ < many.n_iter_
    # tol times what the best constant, no better than zero, leaves to gain
    assert few.objective_ - many.objective_ <= 1e-2 * (1.0 - many.objective_)


@each_mode
def test_coefficients_that_float32_cannot_hold_are_said_to_be_lost(mode):
    x, apart = RNG.integers(0, [[32], [2]], size=(2, 200))
    twins = np.column_stack([x, x + apart * 2.0**-18])  # exact in float32
    y = 1.1 * apart + 0.3 * x  # the coefficients are not
    single = GDRegressor(alpha=0.0, mode=mode, random_state=0)
    with pytest.warns(ConvergenceWarning, match="rounding to float32"):
        single.fit(twins.astype(np.float32), y)
    assert not single.converged_
    objective = np.mean((y - twins @ single.coef_ - single.intercept_) ** 2) / 2
    assert_allclose(single.objective_, objective, rtol=1e-3)
    assert single.suboptimality_ >= objective / 3  # the optimum is zero
    assert objective <= y.var() / 2
    assert GDRegressor(alpha=0.0, mode=mode, random_state=0).fit(twins, y).converged_


@each_loss
@each_mode
def test_history_ends_with_the_objective_of_the_coefficients(
    estimator_class, loss, mode
):
    model = _fit(_model(estimator_class, loss, mode=mode))
    expected = _objective(model)
    assert_allclose(model.objective_, expected, rtol=1e-9)  # X w, from scaled X
    assert model.history_["objective"][-1] == model.objective_
    assert all(len(column) == model.n_iter_ for column in model.history_.values())
    objectives = model.history_["objective"]
    assert (np.diff(objectives) <= 1e-9 * np.abs(objectives[0])).all()  # no rise


@each_estimator
def test_auto_model_is_sparsified_and_pickled(estimator_class):
    model = _fit(_model(estimator_class, penalty="l1", alpha=0.05))
    expected = model.predict(X)
    model.sparsify()
    assert issparse(model.coef_)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict(X), expected)
    _fit(copy.set_params(warm_start=True))
    assert copy.n_iter_ == 1
    assert_array_equal(model.densify().predict(X), expected)


# --- Bad input and corners


@each_loss
@each_mode
@pytest.mark.parametrize("make", [np.asarray, csr_matrix], ids=["dense", "csr"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_x_that_is_not_finite_is_refused(estimator_class, loss, mode, make, value):
    bad = X.copy()
    bad[3, 1] = value
    model = _model(estimator_class, loss, mode=mode)
    with pytest.raises(ValueError, match=r"X contains (NaN|infinity)"):
        _fit(model, make(bad))
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_y_that_is_not_finite_is_refused(loss, value):
    bad = TARGETS.copy()
    bad[3] = value
    with pytest.raises(ValueError, match=r"y contains (NaN|infinity)"):
        _fit(_model(GDRegressor, loss), y=bad)


@each_loss
@each_mode
@pytest.mark.parametrize("make", [np.asarray, csr_matrix], ids=["dense", "csr"])
def test_x_whose_squares_overflow_is_refused_in_words(
    estimator_class, loss, mode, make
):
    bad = X.copy()
    bad[:, 2] *= 1e300
    with pytest.raises(ValueError, match="column 2 of X are too large"):
        _fit(_model(estimator_class, loss, mode=mode), make(bad))


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("loss", ["squared_error", "squared_epsilon_insensitive"])
def test_y_whose_squares_overflow_is_refused_in_words(loss, method):
    with pytest.raises(ValueError, match=r"y has values up to .*e\+301") as error:
        getattr(_model(GDRegressor, loss), method)(X, TARGETS * 1e300)
    assert "learning rate" not in str(error.value)


@pytest.mark.parametrize("loss", ["huber", "absolute_error", "quantile"])
def test_loss_that_grows_like_y_takes_any(loss):
    model = _fit(_model(GDRegressor, loss), y=TARGETS * 1e300)
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.objective_)


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
@each_mode
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_one_row_is_fitted(loss, mode, fit_intercept):
    model = _model(GDRegressor, loss, mode=mode, fit_intercept=fit_intercept)
    _fit(model.set_params(alpha=1e-9), X[:1], TARGETS[:1])
    assert_allclose(model.predict(X[:1]), TARGETS[:1], atol=0.6)  # epsilon is 0.5


@each_loss
@each_penalty
@pytest.mark.parametrize("make", [np.asarray, csr_matrix], ids=["dense", "csr"])
def test_constant_columns_have_no_coefficient(estimator_class, loss, penalty, make):
    constant = np.column_stack((np.full(N, 7.0), X, np.zeros(N)))
    options = {"penalty": penalty, "tol": TOL}
    model = _fit(_model(estimator_class, loss, **options), make(constant))
    coef = np.ravel(model.coef_)
    assert_array_equal(coef[[0, -1]], 0.0)
    plain = _fit(_model(estimator_class, loss, **options), make(X))
    assert_allclose(model.objective_, plain.objective_, rtol=1e-6)


@each_loss
@each_mode
@each_penalty
def test_more_columns_than_rows_are_fitted(estimator_class, loss, mode, penalty):
    wide = np.random.default_rng(5).normal(size=(20, 60)) * np.geomspace(1e-2, 1e2, 60)
    y = np.arange(20) % 2 if estimator_class is GDClassifier else TARGETS[:20]
    model = _model(estimator_class, loss, mode=mode, penalty=penalty)
    _fit(model, wide, y)
    assert model.converged_
    measure = accuracy_score if estimator_class is GDClassifier else r2_score
    assert measure(y, model.predict(wide)) > 0.9


@each_loss
@each_mode
def test_without_intercept_it_stays_where_it_was(estimator_class, loss, mode):
    options = {"fit_intercept": False, "mode": mode}
    model = _fit(_model(estimator_class, loss, **options))
    assert_array_equal(model.intercept_, 0.0)
    _fit(model, intercept_init=[0.25])
    assert_array_equal(model.intercept_, 0.25)
    assert_allclose(model.objective_, _objective(model), rtol=1e-9)


@each_smooth
def test_positive_takes_no_start_below_zero(estimator_class, loss):
    free = _fit(_model(estimator_class, loss))
    assert (free.coef_ < 0).any()
    asked = _fit(_model(estimator_class, loss, positive=True, tol=TOL))
    warm = clone(free).set_params(positive=True, warm_start=True, tol=TOL)
    for name in ("coef_", "intercept_", "classes_", "n_features_in_"):
        if hasattr(free, name):
            setattr(warm, name, getattr(free, name))
    start = {"coef_init": free.coef_, "intercept_init": free.intercept_}
    given = _fit(_model(estimator_class, loss, positive=True, tol=TOL), **start)
    for model in (_fit(warm), given):
        assert model.converged_
        assert (model.coef_ >= 0).all()
        assert model.suboptimality_ >= 0.0
        assert_allclose(model.objective_, asked.objective_, rtol=1e-7)
