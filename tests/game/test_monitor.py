from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from dataleverage.errors import GameError
from dataleverage.game.model import LeverageGame
from dataleverage.scenario.load import loads

TEXT = """
title: own examples
data:
  kind: sklearn
  name: digits
  objects: {by: label_skew, alpha: 0.3, count: 6}
  holdout: {audit: 0.3, monitor: 0.2, monitor_from: FROM}
learner: ridge_classifier
tactics: {flip: {kind: label_flip, to: 3}}
creators:
  - {name: poisoners, count: 2, strategy: {kind: scripted, moves: {1: poison}}}
  - {name: leavers, count: 1, strategy: {kind: scripted, moves: {1: delete}}}
  - {name: others}
operators: [{name: firm, monitor: own}, {name: beside, monitor: trusted}]
rounds: 2
"""


def test_what_an_operator_sees_of_its_own_holdings_is_what_scikit_learn_scores_on_them():
    """Poisoners' monitor examples count as flipped to threes, leavers' not at all, and everyone else's as they are."""
    game = LeverageGame(loads(TEXT.replace("FROM", "own")).setup())
    game.step()
    desk, world = game.desks[0], game.setup.grid.world
    assert desk.holdings.tolist() == [2, 2, 0, 1, 1, 1]
    row = desk.holdings
    poisoned = np.isin(world.object_of, np.flatnonzero(row == 2))
    there = np.isin(world.object_of, np.flatnonzero(row > 0))
    X = np.where(poisoned[:, None], world.variants[0].X, world.X)[there]
    y = np.where(poisoned, world.variants[0].y, world.y)[there]

    def right(model, objects, labels=None):
        look = np.isin(world.eval_object, objects) & ~world.audit
        wanted = world.y_eval[look] if labels is None else np.full(look.sum(), labels)
        return int((model.predict(world.X_eval[look]) == wanted).sum()), int(look.sum())

    model, full = RidgeClassifier().fit(X, y), RidgeClassifier().fit(world.X, world.y)
    seen = [right(model, [0, 1], 3), right(model, [3, 4, 5])]
    known = right(full, [0, 1, 3, 4, 5])
    loss = sum(hits for hits, _ in seen) / sum(count for _, count in seen) - known[0] / known[1]
    expected = 1 + loss / game.setup.quality.gap
    assert desk.quality(desk.scores) == pytest.approx(expected)
    trusted = game.desks[1].quality(desk.scores)
    assert abs(trusted - expected) > 0.02, "a trusted monitor part sees something else"
    assert {game.setup.grid.columns[c].slice.split()[0] for c in game.desks[1].board.columns} == {"all"}


def test_nothing_held_shows_nothing():
    game = LeverageGame(loads(TEXT.replace("FROM", "own")).setup())
    game.desks[0].holdings = np.zeros(6, dtype=np.uint8)
    assert np.isnan(game.desks[0].quality(game.desks[0].scores))


def test_examples_of_its_own_that_are_not_made_are_refused():
    with pytest.raises(GameError, match="none are made") as caught:
        loads(TEXT.replace("FROM", "trusted"))
    assert caught.value.place.key == "operators.0.monitor" and "monitor_from: own" in (caught.value.remedy or "")
