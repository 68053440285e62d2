"""A sweep file is checked whole, its points' scenarios included, and all faults are told at once with their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from dataleverage.errors import DataleverageError, Errors
from dataleverage.sweep.load import covering, load
from dataleverage.sweep.plan import Plan


def told(make: Callable[[str], Plan], text: str) -> list[DataleverageError]:
    with pytest.raises(DataleverageError) as caught:
        make(text)
    return list(caught.value.errors) if isinstance(caught.value, Errors) else [caught.value]


@pytest.mark.parametrize(
    ("line", "column", "said", "remedy"),
    [
        ("  creators.1.strategy.men: [0.1]", 3, "there is no key 'men' here", "Did you mean `mean`?"),
        ("  creators.crowd.count: [1]", 3, "there is no item 'crowd'", "It has 2"),
        ("  rounds: [5, 0, 7]", 15, "found 0; allowed: a whole number from 1", ""),
        ("  rounds: {values: [5, 6.5]}", 24, "found 6.5", ""),
        ("  rounds: {range: [1, 2], steps: 3}", 3, "found 1.0", ""),
        ("  network.k: [2, 8]", 18, "6 creators cannot have 8 neighbours each", ""),
        ("  data.name: [wine, nothing]", 21, "found 'nothing'", ""),
    ],
)
def test_values_that_the_scenario_does_not_take(
    sweep: Callable[[str], Plan], line: str, column: int, said: str, remedy: str
) -> None:
    errors = told(sweep, f"vary:\n{line}\n")
    assert said in str(errors[0]) and remedy in str(errors[0])
    assert (errors[0].place.line, errors[0].place.column) == (3, column)
    assert str(errors[0].place.key).startswith("vary.")


def test_a_fault_between_keys_names_the_point(sweep: Callable[[str], Plan]) -> None:
    errors = told(sweep, "vary:\n  payoffs.revenue: [1.0]\n  creators.0.count: [2, 3]\n")
    assert len(errors) == 1
    assert "(at point 1: payoffs.revenue = 1.0, creators.0.count = 3)" in str(errors[0])


def test_all_faults_are_told_at_once(sweep: Callable[[str], Plan]) -> None:
    errors = told(sweep, "desing: sobol\nworlds: 0\nvary:\n  rounds: {uniform: [2, 1]}\n  nothing: [1]\noutcomes: [none]\n")
    assert [error.place.line for error in errors] == [2, 3, 5, 6, 7]


def test_who_goes_through_the_points_sees_each_of_them_once(sweep: Callable[[str], Plan], folder: Path) -> None:
    sweep("vary: {rounds: [2, 3], payoffs.revenue: [1.0, 2.0, 3.0]}\n")
    seen: list[int] = []

    def each(points: Sequence[int]) -> Iterator[int]:
        for point in points:
            seen.append(point)
            yield point

    load(folder / "sweep.yaml", each=each)
    assert seen == list(range(6))


def test_the_same_fault_of_many_points_is_told_once(sweep: Callable[[str], Plan]) -> None:
    errors = told(sweep, "vary:\n  rounds: [0, 5]\n  payoffs.revenue: {range: [1.0, 50.0], steps: 50}\n")
    assert len(errors) == 1


def test_a_fault_of_the_scenario_itself_has_its_own_file_and_line(sweep: Callable[[str], Plan], folder: Path) -> None:
    (folder / "small.yaml").write_text((folder / "small.yaml").read_text().replace("rounds: 6", "rounds: none"))
    errors = told(sweep, "vary:\n  payoffs.revenue: [1.0, 2.0]\n")
    assert len(errors) == 1
    assert str(errors[0].place.file).endswith("small.yaml") and errors[0].place.line == 13


def test_a_scenario_that_is_not_there(folder: Path) -> None:
    (folder / "s.yaml").write_text("worlds: 3\nscenario: smal.yaml\n")
    with pytest.raises(DataleverageError, match=r"s\.yaml:2:1: scenario: .*there is no such file\n.*small\.yaml"):
        load(folder / "s.yaml")


def test_worlds_of_a_table(folder: Path) -> None:
    (folder / "t.yaml").write_text(
        "title: t\ndata: {kind: table, columns: [all], cells: {'': [0.1], A: [0.6]}}\ncreators: [{name: a}]\n"
    )
    (folder / "s.yaml").write_text("scenario: t.yaml\nworlds: 3\n")
    with pytest.raises(DataleverageError, match=r"s\.yaml:2:1: worlds: a table of cells is one world"):
        load(folder / "s.yaml")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rounds.scor:all", "Did you mean `rounds.score:all`"),
        ("rounds.row", "holds no numbers"),
        ("rounds.users@rival", "There are operator"),
        ("mean(moves.lever)", "holds no numbers"),
        ("sum(transfers.amout)", "Did you mean `transfers.amount`"),
        ("no_such_module:f", "cannot be imported: ModuleNotFoundError"),
        ("math:nothing", "cannot be imported: AttributeError"),
        ("math:pi", "is no function of one argument"),
        ("math:pow", "is no function of one argument"),
        ("leaves_at_import:f", "cannot be imported: SystemExit: 0"),
    ],
)
def test_outcomes_that_cannot_be_read_are_refused_before_anything_is_played(
    sweep: Callable[[str], Plan], folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    (folder / "leaves_at_import.py").write_text("import sys\nsys.exit(0)\n")
    monkeypatch.syspath_prepend(str(folder))
    (error,) = told(sweep, f"outcomes:\n- users\n- '{name}'\n")
    assert said in str(error) and error.place.line == 4


def test_columns_that_fill_later_are_not_refused(sweep: Callable[[str], Plan]) -> None:
    names = (
        "mean(moves.payoff)",
        "max(moves.worth:delete)",
        "sum(transfers.amount)",
        "last(collectives.fund)",
        "mean(cells.score)",
    )
    assert sweep(f"outcomes: {list(names)}\n").sweep.outcomes == names


def test_a_function_of_ones_own_is_not_called_by_the_coordinator(
    sweep: Callable[[str], Plan], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "called_by_nobody.py").write_text("import os\ndef f(record):\n    os.abort()\n")
    monkeypatch.syspath_prepend(str(folder))
    assert sweep("outcomes: ['called_by_nobody:f']\n").sweep.outcomes == ("called_by_nobody:f",)


def test_covering_points_hold_every_value_and_the_ends(sweep: Callable[[str], Plan]) -> None:
    frame = sweep(
        "vary:\n  payoffs.revenue: {range: [1.0, 9.0], steps: 9}\n  creators.1.strategy: [threshold, always]\n"
    ).points
    chosen = frame.loc[sorted(covering(frame))]
    assert set(chosen["creators.1.strategy"]) == {"threshold", "always"}
    assert {1.0, 9.0} <= set(chosen["payoffs.revenue"]) and len(chosen) < len(frame)
