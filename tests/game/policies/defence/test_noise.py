from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from dataleverage.errors import DataleverageError
from dataleverage.game.model import LeverageGame
from dataleverage.scenario.load import loads

GAME = """
title: Noise
data: {kind: sklearn, name: digits, objects: {by: random, count: 4}, holdout: {audit: 0.3, monitor: 0.1}}
learner: {kind: ridge_classifier}
columns: [{slice: all, metric: accuracy}, {slice: all, metric: balanced_accuracy}]
creators: [{name: archives, count: 4}]
operators: [{name: vendor, defence: DEFENCE}]
payoffs: {weights: {all accuracy: 1.0}}
rounds: 1
"""


def test_scores_are_those_of_randomised_response_in_expectation():
    """Against answers drawn many times over, from the predictions of the same model fitted by scikit-learn."""
    from sklearn.linear_model import RidgeClassifier

    game = LeverageGame(loads(GAME.replace("DEFENCE", "{kind: noise, rate: 0.3}")).setup(), 0)
    rounds = game.play().rounds
    world = game.setup.grid.world
    said = RidgeClassifier().fit(world.X, world.y).predict(world.X_eval[world.audit])
    truth = world.y_eval[world.audit]
    rng = np.random.default_rng(0)
    drawn = [np.where(rng.random(len(said)) < 0.3, rng.integers(0, 10, len(said)), said) for _ in range(2000)]
    right = [(answers == truth).mean() for answers in drawn]
    balanced = [balanced_accuracy_score(truth, answers) for answers in drawn]
    for name, found in [("score:all accuracy", right), ("score:all balanced_accuracy", balanced)]:
        error = np.std(found) / np.sqrt(len(found))
        assert abs(rounds[name].iloc[-1] - np.mean(found)) < 5 * error


def test_all_noise_is_guessing_evenly_and_no_noise_is_the_model():
    plain = loads(GAME.replace("DEFENCE", "none")).play(seed=0).rounds
    clear = loads(GAME.replace("DEFENCE", "{kind: noise, rate: 0.0}")).play(seed=0).rounds
    blind = loads(GAME.replace("DEFENCE", "{kind: noise, rate: 1.0}")).play(seed=0).rounds
    assert clear["score:all accuracy"].tolist() == plain["score:all accuracy"].tolist()
    assert blind["score:all accuracy"].to_numpy() == pytest.approx([0.1, 0.1])


def test_who_goes_by_what_was_published_does_not_add_the_noise_once_more():
    """A creator that believes in the rows served finds its last payoff again when it weighs the move it made."""
    text = GAME.replace("DEFENCE", "{kind: noise, rate: 0.5}").replace(
        "{name: archives, count: 4}", "{name: archives, count: 4, strategy: {kind: best_response, knows: KNOWS}}"
    )
    for knows in ("belief", "board", "grid"):
        game = LeverageGame(loads(text.replace("KNOWS", knows)).setup(), 0)
        worth = game.weigh(np.arange(4), np.array([game.setup.menu.stay]), knows)
        shown = game.desks[0].quality(game.desks[0].scores) if knows == "board" else game.quality
        assert worth[:, 0] == pytest.approx(np.broadcast_to(shown, 4)), knows


def test_looking_shows_the_model_as_it_is_released():
    game = LeverageGame(loads(GAME.replace("DEFENCE", "{kind: noise, rate: 0.5}")).setup(), 0)
    desk = game.desks[0]
    assert desk.look(np.ones((1, 4), np.uint8)) == pytest.approx(desk.quality(desk.scores)[None])


def test_metrics_whose_expectation_is_not_known_are_refused():
    wrong = GAME.replace("DEFENCE", "{kind: noise, rate: 0.5}").replace("metric: balanced_accuracy", "metric: log_loss")
    with pytest.raises(DataleverageError, match=r"what log_loss .* becomes with noise") as caught:
        loads(wrong.replace("ridge_classifier", "logistic_regression"))
    assert "operators.0.defence" in str(caught.value)
    numbers = GAME[: GAME.index("columns")].replace("digits", "diabetes").replace("ridge_classifier", "ridge")
    numbers += "creators: [{name: a, count: 4}]\noperators: [{name: vendor, defence: {kind: noise, rate: 0.5}}]\n"
    with pytest.raises(DataleverageError, match="noise is a matter of classes"):
        loads(numbers)
