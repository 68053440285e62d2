"""How long whole plays take, beside the same game written the ordinary way: `python benchmarks/game.py`.

The small game is twelve creators for fifty rounds on a grid whose rows are known: thresholds on a network, dividends, payoffs
on everyone's own examples. The ordinary way is a plain Mesa model that looks the same cells up in a dictionary: an agent a
creator, a loop over agents that decide, act and book, Mesa's data collector for what happens. The large games are those of
`population.py`, where every round's row is trained on, for a hundred rounds; the plain model there fits scikit-learn anew, and
is measured on a few rounds and scaled. Both play in one process, BLAS at one thread, taking turns, and must come to the same.

A setup remembers what joint moves led to, so a play of the small game is shorter when others went before it. Its first play, on
an unveiled grid with a setup that nobody has played, is a line of its own. Growth is the exponent of creators in the time of a
play between the two large games, 1 where it is linear.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import mesa
import numpy as np
import population
import setting
from rich.console import Console
from rich.table import Table as Shown
from setting import median

from dataleverage.game.model import LeverageGame
from dataleverage.game.setup import GameSetup
from dataleverage.scenario.load import loads

TARGETS = {12: 0.005, 10_000: 5.0, 100_000: 60.0}  # seconds of a play: 50 rounds of the small game, 100 of the others
GROWTH = (10_000, 100_000, 1.15)  # from so many creators to so many a play may grow with their number to this power
PLAYS = 3  # of each large game
SCALED = 5  # rounds of the plain model with scikit-learn that are measured
SMALL = """
title: Small
data:
  kind: sklearn
  name: digits
  objects: {by: label_skew, alpha: 0.05, count: 12}
  holdout: {audit: 0.3, monitor: 0.1}
  slices: {by: owner}
learner: ridge_classifier
creators:
  - {name: activists, count: 2, strategy: {kind: scripted, moves: {3: delete, 20: contribute, 30: delete}}}
  - {name: archives, count: 10, strategy: {kind: threshold, see: neighbours, mean: 0.45, sd: 0.15}}
network: {kind: watts_strogatz, k: 4, p: 0.1}
operators: [{name: vendor, response: {kind: dividend, rate: 0.1}}]
payoffs: {revenue: 10.0, cost: {delete: 0.05}}
rounds: 50
"""


@dataclass(frozen=True)
class Line:
    """Whole plays of one game: seconds of ours, of the plain model, and creators, scores or payoffs that differ (must be 0)."""

    game: str
    creators: int
    rounds: int
    ours: float
    theirs: float
    target: float
    differ: int

    def plain(self) -> dict[str, Any]:
        reached = self.ours <= self.target and not self.differ
        return {**asdict(self), "ratio": self.theirs / self.ours, "reached": reached}


@dataclass(frozen=True)
class Growth:
    """How a play grows with the number of creators: the exponent between two games."""

    fewer: int
    more: int
    exponent: float
    target: float

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "reached": self.exponent <= self.target}


def growth(lines: list[Line]) -> Growth | None:
    """From the lines of the two large games; None where one of them was not played."""
    fewer, more, target = GROWTH
    seconds = {line.creators: line.ours for line in lines}
    if fewer not in seconds or more not in seconds:
        return None
    return Growth(fewer, more, float(np.log(seconds[more] / seconds[fewer]) / np.log(more / fewer)), target)


class Person(mesa.Agent):
    """A creator as Mesa's tutorials write one."""

    def __init__(self, model: Known, script: dict[int, bool] | None, threshold: float, column: int) -> None:
        super().__init__(model)
        self.script, self.threshold, self.column = script, threshold, column
        self.neighbours: list[Person] = []
        self.acting = self.acts_next = False
        self.payoff = 0.0

    def decide(self) -> None:
        if self.script is not None:
            begun = [round for round in self.script if round <= self.model.round]
            self.acts_next = bool(begun) and self.script[max(begun)]
        else:
            share = sum(other.acting for other in self.neighbours) / max(len(self.neighbours), 1)
            self.acts_next = share >= self.threshold - 1e-9

    def act(self) -> None:
        self.acting = self.acts_next

    def book(self) -> None:
        paid = 0.0 if self.acting else self.model.dividend
        self.payoff = self.model.quality(self.column) + paid - 0.05 * self.acting


class Known(mesa.Model):
    """The small game by the ordinary way: cells in a dictionary, a loop over agents, Mesa's data collector."""

    def __init__(
        self, setup: GameSetup, cells: dict[tuple[int, ...], list[float]], thresholds: list[float], edges: Any
    ) -> None:
        super().__init__(rng=0)
        self.cells, self.full, self.scale = cells, setup.quality.full.tolist(), setup.quality.scale.tolist()
        self.round = 0
        scripts = [{3: True, 20: False, 30: True}] * 2 + [None] * 10
        self.people = [
            Person(self, script, threshold, column)
            for script, threshold, column in zip(scripts, thresholds, setup.quality.judged_on.tolist(), strict=True)
        ]
        for a, b in edges:
            self.people[a].neighbours.append(self.people[b])
            self.people[b].neighbours.append(self.people[a])
        self.scores, self.dividend, self.revenue = cells[(1,) * 12], 0.0, 0.0
        self.datacollector = mesa.DataCollector(
            model_reporters={"revenue": "revenue", "acting": lambda model: sum(p.acting for p in model.people)},
            agent_reporters={"acting": "acting", "payoff": "payoff"},
        )

    def quality(self, column: int) -> float:
        return 1.0 + (self.scores[column] - self.full[column]) / self.scale[column]

    def step(self) -> None:
        self.round += 1
        self.agents.do("decide")
        self.agents.do("act")
        held = tuple(int(not person.acting) for person in self.people)
        self.scores = self.cells[held]
        self.revenue = 10.0 * max(0.0, self.quality(0))
        self.dividend = 0.1 * self.revenue / max(sum(held), 1)
        self.agents.do("book")
        self.datacollector.collect(self)


def small(repeats: int) -> list[Line]:
    """Twelve creators, fifty rounds, on known rows: the first play of a setup, and those that follow."""
    setup = loads(SMALL).setup()
    table = setup.grid.unveil()
    cells = {tuple(int(v) for v in row): scores for row, scores in zip(table.rows, table.scores.tolist(), strict=True)}
    ours, first, theirs, differ = [], [], [], 0
    for seed in range(repeats + 2):
        fresh = replace(setup)  # remembers nothing, on the same grid
        began = time.perf_counter()
        once = LeverageGame(fresh, seed).play()
        first.append(time.perf_counter() - began)
        began = time.perf_counter()
        record = LeverageGame(setup, seed).play()
        ours.append(time.perf_counter() - began)
        differ += int((once.column("moves", "payoff") != record.column("moves", "payoff")).sum())
        thresholds = [t if t == t else 2.0 for t in np.asarray(record.column("creators", "threshold"), dtype=float).tolist()]
        names = {name: i for i, name in enumerate(setup.names)}
        ends = zip(record.column("edges", "source").tolist(), record.column("edges", "target").tolist(), strict=True)
        edges = [(names[a], names[b]) for a, b in ends]
        began = time.perf_counter()
        plain = Known(setup, cells, thresholds, edges)
        while plain.round < 50:
            plain.step()
        theirs.append(time.perf_counter() - began)
        frame = plain.datacollector.get_agent_vars_dataframe().payoff.to_numpy()
        differ += int((np.abs(frame - record.column("moves", "payoff")) > 1e-9).sum())
    named = {"first play of a setup": first, "median of later plays": ours}
    return [
        Line(f"12 creators, known rows, {what}", 12, 50, median(times[2:]), median(theirs[2:]), TARGETS[12], differ)
        for what, times in named.items()
    ]


def large(creators: int, rounds: int = 100) -> Line:
    """A population for a hundred rounds, each row trained on."""
    text = population.text_of("ridge_classifier", creators).replace("rounds: 100000", f"rounds: {rounds}")
    whole = []
    for _ in range(PLAYS):
        setup = loads(text).setup()  # a grid that has trained nothing
        began = time.perf_counter()
        LeverageGame(setup).play()
        whole.append(time.perf_counter() - began)
    ours = median(whole)
    beside = LeverageGame(setup)
    plain = population.Plain(beside, population.ESTIMATORS["ridge_classifier"])
    theirs, differ = 0.0, 0
    for _ in range(min(SCALED, rounds)):
        began = time.perf_counter()
        plain.step()
        theirs += time.perf_counter() - began
        beside.step()
        acting = np.array([person.acting for person in plain.people])
        differ += int((acting != setup.menu.acting[beside.choice]).sum())
        apart = abs(plain.score - float(beside.scores[0, setup.grid.column("all")]))
        differ += int(apart > 2.5 / plain.world.audit.sum())
    scaled = theirs * rounds / min(SCALED, rounds)
    return Line(f"{creators:,} creators, rows trained", creators, rounds, ours, scaled, TARGETS[creators], differ)


def main() -> None:
    """Measure, print, and write JSON where asked to. Exit code 1 where the plain model comes to something else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="Write the figures to this JSON file.")
    parser.add_argument("--repeats", type=int, default=15, help="Plays of the small game.")
    parser.add_argument("--most", type=int, default=max(TARGETS), help="Creators of the largest game.")
    given = parser.parse_args()
    lines = small(given.repeats) + [large(creators) for creators in TARGETS if 12 < creators <= given.most]
    table = Shown(title="Whole plays: seconds", title_justify="left")
    for name in ("game", "rounds", "ours", "target", "plain Mesa", "ratio", "differ", ""):
        table.add_column(name, justify="left" if name in ("game", "") else "right")
    for line in lines:
        told = line.plain()
        table.add_row(
            line.game,
            str(line.rounds),
            f"{line.ours:.4f}",
            f"{line.target:g}",
            f"{line.theirs:.4f}",
            f"{told['ratio']:.1f}×",
            str(line.differ),
            "reached" if told["reached"] else "missed",
        )
    console = Console(width=140)
    console.print(table)
    grown = growth(lines)
    if grown is not None:
        console.print(
            f"A play grows with creators to the power {grown.exponent:.2f} from {grown.fewer:,} to {grown.more:,} "
            f"(target {grown.target:g}): {'reached' if grown.plain()['reached'] else 'missed'}"
        )
    if given.out is not None:
        report = {
            "machine": setting.machine(),
            "lines": [line.plain() for line in lines],
            "growth": None if grown is None else grown.plain(),
        }
        given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    sys.exit(int(any(line.differ for line in lines)))


if __name__ == "__main__":
    main()
