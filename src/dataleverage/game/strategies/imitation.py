"""Imitation: creators that copy those who did better."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.game.strategy import Decision, Memory, Seen, Strategy
from dataleverage.world.world import Floats


class Imitation(Strategy):
    """Copies a random neighbour's move with probability 1/(1+exp(-beta(u_j - u_i))) (Fermi rule; Traulsen et al. 2006).

    u are payoffs of last round, so that nobody copies in the first. Where all make the same move there is nothing to copy:
    with `mutation` a creator makes any move of the menu by chance. A move is copied as it is, at the operator that it names.
    """

    kind: Literal["imitation"] = "imitation"
    beta: float = Field(10.0, ge=0, description="Sharpness: 0 copies every other time, whoever did better.")
    revise: float = Field(1.0, gt=0, le=1, description="Chance of looking at a neighbour in a round.")
    mutation: float = Field(0.0, ge=0, le=1, description="Chance of a move at random, each of the menu as likely, instead.")

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        own = seen.move[seen.who]
        neighbour = seen.neighbours.pick(seen.who, seen.draw("imitation/neighbour"))
        lead = np.where(neighbour >= 0, seen.payoff[neighbour] - seen.payoff[seen.who], np.nan)
        looks = np.ones(len(own), dtype=bool) if self.revise == 1 else seen.draw("revise") < self.revise
        copies = looks & (seen.draw("imitation/copy") < fermi(self.beta * lead))
        choice = np.where(copies, seen.move[neighbour], own)
        if self.mutation:
            mutates = seen.draw("imitation/mutation") < self.mutation
            anything = (seen.draw("imitation/move") * len(seen.menu)).astype(np.int64)
            choice = np.where(mutates, anything, choice)
        return Decision(choice, memory, saw=lead)

    def settled(self, round: int, memory: Memory) -> bool:
        return False


def fermi(x: Floats) -> Floats:
    """1/(1+exp(-x)); 0 for what is not a number."""
    with np.errstate(over="ignore"):  # exp of a large number is infinite, and one over it 0
        return np.nan_to_num(1 / (1 + np.exp(-x)), nan=0.0)
