"""From scores to tags: the best path, and the best one that BIO allows.

Shapes: W words of B sequences, one after another; G tags. An `I-x` may follow `B-x` or
`I-x` alone. A sequence ends where a sentence does, or at a word without a word piece.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from torch import Tensor

from mtlhelpers.model.heads.kinds import Head, crf_of


class WordTags(NamedTuple):
    """The numbers of the best tags, (W,) each: of each word, and of what BIO allows."""

    best: np.ndarray
    legal: np.ndarray


def tag_words(
    head: Head, scores: Tensor, kept_words: Sequence[np.ndarray], tags: Sequence[str]
) -> WordTags:
    """Choose tags by the scores of words, (W, G), that a head gave.

    kept_words: the numbers of each sentence's words, (K,). Without a CRF the best tag
    is that of each word by itself, with one that of the best path.
    """
    known, crf = scores.detach().cpu().double().numpy(), crf_of(head)
    if crf is None:
        links, best = None, scores.argmax(-1).cpu().numpy()
    else:
        learned = (crf.start, crf.transitions)
        links = Links(*(t.detach().cpu().double().numpy() for t in learned))
        best = viterbi(known, np.array([len(kept) for kept in kept_words]), links)
    return WordTags(best, legal_tags(best, known, _runs(kept_words), tags, links))


def tag_shares(head: Head, scores: Tensor, lengths: Tensor) -> Tensor:
    """Return each tag's probability at each word, (W, G); lengths: (B,)."""
    crf = crf_of(head)
    return scores.softmax(-1) if crf is None else crf.marginals(scores, lengths)


def _runs(kept_words: Sequence[np.ndarray]) -> np.ndarray:
    """Count the words that follow each other without one that is missing."""
    whole = np.concatenate([*kept_words, np.zeros(0, dtype=np.int64)])  # (W,)
    begins = np.diff(whole, prepend=-2) != 1
    begins[
        np.cumsum([0, *map(len, kept_words)])[:-1][[len(k) > 0 for k in kept_words]]
    ] = True
    return np.diff(np.flatnonzero([*begins, True]))


class Links(NamedTuple):
    """What a first tag, (G,), and a tag after another, (G, G), add to a path."""

    start: np.ndarray
    after: np.ndarray  # from row to column


@cache
def bio_links(tags: tuple[str, ...]) -> Links:
    """Return minus infinity for what BIO forbids, else 0.

    An `I-x` in tags without `B-x` is free.
    """
    inside = [tag.startswith("I-") and f"B-{tag[2:]}" in tags for tag in tags]
    same = np.array([[one[2:] == other[2:] for other in tags] for one in tags])
    outside = np.array([tag == "O" for tag in tags])
    allowed = ~np.array(inside) | (same & ~outside[:, None])  # (G, G)
    return Links(np.where(inside, -np.inf, 0.0), np.where(allowed, 0.0, -np.inf))


def legal_tags(
    best: np.ndarray,
    scores: np.ndarray,
    lengths: np.ndarray,
    tags: Sequence[str],
    learned: Links | None = None,
) -> np.ndarray:
    """Replace paths that BIO forbids by the best one it allows, (W,).

    best: (W,), the best tags without a rule; scores: (W, G); `learned` links are a
    CRF's. A path that is legal already is the best of the legal ones.
    """
    rule, ends = bio_links(tuple(tags)), np.cumsum(lengths)
    broken = ~np.isfinite(rule.after[best[:-1], best[1:]])  # (W - 1,)
    bad = np.concatenate([[False], broken])[: len(best)]
    first = (ends - lengths)[lengths > 0]
    bad[first] = ~np.isfinite(rule.start[best[first]])
    sequence = np.repeat(np.arange(len(lengths)), lengths)  # (W,)
    again = np.unique(sequence[bad])
    if not len(again):
        return best
    chosen = np.isin(sequence, again)
    links = rule if learned is None else Links(*map(np.add, rule, learned))
    found = best.copy()
    found[chosen] = viterbi(scores[chosen], lengths[again], links)
    return found


def viterbi(scores: np.ndarray, lengths: np.ndarray, links: Links) -> np.ndarray:
    """Find the path of highest sum in each sequence (Viterbi 1967), (W,).

    scores: (W, G). All sequences go ahead together, word by word; the longest come
    first, so those that still have a word are the first ones.
    """
    order = np.argsort(-lengths, kind="stable")
    starts, counts = (np.cumsum(lengths) - lengths)[order], lengths[order]
    longest = int(counts.max(initial=0))
    active = [int((counts > at).sum()) for at in range(longest)]
    best = np.zeros(len(scores), dtype=np.int64)
    ahead = np.zeros((len(counts), scores.shape[1]))
    came: list[np.ndarray] = []  # from which tag each tag at a word is reached best
    for at, still in enumerate(active):
        here = scores[starts[:still] + at]  # (still, G)
        if at == 0:
            ahead[:still] = links.start + here
            continue
        paths = ahead[:still, :, None] + links.after  # (still, G, G)
        came.append(paths.argmax(1))  # (still, G)
        reached = np.take_along_axis(paths, came[-1][:, None], 1)  # (still, 1, G)
        ahead[:still] = reached[:, 0] + here
    tags = ahead.argmax(-1)  # (B,) the last tag of each
    for at in range(longest - 1, -1, -1):
        rows = np.arange(active[at])
        best[starts[rows] + at] = tags[rows]
        if at:
            tags[rows] = came[at - 1][rows, tags[rows]]
    return best
