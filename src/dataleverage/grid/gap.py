"""The gap of a column: what guessing and training on everything score, and how sure their difference is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.metrics import Column, Measurer, columns_of
from dataleverage.grid.oracle import TableOracle, TrainedOracle
from dataleverage.world.world import Floats, Slice


@dataclass(frozen=True)
class Gap:
    """What guessing and training on everything score on one column.

    floor, full : scores; error : the standard error of full − floor, paired over the column's evaluation examples, or for
    ratings over its users, whose own ratings are alike.
    """

    floor: float
    full: float
    error: float


def clear(gap: float, error: float) -> bool:
    """Whether a gap is more than two standard errors. Exact ties, which few examples make common, are not."""
    return gap > 2 * error + 1e-9


def table_gaps(oracle: TableOracle, floor: Any, full: Any) -> dict[str, Gap]:
    """The gaps that a table knows or is told; its cells are exact, so their error is 0."""
    n = len(oracle.objects)
    gaps = {}
    for c, column in enumerate(oracle.columns):
        bounds = []
        for given, row in ((floor, np.zeros(n, np.uint8)), (full, np.ones(n, np.uint8))):
            value = given.get(column.name) if isinstance(given, Mapping) else given
            known = oracle.position.get(row.tobytes())
            bounds.append(float(value) if value is not None else None if known is None else oracle.table[known, c])
        if bounds[0] is not None and bounds[1] is not None:
            gaps[column.name] = Gap(float(bounds[0]), float(bounds[1]), 0.0)
    return gaps


def trained_gaps(oracle: TrainedOracle) -> Floats:
    """(C, 3): floor, full and error of every column. Trains the full row.

    The floor predicts the majority (class prior) of the full clean row, or its mean. The standard error is paired over the
    evaluation examples: in closed form where the metric is a mean over examples (or users), otherwise by the jackknife.
    """
    decision = oracle.ends()
    scores = oracle.measure(decision)
    return np.column_stack([scores.T, [standard_error(oracle, column, decision) for column in oracle.columns]])


def standard_error(oracle: TrainedOracle, column: Column, decision: Floats) -> float:
    """That of full − floor on a column. decision : (2, E, K), of guessing and of the full row."""
    guess, best = (oracle.measure.per_example(decision[i], column) for i in (0, 1))
    if guess is None or best is None:
        return jackknife_error(oracle, column, decision)
    difference = best - guess
    return float(np.std(difference, ddof=1) / np.sqrt(len(difference))) if len(difference) > 1 else float("inf")


def jackknife_error(oracle: TrainedOracle, column: Column, decision: Floats, folds: int = 20) -> float:
    """Standard error of full − floor on a column by the delete-a-group jackknife over its evaluation examples.

    Ratings are left out user by user; of a single user, one by one.
    """
    world = oracle.world
    inside = np.flatnonzero(oracle.measure.masks[column])
    lots = np.arange(len(inside))
    if world.task == "rating" and len(inside) and np.ptp(world.X_eval[inside, 0]) > 0:
        lots = np.unique(world.X_eval[inside, 0], return_inverse=True)[1]
    if len(inside) < 2:
        return float("inf")
    fold = lots % min(folds, int(lots.max()) + 1)
    differences = []
    for k in range(fold.max() + 1):
        mask = np.zeros(len(world.y_eval), dtype=bool)
        mask[inside[fold != k]] = True
        part = replace(world, slices=(Slice("part", mask),))
        try:
            columns = columns_of(part, [("part", column.metric)], column.part)
        except GridError:
            return float("inf")  # without some examples the metric is not even defined
        floor, full = Measurer(part, columns)(decision)[:, 0]
        differences.append(full - floor)
    g = len(differences)
    return float(np.sqrt((g - 1) / g * np.sum((np.array(differences) - np.mean(differences)) ** 2)))
