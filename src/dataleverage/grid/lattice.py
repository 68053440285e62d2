"""What is remembered of rows that were solved, so that the rows next to them start close to where they end.

The *parents* of a row are the rows with one more object clean: one that is absent in it, or poisoned. A quantity that is
a sum over objects, over pairs of objects, and so on up to sets of q − 1, is known exactly at a row from its ancestors
1 … q generations up: with m_k the mean over those k up, it is Σ_k (−1)^(k+1) binom(q, k) m_k, which is 2 m₁ − m₂ for a
plain sum. The coefficients of a model are nearly such a quantity, more nearly the more examples a row has. A row
therefore keeps what it forecasts for its children, one forecast for each order q up to `ORDER`:
F₁ = w and F_(q+1) = F_q + (w − what its own parents forecast by order q); a child takes the mean over its parents.

A forecast is where an iteration starts and nothing more: a wrong one costs steps, never a score.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataleverage.grid.rows import Rows, onehot
from dataleverage.world.world import Floats, Ints, Mask

ORDER = 4  # of the extrapolation; each order halves what the one before missed, and costs as much memory
MOST_ROWS = 200_000  # remembered
MEMORY = 64 * 2**20  # bytes that they may take
SLOTS = 2**20  # where rows of games too large to number are looked up
NEARBY = 2048  # remembered rows, the latest ones, among which the nearest is looked for;
NUMBERS = 2**22  # fewer where rows are so long that comparing them would take more than so many numbers
ENOUGH = 0.8  # share of a row's parents that must be known to extrapolate from them

Floats32 = NDArray[np.float32]
Codes = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Forecast:
    """What the remembered rows say about R others.

    start : (R, D) float64: where to begin. known : (R,) bool: False where nothing at all is remembered, and start is zero.
    each : (R, ORDER, D) float32: the forecasts of each order.
    depth : (R,) the order that `start` is of; 0 where it extrapolates nothing.
    """

    start: Floats
    known: Mask
    each: Floats32
    depth: Ints


class Lattice:
    """Solutions of rows, looked up by row. When it is full the rows that were solved first are forgotten.

    Several threads may ask and tell at once.

    Parameters
    ----------
    n_objects, n_present : of the rows. size : D, numbers in a solution.
    """

    def __init__(self, n_objects: int, n_present: int, size: int) -> None:
        self.n_present, self.size = n_present, size
        states = (n_present + 1) ** n_objects
        self.numbered = states <= SLOTS  # every possible row has a slot of its own
        self.slots = states if self.numbered else SLOTS
        if self.numbered:
            radix = np.array([(n_present + 1) ** j for j in range(n_objects)], dtype=np.uint64)
            self.code: Codes = np.outer(radix, np.arange(n_present + 1)).astype(np.uint64)
        else:  # sums of random numbers; rows that share a slot displace one another
            self.code = np.random.default_rng(0).integers(2**64, size=(n_objects, n_present + 1), dtype=np.uint64)
        self.capacity = int(max(1, min(MOST_ROWS, MEMORY // (4 * ORDER * size + n_objects + 16), states)))
        self.codes: Codes = np.zeros(self.slots, dtype=np.uint64)
        self.place = np.full(self.slots, -1, dtype=np.int32)
        self.forecasts: Floats32 = np.zeros((self.capacity, ORDER, size), dtype=np.float32)
        self.depth = np.zeros(self.capacity, dtype=np.int64)
        self.rows: Rows = np.zeros((self.capacity, n_objects), dtype=np.uint8)
        self.told = 0  # rows ever remembered
        self.lock = threading.Lock()

    def __len__(self) -> int:
        return min(self.told, self.capacity)

    def forecast(self, rows: Rows) -> Forecast:
        """What the parents of each row forecast; else its nearest remembered row's solution; else zero."""
        count = len(rows)
        row, parent = self.parents(rows)
        found = np.bincount(row, minlength=count)
        asked = np.count_nonzero(rows != 1, axis=1)
        each, depth = self.means(parent, found), np.zeros(count, dtype=np.int64)
        if len(row):
            first = np.flatnonzero(np.diff(row, prepend=-1))  # of each row's parents
            enough = found[row[first]] >= ENOUGH * asked[row[first]]
            depth[row[first]] = np.where(enough, np.minimum(np.minimum.reduceat(self.depth[parent], first) + 1, ORDER), 0)
        start = each[np.arange(count), np.maximum(depth - 1, 0)].astype(np.float64)
        known = found > 0
        if len(self) and not known.all():
            start[~known] = self.nearest(rows[~known])
            known = np.ones(count, dtype=bool)
        return Forecast(start, known, each, depth)

    def learn(self, rows: Rows, solutions: Floats, forecast: Forecast) -> None:
        """Remember the solutions (R, D) of rows, and what they forecast for their children.

        forecast : what was forecast for these rows before they were solved.
        """
        if len(rows) > self.capacity:
            rows, solutions = rows[-self.capacity :], solutions[-self.capacity :]
            forecast = Forecast(*(part[-self.capacity :] for part in vars(forecast).values()))
        mine = np.empty((len(rows), ORDER, self.size), dtype=np.float32)
        mine[:, 0] = solutions
        missed = mine[:, :1] - forecast.each[:, :-1]  # by each order
        for q in range(1, ORDER):  # of these no child uses more than one order above the row's own depth
            mine[:, q] = mine[:, q - 1] + missed[:, q - 1]
        with self.lock:
            place = (self.told + np.arange(len(rows))) % self.capacity
            self.forecasts[place], self.depth[place], self.rows[place] = mine, forecast.depth, rows
            codes = self.coded(rows)
            slots = self.slot(codes)
            self.codes[slots], self.place[slots] = codes, place
            self.told += len(rows)

    # ------------------------------------------------------------------ looking up

    def coded(self, rows: Rows) -> Codes:
        """(R,): a number for each row, its own where `numbered`."""
        return np.asarray(self.code[np.arange(rows.shape[1]), rows].sum(axis=1, dtype=np.uint64))

    def slot(self, codes: Codes) -> Ints:
        """Where the rows of these codes are looked up."""
        return (codes if self.numbered else codes % np.uint64(self.slots)).astype(np.int64)

    def parents(self, rows: Rows) -> tuple[Ints, Ints]:
        """Pairs (which of the rows given, place of one of its parents), for all parents that are remembered."""
        row, moved = np.nonzero(rows != 1)
        codes = self.coded(rows)[row] + self.code[moved, 1] - self.code[moved, rows[row, moved]]
        slots = self.slot(codes)
        place = self.place[slots]
        here = (place >= 0) & (self.codes[slots] == codes)
        row, place, codes = row[here], place[here].astype(np.int64), codes[here]
        if self.told > self.capacity:  # something was forgotten, and its place is another row's now
            still = self.coded(self.rows[place]) == codes
            row, place = row[still], place[still]
        return row.astype(np.int64), place

    def means(self, parent: Ints, found: Ints) -> Floats32:
        """(R, ORDER, D): the mean over each row's parents of what they forecast; zero without parents."""
        from scipy.sparse import csr_array

        share = np.repeat(1 / np.maximum(found, 1), found).astype(np.float32)
        ends = np.concatenate([[0], np.cumsum(found)])
        mean: Any = csr_array((share, parent, ends), shape=(len(found), self.capacity))
        return np.asarray(mean @ self.forecasts.reshape(self.capacity, -1)).reshape(len(found), ORDER, self.size)

    def nearest(self, rows: Rows) -> Floats:
        """(R, D): the solution of the remembered row that differs from each in the fewest objects."""
        nearby = min(len(self), NEARBY, max(1, NUMBERS // (rows.shape[1] * self.n_present)))
        latest = (self.told - 1 - np.arange(nearby)) % self.capacity
        mine = onehot(self.rows[latest], self.n_present).astype(np.float32)
        theirs = onehot(rows, self.n_present).astype(np.float32)
        shared = theirs @ mine.T
        differ = theirs.sum(axis=1)[:, None] + mine.sum(axis=1) - 2 * shared
        return np.asarray(self.forecasts[latest[differ.argmin(axis=1)], 0], dtype=np.float64)


def by_level(rows: Rows) -> list[Ints]:
    """Positions of the rows, those with the fewest objects not clean first: nobody's parent is in a later part."""
    level = np.count_nonzero(rows != 1, axis=1)
    order = np.argsort(level, kind="stable")
    return [part.astype(np.int64) for part in np.split(order, np.flatnonzero(np.diff(level[order])) + 1)]
