from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dataleverage.errors import DataleverageError
from dataleverage.game.levers import MoveSpec
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.member import Member


def calling(move="delete", **rest):
    return {"name": "union", "calls": {"kind": "fixed", "move": move, "first": 2, "last": 3}, **rest}


def test_it_does_what_is_called_while_it_is(make_setup, levers):
    assert levers(make_setup(2, Member(), collectives=[calling()], rounds=4)) == ["-dd-"] * 2
    other = Member(otherwise=MoveSpec(lever="withhold"))
    assert levers(make_setup(2, other, collectives=[calling()], rounds=4)) == ["wddw"] * 2


def test_who_is_no_member_is_called_to_nothing(make_setup, levers):
    union = calling(members={"creators": ["B"]})
    assert levers(make_setup(3, Member(), collectives=[union], rounds=3)) == ["---", "-dd", "---"]


def test_in_several_collectives_it_hears_the_first_that_calls(make_setup, levers):
    first = {"name": "first", "members": {"creators": ["A", "B"]}, "calls": {"kind": "fixed", "move": "withhold", "first": 3}}
    second = {"name": "second", "members": {"creators": ["B", "C"]}, "calls": {"kind": "fixed", "move": "delete"}}
    assert levers(make_setup(4, Member(), collectives=[first, second], rounds=4)) == ["--ww", "ddww", "dddd", "----"]


@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_noise_is_how_often_it_does_something_else(make_setup, noise):
    setup = make_setup(400, Member(noise=noise), collectives=[calling()], tactics=("flip", "noise"), rounds=4)
    record = LeverageGame(setup).play()
    moves, called = record.moves, record.moves["round"].isin((2, 3))
    assert set(moves.lever[~called]) == {"contribute"}, "there is no noise where nothing is called"
    others = moves[called & (moves.lever != "delete")]
    assert stats.binomtest(len(others), 800, noise).pvalue > 1e-3
    kinds = (others.lever.astype(str) + others.tactic.astype(object).where(others.tactic.notna(), "")).value_counts()
    assert len(kinds) == 4, "contribute, withhold and two ways of poison"
    assert stats.chisquare(kinds).pvalue > 1e-3
    unions = record.collectives
    followed = moves[called & (moves.lever == "delete")].groupby("round").size()
    assert unions[unions["round"].isin((2, 3))].followed.tolist() == followed.tolist()


def test_the_opposite_of_what_is_called(make_setup, levers):
    contrary = Member(noise=1.0, instead="opposite")
    assert levers(make_setup(2, contrary, collectives=[calling()], rounds=4)) == ["----"] * 2
    assert levers(make_setup(2, contrary, collectives=[calling("contribute")], rounds=4)) == ["-dd-"] * 2
    half = Member(noise=0.5, instead="opposite")
    played = levers(make_setup(300, half, collectives=[calling()], rounds=2))
    assert stats.binomtest(sum(word[1] == "d" for word in played), 300, 0.5).pvalue > 1e-3
    assert np.unique(list("".join(played))).tolist() == ["-", "d"]


def test_a_move_that_is_not_allowed_is_refused(make_setup):
    with pytest.raises(DataleverageError) as caught:
        LeverageGame(make_setup(1, Member(otherwise=MoveSpec(lever="poison"))))
    assert caught.value.place.key == "creators.0.strategy.otherwise"
