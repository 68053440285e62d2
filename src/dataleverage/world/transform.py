"""A transform g of features: what a collective plants, what a trigger looks like, what a slice does to its examples."""

from __future__ import annotations

import difflib
from abc import abstractmethod

from dataleverage.errors import DataError
from dataleverage.kinds import Kind
from dataleverage.world.world import Floats, World


class Transform(Kind, family="transform", package="dataleverage.world.transforms"):
    """Base of every transform: some features are set to constants, and so g(g(x)) = g(x)."""

    @abstractmethod
    def settings(self, world: World, key: str) -> dict[int, float]:
        """Position of a feature -> what it is set to. Raises DataError, its key below `key`, for features there are not."""

    def apply(self, X: Floats, world: World, key: str) -> Floats:
        """(M, d) -> (M, d) float64: g of every example. Raises DataError where the world has no features to set."""
        if world.task == "rating":
            raise DataError(
                "a rating is of a user and an item, and has no features to set",
                key=key,
                remedy="Leave the transform out, or use a source with features.",
            )
        found = self.settings(world, key)
        moved = X.copy()
        moved[:, list(found)] = list(found.values())
        return moved


def position(world: World, name: str | int, key: str) -> int:
    """The position of a feature, given by its name or by its position from 0 on. Raises DataError where there is none."""
    names = [str(feature) for feature in world.features]
    text, most = str(name), world.X.shape[1] - 1
    if text in names:
        return names.index(text)
    if text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most:
        return int(text)
    near = difflib.get_close_matches(text[:80], names, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise DataError(f"there is no feature {text[:80]!r}", key=key, remedy=hint + known(names, most))


def known(names: list[str], most: int) -> str:
    """A remedy: what the features are called."""
    if not names:
        return f"This source does not name its features: give positions from 0 to {most}."
    return f"Features are {', '.join(names[:20])}{' …' if len(names) > 20 else ''}, or positions from 0 to {most}."
