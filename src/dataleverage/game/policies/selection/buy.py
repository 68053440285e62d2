"""Buying: an operator that looks for the next object worth its price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import GameError
from dataleverage.game.policy import Look, Selection, check_monitor
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats, Mask

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk
    from dataleverage.game.setup import GameSetup


class Buy(Selection):
    """Trains on everything it holds, and buys the object whose expected gain beats its price by most.

    The gain is the revenue that the row with the object is expected to bring beyond the row without, at the users there are,
    each round from now on; the price is what its owner asks and what training on it costs.
    """

    kind: Literal["buy"] = "buy"
    horizon: int | None = Field(None, ge=1, description="Rounds of gain that it counts; those that are left unless given.")
    sure: float = Field(
        0.0, ge=0, le=10, description="Standard errors that it takes off the gain that it expects before it compares."
    )
    most: int | None = Field(1, ge=1, description="Objects that it buys in a round at the most; null for as many as pay.")
    look: Look = Field(
        "believe",
        description="Whether it predicts monitor quality from its board, for nothing, or trains and pays for the cells.",
    )

    def check(self, setup: GameSetup, position: int) -> None:
        check_monitor(setup, position, "buying")
        if setup.price is None:
            raise GameError("nothing has a price", remedy="Give a group of creators one (`creators.0.price`).")

    def select(self, desk: Desk, holdings: Rows) -> Rows:
        return holdings

    def buy(self, desk: Desk, offered: Mask) -> Mask:
        setup, wanted = desk.setup, np.zeros_like(offered)
        assert setup.price is not None
        rounds = self.horizon if self.horizon is not None else setup.rounds - desk.round + 1
        price = setup.price + setup.payoffs.train_cost * desk.sizes
        row = np.where(offered, np.uint8(0), desk.holdings)
        while self.most is None or wanted.sum() < self.most:
            open_to = np.flatnonzero(offered & ~wanted)
            if not len(open_to):
                break
            more = np.repeat(row[None], len(open_to), axis=0)
            more[np.arange(len(open_to)), open_to] = 1
            gain = self.gains(desk, row, more) * rounds - price[open_to]
            best = int(np.argmax(gain))
            if not gain[best] > 0:
                break
            wanted[open_to[best]] = True
            row = more[best]
        return wanted

    def gains(self, desk: Desk, row: Rows, more: Rows) -> Floats:
        """(m,) the revenue a round by which each of (m, n) rows is expected to beat a row (n,), less its standard errors.

        The two errors are taken as independent. Nothing is gained where nothing is known.
        """
        rows = np.concatenate([row[None], more])
        if self.look == "unveil":
            quality, error = desk.look(rows), np.zeros(len(rows))
        else:
            quality, error = desk.believe(rows)
        worth = np.maximum(quality, 0.0)  # revenue is never negative
        gain = worth[1:] - worth[0]
        if self.sure:
            gain = gain - self.sure * np.hypot(error[1:], error[0])
        return np.asarray(desk.revenue_of_quality * np.where(np.isfinite(gain), gain, -np.inf))
