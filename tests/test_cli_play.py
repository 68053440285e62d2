from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dataleverage.record.record import Record

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"


def played(*words: object, said: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dataleverage", "play", *map(str, words)]
    return subprocess.run(command, cwd=cwd, input=said, capture_output=True, text=True, timeout=300)


def test_a_person_plays_a_group_of_a_shipped_scenario(tmp_path: Path) -> None:
    done = played(
        SCENARIOS / "abcd.yaml", "--group", "B", "--out", "mine", said="delete\nnonsense\n1\n" + "\n" * 6, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "Round 1: B" in done.stdout and "'nonsense' is none of them" in done.stdout and "serves ACD" in done.stdout
    moves = Record.load(tmp_path / "mine").moves
    mine = moves[moves.creator == "B"].lever.tolist()
    assert mine == ["delete"] + ["contribute"] * 7, "an empty line is the last move again"
    assert (tmp_path / "mine/page.html").is_file()


def test_what_cannot_be_played_is_said(tmp_path: Path) -> None:
    nobody = played(SCENARIOS / "abcd.yaml", said="", cwd=tmp_path)
    assert nobody.returncode == 2 and "--group 'A'" in nobody.stderr
    unknown = played(SCENARIOS / "abcd.yaml", "--group", "Z", said="", cwd=tmp_path)
    assert unknown.returncode == 2 and "no group 'Z'" in unknown.stderr
    gone = played(SCENARIOS / "abcd.yaml", "--group", "B", said="delete\n", cwd=tmp_path)
    assert gone.returncode == 2 and "nobody said what B does in round 2" in gone.stderr
    assert list(tmp_path.iterdir()) == [], "a play that was left is not written down"
