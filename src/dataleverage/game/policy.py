"""Policies: how an operator chooses its row, defends it, and responds to creators."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataleverage.grid.rows import Rows
from dataleverage.kinds import Kind
from dataleverage.world.world import Floats


class Selection(Kind, family="selection", package="dataleverage.game.policies.selection"):
    """Base of every way to choose a row of what is held, on monitor cells only."""

    @abstractmethod
    def select(self, holdings: Rows) -> Rows:
        """(B, n) holdings -> (B, n) rows within them."""


class Defence(Kind, family="defence", package="dataleverage.game.policies.defence"):
    """Base of every way to keep poison out of the row that was selected."""

    @abstractmethod
    def filter(self, rows: Rows) -> Rows:
        """(B, n) selected rows -> (B, n) rows to train on."""


@dataclass(frozen=True, eq=False)
class Books:
    """What an operator's response can go by.

    revenue : (B,). held : (B, N) bool, whose data it holds. examples : (B, N) training examples of each creator's that it
        holds.
    """

    revenue: Floats
    held: NDArray[np.bool_]
    examples: Floats


class Response(Kind, family="response", package="dataleverage.game.policies.response"):
    """Base of every way to answer creators."""

    @abstractmethod
    def pay(self, books: Books) -> Floats:
        """(B, N) what each creator is paid; nobody is paid less than nothing."""

    @property
    def reason(self) -> str:
        """What payments are called in the ledger."""
        return self.tag
