"""Budgets: an operator that trains on no more than so many examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, model_validator

from dataleverage.game.policy import TOGETHER, Look, Selection, check_monitor
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats, Ints, Mask

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk
    from dataleverage.game.setup import GameSetup

TIE = 1e-9  # qualities this close are equal


class Budget(Selection):
    """Takes objects one after the other, each that still fits, until the budget of examples is used up.

    By size the largest come first; at random the order is drawn once a play; by value that order is by what leaving an object
    out of the holdings costs in monitor quality, and what harms stays out. By greedy gain the next object is the one that adds
    most monitor quality an example to those taken so far (Leskovec et al. 2007), and of all rows on the way the best is taken.
    Ties go to the larger object, then to the first.
    """

    kind: Literal["budget"] = "budget"
    examples: int | None = Field(None, ge=0, description="The most examples that it trains on.")
    share: float | None = Field(None, ge=0, le=1, description="The same as a share of the examples that it holds.")
    by: Literal["size", "random", "value", "gain"] = Field("size", description="In which order it takes them.")
    look: Look = Field(
        "believe",
        description="Whether it predicts monitor quality from its board, for nothing, or trains and pays for the cells.",
    )

    @model_validator(mode="after")
    def _one(self) -> Budget:
        if (self.examples is None) == (self.share is None):
            raise ValueError("a budget is one of `examples` and `share`")
        return self

    def check(self, setup: GameSetup, position: int) -> None:
        if self.by in ("value", "gain"):
            check_monitor(setup, position, f"a budget by {self.by}")

    def select(self, desk: Desk, holdings: Rows) -> Rows:
        sizes = desk.sizes
        limit = self.most(holdings, sizes)
        if self.by == "gain":
            step = max(1, TOGETHER // holdings.shape[1] ** 2)
            parts = range(0, len(holdings), step)
            return np.concatenate([self._by_gain(desk, holdings[at : at + step], limit[at : at + step]) for at in parts])
        worth = self._worth(desk, holdings)
        order = np.lexsort((np.broadcast_to(-sizes, holdings.shape), -worth), axis=1)
        return taken(holdings & np.where(worth < -TIE, np.uint8(0), np.uint8(255)), order, sizes, limit)

    def most(self, holdings: Rows, sizes: Ints) -> Floats:
        """(B,) the examples that may be taken of (B, n) holdings."""
        if self.examples is not None:
            return np.full(len(holdings), float(self.examples))
        assert self.share is not None
        return np.asarray(self.share * ((holdings > 0) @ sizes) + TIE)  # a share of examples may be a whole number

    def _worth(self, desk: Desk, holdings: Rows) -> Floats:
        """(B, n): what comes first has more."""
        if self.by == "size":
            return np.zeros(holdings.shape)
        if self.by == "random":
            return np.broadcast_to(desk.draw("budget", 0).random(holdings.shape[1]), holdings.shape)
        return np.round(desk.values(holdings, self.look), 9)  # so that ties within rounding are ties

    def _by_gain(self, desk: Desk, holdings: Rows, limit: Floats) -> Rows:
        """(B, n): the best of the rows that greedy gain passes through."""
        sizes = desk.sizes
        row = np.zeros_like(holdings)
        quality = np.nan_to_num(desk.expect(row, self.look))
        best, best_quality = row.copy(), quality.copy()
        used = np.zeros(len(holdings))
        while True:
            open_to = (holdings > 0) & (row == 0) & (used[:, None] + sizes <= limit[:, None])
            lines = np.flatnonzero(open_to.any(axis=1))
            if not len(lines):
                return best
            at, j = np.nonzero(open_to[lines])
            tried = row[lines][at]
            tried[np.arange(len(at)), j] = holdings[lines[at], j]
            reached = np.full((len(lines), holdings.shape[1]), -np.inf)
            reached[at, j] = np.nan_to_num(desk.expect(tried, self.look))
            gain = np.round((reached - quality[lines, None]) / np.maximum(sizes, 1), 12)
            take = np.lexsort((np.broadcast_to(-sizes, gain.shape), -gain), axis=1)[:, 0]
            row[lines, take] = holdings[lines, take]
            used[lines] += sizes[take]
            quality[lines] = reached[np.arange(len(lines)), take]
            better = lines[quality[lines] >= best_quality[lines] - TIE]
            best[better] = row[better]
            best_quality[better] = np.maximum(quality[better], best_quality[better])


def taken(rows: Rows, order: Ints, sizes: Ints, limit: Floats) -> Rows:
    """(B, n) rows with the objects taken in order (B, n), each that still fits in (B,) examples."""
    if len(rows) and (sizes == sizes[0]).all() and sizes[0]:  # then the first so many of those present fit
        present = np.take_along_axis(rows > 0, order, axis=1)
        fits = present & (np.cumsum(present, axis=1) <= np.floor(limit / sizes[0])[:, None])
    else:
        fits, used = np.zeros(rows.shape, dtype=bool), np.zeros(len(rows))
        for place in range(rows.shape[1]):
            j = order[:, place]
            fits[:, place] = (rows[np.arange(len(rows)), j] > 0) & (used + sizes[j] <= limit)
            used += sizes[j] * fits[:, place]
    kept: Mask = np.zeros(rows.shape, dtype=bool)
    np.put_along_axis(kept, order, fits, axis=1)
    return np.where(kept, rows, np.uint8(0))
