"""Notices: what cannot come to pass is said, and of games in which everything can nothing is."""

import pytest

from dataleverage.scenario.load import loads

GAME = """\
title: told
data:
  kind: table
  objects: [A, B]
  columns: [all]
  metric: accuracy
  floor: {{all: 0.1}}
  full: {{all: 0.9}}
  cells: {{'': [0.1], A: [0.5], B: [0.6], AB: [0.9]}}
creators:
  - {{name: few, count: 1{few}}}
  - {{name: rest}}
rounds: 5
{more}
"""
UNION = "collectives: [{{name: union, members: {{creators: [{who}]}}, calls: {{kind: fixed, first: {first}}}}}]"

DEMANDED = "operators: [{{name: v, response: {response}}}]\ncollectives: [{{name: union, calls: strike, demand: {{wage: 1}}}}]"


def notices(few: str = "", more: str = "") -> list[str]:
    """What the setup says of a game, the company view left out, which a table never has."""
    found = loads(GAME.format(few=few, more=more)).setup().warnings
    return [warning for warning in found if "company view" not in warning]


@pytest.mark.parametrize(
    ("few", "more", "said"),
    [
        (", price: 3", "", "Object A can only be bought, and no operator's selection buys"),
        (", arrive: {first: 6}", "", "Object A would arrive after the last round, 5."),
        ("", "rights: {use: {reserved: [few], unavailable: [B]}}", "every model is a guess"),
        (", strategy: {kind: scripted, moves: {6: delete}}", "", "The first move of few is scripted for round 6"),
        ("", UNION.format(who="few", first=6), "union would call first in round 6"),
        ("", "operators: [{name: v, retrain: {every: 6}}]", "v would train again in round 6"),
        ("", "operators: [{name: v, reserve: {6: [A]}}]", "v would reserve objects from round 6"),
        (", strategy: member", "", "No collective calls few"),
        (", strategy: member", UNION.format(who="rest", first=1), "No collective calls few"),
        ("", "collectives: [{name: union, calls: strike, demand: {wage: 1}}]", "whose response is ignore: it grants nothing"),
        ("", DEMANDED.format(response="dividend"), "whose response is dividend: it grants nothing"),
        ("", DEMANDED.format(response="wage"), "whose response is wage: it grants nothing"),
        ("", "collectives: [{name: union, fund: {strike_pay: 1}}]", "it pays nobody"),
        ("", "operators: [{name: v, response: ban}]", "v bans whom its defence flags, and it has none"),
        ("", "stop: {demand_won: true}", "no collective demands anything"),
    ],
)
def test_what_cannot_come_to_pass_is_said_once(few: str, more: str, said: str) -> None:
    (notice,) = notices(few, more)
    assert said in notice


@pytest.mark.parametrize(
    ("few", "more"),
    [
        ("", ""),
        (", arrive: {first: 5}", ""),
        ("", DEMANDED.format(response="concede")),
        (", strategy: {kind: scripted, moves: {5: delete, 9: contribute}}", ""),
        (", strategy: member", UNION.format(who="few", first=5)),
        (", strategy: member", "collectives: [{name: union, calls: fixed}]"),
        ("", "operators: [{name: v, retrain: {every: 5}, reserve: {5: [A]}}]"),
        (
            "",
            "operators: [{name: v, response: concede}]\nstop: {demand_won: true}\n"
            "collectives: [{name: union, calls: strike, demand: {wage: 1}, fund: {dues: 1, strike_pay: 1}}]",
        ),
    ],
)
def test_nothing_is_said_of_what_can(few: str, more: str) -> None:
    assert notices(few, more) == []


def test_what_is_said_is_in_the_record() -> None:
    record = loads(GAME.format(few=", price: 3", more="")).play()
    assert any("can only be bought" in warning for warning in record.manifest["warnings"])
    assert all("A" not in row for row in record.rounds.holdings)
