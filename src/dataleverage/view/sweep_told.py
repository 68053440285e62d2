"""A finished sweep in words for the terminal, and as plain data for a program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.errors import SweepError
from dataleverage.sweep.results import Results
from dataleverage.sweep.sensitivity import Sensitivity, sensitivity
from dataleverage.sweep.summary import differences, summary
from dataleverage.view.sweep_words import number, outcome_name, short_names, unit_of, value_words

if TYPE_CHECKING:
    import pandas as pd

MEASURED = ("sobol", "morris")  # designs that have indices


def lines(results: Results, outcomes: Sequence[str]) -> list[tuple[str, str]]:
    """(label, text) pairs: where each outcome is least and greatest, and what it hangs on."""
    counts = results.counts().sum()
    told = [("Runs", f"{counts['done']:,} done" + "".join(f", {counts[n]:,} {w}" for n, w in ENDS.items() if counts[n]))]
    table = summary(results, outcomes)
    for outcome in outcomes:
        part = table.xs(outcome, level="outcome")
        known = part[part["mean"].notna()]
        order = np.argsort(known["mean"].to_numpy(), kind="stable")
        for word, place in (("least", 0), ("greatest", -1)) if len(known) else ():
            point = int(known.index[order[place]])
            text = within(known.iloc[order[place]], unit_of(outcome))
            told.append((outcome_name(outcome), f"{word} {text} at {point_words(results, point)}"))
        found = indices_of(results, outcome)
        if isinstance(found, Sensitivity):
            names = short_names(results.paths)
            by = "total" if found.method == "sobol" else "mu_star"
            values = found.indices[by].sort_values(ascending=False)
            said = ", ".join(f"{names[str(path)]} {value:.3g}" for path, value in values.items())
            told.append((outcome_name(outcome), f"hangs on {said} ({'total indices' if by == 'total' else 'μ*'})"))
    return told


ENDS = {"failed": "failed", "no_gap": "without a gap", "waiting": "not played yet"}


def within(line: pd.Series[Any], unit: str) -> str:
    """A mean with its interval, where there is one."""
    mean = number(line["mean"], unit)
    return mean if math.isinf(line["error"]) else f"{mean} ({number(line['low'], unit)} to {number(line['high'], unit)})"


def point_words(results: Results, point: int) -> str:
    """The values that a point has."""
    names, line = short_names(results.paths), results.points.loc[point]
    return ", ".join(f"{names[path]} {value_words(line[path])}" for path in results.paths) or "the one point"


def indices_of(results: Results, outcome: str) -> Sensitivity | str | None:
    """Sensitivity indices, why there are none although the design is for them, or None for other designs."""
    if results.sweep.design not in MEASURED:
        return None
    try:
        return sensitivity(results, outcome)
    except SweepError as error:
        return error.message


def as_json(results: Results, outcomes: Sequence[str]) -> dict[str, Any]:
    """Every point with its interval and its difference from the first point, and the indices, by outcome."""
    numbers = results.points.index.tolist()
    table = summary(results, outcomes)
    made: dict[str, Any] = {}
    for outcome in outcomes:
        against = differences(results, outcome, numbers[0]).add_prefix("difference_")
        rows = table.xs(outcome, level="outcome").join(against.drop(columns="difference_worlds"))
        made[outcome] = {"points": lines_of(rows)}
        if isinstance(found := indices_of(results, outcome), Sensitivity):
            by_path = {str(path): plain(row) for path, row in found.indices.to_dict("index").items()}
            made[outcome]["sensitivity"] = {"method": found.method, "worlds": found.worlds, "indices": by_path}
    return {"design": results.sweep.design, "points": lines_of(results.points), "against": numbers[0], "outcomes": made}


def lines_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The lines of a table of points, each with its number."""
    rows = table.astype(object).to_dict("index")
    return [{"point": point, **plain(row)} for point, row in zip(table.index.tolist(), rows.values(), strict=True)]


def plain(row: dict[Any, Any]) -> dict[str, Any]:
    """Numbers that JSON has; null for bounds that there are not."""
    return {str(name): None if isinstance(value, float) and not math.isfinite(value) else value for name, value in row.items()}
