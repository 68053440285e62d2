"""Settlements: what an operator grants a collective on strike, and how long it keeps to it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import GameError
from dataleverage.game.policy import Agreement, Answer, Bill, Books, Response

if TYPE_CHECKING:
    from dataleverage.game.collective import Demand, Union
    from dataleverage.game.desk import Desk
    from dataleverage.game.setup import GameSetup

TIE = 1e-9  # amounts this close are equal


@dataclass(frozen=True)
class Dispute:
    """What a round is worth with a strike going on, and without: what this round led to, and would have led to.

    operator, collective : payoffs (strike, peace) of the operator, and of the members and their fund together.
    revenue : of the operator in peace. contributing : members that deliver data to it in peace.
    """

    operator: tuple[float, float]
    collective: tuple[float, float]
    revenue: float
    contributing: int

    @property
    def surplus(self) -> float:
        """What peace is worth to both together, beyond the strike."""
        (strike, peace), (without, having) = self.operator, self.collective
        return peace - strike + having - without

    def price(self, demand: Demand) -> float:
        """What it costs the operator in a round to grant all that is demanded; a promise costs nothing."""
        return (demand.dividend or 0.0) * self.revenue + (demand.wage or 0.0) * self.contributing


class Settlement(Response):
    """Base of the responses that settle with collectives on strike: with a demand, members that act, and no agreement yet.

    An agreement holds from the round after it was made.
    """

    keep: int | None = Field(None, ge=1, description="Rounds after which it breaks an agreement; it keeps it unless given.")

    @property
    def agrees(self) -> bool:
        return True

    @abstractmethod
    def terms(self, dispute: Dispute, demand: Demand, full: Agreement) -> Agreement | None:
        """The agreement that it makes, `full` being the one that grants all, or None where it makes none."""

    def pay(self, desk: Desk, books: Books) -> Iterable[Bill]:
        return ()

    def answer(self, desk: Desk, books: Books) -> Answer:
        grants, breaks = [], []
        for union in desk.unions:
            if union.agreement is not None:
                if self.keep is not None and desk.round - union.agreement.since >= self.keep:
                    breaks.append(union.position)
            elif (demand := union.spec.demand) is not None and (dispute := dispute_with(desk, union)) is not None:
                terms = self.terms(dispute, demand, demand.agreement(desk.position, union.position, desk.round))
                if terms is not None:
                    grants.append(terms)
        return Answer(grants=tuple(grants), breaks=tuple(breaks))

    def settled(self, desk: Desk) -> bool:
        return self.keep is None or all(union.agreement is None for union in desk.unions)

    def check(self, setup: GameSetup, position: int) -> None:
        asked = [u for u, each in enumerate(setup.collectives) if each.demand is not None and setup.operator_of(u) == position]
        if not asked:
            raise GameError(
                f"no collective demands anything of {setup.operators[position].name}",
                remedy="Give a collective that deals with it a `demand`.",
            )


class Bargain(Settlement):
    """Settles at the Nash bargaining solution: both get what the strike leaves them, and split what peace adds (Nash 1950).

    The collective's payoff is p = d_c + β (v − d_c − d_o), with v what both have together in peace and d what each has while
    the strike goes on. Under alternating offers who proposes first has the share (1 − δ₂)/(1 − δ₁ δ₂) (Rubinstein 1982). It is
    paid as the demand is put, as a share of revenue or a wage, and never more than is demanded. A promise, which costs no
    money, is granted whole wherever peace is worth more than the strike.
    """

    kind: Literal["bargain"] = "bargain"
    protocol: Literal["nash", "rubinstein"] = Field("nash", description="What the collective's power follows from.")
    power: float = Field(0.5, ge=0, le=1, description="The collective's share of what there is to split (β), under nash.")
    first: Literal["collective", "operator"] = Field("collective", description="Who proposes first, under rubinstein.")
    collective_patience: float = Field(0.9, ge=0, lt=1, description="The collective's discount factor, under rubinstein.")
    operator_patience: float = Field(0.9, ge=0, lt=1, description="The operator's discount factor, under rubinstein.")

    @property
    def beta(self) -> float:
        """The collective's share of what there is to split."""
        if self.protocol == "nash":
            return self.power
        both = 1 - self.collective_patience * self.operator_patience
        if self.first == "collective":
            return (1 - self.operator_patience) / both
        return 1 - (1 - self.collective_patience) / both

    def terms(self, dispute: Dispute, demand: Demand, full: Agreement) -> Agreement | None:
        if dispute.surplus <= TIE:
            return None
        if demand.promise is not None:
            return full
        payoff = dispute.collective[0] + self.beta * dispute.surplus
        paid = min(payoff - dispute.collective[1], dispute.price(demand))
        if paid <= TIE:  # peace alone gives the collective as much
            return None
        part = paid / dispute.price(demand)
        return Agreement(full.operator, full.collective, rate=full.rate * part, wage=full.wage * part, since=full.since)


class Concede(Settlement):
    """Grants all that is demanded iff it expects to lose more by the strike going on than that costs it."""

    kind: Literal["concede"] = "concede"
    odds: float = Field(1.0, ge=0, le=1, description="The chance, as it sees it, that the strike goes on unless it gives in.")

    def terms(self, dispute: Dispute, demand: Demand, full: Agreement) -> Agreement | None:
        loss = self.odds * (dispute.operator[1] - dispute.operator[0])
        return full if loss > dispute.price(demand) + TIE else None


def dispute_with(desk: Desk, union: Union) -> Dispute | None:
    """What is at stake with a collective whose members act in the round that was played; None where none does."""
    menu = desk.setup.menu.at(desk.position)
    striking = union.member & menu.acting[desk.choice]
    if not striking.any():
        return None
    peace = np.where(striking, menu.stay, desk.choice)
    led = desk.play(np.stack([desk.choice, peace]))
    fund = desk.setup.n_creators + desk.setup.n_operators + union.position
    both = led.payoff[:, union.member].sum(axis=1) + led.transfers[:, fund]
    delivers = menu.contributes[peace, desk.position] & ~menu.acting[peace]
    return Dispute(
        operator=(float(led.operator_payoff[0, desk.position]), float(led.operator_payoff[1, desk.position])),
        collective=(float(both[0]), float(both[1])),
        revenue=float(led.revenue[1, desk.position]),
        contributing=int((union.member & delivers).sum()),
    )
