"""Real processes: a limit ends one task, a killed worker loses one task, and the others go on."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataleverage.sweep.pool import LocalPool, WorkerLost


@pytest.fixture(scope="module")
def pool() -> Iterator[LocalPool]:
    made = LocalPool(2, limit=4)
    yield made
    made.shutdown(wait=False, cancel_futures=True)


def test_tasks_run_in_other_processes(pool: LocalPool) -> None:
    pids = {pool.submit(os.getpid).result(timeout=120) for _ in range(8)}
    assert os.getpid() not in pids and 1 <= len(pids) <= 2


def test_what_a_task_raises_comes_back(pool: LocalPool) -> None:
    with pytest.raises(ZeroDivisionError):
        pool.submit(divmod, 1, 0).result(timeout=120)


def test_what_would_end_a_process_comes_back_and_ends_none(pool: LocalPool) -> None:
    before = {pool.submit(os.getpid).result(timeout=120) for _ in range(8)}
    for leave in (sys.exit, interrupt):
        error = pool.submit(leave, 0).exception(timeout=120)
        assert isinstance(error, SystemExit | KeyboardInterrupt)
    assert {pool.submit(os.getpid).result(timeout=120) for _ in range(8)} & before


def test_a_task_beyond_its_limit_is_ended_and_others_are_not(pool: LocalPool) -> None:
    endless = pool.submit(time.sleep, 1000)
    others = [pool.submit(abs, -k) for k in range(20)]
    assert [future.result(timeout=120) for future in others] == list(range(20))
    with pytest.raises(TimeoutError):
        endless.result(timeout=120)
    assert pool.submit(abs, -1).result(timeout=120) == 1


def test_a_worker_that_is_killed_loses_its_task_alone(pool: LocalPool) -> None:
    lost = pool.submit(die)
    others = [pool.submit(abs, -k) for k in range(20)]
    assert [future.result(timeout=120) for future in others] == list(range(20))
    with pytest.raises(WorkerLost) as caught:
        lost.result(timeout=120)
    assert caught.value.deaths == 1


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="idle workers are found through /proc")
def test_a_worker_that_is_killed_while_idle_costs_nothing_or_little(pool: LocalPool) -> None:
    pid = pool.submit(os.getpid).result(timeout=120)
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    for _ in range(3):  # a pool that broke says so once, and is made anew
        try:
            assert pool.submit(abs, -5).result(timeout=120) == 5
            break
        except WorkerLost as lost:
            assert not lost.deaths
    else:
        pytest.fail("the pool did not come back")


def interrupt(value: object) -> None:
    raise KeyboardInterrupt


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
