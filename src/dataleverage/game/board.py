"""The board: what one operator knows of the grid."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray

from dataleverage.grid.rows import Rows
from dataleverage.grid.weights import known_by
from dataleverage.world.world import Floats


class Board:
    """The monitor cells that an operator has unveiled, and the row its token stands on.

    columns : (M,) positions of the monitor columns it looks at.
    token : (n,) the row it serves.
    rows, weights, scores : what was looked at, in that order: a row (n,), how much its objects counted (n,) or None where all
        did in full, and its monitor scores (M,). A row whose objects count for less by now is another one.
    """

    def __init__(self, columns: NDArray[np.int64], n_objects: int) -> None:
        self.columns = columns
        self.token: Rows = np.ones(n_objects, dtype=np.uint8)
        self.rows: list[Rows] = []
        self.weights: list[Floats | None] = []
        self.scores: list[Floats] = []
        self._known: dict[bytes, int] = {}
        self._newest: dict[bytes, int] = {}  # by the bytes of the row, whatever its objects counted

    def look(self, row: Rows, scores: Floats, weights: Floats | None = None) -> int:
        """Stand on a row (n,) with all its scores (C,) and look at its monitor cells. Returns how many cells are new."""
        self.token = row
        return self.learn(row, scores, weights)

    def learn(self, row: Rows, scores: Floats, weights: Floats | None = None) -> int:
        """Look at the monitor cells of a row without standing on it. Returns how many cells are new."""
        (key,) = known_by(row[None], weights)
        if key in self._known or not len(self.columns):
            return 0
        self._known[key] = self._newest[row.tobytes()] = len(self.rows)
        self.rows.append(row.copy())  # who looks may go on to change the row it looked at
        self.weights.append(weights)
        self.scores.append(scores[self.columns])
        return len(self.columns)

    def finds(self, row: Rows, weights: Floats | None = None) -> Floats | None:
        """(M,) the monitor scores of a row (n,) whose objects count so, None where it was not looked at.

        Without weights those of the row as it was looked at last, whatever its objects counted then.
        """
        at = self._newest.get(row.tobytes()) if weights is None else self._known.get(known_by(row[None], weights)[0])
        return None if at is None else self.scores[at]

    def copied(self) -> Board:
        """One that knows the same, and learns by itself."""
        other = copy.copy(self)
        other.rows, other.weights, other.scores = list(self.rows), list(self.weights), list(self.scores)
        other._known, other._newest = dict(self._known), dict(self._newest)
        return other

    def __len__(self) -> int:
        return len(self.rows)

    def table(self) -> tuple[Rows, Floats]:
        """(R, n) distinct rows looked at and (R, M) their monitor scores, as they were looked at last."""
        newest = list(self._newest.values())
        return np.array([self.rows[i] for i in newest]), np.array([self.scores[i] for i in newest])
