"""Reweighting: what looks suspicious counts for less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from dataleverage.errors import GameError, GridError
from dataleverage.game.policies.defence.detectors import IsolationForest, KnnSanitise, LossFilter
from dataleverage.game.policy import Defence
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk
    from dataleverage.game.setup import GameSetup


def in_full(value: Any) -> Any:
    """A detector by its name alone, as one with its defaults."""
    return {"kind": value} if isinstance(value, str) else value


class Reweight(Defence):
    """Throws nothing out: every object counts by the share of its examples that a detector does not flag."""

    kind: Literal["reweight"] = "reweight"
    timeless: ClassVar[bool] = True
    by: Annotated[KnnSanitise | LossFilter | IsolationForest, Field(discriminator="kind"), BeforeValidator(in_full)] = Field(
        KnnSanitise(), description="The detector, whose tolerance does not matter."
    )

    def filter(self, desk: Desk, rows: Rows) -> Rows:
        return rows

    def suspicion(self, desk: Desk, rows: Rows) -> Floats:
        return self.by.shares(desk, rows)

    def weigh(self, desk: Desk, rows: Rows) -> Floats | None:
        flagged = self.by.shares(desk, rows)
        return 1 - flagged if flagged.any() else None

    def check(self, setup: GameSetup, position: int) -> None:
        self.by.check(setup, position)
        if setup.surrogate is not None:
            raise GameError("a surrogate does not know what objects weigh", remedy="Leave out the surrogate, or the defence.")
        if isinstance(setup.grid.oracle, TrainedOracle):
            try:
                setup.grid.oracle.learner.check_weights()
            except GridError as error:
                raise GameError(error.message, remedy=error.remedy) from None
