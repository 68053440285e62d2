"""The least core: shares that leave no group of objects worse off than need be (Maschler, Peleg & Shapley 1979)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.rows import all_rows
from dataleverage.grid.table import Table
from dataleverage.measure.worth import frame, worth
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-9  # of a score: a group that gets so little less than it should is content
ADDED = 64  # groups that are taken in at once


def least_core(table: Table) -> pd.DataFrame:
    """The egalitarian least core (Yan & Procaccia 2021): shares of `v(N) − v(∅)` that no group could better by much.

    The least e for which shares exist that sum to the whole and give every group S at least `v(S) − v(∅) − e`; of all such
    shares, those with the smallest sum of squares, which are unique. `result.attrs["excess"]` holds e by column: at most 0
    where the core is not empty. Groups are taken in as they complain, so that not all 2**n are ever in one program.

    Returns a DataFrame (objects × columns). Raises MissingCell where the table has holes, GridError for NaN cells.
    """
    scores = worth(table)
    n = len(table.objects)
    if n < 2:
        raise GridError("a core needs two objects, and the table has fewer")
    groups = all_rows(n).astype(np.float64)
    solved = [of_column(scores[:, c] - scores[0, c], groups) for c in range(scores.shape[1])]
    values = frame(np.array([share for share, _ in solved]).T, table.objects, table.columns)
    values.attrs["excess"] = dict(zip(table.columns, (excess for _, excess in solved), strict=True))
    return values


def of_column(value: Floats, groups: Floats) -> tuple[Floats, float]:
    """(n,) shares and the excess, from the gains (2**n,) of groups (2**n, n) over nothing."""
    n, total = groups.shape[1], value[-1]
    unit = max(float(np.abs(value).max()), 1e-300)  # solvers' tolerances are absolute
    value, total = value / unit, total / unit
    size = groups.sum(axis=1)
    chosen = np.flatnonzero((size == 1) | (size == n - 1))
    while True:
        share, excess = program(value[chosen], groups[chosen], total)
        share = nearest(value[chosen] - excess, groups[chosen], total, share)
        complaint = value - excess - groups @ share
        complaint[[0, -1]] = 0
        worst = np.argsort(-complaint)[:ADDED]
        worst = np.setdiff1d(worst[complaint[worst] > TOLERANCE], chosen)
        if not len(worst):
            return share * unit, excess * unit
        chosen = np.concatenate([chosen, worst])


def program(value: Floats, groups: Floats, total: float) -> tuple[Floats, float]:
    """The least excess, and some shares that reach it: minimise e where groups @ share + e ≥ value, share sums to total."""
    from scipy.optimize import linprog

    n = groups.shape[1]
    found = linprog(
        np.append(np.zeros(n), 1.0),
        A_ub=-np.column_stack([groups, np.ones(len(groups))]),
        b_ub=-value,
        A_eq=np.append(np.ones(n), 0.0)[None, :],
        b_eq=[total],
        bounds=[(None, None)] * (n + 1),
        method="highs",
    )
    if found.status != 0 or found.x is None:
        raise GridError(f"the least core was not found: {found.message}", remedy="Look for scores of enormous size.")
    return found.x[:n], float(found.x[n])


def nearest(bound: Floats, groups: Floats, total: float, start: Floats) -> Floats:
    """(n,) the shares nearest to equal ones with groups @ share ≥ bound that sum to total: least-distance programming.

    (Lawson & Hanson 1974, chapter 23: the dual is a non-negative least-squares problem.) `start`, which is allowed, where the
    solver finds nothing better.
    """
    from scipy.optimize import nnls

    n = groups.shape[1]
    equal = np.full(n, total / n)
    flat, _ = np.linalg.qr(np.column_stack([np.ones(n), np.eye(n)[:, : n - 1]]))
    across = flat[:, 1:]  # (n, n − 1): directions in which shares move and the sum stands
    sides, gap = groups @ across, bound - groups @ equal
    solved, _ = nnls(np.vstack([sides.T, gap]), np.append(np.zeros(n - 1), 1.0))
    residual = np.vstack([sides.T, gap]) @ solved - np.append(np.zeros(n - 1), 1.0)
    if abs(residual[-1]) < 1e-14:
        return start
    return np.asarray(equal + across @ (-residual[:-1] / residual[-1]))
