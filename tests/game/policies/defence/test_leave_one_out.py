from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GameError
from dataleverage.game.model import LeverageGame
from dataleverage.scenario.load import loads


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.2]))
@settings(max_examples=30, deadline=None)
def test_what_the_row_does_better_without_is_out(make_setup, stand, random_score, seed, margin):
    """Against the definition, one object at a time; of a drawn table, whose monitor cells are those of the audit."""
    score = random_score(4, 2, seed)
    setup = make_setup(
        4, score=score, monitored=True, tactics=("flip",), operator={"defence": {"kind": "leave_one_out", "margin": margin}}
    )
    desk = stand(setup, np.ones(4)).desks[0]
    rows = np.random.default_rng(seed).integers(0, 3, (5, 4)).astype(np.uint8)
    for row, found in zip(rows, desk.operator.defence.filter(desk, rows), strict=True):
        for j in range(4):
            without = row.copy()
            without[j] = 0
            gain = score(without[None])[0, 0] - score(row[None])[0, 0]
            assert found[j] == (0 if gain > margin + 1e-9 else row[j])


def test_looking_is_paid_for_and_believing_is_not(make_setup):
    worth = np.array([0.7, -0.2, 0.5])
    for look, costs, row in [("unveil", [3.0, 0.0], "AC"), ("believe", [0.0, 0.0], "ABC")]:
        setup = make_setup(
            3,
            score=lambda rows: rows @ worth,
            monitored=True,
            rounds=2,
            operator={"defence": {"kind": "leave_one_out", "look": look}, "unveil_cost": 1.0},
        )
        rounds = LeverageGame(setup).play().rounds
        # looking: ABC and the three rows without one of them, of which AC is served from the start and known
        assert rounds.row.tolist() == [row] * 3 and rounds.costs[1:].tolist() == costs
        assert rounds.false_positives.tolist() == rounds.flagged.tolist() == [int(row == "AC")] * 3


def test_flipped_digits_are_out_by_what_they_do_to_trusted_examples():
    text = """
title: RONI
data: {kind: sklearn, name: digits, objects: {by: random, count: 6}, holdout: {audit: 0.3, monitor: 0.2}}
learner: {kind: ridge_classifier}
tactics: {flip: {kind: label_flip, rate: 1.0}}
creators:
  - {name: poisoner, count: 1, strategy: {kind: scripted, moves: {2: poison}}}
  - {name: archives, count: 5}
operators: [{name: vendor, defence: {kind: leave_one_out, margin: 0.01}}]
rounds: 2
"""
    game = LeverageGame(loads(text).setup(), 0)
    rounds = game.play().rounds
    assert rounds.row.tolist()[-1] == "BCDEF" and rounds.poisoned.tolist()[-1] == 0
    assert rounds.false_positives.tolist() == [0, 0, 0]


def test_without_monitor_cells_it_is_refused(make_setup):
    with pytest.raises(GameError, match="no monitor cells") as caught:
        LeverageGame(make_setup(2, operator={"defence": "leave_one_out"}))
    assert caught.value.place.key == "operators.0.defence"
