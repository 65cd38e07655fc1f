"""Spans in a row of BIO tags, as the CoNLL scorer reads them."""

from collections.abc import Sequence

from seqeval.metrics.sequence_labeling import get_entities


def spans_of(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """The spans as (start, end, type), `end` exclusive.

    Lenient, as conlleval: an `I-x` that nothing opened starts a span of its own.
    """
    return [(start, end + 1, kind) for kind, start, end in get_entities(list(tags))]
