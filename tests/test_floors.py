"""The floors of the house: a module imports from its own floor or below, never from above."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "dataleverage"
FLOORS = [
    {"errors", "streams", "kinds"},
    {"world"},
    {"grid"},
    {"record"},
    {"measure"},
    {"game"},
    {"scenario"},
    {"sweep", "view", "literature", "testing"},
    {"terminal", "options"},
    {"cli", "cli_describe", "cli_grid", "cli_play", "cli_sweep", "cli_sweep_plot", "cli_tournament", "__main__"},
]
LEVEL = {part: level for level, floor in enumerate(FLOORS) for part in floor}
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


def part_of(module: str) -> str:
    """`dataleverage.world.objects` -> `world`."""
    return module.split(".")[1]


def imported(path: Path) -> set[str]:
    """Every module of the package that a file imports, at any depth: types and calls alike."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "dataleverage":
                found |= {f"dataleverage.{alias.name}" for alias in node.names}
            elif node.module:
                found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("dataleverage.")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_imports_from_its_own_floor_or_below(path: Path) -> None:
    own = path.relative_to(SOURCE).with_suffix("").parts[0]
    above = {name for name in imported(path) if LEVEL[part_of(name)] > LEVEL[own]}
    assert not above, f"{path.relative_to(SOURCE)} is on the floor of {own} and imports {', '.join(sorted(above))}"


def test_every_part_of_the_package_has_a_floor() -> None:
    parts = {path.relative_to(SOURCE).with_suffix("").parts[0] for path in MODULES}
    assert parts <= set(LEVEL)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_module_is_two_things(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_names_that_mesa_keeps_for_itself_are_not_used() -> None:
    taken = {"batch_run", "to_list"}
    attributes = {"scenario", "time", "steps"}
    for path in (SOURCE / "game").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                assert node.attr not in taken, f"{path.name}: {node.attr}"
                own = isinstance(node.value, ast.Name) and node.value.id == "self"
                assert not (own and node.attr in attributes and path.name in {"model.py", "agents.py"}), (
                    f"{path.name}: {node.attr}"
                )
