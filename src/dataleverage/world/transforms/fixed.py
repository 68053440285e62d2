"""Features set to given values."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dataleverage.errors import DataError, Place
from dataleverage.world.categories import one_hot
from dataleverage.world.transform import Transform, position
from dataleverage.world.world import LARGEST, World


class SetFeatures(Transform):
    """Named features are set to given values, and a categorical column to one of its values.

    A column that is spread into a 0/1 feature for each value is set as one: `Sunroof: Yes` makes `Sunroof=Yes` 1 and
    `Sunroof=No` 0.
    """

    kind: Literal["set"] = "set"
    features: dict[str | int, float | str] = Field(
        min_length=1,
        description="Feature, by name or by position from 0 on, or categorical column -> what it is set to.",
    )

    def settings(self, world: World, key: str) -> dict[int, float]:
        found: dict[int, float] = {}
        for name, value in self.features.items():
            here = f"{key}.features.{name}"
            new = changes(world, name, value, here)
            if twice := found.keys() & new:
                feature = str(world.features[min(twice)]) if world.features else min(twice)
                raise DataError(f"the feature {feature!r} is set twice", key=here, remedy="Name it once.")
            if not all(abs(each) <= LARGEST for each in new.values()):
                raise DataError(f"a feature cannot be {value}", key=here, remedy=f"Stay within {LARGEST:g}.")
            found |= new
        return found


def changes(world: World, name: str | int, value: float | str, key: str) -> dict[int, float]:
    """What one line sets: a feature, or all those of a categorical column (whose values may look like numbers)."""
    categorical = {feature.column for feature in world.features if feature.value is not None}
    if name not in categorical:
        found = position(world, name, key)
        if isinstance(value, str):
            have = f" Categorical columns are {', '.join(sorted(categorical)[:20])}." if categorical else ""
            raise DataError(
                f"{name!r} is a feature of numbers, and {value[:80]!r} is none", key=key, remedy=f"Give a number.{have}"
            )
        return {found: value}
    try:
        return one_hot(world.features, str(name), value if isinstance(value, str) else f"{value:.12g}")
    except DataError as error:
        raise error.at(Place(key=key)) from None
