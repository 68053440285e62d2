"""A learner on a world: the rows that are tried, what each comes to on its own, and how a check says that it failed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import FitError, GridError
from dataleverage.grid.learner import Learner, Need, Pool
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.grid.rows import Rows, in_words, onehot
from dataleverage.grid.seen import Seen
from dataleverage.world.world import Floats, Ints, Mask, Task, World

METRIC: dict[tuple[Task, Need], str] = {
    ("classification", "probability"): "log_loss",
    ("classification", "ranking"): "auc",
    ("classification", "label"): "accuracy",
    ("regression", "label"): "rmse",
    ("rating", "label"): "rmse",
}


@dataclass(eq=False)
class Trial:
    """A learner on a world. `rows` random rows are tried; those that raise a FitError on their own are left out."""

    learner: Learner
    name: str
    world: World
    within: float
    repeats: bool
    n_random: int
    seed: int
    refusal: str = ""

    @cached_property
    def need(self) -> Need:
        """The most that the learner can give here."""
        return self.oracle.measure.needs if self.oracle is not None else "label"

    @cached_property
    def oracle(self) -> TrainedOracle | None:
        """One that has scored nothing; None where the learner refuses the world."""
        for need in ("probability", "ranking", "label"):
            metric = METRIC.get((self.world.task, need))
            if metric is not None and need in self.learner.gives:
                try:
                    columns = columns_of(self.world, metric)
                    return TrainedOracle(self.world, self.learner, columns, workers=1)
                except GridError as error:
                    self.refusal = str(error)
        return None

    @cached_property
    def pool(self) -> Pool:
        assert self.oracle is not None
        return self.oracle.pool

    @cached_property
    def fitted(self) -> tuple[Rows, Floats]:
        """(R, n), (R, E, K): rows that can be fitted, and what each on its own comes to with an oracle that remembers nothing.

        Empty, full, and single objects in every variant, and random rows, in random order.
        """
        rng, n, most = np.random.default_rng(self.seed), self.world.n_objects, self.world.n_present
        single = np.concatenate([v * np.eye(n, dtype=np.uint8) for v in range(1, most + 1)])
        ends = np.repeat(np.arange(most + 1, dtype=np.uint8)[:, None], n, axis=1)
        drawn = rng.integers(0, most + 1, (self.n_random, n)).astype(np.uint8)
        rows = rng.permutation(np.unique(np.concatenate([ends, single, drawn]), axis=0)).astype(np.uint8)
        rows, kept, error = rows[np.argsort(self.untrained(rows), kind="stable")], [], None
        decided: list[Floats] = []
        for i, row in enumerate(rows):
            try:
                decided.append(self.decide(row[None]))
                kept.append(i)
            except FitError as failed:
                error = failed
            except Exception as failed:
                self.fails("fitting", f"{type(failed).__name__}: {failed}", row, failed)
        if not kept or self.untrained(rows[kept[:1]])[0]:
            self.fails("fitting", f"no row can be fitted: {error}", rows[0], error)
        return rows[kept], np.concatenate(decided)

    @property
    def rows(self) -> Rows:
        """(R, n): see `fitted`."""
        return self.fitted[0]

    @property
    def alone(self) -> Floats:
        """(R, E, K): see `fitted`."""
        return self.fitted[1]

    @cached_property
    def trained(self) -> Rows:
        """(R, n): those of the rows that the learner is asked to train on."""
        return self.rows[~self.untrained(self.rows)]

    def untrained(self, rows: Rows) -> Mask:
        """(R,): rows that are empty or have a single class."""
        assert self.oracle is not None
        _, empty, single = self.oracle.untrained(rows)
        return empty | single

    def fresh(self) -> TrainedOracle:
        """An oracle that remembers nothing."""
        assert self.oracle is not None
        return TrainedOracle(self.world, self.learner, self.oracle.columns, workers=1)

    def decide(self, rows: Rows) -> Floats:
        """(R, E, K): what an oracle that remembers nothing decides on a batch."""
        return self.fresh().decide(rows.copy())

    def fails(self, check: str, what: str, row: Rows | None = None, cause: BaseException | None = None) -> NoReturn:
        """Raise the AssertionError."""
        if row is not None:
            words = in_words(row, self.world.objects)
            what = f"{what} (row {words or 'without objects'} = {row.tolist()})"
        raise AssertionError(f"{type(self.learner).__name__}, {check}: on the world {self.name!r}, {what}") from cause

    def same(self, check: str, rows: Rows, mine: Floats, expected: Floats, within: float | None = None) -> None:
        """Labels must be identical, and decision values near; the first row where they are not is named."""
        allowed = self.within if within is None else within
        for row, one, other in zip(rows, mine, expected, strict=True):
            if self.world.task == "classification":
                self.same_labels(check, row, labels(one), labels(other))
            off = distance(one, other)
            if not off <= allowed:
                self.fails(check, f"decision values differ by {off:.3g}, and {allowed:g} is allowed", row)

    def same_labels(self, check: str, row: Rows, mine: NDArray[Any], expected: NDArray[Any]) -> None:
        """(E,), (E,) class indices of a row."""
        differ = np.flatnonzero(mine != expected)
        if len(differ):
            e = differ[0]
            what = f"{len(differ)} of {len(mine)} labels differ: the first, of example {e}, is {mine[e]} and not {expected[e]}"
            self.fails(check, what, row)

    @property
    def near(self) -> float:
        """How far decision values of different pools may be apart: a learner may scale them by the pool."""
        return math.inf if self.world.task == "classification" else 1e-6

    def masked(self, row: Rows, decision: Floats) -> Floats:
        """(1, E, K): decision values (E, K) of a row, without the classes that it lacks."""
        has = np.isin(np.arange(decision.shape[1]), self.pool.y[self.examples(row)])
        return (np.where(has, decision, -np.inf) if decision.shape[1] > 1 else decision)[None]

    def examples(self, row: Rows) -> Ints:
        """(m,): which examples of the pool a row has, in training order."""
        inside = np.flatnonzero((onehot(row[None], self.world.n_present) > 0)[0][self.pool.unit])
        return inside[np.argsort(inside % len(self.world.y), kind="stable")]


def distance(one: Floats, other: Floats) -> float:
    """The largest difference, relative to the size of values above 1; infinite where only one is finite."""
    equal = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        off = np.where(equal, 0.0, np.abs(one - other) / np.maximum(1.0, np.minimum(np.abs(one), np.abs(other))))
    return float(np.where(np.isnan(off), math.inf, off).max(initial=0.0))


def labels(decision: Floats) -> NDArray[Any]:
    """(E,) of decision values (E, K), or of margins (E, 1), by the rule for ties that metrics have."""
    seen = Seen(decision[None], np.zeros(len(decision)))
    return np.asarray(seen.second[0], dtype=np.int64) if seen.two else seen.label[0]
