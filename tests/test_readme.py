"""The README says what the rows beside it say, and names commands that exist."""

import json
import re
import shlex
from pathlib import Path

import pytest

import mtlhelpers as mtl
from mtlhelpers.cli import build_parser
from mtlhelpers.commands.arguments import respelled
from mtlhelpers.comparison.json_rows import summary
from mtlhelpers.model.counting import parameter_table
from mtlhelpers.model.scenarios import WHOLE_PARTS
from mtlhelpers.study.protocol import TRANSFER, seeds_at

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROWS = ROOT / "studies" / "compare_snips"


def rows(name: str) -> list[dict]:
    return json.loads((ROWS / name).read_text(encoding="utf-8"))


def test_the_comparison_is_the_summary_of_its_rows():
    found = rows("1000.json")
    assert summary(found) in README
    assert {row["seed"] for row in found} == {0, 1, 2}
    assert len(found) == 3 * 7


def test_the_full_run_is_the_row_beside_it():
    (row,) = rows("all.json")
    scores = [f"{row[name]:.1%}"[:-1] for name in ("accuracy", "ner_f1", "exact_match")]
    told = "accuracy\n{}, slot F1 {}, exact match {}".format(*scores)
    assert told in README
    assert f"{row['train_seconds'] / 60:.1f} minutes" in README


def test_the_curves_are_means_of_the_records():
    """Every corpus and size whose seeds are all recorded has its row, and no other."""
    scores = ["accuracy", "ner_f1"]
    runs = mtl.study_table(ROOT / "studies" / "transfer")
    expected = set()
    for (corpus, size), rows in runs.groupby(["corpus", "train_size"]):
        arms = rows.groupby("arm")
        if len(arms) == 2 and arms.seed.nunique().min() == seeds_at(size):
            means = 100 * arms[scores].mean().unstack()
            told = " | ".join(f"{value:.1f}" for value in means)
            expected.add(f"| {corpus} | {size:,} | {told} |")
    corpora = "|".join(map(re.escape, TRANSFER))
    found = re.findall(rf"^\| (?:{corpora}) \| [\d,]+ \|.*$", README, re.M)
    assert set(found) == expected


def test_the_scenario_table_is_the_formulas():
    table = parameter_table("bert-base-uncased", labels=7, tags=13)
    for scenario, trainable in table["trainable"][[*WHOLE_PARTS]].items():
        assert re.search(rf"\| `{scenario}` \|.*\| {trainable:,} \|", README)


@pytest.mark.parametrize(
    "line", re.findall(r"^python -m mtlhelpers (.+)$", README, flags=re.MULTILINE)
)
def test_every_printed_command_is_understood(line):
    build_parser().parse_args(respelled(shlex.split(line, comments=True)))
