"""Evaluation-side value: the row stands still and the columns move. Who is asked to judge a model matters too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.grid import Grid
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.rows import all_rows
from dataleverage.grid.table import Table
from dataleverage.measure.values.semivalues import banzhaf, shapley
from dataleverage.measure.worth import frame

if TYPE_CHECKING:
    import pandas as pd

MEANS = [name for name, metric in METRICS.items() if metric.mean == "examples"]
MOST = 20  # slices whose every union can be measured


def evaluation_side(
    grid: Grid,
    slices: Sequence[str],
    *,
    rows: Sequence[str] | None = None,
    value: Literal["leave_one_out", "shapley", "banzhaf"] = "leave_one_out",
    empty: float = 0.0,
) -> pd.DataFrame:
    """What each slice of evaluation examples adds to the score that is reported of a model.

    The worth of a set T of slices is the score of the row's model on their union: since the metric is a mean over examples,
    `v(T) = Σ_{t∈T} n_t s_t / Σ_{t∈T} n_t`, exactly and without another training. Leave-one-out says by how much the reported
    score would change if the owner of a slice refused to be evaluated on.

    Parameters
    ----------
    grid : a grid with columns of these slices.
    slices : names of audit columns of one metric that is a mean over examples, on slices that do not overlap.
    rows : rows in words, one column of the result each; the full row unless given.
    value : leave_one_out, shapley or banzhaf.
    empty : v(∅), which only shapley and banzhaf read: the score of a model that nobody judges.

    Returns a DataFrame (slices × rows). Raises GridError for slices that overlap or are too many (20), and for a metric that is
    no mean.
    """
    if not slices or len(set(slices)) < len(slices):
        raise GridError("slices are named twice, or none is", remedy="Name each slice once.")
    columns = [grid.column(name) for name in slices]
    check(grid, columns)
    size = np.array([grid.columns[c].examples for c in columns], dtype=np.float64)
    words = list(rows) if rows is not None else grid.words(grid.full_row)
    total = grid.scores(grid.rows(words))[:, columns] * size  # (R, T)
    if value == "leave_one_out":
        whole = total.sum(axis=1, keepdims=True)
        rest = size.sum() - size
        with np.errstate(invalid="ignore", divide="ignore"):
            without = np.where(rest > 0, (whole - total) / np.maximum(rest, 1), empty)
        return frame((whole / size.sum() - without).T, slices, words, name="slice")
    if value not in ("shapley", "banzhaf"):
        raise GridError(f"there is no evaluation-side {value!r}", remedy="Choose leave_one_out, shapley or banzhaf.")
    if len(slices) > MOST:
        raise GridError(f"{len(slices)} slices have too many unions", remedy=f"Name at most {MOST}, or use leave_one_out.")
    unions = all_rows(len(slices))
    examples = unions @ size
    worth = np.where(examples[:, None] > 0, (unions @ total.T) / np.maximum(examples, 1)[:, None], empty)
    valued = (shapley if value == "shapley" else banzhaf)(Table(unions, worth, tuple(slices), tuple(words)))
    valued.index.name = "slice"
    return valued


def check(grid: Grid, columns: Sequence[int]) -> None:
    """Raise GridError where the score of a union is not the mean of the columns' scores."""
    metrics = {grid.columns[c].metric for c in columns}
    if len(metrics) > 1 or METRICS[next(iter(metrics))].mean != "examples":
        raise GridError(
            f"the columns measure {', '.join(sorted(metrics))}: a union needs one metric that is a mean over examples",
            remedy=f"Use {' or '.join(MEANS)}.",
        )
    if grid.world is None:
        raise GridError("a table does not say how many examples its columns have", remedy="Use a grid that is trained.")
    masks = {part.name: part.mask for part in grid.world.slices}
    times = np.sum([masks[grid.columns[c].slice] for c in columns], axis=0)
    if (times > 1).any():
        raise GridError(
            f"the slices overlap: {int((times > 1).sum())} examples are in several", remedy="Name slices that do not."
        )
