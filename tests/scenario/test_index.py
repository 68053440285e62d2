"""The index of kinds: every kind is there, as it is in the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataleverage.kinds import FAMILIES, family
from dataleverage.scenario.index import PAGES, page, write

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_kinds_say(name: str) -> None:
    assert (REFERENCE / f"{name}.md").read_text(encoding="utf-8") == page(name), "run `make index`"


@pytest.mark.parametrize("name", PAGES)
def test_every_kind_and_parameter_is_on_its_page(name: str) -> None:
    text = (REFERENCE / f"{name}.md").read_text(encoding="utf-8")
    for each in PAGES[name][2]:
        assert family(each).members
        for tag, kind in family(each).members.items():
            part = text.split(f"\n### {tag}\n")[1].split("\n### ")[0]
            assert (kind.__doc__ or "").split("\n")[0] in part
            for key, field in kind.model_fields.items():
                assert key == FAMILIES[each].tag or (f"| `{key}` | " in part and str(field.description) in part), (tag, key)


def test_pages_are_written_where_one_says(tmp_path: Path) -> None:
    assert {path.stem for path in write(tmp_path)} == set(PAGES)
    assert (tmp_path / "tactics.md").read_text(encoding="utf-8") == page("tactics")
