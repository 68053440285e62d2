"""The store: what is kept, whose it is, and who may write."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dataleverage.errors import ScenarioError, StoreError
from dataleverage.sweep import version
from dataleverage.sweep.call import held
from dataleverage.sweep.plan import Plan
from dataleverage.sweep.store import VERSION, Store, locked
from dataleverage.sweep.work import Result

TEXT = "vary: {rounds: [3, 5]}\nworlds: 2\noutcomes: [users, final_score]\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "runs"
    made.mkdir()
    return made


def test_what_is_written_is_read_again(sweep: Callable[[str], Plan], place: Path) -> None:
    plan = sweep(TEXT)
    with Store.opened(plan, place) as store:
        store.write([Result(3, "done", (0.25, None)), Result(1, "failed", error="x\ny")])
    with Store.opened(plan, place) as store:
        assert list(store.lines()) == [(1, "failed", []), (3, "done", [0.25, None])]
        assert store.errors() == [(1, "failed", "x\ny")]
        assert store.forget(("failed",)) == 1
        assert [line[0] for line in store.lines()] == [3]


def test_a_transaction_is_whole_or_absent(sweep: Callable[[str], Plan], place: Path) -> None:
    with Store.opened(sweep(TEXT), place) as store:
        with pytest.raises(ValueError, match="not in tuple"):
            store.write([Result(0, "done", (1.0, 1.0)), Result(1, "no such status")])
        assert not list(store.lines())


@pytest.mark.parametrize("change", ["worlds: 3", "worlds: 2\nseed: 1", "worlds: 2\nreplicates: 2"])
def test_the_store_of_another_sweep_is_refused(sweep: Callable[[str], Plan], place: Path, change: str) -> None:
    with Store.opened(sweep(TEXT), place):
        pass
    with pytest.raises(StoreError, match="holds the runs of another sweep"):
        Store.opened(sweep(TEXT.replace("worlds: 2", change)), place)


def test_the_store_of_another_scenario_is_refused(sweep: Callable[[str], Plan], place: Path, folder: Path) -> None:
    with Store.opened(sweep(TEXT), place):
        pass
    (folder / "small.yaml").write_text((folder / "small.yaml").read_text().replace("alpha: 0.2", "alpha: 0.3"))
    with pytest.raises(StoreError, match="another scenario"):
        Store.opened(sweep(TEXT), place)


def test_the_store_of_another_version_is_refused(
    sweep: Callable[[str], Plan], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.opened(sweep(TEXT), place):
        pass
    monkeypatch.setattr(version, "of_package", lambda: "another")
    with pytest.raises(StoreError, match="another version of the code"):
        Store.opened(sweep(TEXT), place)


def test_runs_of_another_version_can_be_read(
    sweep: Callable[[str], Plan], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = sweep(TEXT)
    with Store.opened(plan, place) as store:
        store.write([Result(1, "done", tuple(float(k) for k in range(len(plan.sweep.outcomes))), "", 0.1)])
        played = list(store.lines())
        assert not store.older
    monkeypatch.setattr(version, "of_package", lambda: "another")
    with Store.opened(sweep(TEXT), place, reading=True) as store:
        assert store.older and list(store.lines()) == played and len(played) == 1


def played(plan: Plan, place: Path) -> list[Any]:
    """The lines of a store with one run."""
    with Store.opened(plan, place) as store:
        store.write([Result(1, "done", (0.25, 0.75), "", 0.1)])
        return list(store.lines())


@pytest.mark.parametrize("change", ["edited", "gone"])
def test_a_folder_is_read_without_the_files_it_was_made_from(
    sweep: Callable[[str], Plan], place: Path, folder: Path, change: str
) -> None:
    plan = sweep(TEXT)
    lines = played(plan, place)
    for name in ("small.yaml", "sweep.yaml"):
        if change == "gone":
            (folder / name).unlink()
        else:
            (folder / name).write_text("title: Another\n")
    again, store = held(place)
    with store:
        assert list(store.lines()) == lines and len(lines) == 1 and not store.older
    assert again.base == plan.base and again.folder == plan.folder and again.sweep == plan.sweep
    assert again.points.equals(plan.points) and again.scenario(1).resolved() == plan.scenario(1).resolved()


def test_a_folder_is_read_without_its_data_or_the_users_own_functions(
    sweep: Callable[[str], Plan], place: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "links.csv").write_text("0,1\n1,2\n2,3\n3,4\n4,5\n")
    (folder / "mine_of_store.py").write_text("def f(record): return 1.0\n")
    file = folder / "small.yaml"
    file.write_text(file.read_text().replace("{kind: watts_strogatz, k: 2, p: 0.1}", "{kind: edges, path: links.csv}"))
    with monkeypatch.context() as here:
        here.syspath_prepend(str(folder))
        lines = played(sweep(TEXT.replace("users", "'mine_of_store:f'")), place)
        (folder / "mine_of_store.py").write_text("raise SystemExit(0)\n")
        sys.modules.pop("mine_of_store")
        with held(place)[1] as store:
            assert store.older and list(store.lines()) == lines
    (folder / "links.csv").unlink()
    (folder / "mine_of_store.py").unlink()
    with held(place)[1] as store:
        assert store.older and list(store.lines()) == lines and len(lines) == 1


def test_a_store_that_does_not_hold_its_scenario_is_read_with_the_file(
    sweep: Callable[[str], Plan], place: Path, folder: Path
) -> None:
    plan = sweep(TEXT)
    lines = played(plan, place)

    def forget() -> None:
        with closing(sqlite3.connect(place / "runs.db")) as database, database:
            assert database.execute("DELETE FROM about WHERE name LIKE 'scenario f%'").rowcount == 2

    forget()
    with held(place)[1] as store:
        assert list(store.lines()) == lines and not store.older
    with Store.opened(plan, place):  # whoever goes on with it adds what it lacks
        pass
    text = (folder / "small.yaml").read_text()
    (folder / "small.yaml").unlink()
    with held(place)[1] as store:
        assert list(store.lines()) == lines
    forget()
    with pytest.raises(ScenarioError, match="there is no such file"):
        held(place)
    (folder / "small.yaml").write_text(text.replace("alpha: 0.2", "alpha: 0.3"))
    with pytest.raises(StoreError, match="another scenario"):
        held(place)


def test_the_store_of_another_format_is_refused(sweep: Callable[[str], Plan], place: Path) -> None:
    plan = sweep(TEXT)
    played(plan, place)
    with closing(sqlite3.connect(place / "runs.db")) as database, database:
        assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    for call in (lambda: Store.opened(plan, place), lambda: held(place)):
        with pytest.raises(StoreError, match=f"has format {VERSION + 1}; this program reads {VERSION}"):
            call()


def test_a_folder_with_something_else_is_refused(sweep: Callable[[str], Plan], place: Path) -> None:
    (place / "thesis.tex").write_text("x")
    with pytest.raises(StoreError, match="not empty and holds no sweep"):
        Store.opened(sweep(TEXT), place)
    (place / "runs.db").write_bytes(b"nothing that SQLite knows, and long enough to have a head" * 20)
    with pytest.raises(StoreError, match="broken, or no store"):
        Store.opened(sweep(TEXT), place)
    (place / "runs.db").unlink()
    other = sqlite3.connect(place / "runs.db")
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StoreError, match="file of another program"):
        Store.opened(sweep(TEXT), place)


def test_a_line_that_does_not_fit_the_plan_is_as_if_it_were_not_there(sweep: Callable[[str], Plan], place: Path) -> None:
    plan = sweep(TEXT)
    with Store.opened(plan, place) as store:
        store.write([Result(0, "done", (1.0, 1.0)), Result(1, "done", (2.0, 2.0))])
    database = sqlite3.connect(place / "runs.db")
    database.execute("UPDATE runs SET key = x'00' WHERE run = 0")
    database.commit()
    database.close()
    with Store.opened(plan, place) as store:
        assert [line[0] for line in store.lines()] == [1]


def test_runs_differ_in_key_wherever_they_differ(sweep: Callable[[str], Plan], place: Path) -> None:
    plan = sweep("vary: {rounds: [3, 5]}\nworlds: 2\nreplicates: 3\noutcomes: [users]\n")
    with Store.opened(plan, place) as store:
        assert len({store.key(number) for number in range(len(plan))}) == 12


def test_a_second_coordinator_is_told_who_has_the_folder(place: Path) -> None:
    with locked(place):
        with (
            pytest.raises(StoreError, match=f"process {os.getpid()} on {socket.gethostname()} is running the sweep"),
            locked(place),
        ):
            pass
        code = (
            f"from pathlib import Path; from dataleverage.sweep.store import locked; locked(Path({str(place)!r})).__enter__()"
        )
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert f"process {os.getpid()}" in other.stderr and other.returncode
    with locked(place):
        pass


def test_a_killed_coordinator_leaves_no_lock(place: Path) -> None:
    code = (
        "import os, signal; from pathlib import Path; from dataleverage.sweep.store import locked\n"
        f"held = locked(Path({str(place)!r})); held.__enter__(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert (place / "coordinator.json").exists(), "it had the lock"
    with locked(place):
        pass


def test_the_folder_says_what_it_is_of_whatever_varies(sweep: Callable[[str], Plan], place: Path) -> None:
    scripted = "{kind: scripted, moves: {1: delete, 3: contribute}}"
    text = f"vary:\n  creators.0.strategy: [{scripted}, always]\n  rounds: {{range: [3, 5], steps: 3}}\noutcomes: [users]\n"
    plan = sweep(text)
    with Store.opened(plan, place):
        pass
    again, store = held(place)
    with store:
        assert again.points.equals(plan.points) and again.settings(0) == plan.settings(0)
        assert again.sweep == plan.sweep
