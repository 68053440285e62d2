"""A game before it starts: everything that is fixed for a play. A scenario builds it; `LeverageGame` takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dataleverage.errors import DataleverageError, Errors, GameError, GridError
from dataleverage.game.collective import Collective
from dataleverage.game.freshness import Freshness
from dataleverage.game.levers import NOBODY, Menu, MoveSpec, Rights
from dataleverage.game.market import Users
from dataleverage.game.monitor import monitored
from dataleverage.game.network import Network
from dataleverage.game.operator import Operator
from dataleverage.game.payoffs import Payoffs
from dataleverage.game.policy import check_monitor
from dataleverage.game.quality import Quality
from dataleverage.game.strategy import Memory, Strategy
from dataleverage.grid.grid import Grid
from dataleverage.grid.rows import Rows, from_words
from dataleverage.grid.surrogate_grid import SurrogateFit
from dataleverage.kinds import Model
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Ints, Mask

MOST_TRAINED = 2**27  # joint moves × objects weighed in a round by training: rows are kept, a byte an object
MOST_GUESSED = 2**31  # the same by a surrogate, which keeps nothing: minutes
MOST_ROUNDS = 100_000
PUBLIC = "public"  # in the record: the owner of objects that nobody can move, and who is paid for them
CREATORS = "creators"  # in the record: who unveiled a cell that only a creator's weighing asked for


class Stop(Model):
    """When a game ends before its last round."""

    fixed_point: int | None = Field(None, ge=1, description="After so many rounds in which nothing moved.")
    cycle: int | None = Field(None, ge=1, description="After so many repeats of the same sequence of moves.")
    budget_gone: bool = Field(False, description="When an operator's payoffs so far sum to less than 0.")
    demand_won: bool = Field(False, description="When an operator has granted a collective's demand.")


@dataclass(frozen=True, eq=False)
class Group:
    """Creators that share a strategy. who : (m,) their positions. home : the operator that holds their data at first."""

    name: str
    strategy: Strategy
    who: NDArray[np.int64]
    home: int = 0


@dataclass(frozen=True, eq=False)
class GameSetup:
    """What is fixed for a play.

    names : (N,) creators, in the order of the owners of the grid's objects.
    owner_of : (n,) the creator that owns each object; -1 for public ones, which nobody can move.
    arrival : (n,) the round in which each object comes into being, None where all are there from the start.
    price : (n,) what an operator pays once for each object, None where nothing has a price.
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
    collectives: tuple[Collective, ...] = ()
    users: Users = field(default_factory=Users)
    arrival: Ints | None = None
    price: Floats | None = None
    freshness: Freshness | None = None
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
        taken: dict[str, str] = dict.fromkeys((*self.names, CREATORS), "creators are") | {PUBLIC: "public data is"}
        taken[NOBODY] = "using nobody is"
        several = {
            "operators": [operator.name for operator in self.operators],
            "collectives": [collective.name for collective in self.collectives],
        }
        for family, chosen in several.items():
            for i, name in enumerate(chosen):
                if name in taken:
                    raise GameError(
                        f"{family[:-1]} {i + 1} cannot be called {name!r}: that is what {taken[name]} called in the record",
                        key=f"{family}.{i}.name",
                        remedy="Choose another name for it.",
                    )
                taken[name] = f"another of the {family} is"

    @property
    def n_creators(self) -> int:
        return len(self.names)

    @property
    def n_operators(self) -> int:
        return len(self.operators)

    @cached_property
    def menu(self) -> Menu:
        """Every move of the game, as a creator of the first operator sees them."""
        return Menu.of(self.rights, self.tactics, tuple(operator.name for operator in self.operators), self.named_moves())

    def named_moves(self) -> list[tuple[MoveSpec, int]]:
        """The moves that strategies and collectives name, each with the operator that is meant where it names none."""
        named = [(move, group.home) for group in self.groups for _, move in group.strategy.named_moves()]
        for i, collective in enumerate(self.collectives):
            named += [(move, self.operator_of(i)) for _, move in collective.calls.named_moves()]
        return named

    def operator_of(self, collective: int) -> int:
        """The operator that a collective deals with. Raises GameError for one that there is not."""
        name = self.collectives[collective].operator
        names = [operator.name for operator in self.operators]
        if name is None:
            return 0
        if name not in names:
            raise GameError(
                f"there is no operator {name!r}",
                key=f"collectives.{collective}.operator",
                remedy=f"Operators are {', '.join(names)}.",
            )
        return names.index(name)

    @cached_property
    def home(self) -> Ints:
        """(N,) the operator that holds each creator's data at first, and that it means where it names none."""
        home = np.zeros(self.n_creators, dtype=np.int64)
        for group in self.groups:
            home[group.who] = group.home
        return home

    @cached_property
    def stay(self) -> Ints:
        """(N,) the position of contributing at home: what everyone does before the first round."""
        return np.array([self.menu.at(k).stay for k in range(self.n_operators)], dtype=np.int64)[self.home]

    @cached_property
    def transitions(self) -> NDArray[np.uint8]:
        """(K, A + 1, P + 2): see `Menu.transitions`."""
        return self.menu.transitions(self.rights, len(self.tactics))

    @cached_property
    def mover(self) -> Ints:
        """(n,) whose move decides what becomes of each object: N where nobody's does."""
        return np.where(self.owner_of < 0, self.n_creators, self.owner_of)

    @cached_property
    def outcomes(self) -> dict[Any, Any]:
        """What joint moves led to so far, by moves, holdings and rows: see `rules.remembered`."""
        return {}

    @cached_property
    def timeless(self) -> bool:
        """Whether what a round leads to depends on moves, holdings and rows alone, and not on which round it is.

        Nor may anything be looked at on the way, as a model is that is served only for its gain: a lookup pays for nothing.
        """
        return (
            not self.collectives
            and self.freshness is None
            and self.price is None
            and self.arrival is None
            and self.surrogate is None
            and all(
                policy.timeless
                for operator in self.operators
                for policy in (operator.selection, operator.defence, operator.response)
            )
            and all(
                operator.retrain.every == 1 and operator.retrain.if_gain is None and not operator.reserve
                for operator in self.operators
            )
        )

    @cached_property
    def each_its_own(self) -> bool:
        """Whether each creator owns the one object of its own number."""
        return np.array_equal(self.owner_of, np.arange(self.n_creators))

    def reserved(self, operator: int, round: int) -> Mask:
        """(n,) the objects that an operator keeps out of training in a round, to evaluate on them."""
        found = np.zeros(self.grid.n_objects, dtype=bool)
        for start, names in self.operators[operator].reserve.items():
            if start <= round:
                for i, name in enumerate(names):
                    found[self.objects_called(name, f"operators.{operator}.reserve.{start}.{i}")] = True
        return found

    @cached_property
    def public(self) -> bool:
        """Whether there are objects that nobody can move."""
        return bool((self.owner_of < 0).any())

    @cached_property
    def usable(self) -> Mask:
        """(n,) which objects may be trained on at all. Raises GameError for unknown names, and objects of two rights."""
        return self.rights.usable(self.grid.objects, self.objects_called)

    def objects_called(self, name: str, key: str) -> Ints:
        """The positions of an object, or of all objects of a creator or a group. Raises GameError with this key."""
        if name in self.grid.objects:
            return np.array([self.grid.objects.index(name)])
        groups = [group for group in self.groups if group.name == name]
        who = groups[0].who if groups else np.array([i for i, each in enumerate(self.names) if each == name], dtype=np.int64)
        if not len(who):
            raise GameError(
                f"{name!r} is no object, no creator and no group of creators",
                key=key,
                remedy=f"Objects are {', '.join(self.grid.objects[:20])}.",
            )
        return np.flatnonzero(np.isin(self.owner_of, who))

    @cached_property
    def lever_costs(self) -> NDArray[np.float64]:
        """(A,) what each move of the menu costs its creator."""
        return self.payoffs.lever_costs(self.menu)

    @cached_property
    def examples(self) -> NDArray[np.int64]:
        """(N,) training examples of each creator."""
        counts = np.bincount(self.mover, weights=self.grid.sizes, minlength=self.n_creators + 1)
        return counts[: self.n_creators].astype(np.int64)

    @cached_property
    def _ownership(self) -> Any:
        """A sparse (n, N): 1 where the creator owns the object; None where each owns the object of its own number."""
        if self.each_its_own:
            return None
        from scipy.sparse import csr_array

        owned = self.owner_of >= 0
        upto = np.concatenate([[0], np.cumsum(owned)])
        return csr_array((np.ones(owned.sum()), self.owner_of[owned], upto), shape=(len(owned), self.n_creators))

    def by_creator(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(…, n) numbers of objects -> (…, N): their sums over the objects of each creator."""
        if self._ownership is None:
            return values
        flat = values.reshape(-1, values.shape[-1]) @ self._ownership
        return np.asarray(flat).reshape(*values.shape[:-1], self.n_creators)

    @cached_property
    def free(self) -> Mask | None:
        """(K, n) the objects that each operator need not buy; None where nothing has a price."""
        return None if self.price is None else np.broadcast_to(self.price <= 0, (self.n_operators, len(self.price))).copy()

    def weights(self, round: int) -> Floats | None:
        """(n,) how much each object counts in a round by its age; None where data does not age."""
        if self.freshness is None:
            return None
        arrival = np.zeros(self.grid.n_objects, dtype=np.int64) if self.arrival is None else self.arrival
        return self.freshness.weights(round - arrival)

    @cached_property
    def known_rows(self) -> list[Rows]:
        """For each operator the (R, n) rows that are on its board from the start. Raises GameError for rows there are not."""
        found = []
        for k, operator in enumerate(self.operators):
            rows = []
            for i, words in enumerate(operator.knows):
                try:
                    rows.append(from_words(words, self.grid.objects))
                except GridError as error:
                    raise GameError(error.message, key=f"operators.{k}.knows.{i}", remedy=error.remedy) from None
            found.append(np.array(rows, dtype=np.uint8).reshape(-1, self.grid.n_objects))
        return found

    def check(self) -> None:
        """Raise GameError for what only shows when the parts of a game meet."""
        if self.freshness is not None and self.surrogate is not None:
            raise GameError("a surrogate does not know how data ages", key="surrogate", remedy="Leave out one of the two.")
        for k in range(self.n_operators):
            self.reserved(k, MOST_ROUNDS)
        assert self.usable.shape == (self.grid.n_objects,)
        assert len(self.known_rows) == self.n_operators
        self.check_policies()
        self.check_calls()
        self.check_weighing()

    def check_policies(self) -> None:
        """Raise GameError for a policy of an operator that cannot do its work in this game."""
        for k, operator in enumerate(self.operators):
            if operator.retrain.if_gain is not None:
                try:
                    check_monitor(self, k, "serving a model only for its gain")
                except GameError as error:
                    raise GameError(error.message, key=f"operators.{k}.retrain.if_gain", remedy=error.remedy) from None
            for family in ("selection", "defence", "response"):
                try:
                    getattr(operator, family).check(self, k)
                except GameError as error:
                    inner = f".{error.place.key}" if error.place.key else ""
                    raise GameError(error.message, key=f"operators.{k}.{family}{inner}", remedy=error.remedy) from None

    def check_calls(self) -> None:
        """Raise GameError for a move that a collective names and the game does not allow."""
        for u, collective in enumerate(self.collectives):
            menu = self.menu.at(self.operator_of(u))
            if getattr(collective.calls, "while_fund", False) and not (collective.fund.start or collective.fund.dues):
                raise GameError(
                    f"{collective.name} strikes while there is something in its fund, and there never is",
                    key=f"collectives.{u}.calls.while_fund",
                    remedy=f"Give the fund a start or dues (`collectives.{u}.fund`).",
                )
            for key, move in collective.calls.named_moves():
                try:
                    menu.position(move)
                except GameError as error:
                    raise GameError(error.message, key=f"collectives.{u}.calls.{key}", remedy=error.remedy) from None

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

    def looks_at(self, position: int) -> NDArray[np.int64]:
        """The monitor columns that an operator looks at, enough of them for creators that go by its board.

        Raises GameError where creators go by the board and no weighted column is on it.
        """
        columns = monitored(self.grid, self.operators[position], position)
        by_board = [group.name for group in self.groups if getattr(group.strategy, "knows", None) == "board"]
        if by_board and not ((self.quality.weight > 0) & (self.twins(columns) >= 0)).any():
            raise GameError(
                f"{by_board[0]} goes by the operator's board, and no weighted column is on it",
                key=f"operators.{position}.monitors",
                remedy="Set aside a monitor part (`data.holdout.monitor`) and let the operator look at a weighted slice.",
            )
        return columns

    def twins(self, monitor: NDArray[np.int64]) -> NDArray[np.int64]:
        """(C,) for each column, which of the monitor columns given is the same slice and metric; -1 where none is."""
        columns = self.grid.columns
        at = {(columns[c].slice, columns[c].metric): i for i, c in enumerate(monitor)}
        return np.array([at.get((column.slice, column.metric), -1) for column in columns], dtype=np.int64)


def begin(g: int, group: Group, menu: Menu, streams: Streams) -> Memory:
    """What a group remembers before the first round. Raises GameError, or Errors, with the key of every move not allowed."""
    errors: list[DataleverageError] = []
    memory: Memory = {}
    for key, move in group.strategy.named_moves():
        try:
            menu.at(group.home).position(move)
        except GameError as error:
            errors.append(GameError(error.message, key=f"creators.{g}.strategy.{key}", remedy=error.remedy))
    if not errors:
        try:
            memory = group.strategy.begin(len(group.who), menu.at(group.home), Streams(streams.integer("group", g)))
        except GameError as error:
            inner = f".{error.place.key}" if error.place.key else ""
            errors.append(GameError(error.message, key=f"creators.{g}.strategy{inner}", remedy=error.remedy))
    if errors:
        raise Errors(errors) if len(errors) > 1 else errors[0]
    return memory
