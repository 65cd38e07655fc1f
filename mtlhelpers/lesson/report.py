"""Claims and their verdicts as tables and sentences; none of them is written by hand.

Lesson: 08_what_should_i_freeze.
"""

from collections.abc import Iterable, Sequence

import pandas as pd

from mtlhelpers.study.statistics import Verdict
from mtlhelpers.study.verdicts import Judged


def claim_table(judged: Iterable[Judged]) -> pd.DataFrame:
    """One row a decision: claim, corpus, task, size, verdict, and what was found.

    `records` has the ids behind it, none where a check ran afresh.
    """
    columns = ("claim", "corpus", "task", "size", "verdict", "found", "records")
    rows = [
        (
            one.claim.id,
            decision.corpus,
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
        where = [
            _place(decision.corpus, decision.task)
            for decision in judged.decisions
            if decision.verdict is verdict
        ]
        if where:
            parts.append(f"**{verdict}**{_listed(list(dict.fromkeys(where)))}")
    return f"{judged.claim.id}: {'; '.join(parts)}."


def _place(corpus: str, task: str) -> str:
    return f"on {corpus}" if task == "both" else f"on {corpus} ({task})"


def _listed(places: Sequence[str]) -> str:
    if places == ["on -"]:  # of no corpus at all
        return ""
    return " " + ", ".join(places)
