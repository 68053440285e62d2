"""Samplers of rows: what each draws, and how scores become samples of values with an error."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats, Ints


class Sampler(ABC):
    """Draws rows for independent samples of the values of n objects, and takes their scores in.

    rows_per_draw : rows of one independent draw. draws : how many were taken in.
    """

    rows_per_draw: int

    def __init__(self, n: int, columns: int) -> None:
        self.n, self.columns, self.draws = n, columns, 0

    @abstractmethod
    def draw(self, count: int, rng: np.random.Generator) -> Rows:
        """(count × rows_per_draw, n): the rows of so many draws, one draw after the other."""

    @abstractmethod
    def take(self, rows: Rows, scores: Floats) -> None:
        """Take in the scores (R, C) of rows that were drawn."""

    @abstractmethod
    def result(self) -> tuple[Floats, Floats]:
        """(n, C) values and (n, C) standard errors; infinite where they cannot be told yet."""


class Averaged(Sampler):
    """Base of the samplers each of whose draws is a sample of all values: their mean, and its standard error.

    mass : (n,) the weight of all rows of size 0 … n − 1 together, which sum to 1: equal ones unless given, as Shapley's are.
    """

    def __init__(self, n: int, columns: int, mass: Floats | None = None) -> None:
        super().__init__(n, columns)
        self.mass = np.full(n, 1 / n) if mass is None else mass
        self.mean, self.square = np.zeros((n, columns)), np.zeros((n, columns))

    @abstractmethod
    def samples(self, rows: Rows, scores: Floats) -> Floats:
        """(draws, n, C): a sample of every value from each draw."""

    def take(self, rows: Rows, scores: Floats) -> None:
        for sample in self.samples(rows, scores):  # Welford (1962): no large sums cancel
            self.draws += 1
            away = sample - self.mean
            self.mean += away / self.draws
            self.square += away * (sample - self.mean)

    def result(self) -> tuple[Floats, Floats]:
        if self.draws < 2:
            return self.mean.copy(), np.full(self.mean.shape, np.inf)
        return self.mean.copy(), np.sqrt(self.square / (self.draws - 1) / self.draws)


class Permutation(Averaged):
    """Objects arrive in a random order; each is worth what the score gains when it does, weighed by how many came before.

    Every size is as likely before an object, so n times its mass makes any semivalue of it.
    """

    def __init__(self, n: int, columns: int, mass: Floats | None = None) -> None:
        super().__init__(n, columns, mass)
        self.rows_per_draw = n + 1

    def draw(self, count: int, rng: np.random.Generator) -> Rows:
        return in_order(orders(count, self.n, rng))

    def samples(self, rows: Rows, scores: Floats) -> Floats:
        grown, along = rows.reshape(-1, self.n + 1, self.n), scores.reshape(-1, self.n + 1, self.columns)
        return gains(grown, along, self.n * self.mass)


class Antithetic(Permutation):
    """An order and its reverse: who came early comes late, which evens out (Mitchell et al. 2022)."""

    def __init__(self, n: int, columns: int, mass: Floats | None = None) -> None:
        super().__init__(n, columns, mass)
        self.rows_per_draw = 2 * (n + 1)

    def draw(self, count: int, rng: np.random.Generator) -> Rows:
        return there_and_back(orders(count, self.n, rng))

    def samples(self, rows: Rows, scores: Floats) -> Floats:
        return np.asarray(super().samples(rows, scores).reshape(-1, 2, self.n, self.columns).mean(axis=1))


class Unions(Antithetic):
    """The same by orders in which the objects of a union come one after the other: the Owen value (Owen 1977).

    union_of : (n,) the number of each object's union.
    """

    def __init__(self, n: int, columns: int, union_of: Ints) -> None:
        super().__init__(n, columns)
        self.union_of = union_of

    def draw(self, count: int, rng: np.random.Generator) -> Rows:
        of_union = rng.random((count, int(self.union_of.max()) + 1))[:, self.union_of]
        return there_and_back(np.lexsort((rng.random((count, self.n)), of_union), axis=1))


class Stratified(Averaged):
    """For every object and every size, one random row of that size without it, and the same row with it.

    Sizes are weighed exactly, and only what differs within a size is left to chance (Maleki et al. 2013).
    """

    def __init__(self, n: int, columns: int, mass: Floats | None = None) -> None:
        super().__init__(n, columns, mass)
        self.rows_per_draw = 2 * n * n

    def draw(self, count: int, rng: np.random.Generator) -> Rows:
        n = self.n
        chance = rng.random((count, n, n, n))  # draw, object, size, the others
        chance[:, np.arange(n), :, np.arange(n)] = np.inf  # the object itself comes last
        rank = chance.argsort(axis=-1).argsort(axis=-1)
        without = (rank < np.arange(n)[None, None, :, None]).astype(np.uint8)
        held = without.copy()
        held[:, np.arange(n), :, np.arange(n)] = 1
        return np.stack([without, held], axis=3).reshape(-1, n)

    def samples(self, rows: Rows, scores: Floats) -> Floats:
        both = scores.reshape(-1, self.n, self.n, 2, self.columns)
        return np.asarray(np.einsum("dosc,s->doc", both[:, :, :, 1] - both[:, :, :, 0], self.mass))


class Kernel(Sampler):
    """KernelSHAP: least squares of the score on who is present, with the weights that make it the Shapley value.

    Rows come in pairs, one and its complement, with sizes drawn in proportion to `(n − 1) / (s (n − s))`; efficiency is a
    constraint (Lundberg & Lee 2017; Covert & Lee 2021). The standard error is that of an estimating equation: each pair's
    contribution to it, spread over objects by the inverse of the normal matrix.
    """

    rows_per_draw = 2

    def __init__(self, n: int, columns: int) -> None:
        super().__init__(n, columns)
        self.rows: list[Rows] = []
        self.scores: list[Floats] = []
        self.ends: Floats | None = None  # (2, C) worth of nothing and of all

    def draw(self, count: int, rng: np.random.Generator) -> Rows:
        n = self.n
        size = np.arange(1, n)
        chance = 1.0 / (size * (n - size))
        drawn = rng.choice(size, size=count, p=chance / chance.sum())
        rank = rng.random((count, n)).argsort(axis=1).argsort(axis=1)
        half = (rank < drawn[:, None]).astype(np.uint8)
        rows = np.stack([half, 1 - half], axis=1).reshape(-1, n)
        if self.ends is not None:
            return rows
        return np.concatenate([np.stack([np.zeros(n, np.uint8), np.ones(n, np.uint8)]), rows])

    def take(self, rows: Rows, scores: Floats) -> None:
        if self.ends is None:
            self.ends, rows, scores = scores[:2], rows[2:], scores[2:]
        self.rows.append(rows)
        self.scores.append(scores)
        self.draws += len(rows) // 2

    def result(self) -> tuple[Floats, Floats]:
        assert self.ends is not None
        present = np.concatenate(self.rows).astype(np.float64)
        gain, whole = np.concatenate(self.scores) - self.ends[0], self.ends[1] - self.ends[0]
        normal = present.T @ present / len(present)
        try:
            inverse = np.linalg.inv(normal)
        except np.linalg.LinAlgError:
            return np.zeros((self.n, self.columns)), np.full((self.n, self.columns), np.inf)
        ones = inverse.sum(axis=1)
        spread = inverse - np.outer(ones, ones) / ones.sum()  # keeps the sum of values at nothing
        values = spread @ (present.T @ gain / len(present)) + np.outer(ones, whole) / ones.sum()
        left = gain - present @ values
        moved = (present @ spread)[:, :, None] * left[:, None, :]  # (2 draws, n, C)
        paired = moved.reshape(-1, 2, self.n, self.columns).mean(axis=1)
        if self.draws < 2 * self.n:
            return values, np.full(values.shape, np.inf)
        return values, np.asarray(np.sqrt(paired.var(axis=0, ddof=1) / self.draws))


class MaximumSampleReuse(Sampler):
    """Every object is present with chance one half: its Banzhaf value is the mean score with it less the mean without.

    Each row counts for all objects at once (Wang & Jia 2023).
    """

    rows_per_draw = 1

    def __init__(self, n: int, columns: int) -> None:
        super().__init__(n, columns)
        self.rows: list[Rows] = []
        self.scores: list[Floats] = []

    def draw(self, count: int, rng: np.random.Generator) -> Rows:
        return rng.integers(0, 2, size=(count, self.n), dtype=np.uint8)

    def take(self, rows: Rows, scores: Floats) -> None:
        self.rows.append(rows)
        self.scores.append(scores)
        self.draws += len(rows)

    def result(self) -> tuple[Floats, Floats]:
        present, scores = np.concatenate(self.rows).astype(np.float64), np.concatenate(self.scores)
        centre = scores.mean(axis=0)
        away = scores - centre  # so that squares stay small
        values, variance = np.zeros((self.n, self.columns)), np.zeros((self.n, self.columns))
        for held in (present, 1 - present):
            count = held.sum(axis=0)[:, None]
            mean = held.T @ away / np.maximum(count, 1)
            square = held.T @ away**2 / np.maximum(count, 1) - mean**2
            variance += np.where(count > 1, np.maximum(square, 0) / np.maximum(count - 1, 1), np.inf)
            values = mean - values if held is not present else mean
        return -values, np.sqrt(variance)


WEIGHED: dict[str, type[Averaged]] = {"permutation": Permutation, "antithetic": Antithetic, "stratified": Stratified}
SAMPLERS: dict[str, type[Sampler]] = {**WEIGHED, "kernel": Kernel, "msr": MaximumSampleReuse}


def orders(count: int, n: int, rng: np.random.Generator) -> Ints:
    """(count, n) random orders of n objects."""
    return rng.random((count, n)).argsort(axis=1)


def in_order(order: Ints) -> Rows:
    """(D (n + 1), n): for each order (D, n), the rows from nothing to all, one object more each."""
    n = order.shape[1]
    place = order.argsort(axis=1)
    steps: Rows = (place[:, None, :] < np.arange(n + 1)[None, :, None]).astype(np.uint8)
    return steps.reshape(-1, n)


def there_and_back(forth: Ints) -> Rows:
    """(2 D (n + 1), n): the rows of each order (D, n), followed by those of its reverse."""
    return in_order(np.stack([forth, forth[:, ::-1]], axis=1).reshape(-1, forth.shape[1]))


def gains(rows: Rows, scores: Floats, weights: Floats) -> Floats:
    """(D, n, C): what each object gains on arrival, times the weight (n,) of so many before it.

    rows : (D, n + 1, n), each an object more than the last. scores : (D, n + 1, C).
    """
    steps = np.diff(scores, axis=1) * weights[:, None]  # (D, n, C), in order of arrival
    place = (rows == 0).sum(axis=1) - 1  # (D, n): the step at which each object arrives
    return np.asarray(np.take_along_axis(steps, place[:, :, None], axis=1))
