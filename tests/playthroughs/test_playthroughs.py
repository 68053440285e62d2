"""Shipped scenarios play as they did: on every Python and Mesa the same moves and rows, and scores within 1e-9.

Only pytest is needed beside the package, so that this folder can be run wherever the package can.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dataleverage.record.record import TABLES
from dataleverage.scenario.load import load

HERE = Path(__file__).resolve().parent
SCENARIOS = HERE.parents[1] / "scenarios"


@pytest.mark.parametrize("name", sorted(path.stem for path in SCENARIOS.glob("*.yaml")))
def test_a_scenario_plays_as_it_was_written_down(name, transcripts, request):
    found = transcripts.transcript(load(SCENARIOS / f"{name}.yaml").play())
    golden = HERE / f"{name}.txt"
    if request.config.getoption("--regenerate", default=False):
        golden.write_text(found, encoding="utf-8")
    if not golden.exists():
        pytest.fail(f"{golden.name} is not there: write it with `pytest tests/playthroughs --regenerate`, and read it")
    differ = transcripts.differences(golden.read_text(encoding="utf-8"), found)
    assert not differ, "\n".join([f"{len(differ)} lines differ from {golden.name}", *differ[:8]])


def test_a_transcript_tells_differences(transcripts):
    text = "Round 1\n  a: contribute -> delete\n  scores: all 0.912345678, rare 0.100000000\n"
    assert transcripts.differences(text, text) == []
    assert transcripts.differences(text, text.replace("0.912345678", "0.912345679")) == []
    for old, new in (("0.912345678", "0.912345680"), ("delete", "withhold"), ("Round 1", "Round 2"), ("rare 0.100000000", "")):
        assert len(transcripts.differences(text, text.replace(old, new))) == 1
    assert len(transcripts.differences(text, text + "Round 2\n")) == 1


def test_the_command_line_twice_gives_the_same_bytes(tmp_path):
    for name, hashing in (("one", "1"), ("two", "2")):
        command = [sys.executable, "-m", "dataleverage", "run", str(SCENARIOS / "first-strike.yaml"), "--seed", "1"]
        environment = {**os.environ, "PYTHONHASHSEED": hashing}
        subprocess.run(
            [*command, "--no-page", "--out", str(tmp_path / name)], check=True, env=environment, stdout=subprocess.DEVNULL
        )
    for table in TABLES:
        one, two = [(tmp_path / name / f"{table}.parquet").read_bytes() for name in ("one", "two")]
        assert one == two, table
