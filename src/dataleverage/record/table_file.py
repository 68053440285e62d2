"""A table in a file of its own: CSV or Parquet, whole or absent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dataleverage.errors import RecordError

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".parquet")


def check_table_file(path: Path, *, overwrite: bool = False) -> None:
    """Raise RecordError where a table cannot be written there. Called before work is done, not after."""
    if path.suffix not in ENDINGS:
        raise RecordError(f"{path} ends in {path.suffix or 'nothing'}", remedy=f"Name a file ending in {' or '.join(ENDINGS)}.")
    if path.is_dir() or not path.absolute().parent.is_dir():
        what = "is a directory" if path.is_dir() else "is in a folder that does not exist"
        raise RecordError(f"{path} {what}", remedy="Name a file in a folder that exists.")
    if path.exists() and not overwrite:
        raise RecordError(f"{path} exists already", remedy="Name another file, or pass --overwrite.")


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table with its index. Raises RecordError where that fails; what was there before is then still there."""
    part = path.with_name(f".{path.name}.part")
    try:
        if path.suffix == ".csv":
            frame.to_csv(part)
        else:
            frame.reset_index().to_parquet(part, index=False)
        part.replace(path)
    except OSError as error:
        raise RecordError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
