"""Dividends: an operator that shares its revenue with the creators whose data it holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from dataleverage.game.policy import Answer, Bill, Books, Look, Response, check_monitor
from dataleverage.grid.rows import Rows, all_rows
from dataleverage.world.world import Floats, Ints

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk
    from dataleverage.game.setup import GameSetup

EXACT = 10  # creators up to which Shapley and Banzhaf values are computed from all of their 1,024 rows
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
    draws: int = Field(
        20,
        ge=1,
        le=10_000,
        description="Of more than 10 creators Shapley and Banzhaf values are estimated from so many orders, each with its "
        "reverse, or from as many rows.",
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
        from dataleverage.measure.values.samplers import Antithetic, MaximumSampleReuse, Sampler
        from dataleverage.measure.values.semivalues import of_worth

        found = np.zeros(desk.setup.n_creators)
        who = np.flatnonzero(desk.setup.by_creator((desk.row > 0).astype(np.float64)))
        if not len(who):
            return found
        count = len(who)
        if self.split == "leave_one_out":
            teams = np.concatenate([np.ones((1, count), dtype=np.uint8), 1 - np.eye(count, dtype=np.uint8)])
            quality = self.quality(desk, who, teams)
            found[who] = quality[0] - quality[1:]
        elif count <= EXACT:
            quality = self.quality(desk, who, all_rows(count))
            found[who] = of_worth(quality[:, None], weights(self.split, count))[:, 0]
        else:
            sampler: Sampler = Antithetic(count, 1) if self.split == "shapley" else MaximumSampleReuse(count, 1)
            draws = self.draws * 2 * (count + 1) // sampler.rows_per_draw
            teams = sampler.draw(draws, desk.draw("dividend", 0))
            sampler.take(teams, self.quality(desk, who, teams)[:, None])
            found[who] = sampler.result()[0][:, 0]
        return np.nan_to_num(found)

    def quality(self, desk: Desk, who: Ints, teams: Rows) -> Floats:
        """(R,) the monitor quality of the row served last with only some of its creators: (R, m) which of `who` (m,)."""
        stays = np.ones((len(teams), desk.setup.n_creators + 1), dtype=np.uint8)  # what is nobody's always stays
        stays[:, who] = teams
        return desk.expect(desk.row * stays[:, desk.setup.mover], self.look)


def weights(split: str, count: int) -> Floats:
    """(count,) the weight of a row by its size, in the Shapley or the Banzhaf value."""
    from scipy.special import comb

    if split == "banzhaf":
        return np.full(count, 0.5 ** (count - 1))
    return np.asarray(1 / (count * comb(count - 1, np.arange(count))))
