"""The decision card: the text's advice as the verdicts support it, on one page.

Lesson: 08_what_should_i_freeze. Each row answers a question with what follows from the
verdicts on one claim; a verdict that was not reached gives no advice.
"""

from collections.abc import Iterable, Sequence

from mtlhelpers.lesson.report import places
from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts.claims import CARD, Claim
from mtlhelpers.study.verdicts.decisions import Decision, Judged

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
