"""README and pages say what the records say, and name commands that exist."""

import json
import re
import shlex
from pathlib import Path

import pytest

import mtlhelpers as mtl
from mtlhelpers.cli import build_parser
from mtlhelpers.commands.arguments import respelled
from mtlhelpers.comparison.json_rows import summary
from mtlhelpers.lesson.tables.lesson00 import alt_text, bars
from mtlhelpers.model.counting import parameter_table
from mtlhelpers.model.scenarios import WHOLE_PARTS
from mtlhelpers.study.protocol import (
    MARGINS,
    PUBLISHED,
    SCORE_OF,
    TASKS,
    TRANSFER,
    seeds_at,
)
from mtlhelpers.study.records.arms import Studies
from mtlhelpers.study.verdicts.claims import CLAIMS
from mtlhelpers.study.verdicts.evidence import Evidence
from mtlhelpers.study.verdicts.judge import decide_at, judge_claims, match_of
from report.facts import Facts
from report.sections import adding, answer, steps
from report.words import span
from studies.answer import FILE, STUDIES

ROOT = Path(__file__).parents[1]
PAGES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "site").glob("*.md")))
}
README, RESULTS = PAGES["README"], PAGES["results"]
SECTIONS = (answer, steps, adding)
FURTHER = ("snips+2000", "hwu64")
ROWS = ROOT / "studies" / "compare_snips"


def rows(name: str) -> list[dict]:
    return json.loads((ROWS / name).read_text(encoding="utf-8"))


def test_the_comparison_is_the_summary_of_its_rows():
    found = rows("1000.json")
    assert summary(found) in RESULTS
    assert {row["seed"] for row in found} == {0, 1, 2}
    assert len(found) == 3 * 7


def test_the_full_run_is_the_row_beside_it():
    (row,) = rows("all.json")
    scores = [f"{row[name]:.1%}"[:-1] for name in ("accuracy", "ner_f1", "exact_match")]
    told = "accuracy\n{}, slot F1 {}, exact match {}".format(*scores)
    assert told in RESULTS
    assert f"{row['train_seconds'] / 60:.1f} minutes" in RESULTS


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
    found = re.findall(rf"^\| (?:{corpora}) \| [\d,]+ \|.*$", RESULTS, re.M)
    assert set(found) == expected


def test_the_scenario_table_is_the_formulas():
    table = parameter_table("bert-base-uncased", labels=7, tags=13)
    for scenario, trainable in table["trainable"][[*WHOLE_PARTS]].items():
        assert re.search(rf"\| `{scenario}` \|.*\| {trainable:,} \|", PAGES["ways"])


@pytest.mark.parametrize(
    "line",
    re.findall(r"^(?:python -m )?mtlhelpers (.+)$", "\n".join(PAGES.values()), re.M),
)
def test_every_printed_command_is_understood(line):
    command, *_ = line.split(" > ")
    build_parser().parse_args(respelled(shlex.split(command, comments=True)))


def test_every_link_is_there():
    for name, text in PAGES.items():
        folder = ROOT if name == "README" else ROOT / "site"
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert "://" in target or (folder / target).is_file(), (name, target)


def test_the_readme_is_read_in_minutes():
    text = re.sub(r"!\[.*?\]", "", README)  # a figure is seen, or read aloud
    assert len(text.split()) < 900


def test_the_figure_is_drawn_of_the_records():
    alt = alt_text(list(bars(STUDIES)))
    assert f"![{alt}](site/answer.svg)" in README
    assert f"<dc:description>{alt}</dc:description>" in FILE.read_text(encoding="utf-8")


def test_the_short_answer_is_what_the_records_say():
    """Each number of it, and that freezing was clearly better nowhere."""
    leads = {
        task: [
            -one.difference
            for one in bars(STUDIES)
            if (one.task, one.size) == (task, 300)
        ]
        for task in TASKS
    }
    labels, names = (f"{min(own):.1f} to {max(own):.1f}" for own in leads.values())
    told = " ".join(README.split())
    assert f"by {labels} points of accuracy in labels, and by {names} points" in told
    assert f"| {labels} points of accuracy behind on 300 sentences |" in told
    evidence = Evidence(Studies.below(ROOT / "studies"))
    (rule, *_) = CLAIMS["4.2"].comparison
    for corpus in PUBLISHED:
        for size in filter(None, evidence.pairs(match_of(rule, corpus))):
            for task in TASKS:
                one = decide_at(rule, corpus, task, size, evidence)
                assert one.interval[0] < MARGINS[SCORE_OF[task]], (corpus, size, task)


def test_how_sure_and_what_surprised_are_what_the_report_says():
    facts, told = Facts(STUDIES), " ".join(README.split())
    sure, early, both = (one.section(facts) for one in SECTIONS)
    later, first = sure["from_there"], sure["counts"][10]
    assert later["frozen"] == 0
    decided = (
        f"From 100 sentences on, {later['everything']} of {later['all']} comparisons"
    )
    assert (
        f"{decided} are decided, all for training" in told and not first["everything"]
    )
    assert f"with ten sentences none of {first['all']} is" in told
    epochs, short = early["epochs"][0], early["short"]["ner"]
    assert f"after {span(epochs, 0)} epochs on 300 sentences" in told
    assert min(short) > 0 and f"win by {span(short)} points of F1 in names" in told
    together = both["together"]
    helped = [one for one in together if one.task == "ner" and one.size == 300]
    gained = span(one.difference for one in helped)
    assert min(one.low for one in helped) > 0
    assert f"by {gained} points of F1 with 300, not clearly with 3,000" in told
    assert not any(one.first_better for one in together if one.size == 3000)


def test_the_table_of_ways_is_what_the_records_say():
    runs = mtl.study_table(ROOT / "studies" / "further")
    means = (
        100
        * runs[runs.train_size == 3000]
        .groupby(["arm", "corpus"])[["accuracy", "ner_f1"]]
        .mean()
    )
    alone = [means.ner_f1["3B", corpus] for corpus in FURTHER]
    assert "F1 {:.1f} on SNIPS and {:.1f} on HWU64, from 3,000".format(*alone) in README
    distilled = [means.loc["3A, lwf", corpus] for corpus in FURTHER]
    scores = [*(one.accuracy for one in distilled), *(one.ner_f1 for one in distilled)]
    assert "accuracy {:.1f} and {:.1f}, F1 {:.1f} and {:.1f}".format(*scores) in README
    falls = [
        -100 * one.difference
        for judged in judge_claims(ROOT / "studies", "3A.1")
        for one in judged.decisions
        if one.corpus in FURTHER and one.size == 3000
    ]
    assert "falls by {:.1f} and {:.1f} points".format(*falls) in README
