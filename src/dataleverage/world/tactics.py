"""Tactics of poison: what a creator does to its examples, reproducible from a stream."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import DataError
from dataleverage.kinds import Kind
from dataleverage.world.world import Variant, World


class Tactic(Kind, family="tactic", package="dataleverage.world.tactics"):
    """Base of every tactic."""

    @abstractmethod
    def variant(self, name: str, world: World, rng: np.random.Generator) -> Variant:
        """How the world's training examples look when every object is poisoned in this way."""


class LabelFlip(Tactic):
    """Labels are changed to another class, features are left alone.

    Every example of a poisoned object is flipped with probability `rate`, to a class drawn evenly from the others (or to
    `to`); a target that is a number is mirrored about its mean, a rating about the middle of the scale: of five stars, the
    best becomes the worst. (Biggio, Nelson & Laskov 2011, §2.)
    """

    kind: Literal["label_flip"] = "label_flip"
    rate: float = Field(1.0, gt=0, le=1, description="Share of an object's examples that are flipped.")
    to: str | int | None = Field(None, description="The class they are flipped to; any other one unless given.")

    def variant(self, name: str, world: World, rng: np.random.Generator) -> Variant:
        flipped = rng.random(len(world.y)) < self.rate
        if world.task != "classification":
            if self.to is not None:
                raise DataError(
                    f"the target is a number, and {self.to!r} would be a class",
                    key=f"tactics.{name}.to",
                    remedy="Leave `to` out: numbers are mirrored about their mean, ratings about the middle of the scale.",
                )
            target = world.y.astype(np.float64)
            twice = target.min() + target.max() if world.task == "rating" else 2 * target.mean()
            return Variant(name, world.X, np.where(flipped, twice - target, target))
        k = len(world.classes)
        y = world.y.astype(np.int64)
        if self.to is None:
            other = (y + rng.integers(1, k, size=len(y))) % k
        else:
            if str(self.to) not in world.classes:
                raise DataError(
                    f"there is no class {self.to!r}",
                    key=f"tactics.{name}.to",
                    remedy=f"Classes are {', '.join(world.classes[:20])}.",
                )
            other = np.full(len(y), world.classes.index(str(self.to)))
        return Variant(name, world.X, np.where(flipped, other, y))
