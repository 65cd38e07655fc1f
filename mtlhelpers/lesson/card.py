"""The decision card: the text's advice as the verdicts support it, on one page.

Lesson: 08_what_should_i_freeze. Each row answers a question with what follows from the
verdicts on one claim; a verdict that was not reached gives no advice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mtlhelpers.lesson.report import places
from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts.claims import Decision
from mtlhelpers.study.verdicts.ledger import Judged

OPEN = {
    Verdict.UNDECIDED: "the runs do not decide",
    Verdict.NOT_TESTED: "not measured",
}


@dataclass(frozen=True)
class Row:
    """A question of the reader's, and its answer by the verdict on a claim."""

    claim: str
    question: str
    supported: str
    contradicted: str
    no_difference: str = "it makes no practical difference"

    def answers(self) -> Mapping[Verdict, str]:
        """The answer that each verdict gives."""
        return OPEN | {
            Verdict.SUPPORTED: self.supported,
            Verdict.CONTRADICTED: self.contradicted,
            Verdict.NO_DIFFERENCE: self.no_difference,
        }


CARD = (
    Row(
        "4.2",
        "About 300 labelled sentences: what trains?",
        "the heads alone; freeze the backbone",
        "everything",
        "the heads alone: they do as well, and cost less",
    ),
    Row(
        "4.3",
        "All sentences there are, some thousands: what trains?",
        "everything",
        "the heads alone; freeze the backbone",
        "the heads alone: they do as well, and cost less",
    ),
    Row(
        "4.4",
        "Does the border lie at about 10,000 sentences?",
        "yes, between 5,000 and 20,000",
        "no, elsewhere",
    ),
    Row(
        "2.3",
        "300 sentences, and afraid of overfitting: does a frozen backbone help?",
        "yes: a smaller gap, and no lower test score",
        "no: no smaller gap, or one that costs test score",
    ),
    Row(
        "2.2",
        "Is a step faster with a frozen backbone, and since fewer numbers are updated?",
        "yes",
        "no",
    ),
    Row(
        "2.4",
        "Does training everything lose what pre-training gave?",
        "yes, on a probe of another corpus; a frozen backbone keeps it",
        "no, it even gains on a probe of another corpus",
    ),
    Row(
        "4.1",
        "3,000 labelled sentences: start from pre-trained weights?",
        "yes",
        "no, random ones do better",
    ),
    Row(
        "4.5",
        "One model for both tasks, everything trained?",
        "yes, it scores higher than one for each",
        "only to save room: it scores lower than one for each",
        "as you like: it scores as one for each does",
    ),
    Row(
        "3A.1",
        "A trained head is frozen, the backbone trains on: is the head safe?",
        "no, its task loses",
        "yes, it even gains",
        "yes",
    ),
    Row(
        "3A.4",
        "And with learning without forgetting?",
        "its task keeps more than without",
        "its task keeps less than without",
    ),
    Row(
        "3A.3",
        "A lower rate for the backbone than for the head?",
        "yes, it beats the best shared rate",
        "no, the best shared rate beats it",
    ),
    Row(
        "3B.2",
        "Head and backbone both frozen: is the head safe?",
        "yes, to the last bit",
        "no",
    ),
)


def decision_card(judged: Iterable[Judged]) -> str:
    """The card as a table in Markdown: question, answers with their places, claim."""
    found = {one.claim.id: one for one in judged}
    lines = ["| your question | what the runs say | claim |", "|---|---|---|"]
    for row in CARD:
        if row.claim in found:
            said = answer(row, found[row.claim].decisions)
            lines.append(f"| {row.question} | {said} | {row.claim} |")
    return "\n".join(lines)


def answer(row: Row, decisions: Sequence[Decision]) -> str:
    """Each answer with the places that give it; what is not measured comes last."""
    given: dict[str, list[Decision]] = {}
    for one in sorted(decisions, key=lambda one: one.verdict is Verdict.NOT_TESTED):
        given.setdefault(row.answers()[one.verdict], []).append(one)
    if len(given) == 1:
        return f"**{next(iter(given))}** (everywhere: {places(decisions, decisions)})"
    return "; ".join(
        f"**{said}** ({places(own, decisions)})" for said, own in given.items()
    )
