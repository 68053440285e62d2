"""Ignoring: an operator that does nothing about its creators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from dataleverage.game.policy import Bill, Books, Response

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk


class Ignore(Response):
    """Pays nobody."""

    kind: Literal["ignore"] = "ignore"

    @property
    def timeless(self) -> bool:
        return True

    def pay(self, desk: Desk, books: Books) -> Iterable[Bill]:
        return ()
