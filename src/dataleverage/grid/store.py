"""Where cells are kept once they are known. The first stored answer stands."""

from __future__ import annotations

import numpy as np

from dataleverage.grid.rows import Rows, keys
from dataleverage.world.world import Floats


class MemoryStore:
    """Scores of rows, kept while the grid lives."""

    def __init__(self) -> None:
        self._scores: dict[bytes, Floats] = {}

    def __len__(self) -> int:
        return len(self._scores)

    def known(self, rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """(R,) bool: which rows are here."""
        return np.fromiter((key in self._scores for key in keys(rows)), dtype=bool, count=len(rows))

    def get(self, rows: Rows) -> Floats:
        """(R, C): the scores of rows that are all here."""
        return np.array([self._scores[key] for key in keys(rows)])

    def put(self, rows: Rows, scores: Floats) -> None:
        """Keep the scores (R, C) of rows that are not here yet."""
        for key, values in zip(keys(rows), scores, strict=True):
            self._scores.setdefault(key, values)
