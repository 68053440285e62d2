"""Calls: what a collective asks its members to do."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from dataleverage.game.levers import Choice, Menu, MoveSpec
from dataleverage.game.policy import Agreement
from dataleverage.kinds import Kind
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Ints

NO_CALL = -1  # a member that is asked for nothing


@dataclass(frozen=True, eq=False)
class Meeting:
    """What a collective goes by when it calls: what it saw last round.

    round : the round it calls for. members : (m,) positions of its members. menu : the moves there are, at the operator that
    the collective deals with. move : (N,) everyone's last move. quality : what that operator's model was worth on the weighted
    audit columns, as published. payoff : (N,) of last round.
    fund : what is in its fund. agreement : what the operator has granted it, or None. won : the round in which that was.
    memory : what it remembers from call to call.
    """

    round: int
    members: Ints
    menu: Menu
    move: Choice
    quality: float
    payoff: Floats
    fund: float
    agreement: Agreement | None
    memory: dict[str, Any]
    streams: Streams
    name: str

    def draw(self, what: str) -> np.random.Generator:
        """A generator for this collective and round."""
        return self.streams.at(f"collectives/{self.name}/{what}", self.round)

    def all(self, position: int) -> Choice:
        """(m,) the same call to everyone."""
        return np.full(len(self.members), position, dtype=np.int64)


class Calls(Kind, family="calls", package="dataleverage.game.calls"):
    """Base of every way to call."""

    @abstractmethod
    def call(self, meeting: Meeting) -> tuple[Choice, dict[str, Any]]:
        """(m,) menu positions, NO_CALL where a member is asked for nothing, and what the collective remembers."""

    def settled(self, meeting: Meeting) -> bool:
        """Whether nothing but others' moves can change its calls after this."""
        return True

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        """The moves that it names, each with its key in the scenario."""
        return ()


class Follow(Calls):
    """Calls nothing: members do as they see fit."""

    kind: Literal["follow"] = "follow"

    def call(self, meeting: Meeting) -> tuple[Choice, dict[str, Any]]:
        return meeting.all(NO_CALL), meeting.memory
