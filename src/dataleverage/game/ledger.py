"""The ledger: who pays whom, how much, and for what. Whatever is in it sums to nothing over all players."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataleverage.world.world import Floats

Players = int | NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Payment:
    """Payments of one kind, for B joint moves at once.

    payer, payee : a player's number, or (M,) numbers: creators are 0 … N−1, then come operators, then the funds of
        collectives. amount : (B, M), none negative.
    """

    payer: Players
    payee: Players
    amount: Floats
    reason: str


def nets(payments: Iterable[Payment], batch: int, players: int) -> Floats:
    """(B, players): what each player gets less what it pays."""
    net = np.zeros((batch, players))
    for payment in payments:
        for who, sign in ((payment.payee, 1.0), (payment.payer, -1.0)):
            if isinstance(who, np.ndarray):
                net[:, who] += sign * payment.amount  # nobody is listed twice in one payment
            else:
                net[:, who] += sign * payment.amount.sum(axis=1)
    return net


def incomings(payments: Sequence[Payment], batch: int, players: int) -> Floats:
    """(B, players): what each player gets, before what it pays."""
    got = np.zeros((batch, players))
    for payment in payments:
        if isinstance(payment.payee, np.ndarray):
            got[:, payment.payee] += payment.amount
        else:
            got[:, payment.payee] += payment.amount.sum(axis=1)
    return got
