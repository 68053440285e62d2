"""Outcomes by name, against the record's own tables."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from dataleverage.errors import RecordError
from dataleverage.record.record import Record
from dataleverage.scenario.load import load
from dataleverage.sweep.outcomes import read


@pytest.fixture
def record(folder: Path) -> Record:
    return load(folder / "small.yaml").play()


def test_outcomes_and_columns_come_in_the_order_asked_for(record: Record) -> None:
    rounds = record.rounds
    assert read(record, ["rounds.round", "final_score", "rounds.share:delete", "max(moves.round)", "strike_won"]) == [
        rounds["round"].iloc[-1],
        rounds["score:all"].iloc[-1],
        rounds["share:delete"].iloc[-1],
        rounds["round"].iloc[-1],
        None,  # nobody demands anything
    ]


def test_a_function_of_ones_own(record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_of_test.py").write_text(
        "def deletes(record):\n    return int((record.moves['lever'] == 'delete').sum())\n"
        "def nothing(record):\n    return float('nan')\ndef text(record):\n    return 'x'\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    deletes, nothing = read(record, ["mine_of_test:deletes", "mine_of_test:nothing"])
    assert deletes == sum(lever == "delete" for lever in record.moves["lever"].astype(str))
    assert nothing is None and not math.isnan(deletes or 0)
    with pytest.raises(RecordError, match="returned str, not a number"):
        read(record, ["mine_of_test:text"])
