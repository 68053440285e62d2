"""The runs of a sweep: every point in every world, several times, and the seeds of each."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dataleverage.scenario.document import Keys
from dataleverage.scenario.overrides import put
from dataleverage.scenario.scenario import Scenario
from dataleverage.scenario.schema import Allowed
from dataleverage.streams import Streams
from dataleverage.sweep.design import Sweep

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Run:
    """One play. data_seed, seed : None where the scenario's own is played."""

    point: int
    world: int
    replicate: int
    data_seed: int | None
    seed: int | None


@dataclass(frozen=True)
class Seeds:
    """All seeds of a sweep: the same ones at every point, so that points differ by what varies alone.

    worlds : (W,) `data.seed` of each world. plays : (W, R) `seed` of each play. -1 is the scenario's own.
    """

    worlds: NDArray[np.int64]
    plays: NDArray[np.int64]

    @classmethod
    def of(cls, sweep: Sweep) -> Seeds:
        """Drawn from the sweep's seed. More worlds or replicates add to them and change none."""
        streams = Streams(sweep.seed)
        worlds, replicates = sweep.worlds or 1, sweep.replicates or 1
        own = sweep.worlds is None
        data = [-1] if own else distinct(streams, "worlds", worlds)
        if own and sweep.replicates is None:
            plays = [[-1]]
        else:
            plays = [distinct(streams, "plays", replicates, world) for world in range(worlds)]
        return cls(np.array(data, dtype=np.int64), np.array(plays, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be played, once all of it was checked.

    sweep : the sweep file. base : the plain data of its scenario file. folder : where relative paths in that start.
    points : a line a point, a column a varied path. seeds : of worlds and plays.
    order : the varied paths, in an order in which none undoes another.
    """

    sweep: Sweep
    base: Mapping[Any, Any]
    folder: Path
    points: pd.DataFrame
    seeds: Seeds
    order: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Points, worlds, replicates."""
        worlds, replicates = self.seeds.plays.shape
        return len(self.points), worlds, replicates

    def __len__(self) -> int:
        """How many runs there are."""
        points, worlds, replicates = self.shape
        return points * worlds * replicates

    def run(self, number: int) -> Run:
        """The run of a number from 0: world by world, so that runs of one world come together; then points, then replicates."""
        points, _, replicates = self.shape
        rest, replicate = divmod(number, replicates)
        world, point = divmod(rest, points)
        data_seed, seed = int(self.seeds.worlds[world]), int(self.seeds.plays[world, replicate])
        return Run(point, world, replicate, None if data_seed < 0 else data_seed, None if seed < 0 else seed)

    def settings(self, point: int) -> dict[str, Any]:
        """The values of the varied paths at a point, as plain Python."""
        return {path: plain(self.points[path].iloc[point]) for path in self.order}

    def scenario(self, point: int) -> Scenario:
        """The scenario at a point, in its own world."""
        return scenario_at(self.base, self.folder, self.settings(point))


def scenario_at(base: Mapping[Any, Any], folder: Path, settings: Mapping[str, Any]) -> Scenario:
    """A scenario with settings put in, in their order. Raises pydantic's ValidationError, or ScenarioError for no such path."""
    data, _ = put_in(base, settings)
    return Scenario.model_validate(data).in_folder(folder)


def put_in(base: Mapping[Any, Any], settings: Mapping[str, Any]) -> tuple[dict[Any, Any], dict[Keys, str]]:
    """A copy of plain data with settings put in, and of what stands where each went, the path that put it there."""
    data = deepcopy(dict(base))
    top = Allowed.by(Scenario)
    return data, {put(data, path.split("."), deepcopy(value), top): path for path, value in settings.items()}


def distinct(streams: Streams, name: str, count: int, *index: int) -> list[int]:
    """So many different seeds of a stream, the first ones of it."""
    found: dict[int, None] = {}
    tried = 0
    while len(found) < count:
        found[streams.integer(name, *index, tried)] = None
        tried += 1
    return list(found)


def plain(value: Any) -> Any:
    """A cell of a table as plain Python."""
    return value.item() if isinstance(value, np.generic) else value
