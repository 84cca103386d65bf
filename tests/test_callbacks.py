"""scikit-learn's callbacks hear of a fit and of each of its epochs."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgd import GDClassifier, GDRegressor

callback = pytest.importorskip(
    "sklearn.callback", reason="scikit-learn has callbacks from 1.9 on"
)

X, Y = load_diabetes(return_X_y=True)
LABELS = load_iris()
MODES = "batch", "mini-batch", "stochastic"


class Recorder:
    """Write down what is heard; ask to stop after `last` epochs."""

    def __init__(self, last=None, fail_at=None):
        self.last, self.fail_at = last, fail_at
        self.heard, self.models = [], []

    def _hear(self, hook, context):
        self.heard.append((hook, context.task_name, context.task_id))
        if hook == self.fail_at:
            raise RuntimeError(f"failed at {hook}")

    def setup(self, estimator, context):
        self._hear("setup", context)

    def teardown(self, estimator, context):
        self._hear("teardown", context)

    def on_fit_task_begin(self, estimator, context):
        self._hear("begin", context)

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self._hear("end", context)
        if context.task_name == "epoch":
            self.models.append(fitted_estimator)
            return self.last is not None and context.task_id + 1 >= self.last
        return False


class Propagated(Recorder):
    max_propagation_depth = None


def _textbook(kind=GDRegressor, **parameters):
    defaults = {"learning_rate": "constant", "eta0": 1e-3, "max_iter": 5, "tol": None}
    return kind(**defaults | {"random_state": 0} | parameters)


def _model(learning_rate, **parameters):
    if learning_rate == "auto":
        return GDRegressor("huber", random_state=0, **parameters)
    return _textbook(learning_rate=learning_rate, **parameters)


# --- What is told


def test_callbacks_hear_of_the_fit_and_of_each_epoch():
    recorder = Recorder()
    model = _textbook().set_callbacks(recorder).fit(X, Y)
    epochs = [(hook, "epoch", i) for i in range(5) for hook in ("begin", "end")]
    assert recorder.heard == [
        ("setup", "fit", 0),
        ("begin", "fit", 0),
        *epochs,
        ("end", "fit", 0),
        ("teardown", "fit", 0),
    ]
    assert not [name for name in vars(model) if "callback_fit" in name]


@pytest.mark.parametrize("mode", MODES)
def test_callbacks_get_the_model_that_fewer_epochs_give(mode):
    recorder = Recorder()
    _textbook(mode=mode).set_callbacks(recorder).fit(X, Y)
    for i, model in enumerate(recorder.models):
        fewer = _textbook(mode=mode, max_iter=i + 1).fit(X, Y)
        assert_array_equal(model.predict(X), fewer.predict(X))
        assert model.n_iter_ == i + 1


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
@pytest.mark.parametrize("multi_class", ["auto", "ovr"])
def test_callbacks_of_auto_descent_get_classifiers(loss, multi_class):
    recorder = Recorder()
    model = GDClassifier(loss, multi_class=multi_class).set_callbacks(recorder)
    model.fit(LABELS.data, LABELS.target_names[LABELS.target])
    assert len(recorder.models) == model.n_iter_
    last = recorder.models[-1]
    assert_array_equal(last.predict(LABELS.data), model.predict(LABELS.data))
    assert last.score(LABELS.data, LABELS.target_names[LABELS.target]) > 0.9


@pytest.mark.parametrize("learning_rate", ["auto", "constant"])
def test_callbacks_change_nothing(learning_rate):
    plain = _model(learning_rate).fit(X, Y)
    heard = _model(learning_rate).set_callbacks(Recorder()).fit(X, Y)
    assert_array_equal(heard.coef_, plain.coef_)
    for name in "objective", "gradient_norm":
        assert_array_equal(heard.history_[name], plain.history_[name])


def test_callbacks_monitor_scores_with_weights():
    weight = np.linspace(0.0, 1.0, len(Y))
    monitor = callback.ScoringMonitor(scoring="r2")
    model = _textbook(mode="batch").set_callbacks(monitor)
    model.fit(X, Y, sample_weight=weight)
    scores = [row["r2"] for row in monitor.get_logs().data if row["task_name"] != "fit"]
    assert len(scores) == 5
    for n_iter, score in enumerate(scores, 1):
        fewer = _textbook(mode="batch", max_iter=n_iter)
        fewer.fit(X, Y, sample_weight=weight)
        assert_allclose(score, r2_score(Y, fewer.predict(X), sample_weight=weight))


@pytest.mark.parametrize("learning_rate", ["auto", "constant"])
def test_callbacks_progress_bar_is_drawn_to_its_end(learning_rate, capsys):
    pytest.importorskip("rich", reason="scikit-learn's ProgressBar draws with it")
    model = _model(learning_rate).set_callbacks(callback.ProgressBar()).fit(X, Y)
    assert model.n_iter_ > 1
    drawn = capsys.readouterr().out
    assert "GDRegressor - fit" in drawn
    assert "100%" in drawn


# --- Stopping and failing


@pytest.mark.parametrize("learning_rate", ["auto", "constant"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_callbacks_may_stop_the_fit(learning_rate, early_stopping):
    model = _model(learning_rate, tol=1e-12, early_stopping=early_stopping)
    model.set_callbacks(Recorder(last=1)).fit(X, Y)
    assert model.n_iter_ == 1
    assert not model.converged_
    assert len(model.history_["objective"]) == 1


@pytest.mark.parametrize("fail_at", ["setup", "begin", "end", "teardown"])
def test_callbacks_that_fail_leave_the_earlier_model(fail_at):
    model = _textbook().fit(X, Y)
    before = model.coef_.copy()
    recorder = Recorder(fail_at=fail_at)
    with pytest.raises(RuntimeError, match=f"failed at {fail_at}"):
        model.set_callbacks(recorder).fit(X[::2], Y[::2])
    if fail_at != "teardown":  # then, the fit had ended
        assert_array_equal(model.coef_, before)
    hooks = [hook for hook, *_ in recorder.heard]
    assert hooks.count("setup") == hooks.count("teardown") == 1
    assert not [name for name in vars(model) if "callback_fit" in name]


def test_callbacks_are_torn_down_where_the_data_are_wrong():
    recorder = Recorder()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        _textbook().set_callbacks(recorder).fit(X, Y[1:])
    assert [hook for hook, *_ in recorder.heard] == ["setup", "begin", "teardown"]


def test_callbacks_must_follow_the_protocol():
    with pytest.raises(TypeError, match="FitCallback protocol"):
        GDRegressor().set_callbacks("epoch")


# --- Inside other estimators


def test_callbacks_reach_the_epochs_of_a_grid_search_over_a_pipeline():
    recorder = Propagated()
    model = make_pipeline(StandardScaler(), _textbook())
    grid = {"gdregressor__alpha": [1e-3, 1e-2]}
    GridSearchCV(model, grid, cv=2).set_callbacks(recorder).fit(X, Y)
    epochs = [x for x in recorder.heard if x[:2] == ("end", "epoch")]
    assert len(epochs) == 5 * (2 * 2 + 1)  # epochs of folds and alphas, and the refit
    assert [hook for hook, *_ in recorder.heard].count("setup") == 1


def test_callbacks_go_with_clones_and_pickles():
    model = _textbook().set_callbacks(Recorder())
    for copy in clone(model), pickle.loads(pickle.dumps(model)):
        copy.fit(X, Y)
        assert copy.coef_.shape == (10,)


def test_callbacks_are_not_told_of_partial_fit():
    recorder = Recorder()
    _textbook().set_callbacks(recorder).partial_fit(X, Y)
    assert recorder.heard == []


def test_callbacks_are_supported_as_by_scikit_learn_s_own_estimators():
    ours, theirs = Recorder(), Recorder()
    _textbook(GDClassifier).set_callbacks(ours).fit(LABELS.data, LABELS.target)
    LogisticRegression(max_iter=5000, solver="lbfgs").set_callbacks(theirs).fit(
        LABELS.data, LABELS.target
    )

    def outline(heard):
        return list(dict.fromkeys(hook for hook, *_ in heard))

    assert outline(ours.heard) == outline(theirs.heard)
