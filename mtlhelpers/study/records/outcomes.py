"""What came of each test sentence, in a form that a record can hold.

Statistics draw test sentences again, so a record needs every one of them, and a study
has hundreds of records.
"""

import re

from mtlhelpers.study.errors import RecordError
from mtlhelpers.training.run import Outcomes

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
VALUES = bytes.maketrans(DIGITS.encode(), bytes(range(len(DIGITS))))
COUNT = re.compile(r"[0-9a-z]|\(\d+\)")  # (36) and above are written out
SPANS = ("true_spans", "predicted_spans", "correct_spans")


def pack_outcomes(outcomes: Outcomes) -> dict[str, str]:
    """A character a sentence: 1, 0 or - for the label, base 36 for a count of spans.

    A count of 36 or more, which a long sentence may have, stands in parentheses.
    """
    marks = {True: "1", False: "0", None: "-"}
    return {
        "label_right": "".join(marks[right] for right in outcomes.label_right),
        **{key: "".join(map(_count, getattr(outcomes, key))) for key in SPANS},
    }


def unpack_outcomes(packed: dict[str, str]) -> Outcomes:
    """What `pack_outcomes` packed. Raises `RecordError` for what are no counts."""
    marks = {"1": True, "0": False, "-": None}
    spans = {key: _counts(packed[key]) for key in SPANS}
    return Outcomes(label_right=[marks[m] for m in packed["label_right"]], **spans)


def _count(number: int) -> str:
    return DIGITS[number] if number < len(DIGITS) else f"({number})"


def _counts(packed: str) -> list[int]:
    if not packed.strip(DIGITS):  # one character each: nearly every record
        return list(packed.encode().translate(VALUES))
    found = COUNT.findall(packed)
    if "".join(found) != packed:
        raise RecordError(f"{packed[:20]!r} are no counts of spans")
    return [int(one[1:-1]) if one[0] == "(" else DIGITS.index(one) for one in found]


def unpack_labels(packed: str) -> Outcomes:
    """Outcomes of sentences of which only labels were asked for."""
    none = dict.fromkeys(SPANS, "0" * len(packed))
    return unpack_outcomes({"label_right": packed} | none)
