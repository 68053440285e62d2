"""Leave-one-out: what a row loses without one of its objects, or without a group of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.oracle import missing_cells
from dataleverage.grid.rows import from_words, in_brief
from dataleverage.grid.table import Table
from dataleverage.measure.worth import check_numbers, frame
from dataleverage.world.world import Floats

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
    GridError for an object that is not in the base row, and for cells of these rows that are not numbers.
    """
    start = base_row(table, base)
    wanted = [name for name, present in zip(table.objects, start, strict=True) if present] if objects is None else list(objects)
    values = losses(table, start, [[name] for name in wanted], holes=objects is None)
    return frame(values, wanted, table.columns)


def leave_group_out(table: Table, groups: Mapping[str, Sequence[str]], *, base: str | None = None) -> pd.DataFrame:
    """What the score of a row loses when a whole group of its objects is left out: `v(N) − v(N∖G)`.

    Parameters
    ----------
    groups : object names by the name of their group; groups may overlap.
    base : the row to leave them out of, in words; the full clean row unless given.

    Returns a DataFrame (groups × columns). Raises MissingCell and GridError as `leave_one_out` does.
    """
    values = losses(table, base_row(table, base), [list(members) for members in groups.values()], holes=False)
    return frame(values, list(groups), table.columns, name="group")


def base_row(table: Table, base: str | None) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """(n,) the row in words, or the full clean one. Raises GridError for what is no table."""
    if not isinstance(table, Table):
        raise GridError(f"values are read off a table, not off a {type(table).__name__}", remedy="Pass `grid.unveil()`.")
    return np.ones(len(table.objects), dtype=np.uint8) if base is None else from_words(base, table.objects)


def losses(table: Table, start: np.ndarray[tuple[int], np.dtype[np.uint8]], groups: list[list[str]], *, holes: bool) -> Floats:
    """(G, C): what the row `start` (n,) loses without each group. holes : whether unknown rows are NaN, not an error."""
    unknown = [name for group in groups for name in group if name not in table.objects or not start[table.objects.index(name)]]
    if unknown:
        raise GridError(
            f"{unknown[0]!r} is not in the row {in_brief(start, table.objects)!r}",
            remedy=f"It holds {', '.join(name for name, v in zip(table.objects, start, strict=True) if v)}.",
        )
    without = np.repeat(start[None, :], len(groups), axis=0)
    for row, group in zip(without, groups, strict=True):
        row[[table.objects.index(name) for name in group]] = 0
    at = table.find(without)
    position = int(table.find(start[None, :])[0])
    missing = [in_brief(row, table.objects) for row, i in zip(without, at, strict=True) if i < 0]
    if position < 0:
        raise missing_cells([in_brief(start, table.objects)])
    if missing and (not holes or len(missing) == len(groups)):
        raise missing_cells(missing)
    used = np.append(position, at[at >= 0])
    check_numbers(table.rows[used], table.scores[used], table.objects, table.columns)
    values: Floats = table.scores[position] - table.scores[at]
    values[at < 0] = np.nan
    return values
