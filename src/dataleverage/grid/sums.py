"""Sums over the examples of a row: what additive learners are fitted from.

Where there are few objects, the sums of each unit are kept, and those of many rows are one matrix product. In a population (a
hundred thousand objects of an example or two each) they would take more memory than the examples, and every row would cost as
much as all of them. There the totals of the latest rows are kept instead, and a row costs the examples in which it differs from
the nearest of these.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dataleverage.grid.cost import keeps
from dataleverage.grid.learner import Pool, grouped
from dataleverage.grid.rows import Rows, onehot
from dataleverage.world.world import Floats, Ints

HELD = 2**20  # numbers in the matrix that says which units a batch of rows has: 8 MB
LATEST = 8  # rows whose totals are remembered
REMEMBERED = 2**25  # bytes that they may take
TOGETHER = 2**18  # numbers that are made of examples together: 2 MB stay in the processor's cache
BLOCK = 2**20  # numbers of examples that are gone through together: 8 MB
TURNOVER = 16.0  # times its size that may have come and gone before a total is summed anew: it costs 4 of 53 bits


class Quantities(Protocol):
    """What is summed over examples.

    shape : of a sum. examples : (M, …) what the sums are made of.
    whole : whether all of it is whole numbers, so small that sums of them are exact.
    """

    shape: tuple[int, ...]

    @property
    def examples(self) -> Floats: ...

    @property
    def whole(self) -> bool: ...

    def total(self, which: Ints, weight: Floats | None) -> Floats:
        """The sum over these examples, each times its weight."""

    def size(self, which: Ints, weight: Floats | None) -> Floats:
        """The same sum of magnitudes, of which rounding errors are a share; one number or more for each part of a total."""

    def per_unit(self, unit: Ints, n_units: int) -> Floats:
        """(n_units, Q): the sums over the examples of each unit, flat."""


class Products:
    """The outer products z zᵀ of examples with themselves. Z : (M, D). Sums have shape (D, D)."""

    def __init__(self, Z: Floats) -> None:
        self.examples, self.whole = Z, False
        self.shape: tuple[int, ...] = (Z.shape[1], Z.shape[1])

    def total(self, which: Ints, weight: Floats | None) -> Floats:
        Z = self.examples[which]
        left = Z if weight is None else Z * weight[:, None]
        return np.asarray(left.T @ Z)

    def size(self, which: Ints, weight: Floats | None) -> Floats:
        """(D,): that of the diagonal, which no entry beside it exceeds."""
        Z = self.examples[which]
        return np.asarray(np.einsum("md,md->d", Z, Z if weight is None else Z * weight[:, None]))

    def per_unit(self, unit: Ints, n_units: int) -> Floats:
        order = np.argsort(unit, kind="stable")
        ends = np.searchsorted(unit[order], np.arange(n_units + 1))
        sums = np.empty((n_units, *self.shape))
        for i in range(n_units):
            Z = self.examples[order[ends[i] : ends[i + 1]]]
            np.matmul(Z.T, Z, out=sums[i])
        return sums.reshape(n_units, -1)


Terms = Callable[[Floats, Ints], Floats]
"""(m, d) examples and (m,) their classes -> (m, D) what is summed."""


class ByClass:
    """What is made of examples, summed for each class; without `terms` the examples themselves. Sums have shape (K, D).

    Z : (M, d); y : (M,) below K. terms : what is made of them, some at a time: of all of them it may take much memory.
    """

    def __init__(self, Z: Floats, y: NDArray[np.generic], classes: int, terms: Terms | None = None) -> None:
        self.Z, self.y, self.terms = Z, y.astype(np.int64), terms
        self.shape: tuple[int, ...] = (classes, self.made(slice(0)).shape[1])

    def made(self, which: slice) -> Floats:
        """(m, D): of some of the examples."""
        return self.Z[which] if self.terms is None else self.terms(self.Z[which], self.y[which])

    @cached_property
    def examples(self) -> Floats:
        """(M, D): of all of them, which only totals that follow the rows go back to."""
        return self.made(slice(None))

    @cached_property
    def whole(self) -> bool:
        return bool((np.rint(self.examples) == self.examples).all() and np.abs(self.examples).sum() < 2**53)

    def total(self, which: Ints, weight: Floats | None) -> Floats:
        return grouped(self.y[which], self.shape[0], self.examples[which], weight)

    def size(self, which: Ints, weight: Floats | None) -> Floats:
        return grouped(self.y[which], self.shape[0], np.abs(self.examples[which]), weight)

    def per_unit(self, unit: Ints, n_units: int) -> Floats:
        group, groups = unit * self.shape[0] + self.y, n_units * self.shape[0]
        step = max(TOGETHER // self.shape[1], groups, 1)
        sums = grouped(group[:step], groups, self.made(slice(step)))
        for start in range(step, len(group), step):
            part = slice(start, start + step)
            sums += grouped(group[part], groups, self.made(part))
        return sums.reshape(n_units, -1)


def counts_by_class(pool: Pool) -> Sums:
    """(R, K, 1): how many examples rows have of each class; of a single one where examples have no classes."""
    label = pool.y if pool.n_classes else np.zeros(len(pool.y))
    return Sums(pool, ByClass(np.ones((len(pool.y), 1)), label, max(pool.n_classes, 1)))


@dataclass(frozen=True, eq=False)
class Known:
    """The totals of one row.

    row : (n,). weights : (n,) of its objects; None where all weigh 1. count : of its examples.
    total : of the quantities' shape.
    size : of the total; moved : the size of what was added and taken away, but for what is exact, since it was summed anew.
    """

    row: Rows
    weights: Floats | None
    count: int
    total: Floats
    size: Floats
    moved: Floats


class Sums:
    """The sums of rows. Several threads may ask at once.

    The sums of each unit are kept where they take at most 32 MB, or 256 MB for units of at least eight examples on average;
    otherwise totals follow the rows. Totals that were summed in another order agree to about 1e-14 of the size of what they
    are sums of; those of whole numbers are the same.
    """

    def __init__(self, pool: Pool, quantities: Quantities) -> None:
        self.n_present, self.quantities = pool.n_present, quantities
        self.numbers = int(np.prod(quantities.shape))
        self.n_units = pool.n_units
        kept = keeps(self.numbers, pool.n_units, len(pool.unit))
        self.per_unit = quantities.per_unit(pool.unit, pool.n_units) if kept else None
        if self.per_unit is None:
            self.following = Following(pool, quantities)

    def together(self, numbers: int) -> int:
        """How many rows to ask for at once, so that their sums are about so many numbers."""
        return max(1, min(numbers // max(1, self.numbers), HELD // self.n_units))

    def __call__(self, rows: Rows, weights: Floats | None = None, out: Floats | None = None) -> Floats:
        """(R, n), and (R, n) the weights of their objects, 0 where absent -> (R, …) of the quantities' shape.

        out : (R, Q) to write to.
        """
        if self.per_unit is not None:
            sums = np.matmul(onehot(rows, self.n_present, weights), self.per_unit, out=out)
        else:
            sums = np.empty((len(rows), self.numbers)) if out is None else out
            for i, row in enumerate(rows):
                sums[i] = self.following.total(row, None if weights is None else weights[i]).ravel()
        return sums.reshape(len(rows), *self.quantities.shape)


class Following:
    """Totals that follow the rows asked for."""

    def __init__(self, pool: Pool, quantities: Quantities) -> None:
        self.n_present, self.quantities = pool.n_present, quantities
        self.order = np.argsort(pool.unit, kind="stable")
        self.counts = np.bincount(pool.unit, minlength=pool.n_units)
        self.starts = np.cumsum(self.counts) - self.counts
        size = 8 * int(np.prod(quantities.shape)) + 9 * pool.n_units // pool.n_present
        self.latest: list[Known] = []  # the last one asked for, or followed, first
        self.most = max(1, min(LATEST, REMEMBERED // size))
        self.lock = threading.Lock()

    def total(self, row: Rows, weights: Floats | None) -> Floats:
        """Of one row (n,)."""
        with self.lock:
            latest = list(self.latest)
        changed = [differ(known, row, weights) for known in latest]
        near = min(range(len(latest)), key=lambda i: np.count_nonzero(changed[i]), default=None)
        found = None if near is None else self.followed(latest[near], row, weights, np.flatnonzero(changed[near]))
        if found is None:
            found = self.anew(row, weights)
        with self.lock:
            used = [found] if near is None or latest[near].row is found.row else [found, latest[near]]
            self.latest = [*used, *(known for known in self.latest if all(known is not one for one in used))][: self.most]
        return found.total

    def anew(self, row: Rows, weights: Floats | None) -> Known:
        """From all examples of the row."""
        objects = np.flatnonzero(row)
        which, weight = self.examples(objects, row[objects], None if weights is None else weights[objects])
        step = max(1, BLOCK // self.quantities.examples.shape[1])
        total, size = np.zeros(self.quantities.shape), np.zeros(())
        for start in range(0, len(which), step):
            part = slice(start, start + step)
            share = None if weight is None else weight[part]
            total = total + self.quantities.total(which[part], share)
            size = size + self.quantities.size(which[part], share)
        moved = np.zeros_like(size) if self.quantities.whole and weights is None else size
        return Known(row.copy(), None if weights is None else weights.copy(), len(which), total, size, moved)

    def followed(self, known: Known, row: Rows, weights: Floats | None, objects: Ints) -> Known | None:
        """From the totals of another row, which differs in these objects; None where that is no quicker, or not as exact."""
        if not len(objects):
            return known
        before, now = known.row[objects], row[objects]
        gone, here = before > 0, now > 0
        less = more = None
        if weights is not None or known.weights is not None:
            less = gone.astype(np.float64) if known.weights is None else known.weights[objects]
            more = here.astype(np.float64) if weights is None else weights[objects]
            same = gone & (before == now)  # only the weight is another
            more, gone = np.where(same, more - less, more), gone & ~same
        count = known.count + self.held(objects, now) - self.held(objects, before)
        if 2 * (self.held(objects[gone], before[gone]) + self.held(objects, now)) > count:
            return None
        left, lost = self.examples(objects[gone], before[gone], None if less is None else less[gone])
        came, won = self.examples(objects[here], now[here], None if more is None else more[here])
        which = np.concatenate([left, came])
        lost, won = (np.ones(len(each)) if weight is None else weight for each, weight in ((left, lost), (came, won)))
        signed = np.concatenate([-lost, won])
        size = known.size + self.quantities.size(which, signed)
        exact = self.quantities.whole and less is None
        moved = known.moved if exact else known.moved + self.quantities.size(which, np.abs(signed))
        if (moved > TURNOVER * size).any():
            return None
        total = known.total + self.quantities.total(which, signed)
        return Known(row.copy(), None if weights is None else weights.copy(), count, total, size, moved)

    def held(self, objects: Ints, variants: Rows) -> int:
        """How many examples these objects have in these variants, 0 for those absent."""
        there = variants > 0
        return int(self.counts[objects[there] * self.n_present + variants[there].astype(np.int64) - 1].sum())

    def examples(self, objects: Ints, variants: Rows, weights: Floats | None) -> tuple[Ints, Floats | None]:
        """(m,) which examples these objects (present in these variants) have, and (m,) their weights."""
        units = objects * self.n_present + variants.astype(np.int64) - 1
        counts = self.counts[units]
        place = np.arange(counts.sum()) + np.repeat(self.starts[units] - (np.cumsum(counts) - counts), counts)
        return self.order[place], None if weights is None else np.repeat(weights, counts)


def differ(known: Known, row: Rows, weights: Floats | None) -> NDArray[np.bool_]:
    """(n,): where a row is another than the known one."""
    changed = known.row != row
    if weights is not None or known.weights is not None:
        before = known.row > 0 if known.weights is None else known.weights
        changed |= before != (row > 0 if weights is None else weights)
    return np.asarray(changed)
