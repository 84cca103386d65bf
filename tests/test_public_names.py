"""What skgd exports, and nothing else."""

import ast
import inspect
import pkgutil
import re
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from sklearn import linear_model

import skgd

PUBLIC = {
    "GDClassifier",
    "GDClassifierCV",
    "GDRegressor",
    "GDRegressorCV",
    "alpha_path",
    "SGD",
    "Momentum",
    "Nesterov",
    "AdaGrad",
    "RMSProp",
    "Adam",
    "ConvergenceDisplay",
    "DescentPathDisplay",
    "LearningRateDisplay",
    "Loss",
    "gradient_descent",
    "__version__",
}


def test_public_names_are_counted():
    assert set(skgd.__all__) == PUBLIC


def test_public_names_are_named_once():
    assert len(skgd.__all__) == len(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_name_exists(name):
    assert hasattr(skgd, name)


def test_other_names_are_private_or_modules():
    others = {
        name
        for name, value in vars(skgd).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert others <= PUBLIC


def test_star_import_brings_the_public_names():
    names = {}
    exec("from skgd import *", names)
    assert set(names) >= PUBLIC


def test_modules_are_private_but_for_descents_and_displays():
    modules = {info.name for info in pkgutil.iter_modules(skgd.__path__)}
    assert {name for name in modules if not name.startswith("_")} == {
        "auto",
        "display",
        "textbook",
    }


def _imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.split(".")[0]


def test_every_package_imported_is_a_declared_dependency():
    # of an extra too: matplotlib is imported where a plot is made
    declared = {re.match(r"[\w-]+", need)[0] for need in requires("skgd")}
    declared = {"sklearn" if n == "scikit-learn" else n for n in declared}
    sources = Path(skgd.__file__).parent.rglob("*.py")
    imported = {
        name
        for source in sources
        for name in _imported(ast.parse(source.read_text("utf-8")))
    }
    assert imported - sys.stdlib_module_names - {"skgd"} <= declared


def _defaults(estimator_class):
    signature = inspect.signature(estimator_class)
    return {name: p.default for name, p in signature.parameters.items()}


def _common_defaults(name):
    ours = _defaults(getattr(skgd, name.replace("S", "")))
    return ours, _defaults(getattr(linear_model, name))


@pytest.mark.parametrize("name", ["SGDRegressor", "SGDClassifier"])
def test_every_parameter_of_scikit_learn_is_there(name):
    ours, theirs = _common_defaults(name)
    assert theirs.keys() <= ours.keys()


@pytest.mark.parametrize("name", ["SGDRegressor", "SGDClassifier"])
def test_parameters_of_scikit_learn_keep_their_defaults(name):
    ours, theirs = _common_defaults(name)
    # eta0 of SGDClassifier was 0 before scikit-learn 1.8
    named_otherwise = {"loss", "learning_rate", "tol", "eta0"}
    shared = theirs.keys() - named_otherwise
    assert {k: ours[k] for k in shared} == {k: theirs[k] for k in shared}


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("name", ["SGDRegressor", "SGDClassifier"])
def test_methods_take_the_arguments_of_scikit_learn(name, method):
    theirs = inspect.signature(getattr(getattr(linear_model, name), method))
    ours = inspect.signature(getattr(getattr(skgd, name.replace("S", "")), method))
    names = list(theirs.parameters)
    assert list(ours.parameters)[: len(names)] == names


def test_all_but_the_loss_is_keyword_only():
    for estimator_class in (skgd.GDRegressor, skgd.GDClassifier):
        kinds = [p.kind for p in inspect.signature(estimator_class).parameters.values()]
        assert kinds[0] is inspect.Parameter.POSITIONAL_OR_KEYWORD
        assert set(kinds[1:]) == {inspect.Parameter.KEYWORD_ONLY}
