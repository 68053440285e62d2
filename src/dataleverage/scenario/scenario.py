"""The scenario: one game, as a file or a Python object says it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PrivateAttr

from dataleverage.game.collective import Collective
from dataleverage.game.freshness import Freshness
from dataleverage.game.levers import Rights
from dataleverage.game.market import Users
from dataleverage.game.network import Complete, Network
from dataleverage.game.operator import Operator
from dataleverage.game.payoffs import Payoffs
from dataleverage.game.setup import GameSetup, Stop
from dataleverage.game.strategies.baseline import Always
from dataleverage.game.strategy import Strategy
from dataleverage.grid.grid import Grid
from dataleverage.grid.learner import Learner
from dataleverage.grid.surrogate_grid import SurrogateGrid
from dataleverage.grid.surrogates import SurrogateKind
from dataleverage.kinds import Many, Model, OneOf
from dataleverage.world.dataset import DataSource
from dataleverage.world.tactic import Tactic
from dataleverage.world.world import World

if TYPE_CHECKING:
    from dataleverage.game.asking import Ask
    from dataleverage.game.model import LeverageGame
    from dataleverage.record.record import Record

MetricName = Literal["accuracy", "balanced_accuracy", "log_loss", "auc", "r2", "rmse", "hits", "ndcg"]


class ColumnSpec(Model):
    """One column: a slice and a metric."""

    slice: str = Field(description="The name of a slice; `all` is always there.")
    metric: MetricName = Field(description="What is measured on it.")


class EverySlice(Model):
    """One metric on every slice."""

    metric: MetricName | None = Field(
        None, description="The metric; accuracy for classes and rmse for numbers and ratings unless given."
    )


Columns = EverySlice | Many[ColumnSpec]


class Arrival(Model):
    """When a group's objects come into being."""

    first: int = Field(1, ge=0, description="The round in which the first of them does; 0 is before anyone moves.")
    every: int = Field(0, ge=0, description="Rounds between one object and the next; 0 for all at once.")


class CreatorGroup(Model):
    """Creators that share a strategy. They own the data's objects in the order of the file."""

    name: str = Field(min_length=1, max_length=60, description="What they are called.")
    count: int | None = Field(None, ge=1, description="How many they are; all who are left, where one group leaves it out.")
    strategy: Annotated[Strategy, OneOf("strategy")] = Field(Always(), description="How they decide.")
    operator: str | None = Field(
        None, description="The operator that holds their data at first, and that their moves mean; the first unless given."
    )
    public: bool = Field(False, description="Nobody's: data that no one can withhold, and that every operator has or can buy.")
    arrive: Arrival | None = Field(None, description="When their objects come into being; before anyone moves unless given.")
    price: float = Field(0.0, ge=0, description="What an operator pays once for each of their objects before it holds it.")


class Scenario(Model):
    """One game: a world of data, a learner, the creators and operators in it, and the rules."""

    title: str = Field(min_length=1, max_length=200, description="What the game is called.")
    about: str = Field("", max_length=5000, description="What it shows; printed on the page and in reports.")
    source: str = Field("", max_length=1000, description="Where its numbers or its story come from.")
    data: Annotated[DataSource, OneOf("data")] = Field(description="What there is to train on, and who owns it.")
    learner: Annotated[Learner, OneOf("learner")] | None = Field(
        None, description="What is trained on every row; left out only where `data` is a table of cells."
    )
    surrogate: Annotated[SurrogateKind, OneOf("surrogate")] | None = Field(
        None,
        description="What creators weigh rows by that were not trained, where there are too many to train; the row that is "
        "served is always trained. Left out, every row that is asked for is trained.",
    )
    columns: Columns = Field(
        EverySlice(), description="What the model is scored on: a metric for every slice, or a list of {slice, metric}."
    )
    tactics: dict[str, Annotated[Tactic, OneOf("tactic")]] = Field(
        {}, max_length=8, description="Ways to poison data, by name; the first is variant 2 in rows, and so on."
    )
    creators: Many[CreatorGroup] = Field(min_length=1, description="Who owns data, in groups that share a strategy.")
    network: Annotated[Network, OneOf("network")] = Field(Complete(), description="Which creators see each other.")
    operators: Many[Operator] = Field((Operator(),), min_length=1, max_length=8, description="Who trains on the data.")
    collectives: Many[Collective] = Field((), max_length=50, description="Creators that act together.")
    users: Users = Field(Users(), description="Who uses operators besides creators, and how they choose.")
    freshness: Freshness | None = Field(None, description="How data ages; it does not unless given.")
    rights: Rights = Field(Rights(), description="What creators may ask of an operator that holds their data.")
    payoffs: Payoffs = Field(Payoffs(), description="What a round is worth to whom.")
    order: Literal["simultaneous", "sequential"] = Field(
        "simultaneous", description="Whether creators move at once, or one after the other in an order drawn each round."
    )
    rounds: int = Field(30, ge=1, le=100_000, description="How many rounds are played at the most.")
    stop: Stop = Field(Stop(), description="When the game ends before that.")
    seed: int = Field(0, ge=0, description="The seed of a play: network, thresholds and creators' chances.")

    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    @property
    def folder(self) -> Path:
        """Where relative paths in the scenario start: the folder of its file, or the working directory."""
        return self._folder

    def world(self) -> World:
        """What there is: objects, slices, variants. Raises DataError; a table of cells has no world."""
        from dataleverage.scenario.build import world_of

        return world_of(self)

    def grid(self) -> Grid:
        """The grid of this scenario. Scenarios with the same data, tactics, learner and columns share one."""
        from dataleverage.scenario.build import grid_of

        return grid_of(self)

    def surrogate_grid(self, rows: int | None = None) -> SurrogateGrid:
        """The grid of this scenario with its surrogate, which trains a sample of rows and predicts the others.

        rows : how many are trained, instead of what the surrogate says. Raises ScenarioError where no surrogate is named.
        """
        from dataleverage.scenario.build import surrogate_grid_of

        return surrogate_grid_of(self, rows)

    def setup(self) -> GameSetup:
        """Everything that is fixed for a play."""
        from dataleverage.scenario.build import setup_of

        return setup_of(self)

    def game(self, seed: int | None = None, ask: Ask | None = None) -> LeverageGame:
        """The game as a Mesa model, before its first round. ask : whoever decides for creators whose strategy is human."""
        from dataleverage.game.model import LeverageGame

        return LeverageGame(self.setup(), self.seed if seed is None else seed, ask)

    def play(self, seed: int | None = None) -> Record:
        """Play to the end. The same seed gives the same record."""
        return self.game(seed).play()

    def in_folder(self, folder: Path) -> Scenario:
        """The same scenario with its relative paths starting elsewhere."""
        other = self.model_copy()
        other._folder = folder
        return other

    def in_world(self, seed: int) -> Scenario:
        """The same scenario in the world with another `data.seed`."""
        other = self.model_copy(update={"data": self.data.model_copy(update={"seed": seed})})
        other._folder = self._folder
        return other

    def resolved(self) -> dict[str, Any]:
        """The scenario as plain data with every default filled in."""
        return self.model_dump(mode="json", fallback=repr)
