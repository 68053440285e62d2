"""A tactic of poison: what a creator does to its examples, reproducible from a stream."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import DataError
from dataleverage.kinds import Kind, family
from dataleverage.world.lot import Lot
from dataleverage.world.world import Floats, Task, Variant, World

Poisoned = tuple[Floats, NDArray[np.generic]]
"""(M, d) and (M,): examples after a tactic, in the order of the lot."""


class Tactic(Kind, family="tactic", package="dataleverage.world.tactics"):
    """Base of every tactic: a change of examples, drawn anew for every example from a stream.

    tasks : what it can poison.
    """

    tasks: ClassVar[tuple[Task, ...]] = get_args(Task)

    @abstractmethod
    def change(self, lot: Lot, key: str, rng: np.random.Generator) -> Poisoned:
        """How the lot looks when all of it is poisoned. Nothing that is given is written to.

        key : where the tactic stands in a file; parameters are below it. Raises DataError for what the world does not have.
        """

    def apply(self, lot: Lot, key: str, rng: np.random.Generator) -> Poisoned:
        """The same, once it is clear that this can be done to such examples at all. Raises DataError where it cannot."""
        self.check(lot.world, key)
        return self.change(lot, key, rng)

    def variant(self, name: str, training: Lot, rng: np.random.Generator) -> Variant:
        """How the world's training examples look when every object is poisoned in this way."""
        return Variant(name, *self.apply(training, f"tactics.{name}", rng))

    def check(self, world: World, key: str) -> None:
        """Raise DataError where the tactic is for another task."""
        if world.task not in self.tasks:
            found = {"classification": "classes", "regression": "a number", "rating": "ratings"}
            others = sorted(tag for tag, kind in family("tactic").members.items() if world.task in kind.tasks)  # type: ignore[attr-defined]
            raise DataError(
                f"{self.tag} poisons {' or '.join(found[task] for task in self.tasks)}, and the target is {found[world.task]}",
                key=key,
                remedy=f"Here {', '.join(others)} can be used.",
            )
