"""Interactions: what objects are worth together, beyond what each is worth alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.rows import all_rows, in_words
from dataleverage.grid.table import Table
from dataleverage.measure.worth import frame, sizes, worth
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd


def moebius(table: Table) -> pd.DataFrame:
    """The Möbius transform, or Harsanyi dividends: `m(S) = Σ_{T⊆S} (−1)^{|S|−|T|} v(T)` (Harsanyi 1963).

    The score of a row is the sum of the dividends of all of its subsets. Returns a DataFrame (rows in words × columns), in the
    order of the table's objects. Raises MissingCell where the table has holes, GridError for NaN cells.
    """
    dividends = dividends_of(worth(table))
    words = [in_words(row, table.objects) for row in all_rows(len(table.objects))]
    return frame(dividends, words, table.columns, name="row")


def interactions(table: Table, index: Literal["shapley", "banzhaf"] = "shapley") -> pd.DataFrame:
    """The interaction of every pair of objects (Grabisch & Roubens 1999).

    `I(i, j) = Σ_{S∌i,j} w(|S|) (v(S∪ij) − v(S∪i) − v(S∪j) + v(S))`, with `w(s) = s! (n−s−2)! / (n−1)!` for the Shapley
    interaction index and `2^{−(n−2)}` for the Banzhaf one. Positive where two objects are worth more together (complements),
    negative where one stands in for the other.

    Returns a DataFrame (pairs × columns), indexed by both names. Raises MissingCell where the table has holes, GridError for
    NaN cells, one object, and an unknown index.
    """
    import pandas as pd

    scores = worth(table)
    n = len(table.objects)
    if n < 2:
        raise GridError("a pair needs two objects, and the table has fewer")
    if index not in ("shapley", "banzhaf"):
        raise GridError(f"there is no {index!r} interaction index", remedy="Choose shapley or banzhaf.")
    # Of the dividends, a pair gets Σ_{T∋i,j} m(T) / (|T| − 1) by Shapley, and m(T) / 2^{|T|−2} by Banzhaf.
    size = np.maximum(sizes(n), 2)
    share = 1.0 / (size - 1) if index == "shapley" else 0.5 ** (size - 2)
    dividends = dividends_of(scores) * share[:, None]
    held = all_rows(n) > 0
    first, second = np.triu_indices(n, 1)
    values = np.empty((len(first), scores.shape[1]))
    for i in range(n):  # all pairs that begin with one object at once
        of_first = np.flatnonzero(first == i)
        inside = held[:, i]
        if len(of_first):
            values[of_first] = held[inside][:, second[of_first]].T.astype(np.float64) @ dividends[inside]
    names = pd.MultiIndex.from_arrays(
        [[table.objects[i] for i in first], [table.objects[j] for j in second]], names=["object", "with"]
    )
    return pd.DataFrame(values, index=names, columns=list(table.columns))


def dividends_of(scores: Floats) -> Floats:
    """(2**n, C) worth of every row -> (2**n, C) dividends, one object at a time."""
    dividends = scores.copy()
    n = len(scores).bit_length() - 1
    for j in range(n):
        split = dividends.reshape(-1, 2, 2**j, scores.shape[1])
        split[:, 1] -= split[:, 0]
    return dividends
