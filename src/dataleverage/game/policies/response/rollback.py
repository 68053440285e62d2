"""Rolling back: an operator that serves an earlier model where the new one is worse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from dataleverage.game.policy import Bill, Books, Response, check_monitor
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk
    from dataleverage.game.setup import GameSetup

TIE = 1e-9  # qualities this close are equal


class Rollback(Response):
    """Serves the best model that it ever served where the new one's monitor quality is lower by more than a tolerance.

    Deleting data does not delete a model; where it does (`rights.model_deletion`) only models of what is still held come back.
    Of equally good ones the latest does.
    """

    kind: Literal["rollback"] = "rollback"
    tolerance: float = Field(0.0, ge=0, le=10, description="Quality that a new model may lack before it is not served.")

    def pay(self, desk: Desk, books: Books) -> Iterable[Bill]:
        return ()

    def release(self, desk: Desk, held: Rows, rows: Rows, scores: Floats) -> tuple[Rows, Floats]:
        new = desk.see(rows, scores)
        if not desk.served:
            return rows, scores
        earlier, earned = (np.array(each) for each in zip(*reversed(desk.served), strict=True))
        quality = np.broadcast_to(np.round(desk.quality(earned), 9), (len(rows), len(earlier))).copy()
        if desk.setup.rights.model_deletion:
            quality[((held == 0).astype(np.int64) @ (earlier > 0).T) > 0] = -np.inf
        best = quality.argmax(axis=1)
        back = quality[np.arange(len(rows)), best] > new + self.tolerance + TIE
        if not back.any():
            return rows, scores
        return np.where(back[:, None], earlier[best], rows), np.where(back[:, None], earned[best], scores)

    def check(self, setup: GameSetup, position: int) -> None:
        check_monitor(setup, position, "rolling back")
