from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from dataleverage.measure.outcomes import OUTCOMES, outcomes
from dataleverage.scenario.load import load, loads

ROOT = Path(__file__).resolve().parents[2]

# Two creators and a column of their own each; A deletes in round 1 and is back in round 3, B withholds in round 2.
GAME = """
title: by hand
data:
  kind: table
  columns: [all, A, B]
  metric: METRIC
  cells: CELLS
creators:
  - {name: A, count: 1, strategy: {kind: scripted, moves: {1: delete, ENDS}}}
  - {name: B, count: 1, strategy: {kind: scripted, moves: {2: withhold, 3: contribute}}}
operators: [{name: firm, response: {kind: dividend, rate: 0.5}}]
payoffs: {revenue: 10, service: 2, cost: {delete: 0.3, withhold: 0.1}}
rounds: 3
"""
ACCURACY = "{'': [0, 0, 0], B: [0.5, 0.2, 0.6], A: [0.4, 0.7, 0.1], AB: [0.8, 0.8, 0.9]}"
LOSS = "{'': [1, 1, 1], B: [0.5, 0.8, 0.4], A: [0.6, 0.3, 0.9], AB: [0.2, 0.2, 0.1]}"


def played(metric: str = "accuracy", cells: str = ACCURACY, ends: str = "9: delete"):
    return loads(GAME.replace("METRIC", metric).replace("CELLS", cells).replace("ENDS", ends)).play()


def test_every_outcome_by_hand():
    found = outcomes(played())
    # q of `all` is score/0.8: 1, then 0.625 in rounds 1 to 3. Revenue 6.25, half of it to B, who alone is held.
    own = [1 + (0.2 - 0.8) / 0.8, 1 + (0.6 - 0.9) / 0.8]
    expected = {
        "start_score": 0.8,
        "final_score": 0.5,
        "score_change": -0.3,
        "deletion_leverage": 0.375,
        "company_leverage": 0.375,
        "share_retained": 0.5,
        "peak_acting_share": 1.0,
        "peak_strike_share": 1.0,
        "final_acting_share": 0.5,
        "rounds_played": 3,
        "operator_profit": 3 * 3.125,
        "creators_welfare": 3 * (2 * sum(own) + 3.125 - 0.3) - 0.1,
        "creators_quality": sum(own) / 2,
        "transfers": 3 * 3.125,
        "harm_unmonitored": 0.6 / 0.8,
        "users": 1.0,
        "peak_boycott_share": 0.0,
        "peak_poison_share": 0.0,
    }
    nothing = {"rivals_profit", "strike_won", "false_positive_share"}
    assert {name for name, value in found.items() if value is None} == nothing
    assert set(found) == set(OUTCOMES) == set(expected) | nothing
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_losses_tell_the_same_story_with_the_sign_of_a_loss():
    won, lost = outcomes(played()), outcomes(played("log_loss", LOSS))
    same = ("deletion_leverage", "company_leverage", "creators_welfare", "creators_quality", "harm_unmonitored")
    assert [lost[name] for name in same] == pytest.approx([won[name] for name in same])
    assert lost["score_change"] == pytest.approx(0.3)


def test_what_has_no_value_is_none():
    rescued = outcomes(played(ends="2: delete, 3: contribute"))
    assert rescued["deletion_leverage"] == pytest.approx(0)
    pooled = outcomes(load(ROOT / "scenarios/abcd.yaml").play())
    assert pooled["company_leverage"] is None, "its weights are not on `all`"
    json.dumps(pooled, allow_nan=False)


def test_before_the_first_round():
    game = loads(GAME.replace("METRIC", "accuracy").replace("CELLS", ACCURACY).replace("ENDS", "9: delete")).game()
    found = outcomes(game.record())
    assert found["score_change"] == 0 and found["creators_quality"] is None and found["operator_profit"] == 0


def test_harm_that_the_operator_saw_is_not_unmonitored():
    record = load(ROOT / "scenarios/first-strike.yaml", settings=["operators.0.monitors=[all]"]).play()
    blind = outcomes(record)["harm_unmonitored"]
    gap = record.manifest["normalisation"]["gap"]
    rounds = record.rounds
    owners = [c for c in rounds.columns if c.startswith("score:") and "all" not in c and "monitor" not in c]
    assert blind == pytest.approx(max((rounds[c].iloc[0] - rounds[c].iloc[-1]) / gap for c in owners))
    watched = load(ROOT / "scenarios/first-strike.yaml").play()
    monitored = set(watched.columns[watched.columns.part == "monitor"].slice)
    seen = outcomes(watched)["harm_unmonitored"]
    rest = [c for c in owners if c.removeprefix("score:") not in monitored]
    expected = max(((rounds[c].iloc[0] - rounds[c].iloc[-1]) / gap for c in rest), default=math.nan)
    assert seen == (None if math.isnan(expected) else pytest.approx(expected))


def test_the_first_weighted_column_is_the_grids():
    """The order in which a scenario lists its weights is no order: summary, gap and service go by the grid's."""
    base = GAME.replace("METRIC", "accuracy").replace("CELLS", ACCURACY).replace("ENDS", "9: delete")
    found = [
        outcomes(loads(base.replace("revenue: 10,", f"revenue: 10, weights: {weights},")).play())
        for weights in ("{A: 1, all: 1}", "{all: 1, A: 1}")
    ]
    assert found[0] == found[1]
    assert found[0]["start_score"] == 0.8
