"""Poison for one slice only."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import DataError
from dataleverage.kinds import Many
from dataleverage.world.lot import Lot
from dataleverage.world.tactic import Poisoned, Tactic
from dataleverage.world.tactics.label_flip import other_labels
from dataleverage.world.world import Mask


class Targeted(Tactic):
    """Labels are flipped, as by `label_flip`, only of examples that belong to one slice, so that other slices show little.

    Those are the examples that fit the slice's conditions. A creator may have none such, of a slice of somebody else's
    examples say: with `reach`, the given share of each poisoned object is flipped instead, the examples nearest first to clean
    training examples that fit (Euclidean distance of standardised features). Examples that fit a slice in `spare` are left
    alone always. (A targeted availability attack, as of Jagielski et al. 2021, "Subpopulation Data Poisoning Attacks".)
    """

    kind: Literal["targeted"] = "targeted"
    slice: str = Field(description="The slice that is to be hurt.")
    spare: Many[str] = Field((), description="Slices that are to be left alone.")
    reach: float | None = Field(
        None, gt=0, le=1, description="Share of an object's examples that are flipped, nearest to the slice first."
    )
    to: str | int | None = Field(None, description="The class they are flipped to; any other one unless given.")

    def change(self, lot: Lot, key: str, rng: np.random.Generator) -> Poisoned:
        chosen = lot.slices.fits(self.slice, lot, f"{key}.slice") if self.reach is None else self.nearest(lot, key)
        for i, name in enumerate(self.spare):
            chosen &= ~lot.slices.fits(name, lot, f"{key}.spare.{i}")
        return lot.X, np.where(chosen, other_labels(lot, self.to, f"{key}.to", rng), lot.y)

    def nearest(self, lot: Lot, key: str) -> Mask:
        """(M,) the given share of each object, rounded up, nearest first."""
        from scipy.spatial import cKDTree

        assert self.reach is not None
        world, clean = lot.world, lot.clean
        fits = lot.slices.fits(self.slice, clean, f"{key}.slice")
        if not fits.any():
            raise DataError(
                f"no training example fits the slice {self.slice!r}, so none is near it",
                key=f"{key}.slice",
                remedy="Name a slice whose conditions some training examples fit.",
            )
        if world.task == "rating":
            raise DataError(
                "a rating is of a user and an item, and is not near to others",
                key=f"{key}.reach",
                remedy="Leave `reach` out, and target a slice that the creator's own ratings fit.",
            )
        scale = np.where(np.ptp(world.X, axis=0) > 0, world.X.std(axis=0), 1.0)
        away = np.asarray(cKDTree(clean.X[fits] / scale).query(lot.X / scale)[0])
        order = np.lexsort((away, lot.object_of))
        of = lot.object_of[order]
        first = np.searchsorted(of, of)
        size = np.searchsorted(of, of, side="right") - first
        chosen = np.zeros(len(lot), dtype=bool)
        chosen[order] = np.arange(len(lot)) - first < np.ceil(self.reach * size - 1e-9)
        return chosen
