"""The command `sweep plot`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dataleverage.errors import SweepError
from dataleverage.options import Json
from dataleverage.terminal import note_version, print_lines, say_json


def plot(
    folder: Annotated[Path, typer.Argument(help="The folder that `sweep run` wrote.", show_default=False)],
    outcome: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An outcome to draw; all that vary unless given. May be repeated."),
    ] = None,
    level: Annotated[
        float | None, typer.Option(metavar="X", help="The level whose crossing is drawn, of the one outcome.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where figures go; `plots` in the sweep's folder unless given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw a sweep as PNG and SVG, and a report: maps, lines with bands, where an outcome crosses a level, what it hangs on."""
    from dataleverage.sweep.call import held, lines_of
    from dataleverage.sweep.results import Results
    from dataleverage.sweep.table import table
    from dataleverage.view import sweep_told
    from dataleverage.view.sweep_report import report
    from dataleverage.view.sweeps import check_folder, drawn, files, moving

    if level is not None and len(outcome or ()) != 1:
        raise SweepError("a level is of one outcome", key="--level", remedy="Name it with --outcome NAME.")
    where = out if out is not None else folder / "plots"
    check_folder(where)
    plan, store = held(folder)
    note_version(store.older)
    with store:
        results = Results.of(table(plan, lines_of(store)))
    if not results.counts()["done"].sum():
        raise SweepError(f"no run in {folder} is done", remedy="Play the sweep first: dataleverage sweep run.")
    names = tuple(dict.fromkeys(outcome)) if outcome else moving(results)
    figures = {name: drawn(results, name, level) for name in names}
    try:
        where.mkdir(parents=True, exist_ok=True)
        page = where / "report.html"
        page.write_text(report(results, plan, figures), encoding="utf-8")
        written = [page, *(path for each in figures.values() for drawing in each.drawings for path in files(drawing, where))]
    except OSError as error:
        raise SweepError(f"figures cannot be written to {where}: {error.strerror or error}", key="--out") from error
    if as_json:
        say_json({**sweep_told.as_json(results, names), "files": [str(path) for path in written]})
        return
    told = sweep_told.lines(results, names)
    told += [("Not drawn", note) for each in figures.values() for note in each.notes]
    told += (
        [("Same everywhere", ", ".join(rest))]
        if not outcome and (rest := [n for n in results.outcomes if n not in names])
        else []
    )
    print_lines(str(folder), [*told, ("Report", str(page)), ("Figures", f"{len(written) - 1} files in {where}")])
