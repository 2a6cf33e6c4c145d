"""Settings of the documentation, which ``sphinx-build -W -n docs build/docs`` makes into a site."""

from __future__ import annotations

import re
from typing import Any

import charlm

project = "charlm"
release = version = charlm.__version__
copyright = "the charlm authors"  # noqa: A001  # Sphinx asks for this name

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
html_theme = "furo"
html_title = "charlm"
html_show_sourcelink = False

myst_heading_anchors = 3
myst_links_external_new_tab = False

# A docstring's types are prose, "ndarray, shape (T, N, H)": no names to look up. Single backticks are code.
default_role = "code"
autodoc_typehints = "none"
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False

# Pages that stand elsewhere in the repository, and the pages here that include them.
ELSEWHERE = {"benchmarks/README.md": "measurements", "CONTRIBUTING.md": "contributing", "CHANGELOG.md": "changelog"}


def point_into_the_site(_app: Any, _name: str, source: list[str]) -> None:
    """Let links to pages elsewhere in the repository lead to the pages that include them."""
    for path, page in ELSEWHERE.items():
        source[0] = re.sub(rf"\]\(\.\./{re.escape(path)}", f"]({page}.md", source[0])


def setup(app: Any) -> None:
    """Connect what is defined here with Sphinx."""
    app.connect("source-read", point_into_the_site)
