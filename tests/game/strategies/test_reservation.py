from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.reservation import Reservation

UNION = {"name": "union", "demand": {"wage": 0.5}}


def test_it_strikes_until_it_is_paid_what_it_asks(make_setup, fickle, levers):
    """A wage of 0.5 granted after round 2 and taken away after round 5 is enough for one and not for the other."""
    operator = {"response": fickle(grants=(2,), breaks=(5,))}
    groups = [(1, Reservation(amount=0.5)), (1, Reservation(amount=0.6)), (1, Reservation(amount=0.0))]
    setup = make_setup(3, groups, operator=operator, collectives=[UNION], rounds=8)
    assert levers(setup) == ["dd----dd", "dd-ddddd", "--------"]


def test_dividends_of_what_is_still_held_end_a_strike_that_only_withholds(make_setup, levers):
    """Each of two gets a quarter of a revenue of 4 as long as its data is held, from round 1 on."""
    operator = {"response": {"kind": "dividend", "rate": 0.5}}
    rest = {"operator": operator, "payoffs": {"revenue": 4.0}, "rights": {"deletion": False}, "rounds": 4}
    assert levers(make_setup(2, Reservation(amount=1.0), **rest)) == ["w---"] * 2
    assert levers(make_setup(2, Reservation(amount=1.01), **rest)) == ["wwww"] * 2


def test_who_deletes_is_paid_nothing_and_only_finds_out_by_a_probe(make_setup, levers):
    operator = {"response": {"kind": "dividend", "rate": 0.5}}
    rest = {"operator": operator, "payoffs": {"revenue": 4.0}, "rounds": 7}
    assert levers(make_setup(2, Reservation(amount=1.0), **rest)) == ["ddddddd"] * 2
    assert levers(make_setup(2, Reservation(amount=1.0, probe=3), **rest)) == ["dd-----"] * 2
    assert levers(make_setup(2, Reservation(amount=9.0, probe=3), **rest)) == ["dd-dd-d"] * 2


@pytest.mark.parametrize("value", ["leave_one_out", "shapley", "banzhaf"])
def test_its_share_of_what_was_earned_by_value(make_setup, value):
    """Worth 0.6 and 0.4 of a revenue of 10; a dividend of all of it in equal parts is 5 each: enough for one."""
    weight = np.array([0.6, 0.4])
    setup = make_setup(
        2,
        Reservation(value=value),
        lambda rows: rows @ weight,
        operator={"response": {"kind": "dividend", "rate": 1.0}},
        payoffs={"revenue": 10.0},
        rights={"deletion": False},
        rounds=3,
    )
    moves = LeverageGame(setup).play().moves
    assert moves.lever.tolist() == ["withhold", "withhold", "withhold", "contribute", "withhold", "contribute"]
    assert moves.saw.tolist() == pytest.approx([0, 0, 5, 5, 5, 5])


@pytest.mark.parametrize("wrong", [{"amount": -1.0}, {"probe": 1}, {"value": "core"}])
def test_what_it_cannot_be(wrong):
    with pytest.raises(ValidationError):
        Reservation.model_validate(wrong)
