"""Selection: which row of its holdings an operator trains on."""

from __future__ import annotations

from typing import Literal

from dataleverage.game.policy import Selection
from dataleverage.grid.rows import Rows


class Everything(Selection):
    """Trains on everything it holds."""

    kind: Literal["everything"] = "everything"

    def select(self, holdings: Rows) -> Rows:
        return holdings
