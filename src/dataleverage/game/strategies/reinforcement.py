"""Reinforcement: creators that do more often what has paid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from dataleverage.game.levers import Choice, Menu, MoveSpec
from dataleverage.game.strategy import Decision, Memory, Seen, Strategy, chosen_by
from dataleverage.kinds import Many
from dataleverage.streams import Streams


class Reinforcement(Strategy):
    """Makes each move with probability proportional to its propensity (Roth & Erev 1995; Erev & Roth 1998).

    After a round the propensity of the move made grows by what it paid beyond the least that the creator has been paid in a
    round so far: `q_a <- (1 - forgetting) q_a + (payoff - least)·(1 - experimentation)`, and that of each of the A - 1 others
    by the part `experimentation/(A - 1)` of it.
    """

    kind: Literal["reinforcement"] = "reinforcement"
    start: float = Field(1.0, gt=0, le=1e9, description="Propensity of every move at first: large learns slowly. In credits.")
    forgetting: float = Field(0.1, ge=0, lt=1, description="The part of every propensity that is lost in a round.")
    experimentation: float = Field(0.05, ge=0, lt=1, description="The part of what a move paid that goes to the other moves.")
    consider: Annotated[Many[MoveSpec], Field(min_length=1)] | None = Field(
        None, description="The moves it learns about; every one there is unless given."
    )

    def choices(self, menu: Menu) -> Choice:
        """(A,) the menu positions it learns about."""
        if self.consider is None:
            return np.arange(len(menu))
        return np.array(list(dict.fromkeys(menu.position(move) for move in self.consider)))

    def begin(self, count: int, menu: Menu, streams: Streams) -> Memory:
        return {
            "propensity": np.full((count, len(self.choices(menu))), self.start),
            "least": np.full(count, np.inf),
        }

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        choices = self.choices(seen.menu)
        propensity, least = memory["propensity"], memory["least"]
        payoff, made = seen.payoff[seen.who], choices == seen.move[seen.who][:, None]
        if np.isfinite(payoff).all():  # there was a round before this one
            least = np.minimum(least, payoff)
            others = max(len(choices) - 1, 1)
            part = np.where(made, 1 - self.experimentation, self.experimentation / others) * made.any(axis=1, keepdims=True)
            propensity = (1 - self.forgetting) * propensity + (payoff - least)[:, None] * part
            # what is all but forgotten is equally likely again
            propensity = np.where(propensity.sum(axis=1, keepdims=True) < 1e-200, self.start, propensity)
        choice = chosen_by(propensity, choices, seen.draw("reinforcement"))
        return Decision(choice, {"propensity": propensity, "least": least})

    def settled(self, round: int, memory: Memory) -> bool:
        return False

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        for i, move in enumerate(self.consider or ()):
            yield f"consider.{i}", move
