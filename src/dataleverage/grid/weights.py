"""Weights: how much each object of a row counts, where that is not the same for all (data ages, say).

An object of weight w enters a fit as if each of its examples were there w times; a weight of 0 is the same as being absent.
A row whose present objects all weigh 1 is the plain row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dataleverage.errors import GridError
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats, Mask


def as_weights(weights: ArrayLike, rows: Rows) -> tuple[Rows, Floats, Mask]:
    """The one form that rows and their weights are kept in.

    Parameters
    ----------
    weights : (R, n), or (n,) for the same in every row; finite and not negative. Those of absent objects do not matter.
    rows : (R, n).

    Returns rows (R, n) in which what weighs nothing is absent, weights (R, n) that are 0 exactly where the object is absent,
    and (R,) which rows are plain. Raises GridError.
    """
    expected = f"one number of at least 0 for every object: ({rows.shape[1]},) for all rows, or {rows.shape} for each"
    try:
        given = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GridError(f"these are no weights: {error}", remedy=f"Give {expected}.", key="weights") from error
    if given.shape not in ((rows.shape[1],), rows.shape):
        raise GridError(f"weights have shape {given.shape}", remedy=f"Give {expected}.", key="weights")
    wrong = ~(np.isfinite(given) & (given >= 0))
    if wrong.any():
        where = np.argwhere(wrong)[0]
        raise GridError(f"the weight of object {where[-1]} is {given[tuple(where)]}", remedy=f"Give {expected}.", key="weights")
    weights = np.where(rows > 0, given, 0.0) + 0.0  # -0 becomes 0, so that equal weights have equal bytes
    return np.where(weights > 0, rows, np.uint8(0)), weights, np.asarray(((weights == 0) | (weights == 1)).all(axis=1))


def known_by(rows: Rows, weights: ArrayLike | None = None) -> list[bytes]:
    """What each of (R, n) rows is known by with weights as in `as_weights`: its bytes, and its weights' unless plain."""
    if weights is None:
        return [row.tobytes() for row in rows]
    kept, counts, plain = as_weights(weights, rows)
    with_weights = joined(kept, counts)
    return [(kept[i] if plain[i] else with_weights[i]).tobytes() for i in range(len(kept))]


def joined(rows: Rows, weights: Floats) -> NDArray[np.uint8]:
    """(R, 9 n): what weighted rows are known by, the row's bytes and then those of its weights."""
    return np.concatenate([rows, np.ascontiguousarray(weights, dtype="<f8").view(np.uint8)], axis=1)


def parted(keys: NDArray[np.uint8]) -> tuple[Rows, Floats]:
    """Rows (R, n) and weights (R, n) from what they are known by."""
    n = keys.shape[1] // 9
    weights = np.ascontiguousarray(keys[:, n:]).view("<f8").astype(np.float64)
    return np.ascontiguousarray(keys[:, :n]), weights
