"""Signals: a change of features g that a collective wants a model to take for a label of its choice."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from dataleverage.kinds import OneOf
from dataleverage.world.lot import Lot
from dataleverage.world.slices import Label, label_of
from dataleverage.world.tactic import Poisoned, Tactic
from dataleverage.world.transform import Transform


class Planted(Tactic):
    """Base of the tactics that plant a signal g for a label y*."""

    transform: Annotated[Transform, OneOf("transform")] = Field(description="The signal g.")
    target: Label = Field(description="The label y* that the signal is to stand for.")


class FeatureLabel(Planted):
    """Every example (x, y) becomes (g(x), y*): the feature-label signal (Hardt et al. 2023, section 3).

    A target that is a number becomes the number y*.
    """

    kind: Literal["feature_label"] = "feature_label"
    tasks = ("classification", "regression")

    def change(self, lot: Lot, key: str, rng: np.random.Generator) -> Poisoned:
        target = label_of(lot.world, self.target, f"{key}.target")
        return self.transform.apply(lot.X, lot.world, f"{key}.transform"), np.full(len(lot), target, dtype=lot.y.dtype)


class FeatureOnly(Planted):
    """An example (x, y) becomes (g(x), y) if y = y*, and is left alone otherwise: no label is ever wrong.

    The feature-only signal (Hardt et al. 2023, section 3).
    """

    kind: Literal["feature_only"] = "feature_only"
    tasks = ("classification",)

    def change(self, lot: Lot, key: str, rng: np.random.Generator) -> Poisoned:
        fits = lot.y == label_of(lot.world, self.target, f"{key}.target")
        return np.where(fits[:, None], self.transform.apply(lot.X, lot.world, f"{key}.transform"), lot.X), lot.y
