"""What the documentation says is run: its commands, its Python, its scenarios, and its tables against the code."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dataleverage.measure.outcomes import OUTCOMES
from dataleverage.scenario.load import loads
from dataleverage.scenario.scenario import Scenario

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])

SCRIPTS = [page for page in PAGES if page != ROOT / "README.md" and "```python\n" in page.read_text(encoding="utf-8")]


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder that looks like a clone to commands that read scenarios."""
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    return tmp_path


def test_every_command_of_the_readme_works_as_it_stands(clone: Path) -> None:
    lines = [line.split("#")[0].strip() for block in blocks(README, "sh") for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("dataleverage")]
    assert len(commands) >= 5
    for command in commands:
        words = [sys.executable, "-m", *shlex.split(command)]
        done = subprocess.run(words, cwd=clone, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{command}\n{done.stderr}"


def test_the_python_of_the_readme_runs_and_says_what_it_says(clone: Path) -> None:
    code = "\n".join(blocks(README, "python"))
    done = subprocess.run([sys.executable, "-c", code], cwd=clone, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^B\s+0\.14\s+0\.33", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("page", SCRIPTS, ids=lambda page: page.name)
def test_the_python_of_a_page_runs_from_top_to_bottom(page: Path, clone: Path) -> None:
    code = "\n".join(blocks(page.read_text(encoding="utf-8"), "python"))
    done = subprocess.run([sys.executable, "-c", code], cwd=clone, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    printed = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    for said in blocks(page.read_text(encoding="utf-8"), "text"):
        assert said in f"{printed}\n", done.stdout


def test_every_name_of_the_signal_reference_is_there() -> None:
    import dataleverage as dl

    text = (ROOT / "docs/reference/signal.md").read_text(encoding="utf-8")
    told = {name for row in re.findall(r"^\| (`.*?) \| ", text, re.MULTILINE) for name in re.findall(r"`(\w+)\(", row)}
    assert told <= set(dl.signal.__all__) and len(told) == 12
    functions = {name for name in dl.signal.__all__ if name.islower()} - {"mixture", "possible_labels", "radius"}
    assert functions == told


def test_the_scenario_of_the_readme_plays() -> None:
    text = next(block for block in blocks(README, "yaml") if block.startswith("title"))
    record = loads(text).play()
    assert record.rounds["share:delete"].max() > 1 / 6, "somebody should follow"


def test_the_how_to_on_ratings_plays_and_runs(clone: Path) -> None:
    text = (ROOT / "docs/how-to/ratings.md").read_text(encoding="utf-8")
    strike = blocks(text, "yaml")[0]
    assert loads(strike).play().rounds["share:delete"].max() > 2 / 8, "the organisers should be followed"
    (clone / "fans.yaml").write_text(strike, encoding="utf-8")
    for command in [line.split("#")[0].strip() for line in blocks(text, "sh")[0].splitlines()]:
        done = subprocess.run([sys.executable, "-m", *command.split()], cwd=clone, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    code = "\n".join(blocks(text, "python"))
    done = subprocess.run([sys.executable, "-c", code], cwd=clone, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "0+1+2+3" in done.stdout, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_key_of_a_scenario_is_in_the_reference() -> None:
    text = (ROOT / "docs/reference/scenario.md").read_text(encoding="utf-8")
    keys, _, _ = text.partition("\n**")  # the first table; those of what keys hold come after
    told = re.findall(r"^\| `(\w+)` \|", keys, re.MULTILINE)
    assert told == list(Scenario.model_fields)


def test_every_outcome_is_in_the_reference_as_it_is_in_the_code() -> None:
    text = (ROOT / "docs/reference/outcomes.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))
    assert told == {name: outcome.definition for name, outcome in OUTCOMES.items()}


def test_every_column_of_a_record_is_in_the_reference() -> None:
    text = (ROOT / "docs/reference/record.md").read_text(encoding="utf-8")
    lines = dict(re.findall(r"^\| `(\w+)` \|.*?\| (.*) \|$", text, re.MULTILINE))
    record = loads((ROOT / "scenarios/poisoned-well.yaml").read_text(encoding="utf-8")).play()
    for name, line in lines.items():
        for column in record.frame(name).columns:
            stem = f"{column.split(':')[0]}:<" if ":" in column else f"`{column}`"
            assert stem in line, f"{name}.{column}"


def test_every_dependency_has_its_reason() -> None:
    wanted = re.findall(r'^    "([\w.-]+)[><=]', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    told = (ROOT / "docs/explanation/dependencies.md").read_text(encoding="utf-8")
    assert len(wanted) > 15
    for name in wanted:
        assert name.removesuffix("-stubs") in told, name
