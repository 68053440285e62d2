"""The points of a sweep: which values the varied paths take together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import exp, floor, log
from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.streams import Streams
from dataleverage.sweep.design import Normal, Spread, Sweep
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd


def points(sweep: Sweep) -> pd.DataFrame:
    """All points in order: a line each (the index, `point`, counts from 0), a column a varied path in the file's order.

    A sweep that varies nothing has one point. The same file gives the same points.
    """
    import pandas as pd

    spreads = sweep.spreads()
    if sweep.design in ("factorial", "list"):
        lists = [spread.listed() or [] for spread in spreads.values()]
        lines: list[Sequence[Any]] = list(product(*lists) if sweep.design == "factorial" else in_step(lists))
        if not spreads:
            lines = [()]
    else:
        ways = list(spreads.values())
        lines = [[value_at(way, u) for way, u in zip(ways, line, strict=True)] for line in unit_points(sweep).tolist()]
    columns = {path: column([line[k] for line in lines]) for k, path in enumerate(spreads)}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(lines), name="point"))


def in_step(lists: Sequence[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """The first of each list, the second of each …; a list of one value has it everywhere."""
    most = max(map(len, lists), default=0)
    return zip(*(list(each) * most if len(each) == 1 else each for each in lists), strict=True)


def unit_points(sweep: Sweep) -> Floats:
    """The points of a design at random in the unit cube, (P, D): what sensitivity indices are worked out on.

    A Latin hypercube (McKay, Beckman and Conover 1979); Saltelli's sample for first-order and total Sobol' indices (Saltelli
    2002), D + 2 points in a row for each of N; Morris's trajectories (Morris 1991), D + 1 points in a row for each.
    """
    width, count = len(sweep.vary), sweep.samples or 0
    random = Streams(sweep.seed)["design"]
    if sweep.design == "latin_hypercube":
        from scipy.stats import qmc

        return np.asarray(qmc.LatinHypercube(width, rng=random).random(count))
    problem = unit_problem(sweep)
    if sweep.design == "sobol":
        from SALib.sample import sobol

        return np.asarray(sobol.sample(problem, count, calc_second_order=False, seed=random))
    from SALib.sample import morris

    return np.asarray(morris.sample(problem, count, num_levels=sweep.levels, seed=random))


def unit_problem(sweep: Sweep) -> dict[str, Any]:
    """The varied paths on the unit cube, as SALib is told of them."""
    return {"num_vars": len(sweep.vary), "names": list(sweep.vary), "bounds": [[0.0, 1.0]] * len(sweep.vary)}


def value_at(spread: Spread, u: float) -> Any:
    """The value below which a share `u` of a spread lies, 0 ≤ u ≤ 1; of listed values, the one at that place."""
    if (listed := spread.listed()) is not None:
        return listed[min(floor(u * len(listed)), len(listed) - 1)]
    if spread.integer is not None:
        low, high = spread.integer
        return min(low + floor(u * (high - low + 1)), high)
    if spread.loguniform is not None:
        least, most = spread.loguniform
        return min(max(exp(log(least) + u * (log(most) - log(least))), float(least)), float(most))
    if spread.normal is not None:
        return normal_at(spread.normal, u)
    ends = spread.uniform or spread.range
    assert ends is not None
    return float(ends[0] + u * (ends[1] - ends[0]))


def normal_at(spread: Normal, u: float) -> float:
    """The quantile of a normal distribution, of the part between `low` and `high`."""
    from scipy.special import ndtr, ndtri

    least = 0.0 if spread.low is None else float(ndtr((spread.low - spread.mean) / spread.sd))
    most = 1.0 if spread.high is None else float(ndtr((spread.high - spread.mean) / spread.sd))
    share = min(max(least + u * (most - least), 1e-12), 1 - 1e-12)  # a sequence may hold 0, where the quantile has no end
    value = spread.mean + spread.sd * float(ndtri(share))
    value = value if spread.low is None else max(value, float(spread.low))
    return value if spread.high is None else min(value, float(spread.high))


def column(values: list[Any]) -> Any:
    """Values as a column: of whole numbers or of floating-point numbers where they all are, else of what they are."""
    import pandas as pd

    types = {type(value) for value in values}
    if types == {float} or (types == {int} and max(map(abs, values)) < 2**63):
        return np.array(values)
    return pd.Series(values, dtype=object)
