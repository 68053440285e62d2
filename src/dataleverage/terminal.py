"""What is said on a terminal: lines, JSON, progress, and a user's mistakes."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from dataleverage.errors import DataleverageError, Errors, GameError, Place

if TYPE_CHECKING:
    from dataleverage.game.asking import Question


class Stopped(SystemExit):
    """Somebody stopped a command that leaves something behind. left : what that is, in words."""

    def __init__(self, left: str) -> None:
        super().__init__(130)
        self.left = left


@contextmanager
def kept_in(store: Path | None) -> Iterator[None]:
    """An interrupt in here leaves the rows trained so far in the store, where there is one, and says so."""
    try:
        yield
    except KeyboardInterrupt:
        if store is None or not store.exists():
            raise
        raise Stopped(f"what was trained is kept in {store}") from None


def fail(error: DataleverageError) -> NoReturn:
    """Tell a user's mistake, as JSON where JSON was asked for."""
    errors = error.errors if isinstance(error, Errors) else (error,)
    if "--json" in sys.argv:
        say_json({"errors": [{**vars(one.place), "message": one.message, "remedy": one.remedy or None} for one in errors]})
    else:
        head = "error" if len(errors) == 1 else f"{len(errors)} errors"
        print(f"{head}: " + ("" if len(errors) == 1 else "\n") + "\n".join(str(one) for one in errors), file=sys.stderr)
    sys.exit(2)


def say_json(value: Any) -> None:
    """Print JSON."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def note_version(older: bool) -> None:
    """Say on standard error that runs are of another version of the code or of the data."""
    if older:
        said = "note: the code, the data or your own functions here are not those that these runs were played with"
        print(f"{said}: the runs can be read, and not be gone on with", file=sys.stderr)


def print_lines(title: str, lines: list[tuple[str, str]]) -> None:
    """Print labelled lines under a title; a label that repeats is printed once."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    console.print(f"[bold]{escape(title)}[/bold]")
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    last = None
    for label, text in lines:
        table.add_row("" if label == last else label, escape(text))
        last = label
    console.print(table)


@contextmanager
def named(file: Path, settings: Sequence[str] | None = None) -> Iterator[None]:
    """Errors of a play name the file; and the line of their key, where it is a scenario's with these settings (see `--set`)."""
    from dataleverage.scenario.document import read
    from dataleverage.scenario.load import located
    from dataleverage.scenario.overrides import overlay
    from dataleverage.scenario.scenario import Scenario

    try:
        yield
    except DataleverageError as error:
        if settings is not None and not isinstance(error, Errors) and not (error.place.key or "").startswith("-"):
            with suppress(DataleverageError):  # the file may be another by now
                error = located(error, overlay(read(file), settings, Scenario))
        raise error.at(Place(file=str(file))) from None


@contextmanager
def progress(what: str, total: int) -> Iterator[Any]:
    """A progress bar on standard error, for as long as it takes; none where that is not a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done=1: bar.advance(task, done)


def prompt(question: Question) -> str:
    """Ask a person on the terminal what a creator does: a number of the list, a move in words, or nothing for the last one.

    Raises GameError where no more is said (the end of the input).
    """
    print(f"\nRound {question.round}: {question.creator}")
    if not math.isnan(question.payoff):
        print(f"  last round: {question.last}, paid {question.received:.3g}, payoff {question.payoff:.3g}")
    print(f"  quality of what it is served {question.quality:.3f}; {question.acting:.0%} of the others act")
    if question.called is not None:
        print(f"  its collective calls: {question.called}")
    for i, move in enumerate(question.moves, start=1):
        print(f"  {i}  {move}" + ("  (last)" if move == question.last else ""))
    while True:
        try:
            said = input("Move: ").strip()
        except EOFError:
            raise GameError(
                f"nobody said what {question.creator} does in round {question.round}", remedy="Play it at a terminal."
            ) from None
        if not said:
            return question.last
        if said.isdigit() and 1 <= int(said) <= len(question.moves):
            return question.moves[int(said) - 1]
        if said in question.moves:
            return said
        print(f"  {said!r} is none of them.")
