"""Baselines: creators whose moves do not depend on anyone else's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from dataleverage.game.levers import MoveSpec
from dataleverage.game.strategy import Decision, Memory, Seen, Strategy

Round = Annotated[int, Field(ge=1)]


class Always(Strategy):
    """Always the same move."""

    kind: Literal["always"] = "always"
    move: MoveSpec = Field(MoveSpec(lever="contribute"), description="The move.")

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        return Decision(np.full(len(seen.who), seen.menu.position(self.move)), memory)

    def steady(self, round: int) -> bool:
        return True

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        yield "move", self.move


class Random(Strategy):
    """A move with probability p each round, otherwise contribute."""

    kind: Literal["random"] = "random"
    p: float = Field(0.5, ge=0, le=1, description="Probability of the move.")
    move: MoveSpec | None = Field(None, description="The move; delete unless given, or withhold without the right to it.")

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        choice = seen.menu.strike if self.move is None else seen.menu.position(self.move)
        return Decision(np.where(seen.draw("random") < self.p, choice, seen.menu.stay), memory)

    def settled(self, round: int, memory: Memory) -> bool:
        return self.p in (0, 1)

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        if self.move is not None:
            yield "move", self.move


class Scripted(Strategy):
    """Moves by round; each holds until the next entry, and before the first one the creator contributes."""

    kind: Literal["scripted"] = "scripted"
    moves: dict[Round, MoveSpec] = Field(min_length=1, description="Round -> move: {3: delete, 9: contribute}.")

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        begun = [round for round in self.moves if round <= seen.round]
        choice = seen.menu.position(self.moves[max(begun)]) if begun else seen.menu.stay
        return Decision(np.full(len(seen.who), choice), memory)

    def settled(self, round: int, memory: Memory) -> bool:
        return round >= max(self.moves)

    def steady(self, round: int) -> bool:
        return round + 1 not in self.moves

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        for round, move in self.moves.items():
            yield f"moves.{round}", move
