"""Purchases: what a selection that somebody else wrote may answer, and what it is told where it may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dataleverage.errors import GameError
from dataleverage.game.model import LeverageGame
from dataleverage.game.policies.selection.everything import Everything

PRICE = np.array([0.0, 2.0, 3.0])


class Shopper(Everything):
    """Buys what it is told to in round 2, and the second object in round 1."""

    answers: Callable[[Any], Any]

    def buy(self, desk, offered):
        return np.array([False, True, False]) if desk.round == 1 else self.answers(offered)


def setup_of(make_setup, answers, **more):
    """A holds what is free; B and C have a price."""
    selection = Shopper.model_construct(kind="everything", answers=answers)
    made = make_setup(3, price=PRICE, rounds=3, operator={"name": "vendor", **more})
    object.__setattr__(made, "operators", (made.operators[0].model_copy(update={"selection": selection}),))
    return made


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (lambda offered: offered[:2], r"shape \(2,\) and type bool"),
        (lambda offered: offered[None], r"shape \(1, 3\)"),
        (lambda offered: True, r"shape \(\) and type bool"),
        (lambda offered: None, "type object"),
        (lambda offered: offered.astype(int), "type int64"),
        (lambda offered: np.where(offered, np.nan, 0.0), "type float64"),
        (lambda offered: ["no", "no", "yes"], "type <U3"),
        (lambda offered: np.array([False, True, False]), "the purchase of B; expected objects that are offered"),
        (lambda offered: np.ones(3, bool), "the purchase of A"),
    ],
    ids=["short", "deep", "one", "none", "counts", "nan", "words", "held already", "free"],
)
def test_nonsense_is_told_with_policy_and_round(make_setup, answers, says):
    with pytest.raises(GameError, match=says) as caught:
        LeverageGame(setup_of(make_setup, answers)).play()
    assert "the selection everything of vendor answered round 2 with" in caught.value.message
    assert caught.value.place.key == "operators.0.selection"


def test_what_is_bought_is_paid_for_once_and_held(make_setup):
    record = LeverageGame(setup_of(make_setup, lambda offered: offered)).play()
    assert record.rounds.holdings.tolist() == ["A", "AB", "ABC", "ABC"]
    paid = record.transfers
    assert paid["round"].tolist() == [1, 2] and paid.payee.tolist() == ["B", "C"] and paid.amount.tolist() == [2.0, 3.0]
