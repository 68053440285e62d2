from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from dataleverage.game.levers import MoveSpec
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Random
from dataleverage.game.strategies.reinforcement import Reinforcement
from dataleverage.game.strategy import chosen_by

COSTS = {"cost": {"delete": 0.3, "withhold": 0.1}}


@pytest.mark.parametrize(("forgetting", "experimentation"), [(0.0, 0.0), (0.2, 0.1), (0.5, 0.6)])
def test_propensities_are_those_of_a_loop_over_the_record(make_setup, random_score, forgetting, experimentation):
    """Roth and Erev's rule, written out creator by creator from what the record says they did and got."""
    strategy = Reinforcement(start=0.5, forgetting=forgetting, experimentation=experimentation)
    setup = make_setup(4, [(3, strategy), (1, Random())], random_score(4, 1, 5), rounds=8, payoffs=COSTS)
    game = LeverageGame(setup, 2)
    moves = game.play().moves
    menu = [move.lever for move in setup.menu.moves]
    for i, name in enumerate(setup.names[:3]):
        mine = moves[moves.creator == name].sort_values("round")
        q, least = [0.5] * len(menu), float("inf")
        for lever, payoff in list(zip(mine.lever, mine.payoff, strict=True))[:-1]:  # nobody decides after the last round
            least = min(least, payoff)
            for a, each in enumerate(menu):
                part = 1 - experimentation if each == lever else experimentation / (len(menu) - 1)
                q[a] = (1 - forgetting) * q[a] + part * (payoff - least)
        assert game.memory[0]["propensity"][i] == pytest.approx(q)


def test_moves_are_made_as_often_as_propensities_say(make_setup):
    """All but fixed propensities: each move as often as the others."""
    setup = make_setup(200, Reinforcement(start=1e8, forgetting=0.0), rounds=10, payoffs=COSTS)
    counts = LeverageGame(setup).play().moves.lever.value_counts()
    assert stats.chisquare(counts[counts > 0]).pvalue > 1e-3


def test_it_learns_what_pays(make_setup):
    """One move costs nothing and two do: with what did not pay forgotten, nearly all come to make the first."""
    strategy = Reinforcement(forgetting=0.1, experimentation=0.02, start=0.5)
    costs = {"cost": {"delete": 2.0, "withhold": 1.5, "contribute": 0.0}}
    setup = make_setup(100, strategy, lambda rows: np.ones(len(rows)), rounds=120, payoffs=costs)
    rounds = LeverageGame(setup).play().rounds
    assert stats.binomtest(round(100 * rounds["share:contribute"][1]), 100, 1 / 3).pvalue > 1e-3, "at first by chance"
    assert rounds["share:contribute"][100:].mean() > 0.85


def test_it_learns_only_about_the_moves_it_considers(make_setup, levers):
    only = Reinforcement(consider=(MoveSpec(lever="delete"), MoveSpec(lever="withhold")))
    played = levers(make_setup(20, only, rounds=10, payoffs=COSTS))
    assert set("".join(played)) == {"d", "w"}
    assert levers(make_setup(2, Reinforcement(consider=(MoveSpec(lever="delete"),)), rounds=3)) == ["ddd"] * 2


def test_what_is_wholly_forgotten_is_equally_likely(make_setup, levers):
    """Nothing pays more than the least, and half is forgotten a round: after a thousand rounds moves are still made."""
    setup = make_setup(3, Reinforcement(forgetting=0.9), lambda rows: np.ones(len(rows)), rounds=1000)
    assert set("".join(word[-300:] for word in levers(setup))) == {"-", "w", "d"}


def test_choices_by_odds():
    choices = np.array([4, 7, 9])
    odds = np.array([[1.0, 0.0, 3.0]] * 4)
    assert chosen_by(odds, choices, np.array([0.0, 0.2499, 0.25, 0.999999])).tolist() == [4, 4, 9, 9]
    draws = np.random.default_rng(0).random(6000)
    odds = np.tile([2.0, 3.0, 5.0], (6000, 1))
    counts = np.bincount(chosen_by(odds, np.arange(3), draws))
    assert stats.chisquare(counts, [1200, 1800, 3000]).pvalue > 1e-3


@pytest.mark.parametrize("wrong", [{"start": 0.0}, {"forgetting": 1.0}, {"experimentation": -0.1}, {"consider": []}])
def test_what_it_cannot_be(wrong):
    with pytest.raises(ValidationError):
        Reinforcement.model_validate(wrong)
