"""Leave one out: objects are judged by what they do to monitor quality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from dataleverage.game.policy import Defence, Look, check_monitor
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk
    from dataleverage.game.setup import GameSetup

TIE = 1e-9  # qualities this close are equal


class LeaveOneOut(Defence):
    """Throws out the objects without which the row would do better on monitor examples (RONI; Nelson et al. 2008).

    Each is judged beside all others of the row, and those that are found harmful go together.
    """

    kind: Literal["leave_one_out"] = "leave_one_out"
    margin: float = Field(0.0, ge=0, le=10, description="Quality that must be gained without an object before it is out.")
    look: Look = Field(
        "unveil",
        description="Whether it trains, and pays for the monitor cells, or predicts them from its board for nothing.",
    )

    def filter(self, desk: Desk, rows: Rows) -> Rows:
        harmful = desk.values(rows, self.look) < -self.margin - TIE
        return np.where(harmful, np.uint8(0), rows) if harmful.any() else rows

    def suspicion(self, desk: Desk, rows: Rows) -> Floats:
        return -desk.values(rows, self.look)

    def check(self, setup: GameSetup, position: int) -> None:
        check_monitor(setup, position, "leave_one_out")
