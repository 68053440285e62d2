"""What the measures say of a grid: values of objects, scaling, leverage, as lines of text and for a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataleverage.errors import GridError
from dataleverage.grid.grid import Grid
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.table import Table
from dataleverage.measure import leverage, scaling, values

if TYPE_CHECKING:
    import pandas as pd

NAMED = 12  # objects told one by one
VALUES: dict[str, Callable[[Table], pd.DataFrame]] = {
    "leave_one_out": values.leave_one_out,
    "shapley": values.shapley,
    "banzhaf": values.banzhaf,
    "least_core": values.least_core,
}
ESTIMATED = ("shapley", "banzhaf")  # that can be sampled where the table is too large


@dataclass(frozen=True, eq=False)
class Measured:
    """Everything that was asked for.

    values : DataFrames (objects × columns) by name; errors : their standard errors, for those that were estimated.
    scaling, sizes : the fitted curves, and the means they were fitted to. leverage : in both views, by share of objects.
    alone : leverage of every object by itself.
    """

    values: dict[str, pd.DataFrame] = field(default_factory=dict)
    errors: dict[str, pd.DataFrame] = field(default_factory=dict)
    scaling: pd.DataFrame | None = None
    sizes: pd.DataFrame | None = None
    leverage: pd.DataFrame | None = None
    alone: dict[str, pd.DataFrame] = field(default_factory=dict)


def check_values(asked: str) -> list[str]:
    """The values named in a list with commas: leave_one_out, shapley, banzhaf, least_core, beta_shapley:ALPHA:BETA."""
    names = [name.strip() for name in asked.split(",") if name.strip()]
    for name in names:
        valued(name)
    return names


def valued(name: str) -> Callable[[Table], pd.DataFrame]:
    """What computes a value by its name. Raises GridError for a name there is not."""
    if name in VALUES:
        return VALUES[name]
    kind, _, parameters = name.partition(":")
    try:
        if kind == "beta_shapley":
            alpha, beta = (float(part) for part in parameters.split(":"))
            return lambda table: values.beta_shapley(table, alpha, beta)
    except ValueError:
        pass
    raise GridError(f"there is no value {name!r}", remedy=f"Values are {', '.join(VALUES)} and beta_shapley:ALPHA:BETA.")


def measure(
    grid: Grid, table: Table, names: Sequence[str] = (), *, curves: bool = False, power: bool = False, budget: int | None = None
) -> Measured:
    """Measure a grid that was unveiled as far as `table` goes.

    names : values, as `check_values` gives them; where the table has holes, those that can be are estimated from `budget` rows.
    curves : fit scaling curves. power : leverage, of every object alone and of random shares.
    """
    found = Measured(scaling=scaling.fit(table) if curves else None, sizes=scaling.by_size(table) if curves else None)
    for name in names:
        if name in ESTIMATED and grid.world is not None and not table.complete:
            estimated = values.estimate(grid, "shapley" if name == "shapley" else "banzhaf", budget=budget or 2000)
            found.values[name], found.errors[name] = estimated.values, estimated.errors
        else:
            found.values[name] = valued(name)(table)
    if not power:
        return found
    alone = {name: leverage.of_strike(grid, [name]) for name in grid.objects[:NAMED]}
    return Measured(found.values, found.errors, found.scaling, found.sizes, leverage.by_share(grid), alone)


def lines(grid: Grid, found: Measured) -> list[tuple[str, str]]:
    """(label, text) pairs, for the first column."""
    column = grid.column_names[0]
    told: list[tuple[str, str]] = []
    if found.values or found.scaling is not None:
        told.append(("Measured on", f"{METRICS[grid.columns[0].metric].label}, {column} (--json has every column)"))
    told += [("Values" if i == 0 else "", text) for i, text in enumerate(of_objects(found, column))]
    if found.scaling is not None:
        line = found.scaling.loc[column]
        curve = f"{line['a']:.3f} − {line['b']:.3g} · m^−{line['c']:.3f}"
        told.append(("Scaling", f"{curve}, m training examples; residuals {line['deviation']:.4f}"))
        told.append(("", f"endless data would score {line['a low']:.3f} to {line['a high']:.3f} (95 % interval of the fit)"))
    for name, power in found.alone.items():
        fixed = power.loc["fixed holdout"]
        text = f"deletion {fixed['deletion']:+.3f}, duplication {fixed['duplication']:.3f}, transfer {fixed['transfer']:.3f}"
        told.append(("Leverage" if name == next(iter(found.alone)) else "", f"{name}: {text}"))
    if found.leverage is not None:
        for share, line in found.leverage.loc["fixed holdout"].iterrows():
            text = f"deletion {line['deletion']:+.3f} ± {line['deletion error']:.3f}, duplication {line['duplication']:.3f}"
            told.append(("", f"random {share:.0%}: {text}"))
    return told


def of_objects(found: Measured, column: str) -> list[str]:
    """A line for each object with all its values, those of the first kind in falling order."""
    if not found.values:
        return []
    first = next(iter(found.values.values()))[column]
    told = []
    for each in first.sort_values(ascending=False, kind="stable").index[:NAMED]:
        parts = []
        for name, frame in found.values.items():
            error = found.errors.get(name)
            sure = "" if error is None else f" ± {error.loc[each, column]:.4f}"
            parts.append(f"{name} {frame.loc[each, column]:+.4f}{sure}")
        told.append(f"{each}: {', '.join(parts)}")
    if len(first) > NAMED:
        told.append(f"and {len(first) - NAMED} more objects: --json has them all")
    if found.errors:
        told.append(f"{', '.join(found.errors)}: estimated from a sample of rows, ± standard error")
    return told


def as_json(found: Measured) -> dict[str, Any]:
    """The same for a program, with every column."""
    told: dict[str, Any] = {}
    if found.values:
        told["values"] = {name: plain(frame) for name, frame in found.values.items()}
    if found.errors:
        told["standard_errors"] = {name: plain(frame) for name, frame in found.errors.items()}
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
