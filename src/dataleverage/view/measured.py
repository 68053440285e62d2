"""What the measures say of a grid: values of objects, scaling, leverage, measured and for a program. `told` has the words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.gap import Gap
from dataleverage.grid.grid import Grid
from dataleverage.grid.oracle import TableOracle
from dataleverage.grid.table import Table
from dataleverage.measure import curves as walks
from dataleverage.measure import leverage, scaling, values

if TYPE_CHECKING:
    import pandas as pd

ALONE = 100  # objects up to which each is measured by itself
VALUES: dict[str, Callable[[Table], pd.DataFrame]] = {
    "leave_one_out": values.leave_one_out,
    "shapley": values.shapley,
    "banzhaf": values.banzhaf,
    "least_core": values.least_core,
}
BUDGET = 2000  # rows that each measure takes that is sampled, unless told otherwise
POINTS = 20  # sizes at which a sampled strike curve is shown, at most
MOST = 100  # rows that stand for all of a size at most, and at least
LEAST = 4
GROUPS = 100  # rows of one share in `leverage.by_share`, of which there are nine: a large and a small firm for each group


@dataclass(frozen=True, eq=False)
class Measured:
    """Everything that was asked for.

    values : DataFrames (objects × columns) by name. Of those that were estimated, errors : standard errors, reach : half of
    95 % intervals, draws : how many independent draws, stopped : why there are no more.
    scaling, sizes : the fitted curves, and the means they were fitted to.
    strikes : the strike curves of the first column, by order.
    cells : of what was sampled (values, `scaling`, `strikes`), how many rows it is from. trained : rows that were trained for
    all this, beyond those that had been unveiled.
    leverage : in both views, by share of objects. alone : of every object by itself, where they are not too many. gap : what
    it is a share of.
    """

    values: dict[str, pd.DataFrame] = field(default_factory=dict)
    errors: dict[str, pd.DataFrame] = field(default_factory=dict)
    reach: dict[str, pd.DataFrame] = field(default_factory=dict)
    cells: dict[str, int] = field(default_factory=dict)
    draws: dict[str, int] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)
    scaling: pd.DataFrame | None = None
    sizes: pd.DataFrame | None = None
    strikes: dict[str, pd.DataFrame] = field(default_factory=dict)
    trained: int = 0
    leverage: pd.DataFrame | None = None
    alone: dict[str, pd.DataFrame] = field(default_factory=dict)
    gap: Gap | None = None


def check_values(asked: str) -> list[str]:
    """The values named in a list with commas: leave_one_out, shapley, banzhaf, least_core, beta_shapley:ALPHA:BETA."""
    names = list(dict.fromkeys(name.strip() for name in asked.split(",") if name.strip()))
    for name in names:
        valued(name)
    return names


def valued(name: str) -> Callable[[Table], pd.DataFrame]:
    """What computes a value by its name. Raises GridError for a name there is not."""
    if name in VALUES:
        return VALUES[name]
    parameters = of_beta(name)
    if parameters is None:
        remedy = f"Values are {', '.join(VALUES)} and beta_shapley:ALPHA:BETA."
        raise GridError(f"there is no value {name!r}", remedy=remedy, key="--values")
    values.beta_weights(1, *parameters)  # refuses what is not positive, before anything is trained
    return lambda table: values.beta_shapley(table, *parameters)


def of_beta(name: str) -> tuple[float, float] | None:
    """(alpha, beta) of `beta_shapley:ALPHA:BETA`; None for other names."""
    kind, *parameters = name.split(":")
    try:
        alpha, beta = map(float, parameters)
    except ValueError:
        return None
    return (alpha, beta) if kind == "beta_shapley" else None


def estimated(grid: Grid, name: str, budget: int) -> values.Estimate | None:
    """The estimate of a value by its name; None of those that are not sampled."""
    if name == "shapley":
        return values.estimate(grid, "shapley", budget=budget)
    if name == "banzhaf":
        return values.estimate(grid, "banzhaf", budget=budget)
    parameters = of_beta(name)
    if parameters is None:
        return None
    weights = values.beta_weights(grid.n_objects, *parameters)
    return values.estimate(grid, "semivalue", weights=weights, budget=budget)


def measure(
    grid: Grid,
    table: Table,
    names: Sequence[str] = (),
    *,
    curves: bool = False,
    power: bool = False,
    strikes: bool = False,
    budget: int | None = None,
) -> Measured:
    """Measure a grid that was unveiled as far as `table` goes.

    Where the table has holes and rows can be trained, each measure that can be sampled is, from `budget` rows of its own.

    names : values, as `check_values` gives them. curves : fit scaling curves. power : leverage, of every object alone and of
    random shares. strikes : strike curves, of the first column.
    """
    before, many = grid.trained, samples(grid, table)
    found = Measured()
    if curves:
        drawn = scaling.sample(grid, budget=budget or BUDGET) if many else table
        found = replace(found, scaling=scaling.fit(drawn), sizes=scaling.by_size(drawn))
        if many:
            found.cells["scaling"] = len(drawn)
    for name in names:
        sampled = estimated(grid, name, budget or BUDGET) if many else None
        if sampled is None:
            if name == "least_core" and many:
                raise GridError(
                    f"{name} needs every row, and {len(table):,} of {2**grid.n_objects:,} are there",
                    remedy="Raise --budget, or ask for shapley, banzhaf or beta_shapley, which can be sampled.",
                    key="--values",
                )
            found.values[name] = valued(name)(table)
            continue
        found.values[name], found.errors[name], found.cells[name] = sampled.values, sampled.errors, sampled.cells
        found.reach[name], found.draws[name] = sampled.interval()[1] - sampled.values, sampled.draws
        found.stopped[name] = sampled.stopped
    if strikes:
        found.strikes.update(sampled_strikes(grid, budget or BUDGET) if many else all_strikes(table))
        if many and found.strikes:
            found.cells["strikes"] = sum(int(curve.rows.sum()) for curve in found.strikes.values())
    if power:
        shares = leverage.by_share(grid)  # first, since it refuses what has no leverage in its own words
        alone = {name: leverage.of_strike(grid, [name]) for name in grid.objects} if grid.n_objects <= ALONE else {}
        found = replace(found, leverage=shares, alone=alone, gap=grid.gap(grid.column_names[0]))
    return replace(found, trained=grid.trained - before)


def samples(grid: Grid, table: Table) -> bool:
    """Whether measures are of samples of rows: not all rows are there, and more can be trained."""
    return not table.complete and not isinstance(grid.oracle, TableOracle)


def all_strikes(table: Table) -> dict[str, pd.DataFrame]:
    """The strike curves of a complete table of two objects or more, and none of others."""
    if not table.complete or len(table.objects) < 2:
        return {}
    orders: tuple[walks.Order, ...] = ("random", "greedy", "worst")
    return {order: walks.strike(table, order) for order in orders}


def sampled_strikes(grid: Grid, budget: int) -> dict[str, pd.DataFrame]:
    """Strike curves from a sample of rows: half the budget for random strikes, half for as much of a greedy one as it gives.

    Where objects are so many that it gives no step of a greedy one, there is none; and with fewer than eight rows, no curve.
    """
    n, half = grid.n_objects, budget // 2
    if n < 2 or half < LEAST:
        return {}
    points = min(POINTS, n - 1, half // LEAST)
    found = {"random": walks.strike(grid, "random", points=points, samples=min(MOST, half // points))}
    steps = int((np.cumsum(np.arange(n, 1, -1)) <= half).sum())
    if steps:
        found["greedy"] = walks.strike(grid, "greedy", most=steps)
    return found


def work(
    grid: Grid,
    table: Table,
    names: Sequence[str] = (),
    *,
    curves: bool = False,
    power: bool = False,
    strikes: bool = False,
    budget: int | None = None,
) -> int:
    """About how many rows `measure` asks the grid for."""
    sampled, n = 0, grid.n_objects
    if samples(grid, table):
        estimates = sum(name in ("shapley", "banzhaf") or of_beta(name) is not None for name in names)
        sampled = (estimates + curves + strikes) * (budget or BUDGET)
    return sampled + (2 * n * (n <= ALONE) + GROUPS * min(9, n - 1) if power else 0)


def as_json(found: Measured) -> dict[str, Any]:
    """The same for a program, with every column."""
    told: dict[str, Any] = {}
    if found.values:
        told["values"] = {name: plain(frame) for name, frame in found.values.items()}
    if found.errors:
        told["standard_errors"] = {name: plain(frame) for name, frame in found.errors.items()}
        told["intervals"] = {
            name: {"low": plain(found.values[name] - reach), "high": plain(found.values[name] + reach)}
            for name, reach in found.reach.items()
        }
        told |= {"draws": found.draws, "stopped": found.stopped}
    if found.scaling is not None and found.sizes is not None:
        told["scaling"] = {"fit": plain(found.scaling), "by_size": records(found.sizes)}
    if found.strikes:
        told["strikes"] = {order: records(curve.reset_index()) for order, curve in found.strikes.items()}
    if found.cells:
        told["estimated_from_rows"] = found.cells
    if told or found.leverage is not None:
        told["trained_to_measure"] = found.trained
    if found.leverage is not None and found.gap is not None:
        gap = found.gap
        told["leverage"] = {
            "gap": {"gap": gap.full - gap.floor, "floor": gap.floor, "full": gap.full, "standard_error": gap.error},
            "alone": {name: plain(frame) for name, frame in found.alone.items()},
            "by_share": records(found.leverage.reset_index()),
        }
    return told


def plain(frame: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """A table by line and column; None where there is no finite number, which JSON has no word for."""
    return {
        str(line["index"]): {k: v for k, v in line.items() if k != "index"}
        for line in records(frame.rename_axis("index").reset_index())
    }


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A table line by line, as plain Python."""
    import math

    def value(each: Any) -> Any:
        each = each.item() if hasattr(each, "item") else each
        return None if isinstance(each, float) and not math.isfinite(each) else each

    return [{str(key): value(each) for key, each in line.items()} for line in frame.to_dict(orient="records")]
