"""Oracles: what answers "score these rows". A batch of rows in, a matrix of scores out."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from dataleverage.errors import GridError, MissingCell
from dataleverage.grid.learner import Learner, Pool, Predictor, pool_of
from dataleverage.grid.metrics import Column, Measurer
from dataleverage.grid.rows import Rows, in_words, keys, onehot
from dataleverage.world.world import Floats, Mask, World

MEMORY = 256 * 2**20  # bytes that one chunk of rows may take while it is scored


class Oracle(Protocol):
    """Scores rows, in any order and number; duplicates are the grid's business."""

    columns: tuple[Column, ...]

    def scores(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, C) float64."""


class TrainedOracle:
    """Trains the learner on every row it is asked for, and measures it on every column.

    An empty row predicts the class prior of the full clean row (the mean target for regression); a row of a single
    class predicts that class. Classes that a row lacks are never predicted on it. `empty` and `single_class`
    count the rows scored so.

    Parameters
    ----------
    memory : bytes that one chunk of rows may take; the answer does not depend on it for counting metrics, and
        within 1e-9 for the others.
    """

    def __init__(self, world: World, learner: Learner, columns: tuple[Column, ...], *, memory: int = MEMORY) -> None:
        if world.task not in learner.task:
            raise GridError(
                f"the learner {learner.tag} does {' and '.join(learner.task)}, and the target asks for {world.task}",
                remedy="Choose a learner for this target: see `dataleverage list learners`.",
                key="learner",
            )
        self.world, self.learner, self.columns, self.memory = world, learner, columns, memory
        self.measure = Measurer(world, columns)
        if self.measure.needs not in learner.gives:
            raise GridError(
                f"the learner {learner.tag} gives no {self.measure.needs}, which a metric of the columns needs",
                remedy="Choose another metric, or a learner that gives probabilities (logistic_regression, gaussian_nb).",
                key="columns.metric",
            )
        self.empty = 0
        self.single_class = 0
        learner.check(self.pool, self.measure.needs)

    @cached_property
    def pool(self) -> Pool:
        return pool_of(self.world, self.learner.preprocess)

    @cached_property
    def predictor(self) -> Predictor:
        return self.learner.prepare(self.pool, self.measure.needs)

    @cached_property
    def guess(self) -> Floats:
        """(K,) what an empty row predicts: the log class prior of the full clean row, or its mean target."""
        if self.world.task == "regression":
            return np.array([float(np.mean(self.world.y.astype(np.float64)))])
        counts = np.bincount(self.world.y.astype(np.int64), minlength=len(self.world.classes))
        with np.errstate(divide="ignore"):
            prior: Floats = np.log(counts / counts.sum())
        return prior

    @cached_property
    def ends(self) -> Floats:
        """(2, E, K): decision values of the empty row (a guess) and of the full clean one."""
        ends = np.stack([np.zeros(self.world.n_objects, dtype=np.uint8), np.ones(self.world.n_objects, dtype=np.uint8)])
        return self.decide(ends)

    @cached_property
    def class_counts(self) -> Floats:
        """(n_units, K): training examples of each class in each unit; one column of sizes for regression."""
        if self.world.task == "regression":
            return self.pool.per_unit(np.ones((len(self.pool.y), 1)))
        return self.pool.per_unit(self.pool.onehot_y)

    @property
    def chunk(self) -> int:
        """Rows scored together."""
        outputs = max(len(self.world.classes), 1) * len(self.world.y_eval)
        per_row = 8 * (4 * outputs + len(self.pool.y))
        return max(1, int(self.memory // per_row))

    def scores(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, C). Trains on every row given."""
        result = np.empty((len(rows), len(self.columns)))
        with threadpool_limits(limits=1):  # batched small solves are several times slower on more BLAS threads
            for start in range(0, len(rows), self.chunk):
                part = slice(start, start + self.chunk)
                result[part] = self.measure(self.decide(rows[part]))
                _, empty, single = self.untrained(rows[part])
                self.empty += int(empty.sum())
                self.single_class += int(single.sum())
        return result

    def untrained(self, rows: Rows) -> tuple[Mask, Mask, Mask]:
        """(R, K) which classes a row has, and (R,) which rows are empty and (R,) of a single class."""
        present = onehot(rows, self.world.n_present) @ self.class_counts > 0
        single = np.asarray((present.sum(axis=1) == 1) & (self.world.task == "classification"))
        return present, np.asarray(~present.any(axis=1)), single

    def decide(self, rows: Rows) -> Floats:
        """(R, E, K) decision values over the whole evaluation pool."""
        outputs = max(len(self.world.classes), 1)
        decision = np.empty((len(rows), len(self.world.y_eval), outputs))
        present, empty, single = self.untrained(rows)
        trained = ~(empty | single)
        decision[empty] = self.guess
        decision[single] = np.where(present[single], 0.0, -np.inf)[:, None, :]
        if trained.any():
            decided = self.predictor(rows[trained])
            if self.world.task == "classification":
                decided = np.where(present[trained][:, None, :], decided, -np.inf)
            decision[trained] = decided
        return decision


class TableOracle:
    """Answers from cells that somebody else measured, and from nothing else.

    Parameters
    ----------
    rows : (R, n) uint8, distinct; scores : (R, C).
    """

    def __init__(self, rows: Rows, scores: Floats, columns: tuple[Column, ...], objects: tuple[str, ...]) -> None:
        self.rows, self.table, self.columns, self.objects = rows, scores, columns, objects
        self.position = {key: i for i, key in enumerate(keys(rows))}

    def scores(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, C). Raises MissingCell for rows that the table does not have."""
        missing = [row for row, key in zip(rows, keys(rows), strict=True) if key not in self.position]
        if missing:
            raise missing_cells([in_words(row, self.objects) for row in missing])
        return self.table[[self.position[key] for key in keys(rows)]]


def missing_cells(rows: list[str]) -> MissingCell:
    """The error that names rows a table does not have."""
    named = ", ".join(row or "the empty row" for row in rows[:8])
    more = f" and {len(rows) - 8} more" if len(rows) > 8 else ""
    return MissingCell(
        f"the table has no cells for {named}{more}",
        remedy="Add those rows to the table, or ask only for rows that it has.",
    )
