"""From a scenario to a game: the world, the grid and the setup, each made once for what they depend on."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from dataleverage.errors import DataleverageError, Errors, GridError, Place, ScenarioError
from dataleverage.game.levers import Menu
from dataleverage.game.membership import unions_of
from dataleverage.game.monitor import monitored
from dataleverage.game.notices import notices
from dataleverage.game.quality import quality_of
from dataleverage.game.setup import GameSetup, Group, begin
from dataleverage.grid.grid import Grid
from dataleverage.grid.learner import Learner
from dataleverage.grid.surrogate_grid import SurrogateFit, SurrogateGrid
from dataleverage.grid.surrogates import FEWEST_ROWS, MOST_ROWS, SurrogateKind
from dataleverage.scenario.cast import cast_of
from dataleverage.streams import Streams
from dataleverage.world.dataset import DataSource, ExampleSource
from dataleverage.world.datasets.cells import TableData
from dataleverage.world.tactic import Tactic
from dataleverage.world.world import World

if TYPE_CHECKING:
    from dataleverage.scenario.scenario import Columns, Scenario

T = TypeVar("T")
KEPT = 8  # worlds and grids kept for scenarios that share them

_worlds: OrderedDict[str, World] = OrderedDict()
_grids: OrderedDict[str, Grid] = OrderedDict()


def world_of(scenario: Scenario) -> World:
    """The world of a scenario."""
    return make_world(scenario.data, scenario.tactics, scenario.folder)


def make_world(data: DataSource, tactics: Mapping[str, Tactic], folder: Path) -> World:
    """The world of a source with examples. Raises ScenarioError for a table of cells."""
    if not isinstance(data, ExampleSource):
        raise ScenarioError("a table of cells has no examples to train on, so it has no world", key="data.kind")
    return kept(_worlds, world_key(data, tactics, folder), lambda: data.world(folder, tactics))


def world_key(data: DataSource, tactics: Mapping[str, Tactic], folder: Path) -> str:
    """What a world depends on, files and their times included."""
    parts: list[Any] = [data.model_dump(mode="json"), {name: t.model_dump(mode="json") for name, t in tactics.items()}]
    if (path := getattr(data, "path", None)) is not None:
        parts.append([path, str(folder), last_change(folder, path)])
    return json.dumps(parts)


def last_change(folder: Path, path: str) -> list[tuple[str, int, int]] | None:
    """Name, time of the last change and size of a file, or of each in a folder; None where it cannot be looked at.

    Reading will tell why.
    """
    try:
        place = folder / Path(path).expanduser()
        files = sorted(place.iterdir()) if place.is_dir() else [place]
        return [(file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    except (OSError, RuntimeError, ValueError):
        return None


def grid_of(scenario: Scenario) -> Grid:
    """The grid of a scenario."""
    return make_grid(scenario.data, scenario.tactics, scenario.learner, scenario.columns, scenario.folder)


def make_grid(data: DataSource, tactics: Mapping[str, Tactic], learner: Learner | None, columns: Columns, folder: Path) -> Grid:
    """The grid of a source: trained by a learner, or read from a table."""
    if isinstance(data, TableData):
        return table_grid(data, tactics, learner)
    if learner is None:
        raise ScenarioError(
            "no learner is given", key="learner", remedy="Add one, `learner: ridge_classifier` say: see `list learners`."
        )
    world = make_world(data, tactics, folder)
    metric: Any = [(c.slice, c.metric) for c in columns] if isinstance(columns, tuple) else columns.metric
    if metric is None:
        metric = "accuracy" if world.task == "classification" else "rmse"
    key = json.dumps([world_key(data, tactics, folder), learner.fingerprint(), metric])
    try:
        return kept(_grids, key, lambda: Grid.of_world(world, learner, metric))
    except GridError as error:  # the grid does not know which key of a file its columns come from
        raise error.at(Place(key="columns")) from None


def table_grid(data: TableData, tactics: Mapping[str, Tactic], learner: Learner | None) -> Grid:
    """The grid of a table of cells."""
    import pandas as pd

    if learner is not None:
        raise ScenarioError("a table of cells is not trained", key="learner", remedy="Leave `learner` out.")
    if tactics:
        raise ScenarioError("a table of cells has no examples to poison", key="tactics", remedy="Leave `tactics` out.")
    frame = pd.DataFrame.from_dict(data.cells, orient="index", columns=list(data.columns))
    data.check()
    try:
        return Grid.from_table(frame, objects=data.objects, metric=data.metric, floor=data.floor, full=data.full)
    except GridError as error:
        raise error.at(Place(key="data.cells")) from None


def surrogate_of(grid: Grid, kind: SurrogateKind | None, data: DataSource) -> SurrogateFit | None:
    """What a game's creators weigh by where they do not have rows trained; its sample is drawn from the data's seed."""
    return None if kind is None else grid.with_surrogate(kind, getattr(data, "seed", 0)).fit


def surrogate_grid_of(scenario: Scenario, rows: int | None = None) -> SurrogateGrid:
    """The grid of a scenario with its surrogate; `rows` takes the place of the surrogate's own."""
    kind = scenario.surrogate
    if kind is None:
        raise ScenarioError("no surrogate is named", key="surrogate", remedy="Add one, `surrogate: additive` say.")
    if rows is not None:
        if not FEWEST_ROWS <= rows <= MOST_ROWS:
            raise ScenarioError(
                f"a surrogate trains from {FEWEST_ROWS} to {MOST_ROWS:,} rows, not {rows:,}",
                key="surrogate.rows",
                remedy="Give another budget.",
            )
        kind = kind.model_copy(update={"rows": rows})
    fit = surrogate_of(grid_of(scenario), kind, scenario.data)
    assert fit is not None
    return SurrogateGrid(fit)


def kept(store: OrderedDict[str, T], key: str, make: Callable[[], T]) -> T:
    """What was made for this key before, or newly made; the last few are kept."""
    if key not in store:
        store[key] = make()
        while len(store) > KEPT:
            store.popitem(last=False)
    store.move_to_end(key)
    return store[key]


def setup_of(scenario: Scenario) -> GameSetup:
    """Everything that is fixed for a play of the scenario."""
    setup = unchecked(scenario)
    return replace(setup, warnings=(*setup.warnings, *notices(setup)))


def unchecked(scenario: Scenario) -> GameSetup:
    """The same of a scenario whose parts may not fit each other yet, which `GameSetup.check` finds out."""
    grid = grid_of(scenario)
    world = grid.world
    owners = world.owners if world is not None else grid.objects
    owner_of = world.owner_of if world is not None else np.arange(grid.n_objects)
    assert owner_of is not None
    cast = cast_of(scenario.creators, owners, owner_of, scenario.operators, named=owner_names(scenario.data))
    quality, warnings = quality_of(grid, scenario.payoffs, owners)
    counts: dict[str, Any] = {}
    if world is not None and world.task == "classification":
        for k, name in enumerate(world.classes):
            counts[name] = np.bincount(world.object_of[world.y == k], minlength=world.n_objects)
    return GameSetup(
        grid=grid,
        surrogate=surrogate_of(grid, scenario.surrogate, scenario.data),
        quality=quality.only(cast.playing),
        payoffs=scenario.payoffs,
        rights=scenario.rights,
        names=cast.names,
        owner_of=cast.owner_of,
        groups=cast.groups,
        operators=scenario.operators,
        collectives=scenario.collectives,
        users=scenario.users,
        arrival=cast.arrival,
        price=cast.price,
        freshness=scenario.freshness,
        network=scenario.network,
        tactics=tuple(scenario.tactics),
        order=scenario.order,
        rounds=scenario.rounds,
        stop=scenario.stop,
        folder=scenario.folder,
        label_counts=counts,
        manifest={
            "title": scenario.title,
            "about": scenario.about,
            "source": scenario.source,
            "scenario": scenario.resolved(),
            "data_seed": getattr(scenario.data, "seed", 0),
            "data_title": world.title if world is not None else "a table of cells",
            "world": world.fingerprint if world is not None else None,
            "learner": scenario.learner.fingerprint() if scenario.learner is not None else None,
        },
        warnings=tuple(warnings),
    )


class Attempt:
    """Calls what may fail and keeps the errors a user can cause, so that all of them are told at once."""

    def __init__(self) -> None:
        self.errors: list[DataleverageError] = []

    def __call__(self, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except Errors as several:
            self.errors += several.errors
        except DataleverageError as error:
            self.errors.append(error)
        return None


def faults(parts: Mapping[str, Any], folder: Path, store: str | os.PathLike[str] | None = None) -> Iterator[DataleverageError]:
    """Everything that only shows when the parts of a scenario meet: data and files, counts, moves, names.

    parts : the fields of a scenario that are valid by themselves; checks that need a part that is not are left out.
    store : where the grid keeps its cells. Raises what `Grid.keep_in` raises.
    """
    from dataleverage.scenario.scenario import Scenario

    grid = None
    if {"data", "tactics"} <= parts.keys():
        attempt = Attempt()
        if {"learner", "columns"} <= parts.keys():
            args = (parts["data"], parts["tactics"], parts["learner"], parts["columns"], folder)
            grid = attempt(lambda: make_grid(*args))
        elif isinstance(parts["data"], ExampleSource):
            attempt(lambda: make_world(parts["data"], parts["tactics"], folder))
        yield from attempt.errors
    attempt = Attempt()
    groups: tuple[Group, ...] | None = None
    if grid is not None:
        if store is not None:
            grid.keep_in(store)
        owners = grid.world.owners if grid.world is not None else grid.objects
        names: tuple[str, ...] = owners
        if {"creators", "operators"} <= parts.keys():
            owner_of = grid.world.owner_of if grid.world is not None else np.arange(grid.n_objects)
            assert owner_of is not None
            named = owner_names(parts["data"])
            cast = attempt(lambda: cast_of(parts["creators"], owners, owner_of, parts["operators"], named=named))
            if cast is not None:
                groups, names = cast.groups, cast.names
        if parts.get("surrogate") is not None:
            attempt(lambda: surrogate_of(grid, parts["surrogate"], parts["data"]))
        if "payoffs" in parts:
            attempt(lambda: quality_of(grid, parts["payoffs"], owners))
        if "operators" in parts:
            for k, operator in enumerate(parts["operators"]):
                attempt(partial(monitored, grid, operator, k))
        if "network" in parts:
            attempt(lambda: parts["network"].check(names, folder))
    if {"rights", "tactics", "operators"} <= parts.keys():
        named_moves = [(move, group.home) for group in groups or () for _, move in group.strategy.named_moves()]
        operators = tuple(operator.name for operator in parts["operators"])
        menu = Menu.of(parts["rights"], tuple(parts["tactics"]), operators, named_moves)
        for g, group in enumerate(groups or ()):
            attempt(partial(begin, g, group, menu, Streams(0)))
    yield from attempt.errors
    if set(Scenario.model_fields) <= parts.keys() and not attempt.errors and grid is not None:
        last = Attempt()
        setup = last(lambda: unchecked(Scenario.model_construct(**dict(parts)).in_folder(folder)))
        if setup is not None:
            for k in range(setup.n_operators):
                last(partial(setup.looks_at, k))
            last(setup.check)
            if setup.collectives and not last.errors:  # what names no operator would be told twice
                last(lambda: begin_collectives(setup, folder))
        yield from last.errors


def begin_collectives(setup: GameSetup, folder: Path) -> None:
    """Raise GameError for collectives whose members or moves there are not."""
    unions_of(setup, setup.network.neighbours(setup.names, Streams(0)["network"], folder), Streams(0))


def owner_names(data: DataSource) -> bool:
    """Whether creators are called as the data calls its owners."""
    return isinstance(data, ExampleSource) and getattr(data, "owner", None) is not None
