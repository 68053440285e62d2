from __future__ import annotations

import pytest

from dataleverage.measure.harm import harm
from dataleverage.scenario.load import loads

# Two creators and a column of their own each; A deletes in round 1. An operator can look at nothing of a table.
GAME = """
title: by hand
data:
  kind: table
  columns: [all, A, B]
  metric: METRIC
  cells: CELLS
creators:
  - {name: A, count: 1, strategy: {kind: scripted, moves: {1: delete}}}
  - {name: B, count: 1}
rounds: 2
"""


@pytest.mark.parametrize(
    ("metric", "cells"),
    [
        ("accuracy", "{'': [0, 0, 0], B: [0.5, 0.2, 1.0], AB: [0.8, 0.8, 0.9], A: [0.4, 0.7, 0.1]}"),
        ("log_loss", "{'': [1, 1, 1], B: [0.5, 0.8, 0.0], AB: [0.2, 0.2, 0.1], A: [0.6, 0.3, 0.9]}"),
    ],
)
def test_losses_are_shares_of_the_gap_the_worst_first(metric, cells):
    found = harm(loads(GAME.replace("METRIC", metric).replace("CELLS", cells)).play())
    assert found.index.tolist() == ["A", "all", "B"]
    assert found.loss.tolist() == pytest.approx([0.6 / 0.8, 0.3 / 0.8, -0.1 / 0.8])  # B is better off without A
    assert not found.monitored.any()


def test_what_an_operator_looks_at_is_monitored(first_strike):
    found = harm(first_strike(monitors="all"))
    assert found.monitored.all() and len(found) == 13
    some = harm(first_strike(monitors="[all, B]"))
    assert set(some[some.monitored].slice) == {"all", "B"}
    assert not harm(first_strike(monitors="none")).monitored.any()
