"""The commands `sweep run`, `sweep status` and `sweep export`; `sweep plot` has a file of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dataleverage.cli_sweep_plot import plot
from dataleverage.errors import SweepError
from dataleverage.options import Json
from dataleverage.terminal import Stopped, note_version, print_lines, progress, say_json

if TYPE_CHECKING:
    from dataleverage.sweep.call import Standing

sweep = typer.Typer(
    help="Play many runs of one scenario: points × worlds × replicates, as a sweep file says. What was played "
    "is kept, whatever ends a sweep; the same command goes on.",
    no_args_is_help=True,
)
Folder = Annotated[Path, typer.Argument(help="The folder that `sweep run` wrote.", show_default=False)]


@sweep.command(
    "run", epilog="Example: dataleverage sweep run scenarios/sweeps/thresholds.yaml --out runs/thresholds --workers 2"
)
def run_(
    file: Annotated[Path, typer.Argument(help="A sweep file (YAML).", show_default=False)],
    out: Annotated[Path, typer.Option(help="The folder for the runs; one that holds some of them is gone on with.")],
    workers: Annotated[int | None, typer.Option(min=1, max=1024, help="Processes on this machine.", show_default="1")] = None,
    engine: Annotated[
        Literal["local", "dask"], typer.Option(help="Processes here, or the workers of a Dask scheduler.")
    ] = "local",
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Where the Dask scheduler is: tcp://host:8786.")
    ] = None,
    limit: Annotated[
        float | None, typer.Option(min=0.01, metavar="SECONDS", help="How long a run may take.", show_default="an hour")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Play runs that failed or were given up once more.")] = False,
    as_json: Json = False,
) -> None:
    """Play the runs of a sweep that its folder does not hold yet. Every point is checked before the first is played.

    Ctrl-C waits for the runs in hand; twice, it leaves at once. Either way the same command goes on from there.
    """
    from dataleverage.sweep.call import LONGEST, run
    from dataleverage.sweep.load import load

    if (engine == "dask") != (scheduler is not None):
        said = "--engine dask needs the address of a scheduler" if scheduler is None else "--scheduler is for --engine dask"
        raise SweepError(said, key="--scheduler", remedy="Say --engine dask --scheduler tcp://host:8786.")
    if engine == "dask" and workers is not None:
        remedy = "Leave it out: the workers that the scheduler has play."
        raise SweepError("--workers is for --engine local", key="--workers", remedy=remedy)
    plan = load(file, each=checked)
    with bar() as watch:
        standing = run(plan, out, workers=workers or 1, scheduler=scheduler, limit=limit or LONGEST, again=again, watch=watch)
    tell(standing, out, as_json)
    if standing.counts["waiting"]:
        raise Stopped(f"the same command goes on from here ({standing.counts['waiting']} runs left)")


@sweep.command(epilog="Example: dataleverage sweep status runs/thresholds --json")
def status(folder: Folder, as_json: Json = False) -> None:
    """Say how far a sweep is: runs by how they ended, and what went wrong with the first that failed."""
    from dataleverage.sweep.call import held, standing_of

    _, store = held(folder)
    note_version(store.older)
    with store:
        tell(standing_of(store), folder, as_json)


@sweep.command(epilog="Example: dataleverage sweep export runs/thresholds --parquet thresholds.parquet")
def export(
    folder: Folder,
    parquet: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table as Parquet.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table as CSV.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
    as_json: Json = False,
) -> None:
    """Write the table of runs: a line a run with its point, world, seeds, varied values and outcomes."""
    from dataleverage.sweep.call import held, lines_of
    from dataleverage.sweep.table import check_file, table, write

    files = [file for file in (parquet, csv) if file is not None]
    if not files:
        raise SweepError("no file is named", key="--parquet", remedy="Say --parquet FILE, --csv FILE, or both.")
    for file in files:
        check_file(file, overwrite=overwrite)
    plan, store = held(folder)
    note_version(store.older)
    with store:
        made = table(plan, lines_of(store))
    if parquet is not None:
        write(made, parquet, "parquet")
    if csv is not None:
        write(made, csv, "csv")
    if as_json:
        say_json({"runs": made.num_rows, "files": [str(file) for file in files]})
    else:
        print(f"{', '.join(map(str, files))}: {made.num_rows:,} runs")


sweep.command(epilog="Example: dataleverage sweep plot runs/thresholds --outcome peak_strike_share --level 0.5")(plot)


def tell(standing: Standing, folder: Path, as_json: bool) -> None:
    """Print how far a sweep is."""
    if as_json:
        say_json({"folder": str(folder), "runs": standing.total, **standing.counts, "errors": standing.errors})
        return
    words = {"done": "Done", "waiting": "Waiting", "no_gap": "Without a gap", "failed": "Failed", "timed_out": "Took too long"}
    words |= {"set_aside": "Set aside"}
    lines = [("Runs", f"{standing.total:,}")]
    lines += [(words[name], f"{standing.counts[name]:,}") for name in words if standing.counts[name] or name == "done"]
    for error in standing.errors[:3]:
        last = error["error"].strip().splitlines()[-1] if error["error"].strip() else ""
        lines.append(("Not done", f"run {error['run']} (point {error['point']}): {error['status']}: {last}"))
    print_lines(str(folder), lines)


def checked(points: Sequence[int]) -> Iterator[int]:
    """The points of a sweep one by one, with a progress bar while they are looked at."""
    with progress("checking points", len(points)) as step:
        for point in points:
            yield point
            step()


@contextmanager
def bar() -> Iterator[Callable[[int, int], Callable[[str], Any]]]:
    """A progress bar with runs done, failed, rate and time left; none where standard error is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("playing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} failed"),
        TextColumn("{task.fields[rate]:.1f} a second"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:

        def watch(total: int, done: int) -> Callable[[str], Any]:
            task = shown.add_task("", total=total, completed=done, failed=0, rate=0.0)
            began, counts = time.monotonic(), {"ended": 0, "failed": 0}

            def note(status: str) -> None:
                counts["ended"] += 1
                counts["failed"] += status in ("failed", "timed_out", "set_aside")
                rate = counts["ended"] / max(time.monotonic() - began, 1e-9)
                shown.update(task, advance=1, failed=counts["failed"], rate=rate)

            return note

        yield watch
