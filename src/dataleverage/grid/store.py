"""Where cells are kept once they are known. The first stored answer stands."""

from __future__ import annotations

from itertools import repeat
from typing import Protocol

import numpy as np

from dataleverage.grid.rows import Rows, keys
from dataleverage.world.world import Floats, Mask


class Store(Protocol):
    """Keeps scores by row."""

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

    def known(self) -> tuple[Rows, Floats]:
        """All rows (R, n) that are here, in the order in which they came, and their scores (R, C)."""
        rows = np.frombuffer(b"".join(self._at), dtype=np.uint8).reshape(len(self), -1)
        return rows, self._scores[: len(self)].copy()

    def find(self, rows: Rows) -> tuple[Mask, Floats]:
        at = np.fromiter(map(self._at.get, keys(rows), repeat(-1)), dtype=np.int64, count=len(rows))
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
        self._at.update(zip(keys(rows[new]), range(start, end), strict=True))
        kept[new] = scores[new]
        return kept
