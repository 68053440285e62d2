"""The command line: parse, call, print. Exit code 0 on success, 2 on a user's mistake, 1 on a fault of ours."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from dataleverage.cli_describe import describe
from dataleverage.cli_grid import check_asked, estimate, read_game
from dataleverage.cli_play import play
from dataleverage.cli_sweep import sweep
from dataleverage.cli_tournament import tournament
from dataleverage.errors import DataleverageError, Place, RecordError, ScenarioError
from dataleverage.options import File, Json, Set, StoreFile
from dataleverage.terminal import Stopped, fail, kept_in, named, print_lines, progress, say_json

app = typer.Typer(
    name="dataleverage",
    help="Play data leverage games on really trained models: strikes, poisoning and contribution as moves over a grid of "
    "training sets.\n\nStart with: dataleverage new mine.yaml && dataleverage run mine.yaml",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def tell_version(asked: bool) -> None:
    """Print the version and exit."""
    if asked:
        from importlib.metadata import version

        print(version("dataleverage"))
        raise typer.Exit


@app.callback(help=app.info.help)
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=tell_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What stands before a command."""


@app.command(epilog="Example: dataleverage run scenarios/first-strike.yaml --seed 2 --out runs/second")
def run(
    file: File,
    out: Annotated[
        Path | None, typer.Option(help="The new folder for the record; runs/NAME (or NAME-2 …) unless given.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed of the play, instead of the file's.")] = None,
    worlds: Annotated[
        int, typer.Option(min=1, max=10_000, help="Play in so many worlds too (data.seed, +1, +2 …) for intervals.")
    ] = 1,
    settings: Set = None,
    page: Annotated[bool, typer.Option("--page/--no-page", help="Write page.html into the folder.")] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the record that the folder holds.")] = False,
    store: StoreFile = None,
    as_json: Json = False,
) -> None:
    """Play a scenario to its end: a record, a page to look at, and a summary."""
    from dataleverage.game.masses import critical_masses
    from dataleverage.measure.outcomes import outcomes
    from dataleverage.record.record import check_free, fresh, new_directory
    from dataleverage.scenario.load import load
    from dataleverage.scenario.worlds import add_worlds, check_worlds
    from dataleverage.view.page import write_page
    from dataleverage.view.summary import as_json as summary_json
    from dataleverage.view.summary import summary

    began = time.perf_counter()
    folder = out if out is not None else fresh(Path("runs") / file.stem)
    check_free(folder, overwrite=overwrite)
    with kept_in(store):
        scenario = load(file, settings=settings or (), store=store)
    with kept_in(store), named(file, settings or ()):
        check_worlds(scenario, worlds)
        if store is not None:
            scenario.grid().keep_in(store)
        with progress("playing", scenario.rounds) as advance:
            game = scenario.game(seed)
            while game.running:
                game.step()
                advance()
            record = game.record()
        record.manifest["critical_mass"] = critical_masses(game)
        if worlds > 1:
            with progress("other worlds", worlds - 1) as advance:
                add_worlds(record, scenario, worlds, seed, advance, store)
    record.manifest["settings"] = list(settings or ())
    record.manifest["outcomes"] = outcomes(record)
    record.manifest["wall_seconds"] = round(time.perf_counter() - began, 3)
    with kept_in(store), new_directory(folder, overwrite=overwrite) as scratch:
        record.write(scratch)
        if page:
            write_page(record, scratch / "page.html")
    shown = folder / "page.html" if page else None
    if as_json:
        say_json({**summary_json(record), "record": str(folder), "page": str(shown) if shown else None})
    else:
        where = [("Record", str(folder)), *([("Page", str(shown))] if shown else [])]
        print_lines(record.manifest["title"], summary(record) + where)


@app.command(epilog="Example: dataleverage validate scenarios/first-strike.yaml")
def validate(file: File, settings: Set = None, as_json: Json = False) -> None:
    """Check a scenario whole, the data it names included, without playing it. All errors are told at once."""
    from dataleverage.scenario.load import load

    scenario = load(file, settings=settings or ())
    grid = scenario.grid()
    if as_json:
        notes = list(scenario.setup().warnings)
        say_json({"valid": True, "objects": list(grid.objects), "columns": list(grid.column_names), "warnings": notes})
        return
    setup = scenario.setup()
    sizes = f"{setup.n_creators} creators, {grid.n_objects} objects, {len(grid.columns)} columns, {scenario.rounds} rounds"
    print(f"{file} is valid: {sizes}.")
    for note in setup.warnings:
        print(f"Note: {note}")


@app.command(epilog="Example: dataleverage grid scenarios/first-strike.yaml --store cells.db --out grid.parquet")
def grid(
    file: File,
    store: StoreFile = None,
    budget: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Unveil at most so many rows: those nearest to all and to none, or a surrogate's random sample. Where these "
            "are not all, each value, --scaling and the strike curves of --plot sample up to as many more (a value up to an "
            "eighth beyond), and --leverage takes what it needs: what was trained is told.",
        ),
    ] = None,
    surrogate: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="Train a sample of rows and predict others: see `list surrogates`."),
    ] = None,
    row: Annotated[
        list[str] | None, typer.Option("--row", help="A row in words, as in A+C, for a surrogate to predict. May be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the scores to this .csv or .parquet file, a line a row.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
    values: Annotated[
        str,
        typer.Option(metavar="LIST", help="Values of objects: leave_one_out, shapley, banzhaf, beta_shapley:16:1, least_core."),
    ] = "",
    scaling: Annotated[bool, typer.Option("--scaling", help="Fit how scores grow with the number of examples.")] = False,
    leverage: Annotated[
        bool, typer.Option("--leverage", help="Deletion, duplication and transfer, of objects alone and of random shares.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Draw what is asked for into PNG files in this folder.")
    ] = None,
    equilibria: Annotated[
        bool,
        typer.Option("--equilibria", help="Read the game on it instead: equilibria, critical masses, who gains by leaving."),
    ] = False,
    moves: Annotated[
        str, typer.Option(metavar="LIST", help="Moves for --equilibria, as in contribute,poison:flip; all unless given.")
    ] = "",
    who: Annotated[
        str, typer.Option("--creators", metavar="LIST", help="Creators or groups that move; everyone unless given.")
    ] = "",
    settings: Set = None,
    as_json: Json = False,
) -> None:
    """Unveil the grid of a scenario: train on every row, or read it from a store, and show what it says.

    With --surrogate, or of more than 20 objects where the scenario names one, only a sample of rows is trained; what is
    predicted is marked, with its standard error. Values of many objects are estimated from trained rows.
    """
    from dataleverage.grid.rows import MOST_OBJECTS
    from dataleverage.grid.watched import Watched
    from dataleverage.record.table_file import check_table_file, write_table
    from dataleverage.scenario.load import load
    from dataleverage.view.figures import check_folder, draw
    from dataleverage.view.measured import as_json as measured_json
    from dataleverage.view.measured import check_values, measure, work
    from dataleverage.view.told import lines
    from dataleverage.view.unveiled import as_json as unveiled_json
    from dataleverage.view.unveiled import unveiled

    of_rows = {"--values": values, "--scaling": scaling, "--leverage": leverage, "--plot": plot, "--out": out}
    check_asked(equilibria, {**of_rows, "--budget": budget, "--row": row}, {"--moves": moves, "--creators": who})
    if out is not None:
        check_table_file(out, overwrite=overwrite)
    if plot is not None:
        check_folder(plot)
    names = check_values(values)
    measured = bool(names or scaling or leverage or plot)
    if surrogate is not None and measured:
        raise ScenarioError(
            "what a surrogate predicts is not measured",
            key="--surrogate",
            remedy="Leave it out: values of many objects are estimated from trained rows.",
        )
    chosen = [f"surrogate={surrogate}"] if surrogate is not None else []
    with kept_in(store):
        scenario = load(file, settings=[*chosen, *(settings or ())], store=store)
    if surrogate is not None and scenario.surrogate is None:
        raise ScenarioError(f"{surrogate!r} is no surrogate", key="--surrogate", remedy="See `dataleverage list surrogates`.")
    with kept_in(store), named(file):
        cells = scenario.grid() if store is None else scenario.grid().keep_in(store)
        if equilibria:
            read_game(scenario, moves, who, as_json)
            return
        if scenario.surrogate is not None and (surrogate is not None or (cells.n_objects > MOST_OBJECTS and not measured)):
            estimate(scenario, budget, row or [], out, as_json)
            return
        if row:
            raise ScenarioError("only a surrogate predicts rows one by one", key="--row", remedy="Add `--surrogate additive`.")
        with progress("unveiling", cells.to_unveil(budget)) as advance:
            table = cells.unveil(budget=budget, progress=advance)
        asked = {"curves": scaling, "power": leverage, "strikes": plot is not None}
        with progress("measuring", work(cells, table, names, budget=budget, **asked)) as advance:
            found = measure(Watched(cells, advance), table, names, budget=budget, **asked)
    with kept_in(store):
        drawn = draw(cells, found, plot) if plot is not None else []
        if out is not None:
            write_table(table.frame, out)
    if as_json:
        figures = {"figures": [str(path) for path in drawn]} if drawn else {}
        say_json({**unveiled_json(cells, table), **measured_json(found), **figures})
    else:
        written = [("Written", str(path)) for path in [*([out] if out else []), *drawn]]
        print_lines(scenario.title, unveiled(cells, table) + lines(cells, found) + written)


app.add_typer(sweep, name="sweep")
app.command(epilog="Example: dataleverage play scenarios/first-strike.yaml --group activists")(play)
app.command(epilog="Example: dataleverage tournament scenarios/tournaments/filters.yaml --workers 2 --plot filters.png")(
    tournament
)


@app.command(epilog="Example: dataleverage view runs/first-strike -o first-strike.html")
def view(
    run: Annotated[Path, typer.Argument(help="The folder of a record, as `run` wrote it.", show_default=False)],
    out: Annotated[Path, typer.Option("-o", "--out", help="The HTML file to write.")] = Path("page.html"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
) -> None:
    """Make the page of a record: one HTML file that plays from disk, with no network."""
    from dataleverage.record.record import Record
    from dataleverage.view.page import write_page

    record = Record.load(run)
    if out.exists() and not overwrite:
        raise RecordError(f"{out} exists already", remedy="Name another file, or pass --overwrite.")
    part = out.with_name(f".{out.name}.part")  # so that a page is whole or absent, and the old one stays until then
    try:
        write_page(record, part)
        part.replace(out)
    except OSError as error:
        raise RecordError(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    print(out)


app.command(epilog="Example: dataleverage describe runs/first-strike > card.md; dataleverage describe threshold --plot it.png")(
    describe
)


@app.command("list", epilog="Example: dataleverage list strategies")
def list_(
    what: Annotated[
        str,
        typer.Argument(
            help="all, or one of: strategies, learners, surrogates, data, networks, tactics, objects, selections, defences, "
            "responses, calls, metrics, outcomes."
        ),
    ] = "all",
    as_json: Json = False,
) -> None:
    """List what a scenario can use, and what a summary prints, with what each of them means."""
    from dataleverage.scenario.catalogue import catalogue

    found = catalogue(what)
    if as_json:
        say_json(found)
        return
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for heading, entries in found.items():
        table = Table(
            title=heading, title_justify="left", title_style="bold", show_header=False, box=None, padding=(0, 2, 0, 0)
        )
        table.add_column(style="cyan", no_wrap=True)
        table.add_column(overflow="fold")
        for name, entry in entries.items():
            table.add_row(name, entry["about"])
            for key, parameter in entry.get("parameters", {}).items():
                table.add_row("", f"[dim]{key}: {parameter}[/dim]")
        console.print(table)
        console.print()


@app.command(epilog="Example: dataleverage schema > scenario.schema.json")
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check them."""
    from dataleverage.scenario.scenario import Scenario
    from dataleverage.scenario.schema import schema as schema_of

    say_json(schema_of(Scenario))


@app.command(epilog="Example: dataleverage new mine.yaml && dataleverage run mine.yaml")
def new(file: Annotated[Path, typer.Argument(help="The scenario file to write.", show_default=False)]) -> None:
    """Write a commented scenario to start from. It runs as it is."""
    from dataleverage.scenario.template import template

    try:
        with file.open("x", encoding="utf-8") as handle:
            handle.write(template(file.stem))
    except FileExistsError:
        raise ScenarioError("the file exists already", place=Place(str(file)), remedy="Name a new one.") from None
    except OSError as error:
        said = f"it cannot be written: {error.strerror or error}"
        raise ScenarioError(said, place=Place(str(file)), remedy="Name a file in a folder that you may write to.") from error
    print(f"{file}: edit it, then dataleverage run {file}")


def main() -> None:
    """Run the command line, and turn a user's mistake into one message and exit code 2."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a half-written folder is removed
    try:
        app(standalone_mode=True)
    except DataleverageError as error:
        fail(error)
    except SystemExit as end:
        if end.code == 130:
            print(f"stopped; {end.left if isinstance(end, Stopped) else 'nothing was written'}", file=sys.stderr)
        raise
