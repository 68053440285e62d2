"""What training in batches would cost: the work that a learner says it has, at the rates that this machine does it at.

Work is counted in three currencies, each of which has one rate: multiplications in products and factorisations of matrices,
numbers that pass through the processor one by one, and calls of numpy. The rates are measured once in a process, in a few
milliseconds. An estimate is good to a factor of two or so; it decides between ways to the same answer, never what is answered.
A fit of a row by itself is estimated in the same way until one has been made, and measured (see `grid.path`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.grid.blas import one_thread

if TYPE_CHECKING:
    from dataleverage.grid.learner import Pool

FIT = 0.7e-3  # seconds: no estimator is cloned, fitted and asked in less, whatever its examples
KEPT = 2**25  # bytes that the sums of all units may take: 32 MB
KEPT_OF_LARGE = 2**28  # the same, 256 MB, where units have so many examples that going through these would take much longer:
LARGE = 8  # on average
FOLLOWED = (
    0.5  # of a row's examples that are gone through to follow it from another, in the mean: fewer in a play, more at random
)
BYTES = 2**30  # that what is prepared once may take: more is not prepared where there is another way


@dataclass(frozen=True)
class Shape:
    """The size of a task. M examples in all units, d features, E evaluation examples, K outputs, m examples in a mean row."""

    examples: int
    features: int
    evaluation: int
    outputs: int
    units: int
    row: float

    @classmethod
    def of(cls, pool: Pool, row: float) -> Shape:
        M, d = pool.X.shape
        return cls(M, d, len(pool.X_eval), max(pool.n_classes, 1), pool.n_units, row)

    @property
    def rank(self) -> int:
        """Dimensions that the examples span at most."""
        return min(self.features, self.examples)


@dataclass(frozen=True)
class Work:
    """Multiplications in matrix products, numbers touched one by one, calls of numpy."""

    products: float = 0.0
    numbers: float = 0.0
    calls: float = 0.0

    def __add__(self, other: Work) -> Work:
        return Work(self.products + other.products, self.numbers + other.numbers, self.calls + other.calls)

    def seconds(self, rates: Rates) -> float:
        return self.products / rates.products + self.numbers / rates.numbers + self.calls / rates.calls


@dataclass(frozen=True)
class Cost:
    """What a learner's own way takes: once, for every row, and in bytes that it keeps."""

    once: Work
    row: Work
    bytes: float

    def seconds(self, rows: float, rates: Rates, *, prepared: bool = False, threads: int = 1) -> float:
        """For so many rows, which may be shared by threads; what is prepared already costs nothing more."""
        first = 0.0 if prepared else self.once.seconds(rates)
        return first + rows * self.row.seconds(rates) / threads


def keeps(numbers: int, units: int, examples: int) -> bool:
    """Whether sums of so many numbers are kept for each unit; otherwise totals follow the rows (`grid.sums`)."""
    return 8 * numbers * units <= (KEPT_OF_LARGE if examples >= LARGE * units else KEPT)


def summing(shape: Shape, numbers: int) -> tuple[float, float]:
    """What sums of so many numbers take: multiplications for a row, and bytes."""
    if keeps(numbers, shape.units, shape.examples):
        return shape.units * numbers, 8 * shape.units * numbers
    return FOLLOWED * shape.row * numbers, 8 * numbers


def additive_cost(shape: Shape) -> Cost:
    """Of a learner whose rows are sums of examples by class, and one product with the evaluation examples."""
    d, K, E = shape.features, shape.outputs, shape.evaluation
    products, kept = summing(shape, K * (d + 1))
    row = Work(products=products + K * d * E, numbers=K * (10 * d + 3 * E), calls=20 * min(1.0, K * d / 2**14))
    return Cost(Work(numbers=shape.examples * d * 10 + E * d * 3, calls=80), row, kept)


@dataclass(frozen=True)
class Rates:
    """How many a second."""

    products: float
    numbers: float
    calls: float


@cache
def rates() -> Rates:
    """Those of this process, on one core; measured when they are first asked for."""
    rng = np.random.default_rng(0)
    square, long, short = rng.random((256, 256)), rng.random(2**18), rng.random(8)
    with one_thread():
        return Rates(
            products=256**3 / usual(lambda: square @ square, 9),
            numbers=2**18 / usual(lambda: long * long, 15),
            calls=100 / usual(lambda: [np.add(short, short) for _ in range(100)], 15) / 4,  # most calls are less simple
        )


def usual(call: Callable[[], object], times: int) -> float:
    """The median seconds of a few calls: a machine that is busy is as slow for fits, which are measured as they come."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return max(sorted(found)[len(found) // 2], 1e-9)
