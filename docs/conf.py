"""Sphinx: MyST pages, some of them generated from the registry."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import generate

import mindgap

project = "mindgap"
author = "the mindgap developers"
copyright = "2026, the mindgap developers"
version = release = mindgap.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist"]
html_theme = "pydata_sphinx_theme"
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": True}
html_sidebars = {"index": []}
exclude_patterns = ["_build", "generated/served.md"]
html_show_sourcelink = False

generate.write(Path(__file__).parent / "generated")
