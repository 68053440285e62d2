"""Surrogates that a scenario can name: which rows they train, how they are fitted, and how they are judged."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import GridError
from dataleverage.grid import influence
from dataleverage.grid.oracle import TableOracle, TrainedOracle
from dataleverage.grid.rows import Rows, examples
from dataleverage.grid.surrogate import (
    Additive,
    HeldOut,
    NeighbourMean,
    Pairwise,
    Surrogate,
    check_memory,
    held_out,
    pair_features,
    rank_correlation,
)
from dataleverage.kinds import Kind
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Ints

if TYPE_CHECKING:
    from dataleverage.grid.grid import Grid

FEWEST_ROWS, MOST_ROWS = 10, 20_000  # in a sample: from fewer nothing is learnt of how good a surrogate is
FOLDS = 5
TRIES = 20  # draws for each row wanted, after which a sample with fewer distinct rows is taken as it is


class SurrogateKind(Kind, family="surrogate", package="dataleverage.grid.surrogates"):
    """Base of the surrogates: trains a sample of rows, and says what others would score without training them."""

    rows: int = Field(
        300,
        ge=FEWEST_ROWS,
        le=MOST_ROWS,
        description="How many rows are trained: the empty one, the full one and others drawn at random; all there are, where "
        "those are no more.",
    )
    share: float | None = Field(
        0.8,
        gt=0,
        lt=1,
        description="Chance of each object to be in a drawn row (alpha in Ilyas et al. 2022); null to draw numbers of objects "
        "evenly from 0 to all. Of the objects in a row an evenly drawn number is poisoned, where there are tactics.",
    )
    named: ClassVar[str]  # in sentences

    def check(self, grid: Grid) -> None:
        """Raise GridError where this surrogate cannot answer for a grid. Trains nothing."""
        if isinstance(grid.oracle, TableOracle):
            raise GridError(
                "a table of cells trains nothing, so no surrogate can be fitted to a sample of its rows",
                remedy="Leave the surrogate out: a table answers for the rows that it has.",
                key="surrogate.kind",
            )

    @abstractmethod
    def fit(self, grid: Grid, rows: Rows, scores: Floats) -> Surrogate:
        """The surrogate of a grid, from trained rows (R, n) and their scores (R, C)."""

    def judge(self, grid: Grid, fitted: Surrogate, rows: Rows, scores: Floats) -> HeldOut:
        """How well rows are predicted that a surrogate was not fitted on: cross-validated in 5 folds; NaN of a single row."""
        if len(rows) < 2:
            unknown = np.full(scores.shape[1], np.nan)
            return HeldOut(unknown, unknown, np.full(scores.shape, np.nan))
        return held_out(partial(self.fit, grid), rows, scores, min(FOLDS, len(rows)))

    def sample(self, n_objects: int, n_present: int, streams: Streams) -> Rows:
        """(R, n): the distinct rows that are trained; the full and the empty one come first."""
        every = (n_present + 1) ** n_objects
        if every <= self.rows:
            grid = np.indices((n_present + 1,) * n_objects).reshape(n_objects, -1).T.astype(np.uint8)
            return np.ascontiguousarray(grid)
        rng = streams["surrogate"]
        found = {row.tobytes(): row for row in (np.ones(n_objects, np.uint8), np.zeros(n_objects, np.uint8))}
        for _ in range(TRIES * self.rows):
            if len(found) == self.rows:
                break
            size = rng.integers(n_objects + 1) if self.share is None else rng.binomial(n_objects, self.share)
            held = rng.permutation(n_objects)[:size]
            row = np.zeros(n_objects, dtype=np.uint8)
            row[held] = 1
            if n_present > 1:
                poisoned = held[: rng.integers(size + 1)]
                row[poisoned] = rng.integers(2, n_present + 1, len(poisoned))
            found.setdefault(row.tobytes(), row)
        return np.array(list(found.values()))


class NeighbourMeans(SurrogateKind):
    """The mean score of the trained rows that differ in the fewest objects.

    Its standard errors are the leave-one-out residuals of the trained rows, the same for all rows.
    """

    kind: Literal["neighbour_mean"] = "neighbour_mean"
    named = "the mean of the nearest trained rows"

    def fit(self, grid: Grid, rows: Rows, scores: Floats) -> Surrogate:
        return NeighbourMean(rows, scores)


class AdditiveDatamodel(SurrogateKind):
    """An effect for each object, and each way of being present, that adds up (Ilyas et al. 2022)."""

    kind: Literal["additive"] = "additive"
    penalty: float = Field(0.1, gt=0, description="Ridge penalty on squared effects.")
    named = "an additive datamodel"

    def check(self, grid: Grid) -> None:
        super().check(grid)
        try:
            check_memory(self.rows, grid.n_objects, self.features(grid.n_objects, grid.n_present))
        except GridError as error:
            raise GridError(error.message, key="surrogate.kind", remedy=error.remedy) from None

    def features(self, n_objects: int, n_present: int) -> int:
        """How many effects there are."""
        return n_objects * n_present

    def fit(self, grid: Grid, rows: Rows, scores: Floats) -> Surrogate:
        return Additive(rows, scores, grid.n_present, self.penalty)


class PairwiseDatamodel(AdditiveDatamodel):
    """An effect for each object and for each pair of objects (Ilyas et al. 2022, with pairs added)."""

    kind: Literal["pairwise"] = "pairwise"  # type: ignore[assignment]
    named = "a pairwise datamodel"

    def features(self, n_objects: int, n_present: int) -> int:
        return pair_features(n_objects, n_present)

    def fit(self, grid: Grid, rows: Rows, scores: Floats) -> Surrogate:
        return Pairwise(rows, scores, grid.n_present, self.penalty)


class InfluenceFunctions(SurrogateKind):
    """What the model of the full clean row becomes when objects leave or are poisoned, to first order or by one Newton step.

    For ridge and logistic regression (Koh & Liang 2017). The rows of the sample do not enter: they only tell how wrong it is.
    """

    kind: Literal["influence"] = "influence"
    step: influence.Step = Field(
        "first_order",
        description="first_order, the derivative in the objects' weights; or newton, one Newton step on each row, which is "
        "exact for ridge and takes a system of equations a row.",
    )
    rows: int = Field(
        50,
        ge=FEWEST_ROWS,
        le=MOST_ROWS,
        description="How many rows are trained to judge it by: the empty one, the full one and others drawn.",
    )
    share: float | None = Field(
        0.9, gt=0, lt=1, description="Chance of each object to be in a drawn row; null to draw numbers of objects evenly."
    )
    named = "influence functions"

    def check(self, grid: Grid) -> None:
        super().check(grid)
        if not isinstance(grid.oracle, TrainedOracle):
            raise GridError("nothing is trained here that could have influence functions", key="surrogate.kind")
        world = grid.oracle.world
        try:
            units = world.n_objects * world.n_present
            influence.check(grid.oracle.learner, units, world.X.shape[1], len(world.classes), self.step)
        except GridError as error:
            raise GridError(error.message, key="surrogate.kind", remedy=error.remedy) from None

    def fit(self, grid: Grid, rows: Rows, scores: Floats) -> Surrogate:
        assert isinstance(grid.oracle, TrainedOracle)
        return Expanded(grid.oracle, grid.sizes, self.step, rows, scores)

    def judge(self, grid: Grid, fitted: Surrogate, rows: Rows, scores: Floats) -> HeldOut:
        """Beside the trained rows other than the full one, which is its base, and the empty one, which is a guess."""
        inside = rows.any(axis=1) & (rows != 1).any(axis=1)
        predicted = fitted.predict(rows)
        rank = np.array([rank_correlation(*both) for both in zip(predicted[inside].T, scores[inside].T, strict=True)])
        return HeldOut(rank, np.abs(predicted - scores)[inside].mean(axis=0), predicted)


class Expanded:
    """Influence functions of the full clean row, measured on all columns of an oracle. Implements `Surrogate`.

    Standard errors grow in proportion to the share of training examples that changed; the factor is that of the trained rows
    (R, n) with scores (R, C). What is left of a first-order step grows with the square of that share, so rows nearer than those
    are predicted better than it says, and rows further away worse.
    """

    def __init__(self, oracle: TrainedOracle, sizes: Ints, step: influence.Step, rows: Rows, scores: Floats) -> None:
        self.oracle, self.sizes = oracle, sizes
        full = np.ones(oracle.world.n_objects, dtype=np.uint8)
        try:
            self.predictor = influence.Influence(oracle.learner, oracle.pool, full, step)
        except GridError as error:
            raise GridError(error.message, key="surrogate.kind", remedy=error.remedy) from None
        judged = rows.any(axis=1) & (rows != 1).any(axis=1)
        share = self.changed(rows[judged])
        off = (self.predict(rows[judged]) - scores[judged]) / share[:, None]
        self.factor = np.sqrt((off**2).mean(axis=0)) if len(off) else np.full(scores.shape[1], np.inf)

    def predict(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, C)."""
        scores = np.empty((len(rows), len(self.oracle.columns)))
        size = self.oracle.chunk(len(rows))
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            scores[start : start + size] = self.oracle.measure(self.oracle.decided_by(self.predictor, part))
        return scores

    def errors(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, C)."""
        share = self.changed(rows)[:, None]
        return np.where(share > 0, share, 0.0) * np.where(share > 0, self.factor, 0.0)

    def changed(self, rows: Rows) -> Floats:
        """(R,): the share of training examples that are not as in the full clean row."""
        return np.asarray(examples(rows != 1, self.sizes) / self.sizes.sum())
