from __future__ import annotations

import pytest
from pydantic import ValidationError

from dataleverage.errors import DataleverageError
from dataleverage.game.levers import MoveSpec
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.conditional import Conditional

UNION = {"name": "union", "demand": {"wage": 0.5}}


@pytest.mark.parametrize(
    ("k", "breaks", "played"),
    [
        (1, (), "--------"),
        (1, (3,), "---d----"),
        (3, (3,), "---ddd--"),
        (3, (3, 4), "---dddd-"),
        (2, (2, 6), "--dd--dd"),
        (None, (4,), "----dddd"),
    ],
)
def test_it_strikes_after_a_breach(make_setup, fickle, levers, k, breaks, played):
    operator = {"response": fickle(grants=(1, 2, 3, 5), breaks=breaks)}
    setup = make_setup(2, Conditional(k=k), operator=operator, collectives=[UNION], rounds=8)
    assert levers(setup) == [played] * 2


def test_only_members_are_party_to_the_bargain(make_setup, fickle, levers):
    operator = {"response": fickle(grants=(1,), breaks=(2,))}
    union = {**UNION, "members": {"creators": ["B"]}}
    strategy = Conditional(move=MoveSpec(lever="withhold"))
    assert levers(make_setup(2, strategy, operator=operator, collectives=[union], rounds=4)) == ["----", "--w-"]


def test_a_game_does_not_end_while_a_strike_has_rounds_to_go(make_setup, fickle):
    operator = {"response": fickle(grants=(1,), breaks=(2,))}
    stop = {"fixed_point": 1}
    for k, end in ((5, 9), (None, 4)):
        setup = make_setup(2, Conditional(k=k), operator=operator, collectives=[UNION], rounds=20, stop=stop)
        game = LeverageGame(setup)
        for _ in range(2):  # its first rounds move nothing, and are not what is asked about
            game.step()
            game.running, game.stopped = True, None
        game.play()
        assert (game.stopped, game.round) == ("fixed point", end)


def test_what_it_cannot_be(make_setup):
    with pytest.raises(ValidationError):
        Conditional(k=0)
    with pytest.raises(DataleverageError) as caught:
        LeverageGame(make_setup(1, Conditional(move=MoveSpec(lever="delete")), rights={"deletion": False}))
    assert caught.value.place.key == "creators.0.strategy.move"
