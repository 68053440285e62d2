"""How a game grows with its creators, beside the same game written the ordinary way: `python benchmarks/population.py`.

The ordinary way is a plain Mesa model: an agent a creator with its neighbours in a list, a loop over agents that decide and
act, and a scikit-learn estimator fitted anew on the examples of whoever contributes, every round. Both play on the same
examples, network and thresholds, in one process with BLAS at one thread, and take turns. In every round the same creators must
act in both, and the scores must be the same but for examples that only rounding decides.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mesa
import numpy as np
import setting
from rich.console import Console
from rich.table import Table as Shown
from setting import median
from sklearn.base import ClassifierMixin
from sklearn.linear_model import RidgeClassifier
from sklearn.naive_bayes import GaussianNB

from dataleverage.scenario.load import loads

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 4
ROUND, SETUP, MEMORY = 1.0, 10.0, 2048.0  # what is asked of the largest game: seconds, seconds and MB
ESTIMATORS: dict[str, Callable[[], ClassifierMixin]] = {"ridge_classifier": RidgeClassifier, "gaussian_nb": GaussianNB}
SCENARIO = """
title: Population
data:
  {{kind: synthetic, examples: {examples}, owners: {owners}, features: 20, separation: 1.5, noise: 0.1, slices: {{by: label}}}}
learner: {learner}
creators:
  - {{name: pioneers, count: {pioneers}, strategy: {{kind: scripted, moves: {{1: delete}}}}}}
  - {{name: people, strategy: {{kind: threshold, see: neighbours, mean: 0.45, sd: 0.15}}}}
network: {{kind: watts_strogatz, k: 6, p: 0.1}}
operators: [{{name: vendor}}]
payoffs: {{revenue: 1000.0, cost: {{delete: 0.05}}}}
rounds: {rounds}
"""


@dataclass(frozen=True)
class Line:
    """One game: a learner and a number of creators.

    load, setup, round, record : seconds of ours: reading and checking the file with its data; making the game; a round, the
        median of all; the record and its files. memory : MB at the most, in a process of its own.
    peer_setup, peer_round : the same game as a plain Mesa model. differ : creators that act in one and not in the other, plus 1
        where scores of a round are apart by more than two audit examples.
    """

    learner: str
    creators: int
    load: float
    setup: float
    round: float
    record: float
    memory: float
    peer_setup: float
    peer_round: float
    differ: int

    @property
    def reached(self) -> bool | None:
        if self.differ:
            return False
        if self.creators < SIZES[-1]:
            return None
        return self.round <= ROUND and self.load + self.setup <= SETUP and self.memory <= MEMORY

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.peer_round / self.round, "reached": self.reached}


class Person(mesa.Agent):
    """A creator as Mesa's tutorials write one."""

    def __init__(self, model: mesa.Model, threshold: float, pioneer: bool) -> None:
        super().__init__(model)
        self.threshold, self.pioneer = threshold, pioneer
        self.neighbours: list[Person] = []
        self.acting = self.acts_next = False

    def decide(self) -> None:
        share = sum(other.acting for other in self.neighbours) / max(len(self.neighbours), 1)
        self.acts_next = self.pioneer or share >= self.threshold - 1e-9

    def act(self) -> None:
        self.acting = self.acts_next


class Plain(mesa.Model):
    """The same game on the same examples: who acts deletes, and the vendor fits on what is left."""

    def __init__(self, game: Any, estimator: Callable[[], ClassifierMixin]) -> None:
        super().__init__(rng=0)
        setup = game.setup
        self.world, self.estimator = setup.grid.world, estimator
        thresholds = game.recorder.threshold.tolist()
        self.people = [Person(self, t, t != t) for t in thresholds]
        for a, b in game.neighbours.edges.tolist():
            self.people[a].neighbours.append(self.people[b])
            self.people[b].neighbours.append(self.people[a])
        self.owner = setup.owner_of[self.world.object_of]
        self.score = float("nan")

    def step(self) -> None:
        self.agents.do("decide")
        self.agents.do("act")
        held = np.array([not person.acting for person in self.people])[self.owner]
        model = self.estimator().fit(self.world.X[held], self.world.y[held])
        right = model.predict(self.world.X_eval) == self.world.y_eval
        self.score = float(right[self.world.audit].mean())


def text_of(learner: str, creators: int) -> str:
    """The scenario: three examples and a fifth of a pioneer a creator."""
    return SCENARIO.format(examples=3 * creators, owners=creators, learner=learner, pioneers=creators // 5, rounds=100_000)


def played(learner: str, creators: int, rounds: int, folder: Path) -> Line:
    """Load and play a game, and beside it the plain model, in this process."""
    marks = [time.perf_counter()]
    scenario = loads(text_of(learner, creators))
    marks.append(time.perf_counter())
    game = scenario.game()
    marks.append(time.perf_counter())
    load, setup = np.diff(marks).tolist()
    began = time.perf_counter()
    plain = Plain(game, ESTIMATORS[learner])
    peer_setup = time.perf_counter() - began
    ours, theirs, differ = [], [], 0
    for _ in range(rounds):
        for seconds, model in ((ours, game), (theirs, plain)):
            began = time.perf_counter()
            model.step()
            seconds.append(time.perf_counter() - began)
        acting = np.array([person.acting for person in plain.people])
        differ += int((acting != game.setup.menu.acting[game.choice]).sum())
        apart = abs(plain.score - float(game.scores[0, game.setup.grid.column("all")]))
        differ += int(apart > 2.5 / plain.world.audit.sum())
    began = time.perf_counter()
    game.record().save(folder, overwrite=True)
    return Line(
        learner,
        creators,
        load,
        setup,
        median(ours),
        time.perf_counter() - began,
        float("nan"),
        peer_setup,
        median(theirs),
        differ,
    )


def peak_of(learner: str, creators: int, rounds: int) -> float:
    """MB at the most of a process that only loads, plays and makes a record."""
    code = (
        "import sys, setting\n"
        "from dataleverage.scenario.load import loads\n"
        "game = loads(sys.stdin.read()).game()\n"
        f"for _ in range({rounds}): game.step()\n"
        "game.record()\n"
        "print(setting.peak())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=text_of(learner, creators),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(setting.HERE), os.environ.get("PYTHONPATH", "")])},
    )
    return float(done.stdout)


def shown(lines: list[Line]) -> Shown:
    """The comparison as a table."""
    table = Shown(title="A game as it grows: seconds, and MB", title_justify="left")
    for name in (
        "learner",
        "creators",
        "load",
        "setup",
        "round",
        "record",
        "MB",
        "Mesa setup",
        "Mesa round",
        "ratio",
        "differ",
        "",
    ):
        table.add_column(name, justify="left" if name in ("learner", "") else "right")
    for line in lines:
        reached = {None: "", True: "reached", False: "missed"}[line.reached]
        seconds = [f"{value:.2f}" for value in (line.load, line.setup)]
        table.add_row(
            line.learner,
            f"{line.creators:,}",
            *seconds,
            f"{line.round:.4f}",
            f"{line.record:.2f}",
            f"{line.memory:.0f}",
            f"{line.peer_setup:.2f}",
            f"{line.peer_round:.4f}",
            f"{line.peer_round / line.round:.1f}",
            str(line.differ),
            reached,
        )
    return table


def main() -> None:
    """Measure, print, and write JSON where asked to. Exit code 1 where the plain model comes to something else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="Write the figures to this JSON file.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="Rounds of each game.")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="Creators of the largest game.")
    given = parser.parse_args()
    import tempfile

    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for learner in ESTIMATORS:
            loads(text_of(learner, 500)).game().step()  # imports and caches are nobody's time
            for creators in (size for size in SIZES if size <= given.most):
                line = played(learner, creators, given.rounds, Path(folder) / "run")
                memory = peak_of(learner, creators, given.rounds)
                lines.append(Line(**{**asdict(line), "memory": memory}))
                print(f"{learner}, {creators:,} creators: done", file=sys.stderr)
    Console(width=140).print(shown(lines))
    if given.out is not None:
        report = {"machine": setting.machine(), "lines": [line.plain() for line in lines]}
        given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    sys.exit(int(any(line.differ for line in lines)))


if __name__ == "__main__":
    main()
