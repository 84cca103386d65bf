"""GDRegressorCV and GDClassifierCV choose what a grid search chooses."""

import pickle

import numpy as np
import pytest
import sklearn
from joblib import effective_n_jobs, parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.metrics import (
    check_scoring,
    get_scorer,
    make_scorer,
    mean_squared_error,
)
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgd import GDClassifier, GDClassifierCV, GDRegressor, GDRegressorCV

DIABETES = load_diabetes(return_X_y=True, scaled=False)
CANCER = load_breast_cancer(return_X_y=True)
WINE = load_wine(return_X_y=True)
NAMES = WINE[0], np.array(["red", "rose", "white"])[WINE[1]]
TWO = DIABETES[0], np.column_stack([DIABETES[1], DIABETES[0] @ np.arange(10.0)])
CASES = {
    "l2": (GDRegressorCV, {}, DIABETES),
    "l1": (GDRegressorCV, {"penalty": "l1"}, DIABETES),
    "huber": (GDRegressorCV, {"loss": "huber", "epsilon": 20.0}, DIABETES),
    "two targets": (GDRegressorCV, {"penalty": "elasticnet"}, TWO),
    "mae": (GDRegressorCV, {"scoring": "neg_mean_absolute_error"}, DIABETES),
    "binary": (GDClassifierCV, {}, CANCER),
    "softmax": (GDClassifierCV, {"penalty": "l1"}, NAMES),
    "ovr": (
        GDClassifierCV,
        {"loss": "squared_hinge", "class_weight": "balanced"},
        WINE,
    ),
    "log loss": (GDClassifierCV, {"scoring": "neg_log_loss"}, NAMES),
}
PLAIN = {GDRegressorCV: GDRegressor, GDClassifierCV: GDClassifier}


@pytest.fixture(params=CASES)
def case(request):
    return request.param


def _fitted(case, **parameters):
    estimator_class, own, (X, y) = CASES[case]
    defaults = {"alphas": 6, "cv": 3, "tol": 1e-8}
    return estimator_class(**defaults | own | parameters).fit(X, y)


def _plain(model):
    """Give the plain estimator of the same parameters."""
    shared = PLAIN[type(model)]().get_params()
    own = model.get_params()
    return PLAIN[type(model)](**{k: own[k] for k in shared.keys() & own.keys()})


def test_cv_chooses_what_a_grid_search_chooses(case):
    model, (X, y) = _fitted(case), CASES[case][2]
    grid = {"alpha": model.alphas_}
    search = GridSearchCV(_plain(model), grid, cv=3, scoring=model.scoring).fit(X, y)
    assert model.alpha_ == search.best_params_["alpha"]
    scores = [search.cv_results_[f"split{k}_test_score"] for k in range(3)]
    # rtol=1e-3: models agree to about the square root of tol, and so do scores
    assert_allclose(model.scores_, scores, rtol=1e-3)
    assert_allclose(model.best_score_, search.best_score_, rtol=1e-3)


def test_cv_ends_as_the_plain_estimator_at_the_best_alpha(case):
    model, (X, y) = _fitted(case), CASES[case][2]
    best = _plain(model).set_params(alpha=model.alpha_).fit(X, y)
    assert_array_equal(model.coef_, best.coef_)
    assert_array_equal(model.intercept_, best.intercept_)
    assert_array_equal(model.predict(X), best.predict(X))
    assert model.score(X, y) == best.score(X, y)
    assert (model.n_iter_, model.converged_) == (best.n_iter_, best.converged_)
    assert model.objective_ == best.objective_
    if hasattr(best, "predict_proba"):
        assert_array_equal(model.predict_proba(X), best.predict_proba(X))


def test_cv_shapes(case):
    model = _fitted(case)
    assert model.scores_.shape == model.n_iters_.shape == (3, 6)
    assert (np.diff(model.alphas_) < 0).all()
    assert model.best_score_ == model.scores_.mean(axis=0).max()


@pytest.mark.parametrize("case", ["l2", "two targets", "binary"])
def test_cv_without_refit_is_the_mean_of_the_folds(case):
    model, (X, y) = _fitted(case, refit=False, cv=KFold(2)), CASES[case][2]
    plain = _plain(model).set_params(alpha=model.alpha_)
    halves = [clone(plain).fit(X[rows], y[rows]) for rows, _ in KFold(2).split(X)]
    mean = np.mean([half.coef_ for half in halves], axis=0)
    # rtol=1e-3: two fits that meet tol, on correlated columns
    assert_allclose(model.coef_, mean, rtol=1e-3, atol=1e-6)
    assert not hasattr(model, "converged_")


def test_cv_in_threads_is_the_same():
    one, other = _fitted("softmax"), _fitted("softmax", n_jobs=2)
    assert_array_equal(one.scores_, other.scores_)
    assert_array_equal(one.coef_, other.coef_)


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_cv_shares_memory_where_a_backend_of_processes_is_asked_for(backend):
    one = _fitted("softmax")
    with parallel_config(backend=backend, n_jobs=2):
        assert effective_n_jobs() == 2
        other = _fitted("softmax")
    assert_array_equal(one.scores_, other.scores_)


def test_cv_has_the_parameters_of_the_plain_estimators():
    for with_cv, plain in (
        (GDRegressorCV, GDRegressor),
        (GDClassifierCV, GDClassifier),
    ):
        missing = plain().get_params().keys() - with_cv().get_params().keys()
        assert missing == {"alpha", "warm_start"}


def test_cv_takes_the_power_of_tweedie(rng):
    X = rng.normal(size=(200, 3))
    y = rng.poisson(1.0, 200) * rng.gamma(1.0, size=200)
    given = {"loss": "tweedie", "power": 1.2, "tol": 1e-8}
    model = GDRegressorCV(alphas=3, **given).fit(X, y)
    plain = GDRegressor(alpha=model.alpha_, **given).fit(X, y)
    assert_allclose(model.coef_, plain.coef_, rtol=1e-3)
    assert_allclose(model.objective_, plain.objective_, rtol=1e-8)


def test_cv_on_sparse_data_is_the_same():
    X, y = CANCER
    one = _fitted("binary")
    other = GDClassifierCV(alphas=6, cv=3, tol=1e-8).fit(csr_array(X), y)
    assert_allclose(one.alphas_, other.alphas_, rtol=1e-9)
    assert_allclose(one.scores_, other.scores_, atol=1e-12)


def test_cv_stops_where_smaller_alphas_do_not_pay():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 40)), rng.normal(size=60)  # nothing to learn
    whole = GDRegressorCV(alphas=20, penalty="l1").fit(X, y)
    part = GDRegressorCV(alphas=20, penalty="l1", n_alphas_no_change=3).fit(X, y)
    assert part.alpha_ == whole.alpha_
    n = len(part.alphas_)
    assert n < 20
    assert_array_equal(part.scores_, whole.scores_[:, :n])
    assert n - 1 - part.scores_.mean(axis=0).argmax() >= 3


def test_cv_takes_the_largest_alpha_of_equal_scores():
    X = np.repeat([[-1.0], [1.0]], 10, axis=0)
    model = GDClassifierCV(alphas=[0.01, 1.0, 0.1]).fit(X, X[:, 0])
    assert model.best_score_ == 1.0
    assert model.alpha_ == 1.0


def test_cv_scores_by_weight():
    X, y = DIABETES
    weight = np.random.default_rng(0).uniform(0.1, 3.0, size=len(y))
    model = GDRegressorCV(alphas=[3.0], cv=3).fit(X, y, sample_weight=weight)
    for k, (train, test) in enumerate(KFold(3).split(X)):
        fit = GDRegressor(alpha=3.0).fit(
            X[train], y[train], sample_weight=weight[train]
        )
        seen = fit.score(X[test], y[test], sample_weight=weight[test])
        assert_allclose(model.scores_[k], seen, rtol=1e-9)


def test_cv_keeps_groups_together():
    X, y = DIABETES
    groups = np.arange(len(y)) % 7
    model = GDRegressorCV(alphas=[3.0], cv=GroupKFold(3)).fit(X, y, groups=groups)
    splits = list(GroupKFold(3).split(X, y, groups))
    seen = cross_val_score(GDRegressor(alpha=3.0), X, y, cv=splits)
    assert_allclose(model.scores_[:, 0], seen, rtol=1e-9)


def test_cv_routes_weights_and_groups():
    X, y = DIABETES
    weight = np.random.default_rng(0).uniform(0.1, 3.0, size=len(y))
    groups = np.arange(len(y)) % 7
    scorer = make_scorer(mean_squared_error, greater_is_better=False)
    splits = list(GroupKFold(3).split(X, y, groups))
    for weighted in (True, False):
        with sklearn.config_context(enable_metadata_routing=True):
            asked = scorer.set_score_request(sample_weight=weighted)
            model = GDRegressorCV(alphas=[3.0], cv=GroupKFold(3), scoring=asked)
            model.set_fit_request(sample_weight=True)
            model.fit(X, y, sample_weight=weight, groups=groups)
        for score, (train, test) in zip(model.scores_[:, 0], splits, strict=True):
            fit = GDRegressor(alpha=3.0).fit(
                X[train], y[train], sample_weight=weight[train]
            )
            own = weight[test] if weighted else None
            seen = -mean_squared_error(y[test], fit.predict(X[test]), sample_weight=own)
            assert_allclose(score, seen, rtol=1e-9)


def test_cv_takes_a_textbook_rate():
    X, y = DIABETES
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    rate = {"learning_rate": "constant", "eta0": 1e-3, "random_state": 0}
    model = GDRegressorCV(alphas=[1.0, 1e-3], cv=3, **rate).fit(X, y)
    search = GridSearchCV(GDRegressor(**rate), {"alpha": [1.0, 1e-3]}, cv=3).fit(X, y)
    assert model.alpha_ == search.best_params_["alpha"]
    assert model.best_score_ == search.best_score_


def test_cv_takes_a_class_that_a_fold_lacks():
    X, y = WINE
    model = GDClassifierCV(alphas=[0.1], cv=KFold(3)).fit(X, y)  # y is in order
    seen = cross_val_score(GDClassifier(alpha=0.1), X, y, cv=KFold(3))
    assert_array_equal(model.scores_[:, 0], seen)
    assert_array_equal(model.classes_, [0, 1, 2])


def test_cv_is_cloned_and_pickled():
    model = _fitted("softmax")
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(WINE[0]), model.predict(WINE[0]))
    assert clone(model).get_params() == model.get_params()


def test_cv_keeps_an_earlier_model_where_a_fit_fails():
    model = _fitted("l2")
    coef = model.coef_
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full((20, 2), np.nan), np.arange(20.0))
    assert model.coef_ is coef


def test_cv_sparsifies():
    model, X = _fitted("l1"), DIABETES[0]
    before = model.predict(X)
    assert_allclose(model.sparsify().predict(X), before, rtol=1e-12)


@pytest.mark.parametrize(
    "name", ["partial_fit", "set_partial_fit_request", "set_callbacks"]
)
def test_cv_has_no_method_that_takes_a_single_fit(name):
    assert not hasattr(GDRegressorCV(), name)


BAD = {
    "penalty": {"penalty": None},
    "alphas": {"alphas": -1},
    "eps": {"eps": 2.0},
    "refit": {"refit": "yes"},
    "n_alphas_no_change": {"n_alphas_no_change": 0},
    "n_jobs": {"n_jobs": 0},
    "cv": {"cv": "five"},
    "scoring": {"scoring": "no such score"},
    "scoring must be one scorer": {"scoring": ["r2"]},
    "cv must give a fold": {"cv": []},
    "loss": {"loss": "no such loss"},
}


@pytest.mark.parametrize("name", BAD)
def test_cv_refuses_parameters_by_name(name):
    with pytest.raises(
        ValueError, match=name if name != "scoring" else "no such score"
    ):
        GDRegressorCV(**BAD[name]).fit(*DIABETES)


def test_cv_refuses_arguments_that_nobody_asks_for():
    with pytest.raises(ValueError, match="metadata routing"):
        GDRegressorCV().fit(*DIABETES, color=np.ones(442))


def test_cv_without_refit_needs_all_classes_in_each_fold():
    with pytest.raises(ValueError, match="refit=False each fold"):
        GDClassifierCV(alphas=[0.1], cv=KFold(3), refit=False).fit(*WINE)


def test_cv_says_that_a_fold_has_no_weight_to_score_by():
    for model, (X, y) in (GDRegressorCV(), DIABETES), (GDClassifierCV(), CANCER):
        weight = (np.arange(len(y)) >= len(y) // 2).astype(float)
        with pytest.raises(ValueError, match="test rows of a fold have no weight"):
            model.set_params(alphas=2, cv=KFold(3)).fit(X, y, sample_weight=weight)


def test_cv_says_which_rows_can_not_be_fitted():
    X, y = np.arange(60.0)[:, None], np.repeat([0, 1], 30)
    with pytest.raises(ValueError, match=r"rows of a fold of cv.*one; got 1 class"):
        GDClassifierCV(alphas=2, cv=KFold(2)).fit(X, y)


@pytest.mark.parametrize("scoring", ["neg_max_error", lambda e, X, y: e.score(X, y)])
def test_cv_scores_alike_where_the_scorer_takes_no_weights(scoring):
    X, y = load_diabetes(return_X_y=True, scaled=False)
    model, weight = GDRegressorCV(alphas=2, scoring=scoring), np.arange(len(y)) % 3
    with pytest.warns(UserWarning, match="takes no sample_weight"):
        model.fit(X, y, sample_weight=weight)
    for k, (train, test) in enumerate(KFold(5).split(X)):
        plain = GDRegressor(alpha=model.alphas_[0])
        plain.fit(X[train], y[train], sample_weight=weight[train])
        expected = check_scoring(plain, scoring)(plain, X[test], y[test])
        assert_allclose(model.scores_[k, 0], expected, rtol=1e-3)


@pytest.mark.parametrize("kind", [GDRegressorCV, GDClassifierCV])
def test_cv_takes_groups_inside_of_other_estimators(kind, rng):
    X, groups = rng.normal(size=(90, 4)), np.arange(90) // 9
    y = X[:, 0] + rng.normal(size=90)
    y = y > 0.0 if kind is GDClassifierCV else y
    model = kind(alphas=3, cv=GroupKFold(2))
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(StandardScaler(), clone(model))
        pipeline.fit(X, y, groups=groups)
        scores = cross_validate(
            model, X, y, params={"groups": groups}, cv=GroupKFold(3)
        )
    scaled = StandardScaler().fit_transform(X)
    alone = clone(model).fit(scaled, y, groups=groups)
    assert_array_equal(pipeline[-1].scores_, alone.scores_)
    assert np.isfinite(scores["test_score"]).all()


def test_cv_keeps_the_error_of_a_scorer_that_needs_weights():
    X, y = load_diabetes(return_X_y=True, scaled=False)

    def scoring(estimator, X, y, sample_weight):
        return estimator.score(X, y, sample_weight)

    model = GDRegressorCV(alphas=2, scoring=scoring)
    with pytest.raises(TypeError, match=r"missing 1 required.*'sample_weight'"):
        model.fit(X, y)
    assert model.fit(X, y, sample_weight=np.ones(len(y))).alpha_ > 0.0


def test_cv_says_that_no_alpha_has_a_score():
    scorer = make_scorer(lambda y, z: np.nan)
    with pytest.raises(ValueError, match="No alpha has a score"):
        GDRegressorCV(alphas=[0.1], cv=3, scoring=scorer).fit(*DIABETES)


def test_cv_takes_a_scorer_object():
    model = _fitted("l2", scoring=get_scorer("neg_mean_squared_error"))
    assert model.alpha_ == _fitted("l2", scoring="neg_mean_squared_error").alpha_


def test_cv_scores_by_weight_unasked_with_metadata_routing_too():
    X, y = DIABETES
    weight = np.random.default_rng(0).uniform(0.1, 3.0, size=len(y))
    groups = np.arange(len(y)) % 7
    model = GDRegressorCV(alphas=3, cv=GroupKFold(3))
    without = clone(model).fit(X, y, sample_weight=weight, groups=groups)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = clone(model).fit(X, y, sample_weight=weight, groups=groups)
        bare = clone(model).fit(X, y, groups=groups)
        seen = cross_val_score(GDRegressorCV(alphas=3), X, y, cv=3)
    assert_array_equal(routed.scores_, without.scores_)
    assert not np.array_equal(bare.scores_, without.scores_)
    assert_array_equal(seen, cross_val_score(GDRegressorCV(alphas=3), X, y, cv=3))


def test_cv_keeps_nothing_of_an_earlier_fit():
    X, y = DIABETES
    frame = load_diabetes(as_frame=True, scaled=False).data
    model = GDRegressorCV(alphas=2, cv=3).fit(frame, y)
    assert hasattr(model, "objective_")
    model.set_params(refit=False).fit(X[:, :3], y)
    assert model.n_features_in_ == 3
    for name in ("feature_names_in_", "objective_", "converged_", "history_"):
        assert not hasattr(model, name)


def test_cv_takes_a_number_for_the_weight_of_all_rows():
    for model, data in (
        (GDRegressorCV(alphas=2), DIABETES),
        (
            GDClassifierCV(alphas=2),
            CANCER,
        ),
    ):
        scores = clone(model).fit(*data).scores_
        weighted = model.fit(*data, sample_weight=2.0)
        assert_allclose(weighted.scores_, scores, rtol=1e-9)


def test_cv_does_not_stop_for_an_alpha_without_a_score():
    X, y = DIABETES
    seen = get_scorer("r2")

    def scoring(model, X, y):
        return seen(model, X, y) if model.alpha < 1e3 else np.nan

    alphas = [1e3, 10.0, 0.1, 1e-3]
    model = GDRegressorCV(alphas=alphas, scoring=scoring, n_alphas_no_change=1, cv=3)
    scores = model.fit(X, y).scores_.mean(axis=0)
    assert len(scores) > 2
    assert model.best_score_ == np.nanmax(scores)
