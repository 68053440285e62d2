"""A game before it starts: everything that is fixed for a play. A scenario builds it; `LeverageGame` takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dataleverage.errors import DataleverageError, Errors, GameError
from dataleverage.game.levers import Menu, Rights
from dataleverage.game.network import Network
from dataleverage.game.payoffs import Payoffs
from dataleverage.game.policies.defence import NoDefence
from dataleverage.game.policies.response import Ignore
from dataleverage.game.policies.selection import Everything
from dataleverage.game.policy import Defence, Response, Selection
from dataleverage.game.quality import Quality
from dataleverage.game.strategy import Memory, Strategy
from dataleverage.grid.grid import Grid
from dataleverage.grid.surrogate_grid import SurrogateFit
from dataleverage.kinds import Many, Model, OneOf
from dataleverage.streams import Streams

MOST_TRAINED = 2**27  # joint moves × objects weighed in a round by training: rows are kept, a byte an object
MOST_GUESSED = 2**31  # the same by a surrogate, which keeps nothing: minutes
CREATORS = "creators"  # in the record: who unveiled a cell that only a creator's weighing asked for


class Stop(Model):
    """When a game ends before its last round."""

    fixed_point: int | None = Field(None, ge=1, description="After so many rounds in which nothing moved.")
    cycle: int | None = Field(None, ge=1, description="After so many repeats of the same sequence of moves.")
    budget_gone: bool = Field(False, description="When an operator's payoffs so far sum to less than 0.")


class Operator(Model):
    """An operator: how it selects, defends and responds, and what it looks at."""

    name: str = Field("operator", min_length=1, description="What it is called.")
    selection: Annotated[Selection, OneOf("selection")] = Field(Everything(), description="Which row it trains on.")
    defence: Annotated[Defence, OneOf("defence")] = Field(NoDefence(), description="How it keeps poison out.")
    response: Annotated[Response, OneOf("response")] = Field(Ignore(), description="How it answers creators.")
    monitors: Literal["all", "none"] | Many[str] = Field("all", description="Slices of the monitor part that it looks at.")
    unveil_cost: float = Field(0.0, ge=0, description="Credits for each monitor cell that it looks at for the first time.")


@dataclass(frozen=True, eq=False)
class Group:
    """Creators that share a strategy. who : (m,) their positions."""

    name: str
    strategy: Strategy
    who: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class GameSetup:
    """What is fixed for a play.

    names : (N,) creators, in the order of the owners of the grid's objects.
    owner_of : (n,) the creator that owns each object.
    surrogate : what creators that know the grid weigh rows by that this play has not trained; None where all are trained.
    label_counts : {class: (n,) training examples of it in each object}, for the record.
    manifest : what the record says of where all this comes from.
    """

    grid: Grid
    quality: Quality
    payoffs: Payoffs
    rights: Rights
    names: tuple[str, ...]
    owner_of: NDArray[np.int64]
    groups: tuple[Group, ...]
    operators: tuple[Operator, ...]
    network: Network
    tactics: tuple[str, ...] = ()
    surrogate: SurrogateFit | None = None
    order: Literal["simultaneous", "sequential"] = "simultaneous"
    rounds: int = 30
    stop: Stop = field(default_factory=Stop)
    folder: Path = Path()
    label_counts: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        members = np.sort(np.concatenate([group.who for group in self.groups]))
        if not np.array_equal(members, np.arange(self.n_creators)):
            raise GameError(f"groups do not hold each of the {self.n_creators} creators once", key="creators")
        if len(self.operators) != 1:
            raise GameError(f"{len(self.operators)} operators were given; a game has one", key="operators")
        if (name := self.operators[0].name) in (*self.names, CREATORS):
            raise GameError(
                f"an operator cannot be called {name!r}: that is what creators are called in the record",
                key="operators.0.name",
                remedy="Choose another name for it.",
            )

    @property
    def n_creators(self) -> int:
        return len(self.names)

    @cached_property
    def menu(self) -> Menu:
        return Menu.of(self.rights, self.tactics)

    @cached_property
    def lever_costs(self) -> NDArray[np.float64]:
        """(A,) what each move of the menu costs its creator."""
        return self.payoffs.lever_costs(self.menu)

    @cached_property
    def examples(self) -> NDArray[np.int64]:
        """(N,) training examples of each creator."""
        return np.bincount(self.owner_of, weights=self.grid.sizes, minlength=self.n_creators).astype(np.int64)

    @cached_property
    def _ownership(self) -> Any:
        """A sparse (n, N): 1 where the creator owns the object; None where each owns the object of its own number."""
        if np.array_equal(self.owner_of, np.arange(self.n_creators)):
            return None
        from scipy.sparse import csr_array

        n = len(self.owner_of)
        return csr_array((np.ones(n), self.owner_of, np.arange(n + 1)), shape=(n, self.n_creators))

    def by_creator(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B, n) numbers of objects -> (B, N): their sums over the objects of each creator."""
        return values if self._ownership is None else np.asarray(values @ self._ownership)

    def check_weighing(self) -> None:
        """Raise GameError for creators that would weigh more joint moves in a round than can be scored, or kept."""
        wide = max(self.n_creators, self.grid.n_objects)
        for g, group in enumerate(self.groups):
            rows = len(group.who) * group.strategy.weighs(self.menu)
            trained = getattr(group.strategy, "knows", "grid") == "grid"
            most = (MOST_TRAINED if trained else MOST_GUESSED) // wide
            if rows <= most:
                continue
            others = trained and rows * wide <= MOST_GUESSED
            raise GameError(
                f"{len(group.who):,} creators of {group.name} would weigh {rows:,.0f} joint moves a round, each a row of "
                f"{self.grid.n_objects:,} objects to {'train on' if trained else 'guess'}; {most:,} a round are the most",
                key=f"creators.{g}.strategy",
                remedy=f"Let {int(np.ceil(rows / most)):,} times fewer reconsider in a round (`revise`), have each weigh fewer "
                f"moves (`consider`){', or let them guess (`knows: belief`)' if others else ''}.",
            )

    def looks_at(self, operator: Operator) -> NDArray[np.int64]:
        """The monitor columns that an operator looks at, enough of them for creators that go by its board.

        Raises GameError where creators go by the board and no weighted column is on it.
        """
        columns = self.monitored(operator)
        by_board = [group.name for group in self.groups if getattr(group.strategy, "knows", None) == "board"]
        if by_board and not ((self.quality.weight > 0) & (self.twins(columns) >= 0)).any():
            raise GameError(
                f"{by_board[0]} goes by the operator's board, and no weighted column is on it",
                key="operators.0.monitors",
                remedy="Set aside a monitor part (`data.holdout.monitor`) and let the operator look at a weighted slice.",
            )
        return columns

    def twins(self, monitor: NDArray[np.int64]) -> NDArray[np.int64]:
        """(C,) for each column, which of the monitor columns given is the same slice and metric; -1 where none is."""
        columns = self.grid.columns
        at = {(columns[c].slice, columns[c].metric): i for i, c in enumerate(monitor)}
        return np.array([at.get((column.slice, column.metric), -1) for column in columns], dtype=np.int64)

    def monitored(self, operator: Operator) -> NDArray[np.int64]:
        """The positions of the monitor columns that an operator looks at."""
        return monitored(self.grid, operator)


def monitored(grid: Grid, operator: Operator) -> NDArray[np.int64]:
    """The positions of the monitor columns that an operator looks at. Raises GameError for slices that are not there."""
    monitor = [i for i, column in enumerate(grid.columns) if column.part == "monitor"]
    if operator.monitors == "none":
        return np.empty(0, dtype=np.int64)
    if operator.monitors == "all":
        return np.array(monitor, dtype=np.int64)
    slices = list(dict.fromkeys(grid.columns[i].slice for i in monitor))
    for i, name in enumerate(operator.monitors):
        if name not in slices:
            have = f"Slices with monitor examples are {', '.join(slices[:20])}." if slices else "There are none."
            raise GameError(f"there is no monitored slice {name!r}", key=f"operators.0.monitors.{i}", remedy=have)
    return np.array([i for i in monitor if grid.columns[i].slice in operator.monitors], dtype=np.int64)


def begin(g: int, group: Group, menu: Menu, streams: Streams) -> Memory:
    """What a group remembers before the first round. Raises GameError, or Errors, with the key of every move not allowed."""
    errors: list[DataleverageError] = []
    memory: Memory = {}
    for key, move in group.strategy.named_moves():
        try:
            menu.find(move.lever, move.tactic)
        except GameError as error:
            errors.append(GameError(error.message, key=f"creators.{g}.strategy.{key}", remedy=error.remedy))
    if not errors:
        try:
            memory = group.strategy.begin(len(group.who), menu, Streams(streams.integer("group", g)))
        except GameError as error:
            inner = f".{error.place.key}" if error.place.key else ""
            errors.append(GameError(error.message, key=f"creators.{g}.strategy{inner}", remedy=error.remedy))
    if errors:
        raise Errors(errors) if len(errors) > 1 else errors[0]
    return memory
