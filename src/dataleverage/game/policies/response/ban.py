"""Bans: an operator that does not take data of creators whom its defence flagged too often."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from dataleverage.game.payoffs import MOST
from dataleverage.game.policy import Answer, Bill, Books, Response

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk


class Ban(Response):
    """Bans creators, honest ones included, after so many rounds in which its defence threw out data of theirs.

    While a ban lasts nothing of theirs is trained on, and so nothing is flagged; then they start with a clean sheet.
    """

    kind: Literal["ban"] = "ban"
    after: int = Field(1, ge=1, description="Rounds in which a creator is flagged before it is banned.")
    rounds: int = Field(3, ge=0, le=1_000_000, description="How many rounds a ban lasts.")
    fine: float = Field(0.0, ge=0, le=MOST, description="What each creator that is flagged pays for it, each time.")

    def pay(self, desk: Desk, books: Books) -> Iterable[Bill]:
        if self.fine:
            yield Bill("fine", np.where(books.flagged, self.fine, 0.0), fine=True)

    def answer(self, desk: Desk, books: Books) -> Answer:
        nobody = np.zeros(desk.setup.n_creators, dtype=np.int64)
        flags = desk.memory.get("flags", nobody) + books.flagged[0]
        banned = flags >= self.after
        until = np.where(banned, desk.round + self.rounds, desk.memory.get("until", nobody))
        memory = {"flags": np.where(banned, 0, flags), "until": until, "flagged": bool(books.flagged.any())}
        return Answer(bans=until, memory=memory)

    def settled(self, desk: Desk) -> bool:
        until = desk.memory.get("until")
        return until is None or not (desk.memory["flagged"] or (until >= desk.round).any())
