"""Values: how much each data object matters, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.oracle import missing_cells
from dataleverage.grid.rows import from_words, in_brief
from dataleverage.grid.table import Table

if TYPE_CHECKING:
    import pandas as pd


def leave_one_out(table: Table, *, objects: Sequence[str] | None = None, base: str | None = None) -> pd.DataFrame:
    """What the score of a row loses when one of its objects is left out: `v(N) − v(N∖i)`.

    The oldest of data values (Cook 1977).

    Parameters
    ----------
    table : the known rows of a grid.
    objects : the objects to value; all of the base row unless given.
    base : the row to leave them out of, in words; the full clean row unless given.

    Returns
    -------
    DataFrame (objects × columns), positive where the score falls without the object: for a loss such as rmse an object that
    helps is negative. Without `objects`, those whose row is not in the table are NaN.

    Raises
    ------
    MissingCell where the base row, or the row without an object that was asked for, is not in the table.
    GridError for an object that is not in the base row.
    """
    import pandas as pd

    if not isinstance(table, Table):
        raise GridError(f"values are read off a table, not off a {type(table).__name__}", remedy="Pass `grid.unveil()`.")
    start = np.ones(len(table.objects), dtype=np.uint8) if base is None else from_words(base, table.objects)
    wanted = [name for name, present in zip(table.objects, start, strict=True) if present] if objects is None else list(objects)
    unknown = [name for name in wanted if name not in table.objects or not start[table.objects.index(name)]]
    if unknown:
        raise GridError(
            f"{unknown[0]!r} is not in the row {in_brief(start, table.objects)!r}",
            remedy=f"It holds {', '.join(name for name, v in zip(table.objects, start, strict=True) if v)}.",
        )
    without = np.repeat(start[None, :], len(wanted), axis=0)
    without[np.arange(len(wanted)), [table.objects.index(name) for name in wanted]] = 0
    at = table.find(without)
    position = int(table.find(start[None, :])[0])
    missing = [in_brief(row, table.objects) for row, i in zip(without, at, strict=True) if i < 0]
    if position < 0:
        raise missing_cells([in_brief(start, table.objects)])
    if missing and (objects is not None or len(missing) == len(wanted)):
        raise missing_cells(missing)
    values = table.scores[position] - table.scores[at]
    values[at < 0] = np.nan
    return pd.DataFrame(values, index=pd.Index(wanted, name="object"), columns=list(table.columns))
