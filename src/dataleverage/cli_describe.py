"""The command `describe`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dataleverage.errors import RecordError
from dataleverage.options import Json
from dataleverage.terminal import print_lines, progress, say_json


def describe(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN|STRATEGY",
            help="The folder of a record, as `run` wrote it; or a strategy, as in '{kind: threshold, mean: 0.3}'.",
            show_default=False,
        ),
    ],
    scenario: Annotated[
        Path | None, typer.Option(help="The scenario in which a strategy is tried; that of `dataleverage new` unless given.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw a strategy's fingerprint into this .png or .svg.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Describe a record or a strategy.

    Of a record: its leverage card, in Markdown: what it shows, how sure that is, and what it does not show. Of a strategy: its
    fingerprint, how likely it acts as the share of others who did goes from 0 to 1.
    """
    from dataleverage.measure.card import card
    from dataleverage.record.record import Record
    from dataleverage.view.fingerprints import is_strategy

    if is_strategy(what) and not Path(what).exists():
        describe_strategy(what, scenario, plot, as_json)
        return
    for given, name in ((scenario, "--scenario"), (plot, "--plot"), (as_json, "--json")):
        if given:
            raise RecordError(f"{name} is for strategies, and {what} is none", key=name, remedy="See `list strategies`.")
    print(card(Record.load(Path(what))), end="")


def describe_strategy(text: str, file: Path | None, plot: Path | None, as_json: bool) -> None:
    """The part of `describe` that tries a strategy."""
    from dataleverage.game.fingerprint import DRAWS, fingerprint
    from dataleverage.scenario.load import load, loads
    from dataleverage.scenario.template import template
    from dataleverage.view import fingerprints
    from dataleverage.view.figures import save
    from dataleverage.view.tournament import check_figure

    strategy = fingerprints.strategy_in(text)
    if plot is not None:
        check_figure(plot)
    game = load(file) if file is not None else loads(template("a small game"))
    setup = game.setup()
    with progress("trying", (setup.n_creators + 1) * DRAWS) as advance:
        table = fingerprint(strategy, setup, progress=advance)
    drawn = [str(save(fingerprints.drawn(strategy, table, game.title), plot))] if plot is not None else []
    if as_json:
        say_json({**fingerprints.as_json(strategy, table), "scenario": game.title, "figures": drawn})
    else:
        print_lines(f"{text} in “{game.title}”", fingerprints.lines(table) + [("Written", path) for path in drawn])
