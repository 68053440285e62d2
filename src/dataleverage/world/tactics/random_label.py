"""Labels that say nothing."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.world.lot import Lot
from dataleverage.world.tactic import Poisoned, Tactic


class RandomLabel(Tactic):
    """Labels are drawn at random, so that they say nothing of the features, which are left alone.

    Every example of a poisoned object is chosen with probability `rate`. A chosen one gets a class drawn evenly from all, its
    own among them; numbers and ratings are shuffled among the chosen examples of an object. To flip to *other* classes
    only, use `label_flip`.
    """

    kind: Literal["random_label"] = "random_label"
    rate: float = Field(1.0, gt=0, le=1, description="Share of an object's examples whose label is drawn.")

    def change(self, lot: Lot, key: str, rng: np.random.Generator) -> Poisoned:
        chosen = rng.random(len(lot)) < self.rate
        if lot.world.task == "classification":
            return lot.X, np.where(chosen, rng.integers(0, len(lot.world.classes), size=len(lot)), lot.y)
        where = np.flatnonzero(chosen)
        y = lot.y.copy()
        # Both orders put the chosen examples of an object in the same places: within it, they pair each with a random one.
        givers = where[np.lexsort((rng.random(len(where)), lot.object_of[where]))]
        takers = where[np.argsort(lot.object_of[where], kind="stable")]
        y[takers] = lot.y[givers]
        return lot.X, y
