"""The command `play`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dataleverage.errors import ScenarioError
from dataleverage.options import Set
from dataleverage.terminal import named, print_lines, prompt


def play(
    file: Annotated[Path, typer.Argument(help="A scenario file (YAML).", show_default=False)],
    group: Annotated[
        str | None, typer.Option(metavar="NAME", help="Decide for this group of creators, whatever its strategy.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The new folder for the record; runs/NAME unless given.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed of the play, instead of the file's.")] = None,
    settings: Set = None,
) -> None:
    """Play a scenario yourself: you are asked each round what creators of a group, or those with the strategy `human`, do."""
    from dataleverage.game.strategies.human import Human
    from dataleverage.measure.outcomes import outcomes
    from dataleverage.record.record import check_free, fresh, new_directory
    from dataleverage.scenario.load import load
    from dataleverage.view.page import write_page
    from dataleverage.view.summary import summary

    folder = out if out is not None else fresh(Path("runs") / file.stem)
    check_free(folder, overwrite=False)
    changed = list(settings or ())
    scenario = load(file, settings=changed)
    names = [each.name for each in scenario.creators if not each.public]
    if group is not None and group not in names:
        raise ScenarioError(f"there is no group {group!r}", key="--group", remedy=f"Groups are {', '.join(names)}.")
    if group is not None:
        at = [each.name for each in scenario.creators].index(group)
        changed.append(f"creators.{at}.strategy=human")
        scenario = load(file, settings=changed)
    if not any(isinstance(each.strategy, Human) for each in scenario.creators):
        raise ScenarioError(
            "nobody in this scenario is played by a person", remedy=f"Name a group to decide for: --group {names[0]!r}."
        )
    with named(file, changed):
        game = scenario.game(seed, ask=prompt)
        try:
            while game.running:
                game.step()
                for operator in game.operators:
                    print(f"  {operator.name} serves {operator.row or 'nothing'}, quality {operator.quality:.3f}")
        finally:
            game.close()
        record = game.record()
    record.manifest["settings"] = [*(settings or ()), *([f"{group} played by a person"] if group is not None else [])]
    record.manifest["outcomes"] = outcomes(record)
    with new_directory(folder) as scratch:
        record.write(scratch)
        write_page(record, scratch / "page.html")
    where = [("Record", str(folder)), ("Page", str(folder / "page.html"))]
    print_lines(record.manifest["title"], summary(record) + where)
