"""Errors a user can cause: each says what is wrong, where (file, line, key), and what to do about it.

Everything here derives from `DataleverageError`; the command line turns one into a single readable
message and exit code 2. Anything else that escapes is a fault of ours (exit code 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

LONGEST = 400  # characters of any one piece of text taken from a user's file


@dataclass(frozen=True)
class Place:
    """Where something is wrong. Lines and columns count from 1; `key` is a dotted path (`creators.0.count`)."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return ": ".join(part for part in (where, self.key) if part)


class DataleverageError(Exception):
    """The base of every error a user can cause.

    Parameters
    ----------
    message : what is wrong, in one sentence, with what was found and what is allowed.
    place : where it is wrong.
    remedy : what to do about it, in one sentence.
    """

    def __init__(self, message: str, *, place: Place | None = None, key: str | None = None, remedy: str = "") -> None:
        super().__init__(message)
        self.message = bounded(message)
        self.place = place or Place(key=key)
        self.remedy = bounded(remedy)

    def at(self, place: Place) -> DataleverageError:
        """Fill in the parts of the place that are not known yet, and return this error."""
        known = {name: value for name, value in vars(self.place).items() if value is not None}
        self.place = replace(place, **known)
        return self

    def __str__(self) -> str:
        where = str(self.place)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text}\n  {self.remedy}" if self.remedy else text


class ScenarioError(DataleverageError):
    """Something in a scenario file is not allowed."""


class DataError(DataleverageError):
    """The data a scenario or a call names cannot be used."""


class GridError(DataleverageError):
    """A grid was asked for something it cannot score: a row of the wrong shape, an unknown metric …"""


class MissingCell(GridError):
    """A table of cells was asked for a row it does not have."""


class StoreError(DataleverageError):
    """A store of cells cannot be used: it is broken, of another version, or no store at all."""


class FitError(DataleverageError):
    """A model could not be fitted on a row, or did not converge. It never becomes a default score."""


class GapError(DataleverageError):
    """The gap between guessing and training on everything is within noise, so nothing can be measured as a share of it."""


class GameError(DataleverageError):
    """A strategy, a policy or a move broke the rules of the game."""


class RecordError(DataleverageError):
    """A record cannot be read or written."""


class SweepError(DataleverageError):
    """A sweep cannot be played, for want of workers or a scheduler, or what it left cannot be read."""


class Errors(DataleverageError):
    """Several errors at once, in the order in which they stand in the file."""

    def __init__(self, errors: Sequence[DataleverageError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: (error.place.line or 0, error.place.column or 0)))
        super().__init__("\n".join(str(error) for error in self.errors))

    def __reduce__(self) -> tuple[type[Errors], tuple[tuple[DataleverageError, ...]]]:
        return type(self), (self.errors,)  # what exceptions do by default would pickle the text and lose the errors

    def __str__(self) -> str:
        if len(self.errors) == 1:
            return str(self.errors[0])
        return f"{len(self.errors)} errors\n" + "\n".join(str(error) for error in self.errors)


def bounded(text: str, most: int = LONGEST) -> str:
    """The text on one screen: cut after `most` characters, control characters made visible."""
    shown = "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"
