"""Workers: processes that a long piece of work is divided over, and that end with the one that started them.

They are joblib's (loky): what is sent is pickled by value, so that nothing has to be importable there, and arrays of more than
a megabyte are written to a file once and shared. Starting them takes about a second; they are kept for the next call.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, TypeVar

import numpy as np

from dataleverage.errors import DataleverageError, FitError
from dataleverage.grid.blas import one_thread

Part = TypeVar("Part")
Done = TypeVar("Done")

KEPT = 250.0  # seconds that idle workers are counted on to be there still; joblib ends them after 300
LOOK = 0.5  # seconds between a worker's looks at whether the process that started it is still there

_used: dict[int, float] = {}  # number of workers -> when they were last busy
_watching: list[threading.Thread] = []


def running(workers: int) -> bool:
    """Whether so many workers are there already, and need not be started."""
    return workers in _used and time.monotonic() - _used[workers] < KEPT


def most(workers: int) -> int:
    """How many of so many workers there can be: one in a process that may start none."""
    from joblib import effective_n_jobs

    return int(effective_n_jobs(workers)) if workers > 1 else 1


def cannot_be_sent(work: object) -> str:
    """Why a piece of work cannot be sent to another process; empty where it can. Its arrays always can, and are left out."""
    from joblib.externals.loky.backend.reduction import get_loky_pickler

    class Trying(get_loky_pickler()):  # type: ignore[misc]
        def persistent_id(self, each: object) -> str | None:
            return "array" if type(each) is np.ndarray and not each.dtype.hasobject else None

    try:
        Trying(BytesIO()).dump(work)
    except Exception as error:  # whatever its classes raise when they are pickled
        return f"{type(error).__name__}: {error}"
    return ""


def over(workers: int, work: Callable[[Part], Done], parts: Iterable[Part]) -> Iterator[Done]:
    """What the work makes of every part, in the order in which they are done; nothing is begun before it is asked for."""
    with busy(workers, work, parts) as done:
        yield from done


@contextmanager
def busy(workers: int, work: Callable[[Part], Done], parts: Iterable[Part]) -> Iterator[Iterator[Done]]:
    """Within this, workers are at the parts; it gives what they make of them, as they are done.

    Parts are taken as workers come free. BLAS has one thread in each worker. Leaving, an interrupt and
    an error end the work at once: only the parts in hand are lost. What the work raises is raised here; a worker that dies is
    a FitError.
    """
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    def checked() -> Iterator[Done]:
        for result in results:
            if isinstance(result, DataleverageError):
                raise result
            yield result

    # All else is joblib's default, so that the workers of a caller's own joblib loops are used again, and the other way round.
    parallel = Parallel(workers, backend="loky", return_as="generator_unordered", batch_size=1, pre_dispatch=2 * workers)
    results: Any = parallel(delayed(done_by)(work, part, os.getpid()) for part in parts)
    try:
        yield checked()
        _used[workers] = time.monotonic()
    except BrokenProcessPool as error:
        raise FitError(
            f"a worker process that was training rows has ended: {error}",
            remedy="It may have run out of memory: use fewer workers, or one.",
            key="learner",
        ) from error
    except BaseException:
        _used.clear()  # joblib ends all workers then
        raise
    finally:
        results.close()


def done_by(work: Callable[[Part], Done], part: Part, starter: int) -> Done | DataleverageError:
    """What the work makes of a part, in a worker. Errors of ours go back as they are: raised, they would lose their cause."""
    watch(starter)
    try:
        with one_thread():
            return work(part)
    except DataleverageError as error:
        return error


def watch(starter: int) -> None:
    """End this worker when the process that started it is gone, however that ended; an interrupt is that process's business.

    A worker that is still starting when that process is killed watches nothing yet: it waits idle until joblib's time is up.
    """
    if _watching or os.getpid() == starter:
        return

    def look() -> None:
        while os.getppid() == starter:
            time.sleep(LOOK)
        os._exit(1)

    if sys.platform != "win32" and os.getppid() == starter:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        _watching.append(threading.Thread(target=look, daemon=True))
        _watching[0].start()
