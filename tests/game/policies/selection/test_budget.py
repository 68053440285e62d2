from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dataleverage.errors import GameError
from dataleverage.game.model import LeverageGame
from dataleverage.game.policies.selection.budget import Budget

SIZES = [5, 3, 3, 1]


def rows(*words, n=4):
    return np.array([["ABCDEFGH"[j] in word for j in range(n)] for word in words], np.uint8)


def words(found):
    return ["".join("ABCDEFGH"[j] + ("*" if v > 1 else "") for j, v in enumerate(row) if v) for row in found]


def desk_of(make_setup, stand, selection, score=lambda rows: rows.mean(axis=1), n=4, holdings=None, **rest):
    setup = make_setup(n, score=score, monitored=True, operator={"selection": selection}, **rest)
    return stand(setup, np.ones(n) if holdings is None else holdings).desks[0]


@pytest.mark.parametrize(
    ("budget", "held", "kept"),
    [
        ({"examples": 12}, "ABCD", "ABCD"),
        ({"examples": 8}, "ABCD", "AB"),
        ({"examples": 7}, "ABCD", "AD"),  # B and C do not fit behind A, D does
        ({"examples": 6}, "BCD", "BC"),
        ({"examples": 0}, "ABCD", ""),
        ({"share": 0.75}, "ABCD", "ABD"),  # 9 of 12
        ({"share": 0.5}, "BCD", "B"),  # 3.5 of 7
        ({"share": 1.0}, "BCD", "BCD"),
    ],
)
def test_by_size_the_largest_that_still_fit_are_taken(make_setup, stand, budget, held, kept):
    desk = desk_of(make_setup, stand, {"kind": "budget", **budget}, sizes=SIZES)
    assert words(desk.operator.selection.select(desk, rows(held))) == [kept]


def test_by_value_comes_first_whose_absence_costs_most_and_what_harms_stays_out(make_setup, stand):
    """Quality is 0.1 A + 0.4 B − 0.2 C + 0.3 D: leaving one out costs its own part."""
    desk = desk_of(
        make_setup,
        stand,
        {"kind": "budget", "examples": 2, "by": "value", "look": "unveil"},
        score=lambda rows: rows @ np.array([0.1, 0.4, -0.2, 0.3]),
    )
    budget = desk.operator.selection
    assert words(budget.select(desk, rows("ABCD", "ACD", "AC", "C", ""))) == ["BD", "AD", "A", "", ""]


def test_gain_by_gain_the_row_grows_and_the_best_on_the_way_is_taken(make_setup, stand):
    """A alone is worth 0.5; B and C nothing alone and 0.9 together; D spoils whatever it is in."""

    def score(rows):
        together = 0.9 * (rows[:, 1] * rows[:, 2])
        return np.maximum(0.5 * rows[:, 0], together) - 0.1 * rows[:, 3]

    choose = {"kind": "budget", "by": "gain", "look": "unveil"}
    for examples, kept in [(1, "A"), (2, "AB"), (3, "ABC"), (4, "ABC")]:
        desk = desk_of(make_setup, stand, {**choose, "examples": examples}, score=score)
        assert words(desk.operator.selection.select(desk, rows("ABCD"))) == [kept]


def slow_greedy(score, holdings, sizes, limit):
    """Greedy gain an example, one object at a time, and the best row on the way: written down as it is defined."""
    row = np.zeros(len(holdings), np.uint8)
    way = [row]
    while True:
        fits = [j for j in range(len(row)) if holdings[j] and not row[j] and row.astype(bool) @ sizes + sizes[j] <= limit]
        if not fits:
            break
        now = score(row[None])[0]

        def gain(j, row=row, now=now):
            more = row.copy()
            more[j] = holdings[j]
            return (score(more[None])[0] - now) / sizes[j]

        best = max(fits, key=lambda j: (round(gain(j), 12), sizes[j], -j))
        row = row.copy()
        row[best] = holdings[best]
        way.append(row)
    scores = [score(each[None])[0] for each in way]
    return max(zip(scores, range(len(way)), way, strict=True), key=lambda each: each[:2])[2]


@given(st.integers(0, 10_000), st.lists(st.integers(1, 4), min_size=4, max_size=4), st.integers(0, 16))
@settings(max_examples=40, deadline=None)
def test_greedy_gain_is_what_it_is_defined_as(make_setup, stand, random_score, seed, sizes, limit):
    score = random_score(4, 2, seed)
    desk = desk_of(
        make_setup,
        stand,
        {"kind": "budget", "by": "gain", "look": "unveil", "examples": limit},
        score=score,
        sizes=sizes,
        tactics=("flip",),
    )
    holdings = np.random.default_rng(seed).integers(0, 3, (6, 4)).astype(np.uint8)
    found = desk.operator.selection.select(desk, holdings)
    expected = [slow_greedy(lambda rows: score(rows)[:, 0], held, np.array(sizes), limit) for held in holdings]
    assert found.tolist() == [row.tolist() for row in expected]


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(0, 9), min_size=5, max_size=5),
    st.sampled_from(["size", "random", "value", "gain"]),
    st.sampled_from(["believe", "unveil"]),
    st.sampled_from([{"examples": 0}, {"examples": 6}, {"share": 0.4}, {"share": 1.0}]),
)
@settings(max_examples=60, deadline=None)
def test_no_budget_is_overdrawn_and_every_line_is_answered_alone(
    make_setup, stand, random_score, seed, sizes, by, look, budget
):
    desk = desk_of(
        make_setup,
        stand,
        {"kind": "budget", "by": by, "look": look, **budget},
        n=5,
        score=random_score(5, 2, seed),
        sizes=sizes,
        tactics=("flip",),
    )
    desk.know(np.random.default_rng(seed + 1).integers(0, 3, (seed % 3, 5)).astype(np.uint8))
    selection, sizes = desk.operator.selection, np.array(sizes)
    holdings = np.random.default_rng(seed).integers(0, 3, (7, 5)).astype(np.uint8)
    found = selection.select(desk, holdings)
    assert ((found == 0) | (found == holdings)).all()
    limit = budget["examples"] if "examples" in budget else budget["share"] * ((holdings > 0) @ sizes) + 1e-6
    assert ((found > 0) @ sizes <= limit).all()
    assert found.tolist() == [selection.select(desk, line[None])[0].tolist() for line in holdings]
    if by in ("size", "random"):  # nothing that is left out would have fitted
        room = limit - (found > 0) @ sizes
        left = (holdings > 0) & (found == 0)
        assert (np.where(left, sizes, 99) > np.reshape(room, (-1, 1))).all()


def test_at_random_the_order_is_one_of_all_and_stays_for_a_play(make_setup):
    setup = make_setup(4, operator={"selection": {"kind": "budget", "examples": 2, "by": "random"}}, rounds=4)
    seen = set()
    for seed in range(60):
        record = LeverageGame(setup, seed).play()
        assert record.rounds.row.nunique() == 1
        seen.add(record.rounds.row[0])
    assert seen == {"".join(sorted(pair)) for pair in permutations("ABCD", 2)}


def test_what_it_looks_at_is_paid_for_once_and_not_while_moves_are_weighed(make_setup, scripts):
    """Leaving each of four objects out takes 5 rows, of which the full one is known; a strike of D then takes 4 more."""
    setup = make_setup(
        4,
        [*scripts({}, {}, {}, {2: "delete", 3: "contribute"})],
        monitored=True,
        operator={"selection": {"kind": "budget", "examples": 2, "by": "value", "look": "unveil"}, "unveil_cost": 1.0},
        score=lambda rows: rows @ np.array([0.4, 0.3, 0.2, 0.1]),
        rounds=4,
    )
    record = LeverageGame(setup).play()
    assert record.rounds.row.tolist() == ["AB"] * 5
    # round 1: ABCD and four rows without one. Round 2: ABC, known, and AB (what is served, known), AC, BC. Then nothing new.
    assert record.rounds.costs.tolist()[1:] == [5.0, 2.0, 0.0, 0.0]


def test_with_an_empty_board_belief_knows_no_difference(make_setup, stand):
    for by in ("value", "gain"):
        desk = desk_of(make_setup, stand, {"kind": "budget", "examples": 8, "by": by}, sizes=SIZES)
        assert words(desk.operator.selection.select(desk, rows("ABCD"))) == ["AB"], "the largest first"


def test_belief_is_free_and_learns_from_the_board(make_setup, scripts):
    """An additive board that has seen the full row and each object's absence knows what every object is worth."""
    setup = make_setup(
        3,
        monitored=True,
        score=lambda rows: rows @ np.array([0.1, 0.2, 0.7]),
        operator={
            "selection": {"kind": "budget", "examples": 1, "by": "value"},
            "belief": "additive",
            "knows": ["ABC", "AB", "AC", "BC", "A", "B", "C"],
            "unveil_cost": 1.0,
        },
        rounds=2,
    )
    record = LeverageGame(setup).play()
    assert record.rounds.row.tolist() == ["C"] * 3 and record.rounds.costs.tolist()[1:] == [0.0, 0.0]


def test_budgets_that_cannot_be_kept_are_refused(make_setup):
    for wrong in ({}, {"examples": 1, "share": 0.5}, {"share": 1.5}, {"examples": -1}):
        with pytest.raises(ValidationError):
            Budget.model_validate(wrong)
    blind = make_setup(2, operator={"selection": {"kind": "budget", "share": 0.5, "by": "gain"}})
    with pytest.raises(GameError, match="no monitor cells") as caught:
        LeverageGame(blind)
    assert caught.value.place.key == "operators.0.selection"
