"""The grid: every row against every column, filled in only when asked."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dataleverage.errors import GridError
from dataleverage.grid import rows as row_words
from dataleverage.grid.cells import Cells, of_frame, of_masks
from dataleverage.grid.disk import DiskStore, Key
from dataleverage.grid.gap import Gap, table_gaps, trained_gaps
from dataleverage.grid.learner import Learner
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import Oracle, TableOracle, TrainedOracle, Training, in_batches
from dataleverage.grid.rows import Rows
from dataleverage.grid.store import MemoryStore
from dataleverage.grid.surrogate_grid import SurrogateFit, SurrogateGrid
from dataleverage.grid.surrogates import SurrogateKind
from dataleverage.grid.table import Table
from dataleverage.grid.weights import as_weights, joined, parted
from dataleverage.world.world import Floats, Mask, World

if TYPE_CHECKING:
    import pandas as pd

NO_WEIGHTS = "Ask without weights, or train: give a world and a learner."
SCORES = 3  # counted up when the same row comes to another score than before, so that stores do not mix them


class Grid:
    """All cells of a world, trained lazily and kept. Several threads may ask it: one after the other is answered.

    A pickled copy has the cells that are known, and opens the store file.
    Build one with `Scenario.grid`, `Grid.of_world`, `Grid.from_arrays` or `Grid.from_table`.

    Attributes
    ----------
    objects : the n object names.
    columns : the C columns; those of the monitor part come last and are named `monitor:…`.
    oracle : what scores rows that are not in the store.
    sizes : (n,) training examples in each object (1 each for a table).
    n_present : ways in which an object can be present: 1 (clean) + the number of tactics.
    store, disk : where known cells are kept while the grid lives, and in a file where one is named (`keep_in`).
    weighted_store, weighted_disk : the same for rows with weights, which are never read as plain ones.
    trained, served, from_disk : rows that the oracle scored, rows that were known already, and those of them that were read
        from the file. trained_for_gaps : of the trained ones, the two that gaps take: 2 or 0.
    """

    def __init__(
        self,
        objects: Sequence[str],
        oracle: Oracle,
        *,
        sizes: ArrayLike | None = None,
        n_present: int = 1,
        world: World | None = None,
        gaps: Mapping[str, Gap] | None = None,
    ) -> None:
        self.objects = tuple(objects)
        self.oracle = oracle
        self.columns = oracle.columns
        self.sizes = np.asarray(np.ones(len(self.objects)) if sizes is None else sizes, dtype=np.int64)
        self.n_present = n_present
        self.world = world
        self.store = MemoryStore(len(self.columns))
        self.disk: DiskStore | None = None
        self.weighted_store = MemoryStore(len(self.columns))
        self.weighted_disk: DiskStore | None = None
        self.trained = 0
        self.served = 0
        self.from_disk = 0
        self.trained_for_gaps = 0
        self._gaps: dict[str, Gap] = dict(gaps or {})
        self._fits: dict[tuple[SurrogateKind, int], SurrogateFit] = {}
        self._lock = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = threading.RLock()

    # ------------------------------------------------------------------ ways to build one

    @classmethod
    def of_world(
        cls, world: World, learner: Learner, metric: str | Sequence[tuple[str, str]] = "accuracy", **training: Unpack[Training]
    ) -> Grid:
        """The grid of a world: audit columns for every slice, and for its monitor part. training : as `Training` has it."""
        columns = columns_of(world, metric, "audit")
        if not world.audit.all():
            columns += columns_of(world, metric, "monitor")
        oracle = TrainedOracle(world, learner, columns, **training)
        return cls(world.objects, oracle, sizes=world.sizes, n_present=world.n_present, world=world)

    @classmethod
    def from_arrays(
        cls,
        X_train: ArrayLike,
        y_train: ArrayLike,
        groups: ArrayLike,
        X_eval: ArrayLike,
        y_eval: ArrayLike,
        *,
        learner: Learner,
        slices: Mapping[str, ArrayLike] | None = None,
        metric: str | None = None,
        **training: Unpack[Training],
    ) -> Grid:
        """A grid of arrays; nothing is preprocessed.

        Parameters
        ----------
        X_train, y_train : (N, d) and (N,). Float targets with a regression learner, otherwise labels of any type. With a
            learner of ratings, X holds pairs of indices (user, item) from 0 on, and y ratings.
        groups : (N,) the object of each training example; objects are the sorted groups.
        X_eval, y_eval : (E, d) and (E,), all of it audit.
        slices : name -> (E,) bool mask or indices; the column `all` always comes first.
        metric : accuracy for classification and rmse for regression and ratings unless given.
        training : `memory`, `workers` and `path`, as `TrainedOracle` takes them.

        Raises DataError for shapes that do not fit, NaN and infinity.
        """
        from dataleverage.world.arrays import task_of, world_of_arrays

        if not isinstance(learner, Learner):
            raise GridError(
                f"{learner!r} is no learner", remedy="Pass one of dl.learners, or dl.learners.Sklearn(estimator) for any other."
            )
        task = learner.task[0] if len(learner.task) == 1 else task_of(np.asarray(y_train))
        world = world_of_arrays(X_train, y_train, groups, X_eval, y_eval, slices=slices or {}, task=task)
        return cls.of_world(world, learner, metric or ("accuracy" if task == "classification" else "rmse"), **training)

    @classmethod
    def from_table(
        cls,
        frame: pd.DataFrame,
        *,
        objects: Sequence[str] | None = None,
        metric: str = "accuracy",
        floor: float | Mapping[str, float] | None = None,
        full: float | Mapping[str, float] | None = None,
    ) -> Grid:
        """A grid of published or hand-made cells.

        Parameters
        ----------
        frame : the index is the row in words (`''`, `A`, `AB`; `A+north` for longer names), columns are slices.
        objects : names, needed only where they cannot be read from the rows; otherwise single letters in order.
        metric : what the cells measure (says whether more is better).
        floor, full : scores of guessing and of the full row, where the table has no such rows; one number or one a column.

        Raises GridError for rows that appear twice or name unknown objects, for columns or objects of one name or none at
        all, and for cells that are not finite numbers.
        """
        return cls._of_cells(of_frame(frame, objects, metric), floor, full)

    @classmethod
    def from_masks(
        cls,
        masks: ArrayLike,
        margins: ArrayLike,
        *,
        objects: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        metric: str = "score",
        floor: float | Mapping[str, float] | None = None,
        full: float | Mapping[str, float] | None = None,
    ) -> Grid:
        """A grid of measurements made elsewhere, in the form of datamodels (Ilyas et al. 2022): who was in, what came out.

        Parameters
        ----------
        masks : (R, n) bool or 0 and 1: which objects each training set held; the scores of masks that repeat are averaged.
        margins : (R,) or (R, C) what was measured of each model: margins, accuracies, losses of mixtures, anything.
        objects, columns : n and C names; A, B … and `score`, or `column 0` … unless given.
        metric : `score` (more is better) or `loss`, or one of the metrics.
        floor, full : as for `from_table`.

        Raises GridError for shapes, names and values that do not fit.
        """
        return cls._of_cells(of_masks(masks, margins, objects, columns, metric), floor, full)

    @classmethod
    def _of_cells(cls, cells: Cells, floor: Any, full: Any) -> Grid:
        """A grid that answers from cells and from nothing else."""
        oracle, most = TableOracle.of(cells), int(max(cells.rows.max(initial=1), 1))
        return cls(cells.objects, oracle, n_present=most, gaps=table_gaps(oracle, floor, full))

    # ------------------------------------------------------------------ asking it

    @property
    def n_objects(self) -> int:
        return len(self.objects)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> int:
        """The position of a column. Raises GridError for a name there is not."""
        try:
            return self.column_names.index(name)
        except ValueError:
            raise GridError(
                f"there is no column {name!r}", remedy=f"Columns are {', '.join(self.column_names[:20])}."
            ) from None

    def rows(self, words: Iterable[str]) -> Rows:
        """(R, n) uint8: rows given in words."""
        parsed = [row_words.from_words(word, self.objects) for word in words]
        return np.array(parsed, dtype=np.uint8).reshape(-1, self.n_objects)

    def words(self, rows: ArrayLike) -> list[str]:
        """Each row in words."""
        return [row_words.in_words(row, self.objects) for row in self._rows(rows)]

    @property
    def full_row(self) -> Rows:
        """(1, n): every object, clean."""
        return np.ones((1, self.n_objects), dtype=np.uint8)

    def keep_in(self, path: str | os.PathLike[str]) -> Grid:
        """Keep cells in a store file too, and read there what is known already; returns the grid itself.

        What the grid knows already goes into the file, which any number of grids and processes can share. Raises StoreError for
        a file that is no store, is one of another version, or is broken; GridError for a table, whose cells are known anyway.
        """
        if self.world is None or not isinstance(self.oracle, TrainedOracle):
            raise GridError("a table of cells trains nothing that a store could keep", remedy="Leave the store out.")
        with self._lock:
            if self.disk is None or self.disk.path != Path(path):
                self.disk, self.weighted_disk = DiskStore(path, self._key()), None
                if len(self.store):
                    self.disk.put(*self.store.known(self.n_objects))
                if len(self.weighted_store) and (weighted := self._weighted_disk()) is not None:
                    weighted.put(*self.weighted_store.known(9 * self.n_objects))
                if self.trained_for_gaps:
                    self.disk.put_gaps(np.array([astuple(self._gaps[name]) for name in self.column_names]))
        return self

    def scores(
        self, rows: ArrayLike, weights: ArrayLike | None = None, *, progress: Callable[[int], object] | None = None
    ) -> Floats:
        """(R, n_objects) small integers -> (R, n_columns) float64.

        A row is trained on once, whatever the order and number of times it is asked for, and what is trained is kept at once:
        an interrupt loses only the rows in hand. Raises GridError for rows or weights of the wrong shape and MissingCell where
        a table does not have the rows.

        Parameters
        ----------
        weights : (R, n_objects), or (n_objects,) for all rows: how often each example of an object counts, finite and at least
            0. Part of what a row is known by. A weight of 0 is absence; weights of absent objects do not matter; a row whose
            objects all weigh 1 is the plain row. A table, and a learner that cannot weigh, refuse them (GridError).
        progress : called with the number of rows that have been trained since it was called last.
        """
        asked = self._rows(rows)
        if weights is None:
            return self._answers(asked, False, progress)
        if not isinstance(self.oracle, TrainedOracle):
            raise GridError("a table of cells trains nothing that weights could change", remedy=NO_WEIGHTS, key="weights")
        self.oracle.learner.check_weights()
        asked, given, plain = as_weights(weights, asked)
        scores = np.empty((len(asked), len(self.columns)))
        scores[plain] = self._answers(asked[plain], False, progress)
        scores[~plain] = self._answers(joined(asked[~plain], given[~plain]), True, progress)
        return scores

    def _answers(self, keys: NDArray[np.uint8], weighted: bool, progress: Callable[[int], object] | None) -> Floats:
        """(R, C): rows (R, n), or rows joined with their weights (R, 9 n), from where they are known, and otherwise trained."""
        asked, which = row_words.distinct(keys)
        if not len(asked):
            return np.empty((0, len(self.columns)))
        with self._lock:
            known, scores = self._known_or_trained(asked, weighted, progress)
            self.served += int(known[which].sum())
        return scores[which]

    def _known_or_trained(
        self, asked: NDArray[np.uint8], weighted: bool, progress: Callable[[int], object] | None
    ) -> tuple[Mask, Floats]:
        """(R,) which of distinct rows were known, and (R, C) all their scores."""
        store, disk = (self.weighted_store, self._weighted_disk()) if weighted else (self.store, self.disk)
        known, scores = store.find(asked)
        if disk is not None and not known.all():
            missing = np.flatnonzero(~known)
            there, found = disk.find(asked[missing])
            scores[missing[there]] = store.put(asked[missing[there]], found[there])
            known[missing[there]] = True
            self.from_disk += int(there.sum())
        new = np.flatnonzero(~known)
        if len(new):
            rows, weights = parted(asked[new]) if weighted else (asked[new], None)
            for where, part, seconds in in_batches(self.oracle, rows, weights):
                done = asked[new[where]]
                if disk is not None:
                    part = disk.put(done, part, seconds)
                scores[new[where]] = store.put(done, part)
                self.trained += len(where)
                if progress is not None:
                    progress(len(where))
        return known, scores

    def _weighted_disk(self) -> DiskStore | None:
        """The rows with weights in the store file, which are another grid's to it: plain rows and these never meet."""
        if self.disk is not None and self.weighted_disk is None:
            self.weighted_disk = DiskStore(self.disk.path, self._key("weighted"))
        return self.weighted_disk

    def _key(self, *more: str) -> Key:
        """What all cells depend on."""
        assert self.world is not None and isinstance(self.oracle, TrainedOracle)
        columns = json.dumps([SCORES, *more, *([column.slice, column.metric, column.part] for column in self.columns)])
        return Key(self.world.fingerprint, self.oracle.learner.fingerprint(), columns, len(self.columns), self.world.title)

    def to_unveil(self, budget: int | None = None) -> int:
        """How many rows `unveil` would ask for."""
        if isinstance(self.oracle, TableOracle):
            return len(self.oracle.rows)
        if budget is None and self.n_objects > row_words.MOST_OBJECTS:
            raise row_words.too_many(self.n_objects)
        every: int = 2**self.n_objects
        return every if budget is None else min(every, budget)

    def unveil(self, *, budget: int | None = None, progress: Callable[[int], object] | None = None) -> Table:
        """All 2**n clean rows as a table; for a table of cells, the rows that it has.

        Parameters
        ----------
        budget : how many rows may be trained; needed beyond 20 objects, where only that many of the smallest and the
            largest rows are unveiled (the empty and the full row first, then one object away from them, and so on).
        progress : called as `scores` does.
        """
        if budget is not None and budget < 1:
            raise GridError(f"the budget is {budget} rows", remedy="Give at least one row, or no budget.")
        if isinstance(self.oracle, TableOracle):
            rows = self.oracle.rows
        elif budget is None or (self.n_objects <= row_words.MOST_OBJECTS and 2**self.n_objects <= budget):
            rows = row_words.all_rows(self.n_objects)
        else:
            rows = row_words.extreme_rows(self.n_objects, budget)
        metrics, sizes = tuple(column.metric for column in self.columns), tuple(self.sizes.tolist())
        return Table(rows, self.scores(rows, progress=progress), self.objects, self.column_names, metrics, sizes)

    def gap(self, name: str) -> Gap:
        """What guessing and training on everything score on a column, and how sure their difference is."""
        with self._lock:
            if name not in self._gaps and self.column(name) is not None:
                if not isinstance(self.oracle, TrainedOracle):
                    raise GridError(
                        f"the table gives no floor and full for the column {name!r}",
                        remedy="Give `floor` and `full` with the table, or the empty and the full row.",
                    )
                gaps = self._trained_gaps(self.oracle)
                self._gaps.update(zip(self.column_names, (Gap(*each) for each in gaps.tolist()), strict=True))
            return self._gaps[name]

    def _trained_gaps(self, oracle: TrainedOracle) -> Floats:
        """(C, 3) floor, full and error of every column: those of the store file, or computed and kept there.

        That takes what models decide on each example, which is not kept: the empty and the full row are trained, also where
        their scores are known.
        """
        gaps = None if self.disk is None else self.disk.gaps()
        if gaps is not None:
            return gaps
        began = time.perf_counter()
        gaps = trained_gaps(oracle)
        seconds, scores = time.perf_counter() - began, gaps[:, :2].T.copy()
        rows = np.repeat([[0], [1]], self.n_objects, axis=1).astype(np.uint8)
        self.trained += len(rows)
        self.trained_for_gaps += len(rows)
        self.store.put(rows, scores if self.disk is None else self.disk.put(rows, scores, seconds))
        return gaps if self.disk is None else self.disk.put_gaps(gaps)

    def with_surrogate(self, kind: SurrogateKind, seed: int = 0) -> SurrogateGrid:
        """A grid that trains a sample of rows (when first asked) and predicts all others: see `dl.surrogates`.

        seed : of the sample. Raises GridError, with the key `surrogate.kind`, where this surrogate cannot answer for the grid.
        """
        return SurrogateGrid(self._fits.setdefault((kind, seed), SurrogateFit(self, kind, seed)))

    def _rows(self, rows: ArrayLike) -> Rows:
        return row_words.as_rows(rows, self.n_objects, self.n_present)

    def __repr__(self) -> str:
        return f"Grid({self.n_objects} objects, {len(self.columns)} columns, {len(self.store)} rows known)"
