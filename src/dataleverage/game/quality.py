"""Quality: what turns scores into payoffs.

`q = 1 + (s − full)/G`, with `full` the score of the row of every object and `G` the gap between guessing and `full`, pooled
over the weighted columns of a metric (losses negated). So q is 1 on the full row and 0 for guessing, and 1 − q is the loss as a
share of the gap (Vincent, Hecht & Sen 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import GapError, GridError, ScenarioError
from dataleverage.game.payoffs import Payoffs
from dataleverage.grid.gap import Gap, clear
from dataleverage.grid.grid import Grid
from dataleverage.grid.metrics import METRICS
from dataleverage.world.world import Floats

Positions = NDArray[np.int64]
LEAST = 5  # audit examples that a creator is judged on: fewer can all agree by chance, and then their standard error is 0


@dataclass(frozen=True, eq=False)
class Quality:
    """What turns scores into quality; constant for a run.

    floor, full : (C,) scores of guessing and of the full row (NaN where a table does not know them).
    scale : (C,) the signed gap G of each column's metric (negative where less is better, NaN where it has none).
    weight : (C,) weights of columns in an operator's quality, summing to 1.
    judged_on : (N,) the column that each creator's service is read from.
    mine : (N,) the column of each creator's own audit examples, -1 where it has none.
    audit_examples : (N,) audit examples of each creator (1 each for a table).
    pooled : whether the company view can be made of the creators' own columns.
    gap, error : the gap G of the first weighted metric and its standard error.
    """

    floor: Floats
    full: Floats
    scale: Floats
    weight: Floats
    judged_on: Positions
    mine: Positions
    audit_examples: Positions
    pooled: bool
    gap: float
    error: float

    def only(self, who: Positions) -> Quality:
        """The same with only some of the creators, in this order."""
        return replace(self, judged_on=self.judged_on[who], mine=self.mine[who], audit_examples=self.audit_examples[who])

    def of(self, scores: Floats) -> Floats:
        """(…, C) scores -> (…, C) quality, unclipped."""
        return 1.0 + (scores - self.full) / self.scale

    def overall(self, quality: Floats) -> Floats:
        """(…, C) -> (…,): quality of the weighted columns."""
        return quality[..., self.weight > 0] @ self.weight[self.weight > 0]

    def company(self, quality: Floats, held: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Quality on the examples of creators whose data an operator holds.

        quality : (…, C); held : (…, N) bool. Returns (…,) the quality (NaN where nobody is left, or where it cannot be
        made of the creators' own columns) and (…,) the share of audit examples that is retained.
        """
        examples = np.where(held, self.audit_examples, 0)
        left = examples.sum(axis=-1)
        retained = left / max(int(self.audit_examples.sum()), 1)
        if not self.pooled:
            return np.full(left.shape, np.nan), retained
        total = (np.where(examples > 0, quality[..., self.mine], 0.0) * examples).sum(axis=-1)
        return np.where(left > 0, total / np.maximum(left, 1), np.nan), retained


def quality_of(grid: Grid, payoffs: Payoffs, owners: Sequence[str]) -> tuple[Quality, list[str]]:
    """The quality of a game on a grid, and warnings for the record.

    Raises ScenarioError for weights of columns that are not there, and GapError where the gap of the weighted columns is within
    two standard errors of nothing.
    """
    weighted = weighted_columns(grid, payoffs)
    gaps = [known_gap(grid, name) for name in grid.column_names]
    scale, errors = scales(grid, payoffs, weighted, gaps)
    first = weighted[0]
    judged_on, mine, warnings = own_columns(grid, owners, first, scale, gaps)
    examples = audit_examples(grid, len(owners))
    weight = np.array([payoffs.weights.get(name, 0.0) for name in grid.column_names])
    unfit = no_company_view(grid, first, weighted, mine, examples)
    if unfit and payoffs.view == "company":
        raise ScenarioError(f"the company view cannot be made: {unfit}", key="payoffs.view", remedy="Use fixed_holdout.")
    if unfit and grid.world is not None:
        warnings.append(f"The company view is not given: {unfit}.")
    quality = Quality(
        floor=np.array([gap.floor for gap in gaps]),
        full=np.array([gap.full for gap in gaps]),
        scale=scale,
        weight=weight / weight.sum(),
        judged_on=judged_on,
        mine=mine,
        audit_examples=examples,
        pooled=not unfit,
        gap=abs(float(scale[first])),
        error=errors[grid.columns[first].metric],
    )
    return quality, warnings


def no_company_view(grid: Grid, first: int, weighted: Sequence[int], mine: Positions, examples: Positions) -> str:
    """Why the company view cannot be made of the creators' own columns; nothing where it can."""
    metric = grid.columns[first].metric
    if METRICS[metric].mean != "examples":
        means = " and ".join(name for name, other in METRICS.items() if other.mean == "examples")
        return f"{metric} is no mean over examples, as {means} are"
    if [grid.column_names[c] for c in weighted] != ["all"]:
        return "it needs the whole weight on the column `all`"
    if not ((mine >= 0) | (examples == 0)).all():
        return "it needs `slices: {by: owner}`"
    return ""


def weighted_columns(grid: Grid, payoffs: Payoffs) -> list[int]:
    """The positions of the audit columns with a weight above 0, in the grid's order: the first one gives a game its metric."""
    audit = [column.name for column in grid.columns if column.part == "audit"]
    for name, weight in payoffs.weights.items():
        if name not in audit:
            raise ScenarioError(
                f"there is no audit column {name!r}",
                key=f"payoffs.weights.{name}" if "weights" in payoffs.model_fields_set else "payoffs.weights",
                remedy=f"Audit columns are {', '.join(audit[:20])}. Set `payoffs.weights` to weigh them.",
            )
        if weight < 0:
            raise ScenarioError(f"a weight of {weight} is negative", key=f"payoffs.weights.{name}")
    weighted = sorted(grid.column(name) for name, weight in payoffs.weights.items() if weight > 0)
    if not weighted:
        raise ScenarioError("no column has a weight above 0", key="payoffs.weights", remedy="Weigh at least one.")
    return weighted


def scales(grid: Grid, payoffs: Payoffs, weighted: Sequence[int], gaps: Sequence[Gap]) -> tuple[Floats, dict[str, float]]:
    """(C,) the signed gap of each column's metric, and the standard error of each metric's gap."""
    scale = np.full(len(grid.columns), np.nan)
    errors = {}
    for metric in dict.fromkeys(grid.columns[c].metric for c in weighted):
        columns = [c for c in weighted if grid.columns[c].metric == metric]
        shares = np.array([payoffs.weights[grid.column_names[c]] for c in columns])
        shares = shares / shares.sum()
        sign = 1.0 if METRICS[metric].greater_is_better else -1.0
        for c in columns:
            if not np.isfinite([gaps[c].floor, gaps[c].full]).all():
                raise ScenarioError(
                    f"the table has no score of guessing, or none of the full row, for the column {grid.column_names[c]!r}",
                    key="data",
                    remedy="Give `floor` and `full` with the table.",
                )
        gap = float(shares @ [sign * (gaps[c].full - gaps[c].floor) for c in columns])
        # columns share examples: their errors are added as if they moved together, which is never too small
        error = float(shares @ [gaps[c].error for c in columns])
        if not clear(gap, error):
            raise GapError(
                f"training on everything beats guessing by {gap:.4f} ± {error:.4f} ({metric}): within noise, so no loss can be "
                "told as a share of it",
                key="payoffs.weights" if "weights" in payoffs.model_fields_set else "data",
                remedy="Choose data, a learner or a metric with a clear gap, or more audit examples.",
            )
        errors[metric] = error
        for c, column in enumerate(grid.columns):
            if column.metric == metric:
                scale[c] = sign * gap
    return scale, errors


def own_columns(
    grid: Grid, owners: Sequence[str], first: int, scale: Floats, gaps: Sequence[Gap]
) -> tuple[Positions, Positions, list[str]]:
    """(N,) the column that each creator is judged on, (N,) the column of its own examples or -1, and warnings.

    A creator whose own examples cannot tell training from guessing (fewer than five, a gap within two standard errors, or
    bounds that a table does not know) is judged on the first weighted column instead.
    """
    world = grid.world
    slice_of = (
        {part.owner: part.name for part in world.slices if part.owner is not None}
        if world is not None
        else {i: name for i, name in enumerate(owners) if name in grid.column_names}
    )
    metric = grid.columns[first].metric
    at = {column.slice: c for c, column in enumerate(grid.columns) if column.part == "audit" and column.metric == metric}
    mine = np.array([at.get(slice_of.get(i, ""), -1) for i in range(len(owners))], dtype=np.int64)
    judged_on = np.where(mine >= 0, mine, first)
    refused = []
    for i in np.flatnonzero(mine >= 0).tolist():
        gap = gaps[mine[i]]
        too_few = world is not None and grid.columns[mine[i]].examples < LEAST
        if too_few or not clear(np.sign(scale[first]) * (gap.full - gap.floor), gap.error):
            judged_on[i] = first
            refused.append(owners[i])
        if not np.isfinite(gap.full):
            mine[i] = -1  # its scores say nothing of its quality
    if not refused:
        return judged_on, mine, []
    named = ", ".join(refused[:6]) + (" …" if len(refused) > 6 else "")
    return (
        judged_on,
        mine,
        [
            f"{len(refused)} of {len(owners)} creators are judged on {grid.column_names[first]!r}: on their own examples "
            f"training beats guessing by no more than noise ({named})."
        ],
    )


def audit_examples(grid: Grid, n_owners: int) -> Positions:
    """(N,) audit examples of each creator; 1 each where a table does not say."""
    if grid.world is None:
        return np.ones(n_owners, dtype=np.int64)
    owner = grid.world.eval_owner[grid.world.audit]
    return np.bincount(owner[owner >= 0], minlength=n_owners).astype(np.int64)


def known_gap(grid: Grid, name: str) -> Gap:
    """The gap of a column, NaN where a table does not know it."""
    try:
        return grid.gap(name)
    except GridError:
        return Gap(float("nan"), float("nan"), 0.0)
