"""The commands of `sweep`: exit codes, JSON, files, and what a user's mistake says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

SCENARIO = """\
title: Small
data: {kind: table, columns: [all], cells: {"": [0.1], A: [0.6], B: [0.5], AB: [0.9]}}
creators:
  - {name: a, count: 1, strategy: {kind: scripted, moves: {2: delete}}}
  - {name: b, count: 1}
rounds: 3
"""
SWEEP = "scenario: small.yaml\nvary: {rounds: [1, 3], payoffs.revenue: [1.0, 2.0]}\nreplicates: 2\noutcomes: [final_score]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(SCENARIO)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return tmp_path


def dataleverage(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dataleverage", "sweep", *words]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)


def test_run_status_export(folder: Path) -> None:
    done = dataleverage(folder, "run", "sweep.yaml", "--out", "runs", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["runs"], told["done"], told["waiting"], told["failed"], told["errors"]) == (8, 8, 0, 0, [])
    assert "Done  8" in dataleverage(folder, "status", "runs").stdout
    done = dataleverage(folder, "export", "runs", "--parquet", "t.parquet", "--csv", "t.csv")
    assert done.returncode == 0 and "8 runs" in done.stdout
    table = pd.read_parquet(folder / "t.parquet")
    # one round: everybody is in; three: A left in the second
    assert table["final_score"].tolist() == [0.9] * 4 + [0.5] * 4
    assert table["rounds"].tolist() == [1] * 4 + [3] * 4 and set(table["status"]) == {"done"}
    pd.testing.assert_frame_equal(pd.read_csv(folder / "t.csv"), table, check_dtype=False)
    again = dataleverage(folder, "run", "sweep.yaml", "--out", "runs", "--json")
    assert again.returncode == 0 and json.loads(again.stdout) == told
    (folder / "small.yaml").unlink()
    (folder / "sweep.yaml").unlink()
    assert "Done  8" in dataleverage(folder, "status", "runs").stdout
    done = dataleverage(folder, "export", "runs", "--parquet", "alone.parquet")
    assert not done.stderr and pd.read_parquet(folder / "alone.parquet").equals(table), "the folder alone is enough to read"
    over = dataleverage(folder, "export", "runs", "--csv", "t.csv")
    assert over.returncode == 2 and "exists already" in over.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "sweep.yml", "--out", "runs"), "there is no such file"),
        (("run", "small.yaml", "--out", "runs"), "the key `scenario` is missing"),
        (("run", "sweep.yaml", "--out", "runs", "--engine", "dask"), "--engine dask needs the address"),
        (("run", "sweep.yaml", "--out", "runs", "--scheduler", "tcp://x:1"), "--scheduler is for --engine dask"),
        (
            ("run", "sweep.yaml", "--out", "runs", "--engine", "dask", "--scheduler", "tcp://x:1", "--workers", "2"),
            "--workers is for --engine local",
        ),
        (("run", "sweep.yaml", "--out", "."), "not empty and holds no sweep"),
        (("status", "nothing"), "holds no sweep"),
        (("export", "nothing", "--csv", "x.csv"), "holds no sweep"),
        (("export", "nothing"), "no file is named"),
    ],
)
def test_mistakes_are_told_in_one_message_with_exit_code_2(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = dataleverage(folder, *words)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_every_command_has_help_with_an_example(folder: Path) -> None:
    for command in ("run", "status", "export"):
        done = dataleverage(folder, command, "--help")
        assert done.returncode == 0 and f"Example: dataleverage sweep {command}" in " ".join(done.stdout.split())
