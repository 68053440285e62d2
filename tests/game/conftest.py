"""Games on grids whose cells are a formula of the row, so that what happens can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from dataleverage.game.collective import Collective
from dataleverage.game.desk import Desk
from dataleverage.game.freshness import Freshness
from dataleverage.game.levers import Rights
from dataleverage.game.market import Users
from dataleverage.game.model import LeverageGame
from dataleverage.game.network import Complete
from dataleverage.game.operator import Operator
from dataleverage.game.payoffs import Payoffs
from dataleverage.game.policies.response.ignore import Ignore
from dataleverage.game.policy import Answer, Books
from dataleverage.game.quality import quality_of
from dataleverage.game.rules import State
from dataleverage.game.setup import GameSetup, Group, Stop
from dataleverage.game.strategies.baseline import Always, Scripted
from dataleverage.game.strategy import Strategy
from dataleverage.grid.gap import Gap
from dataleverage.grid.grid import Grid
from dataleverage.grid.metrics import Column
from dataleverage.grid.rows import Rows
from dataleverage.kinds import FAMILIES
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, object_names

Score = Callable[[Rows], Floats]
STAYING = Always()


class Formula:
    """An oracle that works scores out from the row: (R, n) -> (R,) for every column, or (R, C)."""

    path = "worked out by a formula"

    def __init__(self, score: Score, columns: Sequence[str], monitored: bool) -> None:
        self.score = score
        parts = ["audit", "monitor"] if monitored else ["audit"]
        self.columns = tuple(
            Column(name if part == "audit" else f"monitor:{name}", name, "accuracy", part, 1)  # type: ignore[arg-type]
            for part in parts
            for name in columns
        )

    def scores(self, rows: Rows, weights: Floats | None = None) -> Floats:
        scores = np.asarray(self.score(rows), dtype=np.float64)
        scores = scores.reshape(len(rows), -1)
        return np.tile(scores, (1, len(self.columns) // scores.shape[1]))


def share_clean(rows: Rows) -> Floats:
    """The share of objects that are there and clean, less the share that is poisoned."""
    return ((rows == 1).sum(axis=1) - 1.0 * (rows > 1).sum(axis=1)) / rows.shape[1]


def setup_of(
    n: int,
    strategies: Strategy | Sequence[tuple[int, Strategy]] = STAYING,
    score: Score = share_clean,
    *,
    columns: Sequence[str] = ("all",),
    monitored: bool = False,
    payoffs: dict[str, Any] | None = None,
    rights: dict[str, Any] | None = None,
    tactics: tuple[str, ...] = (),
    operator: dict[str, Any] | None = None,
    operators: Sequence[dict[str, Any]] | None = None,
    homes: Sequence[int] | None = None,
    owner_of: Sequence[int] | None = None,
    sizes: Sequence[int] | None = None,
    gaps: dict[str, Gap] | None = None,
    **rest: Any,
) -> GameSetup:
    """A game of n objects on a grid of a formula; guessing scores 0 and the full row 1 unless `gaps` says otherwise."""
    oracle = Formula(score, columns, monitored)
    gaps = gaps or {column.name: Gap(0.0, 1.0, 0.0) for column in oracle.columns}
    grid = Grid(object_names(n), oracle, sizes=sizes, n_present=1 + len(tactics), gaps=gaps)
    owners = np.arange(n) if owner_of is None else np.array(owner_of)
    count = int(owners.max()) + 1
    names = object_names(count)
    groups, start = [], 0
    for size, strategy in [(count, strategies)] if isinstance(strategies, Strategy) else strategies:
        home = homes[len(groups)] if homes is not None else 0
        groups.append(Group(f"group {len(groups)}", strategy, np.arange(start, start + size), home))
        start += size
    paid = Payoffs.model_validate(payoffs or {})
    quality, warnings = quality_of(grid, paid, names)
    return GameSetup(
        grid=grid,
        quality=quality,
        payoffs=paid,
        rights=Rights.model_validate(rights or {}),
        names=names,
        owner_of=owners,
        groups=tuple(groups),
        operators=tuple(Operator.model_validate(each) for each in operators or [operator or {}]),
        collectives=tuple(Collective.model_validate(each) for each in rest.pop("collectives", ())),
        users=Users.model_validate(rest.pop("users", {})),
        network=rest.pop("network", Complete()),
        stop=Stop.model_validate(rest.pop("stop", {})),
        freshness=Freshness.model_validate(rest.pop("freshness")) if "freshness" in rest else None,
        tactics=tactics,
        warnings=tuple(warnings),
        **rest,
    )


def by_script(*scripts: dict[int, Any]) -> list[tuple[int, Strategy]]:
    """One creator a script: {round: move}; an empty script always contributes."""
    return [(1, Scripted.model_validate({"moves": script}) if script else Always()) for script in scripts]


@pytest.fixture(scope="session")
def make_setup() -> Callable[..., GameSetup]:
    return setup_of


@pytest.fixture(scope="session")
def scripts() -> Callable[..., list[tuple[int, Strategy]]]:
    return by_script


@pytest.fixture(scope="session")
def random_score() -> Callable[[int, int, int], Score]:
    """(objects, variants, seed) -> a score drawn for each row and each of as many columns as asked for."""

    def make(n: int, n_present: int, seed: int, columns: int = 1) -> Score:
        table = np.random.default_rng(seed).random(((n_present + 1) ** n, columns))
        base = (n_present + 1) ** np.arange(n)
        return lambda rows: table[(rows.astype(np.int64) * base).sum(axis=1)]

    return make


def state_of(setup: GameSetup, holdings: Any, *, round: int = 1, served: Any = None, **rest: Any) -> State:
    """Where a game stands when its operators hold (n,) or (K, n), and serve the same or `served`."""
    held = np.broadcast_to(np.asarray(holdings, dtype=np.uint8), (setup.n_operators, setup.grid.n_objects))
    rows = held if served is None else np.broadcast_to(np.asarray(served, dtype=np.uint8), held.shape)
    desks = []
    for k in range(setup.n_operators):
        desk = Desk(setup, k, Streams(0), setup.grid.scores)
        desk.round, desk.holdings, desk.row = round, held[k], rows[k]
        desk.scores = setup.grid.scores(rows[k][None])[0]
        desk.served.append((desk.row, desk.scores))
        desks.append(desk)
    return State(round=round, desks=tuple(desks), **rest)


@pytest.fixture(scope="session")
def stand() -> Callable[..., State]:
    return state_of


@pytest.fixture(scope="session")
def scored() -> Callable[[GameSetup], Any]:
    """What rows are scored by in the rules, from a setup's grid."""
    return lambda setup: lambda k, rows, weights: setup.grid.scores(rows, weights)


class Fickle(Ignore):
    """Grants every collective that deals with it what it demands after some rounds, and breaks that after others."""

    grants: tuple[int, ...] = ()
    breaks: tuple[int, ...] = ()

    @property
    def agrees(self) -> bool:
        return True

    def answer(self, desk: Desk, books: Books) -> Answer | None:
        theirs = [u for u in range(len(desk.setup.collectives)) if desk.setup.operator_of(u) == desk.position]
        demands = {u: desk.setup.collectives[u].demand for u in theirs}
        granted = [d.agreement(desk.position, u, desk.round) for u, d in demands.items() if d is not None]
        return Answer(
            grants=tuple(granted) if desk.round in self.grants else (),
            breaks=tuple(theirs) if desk.round in self.breaks else (),
        )


@pytest.fixture(scope="session")
def fickle() -> Callable[..., Fickle]:
    """(rounds after which it grants, rounds after which it breaks) -> a response."""
    return lambda grants=(), breaks=(): Fickle(grants=tuple(grants), breaks=tuple(breaks))


@pytest.fixture(scope="session")
def levers() -> Callable[..., list[str]]:
    """(setup, seed) -> a word for each creator: the first letters of its levers by round, '-' where it contributed."""

    def play(setup: GameSetup, seed: int = 0) -> list[str]:
        moves = LeverageGame(setup, seed).play().moves
        table = moves.pivot(index="creator", columns="round", values="lever").loc[list(setup.names)]
        return ["".join("-" if lever == "contribute" else lever[0] for lever in line) for line in table.to_numpy()]

    return play


@pytest.fixture
def forget_kinds():
    """Kinds that a test defines are there for that test alone."""
    before = {name: dict(family.members) for name, family in FAMILIES.items()}
    yield
    for name, members in before.items():
        FAMILIES[name].members.clear()
        FAMILIES[name].members.update(members)
