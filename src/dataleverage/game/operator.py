"""An operator: how it selects, defends, trains and responds, and what it looks at."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dataleverage.game.policies.defence.none import NoDefence
from dataleverage.game.policies.response.ignore import Ignore
from dataleverage.game.policies.selection.everything import Everything
from dataleverage.game.policy import Defence, Response, Selection
from dataleverage.kinds import Many, Model, OneOf


class Retrain(Model):
    """When a new model is trained; until then the last one keeps serving, whatever became of the data that it learned from."""

    every: int = Field(1, ge=1, description="In every so many-th round.")
    if_gain: float | None = Field(
        None, ge=0, description="And only served if its monitor quality is better by more than this than that of the last one."
    )

    def due(self, round: int) -> bool:
        """Whether the schedule asks for a new model in a round; round 0 always has one."""
        return round % self.every == 0


class Operator(Model):
    """An operator."""

    name: str = Field("operator", min_length=1, description="What it is called.")
    selection: Annotated[Selection, OneOf("selection")] = Field(Everything(), description="Which row it trains on.")
    defence: Annotated[Defence, OneOf("defence")] = Field(NoDefence(), description="How it keeps poison out.")
    response: Annotated[Response, OneOf("response")] = Field(Ignore(), description="How it answers creators.")
    retrain: Retrain = Field(Retrain(), description="When it trains anew.")
    monitors: Literal["all", "none"] | Many[str] = Field("all", description="Slices of the monitor part that it looks at.")
    monitor: Literal["trusted", "own"] = Field(
        "trusted",
        description="Whether those examples are set aside for good, or drawn from what it holds: then absence and poison are "
        "in what it sees.",
    )
    unveil_cost: float = Field(0.0, ge=0, description="Credits for each monitor cell that it looks at for the first time.")
    belief: Literal["neighbour_mean", "additive"] = Field(
        "neighbour_mean", description="How it predicts rows that are not on its board."
    )
    knows: Many[str] = Field((), description="Rows (in words, `ABD`) whose monitor cells are on its board from the start.")
    reserve: dict[Annotated[int, Field(ge=0)], Many[str]] = Field(
        {}, description="Round -> objects that it keeps out of training from then on, to evaluate on them (a secure holdout)."
    )

    @property
    def weighs(self) -> bool:
        """Whether its defence can make objects count for less."""
        return type(self.defence).weigh is not Defence.weigh
