"""Wages: an operator that pays for data by the round, and more while it loses some."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, model_validator

from dataleverage.game.payoffs import MOST
from dataleverage.game.policy import Answer, Bill, Books, Response

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk


class Wage(Response):
    """Pays every creator whose data it holds; the wage rises while the share of creators it holds shrinks, and falls else."""

    kind: Literal["wage"] = "wage"
    start: float = Field(0.0, ge=0, le=MOST, description="What each is paid in the first round.")
    step: float = Field(0.05, gt=0, le=MOST, description="By how much the wage changes after a round.")
    least: float = Field(0.0, ge=0, le=MOST, description="It never falls below this.")
    most: float = Field(1.0, ge=0, le=MOST, description="It never rises above this.")

    @model_validator(mode="after")
    def _in_order(self) -> Wage:
        if not self.least <= self.start <= self.most:
            raise ValueError(f"a wage starts between the least, {self.least}, and the most, {self.most}, not at {self.start}")
        return self

    def now(self, desk: Desk) -> float:
        """What each is paid this round."""
        return float(desk.memory.get("wage", self.start))

    def pay(self, desk: Desk, books: Books) -> Iterable[Bill]:
        yield Bill("wage", np.where(books.held, self.now(desk), 0.0))

    def answer(self, desk: Desk, books: Books) -> Answer:
        before = desk.setup.by_creator((desk.holdings > 0).astype(np.float64)) > 0
        shrinks = books.held[0].sum() < before.sum()
        wage = self.now(desk) + (self.step if shrinks else -self.step)
        return Answer(memory={"wage": float(np.clip(wage, self.least, self.most))})

    def settled(self, desk: Desk) -> bool:
        return self.now(desk) == self.least
