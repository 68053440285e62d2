"""Selection: which row of its holdings an operator trains on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from dataleverage.game.policy import Selection
from dataleverage.grid.rows import Rows

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk


class Everything(Selection):
    """Trains on everything it holds."""

    timeless: ClassVar[bool] = True

    kind: Literal["everything"] = "everything"

    def select(self, desk: Desk, holdings: Rows) -> Rows:
        return holdings
