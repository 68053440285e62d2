"""Noise on features."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.world.lot import Lot
from dataleverage.world.tactic import Poisoned, Tactic


class FeatureNoise(Tactic):
    """Normal noise is added to every feature, labels are left alone.

    It is measured in the standard deviations of each feature in the clean training examples: a feature that never changes
    there stays as it is. What is noisy may lie outside the range of clean examples (below 0, say).
    """

    kind: Literal["feature_noise"] = "feature_noise"
    sigma: float = Field(1.0, gt=0, le=1e6, description="Standard deviation of the noise, in those of the feature.")
    tasks = ("classification", "regression")

    def change(self, lot: Lot, key: str, rng: np.random.Generator) -> Poisoned:
        return lot.X + self.sigma * lot.world.X.std(axis=0) * rng.normal(size=lot.X.shape), lot.y
