"""The monitor: which columns an operator looks at, and the quality that they show."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GameError
from dataleverage.game.operator import Operator
from dataleverage.grid.grid import Grid
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats, Ints

if TYPE_CHECKING:
    from dataleverage.game.setup import GameSetup


def monitored(grid: Grid, operator: Operator, position: int = 0) -> Ints:
    """The positions of the monitor columns that an operator looks at.

    Owners' own monitor examples are looked at by operators with `monitor: own` alone, and then all of them. Raises GameError
    for slices that are not there.
    """
    own = set(own_slices(grid).ravel().tolist()) - {""}
    monitor = [i for i, column in enumerate(grid.columns) if column.part == "monitor"]
    if operator.monitor == "own":
        if not own:
            raise GameError(
                f"{operator.name} is to monitor examples of its holdings, and none are made",
                key=f"operators.{position}.monitor",
                remedy="Set `data.holdout.monitor_from: own`.",
            )
        return np.array([i for i in monitor if grid.columns[i].slice in own], dtype=np.int64)
    monitor = [i for i in monitor if grid.columns[i].slice not in own]
    if operator.monitors == "none":
        return np.empty(0, dtype=np.int64)
    if operator.monitors == "all":
        return np.array(monitor, dtype=np.int64)
    slices = list(dict.fromkeys(grid.columns[i].slice for i in monitor))
    for i, name in enumerate(operator.monitors):
        if name not in slices:
            have = f"Slices with monitor examples are {', '.join(slices[:20])}." if slices else "There are none."
            raise GameError(f"there is no monitored slice {name!r}", key=f"operators.{position}.monitors.{i}", remedy=have)
    return np.array([i for i in monitor if grid.columns[i].slice in operator.monitors], dtype=np.int64)


def own_slices(grid: Grid) -> np.ndarray:
    """(owners, P + 1) the names of the slices of owners' own monitor examples, clean and after each tactic; empty for none."""
    if grid.world is None or grid.world.own_monitor is None:
        return np.empty((0, 0), dtype=object)
    names = np.array([*(part.name for part in grid.world.slices), ""], dtype=object)
    return np.asarray(names[grid.world.own_monitor])


class TrustedMonitor:
    """Monitor examples that are set aside for good: the weighted columns, as far as they are looked at.

    columns : (M,) positions of the monitor columns that the operator looks at.
    """

    def __init__(self, setup: GameSetup, columns: Ints) -> None:
        self.quality = setup.quality
        looked = columns[np.isfinite(setup.quality.scale[columns])]
        at = {(setup.grid.columns[c].slice, setup.grid.columns[c].metric): c for c in looked.tolist()}
        weights = np.zeros(len(setup.grid.columns))
        for c in np.flatnonzero(setup.quality.weight > 0).tolist():
            twin = at.get((setup.grid.columns[c].slice, setup.grid.columns[c].metric))
            if twin is not None:
                weights[twin] = setup.quality.weight[c]
        if not weights.any():
            weights[looked] = 1.0
        self.columns = np.flatnonzero(weights)
        self.weights: Floats = weights[self.columns] / max(weights.sum(), 1e-300)

    def shows(self, scores: Floats, holdings: Rows) -> Floats:
        """(…, C) scores -> (…,) quality, whatever is held."""
        return np.asarray(self.quality.of(scores)[..., self.columns] @ self.weights)


class OwnMonitor:
    """Monitor examples of the creators whose data is held, as it is held: poison and absence are in what it shows.

    An owner's examples count by the part of its data that is held in each way; what a poisoned example scores is compared with
    what the full row scores on the clean ones, since the operator cannot tell them apart.
    """

    def __init__(self, setup: GameSetup, columns: Ints) -> None:
        grid, world = setup.grid, setup.grid.world
        assert world is not None and world.owner_of is not None
        self.quality, self.owner_of, self.sizes = setup.quality, world.owner_of, grid.sizes
        metric = grid.columns[int(np.flatnonzero(setup.quality.weight > 0)[0])].metric
        at = {grid.columns[c].slice: c for c in columns.tolist() if grid.columns[c].metric == metric}
        names = own_slices(grid)
        self.at = np.array([[at.get(name, -1) for name in line] for line in names.tolist()], dtype=np.int64)
        self.examples = np.array([grid.columns[c].examples if c >= 0 else 0 for c in self.at[:, 0].tolist()])
        self.columns = np.unique(self.at[self.at >= 0])

    @cached_property
    def share(self) -> Floats:
        """(n,) the part of its owner's data that each object is."""
        whole = np.bincount(self.owner_of, weights=self.sizes, minlength=len(self.at))
        return np.asarray(self.sizes / np.maximum(whole[self.owner_of], 1))

    def shows(self, scores: Floats, holdings: Rows) -> Floats:
        """(…, C) scores -> (…,) quality on the examples of what is held (n,); NaN where that has none."""
        weight = np.zeros(self.at.shape)
        held = np.flatnonzero(holdings > 0)
        owner = self.owner_of[held]
        np.add.at(weight, (owner, holdings[held].astype(np.int64) - 1), self.share[held] * self.examples[owner])
        weight[self.at < 0] = 0.0
        total = weight.sum()
        if not total:
            return np.full(scores.shape[:-1], np.nan)
        weight /= total
        owners, ways = np.nonzero(weight)
        columns, clean, part = self.at[owners, ways], self.at[owners, 0], weight[owners, ways]
        scale = float(self.quality.scale[clean[0]])
        lost = scores[..., columns] - self.quality.full[clean]
        return np.asarray(1.0 + lost @ part / scale)
