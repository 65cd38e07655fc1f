"""Raw text to words, by the one rule that all corpora here follow."""

import unicodedata


def split_words(text: str) -> list[str]:
    """Split text on white space, each punctuation mark or symbol a word of its own.

    `"don't, at 6:30"` gives `don ' t , at 6 : 30`. The text is put in NFC first; case
    is kept. BERT's basic tokeniser does the same (Devlin et al. 2019), but leaves
    symbols outside ASCII, such as a euro sign, joined to what stands beside them.
    """
    words: list[str] = []
    for piece in unicodedata.normalize("NFC", text).split():
        start = 0
        for at, character in enumerate(piece):
            if is_mark(character):
                words += [piece[start:at], character]
                start = at + 1
        words.append(piece[start:])
    return [word for word in words if word]


def is_mark(character: str) -> bool:
    """Whether a character is punctuation (P*) or a symbol (S*) of Unicode."""
    return unicodedata.category(character)[0] in "PS"
