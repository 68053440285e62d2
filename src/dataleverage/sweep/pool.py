"""Processes of this machine as an executor: pebble's pool, with a time limit for every task, that outlives its workers."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from typing import Any, TypeVar

from dataleverage.sweep.work import begin

T = TypeVar("T")


class WorkerLost(Exception):
    """The process that a task ran in ended before the task did.

    deaths : how many processes the task has taken.
    """

    def __init__(self, why: str, deaths: int = 1) -> None:
        super().__init__(why)
        self.deaths = deaths


class LocalPool(Executor):
    """Spawned processes. A task that takes longer than the limit is ended with its process, and its future raises TimeoutError.

    The standard pool breaks as a whole when one process is killed, and cannot end a task. Pebble's breaks only where a process
    is killed while it holds the lock of the queue; then it is made anew, and the tasks in it are lost without blame.
    """

    window = 4  # tasks handed over for each worker: enough that none waits, few enough that little is lost

    def __init__(self, workers: int, limit: float | None = None) -> None:
        self.workers, self.limit = workers, limit
        self._lock = threading.Lock()
        self._pool = self._new()

    def _new(self) -> Any:
        from pebble import ProcessPool

        context = multiprocessing.get_context("spawn")
        return ProcessPool(self.workers, initializer=begin, initargs=(os.getpid(),), context=context)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Hand over a task. Its future raises WorkerLost, TimeoutError, or what the task raises."""
        with self._lock:
            pool = self._pool
            if not pool.active:
                stopped(pool)
                pool = self._pool = self._new()
            inner = pool.schedule(fn, args=args, kwargs=kwargs, timeout=self.limit)
        outer: Future[T] = Future()
        outer.set_running_or_notify_cancel()
        inner.add_done_callback(lambda done: pass_on(done, outer))
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes, once the tasks in hand are done or at once."""
        if wait and not cancel_futures:
            self._pool.close()
            self._pool.join()
        else:
            stopped(self._pool)


def pass_on(inner: Future[T], outer: Future[T]) -> None:
    """Give the outcome of pebble's future to ours, its errors in our words."""
    from pebble import ProcessExpired

    try:
        outer.set_result(inner.result())
    except ProcessExpired as error:
        outer.set_exception(WorkerLost(f"its process ended with exit code {error.exitcode}"))
    except (BrokenExecutor, CancelledError) as error:
        outer.set_exception(WorkerLost(f"the pool broke: {error}", deaths=0))
    except BaseException as error:
        outer.set_exception(error)


def stopped(pool: Any) -> None:
    """End a pool's processes at once."""
    pool.stop()
    pool.join()
