"""What is kept of a run: numbers read off its record by name."""

from __future__ import annotations

import importlib
import inspect
import math
from collections.abc import Callable, Sequence

from dataleverage.errors import RecordError, ScenarioError
from dataleverage.measure.outcomes import OUTCOMES
from dataleverage.record.record import Record
from dataleverage.sweep.columns import Column

Reader = Callable[[Record], float]


def read(record: Record, names: Sequence[str]) -> list[float | None]:
    """The outcomes of a record in order; None where it has none (NaN, infinity)."""
    values = [float(reader(name)(record)) for name in names]
    return [value if math.isfinite(value) else None for value in values]


def reader(name: str) -> Reader:
    """What reads an outcome off a record.

    name : of `OUTCOMES`; of a column of the record (`Column.of`); or `module:function`, a function of a record. Raises
    ScenarioError where there is no such thing.
    """
    if name in OUTCOMES:
        return OUTCOMES[name].read
    column = Column.of(name)
    return function(name) if column is None else column.read


def module_of(name: str) -> str | None:
    """The module that an outcome's function is in; None for outcomes of ours."""
    return None if name in OUTCOMES or Column.of(name) is not None else name.partition(":")[0]


def function(name: str) -> Reader:
    """The function that `module:function` names."""
    module, _, inner = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), inner)
    except (Exception, SystemExit) as error:  # what a module does when it is imported is its own affair
        said = f"{name[:80]!r} cannot be imported: {type(error).__name__}: {error}"
        remedy = "Write `module:function`, of a module that Python finds (its folder in PYTHONPATH, say)."
        raise ScenarioError(said, remedy=remedy) from error
    if not takes_one(found):
        said = f"{name[:80]!r} is no function of one argument"
        raise ScenarioError(said, remedy="Name a function of a record that returns a number.")

    def number(record: Record) -> float:
        value = found(record)
        try:
            return float(value)
        except (TypeError, ValueError):
            said = f"{name[:80]!r} returned {type(value).__name__}, not a number"
            raise RecordError(said, remedy="Return a number, NaN where there is none.") from None

    return number


def takes_one(found: object) -> bool:
    """Whether something can be called with a record alone; where it does not say, it is believed."""
    if not callable(found):
        return False
    try:
        inspect.signature(found).bind(None)
    except ValueError:  # some that are written in C do not say
        return True
    except TypeError:
        return False
    return True
