"""Code blocks of the README and of the pages run, and give what they say."""

import doctest
import re
import runpy
import shutil
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest
import sklearn

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.S | re.M)
# what is not run: commands of a shell, and what is no code; MyST's own are in braces
NOT_RUN = {"bash", "text"}
NEEDS = re.compile(r"<!-- needs scikit-learn (\d+)\.(\d+) -->\s*\Z")
NEEDS_DASK = re.compile(r"<!-- needs dask -->\s*\Z")


def _blocks(page):
    """Give (line, language, code) of each block that can be run here."""
    text = page.read_text("utf-8")
    release = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
    for found in FENCE.finditer(text):
        needs = NEEDS.search(text, 0, found.start())
        if NEEDS_DASK.search(text, 0, found.start()) and find_spec("dask") is None:
            continue
        if needs is None or release >= tuple(map(int, needs.groups())):
            yield text.count("\n", 0, found.start()) + 1, found[1], found[2]


def _name(page):
    return page.name


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_documentation_blocks_name_a_language_that_is_run(page):
    others = {
        (line, language)
        for line, language, _ in _blocks(page)
        if language not in NOT_RUN | {"pycon"} and not language.startswith("{")
    }
    assert others == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_documentation_blocks_give_what_they_say(page):
    parser, names = doctest.DocTestParser(), {}
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    report = []
    for line, language, code in _blocks(page):
        if language == "pycon":
            test = parser.get_doctest(code, names, page.name, str(page), line)
            assert test.examples, f"line {line} has no prompt"
            test.globs = names  # later blocks go on with what earlier ones made
            runner.run(test, out=report.append, clear_globs=False)
    assert runner.failures == 0, "".join(report)


def test_documentation_build_says_what_to_do_without_skgd(monkeypatch):
    errors = pytest.importorskip("sphinx.errors", reason="the documentation needs it")
    monkeypatch.setitem(sys.modules, "skgd", None)
    with pytest.raises(errors.ConfigError, match=r"pip install -e '\.\[docs\]'"):
        runpy.run_path(str(ROOT / "docs" / "conf.py"))


def test_documentation_examples_leave_the_filters_of_warnings(tmp_path):
    pytest.importorskip("sphinx", reason="the documentation needs it")
    shutil.copy(ROOT / "docs" / "conf.py", tmp_path)  # it writes a page beside itself
    hook = runpy.run_path(str(tmp_path / "conf.py"))["warnings_are_errors"]
    before = list(warnings.filters)
    for _ in range(2):
        hook({}, "plot_example.py", "before")
        assert warnings.filters[0][0] == "error"
        warnings.simplefilter("ignore")
        hook({}, "plot_example.py", "after")
        assert warnings.filters == before
