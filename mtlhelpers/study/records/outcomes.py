"""What came of each test sentence, in a form that a record can hold.

Statistics draw test sentences again, so a record needs every one of them, and a study
has hundreds of records.
"""

import re

from mtlhelpers.study.errors import RecordError
from mtlhelpers.training.scores import Outcomes

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
VALUES = bytes.maketrans(DIGITS.encode(), bytes(range(len(DIGITS))))
_COUNT = re.compile(r"[0-9a-z]|\(\d+\)")  # (36) and above are written out
MARKS: dict[bool | None, str] = {True: "1", False: "0", None: "-"}
_RIGHT = {mark: right for right, mark in MARKS.items()}
SPANS = ("true_spans", "predicted_spans", "correct_spans")


def pack_outcomes(outcomes: Outcomes) -> dict[str, str]:
    """Return one character per sentence: 1, 0 or - for the label, base 36 for spans.

    A count of 36 or more, which a long sentence may have, stands in parentheses.
    """
    return {
        "label_right": "".join(MARKS[right] for right in outcomes.label_right),
        **{key: "".join(map(_count, getattr(outcomes, key))) for key in SPANS},
    }


def unpack_outcomes(packed: dict[str, str]) -> Outcomes:
    """Return what `pack_outcomes` packed. Raises `RecordError` for what is not that."""
    return Outcomes(
        [_RIGHT[mark] for mark in packed["label_right"]],
        *(_counts(packed[key]) for key in SPANS),
    )


def are_outcomes(packed: dict[str, str]) -> bool:
    """Return whether these are packed outcomes, of as many sentences in each column."""
    labels = packed["label_right"]
    return not labels.strip("01-") and {len(labels)} == {
        len(text) if not text.strip(DIGITS) else len(_counts(text))
        for text in map(packed.__getitem__, SPANS)
    }


def unpack_labels(packed: str) -> Outcomes:
    """Return the outcomes of sentences of which only labels were asked for."""
    none = dict.fromkeys(SPANS, "0" * len(packed))
    return unpack_outcomes({"label_right": packed} | none)


def _count(number: int) -> str:
    return DIGITS[number] if number < len(DIGITS) else f"({number})"


def _counts(packed: str) -> list[int]:
    if not packed.strip(DIGITS):  # one character each: nearly every record
        return list(packed.encode().translate(VALUES))
    counts = _COUNT.findall(packed)
    if "".join(counts) != packed:
        raise RecordError(f"{packed[:20]!r} are no counts of spans")
    return [int(one[1:-1]) if one[0] == "(" else DIGITS.index(one) for one in counts]
