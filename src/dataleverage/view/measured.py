"""What the measures say of a grid: values of objects, scaling, leverage, measured and for a program. `told` has the words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dataleverage.errors import GridError
from dataleverage.grid.gap import Gap
from dataleverage.grid.grid import Grid
from dataleverage.grid.table import Table
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
BUDGET = 2000  # rows that an estimate takes unless told otherwise


@dataclass(frozen=True, eq=False)
class Measured:
    """Everything that was asked for.

    values : DataFrames (objects × columns) by name. Of those that were estimated, errors : standard errors, reach : half of
    95 % intervals, cells : how many rows they are from.
    scaling, sizes : the fitted curves, and the means they were fitted to.
    leverage : in both views, by share of objects. alone : of every object by itself, where they are not too many. gap : what
    it is a share of.
    """

    values: dict[str, pd.DataFrame] = field(default_factory=dict)
    errors: dict[str, pd.DataFrame] = field(default_factory=dict)
    reach: dict[str, pd.DataFrame] = field(default_factory=dict)
    cells: dict[str, int] = field(default_factory=dict)
    scaling: pd.DataFrame | None = None
    sizes: pd.DataFrame | None = None
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
    grid: Grid, table: Table, names: Sequence[str] = (), *, curves: bool = False, power: bool = False, budget: int | None = None
) -> Measured:
    """Measure a grid that was unveiled as far as `table` goes.

    names : values, as `check_values` gives them; where the table has holes, those that can be are estimated from `budget` rows.
    curves : fit scaling curves. power : leverage, of every object alone and of random shares.
    """
    found = Measured(scaling=scaling.fit(table) if curves else None, sizes=scaling.by_size(table) if curves else None)
    for name in names:
        sampled = estimated(grid, name, budget or BUDGET) if grid.world is not None and not table.complete else None
        if sampled is None:
            if name == "least_core" and grid.world is not None and not table.complete:
                raise GridError(
                    f"{name} needs every row, and {len(table):,} of {2**grid.n_objects:,} are there",
                    remedy="Raise --budget, or ask for shapley, banzhaf or beta_shapley, which can be sampled.",
                    key="--values",
                )
            found.values[name] = valued(name)(table)
            continue
        found.values[name], found.errors[name], found.cells[name] = sampled.values, sampled.errors, sampled.cells
        found.reach[name] = sampled.interval()[1] - sampled.values
    if not power:
        return found
    alone = {name: leverage.of_strike(grid, [name]) for name in grid.objects} if grid.n_objects <= ALONE else {}
    return replace(found, leverage=leverage.by_share(grid), alone=alone, gap=grid.gap(grid.column_names[0]))


def as_json(found: Measured) -> dict[str, Any]:
    """The same for a program, with every column."""
    told: dict[str, Any] = {}
    if found.values:
        told["values"] = {name: plain(frame) for name, frame in found.values.items()}
    if found.errors:
        told["standard_errors"] = {name: plain(frame) for name, frame in found.errors.items()}
        told["estimated_from_rows"] = found.cells
    if found.scaling is not None and found.sizes is not None:
        told["scaling"] = {"fit": plain(found.scaling), "by_size": records(found.sizes)}
    if found.leverage is not None:
        told["leverage"] = {
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
