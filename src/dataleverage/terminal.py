"""What is said on a terminal: lines, JSON, progress, and a user's mistakes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from dataleverage.errors import DataleverageError, Errors, Place


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
def named(file: Path) -> Iterator[None]:
    """Errors of a play name the scenario's file."""
    try:
        yield
    except DataleverageError as error:
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
