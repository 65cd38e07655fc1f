"""The rows of newsdesk: sentences dealt to the splits, and variants of each in turn.

    python -m studies.newsdesk.build

writes them into the package. Hand-written sentences (`sentences/<topic>.txt`) hold
inline marks; lists of words (`lists/<type>/<class>.txt`) say what a marked word may be
exchanged for. The data card is mtlhelpers/data/newsdesk/README.md.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pyarrow.parquet as pq

from mtlhelpers.data.corpus import FEATURES, SPLITS, build_corpus
from mtlhelpers.data.published.registry import NEWSDESK_ROWS
from mtlhelpers.data.rows import Row
from studies.newsdesk.exchange import Exchange, Pieces, agree
from studies.newsdesk.lexicon import Class, Lexicon, read_lexicon, shuffled
from studies.newsdesk.marks import (
    Mention,
    Sentence,
    read_sentences,
    words_and_tags,
)

FOLDER = Path(__file__).parent
# Of 32 sentences of a topic; the first to be served comes first.
SHARES = {"train": 20, "test": 9, "validation": 3}
# Rows made of 2,240 hand-written sentences; of more or fewer, rows in proportion.
ROWS = {"train": 12_600, "validation": 600, "test": 1_200}
SENTENCES = 2_240


def build_newsdesk(folder: Path = FOLDER) -> dict[str, list[Row]]:
    """Return the rows of train, validation and test, as `build_corpus` takes them.

    The group of a row is its hand-written sentence ("politics-017"), which serves one
    split; the label is the topic, the name of the sentence's file.

    Args:
        folder: holds `sentences/<topic>.txt` and `lists/<type>/<class>.txt`.

    Raises:
        CorpusError: for the first fault in a file, with file, line and column.
    """
    lexicon = read_lexicon(folder / "lists")
    sentences = read_splits(folder, lexicon)
    total = sum(map(len, sentences.values()))
    parts = lexicon.divide()
    rows: dict[str, list[Row]] = {}
    spent: set[Mention] = set()
    for split in ("test", "validation", "train"):
        if split == "train":
            _add_unspent(parts, lexicon, spent)
        exchange = Exchange(split, {kind: parts[kind][split] for kind in parts})
        size = round(ROWS[split] * total / SENTENCES)
        rows[split] = _make_rows(split, sentences[split], exchange, size)
        spent |= exchange.dealt
    return rows


def read_splits(folder: Path, lexicon: Lexicon) -> dict[str, list[Sentence]]:
    """Return the hand-written sentences of each split, topic by topic."""
    splits: dict[str, list[Sentence]] = {split: [] for split in SHARES}
    for sentences in read_sentences(folder / "sentences", lexicon).values():
        for split, own in split_topic(sentences).items():
            splits[split] += own
    return splits


def split_topic(sentences: Sequence[Sentence]) -> dict[str, list[Sentence]]:
    """Divide the sentences of a topic, those without a mention in like shares.

    The draw depends on the name of the topic and on nothing outside its file.
    """
    splits: dict[str, list[Sentence]] = {split: [] for split in SHARES}
    topic = sentences[0].topic
    drawn = shuffled(sentences, f"{topic}, splits")
    in_order = sorted(drawn, key=lambda sentence: bool(sentence.mentions))
    for count, sentence in enumerate(in_order, start=1):
        # The split that is furthest behind its share.
        behind = {
            split: share * count - sum(SHARES.values()) * len(splits[split])
            for split, share in SHARES.items()
        }
        splits[max(behind, key=behind.__getitem__)].append(sentence)
    return splits


def _add_unspent(
    parts: Mapping[Class, dict[str, list[str]]], lexicon: Lexicon, spent: set[Mention]
) -> None:
    """Give train the members that were kept for test or validation but not needed."""
    for kind, members in lexicon.members.items():
        own = set(parts[kind]["train"])
        parts[kind]["train"] += [
            member
            for member in members
            if member not in own and Mention(member, kind) not in spent
        ]


def _make_rows(
    split: str, sentences: Sequence[Sentence], exchange: Exchange, size: int
) -> list[Row]:
    """Take variants of all sentences in turn, one from each, until there are `size`.

    A sentence without mention has one variant, so the others give more. There are
    fewer rows if the variants run out.
    """
    sources = [
        (sentence, exchange.variants(sentence))
        for sentence in shuffled(sentences, f"{split}, order")
    ]
    rows: list[Row] = []
    turn = 0
    while sources and len(rows) < size:
        turn += 1
        room = size - len(rows)
        left = []
        for sentence, variants in sources[:room]:
            pieces = next(variants, None)
            if pieces is not None:
                rows.append(_row(split, sentence, turn, pieces))
                left.append((sentence, variants))
            elif turn == 1:
                _fail_for_want_of_members(sentence)
        sources = left + sources[room:]
    return rows


def _fail_for_want_of_members(sentence: Sentence) -> NoReturn:
    kinds = sorted({f"{one.kind.type}/{one.kind.name}" for one in sentence.mentions})
    lists = ", ".join(f"lists/{kind}.txt" for kind in kinds)
    sentence.line.fail(
        1,
        "no other words fit its marks: too few are listed, or they are too long",
        f"Add to {lists}",
    )


def _row(split: str, sentence: Sentence, turn: int, pieces: Pieces) -> Row:
    words, tags = words_and_tags(agree(pieces))
    row_id = f"newsdesk-{split}-{sentence.group}-{turn}"
    line = sentence.line
    place = f"{line.path}, line {line.number}"
    return Row(row_id, words, tags, sentence.topic, sentence.group, place)


def write_rows(path: Path, folder: Path = FOLDER) -> None:
    """Write the rows as Parquet, a row group per split."""
    splits = build_corpus("newsdesk", build_newsdesk(folder)).splits
    with pq.ParquetWriter(
        path, FEATURES.arrow_schema, compression="zstd", write_page_checksum=True
    ) as writer:
        for split in SPLITS:
            writer.write_table(splits[split].with_format("arrow")[:])


if __name__ == "__main__":
    write_rows(NEWSDESK_ROWS)
