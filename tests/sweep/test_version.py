"""What the version of code and of data depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataleverage.scenario.document import parse_value
from dataleverage.sweep import version
from dataleverage.sweep.plan import Plan

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=8)


def test_a_changed_outcome_function_is_other_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "mine_of_version.py"
    file.write_text("def f(record): return 1\n")
    names = ("users", "mine_of_version:f")
    before = version.of_code(names)
    assert version.of_code(names) == before != version.of_code(("users",))
    file.write_text("def f(record): return 2\n")
    assert version.of_code(names) != before


def test_a_module_in_a_package_is_looked_at_and_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "mine_in_package").mkdir()
    (tmp_path / "mine_in_package" / "__init__.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "mine_in_package" / "inner.py").write_text("def f(record): return 1\n")
    held = (tmp_path / "mine_in_package" / "inner.py").read_bytes()
    assert version.of_module("mine_in_package.inner") == hashlib.blake2b(held, digest_size=16).hexdigest()
    for name in ("mine_in_package.other", "mine_in_package.inner.f", "nowhere.at.all", "sys"):
        assert version.of_module(name) == name


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.integers(-99, 99), inner, max_size=4),
        max_leaves=12,
    )
)
def test_what_is_written_reads_back_as_the_same(value: object) -> None:
    found = parse_value(version.written({"value": value}), "written")["value"]
    assert found == value and repr(found) == repr(value)


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
