"""What a worker does: plays runs and reads their outcomes, and tells of each how it ended."""

from __future__ import annotations

import ctypes
import os
import pickle
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from dataleverage.errors import DataleverageError, GapError, StoreError, SweepError, bounded
from dataleverage.game.model import LeverageGame
from dataleverage.grid.blas import one_thread
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.scenario.scenario import Scenario
from dataleverage.sweep import version
from dataleverage.sweep.outcomes import read
from dataleverage.sweep.plan import Plan, scenario_at

LONGEST_TRACEBACK = 3000  # characters: what is sent through a pipe at once is never torn
LOOK = 0.5  # seconds between a worker's looks at whether its coordinator is still there


@dataclass(frozen=True)
class Job:
    """What all runs of a sweep share.

    base, folder : the scenario's plain data, and where its paths start. outcomes : names. code : the versions of all that
    numbers depend on (`version.parts`). cells : the file that workers share trained cells through, or None.
    """

    base: Mapping[Any, Any]
    folder: Path
    outcomes: tuple[str, ...]
    code: Mapping[str, str]
    cells: Path | None = None

    @classmethod
    def of(cls, plan: Plan, cells: Path | None = None) -> Job:
        """The job of a plan, by the code that this process has."""
        return cls(plan.base, plan.folder, plan.sweep.outcomes, version.parts(plan.sweep.outcomes), cells)

    def packed(self) -> bytes:
        """The job as it is sent with every task; a worker unpacks it once."""
        return pickle.dumps(self)


class Task(NamedTuple):
    """One run. settings : the values of the varied paths. data_seed, seed : None for the scenario's own."""

    number: int
    settings: Mapping[str, Any]
    data_seed: int | None
    seed: int | None


class Result(NamedTuple):
    """How one run ended.

    status : of `table.STATUSES`. outcomes : in the job's order. error : what went wrong, with its traceback.
    """

    number: int
    status: str
    outcomes: tuple[float | None, ...] = ()
    error: str = ""
    seconds: float = 0.0


class TimeUp(BaseException):
    """A run took longer than it may. No `Exception`, so that a run cannot swallow it by mistake."""


def play(packed: bytes, tasks: Sequence[Task], limit: float | None = None) -> list[Result]:
    """Play some runs.

    limit : seconds that each may take, where nobody else ends it; a run is stopped between two steps of Python.
    Raises StoreError where cells cannot be kept, SweepError where this process has other code than its coordinator: neither is
    a fault of the run that met it.
    """
    with one_thread():
        return [played(unpacked(packed), task, limit) for task in tasks]


@lru_cache(maxsize=8)
def unpacked(packed: bytes) -> Job:
    """The job that was sent, made and compared once. Raises SweepError where the code here is not the coordinator's."""
    job: Job = pickle.loads(packed)
    here = version.parts(job.outcomes)
    if others := [name for name in job.code if here.get(name) != job.code[name]]:
        said = f"a worker (process {os.getpid()} on {socket.gethostname()}) has another version of {', '.join(others)}"
        remedy = "Give every worker what the coordinator has, and run the same command: what was kept is not played again."
        raise SweepError(said, remedy=remedy)
    return job


def played(job: Job, task: Task, limit: float | None) -> Result:
    """Play one run and read its outcomes."""
    began = time.perf_counter()
    outcomes: tuple[float | None, ...] = ()
    status, error = "done", ""
    try:
        with at_most(limit):
            scenario = scenario_at(job.base, job.folder, task.settings)
            scenario = scenario if task.data_seed is None else scenario.in_world(task.data_seed)
            share_cells(scenario, job.cells)
            outcomes = tuple(
                read(LeverageGame(scenario.setup(), scenario.seed if task.seed is None else task.seed).play(), job.outcomes)
            )
    except GapError as refused:
        status, error = "no_gap", str(refused)
    except StoreError:
        raise
    except TimeUp:
        status, error = "timed_out", f"it took more than {limit:g} seconds"
    except BaseException as fault:  # SystemExit too: what a run raises ends that run, and never its worker or the sweep
        told = f"{type(fault).__name__}: {fault}\n" if isinstance(fault, DataleverageError) else ""
        status, error = "failed", bounded(told + last_lines(traceback.format_exc()), LONGEST_TRACEBACK)
    return Result(task.number, status, outcomes, error, time.perf_counter() - began)


def share_cells(scenario: Scenario, cells: Path | None) -> None:
    """Let a world's grid train in this process alone, and keep its cells where other workers find them."""
    grid = scenario.grid()
    if isinstance(grid.oracle, TrainedOracle):
        grid.oracle.workers = 1
        if cells is not None:
            grid.keep_in(cells)


def last_lines(text: str) -> str:
    """The end of a traceback, where the fault is."""
    return text if len(text) <= LONGEST_TRACEBACK - 500 else "…" + text[-(LONGEST_TRACEBACK - 500) :]


@contextmanager
def at_most(seconds: float | None) -> Iterator[None]:
    """Raise TimeUp within this after so many seconds, in this thread, whatever thread it is."""
    if seconds is None:
        yield
        return
    thread, lock = threading.get_ident(), threading.Lock()
    inside = True

    def stop() -> None:
        with lock:
            if inside:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TimeUp))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            inside = False
        timer.cancel()


def begin(coordinator: int) -> None:
    """What a worker process does first: see to it that it ends when its coordinator is gone, however that ended."""
    from pebble.common.types import CONSTS

    CONSTS.channel_lock_timeout = 5  # seconds; a worker that was killed while it held the lock is noticed after so many

    def look() -> None:
        while os.getppid() == coordinator:
            time.sleep(LOOK)
        os._exit(1)

    if sys.platform != "win32":
        threading.Thread(target=look, daemon=True).start()
