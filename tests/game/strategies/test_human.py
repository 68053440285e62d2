from __future__ import annotations

import math

import pytest

from dataleverage.errors import GameError
from dataleverage.game.levers import MoveSpec
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Always
from dataleverage.game.strategies.human import Human


def test_it_does_what_it_is_told_and_that_is_in_the_record(make_setup):
    said = iter(["delete", "withhold", "poison y", "contribute"])
    asked = []
    setup = make_setup(3, [(1, Human()), (2, Always(move=MoveSpec(lever="delete")))], tactics=("x", "y"), rounds=4)
    moves = LeverageGame(setup, ask=lambda question: asked.append(question) or next(said)).play().moves
    mine = moves[moves.creator == "A"]
    assert mine.lever.tolist() == ["delete", "withhold", "poison", "contribute"]
    assert mine.tactic.astype(object).tolist()[2] == "y"
    assert [question.round for question in asked] == [1, 2, 3, 4]
    assert asked[0].moves == ("contribute", "withhold", "delete", "poison x", "poison y")
    assert math.isnan(asked[0].payoff) and asked[0].acting == 0
    assert [question.last for question in asked] == ["contribute", "delete", "withhold", "poison y"]
    assert [question.payoff for question in asked[1:]] == mine.payoff.tolist()[:3]
    assert [question.acting for question in asked[1:]] == [1.0] * 3


def test_it_is_told_what_its_collective_calls(make_setup):
    union = {"name": "union", "calls": {"kind": "fixed", "first": 2}, "members": {"creators": ["A"]}}
    called = {}

    def ask(question):
        called[question.creator, question.round] = question.called
        return "contribute"

    LeverageGame(make_setup(2, Human(), collectives=[union], rounds=2), ask=ask).play()
    assert called == {("A", 1): None, ("B", 1): None, ("A", 2): "delete", ("B", 2): None}


def test_with_nobody_there_it_says_so(make_setup):
    with pytest.raises(GameError, match="nobody is there to say what B does in round 1") as caught:
        LeverageGame(make_setup(2, [(1, Always()), (1, Human())])).play()
    assert "ask=" in str(caught.value.remedy)


@pytest.mark.parametrize("answer", ["strike", "", "poison z"])
def test_what_is_no_move_is_named_with_the_round(make_setup, answer):
    setup = make_setup(1, Human(), rounds=3)
    with pytest.raises(GameError, match="in round 2, which is no move") as caught:
        LeverageGame(setup, ask=lambda question: "withhold" if question.round == 1 else answer).play()
    assert "withhold" in str(caught.value.remedy)
