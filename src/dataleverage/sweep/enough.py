"""When a point has been played in enough worlds: once the interval of an outcome over them is narrow enough.

Worlds count in their order, and one counts when all of its plays have ended. So a point stops after the same world however the
runs came in, and what was played beyond it is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dataleverage.measure.intervals import over_worlds
from dataleverage.sweep.plan import Plan


class Enough:
    """Which points need no more worlds.

    after : (P,) how many worlds each point is played in; all of them as long as its interval is too wide.
    """

    def __init__(self, plan: Plan) -> None:
        self.wanted = plan.sweep.precision
        self.points, self.worlds, self.replicates = plan.shape
        self.after = np.full(self.points, self.worlds)
        if self.wanted is not None:
            self.at = plan.sweep.outcomes.index(self.wanted.outcome)
            self.values = np.full((self.worlds, self.points, self.replicates), np.nan)
            self.looked = np.zeros(self.points, dtype=np.int64)  # worlds of each point that ended and were looked at
            self._noted: set[int] = set()  # points that something new is known of

    def note(self, number: int, outcomes: Sequence[float | None]) -> None:
        """Take in a run that ended; one without the outcome counts as a play without it."""
        if self.wanted is None:
            return
        value = outcomes[self.at] if outcomes else None
        self.values.reshape(-1)[number] = np.nan if value is None else value
        self._noted.add(number // self.replicates % self.points)

    def look(self, settled: NDArray[np.uint8]) -> None:
        """See whether points of which something is new have had enough. settled : (N,) 0 for runs that did not end yet."""
        if self.wanted is None:
            return
        ended = settled.reshape(self.worlds, self.points, self.replicates)
        for point in self._noted:
            while self.looked[point] < self.after[point] and ended[self.looked[point], point].all():
                self.looked[point] += 1
                if self._narrow(point, int(self.looked[point])):
                    self.after[point] = self.looked[point]
        self._noted.clear()

    def has(self, point: int, world: int) -> bool:
        """Whether a point needs no plays in a world."""
        return bool(world >= self.after[point])

    def _narrow(self, point: int, worlds: int) -> bool:
        """Whether the interval over the first worlds is as narrow as was wanted."""
        assert self.wanted is not None
        means = [float(plays.mean()) for world in self.values[:worlds, point] if len(plays := world[~np.isnan(world)])]
        if len(means) < self.wanted.at_least:
            return False
        interval = over_worlds(means)
        return interval.high - interval.mean <= self.wanted.half_width

    def wanted_runs(self) -> NDArray[np.bool_]:
        """(N,) the runs that a table of the sweep has: of each point the worlds up to where it was enough."""
        worlds = np.arange(self.worlds)[:, None, None] < self.after[None, :, None]
        return np.broadcast_to(worlds, (self.worlds, self.points, self.replicates)).reshape(-1)
