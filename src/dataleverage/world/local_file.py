"""Files that a scenario names: on this machine, regular, and no pipe or device that could be read for ever."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from dataleverage.errors import DataError


def usable(path: str) -> str:
    """A path that no file can have is refused before anything looks for it."""
    if "\0" in path or any(len(os.fsencode(part)) > 255 for part in Path(path).parts):
        raise ValueError("no file can have this name")
    try:
        Path(path).expanduser()
    except RuntimeError as error:
        raise ValueError(f"{Path(path).parts[0]} is nobody's home here") from error
    return path


LocalPath = Annotated[str, AfterValidator(usable)]


def regular_file(folder: Path, path: str, key: str) -> Path:
    """Where the file is that a scenario in `folder` names under `key`. Raises DataError if it is no regular file."""
    if "://" in path:
        raise DataError("only local files are read", key=key, remedy="Download it, and name the file.")
    place = folder / Path(path).expanduser()
    try:
        if place.is_file():
            return place
        if place.is_dir():
            raise DataError(f"{path!r} is a directory", key=key, remedy="Name a file in it.")
        if place.exists():
            raise DataError(f"{path} is no regular file", key=key, remedy="Copy what it gives into a file, and name that.")
        near = files_beside(place)
    except OSError as error:
        raise unreadable(path, error.strerror or str(error), key) from error
    hint = f"Files there: {', '.join(near[:5])}." if near else "A relative path starts at the scenario's folder."
    raise DataError(f"the file {path} does not exist", key=key, remedy=hint)


def content(folder: Path, path: str, key: str, most: int) -> str:
    """The text of a file of at most `most` bytes in UTF-8. Raises DataError where it cannot be read or is larger."""
    place = regular_file(folder, path, key)
    try:
        with place.open("rb") as stream:
            read = stream.read(most + 1)
        if len(read) > most:
            raise DataError(f"{path} is larger than {most / 2**20:g} MB", key=key, remedy="Name a smaller file.")
        return read.decode("utf-8-sig")
    except UnicodeError as error:
        raise unreadable(path, "it is not UTF-8 text", key) from error
    except OSError as error:
        raise unreadable(path, error.strerror or str(error), key) from error


def unreadable(path: str, why: str, key: str) -> DataError:
    """The error for a file that is there and cannot be read."""
    return DataError(f"{path} cannot be read: {why}", key=key, remedy="Check what it holds, and its permissions.")


def files_beside(place: Path) -> list[str]:
    """The names of the files with the same ending in the same folder."""
    folder = place.parent
    return sorted(p.name for p in folder.iterdir() if p.suffix == place.suffix and p.is_file()) if folder.is_dir() else []
