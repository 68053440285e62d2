"""What a sweep costs over bare plays, beside Mesa's batch_run: `python benchmarks/sweep.py`.

The game is the small one of `game.py`: twelve creators, fifty rounds. A sweep varies two of its numbers, over worlds and plays.
Bare plays are the loop that anyone would write: put the values in, play, read the outcomes, one process, nothing kept. Mesa
plays the same game with `batch_run`, once as it is (`LeverageGame` inside a Mesa model that collects the outcomes) and once as
a model that fits scikit-learn on what is held in every round, as users write it today. What is measured on fewer runs is
scaled. Memory is that of the coordinator alone, of sweeps of a game that takes a millisecond: one point many times, and many
points once.
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
import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mesa
import numpy as np
import setting
from rich.console import Console
from rich.table import Table as Shown

from dataleverage.scenario.scenario import Scenario
from dataleverage.sweep.call import lines_of, run
from dataleverage.sweep.load import load
from dataleverage.sweep.outcomes import read
from dataleverage.sweep.plan import Plan
from dataleverage.sweep.store import Store
from game import SMALL

OUTCOMES = ["final_score", "peak_strike_share", "operator_profit", "creators_welfare"]
BASE: dict[str, Any] = {}  # the scenario of all of Mesa's runs, which takes parameters that are numbers and texts
MEAN, REVENUE = "creators.archives.strategy.mean", "payoffs.revenue"
WITHIN, PLAYS = 60.0, 10_000  # seconds, for so many plays by two workers
TIMES = 5.0  # as fast as batch_run of a model that trains its own cells, one process each
FLAT = 1.1  # memory of many runs over that of few
TRIVIAL = """\
title: Trivial
data: {kind: table, columns: [all], cells: {"": [0.1], A: [0.6], B: [0.5], AB: [0.9]}}
creators: [{name: a, strategy: {kind: threshold, mean: 0.5}}]
rounds: 1
"""


@dataclass(frozen=True)
class Line:
    """One way to play them all.

    seconds : of all runs, scaled where fewer were measured. ratio : to bare plays, or as `way` says; None where it is the
    seconds that are asked for.
    """

    way: str
    runs: int
    measured: int
    seconds: float
    ratio: float | None
    target: str = ""
    reached: bool | None = None


@dataclass(frozen=True)
class Memory:
    """What a coordinator took at its most, in MB, of few runs and of many.

    what : of which there are many, replicates of one point or points.
    """

    what: str
    few: int
    many: int
    of_few: float
    of_many: float
    reached: bool


def sweep_file(folder: Path, points: int, worlds: int, replicates: int) -> Plan:
    """A plan of points × points × worlds × replicates runs of the small game."""
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    about = {
        "scenario": "small.yaml",
        "vary": {MEAN: {"range": [0.1, 0.9], "steps": points}, REVENUE: {"range": [1.0, 20.0], "steps": points}},
        "worlds": worlds,
        "replicates": replicates,
        "outcomes": OUTCOMES,
    }
    (folder / "sweep.yaml").write_text(json.dumps(about), encoding="utf-8")
    return load(folder / "sweep.yaml")


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    made = call()
    return time.perf_counter() - began, made


def bare(plan: Plan, numbers: list[int]) -> dict[int, list[float | None]]:
    """The loop that anyone would write: each point is built once, and once in each world."""
    found = {}
    points: dict[int, Scenario] = {}
    here: dict[tuple[int, int], Scenario] = {}
    for number in numbers:
        one = plan.run(number)
        assert one.data_seed is not None and one.seed is not None
        if one.point not in points:
            points[one.point] = plan.scenario(one.point)
        at = one.point, one.data_seed
        if at not in here:
            here[at] = points[one.point].in_world(one.data_seed)
        found[number] = read(here[at].play(one.seed), OUTCOMES)
    return found


class Batched(mesa.Model):
    """The same game for `batch_run`: built from its parameters, stepped, its outcomes collected at the end."""

    def __init__(self, mean: float = 0.0, revenue: float = 0.0, seeds: tuple[int, int] = (0, 0), **more: Any) -> None:
        super().__init__(rng=0)
        data = deepcopy(BASE)
        data["creators"][1]["strategy"]["mean"], data["payoffs"]["revenue"] = mean, revenue
        self.inner = Scenario.model_validate(data).in_world(seeds[0]).game(seeds[1])
        self.datacollector = mesa.DataCollector(model_reporters={"outcomes": Batched.told})

    def step(self) -> None:
        self.inner.step()
        self.running = self.inner.running
        self.datacollector.collect(self)

    def told(self) -> list[float | None] | None:
        """The outcomes, once the game is over; `batch_run` looks at the last collection only."""
        return None if self.inner.running else read(self.inner.record(), OUTCOMES)


class Training(mesa.Model):
    """The same strike as users write it today: every round fits a classifier on what is held, and scores it on every column."""

    def __init__(self, seeds: tuple[int, int] = (0, 0), **more: Any) -> None:
        super().__init__(rng=0)
        scenario = Scenario.model_validate(BASE).in_world(seeds[0])
        self.inner, self.world, self.round = scenario.game(seeds[1]), scenario.world(), 0
        self.datacollector = mesa.DataCollector(model_reporters={"score": "score"})
        self.score = 0.0

    def step(self) -> None:
        from sklearn.linear_model import RidgeClassifier

        self.round += 1
        self.inner.step()  # who acts; what follows is what training costs
        world = self.world
        held = np.flatnonzero(~self.inner.setup.menu.acting[self.inner.choice][self.inner.setup.owner_of])
        keep = np.isin(world.object_of, held)
        X, y = world.X[keep], world.y[keep]
        model = RidgeClassifier().fit(X, y) if len(set(y.tolist())) > 1 else None
        told = model.predict(world.X_eval) if model is not None else np.full(len(world.y_eval), -1)
        right = told == world.y_eval
        for part in world.slices:
            self.score = float(right[part.mask].mean())
        self.running = self.round < 50
        self.datacollector.collect(self)


def by_mesa(model: type[mesa.Model], plan: Plan, numbers: list[int], processes: int) -> list[Any]:
    """Runs by Mesa's batch_run."""
    BASE.update(plan.base)
    made: list[Any] = []
    by_point: dict[int, list[tuple[int, int]]] = {}
    for number in numbers:
        one = plan.run(number)
        by_point.setdefault(one.point, []).append((one.data_seed or 0, one.seed or 0))
    for point, seeds in by_point.items():
        settings = plan.settings(point)
        parameters = {"mean": settings[MEAN], "revenue": settings[REVENUE], "seeds": seeds}
        made += mesa.batch_run(
            model, parameters, number_processes=processes, iterations=1, max_steps=1000, data_collection_period=-1,
            display_progress=False,
        )  # fmt: skip
    return made


def peak(runs: int, what: str) -> float:
    """Megabytes that the coordinator of so many trivial runs took at its most, measured in a process of its own."""
    command = [sys.executable, __file__, "--memory", str(runs), "--of", what]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def measure_memory(runs: int, what: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "trivial.yaml").write_text(TRIVIAL, encoding="utf-8")
        many = {REVENUE: {"range": [1.0, 2.0], "steps": runs}}
        about = {"scenario": "trivial.yaml", "outcomes": ["final_score"]}
        about |= {"replicates": runs} if what == "replicates" else {"vary": many, "replicates": 1}
        (folder / "sweep.yaml").write_text(json.dumps(about), encoding="utf-8")
        standing = run(load(folder / "sweep.yaml"), folder / "runs", workers=2)
        assert standing.counts["done"] == runs
    print(setting.peak())


def memory(quick: bool) -> list[Memory]:
    """Memory of few runs and of many, of one point and of many."""
    sizes = {"replicates": (1_000, 10_000 if quick else 100_000), "points": (1_000, 3_000 if quick else 20_000)}
    found = []
    for what, (few, many) in sizes.items():
        small, large = peak(few, what), peak(many, what)
        found.append(Memory(what, few, many, small, large, large / small <= FLAT))
    return found


def main() -> None:
    """Measure, print, and write JSON where asked to. Exit code 1 where the ways come to different outcomes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="Write the figures to this JSON file.")
    parser.add_argument("--quick", action="store_true", help="1,000 plays, and memory up to 10,000 runs or 3,000 points.")
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--of", choices=["replicates", "points"], default="replicates", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory is not None:
        measure_memory(given.memory, given.of)
        return
    points, worlds, replicates = (5, 4, 10) if given.quick else (10, 10, 10)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = sweep_file(folder, points, worlds, replicates)
        total = len(plan)
        some = list(range(total // (worlds // 2)))  # all runs of two worlds, these included
        seconds, by_hand = timed(lambda: bare(plan, some))
        base = seconds * total / len(some)
        lines.append(Line("bare plays, one process", total, len(some), base, 1.0))
        one, _ = timed(lambda: run(plan, folder / "one", workers=1))
        lines.append(Line("sweep, 1 worker", total, total, one, one / base, "≤ 1.25", one / base <= 1.25))
        two, _ = timed(lambda: run(plan, folder / "two", workers=2))
        lines.append(Line("sweep, 2 workers (ratio: to 1 worker)", total, total, two, one / two, "≥ 1.7", one / two >= 1.7))
        scaled, said = two * PLAYS / total, f"≤ {WITHIN:.0f} s"
        reached = scaled <= WITHIN if total >= PLAYS else None  # of fewer, starting processes is scaled too
        lines.append(Line(f"{PLAYS:,} plays, 2 workers", PLAYS, total, scaled, None, said, reached))
        with Store.opened(plan, folder / "two") as store:
            played = {number: list(values) for number, _, values in lines_of(store)}
        differ = sum(played[number] != values for number, values in by_hand.items())
        few = some[:: max(len(some) // 100, 1)]
        mesa_s, made = timed(lambda: by_mesa(Batched, plan, few, 1))
        again, _ = timed(lambda: bare(plan, few))
        per = mesa_s / again * base
        lines.append(Line("Mesa batch_run of the same model, 1 process", total, len(few), per, per / base))
        differ += sorted(str(line["outcomes"]) for line in made) != sorted(str(by_hand[number]) for number in few)
        few = few[:20]
        train = timed(lambda: by_mesa(Training, plan, few, 1))[0] / len(few) * total
        said = "Mesa batch_run, fits scikit-learn every round (ratio: to sweep, 1 worker)"
        lines.append(Line(said, total, len(few), train, train / one, f"≥ {TIMES:g}", train / one >= TIMES))
    held = memory(given.quick)
    table = Shown(title="Sweeps of the small game: seconds", title_justify="left")
    for heading in ("way", "runs", "measured", "seconds", "ratio to bare", "target", ""):
        table.add_column(heading, justify="left" if heading in ("way", "") else "right")
    for line in lines:
        said = "" if line.reached is None else "reached" if line.reached else "missed"
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}×"
        table.add_row(line.way, f"{line.runs:,}", f"{line.measured:,}", f"{line.seconds:.1f}", ratio, line.target, said)
    console = Console(width=140)
    console.print(table)
    for each in held:
        said = f"{each.few:,} {each.what} {each.of_few:.0f} MB, {each.many:,} {each.of_many:.0f} MB"
        ratio = f"{each.of_many / each.of_few:.2f}× (≤ {FLAT}): {'reached' if each.reached else 'missed'}"
        console.print(f"Memory of the coordinator: {said}, {ratio}")
    console.print(f"Runs whose outcomes differ from bare plays: {differ}")
    if given.out is not None:
        report = {
            "machine": setting.machine(),
            "lines": [asdict(line) for line in lines],
            "memory": [asdict(each) for each in held],
            "differ": differ,
        }
        given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    sys.exit(int(differ > 0))


if __name__ == "__main__":
    main()
