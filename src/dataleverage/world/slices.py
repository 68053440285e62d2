"""Slices: named sets of evaluation examples."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from dataleverage.errors import DataError
from dataleverage.kinds import Model
from dataleverage.world.world import Mask, Slice, World, owner_slices

Values = Mapping[str, NDArray[np.str_]]
MOST_MARKS = 5 * 10**7  # slices × evaluation examples: weights of 400 MB


class NamedSlice(Model):
    """Evaluation examples that fit every condition given."""

    label: str | int | float | bool | None = Field(None, description="Examples of this class.")
    owner: str | None = Field(None, description="Examples of this owner.")
    column: str | None = Field(None, description="A column of the data …")
    equals: str | int | float | bool | None = Field(None, description="… that has this value.")

    def mask(self, name: str, world: World, values: Values) -> Mask:
        """(E,) bool. Raises DataError where it refers to what is not there or fits nothing."""
        key = f"data.slices.{name}"
        fits = np.ones(len(world.y_eval), dtype=bool)
        if (self.column is None) != (self.equals is None):
            raise DataError("`column` and `equals` go together", key=key, remedy="Give both or neither.")
        if self.label is not None:
            fits &= world.y_eval == among(str(self.label), world.classes, "class", f"{key}.label")
        if self.owner is not None:
            mine = among(self.owner, world.owners, "owner", f"{key}.owner")
            fits &= world.eval_owner == mine
        if self.column is not None:
            fits &= column_of(values, self.column, f"{key}.column") == str(self.equals)
        if not (fits & world.audit).any():
            raise DataError(f"the slice {name!r} holds no audit example", key=key, remedy="Widen it, or leave it out.")
        return fits


class Slices(Model):
    """One slice for each owner, object, class or value of a column, and any number of slices by name.

    Keys other than `by` and `column` are names: `{by: owner, rare: {label: 0}, north: {column: region, equals: north}}`.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, NamedSlice]

    by: Literal["none", "owner", "object", "label", "column"] = Field("none", description="One slice for each of these.")
    column: str | None = Field(None, description="The column, for `by: column`.")

    def of(self, world: World, values: Values) -> tuple[Slice, ...]:
        """The slices of a world, `all` first. Raises DataError with the key that is wrong."""
        slices = [Slice("all", np.ones(len(world.y_eval), dtype=bool)), *self.each(world, values)]
        if any(part.name == "all" for part in slices[1:]):
            raise DataError(
                f"one {self.by} is called 'all', as the slice of all examples is",
                key="data.slices.by",
                remedy="Rename it in the data, or name slices one by one.",
            )
        for name, wanted in (self.__pydantic_extra__ or {}).items():
            if name in {part.name for part in slices}:
                raise DataError(f"there is a slice {name!r} already", key=f"data.slices.{name}", remedy="Choose a name.")
            slices.append(Slice(name, wanted.mask(name, world, values)))
        return tuple(slices)

    def each(self, world: World, values: Values) -> list[Slice]:
        """The slices that `by` asks for."""
        if self.column is not None and self.by != "column":
            raise DataError(
                "`column` is for `by: column`", key="data.slices.column", remedy="Add `by: column`, or leave `column` out."
            )
        if self.by == "owner":
            self.check(len(world.owners), world)
            return owner_slices(world.owners, world.eval_owner)
        if self.by == "object":
            self.check(world.n_objects, world)
            return [Slice(name, world.eval_object == j) for j, name in enumerate(world.objects)]
        if self.by == "label":
            if world.task != "classification":
                raise DataError(
                    "slices by label need classes, and the target is a number",
                    key="data.slices.by",
                    remedy="Slice by owner, object or column.",
                )
            return [Slice(f"label {name}", world.y_eval == k) for k, name in enumerate(world.classes)]
        if self.by == "column":
            if self.column is None:
                raise DataError("`by: column` needs the column's name", key="data.slices", remedy="Add `column: …`.")
            column = column_of(values, self.column, "data.slices.column")
            found = np.unique(column)
            self.check(len(found), world)
            return [Slice(f"{self.column} {value}", column == value) for value in found]
        return []

    def check(self, count: int, world: World) -> None:
        """Raise DataError for more slices than memory holds, before they are made."""
        if count * len(world.y_eval) > MOST_MARKS:
            raise DataError(
                f"{count:,} slices, one for each {self.by}, of {len(world.y_eval):,} evaluation examples are too many to score",
                key="data.slices.by",
                remedy=f"Slice by label, name slices one by one, or have at most {MOST_MARKS // len(world.y_eval):,} of them.",
            )


def column_of(values: Values, name: str, key: str) -> NDArray[np.str_]:
    """(N,) a column of the data by name. Raises DataError with this key where there is none."""
    if name not in values:
        near = difflib.get_close_matches(name, values, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        have = f"Columns are {', '.join(list(values)[:20])}." if values else "This source has no named columns."
        raise DataError(f"there is no column {name!r} in the data", key=key, remedy=hint + have)
    return values[name]


def among(name: str, known: tuple[str, ...], what: str, key: str) -> int:
    """The position of a name among known ones."""
    if name not in known:
        have = f"There are {', '.join(known[:20])}." if known else f"This target has no {what}."
        raise DataError(f"there is no {what} {name!r}", key=key, remedy=have)
    return known.index(name)
