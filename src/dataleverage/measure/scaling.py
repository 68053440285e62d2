"""Scaling: how scores grow with the size of a row, `a − b m^{−c}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.grid import Grid
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.oracle import TableOracle
from dataleverage.grid.rows import MOST_OBJECTS, Rows
from dataleverage.grid.table import Table
from dataleverage.measure.curves import of_size
from dataleverage.measure.worth import check_numbers
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Mask

if TYPE_CHECKING:
    import pandas as pd

STEEPEST = 10.0  # exponents beyond are a step, not a curve
LEAST = 4  # sizes that a curve of three parameters needs at least
SIZES = 12  # sizes that a sample is spread over, at most
BUDGET = 2000  # rows that a sample takes unless told otherwise


def sample(grid: Grid, *, budget: int = BUDGET, seed: int = 0, progress: Callable[[int], object] | None = None) -> Table:
    """A table of random clean rows of up to twelve sizes, spread evenly in their logarithm from one object to all of them.

    What `fit` and `by_size` need where rows are too many to unveil: the rows nearest to all and to none, which
    `unveil(budget=…)` gives, are of few sizes, and not all of the last one.

    Parameters
    ----------
    budget : rows, at least eight; each size has as many as another, or all that there are of it, and a size whose rows are a
        sample has at least two.
    seed : of the draws. progress : called as `grid.scores` does.

    Raises GridError for less, for a table of cells, and whatever scoring raises.
    """
    if not isinstance(grid, Grid) or isinstance(grid.oracle, TableOracle):
        what = "a table of cells" if isinstance(grid, Grid | Table) else f"a {type(grid).__name__}"
        raise GridError(f"{what} trains no rows that could be drawn", remedy="Fit the rows that it has.")
    if budget < 2 * LEAST:
        raise GridError(
            f"{budget} rows cannot show {LEAST} sizes, each twice", key="budget", remedy=f"Give {2 * LEAST} rows or more."
        )
    n, rng = grid.n_objects, Streams(seed)["scaling"]
    spread = np.geomspace(1, n, max(LEAST, min(SIZES, budget // LEAST)))
    rows: list[Rows] = []
    left = budget
    by_number = sorted(set(spread.round().astype(int).tolist()), key=lambda size: comb(n, size))
    for k, size in enumerate(by_number):  # what a size with few rows leaves over is for the others
        drawn, _ = of_size(grid, size, left // (len(by_number) - k), rng)
        left -= len(drawn)
        rows.append(drawn)
    asked = np.concatenate(rows)
    metrics, sizes = tuple(column.metric for column in grid.columns), tuple(grid.sizes.tolist())
    return Table(asked, grid.scores(asked, progress=progress), grid.objects, grid.column_names, metrics, sizes)


def by_size(table: Table, *, within: Sequence[str] | None = None) -> pd.DataFrame:
    """The mean score of the clean rows of each size.

    Parameters
    ----------
    within : objects: only rows made of these are looked at.

    Returns a DataFrame, a line for each number of objects from 1 on and each column: `objects`, `examples` (the mean over these
    rows), `column`, `score` (mean), `deviation` (standard, between rows), `rows`, and `error`: the standard error of the mean,
    where these rows were drawn at random from all of their size; 0 where they are all, and NaN of a single one of several.
    """
    import pandas as pd

    rows, scores = clean(table, within)
    held = rows.sum(axis=1, dtype=np.int64)
    examples = rows @ table.examples
    n = len(table.objects) if within is None else len(set(within))
    lines = []
    for size in np.unique(held[held > 0]):
        alike = held == size
        for c, column in enumerate(table.columns):
            part = scores[alike, c]
            deviation = float(part.std(ddof=1)) if len(part) > 1 else float("nan")
            error = standard_error(part, comb(n, int(size)))
            lines.append((int(size), float(examples[alike].mean()), column, float(part.mean()), deviation, len(part), error))
    return pd.DataFrame(lines, columns=["objects", "examples", "column", "score", "deviation", "rows", "error"])


def standard_error(scores: Floats, every: int) -> float:
    """Of the mean of scores (R,) that were drawn from `every` one, without putting back: 0 of all, NaN of a single one."""
    drawn = len(scores)
    if drawn >= every:
        return 0.0
    return float("nan") if drawn < 2 else float(scores.std(ddof=1) / np.sqrt(drawn) * np.sqrt(1 - drawn / every))


def fit(table: Table, *, strata: Mapping[str, Sequence[str]] | None = None, level: float = 0.95) -> pd.DataFrame:
    """Fit `score = a − b m^{−c}` to the mean score by size, m the training examples of a row.

    The exponent is found by variable projection (Golub & Pereyra 1973) from 0 to 10, a and b by least squares; intervals come
    from the residuals of the means and, where the rows of a size are a sample of all, from the standard errors of its mean, by
    the delta method with Student's t. They say how well the curve fits, not how another world would differ: for that, fit many
    worlds and see `dl.intervals.over_worlds`.

    Parameters
    ----------
    table : of all rows, or of rows drawn at random, as `sample` draws them. Rows that were chosen in another way, those nearest
        to all and to none for one, give the curve of these rows.
    strata : objects by the name of their kind: one curve for each, over rows made of these objects only, so that size is not
        confused with composition.
    level : of the intervals.

    Returns a DataFrame indexed by column, or by stratum and column: `a` (the score of endless data), `b`, `c` with `low` and
    `high` ends, `deviation` of the residuals and the number of `sizes`. An exponent at either end of its range has an
    unbounded interval. Raises GridError for fewer than four sizes and for unknown objects.
    """
    import pandas as pd

    if not 0 < level < 1:
        raise GridError(f"a level of {level} is no probability between 0 and 1")
    parts = {"": None} if strata is None else dict(strata)
    lines, index = [], []
    for stratum, within in parts.items():
        means = by_size(table, within=within)
        for column in table.columns:
            of_column = means[means.column == column]
            m, score = of_column.examples.to_numpy(), of_column.score.to_numpy()
            if len(m) < LEAST:
                where = f" in {stratum}" if stratum else ""
                there = ", ".join(f"{size}" for size in of_column.objects) or "none"
                raise GridError(
                    f"a scaling curve needs rows of {LEAST} sizes, and there are {len(m)}{where} (objects: {there})",
                    remedy="Make more objects, or add rows of other sizes to the table.",
                )
            lines.append(curve(m, score, of_column.error.fillna(0.0).to_numpy(), level))
            index.append((stratum, column))
    names = pd.MultiIndex.from_tuples(index, names=["stratum", "column"])
    frame = pd.DataFrame(lines, index=names)
    return frame.droplevel("stratum") if strata is None else frame


def predict(fitted: pd.DataFrame, examples: float) -> pd.Series:
    """The score that each fitted curve gives to so many training examples."""
    found: pd.Series = fitted["a"] - fitted["b"] * float(examples) ** -fitted["c"]
    return found


def diagonal(grid: Grid, *, budget: int | None = None, seed: int = 0) -> pd.DataFrame:
    """The diagonal of the grid: every row on the evaluation examples of the very owners that it holds data of.

    Training and evaluation grow together, as they do for a company that can only evaluate on its own users (the company view of
    Vincent & Hecht 2021). Needs `slices: {by: owner}` and a metric that is a mean over examples.

    Parameters
    ----------
    budget : rows to train at most, which are drawn as `sample` draws them where there are more; all of up to 20 objects, and
        2,000 of more, unless given. seed : of the draws.

    Returns a DataFrame, a line for each number of objects: `objects`, `examples`, `score` on the diagonal, `everyone` (the same
    rows on everyone's examples), `rows`, and the standard error of the score, `error`, which is 0 where these are all.
    """
    import pandas as pd

    if grid.world is None or grid.world.owner_of is None:
        raise GridError("a table has no owners", remedy="Use a grid that is trained.")
    world = grid.world
    owner_of = {part.name: part.owner for part in world.slices if part.owner is not None}
    metric = grid.columns[0].metric
    own = [
        c
        for c, column in enumerate(grid.columns)
        if column.part == "audit" and column.slice in owner_of and column.metric == metric
    ]
    if not own or METRICS[metric].mean != "examples":
        raise GridError(
            "the diagonal needs a column for each owner, on a metric that is a mean over examples",
            remedy="Set `slices: {by: owner}` and the metric accuracy or log_loss.",
        )
    n = grid.n_objects
    every = n <= MOST_OBJECTS and (budget is None or 2**n <= budget)
    table = grid.unveil() if every else sample(grid, budget=BUDGET if budget is None else budget, seed=seed)
    rows, scores = clean(table, None)
    owns = np.zeros((grid.n_objects, len(own)))
    owners = [owner_of[grid.columns[c].slice] for c in own]
    for k, owner in enumerate(owners):
        owns[world.owner_of == owner, k] = 1
    weight = ((rows @ owns) > 0) * np.array([grid.columns[c].examples for c in own])
    judged = weight.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = (weight * scores[:, own]).sum(axis=1) / judged
    held = rows.sum(axis=1, dtype=np.int64)
    lines = []
    for size in np.unique(held[held > 0]):
        part = (held == size) & (judged > 0)
        if part.any():
            examples = float((rows[part] @ grid.sizes).mean())
            # of all rows of a size, as large a share is judged as of those drawn
            error = standard_error(score[part], round(comb(n, int(size)) * int(part.sum()) / int((held == size).sum())))
            means = float(score[part].mean()), float(scores[part, 0].mean())
            lines.append((int(size), examples, *means, int(part.sum()), error))
    return pd.DataFrame(lines, columns=["objects", "examples", "score", "everyone", "rows", "error"])


def clean(table: Table, within: Sequence[str] | None) -> tuple[Rows, Floats]:
    """The clean rows made of some objects, or of any, and their scores. Raises GridError for unknown objects and NaN."""
    if not isinstance(table, Table):
        remedy = "Pass `grid.unveil()`, or `scaling.sample(grid)` of more objects than can be enumerated."
        raise GridError(f"scaling is read off a table, not off a {type(table).__name__}", remedy=remedy)
    wanted: Mask = np.ones(len(table.objects), dtype=bool)
    if within is not None:
        unknown = [name for name in within if name not in table.objects]
        if unknown:
            raise GridError(f"{unknown[0]!r} is no object", remedy=f"Objects are {', '.join(table.objects[:20])}.")
        wanted = np.isin(np.array(table.objects), list(within))
    kept = (table.rows <= 1).all(axis=1) & ~table.rows[:, ~wanted].any(axis=1)
    rows, scores = table.rows[kept], table.scores[kept]
    check_numbers(rows, scores, table.objects, table.columns)
    return rows, scores


def curve(m: Floats, score: Floats, error: Floats, level: float) -> dict[str, float]:
    """One fitted curve, as a line of `fit`.

    m, score, error : (k,) sizes, mean scores and their standard errors. What the residuals show beyond these errors is taken to
    be the curve's own misfit, alike at every size (the moments of DerSimonian & Laird 1986).
    """
    from scipy.optimize import minimize_scalar
    from scipy.stats import t

    unit = float(np.exp(np.log(m).mean()))  # powers of m/unit stay near 1
    x = m / unit

    def left(c: float) -> tuple[float, Floats]:
        design = np.column_stack([np.ones(len(x)), -(x**-c)])
        solved: Floats = np.asarray(np.linalg.lstsq(design, score, rcond=None)[0], dtype=np.float64)
        return float(((score - design @ solved) ** 2).sum()), solved

    grid = np.geomspace(1e-3, STEEPEST, 60)
    best = int(np.argmin([left(c)[0] for c in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    c = float(minimize_scalar(lambda c: left(c)[0], bounds=(low, high), method="bounded", options={"xatol": 1e-10}).x)
    squares, (a, scaled) = left(c)
    dof = len(m) - 3
    deviation = float(np.sqrt(squares / dof))
    slope = np.column_stack([np.ones(len(x)), -(x**-c), scaled * np.log(x) * x**-c])
    edge = best in (0, len(grid) - 1) or np.linalg.cond(slope) > 1e12
    spread = np.full(3, np.inf)
    b = scaled * unit**c
    if not edge:
        pull = np.linalg.pinv(slope)  # (3, k): how far each mean moves each parameter
        free = 1 - np.einsum("kp,pk->k", slope, pull)  # of each mean's variance, what its residual keeps
        misfit = max(0.0, (squares - float(free @ error**2)) / dof)
        covariance = (pull * (error**2 + misfit)) @ pull.T
        # b = scaled * unit**c: its error is carried over from both
        carry = np.array([[1, 0, 0], [0, unit**c, b * np.log(unit)], [0, 0, 1]])
        spread = np.sqrt(np.diag(carry @ covariance @ carry.T)) * float(t.ppf(0.5 + level / 2, dof))
    line: dict[str, float] = {}
    for name, value, reach in zip("abc", (a, b, c), spread, strict=True):
        line |= {name: float(value), f"{name} low": float(value - reach), f"{name} high": float(value + reach)}
    return {**line, "deviation": deviation, "sizes": float(len(m))}
