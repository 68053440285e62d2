"""Critical masses in records: what is told, and why the rest is left out."""

from __future__ import annotations

import pytest

from dataleverage.game.masses import FEW, critical_masses
from dataleverage.game.model import LeverageGame
from dataleverage.scenario.load import loads

STAG = {"service": 4, "endowment": {"creator": 3}, "cost": {"delete": 3}}


def played(setup):
    game = LeverageGame(setup)
    game.play()
    return critical_masses(game)


def test_a_play_knows_what_it_takes(make_setup):
    """Three of three have to delete for it to be worth it."""
    setup = make_setup(3, score=lambda rows: (rows == 0).all(axis=1), payoffs=STAG, rounds=1)
    found = played(setup)
    assert found["tipping_share"] == {"value": pytest.approx(2 / 3), "move": "delete"}
    assert found["stable_size"] == {"value": 3, "move": "delete"}
    assert found["alpha_success"]["value"] is None and "dl.signal" in found["alpha_success"]["reason"]


def test_none_is_another_answer_than_not_computed(make_setup):
    found = played(make_setup(3, rounds=1))  # nobody gains by deleting, or is hurt less by staying in
    assert found["tipping_share"]["value"] is None and found["tipping_share"]["reason"].startswith("there is none")
    many = played(make_setup(13, rounds=1))
    assert "13 creators can strike in more than 4,096 ways" in many["stable_size"]["reason"]
    assert many["stable_size"]["reason"].startswith("not computed")


def test_where_there_is_no_right_to_deletion_the_strike_is_withholding(make_setup):
    setup = make_setup(
        2, score=lambda rows: (rows == 0).all(axis=1), rights={"deletion": False}, payoffs={"cost": {"contribute": 1}}, rounds=1
    )
    found = played(setup)
    assert found["stable_size"] == {"value": 1, "move": "withhold"}  # what is held stays held: everyone saves the cost
    assert found["tipping_share"]["value"] == 0.0


SMALL = """
title: Small
data: {{kind: sklearn, name: iris, objects: {{by: random, count: {count}}}, seed: 1}}
learner: gaussian_nb
creators: [{{name: people, strategy: {strategy}}}]
rounds: 2
"""


def test_few_rows_are_trained_for_it_and_no_more():
    few = played(loads(SMALL.format(count=6, strategy="always")).setup())
    assert FEW >= 2**6 and not few["tipping_share"].get("reason", "").startswith("not computed")
    game = loads(SMALL.format(count=8, strategy="always")).game()
    game.play()
    trained = game.setup.grid.trained
    assert "more than 64 rows would have to be trained" in critical_masses(game)["tipping_share"]["reason"]
    assert game.setup.grid.trained == trained  # nothing is trained before it is clear that it is too much


def test_what_is_told_does_not_depend_on_what_was_trained_before():
    fresh = loads(SMALL.format(count=8, strategy="always").replace("seed: 1", "seed: 2"))
    first = played(fresh.setup())
    fresh.grid().unveil()
    assert played(fresh.setup()) == first


def test_rows_that_a_table_lacks_are_the_reason():
    text = """
title: Holes
data: {kind: table, columns: [all], cells: {AB: [0.9], A: [0.5]}, floor: 0.1}
creators: [{name: people}]
rounds: 1
"""
    assert "the table lacks rows" in played(loads(text).setup())["stable_size"]["reason"]
