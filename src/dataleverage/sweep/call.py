"""A whole call of `sweep run`: the lock, the store, the workers, the engine, and interrupts."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dataleverage.sweep.cluster import Cluster
from dataleverage.sweep.engine import Engine
from dataleverage.sweep.enough import Enough
from dataleverage.sweep.load import reread
from dataleverage.sweep.plan import Plan
from dataleverage.sweep.pool import LocalPool
from dataleverage.sweep.store import Store, kept, locked
from dataleverage.sweep.table import STATUSES, Line
from dataleverage.sweep.work import Job

LONGEST = 3600.0  # seconds that a run may take unless told otherwise: most take milliseconds, and one may never end


@dataclass(frozen=True)
class Standing:
    """How far a sweep is.

    total : runs wanted, those left out by a precision not among them. counts : runs by status. errors : of the first bad ones,
    number, point, status and what went wrong.
    """

    total: int
    counts: dict[str, int]
    errors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ended(self) -> int:
        """Runs that will not be played again."""
        return self.total - self.counts["waiting"]

    @property
    def bad(self) -> int:
        """Runs that ended without outcomes, but for worlds without a gap."""
        return sum(self.counts[name] for name in ("failed", "timed_out", "set_aside"))


def run(
    plan: Plan,
    folder: Path,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    limit: float | None = LONGEST,
    again: bool = False,
    watch: Callable[[int, int], Callable[[str], object]] = lambda total, done: lambda status: None,
) -> Standing:
    """Play what a folder does not hold of a plan yet.

    Parameters
    ----------
    workers : processes on this machine. scheduler : the address of a Dask scheduler to use instead.
    limit : seconds that a run may take, None for as long as it likes. again : play once more what failed, took too long or was
        set aside.
    watch : given how many runs there are and how many had ended, returns what is called with the status of each that ends.

    Raises StoreError for a folder that another coordinator has or that holds something else, SweepError for lost workers.
    """
    with locked(folder), Store.opened(plan, folder) as store:
        if again:
            store.forget(("failed", "timed_out", "set_aside"))
        before = standing_of(store)
        if before.counts["waiting"]:
            report = watch(before.total, before.ended)
            job = Job.of(plan, None if scheduler else store.cells.resolve())
            executor: LocalPool | Cluster = Cluster(scheduler) if scheduler else LocalPool(workers, limit)
            try:
                if isinstance(executor, Cluster):
                    window, least = executor.window, executor.least
                    engine = Engine(
                        store, executor, job, window=window, least=least, limit=limit, progress=report, pulse=executor.check
                    )
                else:
                    engine = Engine(store, executor, job, window=executor.window * workers, alone=limit, progress=report)
                engine.resume()
                with interrupts(engine.stop):
                    engine.run()
            finally:
                executor.shutdown(wait=False, cancel_futures=True)
        return standing_of(store)


def held(folder: Path) -> tuple[Plan, Store]:
    """The plan and the store that a folder holds, which needs none of the files it was made from. Raises StoreError where it
    holds none.

    Runs of another version of the code or of the data can be read (`Store.older`), and not be gone on with.
    """
    plan = reread(kept(folder), str(folder))
    return plan, Store.opened(plan, folder, reading=True)


def standing_of(store: Store) -> Standing:
    """How far a store is."""
    plan = store.plan
    settled, enough = np.zeros(len(plan), dtype=np.uint8), Enough(plan)
    for number, status, outcomes in store.lines():
        settled[number] = STATUSES.index(status)
        enough.note(number, outcomes)
    enough.look(settled)
    wanted = enough.wanted_runs()
    counts = np.bincount(settled[wanted], minlength=len(STATUSES))
    errors = [
        {"run": number, "point": plan.run(number).point, "status": status, "error": error}
        for number, status, error in store.errors()
        if wanted[number]
    ]
    return Standing(int(wanted.sum()), dict(zip(STATUSES, counts.tolist(), strict=True)), errors)


def lines_of(store: Store) -> list[Line]:
    """Every run that is wanted, those that did not end yet as `waiting`: what the table is made of."""
    plan = store.plan
    ended = {number: (status, outcomes) for number, status, outcomes in store.lines()}
    settled, enough = np.zeros(len(plan), dtype=np.uint8), Enough(plan)
    for number, (status, outcomes) in ended.items():
        settled[number] = STATUSES.index(status)
        enough.note(number, outcomes)
    enough.look(settled)
    return [(n, *ended.get(n, ("waiting", ()))) for n in np.flatnonzero(enough.wanted_runs()).tolist()]


@contextmanager
def interrupts(stop: Callable[[], object]) -> Iterator[None]:
    """Within this, Ctrl-C calls `stop` instead of ending the program, where this is the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: stop())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
