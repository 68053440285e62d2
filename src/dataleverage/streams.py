"""Named random streams from one seed: the only source of randomness in the package.

The same seed gives different numbers in different Mesa versions, so nothing that matters draws from
Mesa's generators. A stream depends on its seed and its name alone: drawing more from one never moves another.
"""

from __future__ import annotations

import hashlib
from operator import index

import numpy as np

from dataleverage.errors import DataleverageError


class Streams:
    """Independent generators, children of one seed, told apart by name.

    Parameters
    ----------
    seed : a whole number ≥ 0. Raises DataleverageError for anything else.
    """

    def __init__(self, seed: int) -> None:
        try:
            self.seed = index(seed)
        except TypeError:
            self.seed = -1
        if self.seed < 0:
            raise DataleverageError(f"a seed is a whole number from 0 on, not {seed!r}", key="seed", remedy="Try 0 or 1.")

    def sequence(self, name: str, *index: int) -> np.random.SeedSequence:
        """The seed sequence behind a name, and behind a number such as a round where one is given."""
        digest = hashlib.sha256(name.encode()).digest()[:16]
        words = np.frombuffer(digest, dtype="<u4").tolist()
        return np.random.SeedSequence(self.seed, spawn_key=(*words, *index))

    def __getitem__(self, name: str) -> np.random.Generator:
        """A fresh generator at the start of the named stream."""
        return np.random.Generator(np.random.PCG64(self.sequence(name)))

    def at(self, name: str, *index: int) -> np.random.Generator:
        """A fresh generator for one round (or any other number) of the named stream."""
        return np.random.Generator(np.random.PCG64(self.sequence(name, *index)))

    def integer(self, name: str, *index: int) -> int:
        """A seed below 2³¹ for libraries that want a whole number."""
        return int(self.sequence(name, *index).generate_state(1, np.uint32)[0] >> 1)
