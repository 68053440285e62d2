"""Where cells are kept once they are known. The first stored answer stands."""

from __future__ import annotations

import hashlib
from itertools import repeat
from typing import Protocol

import numpy as np

from dataleverage.grid.rows import Rows, keys
from dataleverage.world.world import Floats, Mask

LONG = 1024  # bytes of a row, above which a hash of them is kept instead: a thousand rows of a population are as many megabytes


class Store(Protocol):
    """Keeps scores by row: (R, k) bytes of any one length k, a row's or a row's with its weights."""

    def __len__(self) -> int:
        """How many rows are here."""

    def find(self, rows: Rows) -> tuple[Mask, Floats]:
        """(R,) which rows are here, and (R, C) their scores; NaN where they are not."""

    def put(self, rows: Rows, scores: Floats, seconds: float = 0.0) -> Floats:
        """Keep the scores (R, C) of distinct rows, which took so long to train. Returns what is kept: what came first."""


class MemoryStore:
    """Scores of rows, kept while the grid lives.

    width : C, the number of columns.
    """

    def __init__(self, width: int) -> None:
        self._at: dict[bytes, int] = {}
        self._scores: Floats = np.empty((64, width))

    def __len__(self) -> int:
        return len(self._at)

    def known(self, objects: int) -> tuple[Rows, Floats]:
        """All rows (R, objects) that are here, in the order in which they came, and their scores (R, C).

        None of those that are too long to be kept: only their hashes are here.
        """
        if objects > LONG:
            return np.empty((0, objects), dtype=np.uint8), self._scores[:0].copy()
        rows = np.frombuffer(b"".join(self._at), dtype=np.uint8).reshape(len(self), objects)
        return rows, self._scores[: len(self)].copy()

    def find(self, rows: Rows) -> tuple[Mask, Floats]:
        at = np.fromiter(map(self._at.get, names(rows), repeat(-1)), dtype=np.int64, count=len(rows))
        known = at >= 0
        scores = self._scores[at]
        scores[~known] = np.nan
        return known, scores

    def put(self, rows: Rows, scores: Floats, seconds: float = 0.0) -> Floats:
        known, kept = self.find(rows)
        new = np.flatnonzero(~known)
        start, end = len(self), len(self) + len(new)
        if end > len(self._scores):
            grown = np.empty((max(end, 2 * len(self._scores)), self._scores.shape[1]))
            grown[:start] = self._scores[:start]
            self._scores = grown
        self._scores[start:end] = scores[new]
        self._at.update(zip(names(rows[new]), range(start, end), strict=True))
        kept[new] = scores[new]
        return kept


def names(rows: Rows) -> list[bytes]:
    """What each row is looked up by: its bytes, or where these are many, 256 bits that no two rows share."""
    given = keys(rows)
    if rows.shape[1] <= LONG:
        return given
    return [hashlib.blake2b(key, digest_size=32).digest() for key in given]
