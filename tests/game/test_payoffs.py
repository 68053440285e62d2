from __future__ import annotations

import itertools

import numpy as np
import pytest
from pydantic import ValidationError

from dataleverage.game.levers import Menu, Rights
from dataleverage.game.model import LeverageGame
from dataleverage.game.payoffs import Payoffs
from dataleverage.scenario.load import loads

# Four creators with 20 credits each; what is put in grows by 1.6 and is shared by all: 20 − 20·c + 1.6·20·k/4
PUBLIC_GOODS = """
title: Linear public goods
data:
  kind: table
  columns: [all]
  cells: {CELLS}
creators: {CREATORS}
payoffs: {{service: 32, endowment: {{creator: 20}}, cost: {{contribute: 20}}}}
rounds: 4
stop: {{fixed_point: 2}}
"""


def public_goods(*strategies: str):
    rows = ["".join(row) for size in range(5) for row in itertools.combinations("ABCD", size)]
    cells = ", ".join(f"'{row}': [{len(row) / 4}]" for row in rows)
    creators = ", ".join(f"{{name: {name}, count: 1, strategy: {s}}}" for name, s in zip("wxyz", strategies, strict=True))
    return loads(PUBLIC_GOODS.format(CELLS="{" + cells + "}", CREATORS="[" + creators + "]"))


def last_payoffs(scenario) -> list[float]:
    moves = scenario.play().moves
    return moves[moves["round"] == moves["round"].max()].payoff.tolist()


GIVE, KEEP = "{kind: always, move: contribute}", "{kind: always, move: delete}"


@pytest.mark.parametrize(
    ("strategies", "paid"),
    [
        ([KEEP] * 4, [20, 20, 20, 20]),
        ([GIVE] * 4, [32, 32, 32, 32]),
        ([KEEP, GIVE, GIVE, GIVE], [44, 24, 24, 24]),
        ([GIVE, KEEP, KEEP, KEEP], [8, 28, 28, 28]),
    ],
)
def test_linear_public_goods(strategies, paid):
    assert last_payoffs(public_goods(*strategies)) == pytest.approx(paid, abs=1e-9)


def test_in_public_goods_keeping_is_dominant():
    game = public_goods(*[GIVE] * 4).game()
    for others in itertools.product([0, 2], repeat=3):
        game.moving = np.array([0, *others])
        give, keep = game.weigh(np.array([0]), np.array([0, 2]))[0]
        assert keep - give == pytest.approx(12, abs=1e-9)


def test_in_public_goods_best_responses_end_with_nobody_giving():
    record = public_goods(*["{kind: best_response, consider: [contribute, delete]}"] * 4).play()
    assert record.rounds.row.astype(str).iloc[-1] == ""
    assert record.manifest["stopped"] == {"reason": "fixed point", "round": 3, "period": None}


def test_a_round_booked_by_hand(make_setup, scripts):
    """Three creators with 1, 2 and 3 examples; the first deletes in round 1, the second poisons in round 2."""
    setup = make_setup(
        3,
        scripts({1: "delete"}, {2: "poison"}, {}),
        monitored=True,
        sizes=[1, 2, 3],
        tactics=("flip",),
        rounds=3,
        operator={"response": {"kind": "dividend", "rate": 0.5}, "unveil_cost": 0.25},
        payoffs={
            "service": 2.0,
            "revenue": 12.0,
            "endowment": {"creator": 1.0, "operator": 5.0},
            "cost": {"delete": 0.1, "poison": 0.4},
            "train_cost": 0.01,
        },
    )
    game = LeverageGame(setup)
    assert game.status_quo == pytest.approx([1 + 2 + 2] * 3), "q = 1, and half of 12 paid to three"
    assert game.operator_status_quo == pytest.approx(5 + 12 - 6)
    record = game.play()
    rounds, moves = record.rounds, record.moves.pivot(index="round", columns="creator", values="payoff")
    # q: round 1 {B, C} = 2/3; round 2 {B*, C} = (1 − 1)/3 = 0; round 3 the same row, not trained again
    assert rounds.quality.tolist() == pytest.approx([1, 2 / 3, 0, 0])
    assert rounds.revenue.iloc[1:].tolist() == pytest.approx([8, 0, 0])
    assert rounds.transfers_out.iloc[1:].tolist() == pytest.approx([4, 0, 0])
    assert rounds.trained.tolist() == [True, True, True, False]
    assert rounds.costs.iloc[1:].tolist() == pytest.approx([0.01 * 5 + 0.25, 0.01 * 5 + 0.25, 0])
    assert rounds.payoff.iloc[1:].tolist() == pytest.approx([5 + 8 - 4 - 0.3, 5 - 0.3, 5])
    assert moves.loc[1].tolist() == pytest.approx([1 + 4 / 3 - 0.1, 1 + 4 / 3 + 2, 1 + 4 / 3 + 2])
    assert moves.loc[2].tolist() == pytest.approx([1 - 0.1, 1 - 0.4, 1])
    assert game.desks[0].wealth == pytest.approx(rounds.payoff.sum())


def test_poison_below_guessing_is_felt_in_service_and_not_in_revenue(make_setup, scripts):
    setup = make_setup(2, scripts({1: "poison"}, {1: "poison"}), tactics=("flip",), rounds=1, payoffs={"revenue": 10})
    record = LeverageGame(setup).play()
    assert record.rounds.quality.iloc[1] == pytest.approx(-1)
    assert record.rounds.revenue.iloc[1] == 0
    assert record.moves.payoff.tolist() == pytest.approx([-1, -1])


def test_company_view_earns_on_who_is_left(make_setup, scripts):
    """Each creator's own slice scores 1 where its object is there and 0 otherwise; `all` is their mean."""
    setup = make_setup(
        2,
        scripts({1: "delete"}, {2: "delete"}),
        lambda rows: np.column_stack([rows.mean(axis=1), rows]),
        columns=("all", "A", "B"),
        payoffs={"revenue": 10, "view": "company"},
        rounds=2,
    )
    rounds = LeverageGame(setup).play().rounds
    assert rounds.quality.tolist() == pytest.approx([1, 0.5, 0])
    assert rounds.company_quality.iloc[:2].tolist() == pytest.approx([1, 1])
    assert np.isnan(rounds.company_quality.iloc[2]), "nobody is left"
    assert rounds.share_retained.tolist() == pytest.approx([1, 0.5, 0])
    assert rounds.revenue.iloc[1:].tolist() == pytest.approx([10, 0])


def test_lever_costs_follow_the_menu():
    menu = Menu.of(Rights(), ["flip", "noise"])
    assert Payoffs(cost={"poison": 0.5, "withhold": 0.1}).lever_costs(menu).tolist() == [0, 0.1, 0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"service": 1e308}, "service"),
        ({"revenue": 1e10}, "revenue"),
        ({"train_cost": 1e10}, "train_cost"),
        ({"endowment": {"creator": -1e10}}, "endowment.creator"),
        ({"endowment": {"operator": 1e10}}, "endowment.operator"),
        ({"cost": {"delete": 1e308}}, "cost.delete"),
        ({"cost": {"delete": -1e10}}, "cost.delete"),
        ({"weights": {"all": 1e308}}, "weights.all"),
    ],
)
def test_amounts_that_would_overflow_are_refused_by_name(given, key):
    with pytest.raises(ValidationError) as caught:
        Payoffs.model_validate(given)
    assert [".".join(map(str, error["loc"])) for error in caught.value.errors()] == [key]
    assert Payoffs(service=1e9, cost={"delete": -1e9}).service == 1e9
