"""The limits that stand in words are bound to records: other records stop the build."""

import pytest

from report.page import context, environment
from report.sections.limits import section
from report.words import ReportError


@pytest.fixture(scope="module")
def found(facts):
    return context(facts)


def render(found: dict, **changed: object) -> str:
    told = found | {"limits": found["limits"] | changed}
    return environment().get_template("limits.html").render(told)


def test_numbers_of_the_limits_are_those_of_the_records(facts, found):
    limits, page = section(facts), render(found)
    for number in (*limits["chosen"].values(), *list(limits["tie"].values())[1:]):
        assert f"{number:.1f} points" in " ".join(page.split())


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"backbones": ["bert-base-uncased", "minilm"]}, "MiniLM-L6"),
        ({"linear": False}, "linear heads"),
        ({"shared": False}, "overfitting"),
        ({"names_lag": False}, "names lag"),
        ({"tie": {"corpus": "SNIPS", "lead": 3.0, "lost": 5.0}}, "lead by little"),
        ({"tie": {"corpus": "SNIPS", "lead": 0.3, "lost": 0.2}}, "lose much"),
    ],
)
def test_other_records_stop_the_build(found, changed, sentence):
    with pytest.raises(ReportError, match=sentence):
        render(found, **changed)
