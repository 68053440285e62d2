"""What tests of sweeps share: a small scenario file, and sweeps of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dataleverage.sweep.load import load
from dataleverage.sweep.plan import Plan

SCENARIO = """\
title: Small
data:
  kind: sklearn
  name: wine
  objects: {by: label_skew, alpha: 0.2, count: 6}
  holdout: {audit: 0.3, monitor: 0.1}
  slices: {by: owner}
learner: gaussian_nb
creators:
  - {name: leavers, count: 2, strategy: {kind: scripted, moves: {2: delete}}}
  - {name: followers, count: 4, strategy: {kind: threshold, mean: 0.3, sd: 0.1}}
network: {kind: watts_strogatz, k: 2, p: 0.1}
rounds: 6
seed: 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with `small.yaml`."""
    (tmp_path / "small.yaml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


@pytest.fixture
def sweep(folder: Path) -> Callable[[str], Plan]:
    """The plan of a sweep of the small scenario, from what its file says besides `scenario`."""

    def make(text: str) -> Plan:
        file = folder / "sweep.yaml"
        file.write_text(f"scenario: small.yaml\n{text}", encoding="utf-8")
        return load(file)

    return make
