"""Collectives: creators that act together, with calls, a demand and a fund."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from dataleverage.errors import GameError
from dataleverage.game.calls import NO_CALL, Calls, Follow, Meeting
from dataleverage.game.ledger import Payment
from dataleverage.game.levers import Choice, Menu
from dataleverage.game.payoffs import MOST
from dataleverage.game.policy import Agreement
from dataleverage.kinds import Many, Model, OneOf
from dataleverage.world.world import Floats, Mask


class Success(Model):
    """What a collective's call achieves, as those see it who may join: S of the share of the data that it controls.

    It is the quality that the operator's model loses if every member does what is called, beside every member contributing;
    or, where a column is named, the score on that, as of a planted signal (Hardt et al. 2023).
    """

    column: str | None = Field(None, description="An audit column whose score it is, instead of the loss of quality.")
    worth: float = Field(1.0, ge=0, le=MOST, description="Credits that a success of 1 is worth to a member.")
    free_riders: float = Field(0.0, ge=0, lt=1, description="The part of it that who is no member enjoys too (gamma).")


class Members(Model):
    """Who is in a collective: those who fit everything that is given; everyone unless something is."""

    creators: Many[str] | None = Field(None, description="Groups of creators, or creators by name.")
    slice: str | None = Field(None, description="Creators with at least one audit example in this slice.")
    community: int | None = Field(
        None, ge=0, description="The communities of the network are numbered by size from 0: this one."
    )
    value: float | None = Field(
        None, gt=0, le=1, description="The top so much of them by value: by what leaving one out of the full row costs."
    )
    fraction: float | None = Field(
        None, ge=0, le=1, description="Drawn at random until they own this share of all training examples (alpha)."
    )
    join: Literal["all", "participation"] = Field(
        "all",
        description="Whether they are all in it for good, or each joins in a round, or stays, iff it gains by it: iff what "
        "its success with it is worth, less what the lever called costs, is more than what it would enjoy as no member.",
    )
    success: Success | None = Field(
        None, description="What is gained, for `join: participation`: the loss of quality unless given."
    )
    founders: float = Field(
        0.0,
        ge=0,
        le=1,
        description="For `join: participation`: the share of all training examples whose owners are in it at first.",
    )

    @model_validator(mode="after")
    def _participation(self) -> Members:
        if self.join == "all" and (self.success is not None or self.founders):
            raise ValueError("`success` and `founders` are for `join: participation`")
        return self


class Demand(Model):
    """What a collective asks of an operator: one of these, for the members that contribute."""

    dividend: float | None = Field(None, gt=0, le=1, description="A share of the operator's revenue, split between them.")
    wage: float | None = Field(None, gt=0, le=MOST, description="Credits a round for each.")
    promise: float | None = Field(None, gt=0, le=MOST, description="Something that costs no money and is worth this to each.")
    free_riders: float = Field(0.0, ge=0, le=1, description="The part of a promise's worth that non-members enjoy too (gamma).")

    @model_validator(mode="after")
    def _one(self) -> Demand:
        if sum(each is not None for each in (self.dividend, self.wage, self.promise)) != 1:
            raise ValueError("a demand is one of `dividend`, `wage` and `promise`")
        return self

    def agreement(self, operator: int, collective: int, since: int) -> Agreement:
        """The agreement in which all of it is granted."""
        return Agreement(
            operator,
            collective,
            rate=self.dividend or 0.0,
            wage=self.wage or 0.0,
            promise=self.promise or 0.0,
            spill=self.free_riders,
            since=since,
        )


class Fund(Model):
    """A strike fund: members pay dues while they contribute, and are paid while they do what was called and do not.

    Where there is not enough for all of them, each gets the same part of it.
    """

    start: float = Field(0.0, ge=0, le=MOST, description="What is in it before the first round.")
    dues: float = Field(0.0, ge=0, le=MOST, description="What each member that contributes pays in a round.")
    strike_pay: float = Field(0.0, ge=0, le=MOST, description="What each member on strike gets, as long as there is enough.")


class Collective(Model):
    """A collective: its members, what it calls, and what it asks for."""

    name: str = Field(min_length=1, description="What it is called.")
    members: Members = Field(Members(), description="Who is in it.")
    calls: Annotated[Calls, OneOf("calls")] = Field(Follow(), description="What it asks its members to do.")
    operator: str | None = Field(None, description="The operator that it deals with; the first unless given.")
    demand: Demand | None = Field(None, description="What it asks of the operator.")
    fund: Fund = Field(Fund(), description="Its strike fund.")


@dataclass(eq=False)
class Union:
    """A collective in one play.

    position : which of the setup's collectives it is. operator : the one that it deals with. pool : (N,) bool, who may be a
    member; member : (N,) bool, who is one now. called : (N,) menu positions called this round, NO_CALL elsewhere.
    fund : credits. agreement : in force, or None. memory : of its calls. won : the round in which its demand was met first.
    """

    spec: Collective
    position: int
    operator: int
    pool: Mask
    member: Mask
    fund: float
    called: Choice
    agreement: Agreement | None = None
    won: int | None = None
    memory: dict[str, Any] = field(default_factory=dict)

    def call(self, meeting: Meeting, creators: int) -> None:
        """Call the members that it has. Raises GameError for calls that are no moves."""
        given, self.memory = self.asked(meeting)
        self.called = np.full(creators, NO_CALL, dtype=np.int64)
        self.called[meeting.members] = given

    def asked(self, meeting: Meeting) -> tuple[Choice, dict[str, Any]]:
        """(m,) what it would call those at a meeting to do, and what it would remember. Raises GameError as `call` does."""
        calls, memory = self.spec.calls.call(meeting)
        given = np.asarray(calls)
        if (
            given.shape != meeting.members.shape
            or given.dtype.kind not in "iu"
            or (len(given) and not NO_CALL <= given.min() <= given.max() < len(meeting.menu))
        ):
            raise GameError(
                f"the calls {self.spec.calls.tag} of {self.spec.name} answered round {meeting.round} with {calls!r}; expected "
                f"{len(meeting.members)} positions in a menu of {len(meeting.menu)} moves, or {NO_CALL}"
            )
        return given, memory

    def payments(self, menu: Menu, choice: Choice, revenue: Floats, creators: int, operators: int) -> list[Payment]:
        """What it and its operator pay its members, and they pay it, under (B, N) joint moves.

        revenue : (B, K) of the operators.
        """
        who = np.flatnonzero(self.member)
        if not len(who):
            return []
        found = []
        moves = choice[:, who]
        delivers = menu.contributes[moves, self.operator] & ~menu.acting[moves]
        fund = creators + operators + self.position
        if self.spec.fund.dues:
            found.append(Payment(who, fund, self.spec.fund.dues * delivers, "dues"))
        if self.spec.fund.strike_pay:
            called = self.called[who]
            striking = menu.acting[moves] & (moves == called) & (called != NO_CALL)
            wanted = self.spec.fund.strike_pay * striking.sum(axis=1, keepdims=True)
            have = self.fund + self.spec.fund.dues * delivers.sum(axis=1, keepdims=True)
            part = np.divide(np.minimum(have, wanted), wanted, out=np.ones_like(wanted), where=wanted > 0)
            found.append(Payment(fund, who, self.spec.fund.strike_pay * striking * part, "strike pay"))
        if self.agreement is not None:
            k = self.agreement.operator
            if self.agreement.rate:
                count = np.maximum(delivers.sum(axis=1, keepdims=True), 1)
                share = self.agreement.rate * revenue[:, [k]] / count
                found.append(Payment(creators + k, who, share * delivers, "bargain"))
            if self.agreement.wage:
                found.append(Payment(creators + k, who, self.agreement.wage * delivers, "bargain"))
        return found

    def enjoys(self, batch: int, creators: int) -> Floats | None:
        """(B, N) what a promise in force is worth to everyone, or None."""
        if self.agreement is None or not self.agreement.promise:
            return None
        worth = np.where(self.member, 1.0, self.agreement.spill) * self.agreement.promise
        return np.broadcast_to(worth, (batch, creators))


def granted(unions: Sequence[Union], creators: int) -> Mask:
    """(N,) who is a member of a collective that an operator has granted something."""
    found = np.zeros(creators, dtype=bool)
    for union in unions:
        if union.agreement is not None:
            found |= union.member
    return found
