"""Small grammar that an exchange upsets: a capital at the start, a genitive after s."""

import re
from collections.abc import Sequence

from mtlhelpers.data.newsdesk.marks import Mention

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
