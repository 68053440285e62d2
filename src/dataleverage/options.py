"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(help="A scenario file (YAML).", show_default=False)]
StoreFile = Annotated[
    Path | None, typer.Option("--store", metavar="FILE", help="Keep trained cells in this file, and read there what is known.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a value, as in --set creators.1.strategy.mean=0.2. May be repeated."
    ),
]
