"""Shares of money from values: at least nothing each, and one together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GridError

if TYPE_CHECKING:
    import pandas as pd


def shares(values: pd.DataFrame) -> pd.DataFrame:
    """Each column's values as shares: negative ones are cut at 0, and the rest divided by their sum.

    `result.attrs["cut"]` holds, by column, the sum of what was cut (0 or negative, in the unit of the values): money cannot be
    taken from those whose data hurts, and the reader should know how much that hides. For a loss, where less is better, negate
    the values first.

    Parameters
    ----------
    values : DataFrame (objects × columns), as the values of this module are.

    Raises GridError where a value is not a number, or a column has nothing above 0 to share by.
    """
    given = values.to_numpy(dtype=np.float64)
    if not np.isfinite(given).all():
        i, c = np.argwhere(~np.isfinite(given))[0]
        raise GridError(
            f"the value of {values.index[i]} on {values.columns[c]} is {given[i, c]}", remedy="Leave out what has no value."
        )
    kept = np.maximum(given, 0.0)
    total = kept.sum(axis=0)
    if (total <= 0).any():
        raise GridError(
            f"no object has a value above 0 on {values.columns[int(np.argmin(total))]}: there is nothing to share by",
            remedy="Share equally or by size, or negate the values of a loss.",
        )
    result = values.astype(np.float64)
    result[:] = kept / total
    result.attrs["cut"] = dict(zip(values.columns, np.minimum(given, 0.0).sum(axis=0).tolist(), strict=True))
    return result
