"""Weighing: creators that compare what each move would be worth to them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from dataleverage.game.levers import Choice, Menu, MoveSpec
from dataleverage.game.strategy import Ahead, Decision, Knows, Memory, Seen, Strategy, chosen_by
from dataleverage.kinds import Many
from dataleverage.world.world import Floats

TIE = 1e-9  # payoffs this close are equal


class Weighing(Strategy):
    """Base of the strategies that weigh their moves: each as if it alone changed, the others' last moves standing."""

    knows: Knows = Field(
        "grid",
        description="Whose scores it weighs by: the true audit grid (or the scenario's surrogate of it), the monitor cells "
        "that the operator has unveiled, or an additive model fitted to the audit scores published so far.",
    )
    revise: float = Field(1.0, gt=0, le=1, description="Chance of reconsidering in a round.")
    consider: Annotated[Many[MoveSpec], Field(min_length=1)] | None = Field(
        None, description="The moves it weighs; every one there is unless given."
    )
    horizon: int = Field(
        1, ge=1, le=1000, description="Rounds for which it makes a move in its mind, nobody else moving, and sums the payoffs."
    )
    discount: float = Field(1.0, gt=0, le=1, description="What a credit a round later is worth now.")

    def choices(self, menu: Menu) -> Choice:
        """(A,) the menu positions it weighs."""
        if self.consider is None:
            return np.arange(len(menu))
        return np.array([menu.position(move) for move in self.consider])

    def weighs(self, menu: Menu) -> float:
        return self.revise * len(self.choices(menu)) * self.horizon

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        choices, choice = self.choices(seen.menu), seen.move[seen.who]
        worth = np.full((len(choice), len(choices)), np.nan)
        revising = np.ones(len(choice), dtype=bool) if self.revise == 1 else seen.draw("revise") < self.revise
        if revising.any():  # who does not reconsider asks for no cells
            revisers = seen.only(revising)
            worth[revising] = revisers.weigh(self.knows, choices, Ahead(self.horizon, self.discount))
            choice[revising] = self.choose(revisers, choices, worth[revising], choice[revising])
        return Decision(choice, memory, weighed=choices, worth=worth)

    @abstractmethod
    def choose(self, seen: Seen, choices: Choice, worth: Floats, now: Choice) -> Choice:
        """(m,) menu positions, from (m, A) worth and the (m,) moves made last."""

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        for i, move in enumerate(self.consider or ()):
            yield f"consider.{i}", move


class BestResponse(Weighing):
    """The move that is worth most; among equals the one it makes already, then the first of the menu.

    With `revise: 1` everyone answers at once, which on a learning curve may swing for ever between all and none.
    """

    kind: Literal["best_response"] = "best_response"

    def steady(self, round: int) -> bool:
        return self.revise == 1 and self.knows == "grid" and self.horizon == 1

    def choose(self, seen: Seen, choices: Choice, worth: Floats, now: Choice) -> Choice:
        best = worth >= worth.max(axis=1, keepdims=True) - TIE
        keep = (best & (choices == now[:, None])).any(axis=1)
        return np.where(keep, now, choices[best.argmax(axis=1)])


class Logit(Weighing):
    """Each move with probability proportional to exp(beta * its worth) (Blume 1993)."""

    kind: Literal["logit"] = "logit"
    beta: float = Field(10.0, ge=0, description="Sharpness: 0 is a coin, large is best response.")

    def choose(self, seen: Seen, choices: Choice, worth: Floats, now: Choice) -> Choice:
        odds = np.exp(self.beta * (worth - worth.max(axis=1, keepdims=True)))
        return chosen_by(odds, choices, seen.draw("logit"))

    def settled(self, round: int, memory: Memory) -> bool:
        return False
