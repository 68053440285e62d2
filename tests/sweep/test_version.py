"""What the version of code and of data depends on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dataleverage.sweep import version
from dataleverage.sweep.plan import Plan


def test_a_changed_outcome_function_is_other_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "mine_of_version.py"
    file.write_text("def f(record): return 1\n")
    names = ("users", "mine_of_version:f")
    before = version.of_code(names)
    assert version.of_code(names) == before != version.of_code(("users",))
    file.write_text("def f(record): return 2\n")
    assert version.of_code(names) != before


def test_changed_data_are_another_scenario_and_a_touched_file_is_not(sweep: Callable[[str], Plan], folder: Path) -> None:
    (folder / "links.csv").write_text("0,1\n1,2\n2,3\n3,4\n4,5\n")
    file = folder / "small.yaml"
    file.write_text(file.read_text().replace("{kind: watts_strogatz, k: 2, p: 0.1}", "{kind: edges, path: links.csv}"))
    plan = sweep("outcomes: [users]\n")
    before = version.of_scenario(plan)
    (folder / "links.csv").touch()
    assert version.of_scenario(plan) == before
    (folder / "links.csv").write_text("0,1\n1,2\n2,3\n3,4\n5,4\n0,5\n")
    assert version.of_scenario(plan) != before
