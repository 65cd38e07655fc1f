"""Separate streams of random numbers, one for each part of the work."""

from zlib import crc32

import numpy as np


def stream(seed: int, part: str) -> np.random.Generator:
    """Return the generator of one part of the work under one seed.

    Each part ("subset", "order", "dropout", ...) draws from its own stream, so that a
    part that draws more, or not at all, shifts no other. The same seed and part always
    give the same numbers, in every process and on every machine.

    Args:
        seed: the seed of the run, zero or larger (else `ValueError`, from numpy).
        part: the name of the part.
    """
    # crc32, not hash(): Python salts the hashes of strings anew in each process.
    return np.random.default_rng([seed, crc32(part.encode("utf-8"))])
