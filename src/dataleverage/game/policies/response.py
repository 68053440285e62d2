"""Response: what an operator does about its creators."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.game.policy import Books, Response
from dataleverage.world.world import Floats


class Ignore(Response):
    """Pays nobody."""

    kind: Literal["ignore"] = "ignore"

    def pay(self, books: Books) -> Floats:
        return np.zeros(books.held.shape)


class Dividend(Response):
    """Pays a share of its revenue to the creators whose data it holds (data dividends; Vincent, Li, Zha & Hecht 2019)."""

    kind: Literal["dividend"] = "dividend"
    rate: float = Field(0.1, ge=0, le=1, description="Share of revenue that is paid out.")
    split: Literal["equally", "size"] = Field("equally", description="In equal parts, or by training examples held.")

    def pay(self, books: Books) -> Floats:
        part = books.held.astype(np.float64) if self.split == "equally" else books.examples
        total = part.sum(axis=1, keepdims=True)
        share = np.divide(part, total, out=np.zeros_like(part), where=total > 0)
        paid: Floats = self.rate * books.revenue[:, None] * share
        return paid
