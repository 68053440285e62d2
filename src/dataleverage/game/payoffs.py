"""Payoffs: what a round is worth to creators and operators, in one kind of credits."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from dataleverage.game.levers import Lever, Menu
from dataleverage.kinds import Model
from dataleverage.world.world import Floats

MOST = 1e9  # of any amount: sums over creators and rounds stay finite, and precise to a millionth
Amount = Annotated[float, Field(ge=-MOST, le=MOST)]


class Endowment(Model):
    """Credits that everyone gets each round, whatever happens."""

    creator: Amount = Field(0.0, description="To each creator.")
    operator: Amount = Field(0.0, description="To each operator.")


class Payoffs(Model):
    """What a round is worth; every term but service is 0 unless set."""

    service: float = Field(
        1.0, ge=0, le=MOST, description="Worth to a creator of a model of quality 1 on its own audit examples."
    )
    revenue: float = Field(0.0, ge=0, le=MOST, description="Worth to an operator of serving everyone at quality 1.")
    endowment: Endowment = Field(Endowment(), description="Credits that everyone gets each round.")
    cost: dict[Lever, Amount] = Field({}, description="What pulling a lever costs a creator each round.")
    train_cost: float = Field(0.0, ge=0, le=MOST, description="What training costs an operator for each example.")
    weights: dict[str, Amount] = Field({"all": 1.0}, min_length=1, description="Weight of audit columns in quality.")
    view: Literal["fixed_holdout", "company"] = Field(
        "fixed_holdout",
        description="Whose audit examples make revenue: everyone's, or those of creators whose data the operator holds.",
    )

    def lever_costs(self, menu: Menu) -> Floats:
        """(A,) what each move of the menu costs its creator."""
        return np.array([self.cost.get(move.lever, 0.0) for move in menu.moves])
