"""Lengths in word pieces, and words that the vocabulary does not know.

Without torch: the vocabulary of minilm, which all named backbones share, is read by
`tokenizers`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from mtlhelpers.data.rows import Row
from mtlhelpers.errors import BackboneError
from mtlhelpers.inspection.findings import SHOWN, Finding
from mtlhelpers.model.backbone_files import find_folder

PIECE_LIMIT = 128  # that are read of a sentence, unless `max_length` says more

MANY_UNKNOWN = 0.01  # of the word pieces


@dataclass(frozen=True)
class PieceCounts:
    """Word pieces per sentence, [CLS] and [SEP] included."""

    mean: float
    most: int  # nine of ten sentences have no more
    longest: int
    total: int  # without [CLS] and [SEP], as `unknown`
    cut: dict[str, int]  # sentences over the limit, by split
    unknown: int
    unknown_words: dict[str, int]

    def __str__(self) -> str:
        share = self.unknown / max(1, self.total)
        return (
            f"{self.mean:.1f} per sentence, nine of ten up to {self.most}, the longest "
            f"{self.longest} (limit {PIECE_LIMIT}); {share:.2%} unknown"
        )


def count_pieces(splits: Mapping[str, Sequence[Row]]) -> PieceCounts | None:
    """Count the word pieces of all sentences; None without minilm's vocabulary."""
    try:
        vocabulary = find_folder("minilm", local_only=True) / "vocab.txt"
    except BackboneError:
        return None
    from tokenizers import BertWordPieceTokenizer

    tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=True)
    unknown: Counter[str] = Counter()
    lengths: list[int] = []
    cut: Counter[str] = Counter()
    for split, rows in splits.items():
        words = [row.tokens for row in rows]
        for own, found in zip(
            words, tokenizer.encode_batch(words, is_pretokenized=True), strict=True
        ):
            lengths.append(len(found.ids))
            cut[split] += lengths[-1] > PIECE_LIMIT
            at = [i for i, piece in enumerate(found.tokens) if piece == "[UNK]"]
            unknown.update(own[found.word_ids[i]] for i in at)
    return PieceCounts(
        mean=mean(lengths or [0]),
        most=sorted(lengths or [0])[len(lengths) * 9 // 10],
        longest=max(lengths, default=0),
        total=sum(lengths) - 2 * len(lengths),
        cut=dict(+cut),
        unknown=unknown.total(),
        unknown_words=dict(unknown.most_common()),
    )


def find_in_pieces(pieces: PieceCounts | None) -> Iterator[Finding]:
    """Yield what is too long, and whether much is unknown."""
    if pieces is None:
        remedy = "`mtlhelpers doctor` says how to get it"
        yield Finding(False, "word pieces are left out: minilm is not here", remedy)
        return
    if pieces.cut:
        where = ", ".join(f"{split} {count:,}" for split, count in pieces.cut.items())
        yield Finding(
            False,
            f"sentences longer than {PIECE_LIMIT} word pieces, whose rest is not read: "
            f"{where}",
            "Split them, or raise the model's `max_length` from Python",
        )
    if pieces.unknown > MANY_UNKNOWN * pieces.total:
        words = [f"{word}: {n:,}" for word, n in pieces.unknown_words.items()]
        yield Finding(
            False,
            f"{pieces.unknown / pieces.total:.1%} of the word pieces are unknown to "
            "minilm, as emoji and other scripts are",
            "Write them out, or take a backbone of that language",
            len(words),
            words[:SHOWN],
        )
