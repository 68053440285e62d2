"""The board: what one operator knows of the grid."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray

from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats


class Board:
    """The monitor cells that an operator has unveiled, and the row its token stands on.

    columns : (M,) positions of the monitor columns it looks at.
    token : (n,) the row it serves.
    """

    def __init__(self, columns: NDArray[np.int64], n_objects: int) -> None:
        self.columns = columns
        self.token: Rows = np.ones(n_objects, dtype=np.uint8)
        self.rows: list[Rows] = []
        self.scores: list[Floats] = []
        self._known: set[bytes] = set()

    def look(self, row: Rows, scores: Floats) -> int:
        """Stand on a row (n,) with all its scores (C,) and look at its monitor cells. Returns how many cells are new."""
        self.token = row
        return self.learn(row, scores)

    def learn(self, row: Rows, scores: Floats) -> int:
        """Look at the monitor cells of a row without standing on it. Returns how many cells are new."""
        if row.tobytes() in self._known or not len(self.columns):
            return 0
        self._known.add(row.tobytes())
        self.rows.append(row)
        self.scores.append(scores[self.columns])
        return len(self.columns)

    def knows(self, row: Rows) -> bool:
        """Whether the monitor cells of a row (n,) are unveiled."""
        return row.tobytes() in self._known

    def copied(self) -> Board:
        """One that knows the same, and learns by itself."""
        other = copy.copy(self)
        other.rows, other.scores, other._known = list(self.rows), list(self.scores), set(self._known)
        return other

    def __len__(self) -> int:
        return len(self.rows)

    def table(self) -> tuple[Rows, Floats]:
        """(R, n) rows looked at and (R, M) their monitor scores."""
        return np.array(self.rows), np.array(self.scores)
