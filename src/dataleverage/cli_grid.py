"""The parts of the command `grid` that read the game, or a surrogate, in place of every row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dataleverage.errors import Errors, ScenarioError
from dataleverage.terminal import print_lines, progress, say_json

if TYPE_CHECKING:
    from dataleverage.scenario.scenario import Scenario


def check_asked(equilibria: bool, of_rows: Mapping[str, object], of_game: Mapping[str, object]) -> None:
    """Refuse the options that would be dropped without a word, all of them at once.

    of_rows : what is given of those that `--equilibria` does not look at. of_game : of those that nothing else looks at.
    """
    lost = of_rows if equilibria else of_game
    if equilibria:
        said, remedy = "--equilibria reads the game, and does not look at it", "Ask for it in a call without --equilibria."
    else:
        said, remedy = "only --equilibria looks at it", "Add `--equilibria`, or leave it out."
    wrong = [ScenarioError(said, key=name, remedy=remedy) for name, given in lost.items() if given not in (None, "", False, [])]
    if wrong:
        raise wrong[0] if len(wrong) == 1 else Errors(wrong)


def read_game(scenario: Scenario, moves: str, creators: str, as_json: bool) -> None:
    """The part of `grid` that reads the game on it."""
    from dataleverage.game.standing import Standing
    from dataleverage.view import equilibria

    named = [name.strip() for name in creators.split(",") if name.strip()]
    standing = Standing.of(scenario.setup(), creators=named, moves=equilibria.moves_in(moves), seed=scenario.seed)
    with progress("working out joint moves", equilibria.work(standing)) as advance:
        found = equilibria.read(standing, advance)
    if as_json:
        say_json(equilibria.as_json(found))
    else:
        print_lines(scenario.title, equilibria.lines(found))


def estimate(scenario: Scenario, budget: int | None, words: list[str], out: Path | None, as_json: bool) -> None:
    """The part of `grid` that trains a sample of rows and predicts others."""
    from dataleverage.record.table_file import write_table
    from dataleverage.view import estimated

    lookup = scenario.surrogate_grid(budget)
    asked = lookup.grid.rows(words)
    with progress("training a sample", len(lookup.fit.rows)) as advance:
        lookup.fit.train(progress=advance)
    if out is not None:
        write_table(estimated.frame(lookup, asked), out)
    if as_json:
        say_json(estimated.as_json(lookup, asked))
    else:
        print_lines(scenario.title, estimated.estimated(lookup, asked) + ([("Written", str(out))] if out else []))
