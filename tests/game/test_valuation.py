from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from dataleverage.game.model import LeverageGame
from dataleverage.game.setup import GameSetup
from dataleverage.game.strategies.baseline import Always
from dataleverage.game.strategies.reservation import Reservation
from dataleverage.game.valuation import Claims, audited, values_of

OWNERS = [0, 1, 0, 2, -1]  # A has two objects, and the last is public


def by_orders(worth, players):
    """Shapley's value as the mean over all orders of what each player adds when it comes."""
    found = dict.fromkeys(players, 0.0)
    orders = list(permutations(players))
    for order in orders:
        come = set()
        for player in order:
            before = worth(come)
            come = come | {player}
            found[player] += (worth(come) - before) / len(orders)
    return [found[player] for player in players]


@pytest.fixture
def setup(make_setup, random_score) -> GameSetup:
    made: GameSetup = make_setup(5, score=random_score(5, 1, 7), owner_of=OWNERS)
    return made


def worth_of(setup):
    def worth(come):
        row = np.array([[1 if owner in come or owner == -1 else 0 for owner in OWNERS]], dtype=np.uint8)
        return float(setup.grid.scores(row)[0, 0])

    return worth


def test_creators_are_the_players_and_public_objects_are_always_there(setup):
    worth = worth_of(setup)
    everyone = {0, 1, 2}
    assert values_of(audited(setup, np.arange(3)), "shapley") == pytest.approx(by_orders(worth, (0, 1, 2)))
    assert values_of(audited(setup, np.arange(3)), "leave_one_out") == pytest.approx(
        [worth(everyone) - worth(everyone - {i}) for i in range(3)]
    )
    coalitions = [set(), {0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}, everyone]
    banzhaf = [np.mean([worth(s | {i}) - worth(s) for s in coalitions if i not in s]) for i in range(3)]
    assert values_of(audited(setup, np.arange(3)), "banzhaf") == pytest.approx(banzhaf)


def test_only_those_asked_about_take_part(setup):
    worth = worth_of(setup)
    assert values_of(audited(setup, np.array([0, 2])), "shapley") == pytest.approx(by_orders(worth, (0, 2)))


@pytest.mark.parametrize("value", ["shapley", "banzhaf"])
def test_more_than_a_dozen_are_estimated(make_setup, value):
    """Where worth is a sum every value is a creator's own part of it, whatever is sampled."""
    weight = np.random.default_rng(3).random(15)
    setup = make_setup(15, score=lambda rows: rows @ weight)
    tolerance = {"shapley": 1e-9, "banzhaf": 0.2}[value]
    assert values_of(audited(setup, np.arange(15)), value) == pytest.approx(weight, abs=tolerance)


def test_claims_are_shares_of_revenue_and_never_negative(make_setup):
    """Worth 0.5, 0.3 and -0.1: who harms claims nothing, and the others share by 5 to 3."""
    weight = np.array([0.5, 0.3, -0.1])
    claims = Claims(make_setup(3, score=lambda rows: rows @ weight), np.array([16.0]), 0)
    for value in ("leave_one_out", "shapley", "banzhaf"):
        assert claims(value) == pytest.approx([10, 6, 0])
    nothing = Claims(make_setup(2, score=lambda rows: -1.0 * rows.sum(axis=1)), np.array([16.0]), 0)
    assert nothing("shapley").tolist() == [0, 0]


def test_each_operators_revenue_is_its_own_creators(make_setup):
    weight = np.array([0.2, 0.6, 0.1, 0.1])
    groups_at = {"homes": [0, 1], "operators": [{"name": "a"}, {"name": "b"}]}
    setup = make_setup(4, [(2, Always()), (2, Always())], lambda rows: rows @ weight, **groups_at)
    assert Claims(setup, np.array([8.0, 2.0]), 0)("shapley") == pytest.approx([2, 6, 1, 1])


def test_what_claims_cut_is_told_once_where_somebody_goes_by_them(make_setup):
    """Worth 0.7, 0.5 and -0.2: C claims nothing, and the record says what was cut, however many rounds and creators ask."""
    weight = np.array([0.7, 0.5, -0.2])
    groups = [(2, Reservation(value="shapley")), (1, Reservation(value="leave_one_out"))]
    game = LeverageGame(make_setup(3, groups, lambda rows: rows @ weight, payoffs={"revenue": 10.0}, rounds=4))
    told = [each for each in game.play().manifest["warnings"] if "Claims" in each]
    assert [("shapley" in each, "leave_one_out" in each) for each in told] == [(True, False), (False, True)]
    assert all("of operator" in each and "1 creators (C), -0.2000" in each for each in told)
    assert [each for each in game.record().manifest["warnings"] if "Claims" in each] == told
    for strategy, worth in ((Reservation(amount=1.0), weight), (Reservation(), np.abs(weight))):
        record = LeverageGame(make_setup(3, strategy, lambda rows, worth=worth: rows @ worth, rounds=2)).play()
        assert not any("Claims" in each for each in record.manifest["warnings"])


def test_claims_that_are_all_cut_are_told_too(make_setup):
    record = LeverageGame(make_setup(2, Reservation(), lambda rows: -1.0 * rows.sum(axis=1), rounds=1)).play()
    assert any("2 creators (A, B), -2.0000" in each for each in record.manifest["warnings"])
