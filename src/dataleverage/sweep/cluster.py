"""Processes of other machines as an executor: dask.distributed, by the address of its scheduler."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from contextlib import suppress
from typing import Any, TypeVar

from dataleverage.errors import DataleverageError, SweepError
from dataleverage.sweep.pool import WorkerLost
from dataleverage.sweep.version import of_package

T = TypeVar("T")
PATIENCE = 10.0  # seconds without a connection to the scheduler before it counts as lost
FAILURES = 0  # workers that a task may take before Dask gives it up, besides the last: its own default, 3, costs four
HELD = "dataleverage_held"  # on the scheduler: how many workers a task might take before, and how many sweeps changed that
AGAIN = "Start it again, with its workers, and run the same command: what was kept is not played again."


class Cluster(Executor):
    """The workers of a Dask scheduler.

    While it is open, the scheduler gives up every task that lost a worker, those of its other users too; afterwards it is as
    patient as before.
    """

    least = 10  # runs in a task: one costs the scheduler about as long as a short run

    def __init__(self, address: str) -> None:
        """Raises SweepError where Dask is not installed, nothing answers, or the scheduler or a worker has no dataleverage."""
        try:
            from distributed import Client
        except ImportError:
            raise SweepError(
                "dask.distributed is not installed", key="--engine", remedy="pip install 'dataleverage[dask]'"
            ) from None
        self.address = address
        try:
            self.client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise SweepError(
                f"no Dask scheduler answers at {address}: {error}", key="--scheduler", remedy="Start one."
            ) from error
        try:
            self.client.run_on_scheduler(hurry, FAILURES)
        except Exception as error:
            self.client.close(timeout=2)
            raise without(f"the Dask scheduler at {address}", error) from error
        self._inner = self.client.get_executor(pure=False)
        self._seen = time.monotonic()
        # a worker that cannot make sense of a task ends; those that are here are asked first. `work.play` compares versions
        for where, answer in self.client.run(of_package, on_error="return").items():
            if isinstance(answer, Exception):
                self.shutdown(wait=False)
                raise without(f"the Dask worker at {where}", answer)

    @property
    def window(self) -> int:
        """Tasks to hand over at once: two for every thread there is."""
        return max(2 * int(sum(self.client.ncores().values())), 2)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Hand over a task. Its future raises WorkerLost, SweepError, or what the task raises."""
        inner: Future[T] = self._inner.submit(fn, *args, **kwargs)
        outer: Future[T] = Future()
        outer.set_running_or_notify_cancel()
        inner.add_done_callback(lambda done: self._pass_on(done, outer))
        return outer

    def check(self) -> None:
        """Raise SweepError once the scheduler has been gone for a while."""
        if self.client.status == "running":
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > PATIENCE or self.client.status == "closed":
            raise self._lost()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, once the tasks in hand are done or at once. Its workers stay."""
        self._inner.shutdown(wait=wait and not cancel_futures)
        if self.client.status == "running":
            with suppress(OSError, TimeoutError, ValueError):  # a scheduler that goes away now has nothing to be told
                self.client.run_on_scheduler(as_before)
        self.client.close(timeout=2)

    def _pass_on(self, inner: Future[T], outer: Future[T]) -> None:
        """Give the outcome of Dask's future to ours, its errors in our words."""
        from distributed import KilledWorker

        try:
            outer.set_result(inner.result())
        except KilledWorker:
            outer.set_exception(WorkerLost("a Dask worker that had it ended"))
        except CancelledError:
            outer.set_exception(self._lost())
        except BaseException as error:
            outer.set_exception(error)

    def _lost(self) -> SweepError:
        return SweepError(f"the Dask scheduler at {self.address} is gone", key="--scheduler", remedy=AGAIN)


def without(who: str, error: Exception) -> DataleverageError:
    """The error to raise where somebody could not make sense of what was sent."""
    remedy = "Install dataleverage, the same version, on the scheduler and on every machine with workers, and start them again."
    return SweepError(f"{who} cannot play: {error}", key="--scheduler", remedy=remedy)


def hurry(failures: int, dask_scheduler: Any = None) -> None:
    """Let tasks take so many workers, besides the last, until `as_before` was called as often. Runs on the scheduler."""
    before, times = getattr(dask_scheduler, HELD, (dask_scheduler.allowed_failures, 0))
    setattr(dask_scheduler, HELD, (before, times + 1))
    dask_scheduler.allowed_failures = failures


def as_before(dask_scheduler: Any = None) -> None:
    """Undo one `hurry`; with the last, tasks may take as many workers as before the first. Runs on the scheduler."""
    before, times = getattr(dask_scheduler, HELD)
    setattr(dask_scheduler, HELD, (before, times - 1))
    if times == 1:
        dask_scheduler.allowed_failures = before
        delattr(dask_scheduler, HELD)
