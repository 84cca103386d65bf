"""alpha_path: the models of fits at each alpha, on the way from one to the next."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lasso_path

from skgd import GDClassifier, GDRegressor, GDRegressorCV, alpha_path
from skgd.auto._trail import Trail, share_of_way

DIABETES = load_diabetes(return_X_y=True, scaled=False)
CANCER = load_breast_cancer(return_X_y=True)
WINE = load_wine(return_X_y=True)
DIGITS = tuple(part[:600] for part in load_digits(n_class=4, return_X_y=True))
TWO = DIABETES[0], np.column_stack([DIABETES[1], DIABETES[0] @ np.arange(10.0)])
CASES = {
    "squared_error l2": (GDRegressor(), DIABETES),
    "squared_error l1": (GDRegressor(penalty="l1"), DIABETES),
    "squared_error elasticnet": (GDRegressor(penalty="elasticnet"), DIABETES),
    "no intercept": (GDRegressor(penalty="l1", fit_intercept=False), DIABETES),
    "positive": (GDRegressor(penalty="l1", positive=True), DIABETES),
    "two targets": (GDRegressor(penalty="elasticnet"), TWO),
    "huber": (GDRegressor("huber", penalty="l1", epsilon=20.0), DIABETES),
    "absolute_error": (GDRegressor("absolute_error"), DIABETES),
    "mini-batch": (GDRegressor("huber", mode="mini-batch", epsilon=20.0), DIABETES),
    "log_loss l2": (GDClassifier(), CANCER),
    "log_loss l1": (GDClassifier(penalty="l1"), CANCER),
    "softmax l2": (GDClassifier(), WINE),
    "softmax l1": (GDClassifier(penalty="l1"), WINE),
    "one-vs-rest": (GDClassifier("squared_hinge", penalty="elasticnet"), WINE),
}
TOL = 1e-8


def sparse_data(n, d, density):
    """Give uniform numbers in a share of the cells."""
    rng = np.random.default_rng(0)
    return csr_array(rng.random((n, d)) * (rng.random((n, d)) < density))


def _with_tol(case):
    estimator, (X, y) = CASES[case]
    return estimator.set_params(tol=TOL, max_iter=5000), X, y


@pytest.fixture(params=CASES)
def case(request):
    return request.param


def test_path_has_the_objectives_of_single_fits(case):
    estimator, X, y = _with_tol(case)
    path = alpha_path(estimator, X, y, alphas=6, eps=1e-3)
    assert path.converged.all()
    for k, alpha in enumerate(path.alphas):
        fit = estimator.set_params(alpha=alpha).fit(X, y)
        # both within tol of what the model gains, which is less than F_null; the first
        # of l1 gains nothing
        assert_allclose(path.objectives[k], fit.objective_, rtol=1e-6)
        assert path.suboptimalities[k] <= 1e-6 * path.objectives[k]
        assert path.coefs[k].shape == fit.coef_.shape


def test_path_ends_at_the_coefficients_of_a_single_fit():
    for case in ("squared_error l2", "squared_error l1", "log_loss l2"):
        estimator, X, y = _with_tol(case)
        path = alpha_path(estimator, X, y, alphas=6, eps=1e-3)
        fit = estimator.set_params(alpha=path.alphas[-1]).fit(X, y)
        size = np.abs(fit.coef_).max()
        # rtol=1e-4: the square root of tol
        assert_allclose(path.coefs[-1], fit.coef_, rtol=1e-4, atol=1e-4 * size)
        assert_allclose(path.intercepts[-1], fit.intercept_, rtol=1e-3)


def test_path_objectives_are_those_of_the_coefficients():
    X, y = DIABETES
    path = alpha_path(GDRegressor(penalty="l1"), X, y, alphas=8)
    z = X @ path.coefs.T + path.intercepts.T
    penalty = path.alphas * np.abs(path.coefs).sum(axis=1)
    # rtol=1e-12: the same sums in another order
    assert_allclose(
        path.objectives, ((y[:, None] - z) ** 2).mean(0) / 2 + penalty, rtol=1e-12
    )


def test_path_of_the_lasso_is_that_of_scikit_learn():
    X, y = DIABETES
    X, y = X - X.mean(axis=0), y - y.mean()
    path = alpha_path(GDRegressor(penalty="l1", tol=1e-10), X, y, alphas=10)
    _, coefs, _ = lasso_path(X, y, alphas=path.alphas, tol=1e-12, max_iter=100_000)
    largest = np.abs(X.T @ y).max() / len(y)
    assert_allclose(path.alphas, np.geomspace(largest, 1e-3 * largest, 10), rtol=1e-10)
    assert_allclose(path.coefs, coefs.T, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "case", ["squared_error l1", "squared_error elasticnet", "positive", "softmax l1"]
)
def test_largest_alpha_is_the_least_that_leaves_no_coefficient(case):
    estimator, X, y = _with_tol(case)
    largest = alpha_path(estimator, X, y, alphas=2).alphas[0]
    above, below = alpha_path(
        estimator, X, y, alphas=[largest * 1.001, largest * 0.99]
    ).coefs
    assert not above.any()
    assert below.any()


def test_path_with_l2_does_not_depend_on_the_units():
    X, y = DIABETES
    one = alpha_path(GDRegressor(), X, y, alphas=4)
    other = alpha_path(GDRegressor(), 1024.0 * X, y, alphas=4)
    assert_allclose(one.alphas * 1024.0**2, other.alphas, rtol=1e-12)
    assert_allclose(one.coefs, 1024.0 * other.coefs, rtol=1e-6)


def test_path_takes_alphas_in_any_order():
    X, y = DIABETES
    path = alpha_path(GDRegressor(), X, y, alphas=[0.1, 10.0, 0.0, 1.0])
    assert_array_equal(path.alphas, [10.0, 1.0, 0.1, 0.0])


@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_path_is_that_of_dense_data_on_sparse_data(penalty):
    X = sparse_data(300, 40, 0.2)
    y = X @ np.ones(40) + np.random.default_rng(1).normal(size=300)
    estimator = GDRegressor(penalty=penalty, tol=1e-10)
    dense = alpha_path(estimator, X.toarray(), y, alphas=5)
    sparse = alpha_path(estimator, csr_array(X), y, alphas=5)
    assert_allclose(dense.objectives, sparse.objectives, rtol=1e-9)
    assert_allclose(dense.coefs, sparse.coefs, atol=1e-4)


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("sparse", [False, True])
def test_path_takes_over_working_sets(penalty, sparse):
    X = sparse_data(150, 600, 0.1)
    y = np.sign(
        X[:, :5] @ np.ones(5) - 0.2
    )  # more columns than a whole Gram matrix has
    X = csr_array(X) if sparse else X.toarray()
    estimator = GDClassifier(penalty=penalty, tol=TOL)
    path = alpha_path(estimator, X, y, alphas=5, eps=0.05)
    for k, alpha in enumerate(path.alphas):
        fit = estimator.set_params(alpha=alpha).fit(X, y)
        assert_allclose(path.objectives[k], fit.objective_, rtol=1e-7)


def test_path_keeps_the_dtype_of_X():
    X, y = DIABETES
    path = alpha_path(GDRegressor(penalty="l1"), X.astype(np.float32), y, alphas=4)
    other = alpha_path(GDRegressor(penalty="l1"), X, y, alphas=4)
    assert path.coefs.dtype == path.intercepts.dtype == np.float32
    assert_allclose(path.coefs, other.coefs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "given", [{}, {"penalty": "l1"}, {"loss": "huber"}, {"positive": True}]
)
def test_path_tells_what_single_precision_costs(given, rng):
    X = rng.normal(size=(300, 3)).astype(np.float32)
    y = 1e8 + 3.3 + X @ [1.0, 2.0, 3.0] + 0.1 * rng.normal(size=300)
    estimator = GDRegressor(alpha=1e-4, **given)
    with pytest.warns(ConvergenceWarning, match="do not survive"):
        path = alpha_path(estimator, X, y, alphas=[1e-2, 1e-4])
    with pytest.warns(ConvergenceWarning, match="do not survive"):
        fit = estimator.fit(X, y)
    assert not path.converged[1]
    assert not fit.converged_
    assert_allclose(path.objectives[1], fit.objective_, rtol=1e-3)
    assert path.suboptimalities[1] >= 0.9 * fit.suboptimality_


def test_path_weighs_rows():
    X, y = DIABETES
    weight = np.arange(len(y)) % 3
    twice = np.repeat(np.arange(len(y)), weight)
    estimator = GDRegressor(penalty="l1", tol=1e-10)
    one = alpha_path(estimator, X, y, alphas=4, sample_weight=weight)
    other = alpha_path(estimator, X[twice], y[twice], alphas=4)
    assert_allclose(one.alphas, other.alphas, rtol=1e-10)
    assert_allclose(one.coefs, other.coefs, rtol=1e-6, atol=1e-8)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "parameters",
    [
        {"learning_rate": "constant", "mode": "batch", "eta0": 1e-3},
        {"early_stopping": True, "random_state": 0},
    ],
    ids=["textbook", "early stopping"],
)
def test_path_of_fits_that_start_anew_is_that_of_fits(parameters):
    X, y = DIABETES
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    estimator = GDRegressor(max_iter=20, **parameters)
    path = alpha_path(estimator, X, y, alphas=[1.0, 0.1])
    fit = estimator.set_params(alpha=0.1).fit(X, y)
    assert_array_equal(path.coefs[1], fit.coef_)
    assert path.n_iters[1] == fit.n_iter_


def test_path_does_not_read_warm_start():
    X, y = load_wine(return_X_y=True)
    estimator = GDClassifier(warm_start=True).fit(X, y)
    path = alpha_path(estimator, X, y == 0, alphas=2)
    assert_array_equal(
        path.coefs, alpha_path(GDClassifier(), X, y == 0, alphas=2).coefs
    )
    assert estimator.coef_.shape == (3, 13)


def test_path_changes_neither_the_estimator_nor_its_alpha():
    estimator = GDRegressor(alpha=7.0)
    alpha_path(estimator, *DIABETES, alphas=3)
    assert estimator.alpha == 7.0
    assert not hasattr(estimator, "coef_")


@pytest.mark.parametrize("mode", ["batch", "stochastic"])
def test_path_leaves_a_fitted_estimator_as_it_is(mode):
    X, y = load_wine(return_X_y=True, as_frame=True)
    X_other, y_other = load_breast_cancer(return_X_y=True)
    random_state = np.random.RandomState(3)
    model = GDClassifier(mode=mode, penalty="l1", random_state=random_state)
    fresh = clone(model)
    model.fit(X, y)
    before = pickle.dumps(model)
    model.set_params(random_state=np.random.RandomState(3))
    path = alpha_path(model, X_other, y_other, alphas=3)
    assert_array_equal(path.coefs, alpha_path(fresh, X_other, y_other, alphas=3).coefs)
    untouched = np.random.RandomState(3)
    assert pickle.dumps(model.random_state) == pickle.dumps(untouched)
    model.set_params(random_state=random_state)
    assert pickle.dumps(model) == before


def test_path_is_deterministic():
    one, other = (alpha_path(GDClassifier(), *CANCER, alphas=5) for _ in range(2))
    assert_array_equal(one.coefs, other.coefs)


def test_path_warns_of_an_alpha_that_did_not_converge():
    with pytest.warns(ConvergenceWarning, match="max_iter=1 epochs"):
        path = alpha_path(
            GDClassifier(max_iter=1, tol=1e-10), *CANCER, alphas=[1, 1e-6]
        )
    assert not path.converged[-1]


def test_path_of_constant_columns_has_no_coefficients():
    path = alpha_path(GDRegressor(penalty="l1"), np.ones((9, 2)), np.arange(9.0))
    assert path.alphas[0] == 1.0
    assert not path.coefs.any()


BAD = {
    "no penalty": ({"penalty": None}, {}, "penalty=None"),
    "perceptron": ({"loss": "perceptron"}, {}, "alpha has no effect"),
    "alphas=0": ({}, {"alphas": 0}, "alphas must be >= 1"),
    "alphas=None": ({}, {"alphas": None}, "alphas must be"),
    "alphas=True": ({}, {"alphas": True}, "alphas must be"),
    "negative": ({}, {"alphas": [1.0, -1.0]}, "alphas must be finite"),
    "NaN": ({}, {"alphas": [1.0, np.nan]}, "alphas must be finite"),
    "empty": ({}, {"alphas": []}, "alphas must be.*empty"),
    "words": ({}, {"alphas": ["a"]}, "alphas must be"),
    "eps": ({}, {"eps": 1.0}, "eps must be"),
    "a parameter": ({"tol": -1}, {}, "tol"),
    "alpha of 'optimal'": (
        {"learning_rate": "optimal"},
        {"alphas": [1.0, 0.0]},
        "alpha must be > 0",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_path_refuses_what_has_no_meaning(name):
    parameters, arguments, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        alpha_path(GDClassifier(**parameters), *CANCER, **arguments)


@pytest.mark.parametrize("other", [GDRegressorCV(), "lasso", GDRegressor])
def test_path_is_for_estimators_with_an_alpha(other):
    with pytest.raises(TypeError, match="GDRegressor or a GDClassifier"):
        alpha_path(other, *DIABETES)


def test_path_refuses_data_that_are_not_finite():
    X = DIABETES[0].copy()
    X[3, 4] = np.nan
    with pytest.raises(ValueError, match="X contains NaN"):
        alpha_path(GDRegressor(), X, DIABETES[1], alphas=[1.0])


@pytest.mark.parametrize("data", [CANCER, WINE], ids=["breast_cancer", "wine"])
@pytest.mark.parametrize("penalty", ["l2", "l1", "elasticnet"])
def test_path_is_within_tol_at_each_alpha(data, penalty):
    path = alpha_path(GDClassifier(penalty=penalty), *data)
    exact = GDClassifier(penalty=penalty, tol=1e-11)
    best = alpha_path(exact, *data, alphas=path.alphas).objectives
    shares = np.bincount(data[1]) / len(data[1])
    gained = -(shares * np.log(shares)).sum() - best
    gap = path.objectives - best
    assert (gap <= 1e-4 * gained + 1e-12).all()
    # an estimate may be a third of the truth, and is in doubt too large
    assert (gap <= 3.0 * path.suboptimalities + 1e-11).all()


@pytest.mark.parametrize("positive", [False, True])
def test_path_goes_on_as_it_has_gone(monkeypatch, positive):
    estimator = GDClassifier(penalty="l1", tol=1e-6, positive=positive)
    path = alpha_path(estimator, *DIGITS)
    monkeypatch.setattr(Trail, "_step_from", lambda self, earlier: None)
    slow = alpha_path(estimator, *DIGITS, alphas=path.alphas)
    assert path.n_iters.sum() < 0.8 * slow.n_iters.sum()
    assert (path.converged & slow.converged).all()
    gained = slow.objectives[0] - slow.objectives
    assert (np.abs(path.objectives - slow.objectives) <= 2e-6 * gained + 1e-12).all()
    assert (path.coefs >= 0.0).all() or not positive


def test_path_goes_as_far_beyond_as_alpha_does():
    assert share_of_way(8.0, 4.0, 2.0) == 1.0
    assert_allclose(share_of_way(4.0, 1.0, 0.5), 0.5)
    assert share_of_way(1.1, 1.0, 1e-6) == 2.0
    for strengths in ((4.0, 2.0, 0.0), (2.0, 2.0, 1.0), (1.0, 2.0, 1.0)):
        assert share_of_way(*strengths) == 0.0


KNOWN = {
    "l2": {},
    "l1": {"penalty": "l1"},
    "elasticnet": {"penalty": "elasticnet"},
    "positive": {"positive": True},
    "no intercept": {"fit_intercept": False},
    "no intercept, l1": {"fit_intercept": False, "penalty": "l1"},
}


@pytest.mark.parametrize("targets", [1, 3], ids=["one", "three"])
@pytest.mark.parametrize("case", KNOWN)
def test_path_without_epochs_is_that_of_epochs(case, targets, capsys, rng):
    X, y = DIABETES
    if targets > 1:
        y = np.column_stack([y, -3.0 * y + rng.normal(size=len(y)), X[:, 2]])
    data = {"sample_weight": rng.uniform(size=len(y))}
    quick = alpha_path(GDRegressor(**KNOWN[case]), X, y, **data)
    # What is printed are epochs: there have to be some.
    slow = alpha_path(GDRegressor(verbose=1, **KNOWN[case]), X, y, **data)
    assert capsys.readouterr().out.count("Epoch 1") == 20
    for attribute in ("alphas", "converged", "n_iters"):
        assert_array_equal(getattr(quick, attribute), getattr(slow, attribute))
    # each is at the optimum as far as floating point goes
    assert_allclose(quick.objectives, slow.objectives, rtol=1e-12)
    assert_allclose(quick.suboptimalities, 0.0, atol=1e-12 * quick.objectives[0])
    size = np.abs(slow.coefs).max(axis=0)
    assert (np.abs(quick.coefs - slow.coefs) <= 1e-6 * size).all()
    assert_allclose(quick.intercepts, slow.intercepts, rtol=1e-6)
