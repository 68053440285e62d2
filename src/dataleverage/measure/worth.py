"""The worth of every clean row of a complete table, in the order of `all_rows`: what values are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.oracle import missing_cells
from dataleverage.grid.rows import Rows, all_rows, in_brief, in_words
from dataleverage.grid.table import Table
from dataleverage.world.world import Floats, Ints, Mask

if TYPE_CHECKING:
    import pandas as pd

NAMED = 8  # cells that an error names one by one


def worth(table: Table) -> Floats:
    """(2**n, C): the score of every clean row; row i holds object j iff bit j of i is set.

    Poisoned rows of the table are left out. Raises GridError for what is no table and for cells that are not numbers, and
    MissingCell for clean rows that are not there; both say which.
    """
    check_table(table)
    n = len(table.objects)
    rows, scores = table.rows, table.scores
    clean = rows.max(axis=1, initial=0) <= 1
    if not clean.all():
        rows, scores = rows[clean], scores[clean]
    where = positions(rows)
    if len(rows) == 2**n and np.array_equal(where, np.arange(2**n)):
        found = scores
    else:
        at = np.full(2**n, -1)
        at[where] = np.arange(len(where))
        refuse_holes(at >= 0, table.objects)
        found = scores[at]
    check_numbers(rows, scores, table.objects, table.columns)
    return found


def check_complete(table: Table) -> None:
    """Raise MissingCell, which names the first of them, where a table lacks clean rows, and GridError for what is no table."""
    check_table(table)
    known = np.zeros(2 ** len(table.objects), dtype=bool)
    known[positions(table.rows[table.rows.max(axis=1, initial=0) <= 1])] = True
    refuse_holes(known, table.objects)


def refuse_holes(known: Mask, objects: Sequence[str]) -> None:
    """Raise MissingCell where not every clean row is known. known : (2**n,), in the order of `all_rows`."""
    missing = np.flatnonzero(~known)
    if len(missing):
        words = [in_words(row, objects) for row in all_rows(len(objects))[missing[:NAMED]]]
        raise missing_cells(words, max(len(missing) - NAMED, 0))


def check_table(table: Table) -> None:
    """Raise GridError for what is no table, and for a table that cannot have all of its rows."""
    if not isinstance(table, Table):
        raise GridError(f"values are read off a table, not off a {type(table).__name__}", remedy="Pass `grid.unveil()`.")
    if len(table.objects) > 20:
        raise GridError(
            f"{len(table.objects)} objects have 2**{len(table.objects)} rows, and a table of all of them cannot be had",
            remedy="Sample: `dl.values.estimate(grid, ...)` says how sure it is.",
        )


def check_numbers(rows: Rows, scores: Floats, objects: Sequence[str], columns: Sequence[str]) -> None:
    """Raise GridError, which names the cells, where a score (R, C) of rows (R, n) is NaN or infinite."""
    finite = np.isfinite(scores)
    if finite.all():
        return
    broken = np.argwhere(~finite)
    cells = [f"{in_brief(rows[i], objects) or 'the empty row'} on {columns[c]}" for i, c in broken[:NAMED]]
    more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    what = "1 cell is not a finite number" if len(broken) == 1 else f"{len(broken)} cells are not finite numbers"
    raise GridError(
        f"{what}: {', '.join(cells)}{more}",
        remedy="Mend or leave out what was not measured; choose a metric that is defined on every row.",
    )


def positions(rows: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> Ints:
    """(R,) the place of clean rows (R, n ≤ 20) in the order of `all_rows`."""
    packed = np.packbits(rows, axis=1, bitorder="little")
    place = np.zeros(len(rows), dtype=np.int64)
    for byte in range(packed.shape[1]):
        place |= packed[:, byte].astype(np.int64) << (8 * byte)
    return place


def sizes(n: int) -> Ints:
    """(2**n,) how many objects each row holds."""
    return np.bitwise_count(np.arange(2**n, dtype=np.uint32)).astype(np.int64)


def frame(values: Floats, index: Sequence[str], columns: Sequence[str], name: str = "object") -> pd.DataFrame:
    """Values (len(index), C) as a table of what is valued × columns."""
    import pandas as pd

    return pd.DataFrame(values, index=pd.Index(list(index), name=name), columns=list(columns))
