"""Cells that somebody else measured: published or hand-made tables, and masks with what came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dataleverage.errors import GridError
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.rows import Rows, as_rows, distinct, from_words, keys, objects_in
from dataleverage.world.world import Floats, object_names

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Cells:
    """Distinct rows and their scores.

    rows : (R, n) uint8; scores : (R, C); objects, columns : n and C names; metric : what all columns measure.
    """

    rows: Rows
    scores: Floats
    objects: tuple[str, ...]
    columns: tuple[str, ...]
    metric: str


def of_frame(frame: pd.DataFrame, objects: Sequence[str] | None, metric: str) -> Cells:
    """Cells of a DataFrame indexed by rows in words. See `Grid.from_table`."""
    words = [str(index) for index in frame.index]
    names = tuple(objects) if objects is not None else objects_in(words)
    slices = tuple(str(name) for name in frame.columns)
    check_names(names, slices, metric)
    rows = np.array([from_words(word, names) for word in words], dtype=np.uint8).reshape(-1, len(names))
    if (twice := first_twice(keys(rows))) is not None:
        raise GridError(f"the table has the row {words[twice]!r} more than once", remedy="Keep one of them.")
    try:
        scores = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise GridError(f"the table holds what is not a number: {error}", remedy="Give numbers in every cell.") from error
    check_scores(scores, words, slices)
    return Cells(rows, scores, names, slices, metric)


def of_masks(
    masks: ArrayLike, margins: ArrayLike, objects: Sequence[str] | None, columns: Sequence[str] | None, metric: str
) -> Cells:
    """Cells of masks (R, n) and what was measured (R,) or (R, C); repeated masks are averaged. See `Grid.from_masks`."""
    given = np.asarray(masks)
    if given.ndim != 2 or not given.size:
        raise GridError(f"masks have shape {given.shape}; expected (training sets, objects), at least one of each")
    if given.dtype.kind == "f" and np.isin(given, (0, 1)).all():
        given = given > 0
    rows = as_rows(given, given.shape[1])
    try:
        measured = np.asarray(margins, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GridError(f"margins are not made of numbers: {error}", remedy="Give (R,) or (R, C) numbers.") from error
    if measured.ndim == 1:
        measured = measured[:, None]
    if measured.ndim != 2 or len(measured) != len(rows) or not measured.shape[1]:
        raise GridError(f"margins have shape {measured.shape}; expected {len(rows)} numbers, or rows of numbers, one a mask")
    names = tuple(objects) if objects is not None else object_names(rows.shape[1])
    of_one = ("score",) if measured.shape[1] == 1 else tuple(f"column {c}" for c in range(measured.shape[1]))
    called = tuple(columns) if columns is not None else of_one
    for what, have, want in (("objects", len(names), rows.shape[1]), ("columns", len(called), measured.shape[1])):
        if have != want:
            raise GridError(f"{have} {what} are named, and there are {want}")
    check_names(names, called, metric)
    check_scores(measured, [f"mask {i}" for i in range(len(rows))], called)
    unique, which = distinct(rows)
    times = np.bincount(which, minlength=len(unique))
    total = np.zeros((len(unique), measured.shape[1]))
    np.add.at(total, which, measured)
    return Cells(unique, total / times[:, None], names, called, metric)


def check_names(objects: Sequence[str], columns: Sequence[str], metric: str) -> None:
    """Raise GridError for names that are missing or stand twice, and for an unknown metric."""
    for what, called in (("object", objects), ("column", columns)):
        if not called:
            raise GridError(f"the table has no {what}s", remedy="Rows are named as in AB or A+north, columns as you like.")
        if (twice := first_twice(called)) is not None:
            raise GridError(f"there are two {what}s {called[twice]!r}", remedy="Give each a name of its own.")
    if metric not in METRICS:
        raise GridError(f"{metric!r} is no metric", remedy=f"Metrics are {', '.join(METRICS)}.")


def check_scores(scores: Floats, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Raise GridError for the first cell that is no finite number."""
    if not np.isfinite(scores).all():
        i, c = np.argwhere(~np.isfinite(scores))[0]
        raise GridError(
            f"the cell of row {rows[i]!r} and column {columns[c]!r} is {scores[i, c]}",
            remedy="Leave out rows that were not measured.",
        )


def first_twice(values: Sequence[object]) -> int | None:
    """Where the first value stands that was there before; None where all differ."""
    seen: set[object] = set()
    for i, value in enumerate(values):
        if value in seen:
            return i
        seen.add(value)
    return None
