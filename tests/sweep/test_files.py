"""The sweep files that are shipped: each says why, and every point of each is a valid scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataleverage.sweep.load import load

FILES = sorted((Path(__file__).parents[2] / "scenarios" / "sweeps").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_sweep_loads_and_all_its_points_are_scenarios(file: Path) -> None:
    plan = load(file)
    assert len(plan) >= 100 and plan.sweep.worlds is not None and plan.sweep.worlds > 2
    for point in range(len(plan.points)) if len(plan.points) < 100 else range(0, len(plan.points), 20):
        plan.scenario(point).setup()
    head = [line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    assert len(head) >= 4 and any(line.startswith("# Source: ") for line in head)


def test_there_are_some() -> None:
    assert len(FILES) >= 4
