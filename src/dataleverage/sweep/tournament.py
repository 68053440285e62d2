"""The tournament: strategies of creators against policies of operators, over worlds and plays.

Every operator also meets an attacker that adapts to it: in each world it tries the tactics that the scenario offers, and keeps
the one that leaves the least quality past the operator's selection and defence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from dataleverage.errors import DataleverageError, GapError, ScenarioError
from dataleverage.game.levers import MoveSpec
from dataleverage.game.policy import Defence, Response, Selection
from dataleverage.game.strategies.baseline import Always
from dataleverage.game.strategy import Strategy
from dataleverage.grid.workers import over
from dataleverage.kinds import Model, OneOf
from dataleverage.measure.intervals import Interval, over_worlds
from dataleverage.record.record import Record
from dataleverage.scenario.document import read
from dataleverage.scenario.load import load
from dataleverage.scenario.problems import validated
from dataleverage.scenario.scenario import Scenario
from dataleverage.scenario.worlds import check_worlds

if TYPE_CHECKING:
    import pandas as pd

ADAPTIVE = "adaptive attack"  # the row of the attacker that keeps the tactic that hurts most
SCORES = ("creators", "operator", "quality")


class Entrant(Model):
    """What an operator does here instead of what it does in the scenario."""

    selection: Annotated[Selection, OneOf("selection")] | None = Field(None, description="Which row it trains on.")
    defence: Annotated[Defence, OneOf("defence")] | None = Field(None, description="How it keeps poison out.")
    response: Annotated[Response, OneOf("response")] | None = Field(None, description="How it answers creators.")


class Tournament(Model):
    """Who meets whom, in which game."""

    title: str = Field(min_length=1, max_length=200, description="What the tournament is called.")
    about: str = Field("", max_length=5000, description="What it is to show.")
    scenario: str = Field(min_length=1, description="The scenario's file, next to this one.")
    group: str = Field(min_length=1, description="The group of creators whose strategy varies, and that attacks.")
    strategies: dict[str, Annotated[Strategy, OneOf("strategy")]] = Field(
        min_length=1, max_length=100, description="Strategies of the group, by a name each."
    )
    operators: dict[str, Entrant] = Field(
        min_length=1, max_length=100, description="What the scenario's first operator does, by a name each; {} is as it stands."
    )
    worlds: int = Field(5, ge=1, le=10_000, description="Worlds that are played in: data.seed, +1, +2 …")
    plays: int = Field(1, ge=1, le=10_000, description="Plays in each world: seed, +1, +2 …")


@dataclass(frozen=True, eq=False)
class Standings:
    """How a tournament went.

    plays : a line for each world, play, strategy and operator: `creators` (what a creator of the group gets in a round, in the
        mean), `operator` (what the operator gets in a round), `quality` (of its model after the last round). Attacks are lines
        of the strategy "adaptive attack", with the `tactic` that was kept.
    tactics : what every attack that was tried left, a line for each world, play, operator and tactic.
    refused : worlds that are left out, because in them training beats guessing by no more than noise.
    """

    tournament: Tournament
    plays: pd.DataFrame
    tactics: pd.DataFrame
    refused: tuple[int, ...]

    def ranking(self, by: str, score: str) -> list[tuple[str, Interval]]:
        """Names of one side (`strategy` or `operator_name`) with their mean score over worlds, the largest first.

        A world's score is the mean over its plays and the other side, adaptive attacks left out.
        """
        return ranked(self.plays[self.plays.strategy != ADAPTIVE], by, score)

    def attacked(self, score: str = "quality") -> list[tuple[str, Interval]]:
        """Operators with what the adaptive attack leaves them, the largest first; nobody where there are no tactics."""
        return ranked(self.plays[self.plays.strategy == ADAPTIVE], "operator_name", score)

    def table(self, score: str) -> pd.DataFrame:
        """Means over worlds and plays: strategies (the adaptive attack last) by operators, in the order of the file."""
        means = self.plays.groupby(["strategy", "operator_name"])[score].mean().unstack()
        rows = [name for name in (*self.tournament.strategies, ADAPTIVE) if name in means.index]
        return means.loc[rows, list(self.tournament.operators)]


def ranked(plays: pd.DataFrame, by: str, score: str) -> list[tuple[str, Interval]]:
    """Names with their intervals over worlds, the largest mean first."""
    found = []
    for name, part in plays.groupby(by, sort=False):
        found.append((str(name), over_worlds(part.groupby("world")[score].mean().tolist())))
    return sorted(found, key=lambda each: -each[1].mean)


def load_tournament(path: Path, settings: Sequence[str] = ()) -> tuple[Tournament, Scenario]:
    """A tournament file and the scenario that it names, checked. Raises errors with file, line, key and remedy.

    settings : overrides of the scenario's values, `KEY=VALUE`.
    """
    document = read(path)
    tournament = validated(document, Tournament)

    def wrong(key: str, message: str, remedy: str) -> ScenarioError:
        error = ScenarioError(message, key=key, remedy=remedy)
        error.at(document.place(document.path(key)))
        return error

    file = path.parent / tournament.scenario
    if not file.exists():
        raise wrong("scenario", f"there is no file {tournament.scenario!r}", "Give its path from the tournament's folder.")
    scenario = load(file, settings=settings)
    names = [group.name for group in scenario.creators if not group.public]
    if tournament.group not in names:
        raise wrong("group", f"the scenario has no group {tournament.group!r}", f"Groups are {', '.join(names)}.")
    if ADAPTIVE in tournament.strategies:
        raise wrong("strategies", f"no strategy can be called {ADAPTIVE!r}", "Choose another name for it.")
    if tournament.worlds > 1:
        check_worlds(scenario, tournament.worlds)
    for name, strategy in tournament.strategies.items():
        for operator in tournament.operators:
            try:
                setup = staged(tournament, scenario, strategy, operator).setup()
                setup.check()
                for key, move in strategy.named_moves():
                    try:
                        setup.menu.position(move)
                    except DataleverageError as error:
                        raise wrong(f"strategies.{name}.{key}", error.message, error.remedy) from None
            except DataleverageError as error:
                known = error.place.file is not None
                raise error if known else wrong(f"operators.{operator}", error.message, error.remedy) from None
    return tournament, scenario


def staged(tournament: Tournament, scenario: Scenario, strategy: Strategy, operator: str) -> Scenario:
    """The scenario with the group deciding by a strategy, and its first operator doing as an entrant does."""
    groups = tuple(
        group.model_copy(update={"strategy": strategy}) if group.name == tournament.group else group
        for group in scenario.creators
    )
    entrant = tournament.operators[operator]
    policies = {name: policy for name in type(entrant).model_fields if (policy := getattr(entrant, name)) is not None}
    first = scenario.operators[0].model_copy(update=policies)
    other = scenario.model_copy(update={"creators": groups, "operators": (first, *scenario.operators[1:])})
    return other.in_folder(scenario.folder)


def games(tournament: Tournament, scenario: Scenario) -> int:
    """How many games are played."""
    sides = len(tournament.strategies) + len(scenario.tactics)
    return tournament.worlds * tournament.plays * sides * len(tournament.operators)


def hold(
    tournament: Tournament, scenario: Scenario, *, workers: int = 1, progress: Callable[[int], object] | None = None
) -> Standings:
    """Hold a tournament.

    workers : processes that worlds are divided over. progress : called with the number of games that were played.
    Raises GapError where training beats guessing in no world.
    """
    import pandas as pd

    first = int(getattr(scenario.data, "seed", 0))
    worlds = range(first, first + tournament.worlds)
    each = games(tournament, scenario) // tournament.worlds
    work = partial(in_world, tournament, scenario)
    done = []
    for found in map(work, worlds) if workers == 1 else over(workers, work, worlds):
        done.append(found)
        if progress is not None:
            progress(each)
    refused = tuple(sorted(world for world, lines, _ in done if lines is None))
    if len(refused) == len(done):
        raise GapError(
            "training beats guessing by no more than noise in every world",
            key="scenario",
            remedy="Choose data with a clear gap, or more audit examples.",
        )
    played = sorted((found for found in done if found[1] is not None), key=lambda each: each[0])
    plays = pd.DataFrame([line for _, lines, _ in played for line in lines or ()])
    tried = pd.DataFrame([line for _, _, lines in played for line in lines])
    return Standings(tournament, plays, tried, refused)


Lines = list[dict[str, Any]]


def in_world(tournament: Tournament, scenario: Scenario, world: int) -> tuple[int, Lines | None, Lines]:
    """The plays of one world, and the attacks tried in it; None where training does not beat guessing there."""
    here = scenario.in_world(world) if tournament.worlds > 1 else scenario
    plays: Lines = []
    tried: Lines = []
    try:
        for operator in tournament.operators:
            for play in range(tournament.plays):
                at = {"world": world, "play": scenario.seed + play, "operator_name": operator}
                for name, strategy in tournament.strategies.items():
                    record = staged(tournament, here, strategy, operator).play(scenario.seed + play)
                    plays.append({**at, "strategy": name, "tactic": None, **scores(record, tournament.group)})
                attacks: Lines = []
                for tactic in scenario.tactics:
                    poison = Always(move=MoveSpec(lever="poison", tactic=tactic))
                    record = staged(tournament, here, poison, operator).play(scenario.seed + play)
                    attacks.append({**at, "tactic": tactic, **scores(record, tournament.group)})
                tried += attacks
                if attacks:
                    plays.append({**min(attacks, key=lambda each: each["quality"]), "strategy": ADAPTIVE})
    except GapError:
        return world, None, []
    return world, plays, tried


def scores(record: Record, group: str) -> dict[str, float]:
    """What a play is worth to a creator of the group and to the first operator, in a round, and the quality it ends with."""
    members = record.creators.creator[record.creators.group == group]
    mine = record.moves.payoff[record.moves.creator.isin(members)]
    firm = record.rounds[record.rounds.operator == record.rounds.operator.iloc[0]]
    return {
        "creators": float(mine.mean()),
        "operator": float(firm.payoff[firm["round"] > 0].mean()),
        "quality": float(np.asarray(firm.quality)[-1]),
    }
