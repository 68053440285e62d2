"""Where cells are kept once they are known. The first stored answer stands."""

from __future__ import annotations

import hashlib
from itertools import repeat
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from dataleverage.grid.rows import MOST_OBJECTS, Rows, keys, numbers
from dataleverage.world.world import Floats, Ints, Mask

Kept = TypeVar("Kept", bound=np.generic)

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
    """Scores of rows, kept while the grid lives: clean rows of few objects by their number, others by their bytes.

    width : C, the number of columns.
    """

    def __init__(self, width: int) -> None:
        self._count = 0
        self._numbered: Ints = np.zeros(0, dtype=np.int64)  # for each number of a row, 1 + where it stands; 0 where it does not
        self._at: dict[bytes, int] = {}
        self._rows: Rows = np.empty((0, 0), dtype=np.uint8)
        self._scores: Floats = np.empty((64, width))

    def __len__(self) -> int:
        return self._count

    def known(self, objects: int) -> tuple[Rows, Floats]:
        """All rows (R, objects) that are here, in the order in which they came, and their scores (R, C).

        None of those that are too long to be kept: only their hashes are here.
        """
        if objects > LONG or not len(self):
            return np.empty((0, objects), dtype=np.uint8), self._scores[:0].copy()
        return self._rows[: len(self)].copy(), self._scores[: len(self)].copy()

    def find(self, rows: Rows) -> tuple[Mask, Floats]:
        at = self._positions(rows)
        known = at >= 0
        scores = self._scores[at]
        scores[~known] = np.nan
        return known, scores

    def put(self, rows: Rows, scores: Floats, seconds: float = 0.0) -> Floats:
        at = self._positions(rows)
        new = np.flatnonzero(at < 0)
        if not len(new):
            return self._scores[at]
        start, end = len(self), len(self) + len(new)
        self._scores = with_room(self._scores, start, end, self._scores.shape[1])
        self._scores[start:end] = scores[new]
        if rows.shape[1] <= LONG:
            self._rows = with_room(self._rows, start, end, rows.shape[1])
            self._rows[start:end] = rows[new]
        self._count = end
        at[new] = np.arange(start, end)
        self._place(rows[new], at[new])
        return self._scores[at]

    def _positions(self, rows: Rows) -> Ints:
        """(R,) where each row stands, -1 where it does not."""
        if not len(self):
            return np.full(len(rows), -1, dtype=np.int64)
        number = numbers(rows)
        if number is not None:
            return self._numbered[number] - 1 if len(self._numbered) else np.full(len(rows), -1, dtype=np.int64)
        if rows.shape[1] > MOST_OBJECTS:
            return np.fromiter(map(self._at.get, names(rows), repeat(-1)), dtype=np.int64, count=len(rows))
        clean, at = rows.max(axis=1) <= 1, np.empty(len(rows), dtype=np.int64)
        at[clean] = self._positions(rows[clean])
        at[~clean] = np.fromiter(map(self._at.get, names(rows[~clean]), repeat(-1)), dtype=np.int64, count=int((~clean).sum()))
        return at

    def _place(self, rows: Rows, at: Ints) -> None:
        """Remember where new rows stand."""
        number = numbers(rows)
        if number is not None:
            if not len(self._numbered):
                self._numbered = np.zeros(2 ** rows.shape[1], dtype=np.int64)
            self._numbered[number] = at + 1
        elif rows.shape[1] > MOST_OBJECTS:
            self._at.update(zip(names(rows), at.tolist(), strict=True))
        else:
            clean = rows.max(axis=1) <= 1
            self._place(rows[clean], at[clean])
            self._at.update(zip(names(rows[~clean]), at[~clean].tolist(), strict=True))


def with_room(array: NDArray[Kept], used: int, needed: int, width: int) -> NDArray[Kept]:
    """The array (…, width) with room for so many lines, of which the used ones are kept. It doubles: lines may trickle in."""
    if needed <= len(array):
        return array
    grown = np.empty((max(needed, 2 * len(array)), width), dtype=array.dtype)
    if used:
        grown[:used] = array[:used]
    return grown


def names(rows: Rows) -> list[bytes]:
    """What each row is looked up by: its bytes, or where these are many, 256 bits that no two rows share."""
    given = keys(rows)
    if rows.shape[1] <= LONG:
        return given
    return [hashlib.blake2b(key, digest_size=32).digest() for key in given]
