from __future__ import annotations

import numpy as np
import pytest

from dataleverage.errors import GameError
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Always

WORTH = np.array([0.5, 0.3, 0.2])


def shop(make_setup, selection, price=(0.0, 4.0, 4.0), **rest):
    """A is there; B and C have prices, and a unit of quality is worth 10 credits a round."""
    payoffs = {"revenue": 10.0, "service": 0.0, **rest.pop("payoffs", {})}
    return make_setup(
        3,
        rest.pop("strategies", Always()),
        score=lambda rows: rows @ WORTH,
        monitored=True,
        operator={"selection": {"kind": "buy", "look": "unveil", **selection}, **rest.pop("operator", {})},
        price=np.array(price),
        payoffs=payoffs,
        **rest,
    )


def bought(record):
    paid = record.transfers[record.transfers.reason == "price"]
    return [(int(line["round"]), line.payee, line.amount) for _, line in paid.iterrows()]


def test_the_object_that_beats_its_price_by_most_comes_first_and_one_a_round(make_setup):
    """B brings 3 credits a round and C 2: over 5 rounds B is worth 15 − 4; in round 2 C is worth 4 · 2 − 4."""
    record = LeverageGame(shop(make_setup, {}, rounds=5)).play()
    assert bought(record) == [(1, "B", 4.0), (2, "C", 4.0)]
    assert record.rounds.row.tolist() == ["A", "AB", "ABC", "ABC", "ABC", "ABC"]
    revenue = [10 * q for q in (0.8, 1.0, 1.0, 1.0, 1.0)]
    assert record.rounds.payoff[1:].tolist() == pytest.approx([revenue[0] - 4, revenue[1] - 4, *revenue[2:]])


def test_what_does_not_pay_back_in_the_rounds_left_or_the_horizon_is_not_bought(make_setup):
    assert bought(LeverageGame(shop(make_setup, {}, rounds=2)).play()) == [(1, "B", 4.0)], "C: 2 rounds, then 1"
    assert bought(LeverageGame(shop(make_setup, {}, rounds=1)).play()) == []
    assert bought(LeverageGame(shop(make_setup, {"horizon": 1}, rounds=9)).play()) == []
    assert bought(LeverageGame(shop(make_setup, {"horizon": 3}, rounds=1)).play()) == [(1, "B", 4.0)]
    assert len(bought(LeverageGame(shop(make_setup, {"horizon": 3, "most": None}, rounds=1)).play())) == 2


def test_a_gain_that_only_equals_the_price_buys_nothing(make_setup):
    exact = make_setup(
        2,
        score=lambda rows: rows @ np.array([0.5, 0.5]),
        monitored=True,
        operator={"selection": {"kind": "buy", "look": "unveil", "horizon": 1}},
        price=np.array([0.0, 4.0]),
        payoffs={"revenue": 8.0},
        rounds=1,
    )
    assert bought(LeverageGame(exact).play()) == []


def test_training_on_it_is_part_of_the_price(make_setup):
    cheap = shop(make_setup, {"horizon": 2}, price=(0.0, 4.0, 9.0), rounds=1, payoffs={"train_cost": 0.1}, sizes=[1, 19, 1])
    dear = shop(make_setup, {"horizon": 2}, price=(0.0, 4.0, 9.0), rounds=1, payoffs={"train_cost": 0.1}, sizes=[1, 21, 1])
    assert len(bought(LeverageGame(cheap).play())) == 1, "6 credits of gain beat 4 + 1.9"
    assert bought(LeverageGame(dear).play()) == [], "and do not beat 4 + 2.1"


def test_public_and_arriving_objects_are_bought_alike(make_setup, scripts):
    setup = shop(
        make_setup,
        {},
        strategies=scripts({}, {}),
        owner_of=[0, 1, -1],
        arrival=np.array([0, 2, 0]),
        rounds=6,
    )
    record = LeverageGame(setup).play()
    assert bought(record) == [(1, "public", 4.0), (2, "B", 4.0)]


def test_with_error_bars_it_buys_only_what_it_is_sure_of(make_setup, stand):
    """The mean of neighbours has the same error for every row; the known one has none."""
    setup = shop(make_setup, {"look": "believe", "horizon": 10}, operator={"knows": ["A", "AB", "ABC"]})
    desk = stand(setup, [1, 0, 0]).desks[0]
    desk.round = 1
    desk.know(setup.known_rows[0])
    expected, error = desk.believe(np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1]], np.uint8))
    # A C is one step from A and from ABC: their mean. Leaving known rows out leaves A at 0.8, AB at 0.75 and ABC at 0.8.
    assert expected == pytest.approx([0.5, 0.8, 0.75])
    spread = np.sqrt((0.3**2 + 0.05**2 + 0.2**2) / 3)
    assert error == pytest.approx([0, 0, spread])
    offered = np.array([False, False, True])
    gain = 10 * 10 * 0.25
    for sure, buys in [(0.0, True), ((gain - 4) / (100 * spread) - 0.01, True), ((gain - 4) / (100 * spread) + 0.01, False)]:
        selection = desk.operator.selection.model_copy(update={"sure": sure})
        assert selection.buy(desk, offered).tolist() == [False, False, buys]


def test_who_knows_nothing_buys_nothing_for_free(make_setup):
    record = LeverageGame(shop(make_setup, {"look": "believe", "sure": 1.0}, rounds=4)).play()
    assert bought(record) == [], "one known row says nothing of others"


def test_looking_is_paid_for(make_setup):
    """Round 1 looks at AB and AC beside A; then B is there, and of the offered C row ABC is looked at."""
    record = LeverageGame(shop(make_setup, {}, rounds=5, operator={"unveil_cost": 1.0})).play()
    assert record.rounds.costs[1:].tolist() == [2.0, 1.0, 0.0, 0.0, 0.0]


def test_buying_without_prices_or_monitor_is_refused(make_setup):
    with pytest.raises(GameError, match="nothing has a price"):
        LeverageGame(make_setup(2, monitored=True, operator={"selection": "buy"}))
    with pytest.raises(GameError, match="no monitor cells"):
        LeverageGame(make_setup(2, price=np.array([0.0, 1.0]), operator={"selection": "buy"}))
