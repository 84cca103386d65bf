"""The descent as a whole: the core against the specification, and laws of the steps."""

import itertools
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning

import reference
from loss_domains import in_domain
from skgd import GDClassifier, GDRegressor
from skgd._core.engine import OPTIMIZERS
from skgd._core.losses import LOSSES
from skgd._parameters import CLASSIFICATION_LOSSES, loss_parameter
from skgd.textbook import SCHEDULES

PENALTIES = (None, "l2", "l1", "elasticnet")
MODES = ("stochastic", "mini-batch", "batch")
# Steps of a size that neither optimizer makes diverge on the data below.
ETA0 = {"adam": 0.01, "rmsprop": 0.01, "adagrad": 0.1}
each_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)
each_penalty = pytest.mark.parametrize("penalty", PENALTIES)
each_mode = pytest.mark.parametrize("mode", MODES)
each_average = pytest.mark.parametrize("average", [False, True])


def quietly(method, *args, **kwargs):
    """Call without ConvergenceWarning: for laws of a few steps, which end anywhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return method(*args, **kwargs)


def model_of(estimator):
    """Give (coef, intercept) of shapes (n_outputs, d), (n_outputs,)."""
    return np.atleast_2d(estimator.coef_), estimator.intercept_


def assert_same_model(one, other, rtol):
    """Compare coefficients, relative to the largest of them."""
    for a, b in zip(model_of(one), model_of(other), strict=True):
        assert_allclose(a, b, rtol=0, atol=rtol * max(abs(b).max(), 1e-3))


# --- The core and the specification, pairwise


@dataclass(frozen=True)
class Case:
    """One value of each axis."""

    loss: tuple
    penalty: str | None
    optimizer: str
    batch: str
    storage: str
    dtype: str
    schedule: str
    average: object
    n_outputs: int
    weights: str
    intercept: bool

    def __str__(self):
        return "-".join(
            "/".join(value) if isinstance(value, tuple) else str(value)
            for value in vars(self).values()
        )


AXES = {
    "loss": [
        *(
            ("GDRegressor", name)
            for name in LOSSES
            if not LOSSES[name]["classification"]
        ),
        *(("GDClassifier", name) for name in ("softmax", *CLASSIFICATION_LOSSES)),
    ],
    "penalty": PENALTIES,
    "optimizer": OPTIMIZERS,
    "batch": ["stochastic", "mini-batch 7", "mini-batch 1000", "batch"],
    "storage": ["dense", "csr32", "csr64"],
    "dtype": ["float64", "float32"],
    "schedule": list(SCHEDULES),
    "average": [False, True, 50],
    "n_outputs": [1, 2, 5],
    "weights": ["none", "some zero"],
    "intercept": [True, False],
}


def possible(chosen):
    """Tell whether these values of some axes may go together."""
    loss, n_outputs = chosen.get("loss"), chosen.get("n_outputs")
    if chosen.get("schedule") in ("pa1", "pa2"):
        aggressive = (("GDRegressor", "epsilon_insensitive"), ("GDClassifier", "hinge"))
        if loss is not None and loss not in aggressive:
            return False
        if chosen.get("optimizer", "sgd") != "sgd":
            return False
    if loss is not None and loss[0] == "GDClassifier":
        # two classes have one output, so none has two
        return n_outputs != 2 and (loss[1] != "softmax" or n_outputs != 1)
    return True


def pairwise(axes, seed=0):
    """Give cases that hold every possible pair of values of two axes, greedily."""
    rng = np.random.default_rng(seed)
    names = list(axes)
    missing = {
        ((a, u), (b, v))
        for a, b in itertools.combinations(names, 2)
        for u in axes[a]
        for v in axes[b]
        if possible({a: u, b: v})
    }
    cases = []
    while missing:
        seeds = sorted(missing, key=repr)
        candidates = [
            completed(axes, dict(seeds[rng.integers(len(seeds))]), rng)
            for _ in range(30)
        ]
        covered = [
            missing.intersection(itertools.combinations(case.items(), 2))
            for case in candidates
        ]
        best = max(range(len(covered)), key=lambda i: len(covered[i]))
        missing -= covered[best]
        cases.append(Case(**candidates[best]))
    return cases


def completed(axes, chosen, rng):
    """Give the chosen values and random ones for the other axes."""
    for name in rng.permutation([name for name in axes if name not in chosen]):
        fitting = [v for v in axes[name] if possible({**chosen, name: v})]
        chosen[str(name)] = fitting[rng.integers(len(fitting))]
    return {name: chosen[name] for name in axes}


CASES = pairwise(AXES)


def data_of(case, rng):
    """Give (X dense, y, reference's y, sample_weight) for a case."""
    n, d = 60, 9
    # |x| is below one: the larger rates of the schedules stay stable.
    X = rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.4) / 3
    X = X.astype(case.dtype).astype(float)
    raw = X @ rng.normal(size=(d, case.n_outputs)) * 3 + 0.2
    raw += 0.3 * rng.normal(size=raw.shape)
    weight = rng.uniform(0.5, 2, size=n) * (rng.random(n) < 0.8)
    weight = weight if case.weights == "some zero" else None
    if case.loss[0] == "GDRegressor":
        raw = in_domain(case.loss[1], raw)
        return X, (raw if case.n_outputs > 1 else raw[:, 0]), raw, weight
    if case.n_outputs == 1:
        y = (raw[:, 0] > 0).astype(int)
        return X, y, 2.0 * y[:, None] - 1, weight
    y = raw.argmax(axis=1)
    hot = np.eye(case.n_outputs)[y]
    return X, y, (hot if case.loss[1] == "softmax" else 2 * hot - 1), weight


def stored(X, storage, dtype):
    """Give X in a container of the core."""
    if storage == "dense":
        return X.astype(dtype)
    X = csr_matrix(X.astype(dtype))
    index = np.int32 if storage == "csr32" else np.int64
    X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(index)
    return X


def estimator_of(case):
    """Give the estimator of a case."""
    name, loss = case.loss
    options = {"multi_class": "auto" if loss == "softmax" else "ovr"}
    mode, _, size = case.batch.partition(" ")
    return (GDRegressor if name == "GDRegressor" else GDClassifier)(
        "log_loss" if loss == "softmax" else loss,
        penalty=case.penalty,
        alpha=0.03,
        l1_ratio=0.3,
        fit_intercept=case.intercept,
        mode=mode,
        batch_size=int(size) if size else "auto",
        learning_rate=case.schedule,
        eta0=ETA0.get(case.optimizer, 0.1),
        power_t=0.3,
        optimizer=case.optimizer,
        average=case.average,
        max_iter=3,
        tol=None,
        shuffle=False,
        **(options if name == "GDClassifier" else {}),
    )


def reference_model(estimator, X, y, weight, loss):
    """Give what the specification says of an estimator that does not shuffle."""
    sizes = {"stochastic": 1, "batch": len(X), "mini-batch": estimator.batch_size}
    same = ("penalty", "alpha", "l1_ratio", "learning_rate", "eta0", "power_t")
    same += ("optimizer", "fit_intercept")
    return reference.descend(
        X,
        y,
        loss=loss,
        parameter=loss_parameter(estimator),
        batch_size=sizes[estimator.mode],
        average=int(estimator.average),
        sample_weight=weight,
        orders=[range(len(X))] * estimator.max_iter,
        **{name: getattr(estimator, name) for name in same},
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_descent_agrees_with_reference(case, rng):
    X, y, reference_y, weight = data_of(case, rng)
    estimator = estimator_of(case)
    coef, intercept = reference_model(estimator, X, reference_y, weight, case.loss[1])
    quietly(estimator.fit, stored(X, case.storage, case.dtype), y, sample_weight=weight)
    # Each of at most 180 steps rounds to eps, 1e-16 or 6e-8, of the largest coefficient
    # on the way; overshooting first steps are some ten times larger than the last.
    rtol = 1e-12 if case.dtype == "float64" else 1e-5
    got_coef, got_intercept = model_of(estimator)
    assert got_coef.dtype == case.dtype
    for got, expected in ((got_coef, coef), (got_intercept, intercept)):
        assert_allclose(
            got, expected, rtol=0, atol=rtol * max(0.1, abs(expected).max())
        )


@pytest.mark.parametrize(("a", "b"), list(itertools.combinations(AXES, 2)))
def test_pairwise_cases_hold_every_possible_pair(a, b):
    held = {(getattr(case, a), getattr(case, b)) for case in CASES}
    assert held == {(u, v) for u in AXES[a] for v in AXES[b] if possible({a: u, b: v})}


@dataclass(frozen=True)
class Corner:
    """A case whose size or numbers take the core down another path."""

    n: int
    d: int
    options: dict


CORNERS = {
    # more rows than a block holds: a step goes through a gradient vector
    "batches of 1100 rows": Corner(2500, 4, {"batch_size": 1100, "eta0": 0.1}),
    # rows that do not stay in cache until they are read again
    "wide rows": Corner(20, 3000, {"batch_size": 7, "eta0": 1e-3}),
    # rows of more than 1 KB are asked for line by line, one or four at a time
    "long rows": Corner(30, 300, {"batch_size": 1, "eta0": 1e-3}),
    "long rows in small batches": Corner(40, 300, {"batch_size": 6, "eta0": 1e-3}),
    "long rows in batches": Corner(90, 300, {"batch_size": 37, "eta0": 1e-2}),
    # short rows that do not stay in the first-level cache
    "short rows in batches": Corner(250, 90, {"batch_size": 61, "eta0": 1e-2}),
    # w = scale * v, and the scale would leave floating point if it were not folded
    "strong ridge": Corner(
        300, 5, {"batch_size": 1, "eta0": 0.4, "alpha": 1.5, "l1_ratio": 0.01}
    ),
    # a step past zero: the factor is zero, and clears what is put off
    "ridge past zero": Corner(
        60, 5, {"batch_size": 1, "eta0": 3.0, "alpha": 0.9, "power_t": 0.5}
    ),
}


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("storage", ["dense", "csr32"])
@each_penalty
@pytest.mark.parametrize("average", [False, True, 30])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_descent_agrees_with_reference_in_corners(
    corner, storage, penalty, average, n_outputs, rng
):
    n, d, options = vars(CORNERS[corner]).values()
    X = rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.5) / 2
    y = (
        X[:, :4] @ rng.normal(size=(4, n_outputs))
        + 0.1 * rng.normal(size=(n, n_outputs))
        + 0.5
    )
    options = {"alpha": 0.05, "learning_rate": "invscaling", "power_t": 0.1, **options}
    model = GDRegressor(mode="mini-batch", penalty=penalty, average=average, **options)
    model.set_params(max_iter=2, tol=None, shuffle=False)
    quietly(model.fit, stored(X, storage, np.float64), y if n_outputs > 1 else y[:, 0])
    coef, intercept = reference_model(model, X, y, None, "squared_error")
    got_coef, got_intercept = model_of(model)
    # In units of w / scale, with a scale of 1e-6 and more, what is rounded to 1e-16
    # counts a million times in the lazy mean.
    assert_allclose(got_coef, coef, rtol=0, atol=1e-10)
    assert_allclose(got_intercept, intercept, rtol=0, atol=1e-10)


# --- Laws


def regression(rng, n=60, d=9, n_outputs=1):
    X = rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.5) / 2
    y = (
        X @ rng.normal(size=(d, n_outputs))
        + 0.1 * rng.normal(size=(n, n_outputs))
        + 0.5
    )
    return X, (y[:, 0] if n_outputs == 1 else y)


def regressor(optimizer="sgd", **options):
    options = {
        "alpha": 0.05,
        "learning_rate": "constant",
        "eta0": ETA0.get(optimizer, 0.05),
        "max_iter": 3,
        "tol": None,
        "shuffle": False,
        **options,
    }
    return GDRegressor(optimizer=optimizer, **options)


@each_optimizer
@each_penalty
@each_average
def test_descent_batch_size_n_equals_batch_mode(optimizer, penalty, average, rng):
    X, y = regression(rng)
    options = {"optimizer": optimizer, "penalty": penalty, "average": average}
    one = regressor(mode="mini-batch", batch_size=len(X), **options).fit(X, y)
    other = regressor(mode="batch", **options).fit(X, y)
    assert_array_equal(one.coef_, other.coef_)


def test_descent_batch_step_is_the_full_gradient(rng):
    X, y = regression(rng)
    model = regressor(mode="batch", penalty="l2", max_iter=1, eta0=0.5).fit(X, y)
    assert_allclose(model.coef_, 0.5 * X.T @ y / len(X), rtol=1e-12)  # other order
    assert_allclose(model.intercept_, 0.5 * y.mean(), rtol=1e-12)


@each_penalty
@each_mode
@each_optimizer
def test_descent_weight_zero_equals_row_absent(penalty, mode, optimizer, rng):
    X, y = regression(rng)
    weight = (rng.random(len(X)) < 0.7).astype(float)
    y[weight == 0] = 1e6  # would show
    options = {"optimizer": optimizer, "penalty": penalty, "mode": mode, "average": 20}
    one = quietly(regressor(**options).fit, X, y, sample_weight=weight)
    kept = weight > 0
    other = regressor(**options).fit(X[kept], y[kept])
    assert one.t_ == other.t_
    assert_same_model(one, other, rtol=1e-13)  # blocks of rows may be others


@each_penalty
@each_optimizer
def test_descent_weight_two_equals_row_twice_in_batch_mode(penalty, optimizer, rng):
    X, y = regression(rng)
    times = rng.integers(1, 4, size=len(X))
    options = {"optimizer": optimizer, "penalty": penalty, "mode": "batch"}
    one = regressor(**options).fit(X, y, sample_weight=times.astype(float))
    other = regressor(**options).fit(X.repeat(times, axis=0), y.repeat(times))
    assert_same_model(one, other, rtol=1e-11)  # same sums, other order
    assert_allclose(one.objective_, other.objective_, rtol=1e-12)


@each_penalty
@each_mode
@pytest.mark.parametrize("factor", [1e-9, 3.0, 1e9])
def test_descent_constant_factor_on_weights_changes_nothing(penalty, mode, factor, rng):
    X, y = regression(rng)
    weight = rng.uniform(0.5, 2, size=len(X))
    one = regressor(penalty=penalty, mode=mode).fit(X, y, sample_weight=weight)
    other = regressor(penalty=penalty, mode=mode).fit(
        X, y, sample_weight=factor * weight
    )
    assert_same_model(one, other, rtol=1e-12)  # the weights are rounded once more
    assert_allclose(one.objective_, other.objective_, rtol=1e-12)


@each_mode
def test_descent_equal_weights_equal_none(mode, rng):
    X, y = regression(rng)
    one = regressor(mode=mode).fit(X, y, sample_weight=np.full(len(X), 0.7))
    assert_same_model(one, regressor(mode=mode).fit(X, y), rtol=1e-12)


@each_penalty
@each_mode
@each_optimizer
def test_descent_float32_is_near_float64(penalty, mode, optimizer, rng):
    X, y = regression(rng)
    X = X.astype(np.float32)
    options = {"optimizer": optimizer, "penalty": penalty, "mode": mode}
    one = regressor(**options).fit(X, y)
    other = regressor(**options).fit(X.astype(float), y)
    assert one.coef_.dtype == one.intercept_.dtype == np.float32
    # 180 steps, each rounded to 6e-8
    assert_same_model(one, other, rtol=1e-5)


@pytest.mark.parametrize("storage", ["dense", "csr32"])
@pytest.mark.parametrize("eta0", [0.05, 0.3])
def test_descent_float32_average_is_near_float64(storage, eta0, rng):
    # The ridge halves w every few steps, and w = scale * v: numbers of several orders
    # of magnitude meet in the lazy mean.
    X, y = regression(rng, n=4000)
    X = X.astype(np.float32)
    options = {"alpha": 0.1, "eta0": eta0, "average": True, "max_iter": 1}
    one = regressor(**options).fit(stored(X, storage, np.float32), y)
    other = regressor(**options).fit(X.astype(float), y)
    assert_same_model(one, other, rtol=5e-5)  # 6e-8 a step, and sqrt(4000) of them


def big(rng, n_outputs):
    n, d = 40_000, 30  # 1.2 million values: chunks of 2^18, so several
    X = rng.standard_normal((n, d), dtype=np.float32)
    y = X[:, :n_outputs] + rng.standard_normal((n, n_outputs), dtype=np.float32)
    return X, (y[:, 0] if n_outputs == 1 else y)


@pytest.mark.parametrize("storage", ["dense", "csr32"])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_descent_n_jobs_changes_no_bit_in_batch_mode(storage, n_outputs, rng):
    X, y = big(rng, n_outputs)
    X = stored(X, storage, np.float32)
    models = [
        regressor(mode="batch", n_jobs=n_jobs, max_iter=2).fit(X, y)
        for n_jobs in (1, 2, 7)
    ]
    for model in models[1:]:
        assert_array_equal(model.coef_, models[0].coef_)
        assert_array_equal(model.intercept_, models[0].intercept_)
        assert model.objective_ == models[0].objective_


def test_descent_chunks_of_a_large_batch_add_up(rng):
    X, y = big(rng, 1)
    model = regressor(mode="batch", n_jobs=2, max_iter=1, eta0=1.0).fit(X, y)
    expected = X.astype(float).T @ y.astype(float) / len(X)
    # float32 sums within blocks of four rows only
    assert_allclose(model.coef_, expected, rtol=0, atol=1e-6 * abs(expected).max())


@each_mode
@each_penalty
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_outputs", [1, 3])
@each_average
def test_descent_objective_is_that_of_the_coefficients(
    mode, penalty, weighted, n_outputs, average, rng
):
    X, y = regression(rng, n_outputs=n_outputs)
    weight = rng.uniform(0, 2, size=len(X)) * (rng.random(len(X)) < 0.8)
    weight = weight if weighted else None
    model = regressor(mode=mode, penalty=penalty, average=average)
    model.fit(X, y, sample_weight=weight)
    ridge, l1 = reference.split_penalty(penalty, model.alpha, model.l1_ratio)
    coef, intercept = model_of(model)
    expected = reference.objective(
        X,
        y.reshape(len(X), n_outputs),
        coef,
        intercept,
        loss="squared_error",
        ridge=ridge,
        l1=l1,
        sample_weight=weight,
    )
    assert_allclose(model.objective_, expected, rtol=1e-12)  # same sums, other order
    assert model.history_["objective"][-1] == model.objective_


@pytest.mark.parametrize("loss", CLASSIFICATION_LOSSES)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("multi_class", ["auto", "ovr"])
def test_descent_classifier_objective_is_that_of_the_coefficients(
    loss, n_classes, multi_class, rng
):
    X, _ = regression(rng)
    y = rng.integers(n_classes, size=len(X))
    options = {"learning_rate": "optimal", "max_iter": 3, "tol": None}
    model = GDClassifier(loss, alpha=0.1, multi_class=multi_class, **options)
    model.set_params(random_state=0)
    quietly(model.fit, X, y)
    hot = np.eye(n_classes)[y]
    softmax = loss == "log_loss" and n_classes > 2 and multi_class == "auto"
    target = hot if softmax else 2 * hot - 1
    expected = reference.objective(
        X,
        target if n_classes > 2 else target[:, 1:],
        model.coef_,
        model.intercept_,
        loss="softmax" if softmax else loss,
        ridge=model.alpha,
    )
    assert_allclose(model.objective_, expected, rtol=1e-12)


def test_descent_history_objective_is_the_running_mean(rng):
    # A rate of almost nothing: the model stays, and so does the objective.
    X, y = regression(rng)
    model = regressor(eta0=1e-12, max_iter=4).fit(X, y)
    assert_allclose(model.history_["objective"], (y**2).mean() / 2, rtol=1e-9)


# --- Several outputs


@each_penalty
@each_mode
@each_optimizer
def test_descent_outputs_do_not_know_of_one_another(penalty, mode, optimizer, rng):
    X, y = regression(rng, n_outputs=3)
    options = {"optimizer": optimizer, "penalty": penalty, "mode": mode, "average": 70}
    together = regressor(**options).fit(X, y)
    for k in range(3):
        alone = regressor(**options).fit(X, y[:, k])
        assert_allclose(together.coef_[k], alone.coef_, rtol=0, atol=1e-13)
        assert_allclose(together.intercept_[k], alone.intercept_[0], rtol=0, atol=1e-13)


@pytest.mark.parametrize("loss", CLASSIFICATION_LOSSES)
@each_penalty
def test_descent_one_vs_rest_is_a_binary_problem_a_class(loss, penalty, rng):
    X, _ = regression(rng)
    y = rng.integers(3, size=len(X))
    model = GDClassifier(loss, penalty=penalty, multi_class="ovr", shuffle=False)
    model.set_params(learning_rate="constant", eta0=0.1, max_iter=3, tol=None)
    together = quietly(model.fit, X, y)
    coef, intercept = model_of(together)
    for k in range(3):
        alone = quietly(model.fit, X, y == k)
        assert_allclose(coef[k], alone.coef_[0], rtol=0, atol=1e-13)
        assert_allclose(intercept[k], alone.intercept_[0], rtol=0, atol=1e-13)


def test_descent_softmax_of_two_classes_is_log_loss_of_twice_the_rate(rng):
    # Coefficients -v and v of two classes: the gradient in v is that of log_loss in
    # 2 v. The estimator itself never gives two classes two outputs: an absent third.
    X, _ = regression(rng)
    y = rng.integers(2, size=len(X))
    options = {"penalty": None, "learning_rate": "constant", "shuffle": False}
    options |= {"tol": None, "max_iter": 3}
    binary = GDClassifier(eta0=0.2, **options).fit(X, y)
    softmax = GDClassifier(eta0=0.1, **options)
    coef_init, intercept_init = np.zeros((3, X.shape[1])), np.array([0.0, 0.0, -1e3])
    one_of_three = X[:1] * 0, np.array([2])
    softmax.fit(
        np.vstack((X, one_of_three[0])),
        np.append(y, one_of_three[1]),
        coef_init,
        intercept_init,
        sample_weight=np.append(np.ones(len(X)), 0.0),
    )
    difference = softmax.coef_[1] - softmax.coef_[0]
    assert_allclose(difference, binary.coef_[0], rtol=0, atol=1e-13)


# --- partial_fit


@each_optimizer
@each_penalty
@each_mode
@each_average
def test_descent_partial_fits_equal_epochs(optimizer, penalty, mode, average, rng):
    X, y = regression(rng)
    options = {"optimizer": optimizer, "penalty": penalty, "mode": mode}
    options |= {"average": average, "learning_rate": "invscaling"}
    one = regressor(**options).fit(X, y)
    other = regressor(**options)
    for _ in range(one.max_iter):
        other.partial_fit(X, y)
    assert one.t_ == other.t_
    assert_array_equal(one.coef_, other.coef_)
    assert_array_equal(one.intercept_, other.intercept_)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("storage", ["dense", "csr32"])
@pytest.mark.parametrize("n_outputs", [1, 3])
@each_mode
@each_penalty
def test_descent_partial_fits_equal_epochs_in_every_storage(
    dtype, storage, n_outputs, mode, penalty, rng
):
    X, y = regression(rng, n_outputs=n_outputs)
    X = stored(X, storage, dtype)
    one = regressor(mode=mode, penalty=penalty, average=70).fit(X, y)
    other = regressor(mode=mode, penalty=penalty, average=70)
    for _ in range(one.max_iter):
        other.partial_fit(X, y)
    assert_array_equal(one.coef_, other.coef_)
    assert_array_equal(one.intercept_, other.intercept_)


@each_optimizer
@each_penalty
@each_average
def test_descent_partial_fits_equal_epochs_with_weights(
    optimizer, penalty, average, rng
):
    X, y = regression(rng)
    weight = rng.uniform(0.5, 2, size=len(X)) * (rng.random(len(X)) < 0.8)
    options = {"optimizer": optimizer, "penalty": penalty, "average": average}
    one = regressor(**options).fit(X, y, sample_weight=weight)
    other = regressor(**options)
    for _ in range(one.max_iter):
        other.partial_fit(X, y, sample_weight=weight)
    assert one.t_ == other.t_
    assert_same_model(one, other, rtol=1e-12)  # the mean weight is a sum of sums


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
@each_penalty
def test_descent_classifier_partial_fits_equal_epochs(n_classes, loss, penalty, rng):
    X, _ = regression(rng)
    y = rng.integers(n_classes, size=len(X))
    options = {"penalty": penalty, "alpha": 0.05, "shuffle": False, "tol": None}
    options["learning_rate"] = "optimal"
    one, other = (GDClassifier(loss, max_iter=3, **options) for _ in range(2))
    quietly(one.fit, X, y)
    for _ in range(3):
        quietly(other.partial_fit, X, y, classes=range(n_classes))
    assert_array_equal(one.coef_, other.coef_)


@each_optimizer
@each_penalty
@each_average
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_descent_partial_fit_takes_storages_by_turns(
    optimizer, penalty, average, n_outputs, rng
):
    X, y = regression(rng, n_outputs=n_outputs)
    options = {"optimizer": optimizer, "penalty": penalty, "average": average}
    one, other = regressor(**options), regressor(**options)
    for i in range(4):
        one.partial_fit(X, y)
        other.partial_fit(csr_matrix(X) if i % 2 else X, y)
    assert_same_model(one, other, rtol=1e-12)  # same sums, other order


def test_descent_partial_fit_takes_the_mean_weight_of_all_rows_seen(rng):
    X, y = regression(rng)
    model = regressor(penalty=None, mode="batch", fit_intercept=False)
    first = model.partial_fit(X, y).coef_.copy()
    model.partial_fit(X, y, sample_weight=np.full(len(X), 3.0))
    # the mean of ones and threes is two
    step = 3 / 2 * model.eta0 * X.T @ (y - X @ first) / len(X)
    assert_allclose(model.coef_, first + step, rtol=1e-12)


def test_descent_objective_of_partial_fit_is_that_of_its_own_rows(rng):
    X, y = regression(rng)
    model = regressor(penalty="l2")
    model.partial_fit(X, y)
    model.partial_fit(X[:20], y[:20], sample_weight=np.full(20, 7.0))
    expected = reference.objective(
        X[:20],
        y[:20, None],
        *model_of(model),
        loss="squared_error",
        ridge=model.alpha,
    )
    assert_allclose(model.objective_, expected, rtol=1e-12)


@each_average
@each_optimizer
def test_descent_partial_fit_of_weights_all_zero_is_nothing(average, optimizer, rng):
    X, y = regression(rng)
    one, other = (regressor(optimizer, average=average) for _ in range(2))
    one.partial_fit(X, y).partial_fit(X, y)
    other.partial_fit(X, y)
    other.partial_fit(X, y + 1e3, sample_weight=np.zeros(len(X))).partial_fit(X, y)
    assert one.t_ == other.t_
    assert_array_equal(one.coef_, other.coef_)


@each_mode
def test_descent_of_a_seed_is_the_same_every_time(mode, rng):
    X, y = regression(rng)
    one, other = (
        regressor(mode=mode, shuffle=True, random_state=3).fit(X, y) for _ in range(2)
    )
    assert_array_equal(one.coef_, other.coef_)


def test_descent_seed_is_not_read_in_batch_mode(rng):
    X, y = regression(rng)
    one, other = (
        regressor(mode="batch", shuffle=True, random_state=seed).fit(X, y)
        for seed in (3, 4)
    )
    assert_array_equal(one.coef_, other.coef_)


def test_descent_order_is_new_in_every_epoch():
    # A step of rate one meets its row: the model is the target of the last one.
    X, y = np.ones((50, 1)), np.arange(50.0)
    model = regressor(eta0=1.0, fit_intercept=False, penalty=None)
    model.set_params(shuffle=True, random_state=0)
    epochs = range(1, 21)
    last = [quietly(model.set_params(max_iter=k).fit, X, y).coef_[0] for k in epochs]
    assert set(last) <= set(y)
    assert len(set(last)) > 10  # 17 on average of 20 draws out of 50
