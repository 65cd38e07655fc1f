"""Claims and their verdicts as tables and sentences; none of them is written by hand.

Lesson: 08_what_should_i_freeze.
"""

from collections.abc import Iterable, Sequence

import pandas as pd

from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts.claims import CARD, Claim
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


OPEN = {
    Verdict.UNDECIDED: "the runs do not decide",
    Verdict.NOT_TESTED: "not measured",
}


def decision_card(judged: Iterable[Judged]) -> str:
    """The card as a table in Markdown: question, answers with their places, claim."""
    rows = {one.claim.id: one for one in judged}
    lines = ["| your question | what the runs say | claim |", "|---|---|---|"]
    for key in CARD:
        if key in rows:
            claim, decisions = rows[key]
            said = answer(claim, decisions)
            lines.append(f"| {claim.question} | {said} | {key} |")
    return "\n".join(lines)


def answer(claim: Claim, decisions: Sequence[Decision]) -> str:
    """Each answer with the places that give it; what is not measured comes last."""
    given: dict[str, list[Decision]] = {}
    for one in sorted(decisions, key=lambda one: one.verdict is Verdict.NOT_TESTED):
        given.setdefault(answers(claim)[one.verdict], []).append(one)
    if len(given) == 1:
        return f"**{next(iter(given))}** (everywhere: {places(decisions, decisions)})"
    return "; ".join(
        f"**{said}** ({places(own, decisions)})" for said, own in given.items()
    )


def answers(claim: Claim) -> dict[Verdict, str]:
    """The answer that each verdict on a claim gives."""
    return OPEN | {
        Verdict.SUPPORTED: claim.answers.supported,
        Verdict.CONTRADICTED: claim.answers.contradicted,
        Verdict.NO_DIFFERENCE: claim.answers.no_difference,
    }
