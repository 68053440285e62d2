"""What a sweep says of each point: means over worlds with their intervals, and differences between points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import SweepError
from dataleverage.measure.intervals import Interval, over_worlds
from dataleverage.sweep.results import Results
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd


def summary(results: Results, outcomes: Sequence[str] | None = None) -> pd.DataFrame:
    """A line for each point and outcome.

    outcomes : those of the sweep unless given.

    Returns a table with the index (point, outcome) and the columns mean, low, high (a 95 % Student's t interval over worlds,
    replicates averaged within a world first; unbounded below two worlds), error (standard error), worlds (those that have a
    value), and of the point's runs done, failed, no_gap, waiting, and without (done, but with no such number).
    """
    import pandas as pd

    counts = results.counts()
    lines = []
    for outcome in results.outcomes if outcomes is None else outcomes:
        values = results.values(outcome)
        missing = counts["done"].to_numpy() - (~np.isnan(values)).sum(axis=(1, 2))
        for k, point in enumerate(results.points.index):
            one = over_worlds(by_world(values[k]))
            lines.append((point, outcome, one.mean, one.low, one.high, one.error, one.worlds, int(missing[k])))
    names = ["point", "outcome", "mean", "low", "high", "error", "worlds", "without"]
    made = pd.DataFrame(lines, columns=names).join(counts, on="point")
    return made.set_index(["point", "outcome"]).sort_index(level="point", sort_remaining=False, kind="stable")


def difference(results: Results, outcome: str, first: int, second: int) -> Interval:
    """How much larger an outcome is at the second point than at the first, over the worlds that both were played in.

    The points share seeds (common random numbers), so each run is held against the one of the same world and replicate; what
    both have in common of noise cancels. Differences are averaged within a world, then over worlds (95 % Student's t).
    Raises SweepError where there is no such point.
    """
    known = results.points.index
    for point in (first, second):
        if point not in known:
            raise SweepError(f"there is no point {point}", remedy=f"Points are {known[0]} to {known[-1]}.")
    values = results.values(outcome)
    return over_worlds(by_world(values[known.get_loc(second)] - values[known.get_loc(first)]))


def differences(results: Results, outcome: str, against: int = 0) -> pd.DataFrame:
    """`difference` of every point from one: a line a point with mean, low, high, error and worlds."""
    import pandas as pd

    names = ["mean", "low", "high", "error", "worlds"]
    found = [difference(results, outcome, against, point) for point in results.points.index]
    return pd.DataFrame([[getattr(one, name) for name in names] for one in found], results.points.index, names)


def by_world(values: Floats) -> list[float]:
    """The mean over replicates of each world that has any, of values (W, R)."""
    there = ~np.isnan(values)
    kept = there.any(axis=1)
    sums = np.where(there, values, 0.0).sum(axis=1)[kept]
    return [float(each) for each in sums / there.sum(axis=1)[kept]]
