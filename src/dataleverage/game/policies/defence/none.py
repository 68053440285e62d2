"""Defence: how an operator keeps poison out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from dataleverage.game.policy import Defence
from dataleverage.grid.rows import Rows

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk


class NoDefence(Defence):
    """Does not look."""

    timeless: ClassVar[bool] = True
    detects: ClassVar[bool] = False

    kind: Literal["none"] = "none"

    def filter(self, desk: Desk, rows: Rows) -> Rows:
        return rows
