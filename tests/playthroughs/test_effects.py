"""Shipped scenarios show what they say: effects larger than two standard errors over worlds, or none where they say so."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from dataleverage.measure.outcomes import outcomes
from dataleverage.scenario.load import loads

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


def last(name):
    """What a column of the first operator has changed by, from round 0 to the last."""
    return lambda record: float(record.along(name)[-1] - record.along(name)[0])


# What each scenario shows: an outcome, or how it differs from what it is with other settings; which way it goes; and over how
# many worlds, each with its own examples, objects and holdout.
CLAIMS = {
    "first-strike": ("score_change", (), "down", 20),
    "poisoned-well": ("score_change", (), "down", 20),
    "strike-without-deletion": ("score_change", ("rights.deletion=true",), "up", 8),
    "deletion-without-retraining": ("score_change", ("rights.model_deletion=true",), "up", 8),
    "conscious-contribution": ("users", ("creators.0.strategy.moves.2=delete", "creators.1.strategy.move=delete"), "down", 8),
    "planted-signal": (last("score:triggered"), (), "up", 4),
    "hidden-slice": ("harm_unmonitored", (), "up", 8),
    "secure-holdout": (last("score:monitor:held B"), (), "down", 8),
    "boycott-beside-strike": ("operator_profit", ("creators.0.strategy.moves.2=delete",), "down", 8),
    "dividend-bargain": ("transfers", ("payoffs.revenue=10",), "up", 6),
    "strike-fund": ("strike_won", ("collectives.0.fund.start=6",), "up", 6),
    "free-riders": (last("score:triggered"), ("collectives.0.members.success.free_riders=0",), "down", 4),
    "arms-race": ("score_change", ("creators.0.strategy.moves.5.tactic=crude",), "down", 6),
    "two-signals": (last("score:called eight"), ("collectives.1.calls.move.tactic=eight",), "down", 6),
    "board-game": ("operator_profit", ("operators.0.selection.look=believe",), "up", 6),
    "film-raters": ("score_change", (), "up", 4),  # an error grows
    "hundred-thousand": ("score_change", (), "nothing", 3),
}
NOTHING = 0.005  # of a score: what a scenario that shows no effect may have at the most


@pytest.mark.parametrize("name", sorted({path.stem for path in SCENARIOS.glob("*.yaml")} - {"abcd"}))
def test_a_scenario_shows_what_it_says(name, plays, spread):
    """An effect larger than two standard errors over worlds, or none worth the name where it says so."""
    outcome, other, way, worlds = CLAIMS[name]
    read = outcome if callable(outcome) else lambda record: outcomes(record)[outcome]
    effects = [read(record) for record in plays(name, worlds)]
    if other:
        effects = [effect - read(record) for effect, record in zip(effects, plays(name, worlds, other), strict=True)]
    mean, error = spread(effects)
    if way == "nothing":
        assert abs(mean) + 2 * error < NOTHING, f"{mean:.4f} ± {error:.4f}"
    else:
        assert (mean if way == "up" else -mean) > 2 * error, f"{mean:.4f} ± {error:.4f}"
        assert abs(mean) > NOTHING


@pytest.mark.skipif("DATALEVERAGE_MOVIELENS" not in os.environ, reason="DATALEVERAGE_MOVIELENS names no copy of MovieLens 100K")
def test_film_raters_of_movielens_strike_as_well():
    """The same game on real raters: the twenty circles are users dealt at random, and a strike of eight costs everyone."""
    text = (SCENARIOS / "film-raters.yaml").read_text(encoding="utf-8")
    made_up = "  kind: synthetic_ratings\n  users: 400\n  items: 200\n"
    assert made_up in text
    real = f"  kind: movielens\n  path: {os.environ['DATALEVERAGE_MOVIELENS']}\n  users: 400\n"
    scenario = loads(text.replace(made_up, real))
    effects = [outcomes(scenario.in_world(seed).play())["score_change"] for seed in range(4)]
    assert np.mean(effects) > 2 * np.std(effects, ddof=1) / 2 > 0, "the error of a recommender grows"
