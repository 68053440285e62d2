"""Slices: named sets of evaluation examples."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from dataleverage.errors import DataError
from dataleverage.kinds import Model, OneOf
from dataleverage.world.transform import Transform
from dataleverage.world.world import LARGEST, Made, Mask, Slice, World, owner_slices

if TYPE_CHECKING:
    from dataleverage.world.lot import Lot

Label = str | int | float | bool
MOST_MARKS = 5 * 10**7  # slices × evaluation examples: weights of 400 MB


class NamedSlice(Model):
    """Evaluation examples that fit every condition given, as they are or changed.

    Those that a transform or a target changes, and the training examples of an object that is held back, are copies that no
    other slice holds. Copies of training examples are of the monitor part: operators look at them, and nothing is reported on
    them, since rows that hold the object have seen them.
    """

    label: Label | None = Field(None, description="Examples of this class.")
    owner: str | None = Field(None, description="Examples of this owner.")
    column: str | None = Field(None, description="A column of the data …")
    equals: Label | None = Field(None, description="… that has this value.")
    held: str | None = Field(
        None, description="The training examples of this object, for operators to look at, instead of evaluation examples."
    )
    transform: Annotated[Transform, OneOf("transform")] | None = Field(
        None, description="What is done to the features of those that fit."
    )
    target: Label | None = Field(
        None, description="The class (or number) that counts as theirs: what a planted signal is to stand for, say."
    )

    def fits(self, lot: Lot, key: str) -> Mask:
        """(M,) bool: the conditions alone. Raises DataError where they name what is not there."""
        world = lot.world
        fits = np.ones(len(lot), dtype=bool)
        if (self.column is None) != (self.equals is None):
            raise DataError("`column` and `equals` go together", key=key, remedy="Give both or neither.")
        if self.label is not None:
            fits &= lot.y == among(str(self.label), world.classes, "class", f"{key}.label")
        if self.owner is not None:
            fits &= lot.owner == among(self.owner, world.owners, "owner", f"{key}.owner")
        if self.column is not None:
            fits &= column_of(lot.values, self.column, f"{key}.column")[lot.where] == str(self.equals)
        if self.held is not None:
            fits &= lot.object_of == among(self.held, world.objects, "object", f"{key}.held")
        return fits

    def of(self, name: str, evaluation: Lot) -> Slice | Made:
        """The slice. Raises DataError where it refers to what is not there or fits nothing."""
        key = f"data.slices.{name}"
        lot = evaluation if self.held is None else evaluation.clean
        world, fits = lot.world, self.fits(lot, key)
        if self.held is not None and not fits.any():
            raise DataError(f"the slice {name!r} holds no training example", key=key, remedy="Widen it, or leave it out.")
        if self.held is None and not (fits & world.audit).any():
            raise DataError(f"the slice {name!r} holds no audit example", key=key, remedy="Widen it, or leave it out.")
        if self.held is None and self.transform is None and self.target is None:
            return Slice(name, fits)
        X, y = lot.X[fits], lot.y[fits]
        if self.transform is not None:
            X = self.transform.apply(X, world, f"{key}.transform")
        if self.target is not None:
            y = np.full(len(y), label_of(world, self.target, f"{key}.target"), dtype=y.dtype)
        if self.held is not None:
            return Made(name, X, y, np.zeros(len(y), dtype=bool), "monitor")
        return Made(name, X, y, world.audit[fits])


class Slices(Model):
    """One slice for each owner, object, class or value of a column, and any number of slices by name.

    Keys other than `by` and `column` are names: `{by: owner, rare: {label: 0}, north: {column: region, equals: north}}`.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, NamedSlice]

    by: Literal["none", "owner", "object", "label", "column"] = Field("none", description="One slice for each of these.")
    column: str | None = Field(None, description="The column, for `by: column`.")

    @property
    def named(self) -> dict[str, NamedSlice]:
        """Those that have names of their own."""
        return self.__pydantic_extra__ or {}

    def of(self, evaluation: Lot) -> list[Slice | Made]:
        """The slices of an evaluation pool, `all` first. Raises DataError with the key that is wrong."""
        slices: list[Slice | Made] = [Slice("all", np.ones(len(evaluation), dtype=bool)), *self.each(evaluation)]
        if any(part.name == "all" for part in slices[1:]):
            raise DataError(
                f"one {self.by} is called 'all', as the slice of all examples is",
                key="data.slices.by",
                remedy="Rename it in the data, or name slices one by one.",
            )
        for name, wanted in self.named.items():
            if name in {part.name for part in slices}:
                raise DataError(f"there is a slice {name!r} already", key=f"data.slices.{name}", remedy="Choose a name.")
            slices.append(wanted.of(name, evaluation))
        return slices

    def fits(self, name: str, lot: Lot, key: str) -> Mask:
        """(M,) bool: which examples of a lot meet the conditions of a slice. Raises DataError for one that is not there."""
        if name in self.named:
            return self.named[name].fits(lot, f"data.slices.{name}")
        known = [part.name for part in lot.world.slices]
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise DataError(f"there is no slice {name!r}", key=key, remedy=f"{hint}Slices are {', '.join(known[:20])}.")
        if name == "all":
            return np.ones(len(lot), dtype=bool)
        names, which = self.groups(lot)
        return np.asarray(which == names.index(name)) if name in names else np.zeros(len(lot), dtype=bool)

    def each(self, evaluation: Lot) -> list[Slice | Made]:
        """The slices that `by` asks for."""
        world = evaluation.world
        if self.column is not None and self.by != "column":
            raise DataError(
                "`column` is for `by: column`", key="data.slices.column", remedy="Add `by: column`, or leave `column` out."
            )
        if self.by == "label" and world.task != "classification":
            raise DataError(
                "slices by label need classes, and the target is a number",
                key="data.slices.by",
                remedy="Slice by owner, object or column.",
            )
        if self.by == "column" and self.column is None:
            raise DataError("`by: column` needs the column's name", key="data.slices", remedy="Add `column: …`.")
        names, which = self.groups(evaluation)
        if self.by != "label":
            check_marks(len(names), len(evaluation), f"one for each {self.by}", "data.slices.by")
        if self.by == "owner":
            return [*owner_slices(names, evaluation.owner)]
        return [Slice(name, which == i) for i, name in enumerate(names)]

    def groups(self, lot: Lot) -> tuple[Sequence[str], NDArray[np.generic]]:
        """The names of the slices that `by` asks for, and (M,) which of them an example belongs to."""
        world = lot.world
        if self.by == "owner":
            return world.owners, lot.owner
        if self.by == "object":
            return world.objects, lot.object_of
        if self.by == "label":
            return [f"label {name}" for name in world.classes], lot.y
        if self.by == "column" and self.column is not None:
            column = column_of(lot.values, self.column, "data.slices.column")[lot.where]
            found, which = np.unique(column, return_inverse=True)
            return [f"{self.column} {value}" for value in found], which
        return [], np.zeros(len(lot), dtype=np.int64)


def check_marks(count: int, examples: int, what: str, key: str) -> None:
    """Raise DataError for more slices than memory holds, before they are made."""
    if count * examples > MOST_MARKS:
        raise DataError(
            f"{count:,} slices, {what}, of {examples:,} evaluation examples are too many to score",
            key=key,
            remedy=f"Slice by label, name slices one by one, or have at most {MOST_MARKS // examples:,} of them.",
        )


def column_of(values: Mapping[str, NDArray[np.str_]], name: str, key: str) -> NDArray[np.str_]:
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


def label_of(world: World, given: Label, key: str) -> int | float:
    """A label as a world holds it: the position of a class by its name, or a number. Raises DataError for anything else."""
    if world.task == "classification":
        return among(str(given), world.classes, "class", key)
    if isinstance(given, bool | str) or abs(given) > LARGEST:
        raise DataError(f"the target is a number, and {given!r} is none", key=key, remedy="Give a number.")
    return float(given)
