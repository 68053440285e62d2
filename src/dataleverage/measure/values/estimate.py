"""Estimates of values from a sample of rows, for more objects than can be enumerated; each says how sure it is.

An estimator turns a batch of random draws into rows to score, and their scores into independent samples of every object's
value: the estimate is their mean and its standard error theirs. Draws are counted when their scores are in, never when they
are generated, and no draw is cut short: a gain that data takes away would end it too early.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, get_args

import numpy as np
from numpy.typing import ArrayLike

from dataleverage.errors import GridError
from dataleverage.grid.rows import as_rows, distinct, keys
from dataleverage.grid.table import Table
from dataleverage.measure.values import samplers
from dataleverage.measure.values.owen import partition
from dataleverage.measure.values.semivalues import in_logs, of_sizes
from dataleverage.measure.worth import check_numbers, frame
from dataleverage.streams import Streams
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd

Value = Literal["shapley", "banzhaf", "semivalue", "owen"]
Method = Literal["permutation", "antithetic", "stratified", "kernel", "msr"]
METHODS: dict[str, tuple[str, ...]] = {  # the first is taken unless another is asked for
    "shapley": ("antithetic", "permutation", "stratified", "kernel"),
    "banzhaf": ("msr",),
    "semivalue": ("antithetic", "permutation", "stratified"),
    "owen": ("antithetic",),
}
BATCH = 512  # rows asked for at once, about
LEAST = 8  # draws before an estimate is trusted to know its own error


class Scores(Protocol):
    """What can be asked for rows: a grid, or anything like one."""

    @property
    def objects(self) -> tuple[str, ...]: ...
    @property
    def column_names(self) -> tuple[str, ...]: ...
    def scores(self, rows: ArrayLike, /) -> Floats: ...


@dataclass(frozen=True, eq=False)
class Estimate:
    """Estimated values and how sure they are.

    values, errors : DataFrames (objects × columns): the mean over draws, and its standard error.
    draws : independent draws whose scores went into it. cells : distinct rows that were asked for.
    stopped : why it ended: precision (every standard error is small enough) or budget.
    """

    values: pd.DataFrame
    errors: pd.DataFrame
    draws: int
    cells: int
    stopped: Literal["precision", "budget"]

    def interval(self, level: float = 0.95) -> tuple[pd.DataFrame, pd.DataFrame]:
        """(low, high) ends of the interval of each value, by Student's t: few draws know little of their spread."""
        from scipy.stats import t

        if not 0 < level < 1:
            raise GridError(f"a level of {level} is no probability between 0 and 1")
        reach = float(t.ppf(0.5 + level / 2, max(self.draws - 1, 1))) * self.errors
        return self.values - reach, self.values + reach


def estimate(
    grid: Scores | Table,
    value: Value = "shapley",
    method: Method | None = None,
    *,
    weights: Sequence[float] | Floats | None = None,
    unions: Mapping[str, Sequence[str]] | None = None,
    budget: int = 2000,
    precision: float | None = None,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> Estimate:
    """Estimate the Shapley or Banzhaf value of every object, any semivalue or the Owen value, from a sample of rows.

    Parameters
    ----------
    grid : a grid of any size, or a complete table.
    method : for shapley, `permutation` (Castro, Gómez & Tejada 2009), `antithetic` (a permutation and its reverse; Mitchell et
        al. 2022; the default), `stratified` (every object at every size; Maleki et al. 2013) or `kernel` (KernelSHAP's
        regression, paired; Lundberg & Lee 2017, Covert & Lee 2021); for banzhaf, `msr` (maximum sample reuse, Wang & Jia 2023);
        for a semivalue the first three, each gain weighed by the size it is made at; for owen `antithetic`, by orders in which
        unions stay together.
    weights : for a semivalue: logarithms of w(0) … w(n−1), as of `semivalue(…, log=True)`; `beta_weights` makes Beta Shapley's.
    unions : for owen: object names by the name of their union, each object in exactly one.
    budget : distinct rows to ask for. The last batch may go beyond by an eighth, or by a draw where that is more.
    precision : stop when every standard error is at most this, in the unit of the scores; checked after each batch from eight
        draws on. Without it the budget is spent.
    seed : of the draws.
    progress : called with the number of new rows after each batch.

    Raises GridError for a method that does not fit and scores that are NaN, MissingCell for a table with holes, and whatever
    scoring raises.
    """
    check(value, method, budget, precision)
    if (weights is not None) != (value == "semivalue") or (unions is not None) != (value == "owen"):
        raise GridError("a semivalue needs `weights`, owen needs `unions`, and no other value reads them")
    asked = Complete(grid) if isinstance(grid, Table) else grid
    if not hasattr(asked, "scores"):
        raise GridError(f"values are estimated from a grid or a table, not from a {type(asked).__name__}")
    n = len(asked.objects)
    if n < 2:
        raise GridError("an estimate needs two objects", remedy="One object's value is its leave-one-out.")
    rng = Streams(seed)["values"]
    sampler = sampler_of(method or METHODS[value][0], asked, weights, unions)
    seen: set[bytes] = set()
    while True:
        # The rows that several draws share are asked for, and counted, once.
        left = max(budget - len(seen), len(seen) // 8)
        drawn = sampler.draw(max(1, min(BATCH, left) // sampler.rows_per_draw), rng)
        wanted, which = distinct(drawn)
        fresh = len(seen)
        seen.update(keys(wanted))
        scores = asked.scores(wanted)
        check_numbers(wanted, scores, asked.objects, asked.column_names)
        sampler.take(drawn, scores[which])
        if progress is not None:
            progress(len(seen) - fresh)
        if precision is not None and sampler.draws >= LEAST and bool((sampler.result()[1] <= precision).all()):
            stopped: Literal["precision", "budget"] = "precision"
            break
        # a small game has no more rows than it has: then draws are what is left to bound
        if len(seen) >= budget or sampler.draws * sampler.rows_per_draw >= 100 * budget:
            stopped = "budget"
            break
    values, errors = sampler.result()
    return Estimate(
        frame(values, asked.objects, asked.column_names),
        frame(errors, asked.objects, asked.column_names),
        draws=sampler.draws,
        cells=len(seen),
        stopped=stopped,
    )


def sampler_of(
    method: str, asked: Scores, weights: Sequence[float] | Floats | None, unions: Mapping[str, Sequence[str]] | None
) -> samplers.Sampler:
    """What draws rows."""
    n, columns = len(asked.objects), len(asked.column_names)
    if unions is not None:
        union_of = np.empty(n, dtype=np.int64)
        for number, members in enumerate(partition(asked.objects, unions)):
            union_of[members] = number
        return samplers.Unions(n, columns, union_of)
    if weights is not None:
        return samplers.WEIGHED[method](n, columns, of_sizes(in_logs(weights, n, log=True)))
    return samplers.SAMPLERS[method](n, columns)


def check(value: str, method: str | None, budget: int, precision: float | None) -> None:
    """Raise GridError for what cannot be estimated."""
    if value not in get_args(Value):
        raise GridError(f"there is no estimator of {value!r}", remedy=f"Values are {', '.join(get_args(Value))}.")
    if method is not None and method not in METHODS[value]:
        raise GridError(
            f"the method {method!r} does not estimate {value}", remedy=f"For {value} there is {', '.join(METHODS[value])}."
        )
    if budget < 1:
        raise GridError(f"the budget is {budget} rows", remedy="Give at least one.")
    if precision is not None and not precision > 0:
        raise GridError(f"a precision of {precision} is never reached", remedy="Give a standard error above 0, or None.")


@dataclass(frozen=True, eq=False)
class Complete:
    """A table that is asked as a grid is."""

    table: Table

    @property
    def objects(self) -> tuple[str, ...]:
        return self.table.objects

    @property
    def column_names(self) -> tuple[str, ...]:
        return self.table.columns

    def scores(self, rows: ArrayLike, /) -> Floats:
        return self.table.known(as_rows(rows, len(self.objects)))
