"""Whole calls of `sweep run` with real processes, left alone and under fire: the table is the same, byte for byte.

What ends differently here is the processes, so sweeps are started as programs and killed as such.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dataleverage.errors import StoreError
from dataleverage.measure.outcomes import outcomes
from dataleverage.sweep.call import lines_of, run
from dataleverage.sweep.plan import Plan
from dataleverage.sweep.store import RUNS, Store

SOURCE = Path(__file__).parents[2] / "src"
TROUBLE = """
import os, signal, sys, time
def value(record):
    revenue = record.manifest["scenario"]["payoffs"]["revenue"]
    if revenue == 2.0:
        raise RuntimeError("this run cannot be read")
    if revenue == 3.0:
        os.kill(os.getpid(), signal.SIGKILL)
    while revenue == 4.0:
        time.sleep(1)
    if revenue == 6.0:
        sys.exit(0)
    return revenue
"""
SLOW = """
import time
def value(record):
    time.sleep(0.02)
    return 1.0
"""
LONG = """\
vary: {payoffs.revenue: {range: [1.0, 10.0], steps: 10}}
worlds: 6
replicates: 8
outcomes: [final_score, creators_welfare, 'slow_outcome:value']
"""


@pytest.fixture
def long(sweep: Callable[[str], Plan], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A sweep of 480 runs, some ten seconds of work, in `sweep.yaml`."""
    (folder / "slow_outcome.py").write_text(SLOW)
    monkeypatch.syspath_prepend(str(folder))
    return sweep(LONG)


def start(folder: Path, *more: str, **options: object) -> subprocess.Popen[str]:
    """`dataleverage sweep run sweep.yaml --out runs` as a program of its own."""
    words = [sys.executable, "-m", "dataleverage", "sweep", "run", "sweep.yaml", "--out", "runs", "--workers", "2", *more]
    env = {**os.environ, "PYTHONPATH": f"{SOURCE}{os.pathsep}{folder}"}
    return subprocess.Popen(
        words, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **options
    )  # type: ignore[call-overload, no-any-return]


def exported(folder: Path, runs: str = "runs") -> bytes:
    """The table that `sweep export` writes."""
    env = {**os.environ, "PYTHONPATH": f"{SOURCE}{os.pathsep}{folder}"}
    words = [sys.executable, "-m", "dataleverage", "sweep", "export", runs, "--parquet", f"{runs}.parquet", "--overwrite"]
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return (folder / f"{runs}.parquet").read_bytes()


def undisturbed(plan: Plan, folder: Path) -> bytes:
    """The table of the same sweep when nobody disturbs it, played by one worker."""
    assert not run(plan, folder / "calm", workers=1).counts["waiting"]
    return exported(folder, "calm")


def kept(folder: Path) -> int:
    """How many runs the store holds."""
    import sqlite3

    try:
        database = sqlite3.connect(f"file:{folder / 'runs' / RUNS}?mode=ro", uri=True)
        count = database.execute("SELECT count(*) FROM runs").fetchone()[0]
        database.close()
    except sqlite3.Error:
        return 0
    return int(count)


def wait_for(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Until the store holds so many runs, or the process has ended."""
    end = time.monotonic() + 120
    while kept(folder) < count and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.fixture
def no_orphans(folder: Path) -> Iterator[None]:
    """After the test, no process is left that works in its folder."""
    yield
    end = time.monotonic() + 20
    left = [0]
    while left and time.monotonic() < end:
        left = []
        for cwd in Path("/proc").glob("[0-9]*/cwd"):
            try:
                if cwd.resolve() == folder.resolve():
                    left.append(int(cwd.parent.name))
            except OSError:
                continue
        time.sleep(0.2)
    assert not left


def test_runs_that_raise_leave_kill_and_never_end_cost_nobody_else(
    sweep: Callable[[str], Plan], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "trouble.py").write_text(TROUBLE)
    monkeypatch.syspath_prepend(str(folder))
    plan = sweep(
        "vary: {payoffs.revenue: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}\nworlds: 2\noutcomes: ['trouble:value', creators_welfare]\n"
    )
    standing = run(plan, folder / "runs", workers=2, limit=10)
    assert standing.counts == {"waiting": 0, "done": 4, "no_gap": 0, "failed": 4, "timed_out": 2, "set_aside": 2}
    with Store.opened(plan, folder / "runs") as store:
        ended = {plan.run(n).point: (status, values, n) for n, status, values in lines_of(store)}
        errors = {plan.run(n).point: error for n, _, error in store.errors()}
    assert [ended[point][0] for point in range(6)] == ["done", "failed", "set_aside", "timed_out", "done", "failed"]
    assert "RuntimeError: this run cannot be read" in errors[1] and "trouble.py" in errors[1]
    assert "2 worker processes" in errors[2] and "10 seconds" in errors[3] and "SystemExit: 0" in errors[5]
    played = plan.run(ended[4][2])
    assert played.data_seed is not None
    by_hand = outcomes(plan.scenario(4).in_world(played.data_seed).play(played.seed))
    assert ended[4][1] == [5.0, by_hand["creators_welfare"]]
    assert run(plan, folder / "runs", workers=2).counts == standing.counts, "what ended has ended"


LATE = """
import os, signal, sys, time
def value(record):
    revenue = record.manifest["scenario"]["payoffs"]["revenue"]
    if revenue == 1.0:
        os.kill(os.getpid(), signal.SIGKILL)
    while revenue == 2.0:
        time.sleep(1)
    if revenue == 3.0:
        sys.exit(0)
    return record.along("score:all")[3]
"""


def test_the_first_point_may_be_the_killer_and_outcomes_may_need_later_rounds(
    sweep: Callable[[str], Plan], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "late.py").write_text(LATE)
    monkeypatch.syspath_prepend(str(folder))
    plan = sweep("vary: {payoffs.revenue: [1.0, 2.0, 3.0, 4.0]}\noutcomes: ['late:value']\n")
    run(plan, folder / "runs", workers=2, limit=10)
    with Store.opened(plan, folder / "runs") as store:
        told = {number: (status, values) for number, status, values in lines_of(store)}
    assert [told[point][0] for point in range(4)] == ["set_aside", "timed_out", "failed", "done"]
    assert told[3][1] == [plan.scenario(3).play().along("score:all")[3]]


def test_a_second_coordinator_is_refused_while_the_first_plays(long: Plan, folder: Path) -> None:
    first = start(folder)
    try:
        wait_for(folder, 1, first)
        assert first.poll() is None
        with pytest.raises(StoreError, match=f"process {first.pid} on .* is running the sweep"):
            run(long, folder / "runs")
    finally:
        first.kill()
        first.communicate()


@pytest.mark.faults
@pytest.mark.usefixtures("no_orphans")
@pytest.mark.parametrize("seed", [0, 1])
def test_a_coordinator_that_is_killed_at_any_moment(long: Plan, folder: Path, seed: int) -> None:
    draw = random.Random(seed)
    kills = 0
    while kills < 4:
        before = kept(folder)
        process = start(folder)
        wait_for(folder, before + 1, process)
        time.sleep(draw.uniform(0, 0.6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert kept(folder) >= before, "what was kept stays"
        kills += 1
    assert 0 < kept(folder) < len(long)
    last = start(folder)
    _, said = last.communicate(timeout=300)
    assert last.returncode == 0, said
    assert exported(folder) == undisturbed(long, folder)


@pytest.mark.faults
@pytest.mark.usefixtures("no_orphans")
def test_workers_that_are_killed_at_any_moment(long: Plan, folder: Path) -> None:
    draw = random.Random(0)
    process = start(folder)
    wait_for(folder, 1, process)
    kills = 0
    while process.poll() is None:
        time.sleep(draw.uniform(0.5, 1.5))
        for pid in draw.sample(workers := children(process.pid), min(1, len(workers))):
            os.kill(pid, signal.SIGKILL)
            kills += 1
        if kills == 8:
            break
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert kills >= 3 and exported(folder) == undisturbed(long, folder)


@pytest.mark.faults
@pytest.mark.usefixtures("no_orphans")
def test_an_interrupt_drains_and_two_leave_at_once(long: Plan, folder: Path) -> None:
    for times in (1, 2):
        process = start(folder)
        wait_for(folder, kept(folder) + 5, process)
        for _ in range(times):
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
            time.sleep(0.05)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130 and "the same command goes on" in said
    assert 0 < kept(folder) < len(long)
    assert not run(long, folder / "runs", workers=2).counts["waiting"]
    assert exported(folder) == undisturbed(long, folder)


def limited() -> None:
    """No file may grow beyond 60 kB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))


@pytest.mark.faults
@pytest.mark.usefixtures("no_orphans")
def test_files_that_cannot_grow_end_a_sweep_with_a_message_and_room_lets_it_go_on(long: Plan, folder: Path) -> None:
    process = start(folder, preexec_fn=limited)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 2, said
    assert "Traceback" not in said and "run the same command again" in said
    assert not run(long, folder / "runs", workers=2).counts["waiting"]
    assert exported(folder) == undisturbed(long, folder)


@pytest.mark.faults
@pytest.mark.usefixtures("no_orphans")
def test_a_full_disk_ends_a_sweep_with_a_message_and_room_lets_it_go_on(long: Plan, folder: Path) -> None:
    (folder / "runs").mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder / "runs")]
    if shutil.which("mount") is None or subprocess.run(small, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        process = start(folder)
        _, said = process.communicate(timeout=300)
        assert process.returncode == 2, said
        assert "Traceback" not in said and "run the same command again" in said
        before = kept(folder)
        subprocess.run(["mount", "-o", "remount,size=50m", str(folder / "runs")], check=True)
        assert not run(long, folder / "runs", workers=2).counts["waiting"]
        assert before < len(long) and exported(folder) == undisturbed(long, folder)
    finally:
        subprocess.run(["umount", str(folder / "runs")], check=True)
