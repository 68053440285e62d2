"""Purchases: objects that have a price, and operators that pay it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dataleverage.game.answers import checked_purchase
from dataleverage.game.desk import Desk
from dataleverage.game.ledger import Payment
from dataleverage.game.levers import Choice
from dataleverage.game.setup import GameSetup
from dataleverage.world.world import Floats, Mask

NO_OWNER = -1  # who is paid for public objects: nobody who plays


def buy(
    setup: GameSetup, desks: Sequence[Desk], bought: Mask | None, choice: Choice, round: int
) -> tuple[Mask | None, list[Payment]]:
    """Let every operator buy of what is offered to it: objects that exist and whose owner delivers them there.

    bought : (K, n) what each has, or None where nothing has a price. choice : (N,). Returns what each has afterwards, and what
    is paid to owners. Raises GameError for a selection that answers anything but a yes or no an object, or yes to one that is
    not offered.
    """
    if setup.price is None or bought is None:
        return bought, []
    moves = np.append(choice, len(setup.menu))[setup.mover]
    offered = (setup.transitions[:, :, 0][:, moves] > 0) & ~bought
    if setup.arrival is not None:
        offered &= setup.arrival <= round
    after, paid = bought.copy(), []
    for k, desk in enumerate(desks):
        desk.paying = True
        wanted = checked_purchase(desk, desk.operator.selection.buy(desk, offered[k]), offered[k])
        desk.paying = False
        after[k] |= wanted
        for j in np.flatnonzero(wanted).tolist():
            owner = int(setup.owner_of[j])
            payee = owner if owner >= 0 else NO_OWNER
            paid.append(Payment(setup.n_creators + k, payee, np.array([[setup.price[j]]]), "price"))
    return after, paid


def priced(payments: Sequence[Payment], setup: GameSetup) -> tuple[Floats, Floats]:
    """(N,) what creators get for objects, and (K,) what operators pay for them, negative."""
    creators, operators = np.zeros(setup.n_creators), np.zeros(setup.n_operators)
    for payment in payments:
        assert isinstance(payment.payer, int) and isinstance(payment.payee, int)
        amount = float(payment.amount[0, 0])
        operators[payment.payer - setup.n_creators] -= amount
        if payment.payee != NO_OWNER:
            creators[payment.payee] += amount
    return creators, operators
