"""Categorical columns, and the 0/1 features they are spread into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import DataError
from dataleverage.world.world import Floats, Ints


@dataclass(frozen=True)
class Categories:
    """Columns and the values each can have: one feature for every value of every column, in this order.

    values : column -> its values.
    """

    values: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """(d,) what the features are called: `column=value`."""
        return tuple(f"{column}={value}" for column, values in self.values.items() for value in values)

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
        features: dict[int, float] = {}
        for column, value in wanted.items():
            if column not in self.values:
                raise DataError(f"there is no column {column!r}", remedy=f"Columns are {', '.join(self.values)}.")
            if value not in self.values[column]:
                raise DataError(
                    f"the column {column!r} has no value {value!r}", remedy=f"Its values are {', '.join(self.values[column])}."
                )
            start = self.names.index(f"{column}={self.values[column][0]}")
            features |= {start + i: float(each == value) for i, each in enumerate(self.values[column])}
        return features
