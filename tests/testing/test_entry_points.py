"""What another package adds: an installed package with a strategy of its own, used in a scenario and checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

STRATEGY = '''
from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.game.strategy import Decision, Memory, Seen, Strategy


class Wave(Strategy):
    """Strikes once in so many rounds."""

    kind: Literal["wave"] = "wave"
    every: int = Field(2, ge=1, description="Rounds from one strike to the next.")

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        strikes = seen.round % self.every == 0
        return Decision(np.full(len(seen.who), seen.menu.strike if strikes else seen.menu.stay), memory)

    def settled(self, round: int, memory: Memory) -> bool:
        return self.every == 1
'''
SCENARIO = """
title: Waves
data: {kind: sklearn, name: iris, objects: {by: random, count: 4}}
learner: gaussian_nb
creators: [{name: all, strategy: {kind: wave, every: 3}}]
rounds: 6
"""


def test_a_package_brings_a_strategy(tmp_path: Path) -> None:
    (tmp_path / "tides.py").write_text(STRATEGY, encoding="utf-8")
    about = tmp_path / "tides-1.0.dist-info"  # what an installer leaves behind
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tides\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[dataleverage.strategy]\nwave = tides:Wave\n", encoding="utf-8")
    (tmp_path / "waves.yaml").write_text(SCENARIO, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])

    def python(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    code = (
        "import dataleverage as dl; from dataleverage.testing import check_strategy; from tides import Wave;"
        "print(len(check_strategy(Wave(every=3))));"
        "print(*dl.load('waves.yaml').play().rounds['share:delete'])"
    )
    checked, shares = python("-c", code).splitlines()
    assert int(checked) >= 2
    assert [float(share) for share in shares.split()] == [0, 0, 0, 1, 0, 0, 1]
    listed = json.loads(python("-m", "dataleverage", "list", "strategies", "--json"))["strategies"]
    assert listed["wave"]["about"] == "Strikes once in so many rounds."
