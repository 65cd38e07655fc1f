"""Every statement under test with its verdicts, and the runs behind each."""

from collections.abc import Iterator
from typing import Any

from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts.decisions import Decision, Judged
from report.facts import Facts
from report.gaps import decided
from report.words import SIGNS, TASK_WORDS, corpus_name, plain


def section(facts: Facts) -> dict[str, Any]:
    """Return the statements in order, each with its rows."""
    return {
        "entries": [entry(facts, one) for one in facts.judged.values()],
        "verdicts": [(str(one), SIGNS[one]) for one in Verdict],
        "counts": {
            str(verdict): sum(one.verdicts[verdict] for one in facts.judged.values())
            for verdict in Verdict
        },
    }


def entry(facts: Facts, judged: Judged) -> dict[str, Any]:
    """Return a statement: what decides it, its rows, how to run one again."""
    rows = [row(facts, one) for one in judged.decisions]
    tested = [one for one in rows if one["verdict"] != Verdict.NOT_TESTED]
    again = next((one["again"] for one in tested if one["again"]), None)
    return {
        "id": judged.claim.id,
        "statement": judged.claim.statement,
        "decided_by": judged.claim.decided_by,
        "opposite": judged.claim.opposite,
        "tested": tested,
        "open": len(rows) - len(tested),
        "why_open": next((d.said for d in judged.decisions if not d.records), ""),
        "summary": [
            (str(verdict), SIGNS[verdict], judged.verdicts[verdict])
            for verdict in Verdict
            if judged.verdicts[verdict]
        ],
        "commands": list(commands(judged, again)),
    }


def commands(judged: Judged, again: str | None) -> Iterator[str]:
    """Yield what shows the records, and what makes one of them, or the check, again."""
    command = f"python -m mtlhelpers claims {judged.claim.id}"
    yield f"{command} --fresh" if judged.claim.check else command
    if again:
        yield again


def row(facts: Facts, one: Decision) -> dict[str, Any]:
    """Return a verdict with its difference, sizes, seeds and runs."""
    gap = decided(one)
    where = corpus_name(one.corpus, one.task) + (f", {one.at}" if one.at else "")
    study = facts.homes[one.records[0]] if one.records else ""
    return {
        "where": where,
        "task": TASK_WORDS.get(one.task, one.task),
        "size": plain(one.size, 0) if one.size else "any",
        "seeds": one.seeds,
        "found": str(gap) if gap else one.said,
        "said": one.said,
        "verdict": one.verdict,
        "sign": SIGNS[one.verdict],
        "checked": one.checked,
        "runs": by_study(facts, one.records),
        "count": len(one.records),
        "again": f"python -m mtlhelpers rerun studies/{study} {one.records[0]}"
        if study
        else "",
    }


def by_study(facts: Facts, ids: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the ids of runs by the study that keeps them."""
    found: dict[str, list[str]] = {}
    for key in ids:
        found.setdefault(facts.homes[key], []).append(key)
    return found
