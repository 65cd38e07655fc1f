"""From text in marked segments to tokens and tags."""

from collections.abc import Iterable

from mtlhelpers.data.words import split_words


def tag_segments(
    segments: Iterable[tuple[str, str | None]],
) -> tuple[list[str], list[str]]:
    """Return tokens and BIO tags of a sentence that comes in segments.

    Args:
        segments: pieces of the text in order, each with the type of the span that it
            is, or None. A token never reaches over the edge of a segment, so that spans
            which the source sets side by side without a space stay apart.
    """
    tokens: list[str] = []
    tags: list[str] = []
    for text, span_type in segments:
        for position, word in enumerate(split_words(text)):
            tokens.append(word)
            mark = "I" if position else "B"
            tags.append(f"{mark}-{span_type}" if span_type else "O")
    return tokens, tags
