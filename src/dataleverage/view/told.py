"""What was measured of a grid, in words: a few lines for the terminal, with units and intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataleverage.grid.grid import Grid
from dataleverage.grid.metrics import METRICS
from dataleverage.view.measured import Measured

if TYPE_CHECKING:
    import pandas as pd

NAMED = 12  # objects told one by one
NORMAL = 1.96  # standard errors of a mean over many groups to either end of its 95 % interval
POWERS = ("deletion", "duplication", "transfer")
WIDTHS = (11, 17, 17, 17)  # letters of a name and of each power
VIEWS = {"fixed holdout": "on everyone's audit examples", "company": "on those of the owners whose data each firm holds"}
Lines = list[tuple[str, str]]


def lines(grid: Grid, found: Measured) -> Lines:
    """(label, text) pairs, for the first column."""
    column = grid.column_names[0]
    told: Lines = []
    if found.values or found.scaling is not None or found.leverage is not None:
        given = "world" if grid.world is not None else "table"
        told.append(("Measured on", f"{unit(grid)}, given this {given} (--json has every column)"))
    told += under("Values", of_objects(grid, found, column))
    told += under("Scaling", of_sizes(found, column))
    told += under("Strikes", of_strikes(found))
    told += of_leverage(grid, found)
    if found.trained:
        told.append(("To measure", f"{found.trained:,} rows were trained beyond those unveiled"))
    return told


def under(label: str, texts: list[str]) -> Lines:
    """The texts, the first of them with a label."""
    return [(label if i == 0 else "", text) for i, text in enumerate(texts)]


def unit(grid: Grid, c: int = 0) -> str:
    """What a column measures, on which slice, and which way is better where that is not up."""
    metric = METRICS[grid.columns[c].metric]
    return f"{metric.label}, {grid.columns[c].slice}" + ("" if metric.greater_is_better else " (less is better)")


def of_objects(grid: Grid, found: Measured, column: str) -> list[str]:
    """A line for each object with all its values, those of the first kind in falling order."""
    if not found.values:
        return []
    first = next(iter(found.values.values()))[column]
    better = METRICS[grid.columns[0].metric].greater_is_better
    told = []
    if found.reach:
        sampled = ", ".join(f"{name} from {found.cells[name]:,} rows" for name in found.reach)
        told.append(f"sampled: {sampled}; ± half a 95 % interval")
    for each in first.sort_values(ascending=not better, kind="stable").index[:NAMED]:
        parts = []
        for name, frame in found.values.items():
            reach = found.reach.get(name)
            parts.append(f"{name} {signed(frame.loc[each, column], 4, None if reach is None else reach.loc[each, column])}")
        told.append(f"{each}: {', '.join(parts)}")
    if len(first) > NAMED:
        told.append(f"and {len(first) - NAMED:,} more objects (--json has them all)")
    return told


def of_sizes(found: Measured, column: str) -> list[str]:
    """The fitted curve, and what endless data would score where that can be told."""
    if found.scaling is None or found.sizes is None:
        return []
    line, means = found.scaling.loc[[column]].iloc[0], found.sizes[found.sizes.column == column]
    first, last = means.iloc[0], means.iloc[-1]
    drawn = found.cells.get("scaling")
    of = "rows of a size" if drawn is None else f"a sample: {drawn:,} random rows of {len(means)} sizes"
    return [
        f"{first.score:.3f} with {first.examples:,.0f} training examples, {last.score:.3f} with {last.examples:,.0f} "
        f"(means over {of})",
        f"fit: {formula(line)}, m training examples; residuals {line['deviation']:.4f}",
        (f"endless data would score {line['a']:.3f}" if levels_off(line, means) else "where it levels off cannot be told")
        + f" (95 % interval of the fit {line['a low']:.3f} to {line['a high']:.3f})",
    ]


def of_strikes(found: Measured) -> list[str]:
    """How curves that are drawn from a sample were sampled."""
    if "strikes" not in found.cells:
        return []
    drawn = found.strikes["random"]
    most = int(drawn.rows.max())
    texts = [f"sampled: random strikes of {len(drawn) - 1} sizes, up to {most:,} rows of each, with 95 % intervals"]
    if "greedy" in found.strikes:
        greedy = found.strikes["greedy"]
        texts.append(f"greedy: the first {len(greedy) - 1:,} to leave, of {int(greedy.rows.sum()):,} rows looked at")
    else:
        texts.append("greedy: not followed, since a single step looks at more rows than the budget has (--budget)")
    return texts


def formula(line: pd.Series) -> str:
    """A fitted curve."""
    return f"{line['a']:.3f} − {line['b']:.3g} · m^−{line['c']:.3f}"


def levels_off(line: pd.Series, means: pd.DataFrame) -> bool:
    """Whether a fit says where a curve ends: its interval is no wider than all that was seen of the curve."""
    return bool(line["a high"] - line["a low"] <= np.ptp(means.score))


def of_leverage(grid: Grid, found: Measured) -> Lines:
    """The gap, and a small table for each view: every object alone, and random shares."""
    if found.leverage is None or found.gap is None:
        return []
    gap = found.gap
    ends = f"from guessing, {gap.floor:.3f}, to all data, {gap.full:.3f}"
    told = [("Leverage", f"parts of the gap {ends} (standard error {gap.error:.3f})")]
    deletion = {name: float(frame["deletion"]["fixed holdout"]) for name, frame in found.alone.items()}
    alone = sorted(deletion, key=lambda name: -deletion[name])[:NAMED]
    for view, heading in VIEWS.items():
        shares = found.leverage.xs(view, level="view")
        if not shares.duplication.notna().any():
            continue
        lines = [heading, "".join(text.ljust(width) for text, width in zip(("", *POWERS), WIDTHS, strict=True))]
        lines += [in_columns(short(name, WIDTHS[0] - 1), found.alone[name].loc[[view]]) for name in alone]
        lines += [in_columns(f"{share:.0%}", shares[shares.index == share]) for share in shares.index]
        told += under(view.capitalize(), lines)
    left = grid.n_objects - len(alone)
    if left and alone:
        told.append(("", f"and {left:,} more objects, whose deletion is no larger (--json has them all)"))
    elif left:
        told.append(("", f"{left:,} objects are too many to measure each alone: `leverage.of_strike` measures any of them"))
    return [*told, ("", "%: random groups of so many objects; ± half a 95 % interval where they are a sample of all")]


def in_columns(name: str, line: pd.DataFrame) -> str:
    """Deletion, duplication and transfer of one line (1, ·), under each other from line to line."""
    numbers = line.iloc[0].to_dict()
    cells = [signed(numbers[power], 3, NORMAL * numbers.get(f"{power} error", 0.0)) for power in POWERS]
    return "".join(text.ljust(width) for text, width in zip((name, *cells), WIDTHS, strict=True)).rstrip()


def short(name: str, longest: int) -> str:
    """A name that leaves room for others."""
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def signed(value: float, digits: int, reach: float | None = None) -> str:
    """`+0.012 ± 0.003`; without ± where there is nothing to be unsure of; never a minus before a zero."""
    if not np.isfinite(value):
        return "unknown"
    number = f"{round(float(value), digits) + 0.0:+.{digits}f}"
    if reach is None or reach == 0 or np.isnan(reach):
        return number
    return f"{number} ± {reach:.{digits}f}"
