"""Pickles give the same model, and say where they are of another version."""

import copy
import pickle
import warnings
from importlib.metadata import version as version_of

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

import skgd
from skgd import GDClassifier, GDClassifierCV, GDRegressor, GDRegressorCV

X = np.random.default_rng(0).normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.5]
ESTIMATORS = {
    "regressor": GDRegressor(),
    "textbook": GDRegressor(learning_rate="constant", average=True, tol=None),
    "classifier": GDClassifier(),
    "search": GDRegressorCV(alphas=3),
    "classes": GDClassifierCV(alphas=3),
}


def _fitted(name):
    model = clone(ESTIMATORS[name])
    return model.fit(X, Y if "Regressor" in type(model).__name__ else Y > 0)


def test_version_is_that_of_the_package():
    assert version_of("skgd") == skgd.__version__


@pytest.mark.parametrize("name", ESTIMATORS)
def test_pickle_gives_the_same_model(name):
    model = _fitted(name)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        loaded = pickle.loads(pickle.dumps(model, protocol))
        assert_array_equal(loaded.predict(X), model.predict(X))
        assert vars(loaded).keys() == vars(model).keys()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_pickle_of_another_version_says_so(name):
    model = _fitted(name)
    state = model.__getstate__()
    for version, shown in (("0.0.9", "skgd 0.0.9"), (None, "an unknown version")):
        earlier = {k: v for k, v in state.items() if k != "_skgd_version"}
        if version is not None:
            earlier["_skgd_version"] = version
        loaded = type(model).__new__(type(model))
        with pytest.warns(UserWarning, match=rf"pickled by {shown}.*Fit it anew"):
            loaded.__setstate__(earlier)
        assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_copies_are_of_this_version(name):
    model = _fitted(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for other in (copy.copy(model), copy.deepcopy(model), clone(model)):
            assert "_skgd_version" not in vars(other)
