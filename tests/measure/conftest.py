from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dataleverage.record.record import Record
from dataleverage.scenario.load import load

FIRST = Path(__file__).resolve().parents[2] / "scenarios" / "first-strike.yaml"


@pytest.fixture
def first_strike() -> Callable[..., Record]:
    """Plays first-strike with an operator that monitors some slices."""

    def play(monitors: str = "all") -> Record:
        return load(FIRST, settings=[f"operators.0.monitors={monitors}", "rounds=4"]).play(1)

    return play
