"""Docstrings say what they must, and their examples run."""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest

import skgd

CLASSES = [value for value in vars(skgd).values() if inspect.isclass(value)]
FUNCTIONS = [value for value in vars(skgd).values() if inspect.isfunction(value)]
ESTIMATORS = [skgd.GDClassifier, skgd.GDRegressor]
MODULES = [
    info.name
    for info in pkgutil.walk_packages(skgd.__path__, "skgd.")
    if not info.name.startswith("skgd._core")
]
METHODS = [
    (estimator_class, name)
    for estimator_class in ESTIMATORS
    for name, method in inspect.getmembers(estimator_class)
    if not name.startswith("_")
    and callable(method)
    and getattr(method, "__module__", "").startswith("skgd")
]


def _name(value):
    return getattr(value, "__name__", str(value))


def _section(docstring, title):
    lines = inspect.cleandoc(docstring)
    next_title = r"^\S[^\n]*\n-{3,}\n|\Z"
    section = rf"^{title}\n-+\n(.*?)(?={next_title})"
    found = re.search(section, lines, re.S | re.M)
    return found[1] if found else ""


def _entries(docstring, title):
    return set(re.findall(r"^\**(\w+) :", _section(docstring, title), re.M))


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_run(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_module_says_what_it_is_for(name):
    docstring = importlib.import_module(name).__doc__
    assert docstring.strip().splitlines()[0].endswith(".")


@pytest.mark.parametrize("public", [*CLASSES, *FUNCTIONS], ids=_name)
def test_public_name_has_an_example(public):
    assert ">>>" in _section(public.__doc__, "Examples")


@pytest.mark.parametrize("public", [*CLASSES, *FUNCTIONS], ids=_name)
def test_every_parameter_is_documented(public):
    parameters = set(inspect.signature(public).parameters)
    assert _entries(public.__doc__, "Parameters") == parameters


@pytest.mark.parametrize("estimator_class", ESTIMATORS, ids=_name)
@pytest.mark.parametrize(
    "title", ["Attributes", "See Also", "Notes", "References", "Examples"]
)
def test_estimator_has_the_section(estimator_class, title):
    assert _section(estimator_class.__doc__, title)


@pytest.mark.parametrize("estimator_class", ESTIMATORS, ids=_name)
def test_every_attribute_of_a_fitted_model_is_documented(estimator_class):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]})
    model = estimator_class(learning_rate="constant", tol=None, max_iter=2)
    model.fit(X, [0, 0, 1, 1])
    fitted = {n for n in vars(model) if n.endswith("_") and not n.startswith("_")}
    assert _entries(estimator_class.__doc__, "Attributes") == fitted


@pytest.mark.parametrize(("estimator_class", "name"), METHODS, ids=_name)
def test_method_documents_its_arguments(estimator_class, name):
    method = getattr(estimator_class, name)
    arguments = set(inspect.signature(method).parameters) - {"self"}
    assert _entries(method.__doc__, "Parameters") == arguments


@pytest.mark.parametrize("public", [*CLASSES, *FUNCTIONS, *METHODS], ids=_name)
def test_docstring_is_numpydoc(public):
    validate = pytest.importorskip("numpydoc.validate").validate
    path = (
        f"skgd.{public[0].__name__}.{public[1]}"
        if isinstance(public, tuple)
        else (f"skgd.{public.__name__}")
    )
    # no method needs an extended summary, related names or an example of its own
    allowed = {"ES01", "SA01", "EX01"}
    errors = [error for error in validate(path)["errors"] if error[0] not in allowed]
    assert errors == []
