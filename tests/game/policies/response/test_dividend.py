from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dataleverage.errors import GameError
from dataleverage.game.model import LeverageGame
from dataleverage.game.policies.response.dividend import Dividend
from dataleverage.game.policies.response.ignore import Ignore
from dataleverage.game.policy import Books


def books(revenue, examples):
    """Of an operator that holds these examples of creators who all contribute, and flags nobody."""
    revenue, examples = np.array(revenue), np.array(examples)
    return Books(revenue, examples > 0, examples, examples > 0, np.zeros(examples.shape, bool), np.ones(len(revenue)))


BOOKS = books([10.0, 10.0, 0.0], [[30.0, 10.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])


def test_ignore_pays_nobody():
    assert list(Ignore().pay(None, BOOKS)) == []


def test_a_dividend_in_equal_parts_and_by_size():
    (equal,) = Dividend(rate=0.4).pay(None, BOOKS)
    (by_size,) = Dividend(rate=0.4, split="size").pay(None, BOOKS)
    assert equal.amount == pytest.approx(np.array([[2, 2, 0], [0, 0, 0], [0, 0, 0]]))
    assert by_size.amount == pytest.approx(np.array([[3, 1, 0], [0, 0, 0], [0, 0, 0]]))
    assert equal.reason == by_size.reason == "dividend"


@given(
    arrays(float, (2, 4), elements=st.sampled_from([0.0, 1.0, 7.0])),
    arrays(float, 2, elements=st.floats(0, 100)),
    st.floats(0, 1),
    st.sampled_from(["equally", "size"]),
)
def test_a_dividend_is_its_share_of_revenue_and_nobody_pays(examples, revenue, rate, split):
    (bill,) = Dividend(rate=rate, split=split).pay(None, books(revenue, examples))
    paid = bill.amount
    somebody = (examples > 0).any(axis=1)
    assert paid.sum(axis=1) == pytest.approx(np.where(somebody, rate * revenue, 0))
    assert (paid >= 0).all() and (paid[examples == 0] == 0).all()


def worth_of(score, row, owners, team):
    """The score of a row with only the data of a team of creators, and of nobody."""
    return score(np.where(np.isin(owners, [*team, -1]), row, 0).astype(np.uint8)[None])[0, 0]


def values_by_definition(split, score, row, owners, who):
    """Leave-one-out, Shapley and Banzhaf values by going through every order, or every team."""
    found = {}
    for i in who:
        others = [j for j in who if j != i]
        if split == "leave_one_out":
            gains = [worth_of(score, row, owners, who) - worth_of(score, row, owners, others)]
        elif split == "shapley":
            gains = []
            for order in permutations(who):
                before = list(order[: order.index(i)])
                gains.append(worth_of(score, row, owners, [*before, i]) - worth_of(score, row, owners, before))
        else:
            teams = [team for size in range(len(who)) for team in combinations(others, size)]
            gains = [worth_of(score, row, owners, [*team, i]) - worth_of(score, row, owners, team) for team in teams]
        found[i] = np.mean(gains)
    return found


@given(st.integers(0, 10_000), st.sampled_from(["leave_one_out", "shapley", "banzhaf"]))
@settings(max_examples=40, deadline=None)
def test_values_are_those_of_creators_in_the_row_served_last(make_setup, stand, random_score, seed, split):
    rng = np.random.default_rng(seed)
    owners = np.array([0, 0, 1, 2, 3, -1])
    score = random_score(6, 2, seed)
    row = rng.integers(0, 3, 6).astype(np.uint8)
    setup = make_setup(6, score=score, monitored=True, tactics=("flip",), owner_of=owners)
    desk = stand(setup, row).desks[0]
    who = sorted({int(i) for i in owners[(row > 0) & (owners >= 0)]})
    expected = values_by_definition(split, score, row, owners, who)
    dividend = Dividend(split=split, rate=0.5)
    values = dividend.values(desk)
    assert values == pytest.approx([expected.get(i, 0.0) for i in range(4)])
    examples = rng.integers(0, 2, (3, 4)) * 5.0
    (bill,) = dividend.pay(desk, books([8.0, 8.0, 8.0], examples))
    assert (bill.amount >= 0).all() and (bill.amount[examples == 0] == 0).all()
    for paid, held in zip(bill.amount, examples > 0, strict=True):
        good = np.maximum(values, 0) * held
        good = good if good.max() > 1e-9 else held * 1.0
        assert paid == pytest.approx(4.0 * good / max(good.sum(), 1e-300))


def test_estimates_of_many_creators_come_near_values_known_in_closed_form(make_setup, stand):
    """An additive score makes every value what an object adds."""
    worth = np.linspace(0.01, 0.15, 14)
    setup = make_setup(14, score=lambda rows: rows @ worth, monitored=True)
    desk = stand(setup, np.ones(14)).desks[0]
    assert Dividend(split="shapley").values(desk) == pytest.approx(worth, abs=1e-3)
    assert Dividend(split="banzhaf", budget=5000).values(desk) == pytest.approx(worth, abs=0.02)


def test_what_is_cut_is_told_and_what_is_looked_at_is_paid_for_once(make_setup, scripts):
    """A and B are worth 0.6 and 0.5 to the row, C harms by 0.1: of 10 credits half is shared 6 : 5 : 0."""
    setup = make_setup(
        3,
        scripts({}, {}, {}),
        score=lambda rows: rows @ np.array([0.6, 0.5, -0.1]),
        monitored=True,
        operator={"response": {"kind": "dividend", "rate": 0.5, "split": "leave_one_out"}, "unveil_cost": 1.0},
        payoffs={"revenue": 10.0},
        rounds=2,
    )
    record = LeverageGame(setup).play()
    assert record.moves.transfers.tolist() == pytest.approx([5 * 6 / 11, 5 * 5 / 11, 0] * 2)
    assert record.rounds.costs[1:].tolist() == [3.0, 0.0], "three rows without one creator"
    (told,) = [each for each in record.manifest["warnings"] if "dividends" in each]
    assert "cut at 0 in 2 rounds" in told and "1 creators (C)" in told and "-0.2000" in told


def test_values_need_monitor_cells(make_setup):
    with pytest.raises(GameError, match="no monitor cells") as caught:
        LeverageGame(make_setup(2, operator={"response": {"kind": "dividend", "split": "shapley"}}))
    assert caught.value.place.key == "operators.0.response"
