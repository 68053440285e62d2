"""The course of a game: rounds that repeat, and copies that come back to nothing."""

from __future__ import annotations

import numpy as np
import pytest

from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Always, Scripted
from dataleverage.game.strategies.threshold import Threshold
from dataleverage.game.strategies.weighing import BestResponse
from dataleverage.record.record import TABLES


@pytest.mark.parametrize("seed", range(12))
def test_a_game_that_rests_is_written_down_as_one_that_asks_every_round(make_setup, random_score, seed):
    """Rounds in which nothing moves are not asked or worked out again: nobody can tell from the record."""
    rng = np.random.default_rng(seed)
    scripts = {
        int(round): str(rng.choice(["delete", "withhold", "contribute"])) for round in rng.choice(9, 3, replace=False) + 1
    }
    kinds = [
        Scripted(moves=scripts),
        Threshold(thresholds=tuple(rng.uniform(0, 1, 2))),
        BestResponse(),
        Threshold(mean=0.4, steepness=3.0) if seed % 3 == 0 else Always(),
    ]
    groups = [(1, kinds[0]), (2, kinds[1]), (1, kinds[2]), (1, kinds[3])]
    records = []
    for asks in (False, True):
        setup = make_setup(
            5,
            groups,
            score=random_score(5, 1, seed),
            payoffs={"revenue": 6.0, "cost": {"delete": 0.1}},
            operator={"response": {"kind": "dividend", "rate": 0.3}, "unveil_cost": 0.2},
            monitored=True,
            rounds=14,
        )
        assert setup.timeless
        if asks:
            setup.__dict__["timeless"] = False
        records.append(LeverageGame(setup, seed).play())
    for name in TABLES:
        assert records[0].frame(name).equals(records[1].frame(name)), name
    assert records[0].manifest["stopped"] == records[1].manifest["stopped"]


def test_a_copy_goes_on_as_the_game_does_and_leaves_it_alone(make_setup, random_score):
    """Two rounds tried ahead come to what they come to when they are played, and until then nothing has happened."""
    setup = make_setup(
        3,
        Always(),
        score=random_score(3, 1, 2),
        payoffs={"revenue": 5.0},
        operator={"response": {"kind": "wage", "start": 0.1, "step": 0.1}, "retrain": {"every": 2}, "unveil_cost": 0.3},
        collectives=[{"name": "union", "fund": {"start": 1.0, "dues": 0.2}}],
        monitored=True,
        rounds=6,
    )
    game, tried = LeverageGame(setup), LeverageGame(setup)
    for each in (game, tried):
        each.step()
    copy = game.course.ahead(game.lookup.scores, guessed=False)
    choice = np.array([2, 0, 2])
    ahead = []
    for round in (2, 3):
        copy.into(round)
        ahead.append(copy.advance(choice, game.lookup.scores).payoff.tolist())
    assert game.desks[0].holdings.tolist() == [1, 1, 1] and game.unions[0].fund == pytest.approx(1.6)
    assert game.desks[0].wealth == tried.desks[0].wealth and len(game.desks[0].board) == len(tried.desks[0].board)
    played = []
    for round in (2, 3):
        tried.course.into(round)
        played.append(tried.course.advance(choice, tried.lookup.serve).payoff.tolist())
    assert np.array(ahead) == pytest.approx(np.array(played))
    assert copy.unions[0].fund == pytest.approx(tried.unions[0].fund)
