"""A lot of examples: what slices choose from, and what tactics are applied to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dataleverage.world.slices import Slices
from dataleverage.world.world import Floats, Ints, Mask, World


@dataclass(frozen=True, eq=False)
class Lot:
    """Some examples of a world: its training examples, its evaluation pool, or a part of either.

    world : whose clean training examples say what is usual: classes, means, ranges.
    X, y : (M, d) float64 and (M,). object_of : (M,) int64, -1 where nobody's.
    values : columns of text by name, of all examples that the source has; where : (M,) the positions of these among them.
    slices : what the world's slices are made by.
    reference : all clean training examples; None where the lot is they.
    """

    world: World
    X: Floats
    y: NDArray[np.generic]
    object_of: Ints
    values: Mapping[str, NDArray[np.str_]]
    where: Ints
    slices: Slices
    reference: Lot | None = None

    @classmethod
    def training(cls, world: World, values: Mapping[str, NDArray[np.str_]], where: Ints, slices: Slices) -> Lot:
        """All training examples of a world."""
        return cls(world, world.X, world.y, world.object_of, values, where, slices)

    def evaluation(self, where: Ints) -> Lot:
        """The evaluation pool of the same world, without the examples that are made for slices."""
        world, pool = self.world, slice(0, len(where))
        return Lot(
            world, world.X_eval[pool], world.y_eval[pool], world.eval_object[pool], self.values, where, self.slices, self.clean
        )

    @property
    def clean(self) -> Lot:
        """All clean training examples of the world."""
        return self if self.reference is None else self.reference

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, which: Mask | Ints) -> Lot:
        """Some of the examples, by mask or positions."""
        return replace(
            self,
            X=self.X[which],
            y=self.y[which],
            object_of=self.object_of[which],
            where=self.where[which],
            reference=self.clean,
        )

    @cached_property
    def owner(self) -> Ints:
        """(M,) the owner of each example; -1 where nobody's."""
        assert self.world.owner_of is not None
        return np.where(self.object_of < 0, -1, self.world.owner_of[self.object_of])
