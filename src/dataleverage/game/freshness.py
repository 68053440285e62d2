"""Freshness: how data ages."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from dataleverage.kinds import Model
from dataleverage.world.world import Floats, Ints


class Freshness(Model):
    """Data ages: an object counts for less the longer ago it arrived."""

    half_life: float = Field(gt=0, description="Rounds after which an object counts for half.")

    def weights(self, ages: Ints) -> Floats:
        """(n,) rounds since each object arrived -> (n,) how much it counts."""
        return np.asarray(0.5 ** (np.maximum(ages, 0) / self.half_life))
