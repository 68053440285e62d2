"""Curves: walks over the grid one object at a time, downward (strikes) and upward (acquisition)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.grid import Grid
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.rows import Rows, from_words, in_words
from dataleverage.grid.table import Table
from dataleverage.measure.worth import check_complete, check_numbers
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

Order = Literal["random", "greedy", "worst"]
Source = Grid | Table
TAKEN = ("share", "rows", "object", "row")  # columns of a curve that are not scores
MOST = 2**20  # rows of one size that are all looked at


def strike(
    source: Source,
    order: Order | Sequence[str] = "random",
    *,
    column: str | None = None,
    samples: int = 100,
    most: int | None = None,
    points: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """The strike curve: the score against how many objects have left the full clean row.

    Parameters
    ----------
    source : a grid, or a table that has the rows.
    order : `random`, the mean over rows of a size (all of them where there are at most `samples`, or the table is complete);
        `greedy`, whose leaving hurts most now; `worst`, the worst row of each size; or object names in the order they leave.
    column : what greedy and worst go by; the first unless given.
    samples : rows of each size that stand for all, where order is random and they must be trained.
    most : how many leave at most; all but one unless given.
    points : how many sizes are looked at, spread evenly up to the most; every one unless given. Only where order is random or
        worst: the others go one object at a time.
    seed : of the sample.

    Returns a DataFrame indexed by `struck` (how many left): `share` of training examples that left (mean), `rows` looked at, a
    column of scores for every column and, where they are a sample's mean, `low` and `high` ends of its 95 % interval as
    further columns (`all low`, `all high`). A greedy or given order also says who leaves, in `object`, and worst the `row`.
    Raises GridError for orders and columns there are not and for cells of that column that are not numbers, MissingCell where a
    table lacks a row.
    """
    return walk(source, order, column, samples, most, points, seed, extreme="worst")


def acquisition(
    source: Source,
    order: Literal["random", "greedy", "best"] | Sequence[str] = "random",
    *,
    column: str | None = None,
    samples: int = 100,
    most: int | None = None,
    points: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """The acquisition curve: the score against how many objects an operator that starts with nothing has got.

    As `strike`, upward: greedy takes what helps most now, best the best row of each size. Indexed by `held`; `share` is that
    of training examples held.
    """
    return walk(source, order, column, samples, most, points, seed, extreme="best")


def walk(
    source: Source,
    order: str | Sequence[str],
    column: str | None,
    samples: int,
    most: int | None,
    points: int | None,
    seed: int,
    *,
    extreme: Literal["worst", "best"],
) -> pd.DataFrame:
    """Both curves: down from the full row, where the worst row of each size is looked for, or up from the empty one."""
    import pandas as pd

    where, sign, sizes, columns = facts(source, column)
    refuse_taken(columns)
    n, down = len(source.objects), extreme == "worst"
    steps = (n - 1 if down else n) if most is None else most
    if not 1 <= steps <= n:
        raise GridError(f"{steps} of {n} objects cannot {'leave' if down else 'come'}", remedy=f"Ask for 1 to {n}.")
    if samples < 1:
        raise GridError(
            f"{samples} rows of a size cannot stand for all", remedy="Sample at least two, to know how sure they are."
        )
    if points is not None and (order == "greedy" or not isinstance(order, str)):
        raise GridError(f"the order {order!r} goes one object at a time", key="points", remedy="Leave `points` out.")
    shown = spread(steps, points)
    scores = asker(source, where)
    start = np.full(n, 1 if down else 0, dtype=np.uint8)
    lines = [line(start[None, :], scores(start[None, :]), sizes, columns, down)]
    if isinstance(order, str) and order in ("random", extreme):
        if order == extreme:
            refuse_too_many(n, steps)
        rng = Streams(seed)["strike curve"]
        for step in shown:
            rows, every = of_size(source, n - step if down else step, samples if order == "random" else None, rng)
            found = scores(rows)
            if order == extreme:
                at = int(np.argmin((1 if down else -1) * sign * found[:, where]))
                lines.append({**line(rows[[at]], found[[at]], sizes, columns, down), "row": in_words(rows[at], source.objects)})
                lines[-1]["rows"] = len(rows)
            else:
                lines.append(line(rows, found, sizes, columns, down, every=every))
    elif order == "greedy" or (isinstance(order, Sequence) and not isinstance(order, str)):
        named = None if isinstance(order, str) else positions(order, source.objects, steps if most is not None else None)
        for step in range(len(named) if named is not None else steps):
            left = np.flatnonzero(start == (1 if down else 0)) if named is None else np.array([named[step]])
            rows = np.repeat(start[None, :], len(left), axis=0)
            rows[np.arange(len(left)), left] = 0 if down else 1
            found = scores(rows)
            at = int(np.argmin((1 if down else -1) * sign * found[:, where]))
            start = rows[at]
            lines.append({**line(rows[[at]], found[[at]], sizes, columns, down), "object": source.objects[left[at]]})
            lines[-1]["rows"] = len(rows)
    else:
        raise GridError(f"there is no order {order!r}", remedy=f"Choose random, greedy or {extreme}, or give object names.")
    moved = range(len(lines)) if points is None else [0, *shown]
    return pd.DataFrame(lines, index=pd.Index(moved, name="struck" if down else "held"))


def effective_data(table: Table, row: str, *, column: str | None = None) -> float:
    """How many objects a random strike must take away to cost as much as this row does.

    The random strike curve of a complete table is interpolated where it falls to the row's score: a targeted strike of two can
    be worth a random one of six. NaN where no random strike costs as much; 0 where the row costs nothing.

    Raises MissingCell, which names the rows, where the table has holes or lacks the row.
    """
    where, sign, _, columns = facts(table, column)
    if not isinstance(table, Table):
        raise GridError("effective data is read off a table, not off a grid", remedy="Pass `grid.unveil()`.")
    check_complete(table)
    score = sign * table.known(from_words(row, table.objects)[None, :])[0, where]
    curve = strike(table, "random", column=column, most=len(table.objects))
    cost = sign * curve[columns[where]].to_numpy()
    reached = np.flatnonzero(cost <= score)
    if not len(reached):
        return float("nan")
    k = int(reached[0])
    return 0.0 if k == 0 else float(k - (score - cost[k]) / (cost[k - 1] - cost[k]))


# ---------------------------------------------------------------------- what a grid and a table have in common


def facts(source: Source, column: str | None) -> tuple[int, float, Ints, tuple[str, ...]]:
    """Where the column stands, 1 where more of it is better or −1, (n,) examples of objects, and names of columns."""
    if isinstance(source, Table):
        where = source.column(column)
        return where, float(source.sign[where]), source.examples, source.columns
    if not isinstance(source, Grid):
        raise GridError(f"a curve is read off a grid or a table, not off a {type(source).__name__}")
    where = 0 if column is None else source.column(column)
    sign = 1.0 if METRICS[source.columns[where].metric].greater_is_better else -1.0
    return where, sign, source.sizes, source.column_names


def spread(steps: int, points: int | None) -> list[int]:
    """How many objects have moved at each point of a curve: every number up to the last, or so many spread evenly."""
    if points is None:
        return list(range(1, steps + 1))
    if points < 1:
        raise GridError(f"{points} points are no curve", key="points", remedy="Ask for at least one.")
    return sorted(set(np.linspace(steps, 1, min(points, steps)).round().astype(int).tolist()))


def refuse_taken(columns: Sequence[str]) -> None:
    """Raise GridError where a column of scores would stand under a name that the curve needs for itself."""
    taken = [name for name in columns if name in TAKEN]
    if taken:
        raise GridError(
            f"a column is called {taken[0]!r}, as one of the curve's own is",
            remedy=f"Rename its slice: not {', '.join(TAKEN)}.",
        )


def asker(source: Source, where: int) -> Callable[[Rows], Floats]:
    """What gives the scores of rows, and raises GridError where the column that decides has no number."""
    name = (source.columns if isinstance(source, Table) else source.column_names)[where]

    def scores(rows: Rows) -> Floats:
        found = source.known(rows) if isinstance(source, Table) else source.scores(rows)
        check_numbers(rows, found[:, [where]], source.objects, [name])
        return found

    return scores


def refuse_too_many(n: int, steps: int) -> None:
    """Raise GridError where some size has more rows than can all be looked at, before any of them is."""
    from math import comb

    every, size = max((comb(n, step), step) for step in range(1, steps + 1))
    if every > MOST:
        raise GridError(
            f"there are {every:,} rows of {size} or of {n - size} objects", remedy="Use the order greedy or random, or `most`."
        )


def of_size(source: Source, size: int, samples: int | None, rng: np.random.Generator) -> tuple[Rows, int]:
    """(R, n) clean rows of a size: all of them, or a sample of distinct ones; and how many there are.

    samples : None asks for all. A complete table has all of them anyway.
    """
    from itertools import combinations
    from math import comb

    n = len(source.objects)
    every = comb(n, size)
    if isinstance(source, Table) and source.complete:
        of_all: Rows = source.rows[((source.rows <= 1).all(axis=1)) & (source.rows.sum(axis=1, dtype=np.int64) == size)]
        return of_all, every
    if samples is None or every <= samples:
        rows = np.zeros((every, n), dtype=np.uint8)
        for row, held in zip(rows, combinations(range(n), size), strict=True):
            row[list(held)] = 1
        return rows, every
    found: dict[bytes, Rows] = {}
    while len(found) < samples:
        rank = rng.random((samples, n)).argsort(axis=1).argsort(axis=1)
        for row in (rank < size).astype(np.uint8):
            if len(found) < samples:
                found.setdefault(row.tobytes(), row)
    return np.array(list(found.values())), every


def line(rows: Rows, scores: Floats, sizes: Ints, columns: Sequence[str], down: bool, *, every: int = 1) -> dict[str, object]:
    """One line of a curve: means over rows, and intervals where they are a sample of `every` row of their size."""
    held = float((rows @ sizes).mean() / sizes.sum())
    found: dict[str, object] = {"share": 1 - held if down else held, "rows": len(rows)}
    mean = scores.mean(axis=0)
    found |= dict(zip(columns, mean.tolist(), strict=True))
    if len(rows) < every:
        for name, middle, far in zip(columns, mean.tolist(), reach(scores, every).tolist(), strict=True):
            found |= {f"{name} low": middle - far, f"{name} high": middle + far}
    return found


def reach(scores: Floats, every: int) -> Floats:
    """(C,) half the 95 % interval of the mean of scores (R, C) that were drawn from `every` one, without putting back."""
    from scipy.stats import t

    drawn = len(scores)
    if drawn < 2:
        return np.full(scores.shape[1], np.inf)
    error = scores.std(axis=0, ddof=1) / np.sqrt(drawn) * np.sqrt(1 - drawn / every)
    return np.asarray(float(t.ppf(0.975, drawn - 1)) * error)


def positions(names: Sequence[str], objects: Sequence[str], most: int | None) -> list[int]:
    """Where objects stand. Raises GridError for one that is not there, or is named twice."""
    for i, name in enumerate(names):
        if name not in objects or name in names[:i]:
            what = "is no object" if name not in objects else "is named twice"
            raise GridError(f"{name!r} {what}", remedy=f"Objects are {', '.join(objects[:20])}.")
    return [list(objects).index(name) for name in names][:most]
