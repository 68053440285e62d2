"""Defence: how an operator keeps poison out."""

from __future__ import annotations

from typing import Literal

from dataleverage.game.policy import Defence
from dataleverage.grid.rows import Rows


class NoDefence(Defence):
    """Does not look."""

    kind: Literal["none"] = "none"

    def filter(self, rows: Rows) -> Rows:
        return rows
