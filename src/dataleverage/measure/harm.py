"""Harm: what audit slices lost over a play, and whether anybody was looking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataleverage.record.record import Record

if TYPE_CHECKING:
    import pandas as pd


def harm(record: Record) -> pd.DataFrame:
    """What each audit column of the weighted metric lost from round 0 to the last, as a share of that metric's gap.

    Returns a DataFrame indexed by column, the worst first: `slice`, `before`, `after`, `loss` (positive where it got worse) and
    `monitored`: whether an operator looked at monitor cells of that slice.
    """
    import pandas as pd

    columns, cells = record.columns, record.cells
    seen = set(cells[cells.by != "creators"].column)
    looked = set(columns[columns.column.isin(seen) & (columns.part == "monitor")].slice)
    metric = columns[columns.weight > 0].iloc[0].metric
    gap = float(record.manifest["normalisation"]["gap"])
    lines = {}
    for column in columns[(columns.part == "audit") & (columns.metric == metric)].itertuples():
        scores = record.rounds[f"score:{column.column}"]
        before, after = float(scores.iloc[0]), float(scores.iloc[-1])
        sign = 1.0 if column.greater_is_better else -1.0
        lines[column.column] = (column.slice, before, after, sign * (before - after) / gap, column.slice in looked)
    found = pd.DataFrame.from_dict(lines, orient="index", columns=["slice", "before", "after", "loss", "monitored"])
    return found.rename_axis("column").sort_values("loss", ascending=False, kind="stable")
