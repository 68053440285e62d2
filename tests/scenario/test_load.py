"""What only shows when the parts of a scenario meet is told once, with the line of the key it is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataleverage.errors import DataleverageError, Errors
from dataleverage.scenario.document import parse
from dataleverage.scenario.load import load, loads

TEXT = """\
title: small
data:
  kind: sklearn
  name: iris
  objects: {by: random, count: 4}
  slices:
    by: owner
    SLICE: {column: nothing, equals: 1}
learner: gaussian_nb
creators:
  - {name: all, count: 4}
"""
PLAIN = TEXT.replace("    SLICE: {column: nothing, equals: 1}\n", "")


def wrong(text: str) -> list[DataleverageError]:
    with pytest.raises(DataleverageError) as caught:
        loads(text)
    return list(caught.value.errors) if isinstance(caught.value, Errors) else [caught.value]


@pytest.mark.parametrize("name", ["plain", "a.b", "²", "'1'", "'1.2'", "'.'", "'٣'", "a.", "'9999999999999999999999'"])
def test_odd_names_in_a_key_keep_their_line(name: str) -> None:
    (error,) = wrong(TEXT.replace("SLICE", name))
    assert error.place.line == 8
    assert error.place.key == f"data.slices.{name.strip(chr(39))}.column"


@pytest.mark.parametrize("name", ["a.b", "²", "'1.2'"])
def test_odd_names_of_tactics(name: str) -> None:
    (error,) = wrong(PLAIN + f"tactics:\n  {name}: {{kind: label_flip, to: 99}}\n")
    assert error.place.line == 12
    assert str(error.place.key).startswith(f"tactics.{name.strip(chr(39))}")


def test_a_dotted_key_is_the_longest_that_the_data_has() -> None:
    document = parse("a: {b.c: {d: 1}, b: {c: 2}, 3: [x, {y: 0}]}")
    assert document.path("a.b.c.d") == ("a", "b.c", "d")
    assert document.path("a.b.x") == ("a", "b", "x")
    assert document.path("a.3.1.y") == ("a", 3, 1, "y")
    assert document.path("3.²", ("a",)) == ("a", 3, "²")


def test_a_misspelt_key_is_one_error() -> None:
    (error,) = wrong(PLAIN.replace("learner:", "lerner:"))
    assert error.remedy == "Did you mean `learner`?"
    (error,) = wrong(PLAIN.replace("learner: gaussian_nb\n", ""))
    assert error.message == "no learner is given"


def test_a_typo_hides_no_other_errors() -> None:
    found = wrong(TEXT.replace("learner:", "lerner:").replace("SLICE", "x"))
    assert [error.place.line for error in found] == [8, 9]


def test_a_value_that_cannot_be_read_does_not_empty_its_list() -> None:
    (error,) = wrong(PLAIN.replace("all, count: 4}\n", "all, strategy: {kind: threshold, mean: .nan}}\n"))
    assert error.place.key == "creators.0.strategy.mean"


def test_a_scenario_survives_a_change_of_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.yaml").write_text(PLAIN)
    monkeypatch.chdir(tmp_path)
    scenario = load("x.yaml")
    assert scenario.folder == tmp_path.resolve()
    monkeypatch.chdir("/")
    assert (scenario.folder / "x.yaml").is_file()
    assert loads(PLAIN, folder=Path()).folder == Path("/")
