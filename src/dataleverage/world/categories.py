"""Categorical columns, and the 0/1 features they are spread into."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import DataError
from dataleverage.world.world import Feature, Floats, Ints


@dataclass(frozen=True)
class Categories:
    """Columns and the values each can have: one feature for every value of every column, in this order.

    values : column -> its values.
    """

    values: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """(d,) what the features are called: `column=value`."""
        return tuple(map(str, self.features))

    @property
    def features(self) -> tuple[Feature, ...]:
        """(d,) the column and the value of each feature."""
        return tuple(Feature(column, value) for column, values in self.values.items() for value in values)

    def spread(self, codes: Mapping[str, Ints]) -> Floats:
        """Column -> (N,) positions of values, as (N, d) features that are 0 or 1."""
        return np.concatenate([np.eye(len(values))[codes[column]] for column, values in self.values.items()], axis=1)

    def words(self, codes: Mapping[str, Ints]) -> dict[str, NDArray[np.str_]]:
        """Column -> (N,) positions of values, as the values themselves."""
        return {column: np.array(values)[codes[column]] for column, values in self.values.items()}

    def signal(self, wanted: Mapping[str, str]) -> dict[int, float]:
        """Column -> value, as feature -> 0 or 1: what to set so that an example has those values.

        Raises DataError for a column or a value that is not there.
        """
        found: dict[int, float] = {}
        for column, value in wanted.items():
            found |= one_hot(self.features, column, value)
        return found


def one_hot(features: Sequence[Feature], column: str, value: str) -> dict[int, float]:
    """Position of a feature -> 0 or 1: what to set so that an example has this value in this categorical column.

    Raises DataError for a column or a value that is not there.
    """
    every = {feature.value: i for i, feature in enumerate(features) if feature.column == column and feature.value is not None}
    if not every:
        columns = dict.fromkeys(feature.column for feature in features if feature.value is not None)
        have = f"Columns are {', '.join(list(columns)[:20])}." if columns else "No column of this data is categorical."
        raise DataError(f"there is no categorical column {column[:80]!r}", remedy=have)
    if value not in every:
        values = [str(each) for each in every]
        near = difflib.get_close_matches(value, values, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise DataError(
            f"the column {column!r} has no value {value[:80]!r}", remedy=f"{hint}Its values are {', '.join(values[:20])}."
        )
    return {i: float(each == value) for each, i in every.items()}
