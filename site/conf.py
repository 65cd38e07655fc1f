"""Sphinx's settings for the site; `make site` puts its pages together first."""

from typing import Any

import mtlhelpers

project = "What should I freeze?"
author = "The mtlhelpers developers"
version = release = mtlhelpers.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # lessons come with their outputs
nb_ipywidgets_js: dict[str, Any] = {}  # they would be fetched from elsewhere
nb_merge_streams = True
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
napoleon_google_docstring = True

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_extra_path = ["_extra"]  # the report, a page by itself
html_css_files = ["mtl.css"]
html_show_sourcelink = False
html_copy_source = False
# Pages that stand alone need no column for their neighbours.
ALONE = ("index", "explorer", "board", "report", "results", "lessons")
html_sidebars: dict[str, list[str]] = {name: [] for name in ALONE}
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_context = {"default_mode": "auto"}  # light or dark, as the reader has it
copyright = "The mtlhelpers developers. Code: MIT. Text: CC BY 4.0"
