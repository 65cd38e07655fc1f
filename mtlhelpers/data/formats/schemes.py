"""Schemes of tagging, found out and turned into IOB2, the one of a corpus.

IOB2 begins every span with B-. IOB1 does so only where a span touches one of its type
(Ramshaw and Marcus 1995). IOBES and BILOU also mark ends and single words (Ratinov and
Roth 2009).
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

SCHEMES = ("IOB2", "IOB1", "IOBES", "BILOU")
_BILOU = str.maketrans("LU", "ES")
_ENDS = {"E": "I", "S": "B"}


def find_scheme(sentences: Iterable[Sequence[object]]) -> str:
    """Return the scheme that the fewest sentences offend, the first of these."""
    tagged = [list(map(str, tags)) for tags in sentences]
    faulty = {}
    for scheme in SCHEMES:
        faulty[scheme] = sum(not _fits(tags, scheme) for tags in tagged)
        if not faulty[scheme]:
            return scheme
    return min(SCHEMES, key=lambda scheme: faulty[scheme])


def to_iob2(tags: Sequence[str], scheme: str) -> list[str]:
    """Return the tags in IOB2; `B_x` as B-x; what does not fit stays as it is."""
    plain = _with_hyphens(tags)
    if scheme == "IOB2" or not _fits(plain, scheme):
        return plain
    if scheme == "IOB1":
        return [
            f"B-{tag[2:]}" if tag[0] == "I" and before[2:] != tag[2:] else tag
            for before, tag in pairwise(["O", *plain])
        ]
    return [_ENDS.get(mark := _mark(tag, scheme), mark) + tag[1:] for tag in plain]


def scheme_fault(tags: Sequence[str], scheme: str) -> str | None:
    """Say where tags break a scheme that marks ends; None where they do not.

    IOB1 cannot be told from IOB2 there, and what breaks IOB2 is said of every corpus.
    """
    if scheme not in ("IOBES", "BILOU"):
        return None
    plain = [*_with_hyphens(tags), "O"]
    for position, (before, tag) in enumerate(pairwise(["O", *plain]), start=1):
        if not _follows(before, tag, scheme):
            shown = tag if position < len(plain) else "the end"
            return (
                f"tag {position} is {shown!r} after {before!r}, which {scheme} forbids"
            )
    return None


def _with_hyphens(tags: Sequence[str]) -> list[str]:
    return [f"{tag[0]}-{tag[2:]}" if tag[1:2] == "_" else tag for tag in tags]


def _fits(tags: Sequence[str], scheme: str) -> bool:
    plain = ["O", *_with_hyphens(tags), "O"]
    return all(_follows(before, tag, scheme) for before, tag in pairwise(plain))


def _mark(tag: str, scheme: str) -> str:
    return tag[:1].translate(_BILOU) if scheme == "BILOU" else tag[:1]


@cache
def _follows(before: str, tag: str, scheme: str) -> bool:
    """Whether a tag may stand after another one."""
    if tag != "O" and (tag[1:2] != "-" or not tag[2:]):
        return False
    mark, last = _mark(tag, scheme), _mark(before, scheme)
    same = before[2:] == tag[2:]
    if scheme == "IOB2":
        return mark in "OB" or (mark == "I" and same)
    if scheme == "IOB1":
        return mark in "OI" or (mark == "B" and same)
    if scheme == "BILOU" and (tag[:1] in "ES" or before[:1] in "ES"):
        return False
    if last in "BI":
        return mark in "IE" and same
    return mark in "OBS"
