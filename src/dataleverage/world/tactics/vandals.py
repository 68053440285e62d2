"""Users who rate at random, or in extremes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.world.lot import Lot
from dataleverage.world.tactic import Poisoned, Tactic
from dataleverage.world.world import Floats


class Vandal(Tactic):
    """Base of the users who go on rating the same items, and lie about them."""

    rate: float = Field(1.0, gt=0, le=1, description="Share of a user's ratings that are false.")
    tasks = ("rating",)

    @abstractmethod
    def stars(self, scale: Floats) -> Floats:
        """The ratings that false ones are drawn from, each as likely. scale : those that occur in training, rising."""

    def change(self, lot: Lot, key: str, rng: np.random.Generator) -> Poisoned:
        false = rng.random(len(lot)) < self.rate
        drawn = rng.choice(self.stars(np.unique(lot.world.y.astype(np.float64))), size=len(lot))
        return lot.X, np.where(false, drawn, lot.y.astype(np.float64))


class RandomVandal(Vandal):
    """Ratings are drawn evenly from those that the scale has, whatever the item.

    Scale: the different ratings in the clean training examples. The random attack of the shilling literature (Lam & Riedl
    2004), made by real users on what they have rated: the data poisoning of Vincent, Li, Tilly, Chancellor & Hecht (2021).
    """

    kind: Literal["random_vandal"] = "random_vandal"

    def stars(self, scale: Floats) -> Floats:
        return scale


class ExtremeVandal(Vandal):
    """Ratings are the highest or the lowest of the scale: drawn evenly from the two, or always the one of them.

    `toward: lowest` is the nuke attack of the shilling literature and `highest` the push attack (Lam & Riedl 2004), made
    by real users on what they have rated.
    """

    kind: Literal["extreme_vandal"] = "extreme_vandal"
    toward: Literal["either", "lowest", "highest"] = Field("either", description="Which end of the scale.")

    def stars(self, scale: Floats) -> Floats:
        return {"either": scale[[0, -1]], "lowest": scale[:1], "highest": scale[-1:]}[self.toward]
