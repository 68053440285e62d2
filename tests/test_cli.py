"""The command line: exit codes, messages, JSON, and what is on disk afterwards."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from dataleverage.scenario.load import load

ROOT = Path(__file__).parents[1]
FIRST = ROOT / "scenarios" / "first-strike.yaml"
ABCD = ROOT / "scenarios" / "abcd.yaml"

Command = Callable[..., subprocess.CompletedProcess[str]]
Check = Callable[..., None]


def test_run_writes_a_record_a_page_and_a_summary(tmp_path: Path, dataleverage: Command) -> None:
    done = dataleverage("run", FIRST, "--out", "here", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("First strike", "accuracy on 'all'", "delete: 6", "given this world", "here/page.html"):
        assert words in done.stdout
    assert {path.name for path in (tmp_path / "here").iterdir()} == {
        "run.json", "page.html", *(f"{name}.parquet" for name in
        ("rounds", "moves", "transfers", "creators", "objects", "edges", "columns", "cells", "collectives")),
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_a_mistake_that_a_play_finds_is_told_with_its_line(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    (tmp_path / "me.yaml").write_text(
        "title: Me\ndata: {kind: sklearn, name: wine, objects: {by: random, count: 4}}\nlearner: ridge_classifier\n"
        "creators:\n  - {name: me, count: 4, strategy: human}\n"
    )
    mistake(dataleverage("run", "me.yaml", cwd=tmp_path), "me.yaml:4:1: creators: nobody is there to say what me 1 does")
    assert [path.name for path in tmp_path.iterdir()] == ["me.yaml"]


def test_run_twice_gives_the_same_bytes_and_takes_a_new_name(tmp_path: Path, dataleverage: Command) -> None:
    for _ in range(2):
        assert dataleverage("run", FIRST, "--seed", 1, "--no-page", cwd=tmp_path).returncode == 0
    one, two = tmp_path / "runs/first-strike", tmp_path / "runs/first-strike-2"
    for path in one.glob("*.parquet"):
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_worlds_give_an_interval_that_the_worlds_explain(tmp_path: Path, dataleverage: Command) -> None:
    done = dataleverage("run", FIRST, "--worlds", 4, "--no-page", "--json", cwd=tmp_path)
    said = json.loads(done.stdout)
    found = pd.Series([world["deletion_leverage"] for world in said["worlds"]])
    assert [world["data_seed"] for world in said["worlds"]] == [0, 1, 2, 3]
    assert found.std() > 0
    text = dataleverage("run", FIRST, "--worlds", 4, "--no-page", cwd=tmp_path).stdout
    assert f"{found.mean():.2f} in the mean of 4 worlds, 95 % interval" in text


def test_a_table_is_one_world(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    mistake(dataleverage("run", ABCD, "--worlds", 3, cwd=tmp_path), "one world", "--worlds")
    assert list(tmp_path.iterdir()) == []


def test_worlds_without_a_clear_gap_are_left_out_and_named(tmp_path: Path, dataleverage: Command) -> None:
    (tmp_path / "small.yaml").write_text(
        """title: Small
data: {kind: sklearn, name: iris, objects: {by: random, count: 4}, holdout: {audit: 0.09, monitor: 0.05}, seed: 3}
learner: ridge_classifier
creators: [{name: all, strategy: {kind: scripted, moves: {1: delete}}}]
rounds: 1
"""
    )
    done = dataleverage("run", "small.yaml", "--worlds", 16, "--no-page", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert 1 <= len(said["worlds"]) < 16
    left_out = next(warning for warning in said["warnings"] if "worlds" in warning)
    assert left_out.startswith(f"{16 - len(said['worlds'])} of 16 worlds")


def test_what_was_changed_is_kept_and_said(tmp_path: Path, dataleverage: Command) -> None:
    done = dataleverage("run", ABCD, "--out", "out", "--no-page", "--set", "rounds=2", cwd=tmp_path)
    assert "rounds=2" in done.stdout
    assert json.loads((tmp_path / "out/run.json").read_text())["settings"] == ["rounds=2"]


def test_json_of_a_mistake_is_on_standard_output(tmp_path: Path, dataleverage: Command) -> None:
    done = dataleverage("run", FIRST, "--set", "rounds=x", "--set", "creators.1.strategy.mean=[]", "--json", cwd=tmp_path)
    assert done.returncode == 2
    errors = json.loads(done.stdout)["errors"]
    assert {error["key"] for error in errors} == {"rounds", "creators.1.strategy.mean"}
    assert all(error["file"].startswith("--set") and error["message"] for error in errors)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: (folder / "out").write_text("x"), "is a file"),
        (lambda folder: ((folder / "out").mkdir(), (folder / "out" / "notes.txt").write_text("x")), "is not empty"),
    ],
)
def test_run_refuses_a_place_that_is_taken_and_leaves_it_alone(
    tmp_path: Path, make: object, said: str, dataleverage: Command, mistake: Check
) -> None:
    make(tmp_path)  # type: ignore[operator]
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    mistake(dataleverage("run", FIRST, "--out", "out", cwd=tmp_path), said)
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_a_record_is_replaced_only_when_told_to(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    assert dataleverage("run", ABCD, "--out", "out", "--no-page", cwd=tmp_path).returncode == 0
    mistake(dataleverage("run", ABCD, "--out", "out", cwd=tmp_path), "--overwrite")
    assert dataleverage("run", ABCD, "--out", "out", "--overwrite", cwd=tmp_path).returncode == 0
    assert (tmp_path / "out/page.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_leaves_nothing_behind(tmp_path: Path, number: int, code: int) -> None:
    text = FIRST.read_text(encoding="utf-8").replace("rounds: 30", "rounds: 100000").replace("stop: {fixed_point: 5}", "")
    (tmp_path / "long.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "dataleverage", "run", "long.yaml", "--out", "out"]
    running = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "80"})
    time.sleep(4)
    assert running.poll() is None, "the run was over before it could be stopped"
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert running.returncode == code
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["long.yaml"]


@pytest.mark.parametrize("command", ["grid", "run"])
def test_what_was_trained_before_an_interrupt_is_kept_in_the_store_and_that_is_said(tmp_path: Path, command: str) -> None:
    text = FIRST.read_text(encoding="utf-8").replace("rounds: 30", "rounds: 100000").replace("stop: {fixed_point: 5}", "")
    (tmp_path / "long.yaml").write_text(text, encoding="utf-8")
    large = ["--set", "learner=logistic_regression", "--set", "data.objects.count=18", "--set", "creators.1.count=16"]
    many = [*large, "--budget", "200000"] if command == "grid" else []
    words = [sys.executable, "-m", "dataleverage", command, "long.yaml", "--store", "cells.db", *many]
    running = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until, least = time.monotonic() + 60, 100 if command == "grid" else 1
    while rows_in(tmp_path / "cells.db") < least and running.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    assert running.poll() is None, "it was over before it could be stopped"
    running.send_signal(signal.SIGINT)
    printed, said = running.communicate(timeout=60)
    assert running.returncode == 130 and printed == ""
    assert said.strip() == "stopped; what was trained is kept in cells.db"
    kept = rows_in(tmp_path / "cells.db")
    assert kept >= least and not (tmp_path / "runs").exists()
    settings = large[1::2] if command == "grid" else []
    disk = load(tmp_path / "long.yaml", settings=settings, store=tmp_path / "cells.db").grid().disk
    assert disk is not None and len(disk) == kept


def rows_in(store: Path) -> int:
    """How many rows a store file says were trained into it; 0 while there is none."""
    if not store.exists():
        return 0
    with closing(sqlite3.connect(store, timeout=10)) as database:
        try:
            return int(database.execute("SELECT coalesce(sum(trained), 0) FROM worlds").fetchone()[0])
        except sqlite3.OperationalError:  # it is just being made
            return 0


def test_an_interrupt_without_a_store_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "dataleverage", "grid", str(FIRST), "--set", "data.objects.count=20"]
    more = ["--set", "creators.1.count=18", "--set", "learner=logistic_regression"]
    running = subprocess.Popen([*words, *more], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    time.sleep(4)
    assert running.poll() is None, "it was over before it could be stopped"
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130 and said.strip() == "stopped; nothing was written"
    assert list(tmp_path.iterdir()) == []


def test_validate_says_every_mistake_of_a_file_at_once(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    (tmp_path / "bad.yaml").write_text(
        """title: Bad
data: {kind: csv, path: nowhere.csv, target: y}
learner: gausian_nb
creators:
  - {name: a, count: 0}
  - {name: b, strategy: {kind: threshold, mena: 0.2}}
rounds: true
seed: -1
frobnicate: 1
"""
    )
    done = dataleverage("validate", "bad.yaml", cwd=tmp_path)
    mistake(done, "7 errors")
    for place in (
        "bad.yaml:2:19: data.path", "bad.yaml:3:1: learner", "bad.yaml:5:15: creators.0.count",
        "bad.yaml:6:43: creators.1.strategy.mena", "bad.yaml:7:1: rounds", "bad.yaml:8:1: seed", "bad.yaml:9:1: frobnicate",
    ):  # fmt: skip
        assert place in done.stderr
    for remedy in ("gaussian_nb", "`mean`", "a whole number"):
        assert remedy in done.stderr


def test_view_makes_the_page_of_a_record(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    assert dataleverage("run", ABCD, "--out", "out", cwd=tmp_path).returncode == 0
    assert dataleverage("view", "out", "-o", "again.html", cwd=tmp_path).returncode == 0
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "out/page.html").read_bytes()
    mistake(dataleverage("view", "out", "-o", "again.html", cwd=tmp_path), "exists already")
    mistake(dataleverage("view", tmp_path, "-o", "other.html", cwd=tmp_path), "holds no record")
    mistake(dataleverage("view", "out", "-o", "no/where.html", cwd=tmp_path), "cannot be written")


def test_new_writes_a_scenario_that_runs_and_never_overwrites(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    assert dataleverage("new", 'it\'s-"mine".yaml', cwd=tmp_path).returncode == 0
    done = dataleverage("run", 'it\'s-"mine".yaml', "--no-page", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["title"] == 'It\'s "mine"'
    mistake(dataleverage("new", 'it\'s-"mine".yaml', cwd=tmp_path), "exists already")
    mistake(dataleverage("new", "no/where.yaml", cwd=tmp_path), "cannot be written")


def test_list_names_everything_and_finds_what_was_meant(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    everything = json.loads(dataleverage("list", "--json", cwd=tmp_path).stdout)
    assert {"threshold", "best_response"} <= everything["strategies"].keys()
    assert all(entry["about"] for entries in everything.values() for entry in entries.values())
    for entries in everything.values():
        for entry in entries.values():
            assert not any("None" in text for text in entry.get("parameters", {}).values())
    assert "deletion_leverage" in dataleverage("list", "outcomes", cwd=tmp_path).stdout
    mistake(dataleverage("list", "stratgies", cwd=tmp_path), "'strategies'")


def test_schema_is_what_shipped_scenarios_are_valid_against(tmp_path: Path, dataleverage: Command) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    from dataleverage.scenario.document import read

    schema = json.loads(dataleverage("schema", cwd=tmp_path).stdout)
    checker = jsonschema.Draft202012Validator(schema)
    files = sorted((ROOT / "scenarios").glob("*.yaml"))
    assert len(files) >= 3
    for path in files:
        assert list(checker.iter_errors(as_json_keys(read(path).data))) == [], path.name
    assert list(checker.iter_errors({"title": "x"}))


def as_json_keys(value: object) -> object:
    """YAML's whole-number keys as the texts that JSON has."""
    if isinstance(value, dict):
        return {str(key): as_json_keys(inside) for key, inside in value.items()}
    return [as_json_keys(item) for item in value] if isinstance(value, list) else value


def test_tournament_ranks_both_sides_and_draws(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    text = (ROOT / "scenarios/tournaments/filters.yaml").read_text(encoding="utf-8")
    text = text.replace("../arms-race.yaml", str(ROOT / "scenarios/arms-race.yaml")).replace("worlds: 5", "worlds: 2")
    (tmp_path / "held.yaml").write_text(text)
    done = dataleverage("tournament", "held.yaml", "--plot", "map.svg", "--set", "rounds=2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("in 2 worlds", "Strategies", "Operators", "Under attack", "map.svg"):
        assert words in done.stdout
    assert (tmp_path / "map.svg").exists()
    mistake(dataleverage("tournament", "held.yaml", "--plot", "map.svg", cwd=tmp_path), "exists already")
    mistake(dataleverage("tournament", "held.yaml", "--plot", "map.pdf", cwd=tmp_path), ".svg")
    mistake(dataleverage("tournament", FIRST, cwd=tmp_path), "strategies")


def test_describe_prints_the_leverage_card_of_a_record(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    assert dataleverage("run", ABCD, "--out", "here", "--no-page", cwd=tmp_path).returncode == 0
    done = dataleverage("describe", "here", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("# Leverage card: ABCD\n")
    assert "What this does not show" in done.stdout
    mistake(dataleverage("describe", "there", cwd=tmp_path), "there")


def test_describe_tries_a_strategy(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    done = dataleverage("describe", "{kind: threshold, mean: 0.5}", "--plot", "it.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "A small game" in done.stdout and (tmp_path / "it.png").exists()
    said = json.loads(dataleverage("describe", "threshold", "--scenario", ABCD, "--json", cwd=tmp_path).stdout or "{}")
    assert "errors" in said  # the table lacks rows that are led to
    mistake(dataleverage("describe", "{kind: treshold}", cwd=tmp_path), "threshold")
    mistake(dataleverage("describe", "nowhere", "--plot", "it.png", cwd=tmp_path), "--plot", "for strategies")


def test_help_teaches_with_an_example(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    for command in ("run", "validate", "grid", "view", "list", "schema", "new"):
        done = dataleverage(command, "--help", cwd=tmp_path)
        assert done.returncode == 0
        assert f"Example: dataleverage {command}" in done.stdout
    assert dataleverage("--help", cwd=tmp_path).returncode == 0
    assert dataleverage("--version", cwd=tmp_path).stdout.strip()
    mistake(dataleverage("frobnicate", cwd=tmp_path), "frobnicate")
    mistake(dataleverage("run", FIRST, "--seed", -1, cwd=tmp_path), "--seed")
