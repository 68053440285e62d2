"""The engine: hands the runs of a plan to an executor, and keeps what comes back.

It is the only one that writes. What is kept is kept for good: whatever ends it, the same call goes on from there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue

import numpy as np

from dataleverage.errors import StoreError, SweepError
from dataleverage.sweep.enough import Enough
from dataleverage.sweep.pool import WorkerLost
from dataleverage.sweep.store import REMEDY, Store
from dataleverage.sweep.table import STATUSES
from dataleverage.sweep.work import Job, Result, Task, play

LONG_ENOUGH = 0.1  # seconds of work in one task: handing it over takes about a millisecond
MOST_IN_TASK = 64
KILLS = 2  # processes that a run may take before it is set aside
BREAKS = 5  # times in a row that the executor may break, with no run ended in between

Progress = Callable[[str], object]


class Engine:
    """One call of a sweep.

    Parameters
    ----------
    store : where results go; runs that it has are not played again.
    executor : what plays tasks. Its futures may raise `WorkerLost` and `TimeoutError`; any other Exception ends the sweep, and
        what is none (SystemExit, say) is a failure of the run that raised it.
    job : what workers need to know. window : tasks handed over at once. least : runs in a task where there are so many.
    limit : seconds a run may take, where the executor does not see to it by itself.
    alone : seconds a run may take where the executor does; a task of several is kept well below.
    progress : called with the status of every run that ends. pulse : called while nothing comes; may raise what is wrong.
    """

    def __init__(
        self,
        store: Store,
        executor: Executor,
        job: Job,
        *,
        window: int,
        least: int = 1,
        limit: float | None = None,
        alone: float | None = None,
        progress: Progress = lambda status: None,
        pulse: Callable[[], object] = lambda: None,
    ) -> None:
        self.store, self.executor, self.packed = store, executor, job.packed()
        self.window, self.least, self.limit, self.alone = window, least, limit, alone
        self.progress, self.pulse = progress, pulse
        self.plan = store.plan
        self.settled = np.zeros(len(self.plan), dtype=np.uint8)
        self.enough = Enough(self.plan)
        self.again: deque[int] = deque()  # runs of a task that was lost, each to be played by itself
        self.suspects: deque[int] = deque()  # runs that were lost alone: played once more when nothing else is, to be sure
        self.kills: dict[int, int] = {}
        self.pace = 0.0  # seconds that a run takes, as of late
        self.asked_to_stop = 0
        self.breaks = self.forgiven = 0  # times that the executor broke, and how many of them a run has ended since
        self._flying: dict[Future[list[Result]], tuple[list[int], int]] = {}  # the runs of a task; `breaks` when it left
        self._landed: SimpleQueue[Future[list[Result]]] = SimpleQueue()

    def resume(self) -> int:
        """Take up what the store holds; returns how many runs that settles."""
        for number, status, outcomes in self.store.lines():
            self.settled[number] = STATUSES.index(status)
            self.enough.note(number, outcomes)
        self.enough.look(self.settled)
        return int((self.settled > 0).sum())

    def stop(self) -> None:
        """Asked once, hand nothing over any more and wait for what is in hand; asked twice, leave at once."""
        self.asked_to_stop += 1

    def run(self) -> bool:
        """Play what is left. Returns whether everything was played.

        Raises StoreError where results cannot be kept, SweepError where the executor does nothing but break.
        """
        batches = self._batches()
        while True:
            while len(self._flying) < self.window and not self.asked_to_stop:
                batch = [self.again.popleft()] if self.again else next(batches, None)
                if batch is None and self._flying:
                    break
                if batch is None and not self.suspects:
                    return True
                self._hand_over(batch or [self.suspects.popleft()])
            if self.asked_to_stop > 1 or (self.asked_to_stop and not self._flying):
                return False
            self._take_in()

    def _batches(self) -> Iterator[list[int]]:
        """Runs left to play in their order, in tasks that take about as long as is worth handing over."""
        batch: list[int] = []
        points, _, replicates = self.plan.shape
        for number in range(len(self.plan)):
            if self.settled[number]:
                continue
            point, world = number // replicates % points, number // (replicates * points)
            if self.enough.has(point, world):
                continue
            if batch and (len(batch) >= self._in_a_task() or batch[0] // (replicates * points) != world):
                yield batch
                batch = []
            batch.append(number)
        if batch:
            yield batch

    def _in_a_task(self) -> int:
        """How many runs make a task that is worth handing over, and far from its limit."""
        if not self.pace:
            return self.least
        long = LONG_ENOUGH if self.alone is None else min(LONG_ENOUGH, self.alone / 4)
        return max(self.least, min(int(long / self.pace), MOST_IN_TASK))

    def _hand_over(self, batch: list[int]) -> None:
        tasks = []
        for number in batch:
            run = self.plan.run(number)
            tasks.append(Task(number, self.plan.settings(run.point), run.data_seed, run.seed))
        future = self.executor.submit(play, self.packed, tasks, self.limit)
        self._flying[future] = batch, self.breaks
        future.add_done_callback(self._landed.put)

    def _take_in(self) -> None:
        """Wait a moment for tasks to end, and keep what they brought."""
        try:
            landed = [self._landed.get(timeout=0.2)]
        except Empty:
            self.pulse()
            return
        while not self._landed.empty():
            landed.append(self._landed.get())
        results = [result for future in landed for result in self._results(future)]
        if results:
            self.store.write(results)
        for result in results:
            self.settled[result.number] = STATUSES.index(result.status)
            self.enough.note(result.number, result.outcomes)
            self.progress(result.status)
        self.enough.look(self.settled)

    def _results(self, future: Future[list[Result]]) -> list[Result]:
        """What a task brought; of one that was lost or took too long, what becomes of its runs."""
        batch, breaks = self._flying.pop(future)
        error = future.exception()  # looked at, not raised: SystemExit from a worker must not end the coordinator
        if error is None:
            results, self.forgiven = future.result(), self.breaks
            mean = sum(result.seconds for result in results) / len(results)
            self.pace = mean if not self.pace else 0.8 * self.pace + 0.2 * mean
            return results
        if isinstance(error, StoreError):  # of the cells that workers share: the disk is full, say
            raise StoreError(error.message, place=error.place, remedy=REMEDY) from error
        if isinstance(error, Exception) and not isinstance(error, WorkerLost | TimeoutError):
            raise error
        if isinstance(error, WorkerLost) and not error.deaths and breaks == self.breaks:  # the first that tells of this break
            self._broke(error)
        if len(batch) > 1 or (isinstance(error, WorkerLost) and not error.deaths):
            self.again += batch
            return []
        return self._of_one(batch[0], error)

    def _broke(self, error: WorkerLost) -> None:
        """Count a break. Raises SweepError where there were too many in a row."""
        self.breaks += 1
        if self.breaks - self.forgiven >= BREAKS:
            said = f"workers broke {BREAKS} times in a row and no run ended in between: {error}"
            remedy = "Look at what they said on standard error; in a script, start sweeps under `if __name__ == '__main__':`."
            raise SweepError(said, key="--workers", remedy=remedy)

    def _of_one(self, number: int, error: BaseException) -> list[Result]:
        """What becomes of a run that did not come back, and was alone in its task."""
        if isinstance(error, TimeoutError):
            said = f"it took more than {self.alone:g} seconds"
            return [Result(number, "timed_out", error=said, seconds=self.alone or 0.0)]
        if not isinstance(error, WorkerLost):
            return [Result(number, "failed", error=f"{type(error).__name__}: {error}")]
        self.kills[number] = self.kills.get(number, 0) + error.deaths
        if self.kills[number] < KILLS:
            self.suspects.append(number)
            return []
        return [Result(number, "set_aside", error=f"it took {KILLS} worker processes with it; {error}")]
