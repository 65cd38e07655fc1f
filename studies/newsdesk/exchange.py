"""Variants of a sentence: each mention exchanged for another member of its class."""

import re
from collections.abc import Iterator, Mapping, Sequence

from studies.newsdesk.lexicon import Class, shuffled
from studies.newsdesk.marks import (
    FEWEST_WORDS,
    MOST_WORDS,
    Mention,
    Sentence,
    count_words,
)

TRIES = 30  # draws before a sentence is taken to have no further variant

Pieces = tuple[str | Mention, ...]


class Deck:
    """Members of a class, dealt one by one, all of them before any comes again."""

    def __init__(self, members: Sequence[str], part: str) -> None:
        self.members = members
        self.part = part
        self._left: list[str] = []
        self._rounds = 0

    def deal(self, taken: set[str]) -> str | None:
        """Return the next member that is not taken, None if all of them are."""
        for _ in range(2):
            for position, member in enumerate(self._left):
                if member not in taken:
                    return self._left.pop(position)
            self._rounds += 1
            part = f"{self.part}, round {self._rounds}"
            self._left += shuffled(self.members, part)
        return None


class Exchange:
    """Makes the variants of one split, from the members that serve it."""

    def __init__(self, split: str, serving: Mapping[Class, Sequence[str]]) -> None:
        self._decks = {
            kind: Deck(members, f"{split}, {kind.type}/{kind.name}")
            for kind, members in serving.items()
        }
        self.dealt: set[Mention] = set()  # what stands in the variants so far

    def variants(self, sentence: Sentence) -> Iterator[Pieces]:
        """Yield variants that differ from one another, as long as there are any.

        A sentence without mention is its only variant.
        """
        earlier: set[Pieces] = set()
        tries = TRIES
        while tries:
            exchanged = self._deal(sentence)
            tries -= 1
            if exchanged is None or exchanged in earlier:
                continue
            earlier.add(exchanged)
            self.dealt.update(one for one in exchanged if isinstance(one, Mention))
            tries = TRIES if sentence.mentions else 0
            yield exchanged

    def _deal(self, sentence: Sentence) -> Pieces | None:
        """One variant; None if members ran out or the sentence grew too long or short.

        A surface that comes twice with one type is exchanged for one and the same; two
        that differ stay different.
        """
        dealt: dict[Mention, Mention] = {}
        taken: set[str] = set()
        for mention in dict.fromkeys(sentence.mentions):
            member = self._decks[mention.kind].deal(taken)
            if member is None:
                return None
            taken.add(member)
            dealt[mention] = Mention(member, mention.kind)
        pieces = tuple(
            piece if isinstance(piece, str) else dealt[piece]
            for piece in sentence.pieces
        )
        return pieces if FEWEST_WORDS <= count_words(pieces) <= MOST_WORDS else None


# What may stand between the start of a sentence and its first word.
STARTS = re.compile(r"(?:^|[.?!][\"')]*\s)[\"'(\s]*$")
GENITIVE = re.compile(r"^'s(?!\w)")


def agree(pieces: Sequence[str | Mention]) -> list[str | Mention]:
    """Return the pieces with a capital where a mention opens a sentence, and "s'".

    "[last week] the court" gives "[Last week] the court". After a name of several
    words that ends in s and is no person's, the genitive is the mark alone:
    "[Copper Skies]'s makers" gives "[Copper Skies]' makers".
    """
    agreed: list[str | Mention] = []
    before = ""
    for piece in pieces:
        if isinstance(piece, Mention):
            if STARTS.search(before):
                first, rest = piece.surface[:1], piece.surface[1:]
                piece = piece._replace(surface=first.upper() + rest)
            before += piece.surface
        else:
            if agreed and _takes_bare_mark(agreed[-1]):
                piece = GENITIVE.sub("'", piece)
            before += piece
        agreed.append(piece)
    return agreed


def _takes_bare_mark(piece: str | Mention) -> bool:
    return (
        isinstance(piece, Mention)
        and piece.kind.type != "person"
        and piece.surface.endswith("s")
        and " " in piece.surface
    )
