"""Members: creators that do what their collective calls, most of the time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.game.calls import NO_CALL
from dataleverage.game.levers import MoveSpec
from dataleverage.game.strategy import Decision, Memory, Seen, Strategy


class Member(Strategy):
    """Does what its collective called with probability 1 - noise, else something else (coordination noise).

    In several collectives it hears the first that calls. Called to nothing, it does as it does `otherwise`.
    """

    kind: Literal["member"] = "member"
    noise: float = Field(0.0, ge=0, le=1, description="Probability of not doing what was called (eta).")
    instead: Literal["random", "opposite"] = Field(
        "random",
        description="What it does then: any other move of the menu, each as likely; or contribute where it was called to act, "
        "and strike where it was called to contribute.",
    )
    otherwise: MoveSpec = Field(MoveSpec(lever="contribute"), description="What it does when nothing is called.")

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        menu, called = seen.menu, seen.called[seen.who]
        if self.instead == "opposite":
            wrong = np.where(menu.acting[called], menu.stay, menu.strike)
        else:
            wrong = (seen.draw("member/move") * (len(menu) - 1)).astype(np.int64)
            wrong += wrong >= called
        follows = seen.draw("member") >= self.noise
        choice = np.where(follows, called, wrong)
        return Decision(np.where(called == NO_CALL, menu.position(self.otherwise), choice), memory)

    def settled(self, round: int, memory: Memory) -> bool:
        return self.noise == 0 or (self.noise == 1 and self.instead == "opposite")

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        yield "otherwise", self.otherwise
