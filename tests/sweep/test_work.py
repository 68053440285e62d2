"""What a worker does with runs that end in all sorts of ways."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dataleverage.errors import StoreError, SweepError
from dataleverage.measure.outcomes import outcomes
from dataleverage.sweep.plan import Plan
from dataleverage.sweep.work import Job, Task, TimeUp, at_most, play

MINE = """
import sys
import time
def leaving(record):
    revenue = record.manifest["scenario"]["payoffs"]["revenue"]
    if revenue == 1:
        sys.exit(0)
    if revenue == 2:
        raise KeyboardInterrupt
    return revenue
def often(record):
    if record.manifest["scenario"]["payoffs"]["revenue"] == 2:
        raise RuntimeError("this one cannot be read")
    return 1.0
def slowly(record):
    end = time.monotonic() + 60
    while record.manifest["scenario"]["payoffs"]["revenue"] == 2 and time.monotonic() < end:
        pass
    return 1.0
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of the user's own, `mine_at_work`."""
    (tmp_path / "mine_at_work.py").write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path))


def job(plan: Plan, cells: Path | None = None) -> bytes:
    return Job.of(plan, cells).packed()


def tasks(plan: Plan) -> list[Task]:
    runs = [(number, plan.run(number)) for number in range(len(plan))]
    return [Task(number, plan.settings(run.point), run.data_seed, run.seed) for number, run in runs]


def test_outcomes_are_those_of_the_same_game_played_by_hand(sweep: Callable[[str], Plan], tmp_path: Path) -> None:
    plan = sweep("vary: {rounds: [3, 5]}\nworlds: 2\nreplicates: 2\noutcomes: [final_score, creators_welfare, strike_won]\n")
    for result in play(job(plan, tmp_path / "cells.db"), tasks(plan)):
        run = plan.run(result.number)
        assert run.data_seed is not None and result.status == "done" and result.seconds > 0
        told = outcomes(plan.scenario(run.point).in_world(run.data_seed).play(run.seed))
        assert list(result.outcomes) == [told["final_score"], told["creators_welfare"], None]
        assert run.replicate or told["rounds_played"] <= 5


@pytest.mark.usefixtures("mine")
def test_a_run_that_raises_is_told_with_its_traceback_and_the_others_go_on(sweep: Callable[[str], Plan]) -> None:
    plan = sweep("vary: {payoffs.revenue: [1.0, 2.0, 3.0]}\noutcomes: ['mine_at_work:often']\n")
    results = play(job(plan), tasks(plan))
    assert [result.status for result in results] == ["done", "failed", "done"]
    assert "RuntimeError: this one cannot be read" in results[1].error and "mine_at_work.py" in results[1].error


@pytest.mark.usefixtures("mine")
def test_a_run_that_would_leave_its_process_has_failed(sweep: Callable[[str], Plan]) -> None:
    plan = sweep("vary: {payoffs.revenue: [1.0, 2.0, 3.0]}\noutcomes: ['mine_at_work:leaving']\n")
    results = play(job(plan), tasks(plan))
    assert [result.status for result in results] == ["failed", "failed", "done"]
    assert results[0].error.endswith("SystemExit: 0\n") and "mine_at_work.py" in results[0].error
    assert "KeyboardInterrupt" in results[1].error


@pytest.mark.usefixtures("mine")
def test_a_run_that_takes_too_long_is_stopped_in_any_thread(sweep: Callable[[str], Plan]) -> None:
    plan = sweep("vary: {payoffs.revenue: [1.0, 2.0, 3.0]}\noutcomes: ['mine_at_work:slowly']\n")
    play(job(plan), tasks(plan)[:1])  # what is loaded once is not timed
    results = play(job(plan), tasks(plan), limit=3)
    assert [result.status for result in results] == ["done", "timed_out", "done"]


def test_a_world_without_a_gap_is_no_failure(sweep: Callable[[str], Plan], folder: Path) -> None:
    file = folder / "small.yaml"
    blobs = "  kind: synthetic\n  examples: 200\n  separation: 4.0\n"
    file.write_text(file.read_text().replace("  kind: sklearn\n  name: wine\n", blobs))
    plan = sweep("outcomes: [final_score]\n")
    nothing_to_learn = Task(1, {"data.separation": 0.0}, None, None)
    good, bad = play(job(plan), [*tasks(plan), nothing_to_learn])
    assert (good.status, bad.status) == ("done", "no_gap")
    assert "noise" in bad.error and not bad.outcomes


def test_work_of_other_code_is_refused_by_name(sweep: Callable[[str], Plan]) -> None:
    plan = sweep("outcomes: [users]\n")
    other = replace(Job.of(plan), code={**Job.of(plan).code, "numpy": "0.0", "a library that is not here": "1"})
    with pytest.raises(SweepError, match=rf"process {os.getpid()} on .* another version of numpy, a library that is not here"):
        play(other.packed(), tasks(plan))


def test_cells_that_cannot_be_kept_are_no_fault_of_the_run(sweep: Callable[[str], Plan], tmp_path: Path) -> None:
    (tmp_path / "cells.db").write_bytes(b"no store at all, but longer than a head")
    plan = sweep("outcomes: [final_score]\n")
    with pytest.raises(StoreError, match=r"cells\.db"):
        play(job(plan, tmp_path / "cells.db"), tasks(plan))


def test_time_up_comes_within_and_never_after() -> None:
    def forever() -> None:
        with at_most(0.05):
            while True:
                math.sqrt(2)

    with pytest.raises(TimeUp):
        forever()
    with at_most(0.05):
        pass
    time.sleep(0.15)  # nothing is raised here


@pytest.mark.skipif(sys.platform == "win32", reason="a process there does not learn that its parent is gone")
def test_a_worker_ends_when_its_coordinator_is_killed() -> None:
    child = (
        "import os, time; from dataleverage.sweep.work import begin; begin(os.getppid()); print(1, flush=True); time.sleep(99)"
    )
    parent = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE, text=True)\n"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(99)"
    )
    started = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    worker = int(started.stdout.readline())
    started.send_signal(signal.SIGKILL)
    started.wait()
    end = time.monotonic() + 20
    while time.monotonic() < end and Path(f"/proc/{worker}").exists() and not zombie(worker):
        time.sleep(0.1)
    gone = not Path(f"/proc/{worker}").exists() or zombie(worker)
    if not gone:
        os.kill(worker, signal.SIGKILL)
    assert gone


def zombie(pid: int) -> bool:
    """Whether a process has ended and nobody has asked after it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
