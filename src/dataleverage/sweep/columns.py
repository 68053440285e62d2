"""An outcome that is read off a column of a record's tables: `rounds.users@rival`, `mean(moves.payoff)`."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import RecordError
from dataleverage.record.record import LABELS, TABLES, Record
from dataleverage.scenario.schema import listed, nearest
from dataleverage.world.world import Floats

WAYS = ("mean", "sum", "min", "max", "last")
FORM = re.compile(rf"({'|'.join(WAYS)})\(({'|'.join(TABLES)})\.(.+)\)")
ROUNDS = "rounds"
WEIGHED = "worth:"  # before a move, in `moves`: there only where somebody weighed that move


class Column(NamedTuple):
    """A column, and what makes one number of it.

    how : of `WAYS`. table : of the record's. name : the column's; in `rounds` with `@operator` where it is not the first one's.
    """

    how: str
    table: str
    name: str

    @classmethod
    def of(cls, outcome: str) -> Column | None:
        """The column that an outcome means, as `rounds.<column>` (its last number) or `<how>(<table>.<column>)`; or None."""
        found = FORM.fullmatch(outcome)
        if found is not None:
            return cls(*found.groups())
        table, _, name = outcome.partition(".")
        return cls("last", ROUNDS, name) if table == ROUNDS and name else None

    def read(self, record: Record) -> float:
        """The number. Missing ones are left out, except as the last; NaN where none is left, of a sum 0.

        Raises RecordError where the record has no such column, or no numbers in it.
        """
        values = self.numbers(record)
        if self.how == "last":
            return float(values[-1]) if len(values) else np.nan
        held = values[~np.isnan(values)]
        return float(getattr(np, self.how)(held)) if len(held) or self.how == "sum" else np.nan

    def numbers(self, record: Record) -> Floats:
        """The numbers in the column in the order of its lines, of `rounds` one operator's. Raises RecordError like `read`."""
        names = list(record.tables[self.table])
        name, operator = self.parted(record, names)
        if name not in names:
            if self.table == "moves" and name.startswith(WEIGHED):
                return np.array([])
            near = nearest(name, names)
            remedy = f"Did you mean `{self.table}.{near}`?" if near else f"It has {listed(names)}."
            raise RecordError(f"the table of {self.table} has no column {name[:80]!r}", remedy=remedy)
        values = record.along(name, operator) if self.table == ROUNDS else record.column(self.table, name)
        found = as_numbers(values)
        if found is None or name in LABELS.get(self.table, ()):
            raise RecordError(f"the column {name[:80]!r} of the table of {self.table} holds no numbers", remedy="Name another.")
        return found

    def parted(self, record: Record, names: list[str]) -> tuple[str, int]:
        """The column's own name, and which operator it is of."""
        name, at, operator = self.name.rpartition("@")
        if self.table != ROUNDS or self.name in names or not at:
            return self.name, 0
        first = record.column(ROUNDS, "round") == 0
        operators = [str(each) for each in record.column(ROUNDS, "operator")[first]]
        if operator not in operators:
            near = nearest(operator, operators)
            remedy = f"Did you mean `{name}@{near}`?" if near else f"There are {listed(operators)}."
            raise RecordError(f"there is no operator {operator[:80]!r}", remedy=remedy)
        return name, operators.index(operator)


def as_numbers(values: NDArray[Any]) -> Floats | None:
    """Numbers and truths as numbers, NaN for what is missing; None where something else is among them."""
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    if any(not (value is None or isinstance(value, bool | int | float | np.number | np.bool_)) for value in values):
        return None
    return np.array([np.nan if value is None else float(value) for value in values])
