"""Which hand-written sentences serve train, validation and test."""

from collections.abc import Sequence

from mtlhelpers.data.newsdesk.marks import Sentence
from mtlhelpers.data.newsdesk.shuffling import shuffled

# Of 32 sentences of a topic; the first to be served comes first.
SHARES = {"train": 20, "test": 9, "validation": 3}


def split_topic(sentences: Sequence[Sentence]) -> dict[str, list[Sentence]]:
    """Divide the sentences of a topic, those without a mention in like shares.

    The draw depends on the name of the topic and on nothing outside its file.
    """
    splits: dict[str, list[Sentence]] = {split: [] for split in SHARES}
    topic = sentences[0].topic
    in_order = sorted(shuffled(sentences, f"{topic}, splits"), key=_has_mention)
    for count, sentence in enumerate(in_order, start=1):
        # The split that is furthest behind its share.
        behind = {
            split: share * count - sum(SHARES.values()) * len(splits[split])
            for split, share in SHARES.items()
        }
        splits[max(behind, key=behind.__getitem__)].append(sentence)
    return splits


def _has_mention(sentence: Sentence) -> bool:
    return bool(sentence.mentions)
