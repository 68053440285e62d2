from __future__ import annotations

import io

import pytest

from dataleverage.errors import GameError
from dataleverage.game.asking import Question
from dataleverage.terminal import prompt

QUESTION = Question(
    round=2,
    creator="A",
    moves=("contribute", "withhold", "poison flip"),
    last="withhold",
    called="poison flip",
    quality=0.5,
    payoff=0.25,
    received=0.125,
    acting=0.75,
)


def ask(monkeypatch, said: str) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(said))
    return prompt(QUESTION)


@pytest.mark.parametrize(
    ("said", "meant"), [("1\n", "contribute"), ("3\n", "poison flip"), ("poison flip\n", "poison flip"), ("\n", "withhold")]
)
def test_a_number_words_or_nothing(monkeypatch, said, meant):
    assert ask(monkeypatch, said) == meant


def test_it_asks_again_until_it_is_told_a_move_and_says_what_there_is_to_know(monkeypatch, capsys):
    assert ask(monkeypatch, "4\nstrike\n0\n 2 \n") == "withhold"
    said = capsys.readouterr().out
    assert said.count("is none of them") == 3
    for part in ("Round 2: A", "payoff 0.25", "paid 0.125", "75%", "calls: poison flip", "2  withhold  (last)"):
        assert part in said


def test_the_end_of_the_input_is_no_move(monkeypatch):
    with pytest.raises(GameError, match="nobody said what A does in round 2"):
        ask(monkeypatch, "x\n")
