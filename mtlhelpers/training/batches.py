"""Which sentences go together in a step."""

import numpy as np

POOL = 32  # batches whose sentences are sorted by length together


def bucketed_batches(
    lengths: np.ndarray, batch_size: int, order: np.random.Generator
) -> list[np.ndarray]:
    """Every sentence once, in random batches of sentences of like length.

    Sentences are shuffled, sorted within pools of 32 batches, cut, and the batches
    shuffled: little padding, and still a random order. Drawn from `order` alone.
    """
    shuffled = order.permutation(len(lengths))
    pool = batch_size * POOL
    batches = []
    for start in range(0, len(shuffled), pool):
        rows = shuffled[start : start + pool]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in order.permutation(len(batches))]


def equal_length_batches(lengths: np.ndarray, pieces: int = 512) -> list[np.ndarray]:
    """Every sentence once, sentences of one length together: no padding at all.

    `pieces` bounds the word pieces of a batch. For passes without training. The largest
    batches come first, so that the memory of one serves the next; 512 pieces take half
    the memory of 1,024, and a tenth more time.
    """
    batches = []
    for length in np.unique(lengths)[::-1]:
        rows = np.flatnonzero(lengths == length)
        size = max(1, pieces // int(length))
        batches += [rows[i : i + size] for i in range(0, len(rows), size)]
    return sorted(batches, key=lambda rows: -len(rows) * lengths[rows[0]])
