"""BLAS on one thread: batches of small matrices take several times longer on more, and their last bits depend on how many.

threadpoolctl sets the number for the whole process, and looks through all loaded libraries for that, which takes as long as
hundreds of small fits. So it looks again only when modules have been imported since, and whoever comes first limits and whoever
goes last restores, in whatever thread.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from threadpoolctl import ThreadpoolController


class Limit:
    """How many are inside, and what restores the threads when the last one leaves."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.restore = ExitStack()
        self.modules = 0  # how many were imported when libraries were looked for
        self.libraries: ThreadpoolController | None = None

    def enter(self) -> None:
        with self.lock:
            changed = len(sys.modules) != self.modules
            if self.libraries is None or changed:
                self.libraries, self.modules = ThreadpoolController(), len(sys.modules)
            if not self.inside or changed:
                take_over(self.libraries)
                self.restore.enter_context(self.libraries.limit(limits=1))
            self.inside += 1

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside and self.libraries is not None:
                take_over(self.libraries)
                self.restore.close()


def take_over(libraries: ThreadpoolController) -> None:
    """Let this thread set the number: threadpoolctl 3.8 obeys only the thread that did so last, for as long as it lives."""
    for library in libraries.lib_controllers:
        clear = getattr(library, "clear_controlling_thread", None)
        if clear is not None:
            clear(force=True)


LIMIT = Limit()


@contextmanager
def one_thread() -> Iterator[None]:
    """Within this, BLAS has one thread. May be nested, and entered by several threads at once."""
    LIMIT.enter()
    try:
        yield
    finally:
        LIMIT.leave()
