"""Policies: how an operator chooses its row, defends it, and responds to creators."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dataleverage.errors import GameError
from dataleverage.grid.rows import Rows
from dataleverage.kinds import Kind
from dataleverage.world.world import Floats, Mask

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk
    from dataleverage.game.setup import GameSetup

Remembered = dict[str, Any]  # what a policy carries from round to round: numbers and arrays
TOGETHER = 2**24  # states of objects, in rows, that a policy asks for together: 16 MB
Look = Literal["believe", "unveil"]  # predict monitor quality from the board, for nothing; or train, and pay for the cells


class Selection(Kind, family="selection", package="dataleverage.game.policies.selection"):
    """Base of every way to choose a row of what is held, on monitor cells only.

    timeless : whether its answer depends on the holdings alone; then rounds in which nothing moves need not ask again.
    """

    timeless: ClassVar[bool] = False

    @abstractmethod
    def select(self, desk: Desk, holdings: Rows) -> Rows:
        """(B, n) what may be trained on -> (B, n) rows within it, each as if the operator held that."""

    def buy(self, desk: Desk, offered: Mask) -> Mask:
        """(n,) the objects to buy of those `offered` (n,) for a price, before this round's row is chosen; none unless said."""
        return np.zeros_like(offered)

    def check(self, setup: GameSetup, position: int) -> None:
        """Raise GameError where an operator at this position cannot choose so in this game."""


class Defence(Kind, family="defence", package="dataleverage.game.policies.defence"):
    """Base of every way to keep poison out of the row that was selected.

    timeless : whether its answer depends on the rows alone. detects : whether it looks for poison at all, so that what it found
    can be held against what was there.
    """

    timeless: ClassVar[bool] = False
    detects: ClassVar[bool] = True

    cost: float = Field(0.0, ge=0, le=1e9, description="Credits that it takes to run, each round.")

    @abstractmethod
    def filter(self, desk: Desk, rows: Rows) -> Rows:
        """(B, n) selected rows -> (B, n) rows to train on: an object that is flagged is absent."""

    def suspicion(self, desk: Desk, rows: Rows) -> Floats | None:
        """(B, n) selected rows -> (B, n) how suspect it finds each object of them, the more the worse; None where it goes by no
        such number. Asked of rounds that are played, for the ROC curve of the defence; nothing else depends on it."""
        return None

    def weigh(self, desk: Desk, rows: Rows) -> Floats | None:
        """(B, n) rows to train on -> (B, n) weights of their objects from 0 to 1, or None where all count in full."""
        return None

    def publish(self, desk: Desk, scores: Floats) -> Floats:
        """(B, C) scores of the trained model -> (B, C) scores of the model that is released."""
        return scores

    def check(self, setup: GameSetup, position: int) -> None:
        """Raise GameError where an operator at this position cannot defend itself so in this game."""


@dataclass(frozen=True, eq=False)
class Books:
    """What an operator's response can go by.

    revenue : (B,). held : (B, N) bool, whose data it holds. examples : (B, N) training examples of each creator's that it
        holds. contributing : (B, N) bool, who delivers data to it this round. flagged : (B, N) bool, of whose data its
        defence threw something away. quality : (B,) on the weighted columns of what it serves.
    """

    revenue: Floats
    held: Mask
    examples: Floats
    contributing: Mask
    flagged: Mask
    quality: Floats


@dataclass(frozen=True, eq=False)
class Bill:
    """What an operator pays each creator, and takes from it: (B, N) amounts, none negative, with a reason for the ledger."""

    reason: str
    amount: Floats
    fine: bool = False


@dataclass(frozen=True)
class Agreement:
    """What an operator has granted a collective, from the round after it did.

    operator, collective : positions. kind : what it is. rate : a share of revenue that its contributing members get between
    them. wage : what each of them gets a round. promise : what it is worth to each of them without costing money; non-members
    get `spill` of that. since : the round in which it was granted.
    """

    operator: int
    collective: int
    rate: float = 0.0
    wage: float = 0.0
    promise: float = 0.0
    spill: float = 0.0
    since: int = 0


@dataclass(frozen=True, eq=False)
class Answer:
    """What an operator does about its creators after a round, from the next one on.

    grants : agreements that it makes. breaks : positions of the collectives whose agreements it ends.
    bans : (N,) the last round in which it takes no data of each creator's; 0 for none.
    """

    grants: tuple[Agreement, ...] = ()
    breaks: tuple[int, ...] = ()
    bans: NDArray[np.int64] | None = None
    memory: Remembered = field(default_factory=dict)


class Response(Kind, family="response", package="dataleverage.game.policies.response"):
    """Base of every way to answer creators."""

    @property
    def agrees(self) -> bool:
        """Whether it may make agreements with collectives; one that does not say so may not."""
        return False

    @property
    def timeless(self) -> bool:
        """Whether its answer depends on the books alone, and it never answers anything for later rounds."""
        return False

    @abstractmethod
    def pay(self, desk: Desk, books: Books) -> Iterable[Bill]:
        """What is paid to and taken from creators this round."""

    def release(self, desk: Desk, held: Rows, rows: Rows, scores: Floats) -> tuple[Rows, Floats]:
        """(B, n) rows trained on, of what is `held`, and (B, C) their scores -> the model that is served: these, or a model
        that was served before (`desk.served`)."""
        return rows, scores

    def answer(self, desk: Desk, books: Books) -> Answer | None:
        """What changes from the next round on; called once a round that is played, with books of one line."""
        return None

    def settled(self, desk: Desk) -> bool:
        """Whether nothing but creators' moves can change what it does from here on."""
        return True

    def warnings(self, desk: Desk) -> Iterable[str]:
        """What the reader of a record must know of what it did."""
        return ()

    def check(self, setup: GameSetup, position: int) -> None:
        """Raise GameError where an operator at this position cannot answer so in this game."""


def check_monitor(setup: GameSetup, position: int, what: str) -> None:
    """Raise GameError where an operator looks at no monitor column that quality can be read from."""
    if not np.isfinite(setup.quality.scale[setup.looks_at(position)]).any():
        raise GameError(
            f"{what} goes by monitor quality, and {setup.operators[position].name} looks at no monitor cells",
            remedy="Set aside a monitor part (`data.holdout.monitor`), and let the operator look at it (`monitors`).",
        )
