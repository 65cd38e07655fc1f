"""From facts to one page: templates that escape, a style sheet, drawings inline."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import mtlhelpers
from report.facts import Facts
from report.figures.curves import Chart
from report.figures.dots import Panel
from report.sections import (
    adding,
    amount,
    answer,
    choosing,
    later,
    ledger,
    limits,
    method,
    others,
    robustness,
    steps,
    ways,
)
from report.words import FILTERS, corpus_name, holds

TEMPLATES = Path(__file__).with_name("templates")
SECTIONS = {
    "answer": answer.section,
    "method": method.section,
    "amount": amount.section,
    "steps": steps.section,
    "adding": adding.section,
    "others": others.section,
    "ways": ways.section,
    "later": later.section,
    "robustness": robustness.section,
    "choosing": choosing.section,
    "limits": limits.section,
    "ledger": ledger.section,
}


def render(facts: Facts, board: str = "") -> str:
    """Return the report as one page of HTML that loads nothing.

    `board`: the address of the page that has every record, to link each to.
    """
    page = environment().get_template("page.html")
    return page.render(context(facts) | {"board": board})


def context(facts: Facts) -> dict[str, Any]:
    """Return everything that the templates speak of, section by section."""
    return {name: section(facts) for name, section in SECTIONS.items()} | {
        "version": mtlhelpers.__version__,
        "recorded": facts.studies,
        "style": Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
    }


def environment() -> Environment:
    """Return the templates' language: what is no drawing of ours is escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= FILTERS
    made.globals |= {"drawing": drawing, "holds": holds, "corpus_name": corpus_name}
    return made


def drawing(one: Panel | Chart) -> Markup:
    """Return a drawing, whose text is escaped already."""
    return Markup(one.draw())
