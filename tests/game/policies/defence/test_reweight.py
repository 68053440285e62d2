from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from dataleverage.errors import DataleverageError
from dataleverage.game.model import LeverageGame
from dataleverage.game.policies.defence.detectors import LossFilter, examples_in
from dataleverage.scenario.load import loads

WELL = """
title: Well
data: {kind: sklearn, name: digits, objects: {by: random, count: 8}, holdout: {audit: 0.3}}
learner: {kind: ridge_classifier, alpha: 1.0}
tactics: {flip: {kind: label_flip, rate: 0.6}}
creators:
  - {name: poisoner, count: 1, strategy: {kind: always, move: poison}}
  - {name: archives, count: 7}
operators: [{name: vendor, defence: {kind: reweight, by: loss_filter}}]
rounds: 1
"""


def test_objects_count_by_the_share_that_is_not_flagged():
    game = LeverageGame(loads(WELL).setup(), 0)
    rounds = game.play().rounds
    world = game.setup.grid.world
    row = np.array([2] + [1] * 7, np.uint8)
    X, y, of = examples_in(world, row)
    flagged = LossFilter().suspects(X, y, "classification")
    weights = np.array([1 - flagged[of == j].mean() for j in range(8)])
    assert weights[0] < 0.6 < weights[1:].min()
    model = RidgeClassifier(alpha=1.0).fit(X, y, sample_weight=weights[of])
    accuracy = model.score(world.X_eval[world.audit], world.y_eval[world.audit])
    assert rounds["score:all"].iloc[1] == pytest.approx(accuracy)
    assert rounds.flagged.tolist() == [0, 0] and rounds.row.iloc[1] == "A*BCDEFGH", "nothing is thrown out"


def test_a_learner_that_cannot_weigh_is_refused_and_so_is_a_surrogate():
    for old, new, told in [
        ("{kind: ridge_classifier, alpha: 1.0}", "k_neighbors_classifier", "cannot weigh"),
        ("rounds: 1", "rounds: 1\nsurrogate: {kind: additive, rows: 20}", "a surrogate does not know what objects weigh"),
    ]:
        with pytest.raises(DataleverageError, match=told) as caught:
            loads(WELL.replace(old, new))
        assert "operators.0.defence" in str(caught.value)
