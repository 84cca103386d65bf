"""Configuration of the documentation.

In the folder above, where `pip install -e '.[docs]'` has compiled skgd:
`python -m sphinx -W docs docs/_build/html`.
"""

import inspect
import os
import warnings
from contextlib import ExitStack
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.errors import ConfigError

os.environ.setdefault("MPLBACKEND", "agg")

try:
    import skgd
except ModuleNotFoundError as error:
    if not (error.name or "").startswith("skgd"):
        raise
    raise ConfigError(
        "The skgd that is found first has not been compiled, or there is none: the"
        " sources in the current folder come before an installed package. Run"
        " pip install -e '.[docs]' there, and then"
        " python -m sphinx docs docs/_build/html."
    ) from error

HERE = Path(__file__).parent

project = "skgd"
author = "The skgd developers"
copyright = "2026, the skgd developers"
release = version_of("skgd")
version = release

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "tutorial", "gallery/**/*.ipynb"]
templates_path = ["_templates"]
default_role = "literal"
nitpicky = True
# No inventory of other projects is downloaded: the build needs no network.
nitpick_ignore_regex = [
    ("py:.*", r"(sklearn|numpy|scipy|matplotlib|pandas|joblib)\..*"),
]

html_theme = "furo"
html_title = f"skgd {release}"
html_static_path = ["_static"]
html_css_files = ["skgd.css"]
html_show_sourcelink = False
html_copy_source = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
suppress_warnings = ["config.cache"]  # functions below in the configuration

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

numpydoc_show_class_members = False  # the template lists them
numpydoc_class_members_toctree = False
autodoc_default_options = {"members": False}


def own_methods(module, name):
    """Give the names of the public methods that skgd itself documents."""
    public = getattr(__import__(module), name)
    return [
        method
        for method, value in inspect.getmembers(public)
        if not method.startswith("_")
        and callable(value)
        and (getattr(value, "__module__", None) or "").startswith("skgd")
    ]


autosummary_context = {"own_methods": own_methods}


def groups():
    """Sort the public names into titled groups, without listing one by hand."""
    titles = ("Estimators", "Functions", "Displays", "Optimizers and other classes")
    grouped = {title: [] for title in titles}
    for name in skgd.__all__:
        value = getattr(skgd, name)
        if inspect.isclass(value):
            is_estimator = hasattr(value, "fit")
            other = titles[2] if name.endswith("Display") else titles[3]
            grouped[titles[0] if is_estimator else other].append(name)
        elif callable(value):
            grouped[titles[1]].append(name)
    return {title: names for title, names in grouped.items() if names}


def write_reference():
    """Write the page that lists all public names; a page each comes of it."""
    lines = ["API reference", "=============", "", ".. currentmodule:: skgd", ""]
    for title, names in groups().items():
        lines += [title, "-" * len(title), "", ".. autosummary::", "   :toctree:", ""]
        lines += [*(f"   {name}" for name in names), ""]
    page = HERE / "reference" / "index.rst"
    page.parent.mkdir(exist_ok=True)
    text = "\n".join(lines)
    if not page.exists() or page.read_text("utf-8") != text:
        page.write_text(text, "utf-8")


write_reference()


filters = ExitStack()  # of warnings, Sphinx's among them, while an example runs


def warnings_are_errors(gallery_conf, fname, when):
    """Let no example warn, except where it says so."""
    filters.close()
    if when == "before":
        filters.enter_context(warnings.catch_warnings())
        warnings.simplefilter("error")


sphinx_gallery_conf = {
    "examples_dirs": ["tutorial", "../examples"],
    "gallery_dirs": ["gallery/tutorial", "gallery/examples"],
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"quickstart\.py",  # the README runs it
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("skgd",),
    "reference_url": {"skgd": None},
    "capture_repr": (),
    "image_srcset": ["2x"],
    "matplotlib_animations": True,
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,
    "show_signature": False,
    "reset_modules": ("matplotlib", warnings_are_errors),
    "reset_modules_order": "both",
    "remove_config_comments": True,
}
