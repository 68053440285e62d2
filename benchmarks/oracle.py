"""How fast subset models are trained, as ratios against named peers: `python benchmarks/oracle.py [--quick] [--out FILE]`.

Everything runs on the same data in one run, with BLAS at one thread, and is the median of repeats in which we and the peers
take turns. What a peer was not run on in full is scaled from what it was run on, and says so.
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
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import joblib
import jobs
import numpy as np
import setting
import shapes
from rich.console import Console
from rich.table import Table as Shown
from setting import in_turn, median, steady, timed

from dataleverage import learners
from dataleverage.grid.disk import DiskStore, Key
from dataleverage.grid.rows import all_rows

COLUMNS = 100
REFERENCE = "reference job: 12 groups, 4,096 rows"
LARGE = "16 groups, 65,536 rows"
PARTS = ("reference", "large", "learners", "shapes", "store", "growth")


@dataclass(frozen=True)
class Line:
    """One comparison.

    ours, theirs : medians, in `unit`. ratio : theirs / ours. target : what the design asks of the ratio (at least) where there
    is a peer, otherwise of ours (at most). reached : None where it asks for nothing.
    differ : of the `checked` rows compared with converged scikit-learn fits, those whose score is another; none may be.
    """

    part: str
    job: str
    unit: str
    ours: float
    peer: str = ""
    theirs: float | None = None
    target: float | None = None
    note: str = ""
    differ: int | None = None
    checked: int = 0

    @property
    def ratio(self) -> float | None:
        return None if self.theirs is None else self.theirs / self.ours

    @property
    def reached(self) -> bool | None:
        if self.differ:
            return False
        if self.target is None:
            return None
        return self.ours <= self.target if self.ratio is None else self.ratio >= self.target

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio, "reached": self.reached}


@dataclass(frozen=True)
class Setup:
    """quick : less of everything. repeats : of each figure. seconds : about what a loop is measured for. peers : folder."""

    quick: bool
    repeats: int
    seconds: float
    peers: Path
    pool: joblib.Parallel


# ---------------------------------------------------------------------- the reference job


def reference(setup: Setup) -> Iterator[Line]:
    """100 columns and the Shapley values of each, from arrays; the peers give one column."""
    jobs.wake(setup.pool)
    data, learner = jobs.breast_cancer(), learners.LogisticRegression(C=1.0)
    plain = jobs.plain_logistic()
    sample = jobs.sampled(12, 200 if setup.quick else 800)
    scale = 4096 / len(sample)
    quickest = jobs.plain_logistic(solver="newton-cholesky")
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: jobs.shapley(jobs.unveiled(data, learner, COLUMNS)),
        "loop": lambda: timed(lambda: jobs.loop(data, plain, sample)) * scale,
        "quickest": lambda: timed(lambda: jobs.loop(data, quickest, sample)) * scale,
        "joblib": lambda: timed(lambda: jobs.joblib_loop(setup.pool, data, plain, sample)) * scale,
    }
    peers, missing = peers_of(setup, data)
    calls |= {peer.name: peer.run for peer in peers}
    seconds = {name: median(found) for name, found in in_turn(calls, setup.repeats).items()}
    ours = seconds["ours"]
    yield Line("reference", f"{REFERENCE}, {COLUMNS} columns, Shapley of each", "s", ours, target=0.25, note="one core")
    told = f"one column; {len(sample)} of 4,096 rows, scaled"
    yield Line("reference", REFERENCE, "s", ours, "scikit-learn loop", seconds["loop"], 40, told)
    note = f"{told}; the solver newton-cholesky"
    yield Line("reference", REFERENCE, "s", ours, "scikit-learn loop, quickest solver", seconds["quickest"], None, note)
    yield Line("reference", REFERENCE, "s", ours, "joblib loop, 2 processes", seconds["joblib"], 1, told)
    targets = {"shapiq": 40, "pydvl": 500}
    for peer in peers:
        mine = jobs.shapley(jobs.unveiled(data.in_groups(peer.groups), learner))[:, 0]
        apart = f"values within {np.abs(mine - peer.values).max():.1e} of ours"
        scaled = "" if peer.groups == 12 else f"measured on {peer.groups} groups, scaled by the number of fits; "
        label = f"{peer.name} {peer.version}"
        note = f"one column; {scaled}{apart}"
        yield Line("reference", REFERENCE, "s", ours, label, seconds[peer.name], targets[peer.name], note)
        peer.close()
    for name, why in missing.items():
        yield Line("reference", REFERENCE, "s", ours, note=f"{name} skipped: {why}")
    yield from memory("reference", f"{REFERENCE}, {COLUMNS} columns, Shapley of each", 250)


def peers_of(setup: Setup, data: jobs.Data) -> tuple[list[setting.Peer], dict[str, str]]:
    """The peers that there are, and why the others are missing.

    shapiq fits every row once, pyDVL every row once for every object: 49,140 fits at 12 groups.
    """
    path = setup.peers / "reference.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, X=data.X, y=data.y, X_eval=data.X_eval, y_eval=data.y_eval)
    wanted = {"shapiq": (8 if setup.quick else 12, 2**12 - 1), "pydvl": (5 if setup.quick else 8, 12 * (2**12 - 1))}
    found: list[setting.Peer] = []
    missing: dict[str, str] = {}
    for name, (groups, fits) in wanted.items():
        try:
            found.append(setting.Peer(name, setup.peers, path, groups, fits))
        except RuntimeError as error:
            missing[name] = str(error)
    return found, missing


def memory(part: str, job: str, target: float) -> Iterator[Line]:
    """The peak of a fresh process that does nothing but the job, and how much of it is not imports and data."""
    done = subprocess.run([sys.executable, __file__, "--fresh", part], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    above = f"{found['above']:.0f} MB above the {found['imported']:.0f} MB after imports and data"
    yield Line(part, job, "MB", found["peak"], target=target, note=f"peak of a fresh process; {above}")


def fresh(part: str) -> dict[str, float]:
    """What the fresh process says."""
    data = jobs.breast_cancer(12 if part == "reference" else 16)
    imported = setting.peak()
    jobs.shapley(jobs.unveiled(data, learners.LogisticRegression(C=1.0), COLUMNS if part == "reference" else 1))
    return {"imported": imported, "peak": setting.peak(), "above": setting.peak() - imported}


def large(setup: Setup) -> Iterator[Line]:
    """65,536 rows of one column."""
    data, learner = jobs.breast_cancer(16), learners.LogisticRegression(C=1.0)
    plain = jobs.plain_logistic()
    sample = jobs.sampled(16, 200 if setup.quick else 800)
    scale = 2**16 / len(sample)
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: jobs.shapley(jobs.unveiled(data, learner)),
        "loop": lambda: timed(lambda: jobs.loop(data, plain, sample)) * scale,
    }
    seconds = {name: median(found) for name, found in in_turn(calls, setup.repeats).items()}
    job = f"{LARGE}, 1 column, Shapley"
    yield Line("large", job, "s", seconds["ours"], target=3.5, note="one core")
    told = f"{len(sample)} rows, scaled"
    yield Line("large", job, "s", seconds["ours"], "scikit-learn loop", seconds["loop"], None, told)
    yield from memory("large", job, 500)


# ---------------------------------------------------------------------- every learner


def every_learner(setup: Setup) -> Iterator[Line]:
    """All rows by us, on one core and on all; a random sample of them by the loops."""
    for job in jobs.jobs():
        yield from one_learner(setup, job)


def one_learner(setup: Setup, job: jobs.Job) -> Iterator[Line]:
    jobs.wake(setup.pool)
    data, every = job.data, 2**job.data.objects
    few = jobs.sampled(data.objects, 8)
    each = timed(lambda: jobs.loop(data, job.plain, few)) / len(few)
    sample = jobs.sampled(data.objects, int(np.clip(setup.seconds / each, 24, every)))
    scale = every / len(sample)
    calls: dict[str, Callable[[], object]] = {
        "one core": lambda: steady(lambda: jobs.unveiled(data, job.learner, workers=1)),
        "loop": lambda: timed(lambda: jobs.loop(data, job.plain, sample)) * scale,
        "all cores": lambda: steady(lambda: jobs.unveiled(data, job.learner)),
        "joblib": lambda: timed(lambda: jobs.joblib_loop(setup.pool, data, job.plain, sample)) * scale,
    }
    seconds = {name: median(found) for name, found in in_turn(calls, setup.repeats).items()}
    checked = sample[: 60 if setup.quick else 200]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = jobs.loop(data, job.exact, checked)
    found = jobs.scores_of(jobs.unveiled(data, job.learner), checked)
    differ = int((np.abs(found - wanted) > max(job.within, 1e-12)).sum())
    name = f"{job.name}, {data.shape}, {every:,} rows"
    told = f"one core; {len(sample)} rows, scaled"
    ours, theirs = seconds["one core"], seconds["loop"]
    yield Line("learners", name, "s", ours, "scikit-learn loop", theirs, job.target, told, differ, len(checked))
    ours, theirs = seconds["all cores"], seconds["joblib"]
    yield Line(
        "learners",
        name,
        "s",
        ours,
        "joblib loop, 2 processes",
        theirs,
        1,
        f"all cores; half the loop is {seconds['loop'] / 2:.3g} s",
    )


# ---------------------------------------------------------------------- the store


def store(setup: Setup) -> Iterator[Line]:
    """A second run of the reference job at 12 columns, and look-ups in a file of 65,536 rows."""
    data, learner = jobs.breast_cancer(), learners.LogisticRegression(C=1.0)
    repeats = max(setup.repeats, 5)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"

        def again() -> jobs.Table:
            return jobs.grid_of(data, learner, 12).keep_in(path).unveil()

        cold = timed(again)
        warm = median([timed(again) for _ in range(repeats)])
        told = f"grid, opening the file and unveiling; the first time {cold * 1e3:.0f} ms"
        yield Line("store", f"{REFERENCE}, 12 columns, a second time", "ms", warm * 1e3, target=10, note=told)

        rows = all_rows(16)
        kept = DiskStore(Path(folder) / "many.sqlite", Key("world", "learner", "columns", 12))
        kept.put(rows, np.random.default_rng(0).random((len(rows), 12)))
        some = np.ascontiguousarray(np.random.default_rng(1).permutation(rows)[:8192])
        for what, asked, target in (("the whole world scanned", rows, 1.0), ("8,192 random rows joined", some, 4.0)):
            seconds = median([timed(lambda asked=asked: kept.find(asked)) for _ in range(repeats)])
            each = seconds / len(asked) * 1e6
            yield Line("store", f"look-up in 65,536 rows, 12 columns: {what}", "µs/row", each, target=target)
        kept.close()


# ---------------------------------------------------------------------- growth


def growth(setup: Setup) -> dict[str, list[dict[str, Any]]]:
    """Seconds of three learners against examples, features, objects and columns, all else being the same."""
    kinds = {
        "ridge classifier": learners.RidgeClassifier(),
        "Gaussian NB": learners.GaussianNB(),
        "logistic": learners.LogisticRegression(C=1.0),
    }
    axes: dict[str, list[int]] = {
        "examples": [200, 400, 800, 1600, 3200],
        "features": [5, 10, 20, 40, 80],
        "objects": [6, 8, 10, 12, 14],
        "columns": [1, 10, 100, 1000],
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for axis, values in axes.items():
        found[axis] = []
        for value in values[:-1] if setup.quick else values:
            at = {"examples": 400, "features": 20, "objects": 10, "columns": 1} | {axis: value}
            data = jobs.synthetic(at["examples"], at["features"], at["objects"], seed=3)
            calls = {
                name: lambda data=data, kind=kind, at=at: jobs.unveiled(data, kind, at["columns"], workers=1)
                for name, kind in kinds.items()
            }
            taken = in_turn(calls, setup.repeats)
            found[axis].append({axis: value, **{name: median(seconds) for name, seconds in taken.items()}})
    return found


# ---------------------------------------------------------------------- report


def amount(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value:.0f} {unit}" if value >= 100 or unit == "MB" else f"{value:.3g} {unit}"


def show(console: Console, lines: list[Line]) -> None:
    shown = Shown("job", "ours", "peer", "theirs", "ratio", "target", "reached", "differ", "note", title=lines[0].part)
    for line in lines:
        limit = "" if line.target is None else f"≥ {line.target:g}×" if line.peer else f"≤ {line.target:g} {line.unit}"
        ratio = "" if line.ratio is None else f"{line.ratio:.3g}×"
        reached = {None: "", True: "yes", False: "[bold red]no[/]"}[line.reached]
        ours, theirs = amount(line.ours, line.unit), amount(line.theirs, line.unit)
        differ = "" if line.differ is None else f"{line.differ} of {line.checked}"
        shown.add_row(line.job, ours, line.peer, theirs, ratio, limit, reached, differ, line.note)
    console.print(shown)


def show_growth(console: Console, found: dict[str, list[dict[str, Any]]]) -> None:
    for axis, points in found.items():
        shown = Shown(*points[0], title=f"growth in {axis} (seconds, one core)")
        for point in points:
            shown.add_row(f"{point[axis]:,}", *(f"{value:.4f}" for name, value in point.items() if name != axis))
        before, last = points[-2:]
        step = np.log(last[axis] / before[axis])
        if axis == "objects":  # an object doubles the rows, and it is rows that are paid for
            step = np.log(2) * (last[axis] - before[axis])
        slopes = (f"{np.log(last[name] / before[name]) / step:.2f}" for name in last if name != axis)
        shown.add_row("power of rows" if axis == "objects" else "power", *slopes)
        console.print(shown)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true", help="smaller samples: a first look, not figures to quote")
    arguments.add_argument("--out", type=Path, help="write everything there as JSON")
    arguments.add_argument("--peers", type=Path, help="folder for the peers' environments (kept); a temporary one unless given")
    arguments.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="only these parts")
    arguments.add_argument("--repeats", type=int, default=3, help="of each figure, whose median is taken")
    arguments.add_argument("--fresh", choices=("reference", "large"), help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.fresh:
        print(json.dumps(fresh(given.fresh)))
        return
    console = Console(width=None if sys.stdout.isatty() else 200)
    about = setting.machine()
    console.print(
        f"{about['date']}: {about['cores']} cores, {about['memory_gb']} GB, {about['processor']}, load {about['load_average']}"
    )
    with tempfile.TemporaryDirectory() as folder, joblib.Parallel(2, batch_size=1, pre_dispatch="all") as pool:
        setup = Setup(given.quick, given.repeats, 0.3 if given.quick else 1.0, given.peers or Path(folder), pool)
        steps = {"reference": reference, "large": large, "learners": every_learner, "store": store}
        lines: list[Line] = []
        for part, step in steps.items():
            if part in given.parts:
                lines += (found := list(step(setup)))
                show(console, found)
        spread = shapes.shown(console, shapes.compared(pool, quick=given.quick)) if "shapes" in given.parts else []
        grown = growth(setup) if "growth" in given.parts else {}
        show_growth(console, grown)
    about["load_average_after"] = [round(load, 2) for load in os.getloadavg()]
    missed = [line for line in lines if line.reached is False]
    console.print(f"{sum(line.reached is True for line in lines)} targets reached, {len(missed)} missed")
    for line in missed:
        console.print(f"  missed: {line.part}: {line.job}{f' against {line.peer}' if line.peer else ''}")
    if given.out:
        everything = {
            "machine": about,
            "quick": given.quick,
            "repeats": given.repeats,
            "lines": [line.plain() for line in lines],
            "shapes": spread,
            "growth": grown,
        }
        given.out.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
