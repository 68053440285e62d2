"""Equilibria in words: games with known answers, as files."""

from __future__ import annotations

import json
from itertools import product

import pytest

from dataleverage.errors import GameError
from dataleverage.game.levers import MoveSpec
from dataleverage.game.standing import Standing
from dataleverage.scenario.load import loads
from dataleverage.view.equilibria import as_json, count, lines, moves_in, read, work

NAMES = "ABCD"
PEOPLE = ["people 1", "people 2", "people 3", "people 4"]
CELLS = {"".join(c for c, here in zip(NAMES, row, strict=True) if here): sum(row) / 4 for row in product((0, 1), repeat=4)}


def table(payoffs: str, cells: dict[str, float] | None = None) -> str:
    listed = ", ".join(f'"{row}": [{score}]' for row, score in (cells or CELLS).items())
    return f"""
title: A table
data: {{kind: table, columns: [all], cells: {{{listed}}}, floor: 0, full: 1}}
creators: [{{name: people}}]
payoffs: {payoffs}
rounds: 1
"""


GOODS = table("{service: 32, endowment: {creator: 20}, cost: {contribute: 20}}")
ONE = [MoveSpec(lever="contribute"), MoveSpec(lever="delete")]


def test_public_goods_in_words_and_numbers():
    found = read(Standing.of(loads(GOODS).setup(), moves=ONE))
    text = dict(reversed(lines(found)))
    assert text["Moves"] == "2 each (contribute, delete): 16 joint moves"
    assert (
        text["Equilibria"] == "1 pure Nash equilibrium in all"
        and "everyone: delete (welfare 80.000)" in dict(lines(found)).values()
    )
    assert text["Price of anarchy"].startswith("1.600 (the best welfare over that of the worst")
    assert "ends at everyone: delete" in [words for label, words in lines(found) if label == "Path"]
    assert text["Stable size"] == "1 (of a strike: delete)" and text["Tipping share"] == "0.000 (of a strike: delete)"
    said = as_json(found)
    assert json.loads(json.dumps(said)) == said
    assert said["joint_moves"] == 16 and said["sinks"] == [1] and len(said["path"]) == 5
    assert said["equilibria"] == [
        {
            "moves": dict.fromkeys(PEOPLE, "delete"),
            "payoffs": dict.fromkeys(PEOPLE, pytest.approx(20)),
            "welfare": pytest.approx(80),
        }
    ]


def test_who_gains_by_leaving_together_is_named():
    cells = dict.fromkeys(CELLS, 0.0) | {"": 1.0, "ABCD": 0.0}
    found = read(
        Standing.of(loads(table("{service: 4, endowment: {creator: 3}, cost: {delete: 3}}", cells)).setup(), moves=ONE)
    )
    text = lines(found)
    assert ("Leaving together", "4 gain together: " + ", ".join(f"{name} delete" for name in PEOPLE)) in text
    assert as_json(found)["coalitions"][0]["members"] == PEOPLE
    assert dict(text)["Path"] == "nobody gains by moving alone from where the game stands"
    assert dict(reversed(text))["Equilibria"] == "2 pure Nash equilibria in all"


def test_too_many_joint_moves_are_sampled_and_it_is_said(monkeypatch):
    monkeypatch.setattr("dataleverage.view.equilibria.MOST", 8)
    standing = Standing.of(loads(GOODS).setup(), moves=ONE)
    found = read(standing)
    text = lines(found)
    assert "too many to look at (8 are the most)" in dict(text)["Sampled"]
    assert [words for label, words in text if label == "Equilibria"] == ["1 pure Nash equilibrium found", "everyone: delete"]
    assert "more than 8 strikes" in dict(text)["Tipping share"] and "Price of anarchy" not in dict(text)
    said = as_json(found)
    assert said["sampled"] and [each["moves"] for each in said["equilibria"]] == [dict.fromkeys(PEOPLE, "delete")]
    assert count(standing) == 16 and work(standing) == 0


def test_strikes_are_looked_at_where_joint_moves_are_too_many(monkeypatch):
    monkeypatch.setattr("dataleverage.view.equilibria.MOST", 16)
    standing = Standing.of(loads(GOODS).setup())  # contribute, withhold, delete: 81
    told = []
    found = read(standing, told.append)
    assert found.game is None and found.masses["stable_size"]["value"] == 1 and sum(told) == work(standing) == 16


@pytest.mark.parametrize("wrong", ["dlete", "contribute:flip", "redirect:a:b:c,x"])
def test_moves_that_are_none_are_named(wrong):
    with pytest.raises(GameError, match="is no move"):
        moves_in(wrong)


def test_moves_of_the_command_line():
    assert moves_in(" contribute, poison:flip,redirect:rival,") == [
        MoveSpec(lever="contribute"),
        MoveSpec(lever="poison", tactic="flip"),
        MoveSpec(lever="redirect", to="rival"),
    ]
