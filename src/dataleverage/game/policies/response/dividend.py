"""Dividends: an operator that shares its revenue with the creators whose data it holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from dataleverage.game.policy import Answer, Bill, Books, Look, Response, check_monitor
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk
    from dataleverage.game.setup import GameSetup

TIE = 1e-9  # values this close to 0 are 0


class Dividend(Response):
    """Pays a share of its revenue to the creators whose data it holds (data dividends; Vincent, Li, Zha & Hecht 2019).

    Values of creators are those of their data in the row that it served last round, on its monitor cells. Negative values are
    cut at 0, which the record tells; where nobody has a value above 0 everyone gets the same.
    """

    kind: Literal["dividend"] = "dividend"
    rate: float = Field(0.1, ge=0, le=1, description="Share of revenue that is paid out.")
    split: Literal["equally", "size", "leave_one_out", "shapley", "banzhaf"] = Field(
        "equally", description="In equal parts, by training examples held, or by what each creator's data is worth."
    )
    look: Look = Field(
        "unveil", description="Whether it trains, and pays for the monitor cells, or predicts them from its board for nothing."
    )
    budget: int = Field(
        500,
        ge=100,
        le=1_000_000,
        description="Rows from which values of more than 12 creators are estimated.",
    )

    @property
    def timeless(self) -> bool:
        return not self.by_value

    @property
    def by_value(self) -> bool:
        """Whether it goes by values."""
        return self.split not in ("equally", "size")

    def pay(self, desk: Desk, books: Books) -> Iterable[Bill]:
        part = books.examples if self.split == "size" else books.held.astype(np.float64)
        if self.by_value:
            worth = part * np.maximum(self.values(desk), 0.0)
            part = np.where((worth > TIE).any(axis=1, keepdims=True), worth, part)
        total = part.sum(axis=1, keepdims=True)
        share = np.divide(part, total, out=np.zeros_like(part), where=total > 0)
        yield Bill("dividend", self.rate * books.revenue[:, None] * share)

    def answer(self, desk: Desk, books: Books) -> Answer | None:
        if not self.by_value:
            return None
        cut = np.where(books.held[0], np.minimum(self.values(desk), 0.0), 0.0)
        before = desk.memory
        return Answer(
            memory={
                "cut": before.get("cut", 0.0) + float(cut.sum()),
                "rounds": before.get("rounds", 0) + bool((cut < -TIE).any()),
                "whose": before.get("whose", np.zeros(len(cut), dtype=bool)) | (cut < -TIE),
            }
        )

    def warnings(self, desk: Desk) -> Iterable[str]:
        if desk.memory.get("rounds"):
            names = [desk.setup.names[i] for i in np.flatnonzero(desk.memory["whose"])]
            named = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
            yield (
                f"The dividends of {desk.name} are split by values, and those below 0 were cut at 0 in {desk.memory['rounds']} "
                f"rounds: of {len(names)} creators ({named}), {desk.memory['cut']:.4f} in quality together."
            )

    def check(self, setup: GameSetup, position: int) -> None:
        if self.by_value:
            check_monitor(setup, position, f"a dividend by {self.split}")

    def values(self, desk: Desk) -> Floats:
        """(N,) what each creator's data is worth in the row served last, in monitor quality; 0 for who is not in it."""
        from dataleverage.game.valuation import Players, values_of

        found = np.zeros(desk.setup.n_creators)
        who = np.flatnonzero(desk.setup.by_creator((desk.row > 0).astype(np.float64)))
        if not len(who) or self.split == "equally" or self.split == "size":
            return found
        players = Players(desk.setup, who, desk.row, lambda rows: np.nan_to_num(desk.expect(rows, self.look)))
        seed = int(desk.draw("dividend", 0).integers(2**31))  # one for the whole play
        found[who] = values_of(players, self.split, seed, self.budget)
        return found
