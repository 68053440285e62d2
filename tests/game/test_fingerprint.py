"""Fingerprints: strategies whose answer to a share of others is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dataleverage.errors import GameError
from dataleverage.game.fingerprint import fingerprint
from dataleverage.game.levers import MoveSpec
from dataleverage.game.strategies.baseline import Always
from dataleverage.game.strategies.baseline import Random as AtRandom
from dataleverage.game.strategies.threshold import Threshold
from dataleverage.game.strategies.weighing import BestResponse


def near(table, expected):
    """Frequencies of independent draws, within 4.5 standard errors of what is expected."""
    reach = 4.5 * np.sqrt(np.maximum(expected * (1 - expected), 0.002) / table.decisions.to_numpy())
    assert (np.abs(table.acting.to_numpy() - expected) <= reach).all()


def test_a_threshold_is_a_step(make_setup):
    table = fingerprint(Threshold(mean=0.5), make_setup(5), draws=3)
    assert table.index.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert table.acting.tolist() == [0, 0, 1, 1, 1]
    for name in ("after_contributing", "after_acting"):
        assert table[name].tolist() == [0, 0, 1, 1, 1]
    # with j of the others acting, 5 − j decide of those who contribute, and j + 1 of those who act
    assert table.decisions.tolist() == [3 * (5 - j + j + 1) for j in range(5)]


@pytest.mark.parametrize("sd", [0.1, 0.3])
def test_drawn_thresholds_follow_their_distribution(make_setup, sd):
    table = fingerprint(Threshold(mean=0.4, sd=sd), make_setup(9), draws=60)
    near(table, stats.norm.cdf((table.index.to_numpy() - 0.4) / sd))


def test_soft_thresholds_follow_their_formula(make_setup):
    table = fingerprint(Threshold(mean=0.5, steepness=3.0), make_setup(7), draws=80, seed=1)
    x = table.index.to_numpy()
    near(table, x**3 / (0.5**3 + x**3))


def test_who_does_not_look_answers_the_same(make_setup):
    near(fingerprint(AtRandom(p=0.3), make_setup(6), draws=60), np.full(6, 0.3))
    assert (fingerprint(Always(), make_setup(3), draws=2).acting == 0).all()


def test_best_responses_of_a_game_that_takes_everyone(make_setup):
    """Deleting pays only if nothing is left: 4 beside 3 for who contributes, and nothing for who deletes in vain."""
    setup = make_setup(
        4,
        score=lambda rows: (rows == 0).all(axis=1),
        payoffs={"service": 4, "endowment": {"creator": 3}, "cost": {"delete": 3}},
    )
    best = BestResponse(consider=[MoveSpec(lever="contribute"), MoveSpec(lever="delete")])
    assert fingerprint(best, setup, draws=4).acting.tolist() == [0, 0, 0, 1]


def test_a_game_without_deletion_and_two_operators(make_setup):
    """Those of the second operator strike there, and are seen by all."""
    groups = [(2, Always()), (2, Always())]
    setup = make_setup(4, groups, operators=[{"name": "a"}, {"name": "b"}], homes=[0, 1], rights={"deletion": False})
    assert fingerprint(Threshold(mean=0.3), setup, draws=2).acting.tolist() == [0, 1, 1, 1]


def test_the_same_seed_gives_the_same(make_setup):
    setup, told = make_setup(4), []
    one = fingerprint(AtRandom(), setup, draws=5, seed=3, progress=told.append)
    assert one.equals(fingerprint(AtRandom(), setup, draws=5, seed=3)) and sum(told) == 5 * 5
    assert not one.equals(fingerprint(AtRandom(), setup, draws=5, seed=4))


def test_what_has_no_fingerprint_is_refused(make_setup):
    with pytest.raises(GameError, match="2 to 200 creators, and the game has 1"):
        fingerprint(Always(), make_setup(1))
    with pytest.raises(GameError, match="poison needs a tactic"):
        fingerprint(Always(move=MoveSpec(lever="poison")), make_setup(3))
    with pytest.raises(GameError, match="2 thresholds for 3 creators"):
        fingerprint(Threshold(thresholds=(0.1, 0.2)), make_setup(3))
