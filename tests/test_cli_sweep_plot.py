"""`dataleverage sweep plot`: a sweep that was really played, to figures and a report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCENARIO = """\
title: Small
data: {kind: sklearn, name: wine, objects: {by: random, count: 4}}
learner: gaussian_nb
creators:
  - {name: leavers, count: 1, strategy: {kind: scripted, moves: {2: delete}}}
  - {name: others, count: 3, strategy: {kind: threshold, mean: 0.3, sd: 0.1}}
network: {kind: watts_strogatz, k: 2, p: 0.1}
rounds: 5
"""
SWEEP = """\
scenario: small.yaml
vary: {creators.1.strategy.mean: [0.1, 0.9], network.p: [0, 0.5]}
worlds: 2
outcomes: [peak_strike_share, users]
"""


def cli(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dataleverage", *words], cwd=folder, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `runs`, a sweep that was played."""
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "small.yaml").write_text(SCENARIO, encoding="utf-8")
    (folder / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    done = cli("sweep", "run", "sweep.yaml", "--out", "runs", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_figures_and_the_report_are_written_and_told(runs: Path) -> None:
    done = cli("sweep", "plot", "runs", "--json", folder=runs)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    files = [runs / name for name in told["files"]]
    assert all(path.stat().st_size > 1000 for path in files) and files[0].name == "report.html"
    assert files[0].parent == runs / "runs" / "plots"
    assert {path.stem for path in files[1:]} == {f"peak_strike_share-{kind}" for kind in ("map", "phase", "lines")}
    means = [point["mean"] for point in told["outcomes"]["peak_strike_share"]["points"]]
    assert min(means) == 0.25 and max(means) > 0.5, "with high thresholds only the leaver leaves"
    assert "Small" in files[0].read_text(encoding="utf-8")
    said = cli("sweep", "plot", "runs", folder=runs).stdout
    assert "Same everywhere" in said and "least 25 %" in said


def test_a_level_and_an_outcome_are_asked_for(runs: Path) -> None:
    done = cli("sweep", "plot", "runs", "--outcome", "peak_strike_share", "--level", "0.3", "--out", "figures", folder=runs)
    assert done.returncode == 0, done.stderr
    assert "crosses 30 %" in (runs / "figures" / "peak_strike_share-phase.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["runs", "--level", "0.5"], "a level is of one outcome"),
        (["runs", "--outcome", "user"], "Did you mean `users`?"),
        (["runs", "--out", "sweep.yaml"], "figures go into a folder"),
        (["nowhere"], "holds no sweep"),
    ],
)
def test_mistakes_are_told(runs: Path, words: list[str], said: str) -> None:
    done = cli("sweep", "plot", *words, folder=runs)
    assert done.returncode == 2 and said in done.stderr
