"""Conditional: creators that keep an agreement as long as it is kept with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.game.levers import Menu, MoveSpec
from dataleverage.game.strategy import Decision, Memory, Seen, Strategy
from dataleverage.streams import Streams


class Conditional(Strategy):
    """Contributes while the operator keeps its last bargain with a collective it is in, else strikes for k rounds.

    With `k: 1` it is tit for tat (Axelrod 1984), with `k: null` grim (Friedman 1971): one breach and it strikes for ever. Each
    further breach begins the k rounds anew. Before there is a bargain it contributes.
    """

    kind: Literal["conditional"] = "conditional"
    k: int | None = Field(1, ge=1, description="Rounds of a strike after a breach; null for ever.")
    move: MoveSpec | None = Field(None, description="The strike; delete unless given, or withhold without the right to it.")

    def begin(self, count: int, menu: Menu, streams: Streams) -> Memory:
        return {"left": np.zeros(count)}

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        strike = seen.menu.strike if self.move is None else seen.menu.position(self.move)
        left = np.where(seen.kept[seen.who], np.maximum(memory["left"] - 1, 0), np.inf if self.k is None else self.k)
        return Decision(np.where(left > 0, strike, seen.menu.stay), {"left": left})

    def settled(self, round: int, memory: Memory) -> bool:
        return bool(np.isin(memory["left"], (0, np.inf)).all())

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        if self.move is not None:
            yield "move", self.move
