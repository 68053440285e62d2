"""Response: what an operator does about its creators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from dataleverage.game.policy import Bill, Books, Response

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk


class Ignore(Response):
    """Pays nobody."""

    timeless: ClassVar[bool] = True

    kind: Literal["ignore"] = "ignore"

    def pay(self, desk: Desk, books: Books) -> Iterable[Bill]:
        return ()


class Dividend(Response):
    """Pays a share of its revenue to the creators whose data it holds (data dividends; Vincent, Li, Zha & Hecht 2019)."""

    timeless: ClassVar[bool] = True

    kind: Literal["dividend"] = "dividend"
    rate: float = Field(0.1, ge=0, le=1, description="Share of revenue that is paid out.")
    split: Literal["equally", "size"] = Field("equally", description="In equal parts, or by training examples held.")

    def pay(self, desk: Desk, books: Books) -> Iterable[Bill]:
        part = books.held.astype(np.float64) if self.split == "equally" else books.examples
        total = part.sum(axis=1, keepdims=True)
        share = np.divide(part, total, out=np.zeros_like(part), where=total > 0)
        yield Bill("dividend", self.rate * books.revenue[:, None] * share)
