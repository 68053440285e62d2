"""Noise: a released model that does not always say what it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import GameError
from dataleverage.game.policy import Defence
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk
    from dataleverage.game.setup import GameSetup

EXACT = ("accuracy", "balanced_accuracy")  # metrics whose expectation under noise is known from the score without it


class Noise(Defence):
    """The released model answers with a class drawn evenly, at a rate, and what it predicts otherwise (Warner 1965).

    Scores are what they are in expectation: (1 − rate) · accuracy + rate / K, of K classes.
    """

    kind: Literal["noise"] = "noise"
    timeless: ClassVar[bool] = True
    detects: ClassVar[bool] = False
    rate: float = Field(ge=0, le=1, description="How often it answers at random.")

    def filter(self, desk: Desk, rows: Rows) -> Rows:
        return rows

    def publish(self, desk: Desk, scores: Floats) -> Floats:
        world = desk.world
        assert world is not None  # checked before the game
        return np.asarray((1 - self.rate) * scores + self.rate / len(world.classes))

    def check(self, setup: GameSetup, position: int) -> None:
        world = setup.grid.world
        if world is None or not world.classes:
            raise GameError(
                "noise is a matter of classes, and this data has none", remedy="Choose data with examples of classes."
            )
        other = [column for column in setup.grid.columns if column.metric not in EXACT]
        if other:
            raise GameError(
                f"what {other[0].metric} ({other[0].name!r}) becomes with noise does not follow from what it is without",
                remedy=f"Use {' or '.join(EXACT)} in all columns.",
            )
