"""What the pages on sweeps say, against the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from dataleverage.sweep.design import DesignName, Spread, Sweep
from dataleverage.sweep.load import loads
from dataleverage.sweep.table import STATUSES

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/reference/sweep.md").read_text(encoding="utf-8")
HOW_TO = (ROOT / "docs/how-to/sweep.md").read_text(encoding="utf-8")


def rows(first: str) -> list[str]:
    """What the first column of the table with this heading names."""
    table = REFERENCE.split(f"| {first} |")[1].split("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


@pytest.mark.parametrize(
    ("table", "expected"),
    [("key", list(Sweep.model_fields)), ("design", list(get_args(DesignName))), ("status", list(STATUSES))],
)
def test_every_key_design_and_status_is_in_the_reference(table: str, expected: list[str]) -> None:
    assert sorted(rows(table)) == sorted(expected)


def test_every_form_of_a_spread_is_in_the_reference() -> None:
    for name in Spread.model_fields:
        assert re.search(rf"[{{,] ?{name}:|`{name}`|{name}: k", REFERENCE), name


def test_the_sweep_of_the_how_to_is_one() -> None:
    text = re.findall(r"^```yaml\n(.*?)^```", HOW_TO, re.DOTALL | re.MULTILINE)
    plan = loads(text[0], folder=ROOT / "scenarios/sweeps")
    assert plan.shape == (12, 20, 5)
    assert loads(text[0].replace("worlds: 20\n", "") + text[1], folder=ROOT / "scenarios/sweeps").sweep.precision is not None
