"""Text of others, shown so that no terminal obeys it."""

import re

# What a terminal obeys instead of showing it: control characters but tab and newline,
# marks that turn the direction of writing, and halves of characters.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff]"
)


def escaped(text: str) -> str:
    """Spell out what a terminal would obey: the escape character as `\\x1b`."""
    return UNSEEN.sub(lambda match: ascii(match[0])[1:-1], text)
