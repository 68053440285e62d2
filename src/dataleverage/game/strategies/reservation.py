"""Reservation: creators that strike until they are paid enough."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.game.levers import Menu, MoveSpec
from dataleverage.game.payoffs import MOST
from dataleverage.game.strategy import Decision, Memory, Seen, Strategy, Value
from dataleverage.streams import Streams
from dataleverage.world.world import Floats

TIE = 1e-9  # payments this close to a reservation reach it


class Reservation(Strategy):
    """Strikes until what it was paid in a round is at least its reservation (data dividends; Vincent, Li, Zha & Hecht 2019).

    Its reservation is a number of credits, or its share of what its operator earned before anyone moved: by leave-one-out,
    Shapley or Banzhaf value of its data, negative values cut at 0. Who delivers nothing may be paid nothing whatever is
    offered: it contributes in the round after something was granted to a collective it is in, and with `probe` now and then,
    to see.
    """

    kind: Literal["reservation"] = "reservation"
    amount: float | None = Field(None, ge=0, le=MOST, description="Credits a round; by value unless given.")
    value: Value = Field("leave_one_out", description="Whose share of the operator's revenue it is, where no amount is given.")
    probe: int | None = Field(None, ge=2, description="It contributes in every so many-th round, to see what is paid.")
    move: MoveSpec | None = Field(None, description="The strike; delete unless given, or withhold without the right to it.")

    def begin(self, count: int, menu: Menu, streams: Streams) -> Memory:
        return {"granted": np.zeros(count)}

    def reservation(self, seen: Seen) -> Floats:
        """(m,) credits a round."""
        if self.amount is not None:
            return np.full(len(seen.who), self.amount)
        return seen.claim(self.value)[seen.who]

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        strike = seen.menu.strike if self.move is None else seen.menu.position(self.move)
        received, granted = seen.received[seen.who], seen.granted[seen.who]
        looks = granted & (memory["granted"] == 0)
        if self.probe is not None and seen.round % self.probe == 0:
            looks = np.ones_like(looks)
        strikes = (received < self.reservation(seen) - TIE) & ~looks
        return Decision(np.where(strikes, strike, seen.menu.stay), {"granted": granted.astype(np.float64)}, saw=received)

    def settled(self, round: int, memory: Memory) -> bool:
        return self.probe is None

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        if self.move is not None:
            yield "move", self.move
