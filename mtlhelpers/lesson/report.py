"""Claims and their verdicts as tables and sentences; none of them is written by hand.

Lesson: 08_what_should_i_freeze.
"""

from collections.abc import Iterable

import pandas as pd

from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts.decisions import Decision, Judged


def claim_table(judged: Iterable[Judged]) -> pd.DataFrame:
    """One row a decision: claim, corpus, task, size, verdict, and what was found.

    `records` has the ids behind it, none where a check ran afresh.
    """
    columns = ("claim", "corpus", "task", "size", "verdict", "found", "records")
    rows = [
        (
            one.claim.id,
            decision.where,
            decision.task,
            decision.size,
            str(decision.verdict),
            decision.said,
            decision.records,
        )
        for one in judged
        for decision in one.decisions
    ]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"size": "Int64"})


def claim_overview(judged: Iterable[Judged]) -> pd.DataFrame:
    """One row a claim: its lesson, and how often each verdict was given.

    `records` counts the different runs behind it.
    """
    rows = [
        {
            "claim": one.claim.id,
            "statement": one.claim.statement,
            "lesson": one.claim.lesson,
            **{str(verdict): one.verdicts[verdict] for verdict in Verdict},
            "records": len({key for d in one.decisions for key in d.records}),
        }
        for one in judged
    ]
    names = ["claim", "statement", "lesson", *map(str, Verdict), "records"]
    return pd.DataFrame(rows, columns=names).set_index("claim")


def verdict_sentence(judged: Judged) -> str:
    """What became of a claim, by verdict, with the places: never an average of them."""
    parts = []
    for verdict in Verdict:
        own = [one for one in judged.decisions if one.verdict is verdict]
        if own:
            where = places(own, judged.decisions)
            parts.append(f"**{verdict}**" + (f" on {where}" if where else ""))
    return f"{judged.claim.id}: {'; '.join(parts)}."


def places(some: Iterable[Decision], among: Iterable[Decision]) -> str:
    """The corpora of some decisions, with tasks where a corpus has others as well."""
    told, every = _tasks(some), _tasks(among)
    return ", ".join(
        corpus if tasks == every[corpus] else f"{corpus} ({', '.join(tasks)})"
        for corpus, tasks in told.items()
    )


def _tasks(decisions: Iterable[Decision]) -> dict[str, list[str]]:
    """Tasks by corpus; a claim that nothing decides is of no corpus."""
    found: dict[str, list[str]] = {}
    for one in decisions:
        if one.corpus != "-":
            found.setdefault(one.where, []).append(one.task)
    return found
