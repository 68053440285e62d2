from __future__ import annotations

import math

import mesa
import pytest

from dataleverage.game.agents import Creator, Operator
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Always


@pytest.fixture
def game(make_setup, scripts) -> LeverageGame:
    strategies = [*scripts({1: "delete"}, {2: "poison"}), (1, Always())]
    setup = make_setup(
        4,
        strategies,
        owner_of=[0, 1, 2, 0],
        tactics=("flip",),
        payoffs={"revenue": 8.0, "cost": {"delete": 0.25}},
        rounds=2,
        operator={"name": "vendor"},
    )
    return LeverageGame(setup)


def test_everyone_is_in_mesas_agent_sets(game):
    assert [agent.name for agent in game.agents_by_type[Creator]] == ["A", "B", "C"]
    assert [agent.name for agent in game.agents_by_type[Operator]] == ["vendor"]
    assert len(game.agents) == 4
    assert all(isinstance(agent, mesa.Agent) for agent in game.agents)


def test_before_anyone_moves(game):
    creators = game.agents_by_type[Creator]
    assert creators.get("lever") == ["contribute"] * 3
    assert creators.get("quality") == pytest.approx([1, 1, 1])
    assert all(math.isnan(payoff) for payoff in creators.get("payoff"))
    (vendor,) = game.agents_by_type[Operator]
    assert vendor.row == "ABCD" and vendor.wealth == 0 and math.isnan(vendor.payoff)


def test_agents_read_the_state_of_the_game(game):
    game.step()
    game.step()
    a, b, c = game.creators
    assert (a.objects, b.objects, c.objects) == (("A", "D"), ("B",), ("C",))
    assert (a.move, b.move, c.move) == ("delete", "poison flip", "contribute")
    assert (a.lever, b.lever, c.lever) == ("delete", "poison", "contribute")
    assert (a.acting, b.acting, c.acting) == (True, True, False)
    assert (a.strategy, c.strategy) == ("scripted", "always")
    assert a.payoff == pytest.approx(a.quality - 0.25)
    (vendor,) = game.operators
    assert vendor.row == "B*C"
    # round 1: {B, C} of four; round 2: one clean and one poisoned
    assert vendor.quality == pytest.approx(0) and vendor.payoff == pytest.approx(0) and vendor.wealth == pytest.approx(4)


def test_agents_do_and_select(game):
    game.step()
    asked = []
    game.agents.do(lambda agent: asked.append(agent.name))
    assert sorted(asked) == ["A", "B", "C", "vendor"]
    assert [agent.name for agent in game.agents_by_type[Creator].select(lambda agent: agent.acting)] == ["A"]
