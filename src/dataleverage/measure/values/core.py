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
EXACT = 1e-10  # the finest that the solver of programs knows
DEPENDENT = 1e-10  # below, one group's shares follow from those of others
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
        excess = program(value[chosen], groups[chosen], total)
        share = nearest(value[chosen] - excess, groups[chosen], total)
        complaint = value - excess - groups @ share
        complaint[[0, -1, *chosen]] = 0  # those are taken in already
        worst = np.argsort(-complaint)[:ADDED]
        worst = worst[complaint[worst] > TOLERANCE]
        if not len(worst):
            return share * unit, excess * unit
        chosen = np.concatenate([chosen, worst])


def program(value: Floats, groups: Floats, total: float) -> float:
    """The least excess: minimise e where groups @ share + e ≥ value and share sums to total."""
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
        options={"primal_feasibility_tolerance": EXACT, "dual_feasibility_tolerance": EXACT},
    )
    if found.status != 0 or found.x is None:
        raise GridError(f"the least core was not found: {found.message}", remedy="Look for scores of enormous size.")
    return float(found.x[n])


def nearest(bound: Floats, groups: Floats, total: float) -> Floats:
    """(n,) the shares nearest to equal ones with groups @ share ≥ bound that sum to total.

    The dual method of Goldfarb & Idnani (1983): the group that complains most is given what it asks for, and those that then
    get more than they ask are let go, until nobody complains. Shares that must lie in a plane, as in a least core they do, are
    no trouble to it: a group whose share follows from those of others is content with what is left to it, which differs from
    what it asks for by no more than the excess is exact.
    """
    n = groups.shape[1]
    equal = np.full(n, total / n)
    flat, _ = np.linalg.qr(np.column_stack([np.ones(n), np.eye(n)[:, : n - 1]]))
    across = flat[:, 1:]  # (n, n − 1): directions in which shares move and the sum stands
    sides, gap = groups @ across, bound - groups @ equal
    moved = np.zeros(n - 1)
    held: list[int] = []  # groups that get exactly what they ask for, and the force with which each holds
    force = np.zeros(0)
    while True:
        lacks = gap - sides @ moved
        lacks[held] = 0
        asks = int(np.argmax(lacks))
        lack, pull = float(lacks[asks]), 0.0
        if lack <= EXACT:
            return np.asarray(equal + across @ moved)
        while True:
            give, free = np.zeros(0), sides[asks]
            if held:
                give = np.linalg.lstsq(sides[held].T, sides[asks], rcond=None)[0]
                free = sides[asks] - sides[held].T @ give
            speed = float(free @ free)
            enough = lack / speed if speed > DEPENDENT else np.inf
            until = np.full(len(held), np.inf)
            np.divide(force, give, out=until, where=give > DEPENDENT)
            step = min(enough, float(until.min(initial=np.inf)))
            if step == np.inf:
                gap[asks] -= lack
                break
            if enough < np.inf:
                lack -= step * speed
            force, pull = force - step * give, pull + step
            if step == enough:
                held, force = [*held, asks], np.append(force, pull)
                moved = np.linalg.lstsq(sides[held], gap[held], rcond=None)[0]
                break
            gone = int(np.argmin(until))
            held, force = held[:gone] + held[gone + 1 :], np.delete(force, gone)
