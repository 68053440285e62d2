"""The path that rows take to their scores: in batches, or one by one, in this process or over several; and why.

A learner's own way in batches prepares statistics once and then takes little for a row. A loop prepares nothing and fits
every row from its own examples. What either would take is estimated (`grid.cost`), and no row is trained to find out; where
rows are fitted one by one, what that takes is measured, and batches take over where it is more. Both ways end in the same
labels.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import FitError, GridError
from dataleverage.grid import workers
from dataleverage.grid.cost import BYTES, FIT, Shape, rates
from dataleverage.grid.lattice import by_level
from dataleverage.grid.learner import Learner
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    from dataleverage.grid.oracle import Counted, TrainedOracle

Way = Literal["batches", "loop"]

IMPORTING = 1.0  # seconds until scikit-learn is there, where nothing has imported it yet
STARTING = 1.5  # seconds until new worker processes have imported what they need
SENDING = 0.015  # seconds until workers that are there have their first rows
SLICE = 0.2  # seconds of fits between two looks at the clock, and in one part for a worker
SLICE_OF_LONG = 1.0  # the same of fits side by side, which wait for the longest of them at every look
SENT = 1e8  # numbers of arrays that workers are sent, a second
LONG = 5e-3  # seconds of a fit, from which on threads are worth while
TOGETHER = 0.8  # of what as many processes do is done by threads: what is not in numpy they do one after the other
LONGER, NEARLY_ALL = 50e-3, 0.95  # the same of fits that take so long: they are in numpy nearly all the time
SURE = 1.5  # times what batches are estimated to take, above which a loop that is on its way gives way to them
BRIEF = 1.0  # seconds of fits, up to which the fewest parts are sent: each takes a few milliseconds
HEAVY = 10e-3  # seconds of rows in batches, from which on a second thread is worth while however few they are
FEW = 256  # rows of a chunk below which calls cost more than what they do, and short rows that are not worth a second thread
SHORTEST = 1e-6  # seconds: some clocks show none for a fit
PILOTS = 3  # fits that are measured before workers are started, or short ones are given up


class Path:
    """How the rows of one oracle are trained. Remembers what that took.

    Parameters
    ----------
    learner : it may have one way only. forced : the way to go whatever it costs; None to choose.

    Raises GridError where the way that is forced is not there.
    """

    def __init__(self, learner: Learner, forced: Way | None) -> None:
        if forced not in (None, *get_args(Way)):
            raise GridError(f"there is no path {forced!r}", remedy="Say batches or loop, or leave it out.", key="path")
        if forced == "batches" and (learner.loops or learner.rescales):
            preprocessed = f" with preprocess: {learner.preprocess}" if learner.rescales else ""
            raise GridError(
                f"the learner {learner.tag}{preprocessed} fits rows one by one, and has no batches",
                remedy="Leave `path` out, or say loop.",
                key="path",
            )
        self.learner, self.forced = learner, "loop" if learner.rescales else forced
        self.most = os.cpu_count() or 1  # worker processes that there can be, as far as is known
        self.processes = 1
        self.prepared = False
        self.spent = 0.0  # seconds of fits so far
        self.before = 0.0  # and of those that earlier calls made, which preparing would have spared
        self.fits, self.first = 0, 0.0  # fits so far, and the seconds of the first one, which pays for caches and imports
        self.stays = ""  # why no worker is sent anything
        self.broken = ""  # why no row is fitted by itself any more
        self.said, self.note = "no row has been trained", ""

    def __str__(self) -> str:
        return self.said + self.note

    @property
    def fit(self) -> float:
        """Seconds that a fit takes; infinite where none was made."""
        if self.fits > 1:
            return max((self.spent - self.first) / (self.fits - 1), SHORTEST)
        return max(self.first, SHORTEST) if self.fits else np.inf

    # ------------------------------------------------------------------ choosing

    def loops(self, shape: Shape, rows: int, threads: int, weighted: bool) -> bool:
        """Whether so many more rows are fitted one by one. Writes down why."""
        if self.learner.rescales:
            return self.say(True, "features are scaled anew on every row")
        if self.learner.loops:
            return self.say(True, "this learner has no other way")
        if weighted and self.forced == "loop":
            raise GridError(
                f"the learner {self.learner.tag} weighs examples in batches only, and `path` says loop",
                remedy="Leave `path` out, or the weights.",
                key="path",
            )
        if weighted:
            return self.say(False, "rows have weights")
        if self.forced:
            return self.say(self.forced == "loop", "as was asked for")
        if self.broken:
            return self.say(False, self.broken)
        cost = self.learner.cost(shape)
        if cost is None:
            return self.say(False, "what they cost is not known")
        if cost.bytes > BYTES:
            return self.say(True, f"batches would keep {cost.bytes / 2**30:.1f} GB")
        batches = cost.seconds(rows, rates(), prepared=self.prepared, threads=threads)
        if self.spent > self.before:  # the loop is on its way, and an estimate is good to a factor of two or so
            batches *= SURE
        importing = 0 if self.fits or "sklearn.base" in sys.modules else IMPORTING
        loop = self.before + importing + self.looped(self.fit if self.fits else self.guessed(shape), rows, shape)
        of = f"{rows:,} row{'s' if rows > 1 else ''}"
        if loop < batches:
            return self.say(True, f"about {told(loop)} for {of}, batches {told(batches)}")
        return self.say(False, f"about {told(batches)} for {of}, one by one {told(loop)}")

    def guessed(self, shape: Shape) -> float:
        """Seconds that a fit may take, before one was made."""
        return FIT + self.learner.fit_work(shape).seconds(rates())

    def looped(self, fit: float, rows: int, shape: Shape) -> float:
        """Seconds that a loop takes for so many rows, here or over worker processes."""
        here = fit * rows / (self.gain(fit) if rows > 1 else 1)
        return here if self.processes == 1 or rows == 1 else min(here, self.shared(fit * rows, shape))

    def side(self, fit: float) -> int:
        """How many fits are made side by side, in threads: long ones are mostly in code that lets other threads run."""
        return self.processes if fit >= LONG and not self.learner.loops else 1

    def gain(self, fit: float) -> float:
        """How many times as fast fits side by side are as one after the other."""
        side = self.side(fit)
        return side * (NEARLY_ALL if fit >= LONGER else TOGETHER) if side > 1 else 1

    def shared(self, alone: float, shape: Shape) -> float:
        """Seconds that worker processes take for so many seconds of fits."""
        numbers = (shape.examples + shape.evaluation) * shape.features
        return alone / self.processes + SENDING + numbers / SENT + (0 if workers.running(self.processes) else STARTING)

    def say(self, loop: bool, why: str) -> bool:
        self.note = self.stays if loop else ""
        self.said = f"{'one by one' if loop else 'in batches'}: {why}"
        return loop

    def learn(self, rows: int, seconds: float) -> None:
        """So many fits took so many seconds."""
        if not self.fits:
            self.first = seconds / rows
        self.fits += rows
        self.spent += seconds

    def heavy(self, shape: Shape, rows: int) -> bool:
        """Whether batches of so many rows take long, once all is prepared."""
        cost = self.learner.cost(shape)
        return cost is not None and rows > 1 and rows * cost.row.seconds(rates()) > HEAVY

    def worth_sending(self, rows: int, shape: Shape) -> bool:
        """Whether worker processes do so many rows in much less time than this one, or its threads.

        Workers that are there are sent rows as soon as one fit was measured; for starting them the first one, which pays for
        caches and imports, says too little.
        """
        if self.processes == 1 or self.fits < (1 if workers.running(self.processes) else PILOTS):
            return False
        return rows > 1 and self.shared(self.fit * rows, shape) < self.fit * rows / max(1.1, self.gain(self.fit))

    # ------------------------------------------------------------------ going

    def batches(self, oracle: TrainedOracle, rows: Rows, weights: Floats | None) -> Iterator[Counted]:
        """Train on the rows: in batches the nearest to the full one first, in a loop in an order that is a fair sample."""
        shape = Shape.of(oracle.pool, float(oracle.examples_in(rows).mean()))
        order, done = spread(len(rows)), np.zeros(len(rows), dtype=bool)
        self.before = self.spent
        self.processes = min(oracle.workers, self.most)
        threads = oracle.workers if self.learner.threads and (len(rows) > FEW or self.heavy(shape, len(rows))) else 1
        while not done.all():
            left = order[~done[order]]
            if not self.loops(shape, len(left), threads, weights is not None):
                self.prepared = True
                nearest = left[np.concatenate(by_level(rows[left]))]
                yield from oracle.in_chunks(rows, weights, nearest, oracle.predictor, threads)
                return
            try:
                if self.worth_sending(len(left), shape):
                    self.processes = self.most = workers.most(self.processes)
                    if self.processes > 1 and not (why := workers.cannot_be_sent((oracle.learner, oracle.loop))):
                        self.note = f"; in {self.processes} processes"
                        for batch in self.divided(oracle, rows, weights, left):
                            done[batch[0][0]] = True
                            yield batch
                        return
                    if self.processes > 1:
                        self.processes = self.most = 1
                        self.note = self.stays = f"; in one process, because the learner cannot be sent to another ({why})"
                loop = oracle.loop  # before the clock starts: it may import modules
                expected = self.fit if self.fits else self.guessed(shape)
                side = self.side(expected)
                known, most = (self.fits > 1, SLICE_OF_LONG) if side > 1 else (self.fits >= PILOTS, SLICE)
                room = min(oracle.chunk(len(left)), int(most / self.fit)) if known else 1
                part = left[: side * max(1, room)]
                began, worked = time.perf_counter(), time.process_time()
                for batch in oracle.in_chunks(rows, weights, part, loop, side, together=1 if side > 1 else None):
                    done[batch[0][0]] = True
                    yield batch
                taken = (time.perf_counter() - began) * min(side, len(part))
                if not self.learner.loops:  # ours do nothing but compute, and what else the machine does would slow batches too
                    taken = min(taken, time.process_time() - worked)
                self.learn(len(part), taken)
            except FitError as error:
                if self.learner.loops or self.forced:
                    raise
                self.broken = f"one by one, {error.message}"

    def divided(self, oracle: TrainedOracle, rows: Rows, weights: Floats | None, left: NDArray[np.int64]) -> Iterator[Counted]:
        """The rows over worker processes: an equal share each where all take little, and otherwise parts as they come free."""
        brief = self.fit * len(left) < BRIEF
        share = -(-len(left) // (self.processes if brief else 4 * self.processes))
        size = max(1, min(share, oracle.chunk(len(left), 1), len(left) if brief else int(SLICE / self.fit)))
        parts = (left[start : start + size] for start in range(0, len(left), size))
        with workers.busy(self.processes, Work(oracle, rows, weights), parts) as done:
            yield from done


class Work:
    """Scores some of the rows, in a worker."""

    def __init__(self, oracle: TrainedOracle, rows: Rows, weights: Floats | None) -> None:
        self.oracle, self.rows, self.weights = oracle, rows, weights
        # Worked out here for all workers: an oracle that is pickled leaves out what it can make again.
        self.made = {name: getattr(oracle, name) for name in ("pool", "loop", "guess", "class_counts")}

    def __call__(self, where: NDArray[np.int64]) -> Counted:
        vars(self.oracle).update(self.made)
        return self.oracle.batch(self.rows, self.weights, where, self.oracle.loop)


def spread(rows: int) -> NDArray[np.int64]:
    """An order of so many rows in which any few that follow each other are a fair sample, the first one from the middle."""
    golden = (np.sqrt(5) - 1) / 2
    return (np.argsort(np.arange(rows) * golden % 1, kind="stable") + rows // 2) % rows


def told(seconds: float) -> str:
    """Seconds as people say them."""
    return f"{seconds * 1e3:.2g} ms" if seconds < 0.0995 else f"{seconds:.2g} s" if seconds < 99.5 else f"{seconds:,.0f} s"
