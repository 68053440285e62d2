"""Calls: what a collective asks its members to do."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from dataleverage.game.levers import ANY, Choice, Lever, Menu, MoveSpec
from dataleverage.game.policy import Agreement
from dataleverage.kinds import Kind, Many
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Ints

NO_CALL = -1  # a member that is asked for nothing
EMPTY = 1e-9  # credits: a fund with no more is empty
LADDER: tuple[Lever, ...] = ("withhold", "delete", "redirect", "poison")


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


class Fixed(Calls):
    """Calls a move from one round to another, whatever happens."""

    kind: Literal["fixed"] = "fixed"
    move: MoveSpec | None = Field(None, description="The move; delete unless given, or withhold without the right to it.")
    first: int = Field(1, ge=1, description="The first round in which it is called.")
    last: int | None = Field(None, ge=1, description="The last one; the game's unless given.")

    @model_validator(mode="after")
    def _in_order(self) -> Fixed:
        if self.last is not None and self.last < self.first:
            raise ValueError(f"the last round, {self.last}, is before the first, {self.first}")
        return self

    def call(self, meeting: Meeting) -> tuple[Choice, dict[str, Any]]:
        calls = self.first <= meeting.round and (self.last is None or meeting.round <= self.last)
        return meeting.all(called_for(self.move, meeting.menu) if calls else NO_CALL), meeting.memory

    def settled(self, meeting: Meeting) -> bool:
        return meeting.round >= self.first if self.last is None else meeting.round > self.last

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        if self.move is not None:
            yield "move", self.move


class Strike(Calls):
    """Calls a move until the collective's demand is granted, and again when that is broken."""

    kind: Literal["strike"] = "strike"
    move: MoveSpec | None = Field(None, description="The move; delete unless given, or withhold without the right to it.")
    first: int = Field(1, ge=1, description="The first round in which it is called.")
    while_fund: bool = Field(False, description="The strike ends for good once the fund is empty.")

    def call(self, meeting: Meeting) -> tuple[Choice, dict[str, Any]]:
        over = meeting.memory.get("over", False) or (self.while_fund and meeting.round >= self.first and meeting.fund <= EMPTY)
        calls = meeting.round >= self.first and meeting.agreement is None and not over
        memory = {"over": over, "fund": meeting.fund}
        return meeting.all(called_for(self.move, meeting.menu) if calls else NO_CALL), memory

    def settled(self, meeting: Meeting) -> bool:
        stands = not self.while_fund or meeting.memory.get("over", False) or meeting.memory.get("fund") == meeting.fund
        return meeting.round >= self.first and stands

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        if self.move is not None:
            yield "move", self.move


class Escalate(Calls):
    """Calls one move after the other, a step every few rounds, until the demand is granted; from the first one if it is broken.

    Unless moves are given they are withhold, delete, redirect and poison, as far as the game has them; where it has several
    ways to redirect or poison, the first of them.
    """

    kind: Literal["escalate"] = "escalate"
    moves: Many[MoveSpec] | None = Field(None, min_length=1, description="The moves, from the mildest; the last one stays.")
    every: int = Field(3, ge=1, description="Rounds between one step and the next.")
    first: int = Field(1, ge=1, description="The first round in which anything is called.")

    def call(self, meeting: Meeting) -> tuple[Choice, dict[str, Any]]:
        if meeting.round < self.first or meeting.agreement is not None:
            return meeting.all(NO_CALL), {}
        since = meeting.memory.get("since", meeting.round)
        steps = self.steps(meeting.menu)
        return meeting.all(steps[min((meeting.round - since) // self.every, len(steps) - 1)]), {"since": since}

    def steps(self, menu: Menu) -> list[int]:
        """The menu positions of the moves, in turn."""
        if self.moves is not None:
            return [menu.position(move) for move in self.moves]
        found = []
        for lever in LADDER:
            here = [
                i
                for i, move in enumerate(menu.moves)
                if move.lever == lever and move.use == ANY and not move.share and (lever == "withhold" or move.at == menu.home)
            ]
            found += here[:1]
        return found

    def settled(self, meeting: Meeting) -> bool:
        if meeting.agreement is not None:
            return True
        since = meeting.memory.get("since")
        return since is not None and meeting.round - since >= self.every * (len(self.steps(meeting.menu)) - 1)

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        for i, move in enumerate(self.moves or ()):
            yield f"moves.{i}", move


class Rotate(Calls):
    """Calls a share of the members to act, who take turns, until the demand is granted (a rolling strike)."""

    kind: Literal["rotate"] = "rotate"
    move: MoveSpec | None = Field(None, description="The move; delete unless given, or withhold without the right to it.")
    share: float = Field(0.25, gt=0, le=1, description="The share of the members that is called at a time; one at the least.")
    every: int = Field(1, ge=1, description="Rounds of a turn.")
    first: int = Field(1, ge=1, description="The first round in which anyone is called.")

    def call(self, meeting: Meeting) -> tuple[Choice, dict[str, Any]]:
        called, count = meeting.all(NO_CALL), len(meeting.members)
        if count and meeting.round >= self.first and meeting.agreement is None:
            at_a_time = max(1, round(self.share * count))
            turn = (meeting.round - self.first) // self.every
            called[(np.arange(count) - turn * at_a_time) % count < at_a_time] = called_for(self.move, meeting.menu)
        return called, meeting.memory

    def settled(self, meeting: Meeting) -> bool:
        return meeting.round >= self.first and (self.every == 1 or meeting.agreement is not None)

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        if self.move is not None:
            yield "move", self.move


def called_for(move: MoveSpec | None, menu: Menu) -> int:
    """The position of a move, or of a strike where none is given."""
    return menu.strike if move is None else menu.position(move)
