"""Oracles: what answers "score these rows". A batch of rows in, a matrix of scores out."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import cached_property
from itertools import islice
from typing import Any, Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import GridError, MissingCell
from dataleverage.grid.blas import one_thread
from dataleverage.grid.cells import Cells
from dataleverage.grid.learner import Learner, Pool, Predictor, pool_of, rescaled
from dataleverage.grid.metrics import Column, Measurer
from dataleverage.grid.path import FEW, Path, Way
from dataleverage.grid.rows import Rows, in_brief, keys
from dataleverage.grid.sums import Sums, counts_by_class
from dataleverage.world.world import Floats, Mask, World

MEMORY = 32 * 2**20  # bytes that all chunks together may take while they are scored
ARRAYS = {"label": 4, "ranking": 7, "probability": 7}  # of the size of decision values, that are there at once for metrics
CACHE = 3 * 2**19  # bytes of decision values in one chunk: metrics read them several times, best from the processor's cache

Batch = tuple[NDArray[np.int64], Floats, float]
"""Which of the rows asked for, (B,) positions; their scores (B, C); the seconds that took."""

Counted = tuple[Batch, int, int]
"""A batch, and how many of its rows are empty and of a single class."""


class Oracle(Protocol):
    """Scores rows, in any order and number; duplicates are the grid's business."""

    columns: tuple[Column, ...]

    @property
    def path(self) -> str:
        """How the last rows came to their scores, and why so, in words."""

    def scores(self, rows: Rows, weights: Floats | None = None) -> Floats:
        """(R, n) uint8, and (R, n) the weights of their objects where these are not all 1 -> (R, C) float64."""


class Training(TypedDict, total=False):
    """How to train, as `TrainedOracle` takes it."""

    memory: int
    workers: int | None
    path: Way | None


class TrainedOracle:
    """Trains the learner on every row it is asked for, and measures it on every column.

    An empty row predicts the class prior of the full clean row (the mean target for regression and ratings); a row of a single
    class predicts that class. Classes that a row lacks are never predicted on it. `empty` and `single_class`
    count the rows scored so.

    Parameters
    ----------
    memory : bytes that decision values and what metrics make of them may take, of all rows that are scored together, but at
        least those of one row a worker. What a learner prepares, and works on in its own batches, stands beside it.
    workers : threads over chunks of rows, or processes for fits that take long; as many as there are cores unless given, and
        with 1 everything stays in this thread. BLAS has one thread in each: batched small solves are several times slower on
        more.
    path : "batches" or "loop" to train so whatever it costs; by default the shorter way (see `grid.path`).

    Counting metrics do not depend on chunks and workers; the others agree within 1e-9, but for rank metrics where scores tie.
    """

    def __init__(
        self,
        world: World,
        learner: Learner,
        columns: tuple[Column, ...],
        *,
        memory: int = MEMORY,
        workers: int | None = None,
        path: Way | None = None,
    ) -> None:
        if world.task not in learner.task:
            raise GridError(
                f"the learner {learner.tag} does {' and '.join(learner.task)}, and the target asks for {world.task}",
                remedy="Choose a learner for this target: see `dataleverage list learners`.",
                key="learner",
            )
        if world.task == "rating" and learner.preprocess != "none":
            raise GridError(
                f"ratings have no features that preprocess: {learner.preprocess} could scale",
                remedy="Leave `preprocess` out.",
                key="learner.preprocess",
            )
        self.world, self.learner, self.columns, self.memory = world, learner, columns, memory
        self.workers = workers or os.cpu_count() or 1
        self.measure = Measurer(world, columns)
        if self.measure.needs not in learner.gives:
            raise GridError(
                f"the learner {learner.tag} gives no {self.measure.needs}, which a metric of the columns needs",
                remedy="Choose another metric, or a learner that gives probabilities (logistic_regression, gaussian_nb).",
                key="columns.metric",
            )
        self.empty = 0
        self.single_class = 0
        learner.check(rescaled(self.pool, learner.preprocess) if learner.rescales else self.pool, self.measure.needs)
        self.way = Path(learner, path)

    def __getstate__(self) -> dict[str, Any]:
        made_again = ("pool", "predictor", "loop", "class_counts")
        return {name: value for name, value in vars(self).items() if name not in made_again}

    @property
    def path(self) -> str:
        """Which way the last rows took, and why, in words."""
        return str(self.way)

    @cached_property
    def pool(self) -> Pool:
        return pool_of(self.world, self.learner.preprocess)

    @cached_property
    def predictor(self) -> Predictor:
        """Scores rows in batches, or one by one where that is the only way."""
        if self.way.forced == "loop" or self.learner.loops:
            return self.loop
        return self.learner.prepare(self.pool, self.measure.needs)

    @cached_property
    def loop(self) -> Predictor:
        """Scores rows one by one, each from its own examples."""
        from dataleverage.grid.loop import loop_of

        return loop_of(self.learner, self.pool, self.measure.needs)

    @cached_property
    def guess(self) -> Floats:
        """(K,) what an empty row predicts: the log class prior of the full clean row, or its mean target."""
        if self.world.task != "classification":
            return np.array([float(np.mean(self.world.y.astype(np.float64)))])
        counts = np.bincount(self.world.y.astype(np.int64), minlength=len(self.world.classes))
        with np.errstate(divide="ignore"):
            prior: Floats = np.log(counts / counts.sum())
        return prior

    def ends(self) -> Floats:
        """(2, E, K): decision values (or margins) of the empty row (a guess) and of the full clean one, trained on now."""
        with one_thread():
            decision, empty, single = self._decided(
                np.repeat([[0], [1]], self.world.n_objects, axis=1).astype(np.uint8), None, self.predictor
            )
        self.empty += int(empty.sum())
        self.single_class += int(single.sum())
        return decision

    @cached_property
    def class_counts(self) -> Sums:
        """(R, K, 1): training examples of each class; all of them for other tasks."""
        return counts_by_class(self.pool)

    def chunk(self, rows: int, threads: int | None = None) -> int:
        """Rows scored together, of so many: few enough for the memory, and for every thread to get some."""
        outputs = max(len(self.world.classes), 1) * len(self.world.y_eval)
        per_row = 8 * (ARRAYS[self.measure.needs] * outputs + len(self.pool.y))
        if threads is None:
            threads = self.workers if self.learner.threads and rows > FEW else 1
        shared = rows if threads == 1 else -(-rows // (threads if rows <= FEW else 4 * threads))
        quick = max(FEW, CACHE // (8 * outputs))
        return max(1, min(shared, quick, int(self.memory // self.workers // per_row)))

    def scores(self, rows: Rows, weights: Floats | None = None) -> Floats:
        """(R, n) uint8 and their weights, as `as_weights` gives them -> (R, C). Trains on every row given."""
        result = np.empty((len(rows), len(self.columns)))
        for where, scores, _ in self.batches(rows, weights):
            result[where] = scores
        return result

    def batches(self, rows: Rows, weights: Floats | None = None) -> Iterator[Batch]:
        """Train on every row given; what is done is handed out at once."""
        with one_thread():
            for batch, empty, single in self.way.batches(self, rows, weights):
                self.empty += empty
                self.single_class += single
                yield batch

    def in_chunks(
        self,
        rows: Rows,
        weights: Floats | None,
        order: NDArray[np.int64],
        predictor: Predictor,
        threads: int,
        together: int | None = None,
    ) -> Iterator[Counted]:
        """Train on the rows in this order, so many together, on so many threads."""
        size = together or self.chunk(len(order), threads)
        chunks = (order[start : start + size] for start in range(0, len(order), size))
        if threads == 1 or len(order) <= size:
            for where in chunks:
                yield self.batch(rows, weights, where, predictor)
            return
        with ThreadPoolExecutor(threads) as pool:
            begun = (pool.submit(self.batch, rows, weights, where, predictor) for where in chunks)
            waiting = set(islice(begun, 2 * threads))  # not all at once: with little memory there are many chunks
            try:
                while waiting:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    waiting |= set(islice(begun, len(done)))
                    for each in done:
                        yield each.result()
            finally:
                for each in waiting:
                    each.cancel()

    def batch(self, rows: Rows, weights: Floats | None, where: NDArray[np.int64], predictor: Predictor) -> Counted:
        """Train on some of the rows."""
        began = time.perf_counter()
        decision, empty, single = self._decided(rows[where], None if weights is None else weights[where], predictor)
        scores = self.measure(decision)
        return (where, scores, time.perf_counter() - began), int(empty.sum()), int(single.sum())

    def examples_in(self, rows: Rows) -> Floats:
        """(R,): how many training examples each row has."""
        return np.asarray((rows > 0) @ self.world.sizes, dtype=np.float64)

    def untrained(self, rows: Rows) -> tuple[Mask, Mask, Mask]:
        """(R, K) which classes a row has, and (R,) which rows are empty and (R,) of a single class."""
        present = self.class_counts(rows)[..., 0] > 0
        single = np.asarray((present.sum(axis=1) == 1) & (self.world.task == "classification"))
        return present, np.asarray(~present.any(axis=1)), single

    def decide(self, rows: Rows, weights: Floats | None = None) -> Floats:
        """(R, E, K) decision values over the whole evaluation pool; 0 and the margin where a learner gives margins."""
        with one_thread():
            decision = self._decided(rows, weights, self.predictor)[0]
        return decision if decision.shape[2] == max(len(self.world.classes), 1) else both_classes(decision)

    def decided_by(self, predictor: Predictor, rows: Rows) -> Floats:
        """Decision values or margins by another predictor: rows without models and classes a row lacks are as always."""
        with one_thread():
            return self._decided(rows, None, predictor)[0]

    def _decided(self, rows: Rows, weights: Floats | None, predictor: Predictor) -> tuple[Floats, Mask, Mask]:
        """Decision values or margins, and (R,) which rows are empty and (R,) of a single class."""
        present, empty, single = self.untrained(rows)
        trained = ~(empty | single)
        if trained.all():
            decision = self._fitted(rows, weights, predictor)
        elif trained.any():
            fitted = self._fitted(rows[trained], None if weights is None else weights[trained], predictor)
            decision = np.empty((len(rows), *fitted.shape[1:]))
            decision[trained] = fitted
        else:
            outputs = 1 if present.shape[1] == 2 else present.shape[1]
            decision = np.empty((len(rows), len(self.world.y_eval), outputs))
        if not trained.all():
            told = np.where(empty[:, None], self.guess, np.where(present, 0.0, -np.inf))[~trained, None]
            if told.shape[2] == 2:
                margin = told[..., 1:] - told[..., :1]
                told = margin if decision.shape[2] == 1 else both_classes(margin)
            decision[~trained] = told
        lacking = trained & ~present.all(axis=1)  # never so with two classes, nor with none
        if lacking.any():
            decision[lacking] = np.where(present[lacking][:, None, :], decision[lacking], -np.inf)
        return decision, empty, single

    def _fitted(self, rows: Rows, weights: Floats | None, predictor: Predictor) -> Floats:
        """Decision values of rows that a learner can be fitted to; one that cannot weigh need not know of weights."""
        if weights is None:
            return predictor(rows)
        self.learner.check_weights()
        return predictor(rows, weights)


class TableOracle:
    """Answers from cells that somebody else measured, and from nothing else.

    Parameters
    ----------
    rows : (R, n) uint8, distinct; scores : (R, C).
    """

    def __init__(self, rows: Rows, scores: Floats, columns: tuple[Column, ...], objects: tuple[str, ...]) -> None:
        self.rows, self.table, self.columns, self.objects = rows, scores, columns, objects
        self.position = {key: i for i, key in enumerate(keys(rows))}
        self.path = "read from a table of cells"

    @classmethod
    def of(cls, cells: Cells) -> TableOracle:
        """What answers from cells: an audit column for each of theirs."""
        columns = tuple(Column(name, name, cells.metric, "audit", 0) for name in cells.columns)
        return cls(cells.rows, cells.scores, columns, cells.objects)

    def scores(self, rows: Rows, weights: Floats | None = None) -> Floats:
        """(R, n) uint8 -> (R, C). Raises MissingCell for rows that the table does not have, and GridError for weights."""
        if weights is not None:
            raise GridError(
                "a table of cells trains nothing that could be weighted", remedy="Leave out the weights.", key="weights"
            )
        missing = [row for row, key in zip(rows, keys(rows), strict=True) if key not in self.position]
        if missing:
            raise missing_cells([in_brief(row, self.objects) for row in missing])
        return self.table[[self.position[key] for key in keys(rows)]]


def in_batches(oracle: Oracle, rows: Rows, weights: Floats | None = None) -> Iterator[Batch]:
    """The scores of every row, in batches as they are done where the oracle trains, otherwise all at once."""
    if isinstance(oracle, TrainedOracle):
        yield from oracle.batches(rows, weights)
    else:
        scores = oracle.scores(rows) if weights is None else oracle.scores(rows, weights)
        yield np.arange(len(rows)), scores, 0.0


def both_classes(margin: Floats) -> Floats:
    """Margins (R, E, 1) of the second class over the first -> (R, E, 2): 0 and the margin; −∞ and 0 where it is infinite."""
    endless = np.isposinf(margin)
    return np.concatenate([np.where(endless, -np.inf, 0.0), np.where(endless, 0.0, margin)], axis=2)


def missing_cells(rows: list[str], unnamed: int = 0) -> MissingCell:
    """The error that names rows a table does not have. unnamed : how many more there are, whose words nobody needs."""
    named = ", ".join(row or "the empty row" for row in rows[:8])
    unnamed += max(len(rows) - 8, 0)
    more = f" and {unnamed} more" if unnamed else ""
    return MissingCell(
        f"the table has no cells for {named}{more}",
        remedy="Add those rows to the table, or ask only for rows that it has.",
    )
