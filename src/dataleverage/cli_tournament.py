"""The command `tournament`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dataleverage.errors import GridError
from dataleverage.options import Json, Set
from dataleverage.terminal import named, print_lines, progress, say_json


def tournament(
    file: Annotated[Path, typer.Argument(help="A tournament file (YAML).", show_default=False)],
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that worlds are divided over.")] = 1,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the heat-map into this .png or .svg file.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
    settings: Set = None,
    as_json: Json = False,
) -> None:
    """Play strategies of creators against policies of operators, over worlds and plays, and rank both sides.

    Every operator also meets an attacker that tries the scenario's tactics and keeps the one that hurts most past its filter.
    """
    from dataleverage.sweep.tournament import games, hold, load_tournament
    from dataleverage.view import tournament as shown
    from dataleverage.view.figures import save

    if plot is not None:
        shown.check_figure(plot)
        if plot.exists() and not overwrite:
            raise GridError(f"{plot} exists already", key="--plot", remedy="Name another file, or pass --overwrite.")
    held, scenario = load_tournament(file, settings or ())
    with named(file), progress("playing", games(held, scenario)) as advance:
        standings = hold(held, scenario, workers=workers, progress=advance)
    drawn = [str(save(shown.heat_map(standings), plot))] if plot is not None else []
    if as_json:
        say_json({**shown.as_json(standings), "figures": drawn})
    else:
        print_lines(held.title, shown.lines(standings) + [("Written", path) for path in drawn])
