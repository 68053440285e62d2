"""Harm: what audit slices lost over a play, and whether anybody was looking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dataleverage.record.record import Record

if TYPE_CHECKING:
    import pandas as pd


class Loss(NamedTuple):
    """What one audit column of the first operator lost: see `harm`."""

    column: str
    slice: str
    before: float
    after: float
    loss: float
    monitored: bool


def harm(record: Record) -> pd.DataFrame:
    """What each audit column of the weighted metric lost from round 0 to the last, as a share of that metric's gap.

    Returns a DataFrame indexed by column, the worst first: `slice`, `before`, `after`, `loss` (positive where it got worse) and
    `monitored`: whether an operator looked at monitor cells of that slice. With several operators, the first one's.
    """
    import pandas as pd

    found = pd.DataFrame(list(losses(record)), columns=list(Loss._fields)).set_index("column")
    return found.sort_values("loss", ascending=False, kind="stable")


def losses(record: Record) -> Iterator[Loss]:
    """What each audit column of the weighted metric lost, in the record's order."""
    names, slices, parts, metrics = (record.column("columns", name) for name in ("column", "slice", "part", "metric"))
    greater = record.column("columns", "greater_is_better")
    by, which = record.column("cells", "by"), record.column("cells", "column")
    seen = set(which[by != "creators"].tolist())
    looked = {s for name, s, part in zip(names, slices, parts, strict=True) if part == "monitor" and name in seen}
    metric = metrics[record.column("columns", "weight") > 0][0]
    gap = float(record.manifest["normalisation"]["gap"])
    for c, name in enumerate(names.tolist()):
        if parts[c] != "audit" or metrics[c] != metric:
            continue
        scores = record.along(f"score:{name}")
        before, after = float(scores[0]), float(scores[-1])
        sign = 1.0 if greater[c] else -1.0
        yield Loss(name, slices[c], before, after, sign * (before - after) / gap, slices[c] in looked)
