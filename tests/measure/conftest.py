from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dataleverage.grid.grid import Grid
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.record.record import Record
from dataleverage.scenario.load import load, loads

FIRST = Path(__file__).resolve().parents[2] / "scenarios" / "first-strike.yaml"


@pytest.fixture
def first_strike() -> Callable[..., Record]:
    """Plays first-strike with an operator that monitors some slices."""

    def play(monitors: str = "all") -> Record:
        return load(FIRST, settings=[f"operators.0.monitors={monitors}", "rounds=4"]).play(1)

    return play


@pytest.fixture
def arms_race() -> Callable[..., Record]:
    """Plays arms-race, whose vendor has a defence, with settings."""

    def play(*settings: str) -> Record:
        return load(FIRST.with_name("arms-race.yaml"), settings=list(settings)).play(1)

    return play


OWNERS = """
title: Five owners
rounds: 1
data:
  kind: sklearn
  name: wine
  objects: {by: label_skew, alpha: 0.2, count: 5}
  holdout: {audit: 0.5, monitor: 0.1}
  slices: {by: owner}
  seed: 1
learner: {kind: ridge_classifier, alpha: 1.0}
creators: [{name: owners, count: 5}]
operators: [{name: vendor}]
"""


@pytest.fixture(scope="session")
def owners_grid() -> Callable[[str], Grid]:
    """A ridge classifier on the wine data of five owners of different classes, with a column for each, by one metric."""
    scenario = loads(OWNERS)

    def measured(metric: str) -> Grid:
        trained = scenario.grid()
        assert trained.world is not None and isinstance(trained.oracle, TrainedOracle)
        return Grid.of_world(trained.world, trained.oracle.learner, metric)

    return measured
