"""Labels flipped to other ones."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dataleverage.errors import DataError
from dataleverage.world.lot import Lot
from dataleverage.world.slices import among
from dataleverage.world.tactic import Poisoned, Tactic


class LabelFlip(Tactic):
    """Labels are changed to another class, features are left alone.

    Every example of a poisoned object is flipped with probability `rate`, to a class drawn evenly from the others (or to
    `to`); a target that is a number is mirrored about its mean, a rating about the middle of the scale: of five stars, the
    best becomes the worst. (Biggio, Nelson & Laskov 2011, §2.)
    """

    kind: Literal["label_flip"] = "label_flip"
    rate: float = Field(1.0, gt=0, le=1, description="Share of an object's examples that are flipped.")
    to: str | int | None = Field(None, description="The class they are flipped to; any other one unless given.")

    def change(self, lot: Lot, key: str, rng: np.random.Generator) -> Poisoned:
        flipped = rng.random(len(lot)) < self.rate
        return lot.X, np.where(flipped, other_labels(lot, self.to, f"{key}.to", rng), lot.y)


def other_labels(lot: Lot, to: str | int | None, key: str, rng: np.random.Generator) -> NDArray[np.generic]:
    """(M,) what each label becomes: `to`, or another class drawn evenly; numbers and ratings are mirrored."""
    world = lot.world
    if world.task != "classification":
        if to is not None:
            raise DataError(
                f"the target is a number, and {to!r} would be a class",
                key=key,
                remedy="Leave `to` out: numbers are mirrored about their mean, ratings about the middle of the scale.",
            )
        target = world.y.astype(np.float64)
        twice = target.min() + target.max() if world.task == "rating" else 2 * target.mean()
        return np.asarray(twice - lot.y.astype(np.float64))
    if to is not None:
        return np.full(len(lot), among(str(to), world.classes, "class", key))
    k = len(world.classes)
    return np.asarray((lot.y.astype(np.int64) + rng.integers(1, k, size=len(lot))) % k)
