"""The Owen value: Shapley's when objects come in unions that act together first (Owen 1977)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.table import Table
from dataleverage.measure.values.semivalues import halves
from dataleverage.measure.worth import frame, sizes, worth

if TYPE_CHECKING:
    import pandas as pd


def owen(table: Table, unions: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The Owen value of every object: unions bargain with each other as Shapley's players do, and their objects within them.

    With m unions, union k of p_k objects, H the other unions that came before and T the objects of k that did:
    `φ_i = Σ_H Σ_{T∌i} 1/(m C(m−1, |H|)) · 1/(p_k C(p_k−1, |T|)) · (v(Q_H ∪ T ∪ i) − v(Q_H ∪ T))`. Values sum to
    `v(N) − v(∅)`, and those of a union to its Shapley value in the game between unions. With unions of one object each, or one
    union of all, it is the Shapley value.

    Parameters
    ----------
    unions : object names by the name of their union; each object in exactly one.

    Returns a DataFrame (objects × columns). Raises GridError for unions that are no partition of the objects, MissingCell where
    the table has holes.
    """
    scores = worth(table)
    bits = [sum(1 << j for j in members) for members in partition(table.objects, unions)]
    values = np.empty((len(table.objects), scores.shape[1]))
    m = len(bits)
    for k, union in enumerate(bits):
        others = [bit for u, bit in enumerate(bits) if u != k]
        outside = np.zeros(1, dtype=np.int64)  # the rows made of whole other unions
        for bit in others:
            outside = np.concatenate([outside, outside + bit])
        chance = np.array([1 / (m * comb(m - 1, h)) for h in sizes(m - 1)])
        members = [j for j in range(len(table.objects)) if union >> j & 1]
        inside = np.zeros(1, dtype=np.int64)  # the rows made of objects of this one
        for j in members:
            inside = np.concatenate([inside, inside + (1 << j)])
        p = len(members)
        weights = np.array([1 / (p * comb(p - 1, t)) for t in range(p)])
        size = sizes(p)
        held, lacking = np.concatenate([[0.0], weights])[size], np.concatenate([weights, [0.0]])[size]
        for c in range(scores.shape[1]):
            mean = chance @ scores[outside[:, None] + inside, c]  # (2**p,) over what the other unions did
            values[members, c] = halves(held * mean, present=True) - halves(lacking * mean, present=False)
    return frame(values, table.objects, table.columns)


def partition(objects: Sequence[str], unions: Mapping[str, Sequence[str]]) -> list[list[int]]:
    """The positions of the objects of each union. Raises GridError where an object is in none, in two, or unknown."""
    at = {name: j for j, name in enumerate(objects)}
    found: list[list[int]] = []
    seen: dict[str, str] = {}
    for union, members in unions.items():
        for name in members:
            if name not in at:
                raise GridError(
                    f"the union {union!r} names {name!r}, which is no object", remedy=f"Objects are {', '.join(objects)}."
                )
            if name in seen:
                raise GridError(f"the object {name!r} is in the unions {seen[name]!r} and {union!r}", remedy="Leave it in one.")
            seen[name] = union
        if not members:
            raise GridError(f"the union {union!r} is empty", remedy="Leave it out.")
        found.append([at[name] for name in members])
    left = [name for name in objects if name not in seen]
    if left:
        raise GridError(f"{', '.join(left[:8])} are in no union", remedy="Add them; an object can be a union of its own.")
    return found
