"""Which of the varied paths an outcome hangs on: Sobol' indices, and Morris's elementary effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dataleverage.errors import SweepError
from dataleverage.streams import Streams
from dataleverage.sweep.points import unit_points, unit_problem
from dataleverage.sweep.results import Results
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 500  # of the bootstrap behind the intervals
NORMAL = 1.96


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Indices of one outcome.

    method : `sobol` or `morris`. worlds : those that the outcome is the mean of.
    indices : a line a varied path. Of sobol `first` (S1) and `total` (ST), shares of the variance; of morris `mu_star` (mean
    absolute elementary effect) and `sigma` (their standard deviation), both in the outcome's units for a step across the whole
    range, and `mu` (their mean). Each but `mu` has a 95 % interval, `<name>_low` and `<name>_high`: over the points of the
    sample (bootstrap), not over worlds.
    """

    method: Literal["sobol", "morris"]
    outcome: str
    worlds: int
    indices: pd.DataFrame


def sensitivity(results: Results, outcome: str) -> Sensitivity:
    """Indices of an outcome, as the design of the sweep allows.

    Saltelli's sample: first-order indices by Saltelli et al. (2010), total ones by Jansen (1999), as SALib works them out.
    Morris's trajectories: Morris (1991), mu* by Campolongo, Cariboni and Saltelli (2007).

    The outcome of a point is its mean over those worlds and replicates that every point has a value in, so that worlds do not
    differ from point to point. Raises SweepError for other designs, for points without a value, and for an outcome that is the
    same everywhere.
    """
    sweep = results.sweep
    if sweep.design not in ("sobol", "morris"):
        raise SweepError(
            f"a {sweep.design} design has no sensitivity indices",
            key="design",
            remedy="Give what varies as ranges, and say `design: sobol` (samples: 256) or, with fewer runs, `design: morris`.",
        )
    means, worlds = shared_means(results, outcome)
    unit = unit_points(sweep)
    if len(means) != len(unit):
        raise SweepError(
            f"the design has {len(unit)} points, and {len(means)} are in the table", remedy="Hand over the whole table of runs."
        )
    if np.ptp(means) <= 1e-12 * max(1.0, float(np.abs(means).max())):
        raise SweepError(
            f"{outcome} is the same at every point: nothing in it can be explained", remedy="Name another outcome."
        )
    problem, random = unit_problem(sweep), Streams(sweep.seed)["sensitivity"]
    if sweep.design == "sobol":
        return Sensitivity("sobol", outcome, worlds, sobol(problem, means, random))
    return Sensitivity("morris", outcome, worlds, morris(problem, unit, means, sweep.levels, random))


def shared_means(results: Results, outcome: str) -> tuple[Floats, int]:
    """The mean of every point over the runs that all points have, (P,), and the number of worlds in it."""
    values = results.values(outcome)
    shared = np.asarray(~np.isnan(values).any(axis=0))
    worlds = np.asarray(shared.any(axis=1))
    if not worlds.any():
        least = int((~np.isnan(values)).any(axis=(1, 2)).sum())
        raise SweepError(
            f"no world has {outcome} at all {len(values)} points ({least} points have it anywhere): indices need every point",
            remedy="Finish the sweep, play failed runs again (`sweep run --again`), or name another outcome.",
        )
    sums = np.where(shared, values, 0.0)[:, worlds].sum(axis=2)
    return (sums / shared[worlds].sum(axis=1)).mean(axis=1), int(worlds.sum())


def sobol(problem: dict[str, Any], means: Floats, random: np.random.Generator) -> pd.DataFrame:
    """First-order and total indices of the points of Saltelli's sample, in its order."""
    import pandas as pd
    from SALib.analyze import sobol as analysis

    found = analysis.analyze(problem, means, calc_second_order=False, num_resamples=RESAMPLES, seed=random)
    columns: dict[str, Floats] = {}
    for name, key in (("first", "S1"), ("total", "ST")):
        columns |= spread(name, found[key], found[f"{key}_conf"])
    return pd.DataFrame(columns, index=pd.Index(problem["names"], name="path"))


def morris(problem: dict[str, Any], unit: Floats, means: Floats, levels: int, random: np.random.Generator) -> pd.DataFrame:
    """mu*, sigma and mu of the points of Morris's trajectories, in their order."""
    import pandas as pd
    from SALib.analyze import morris as analysis

    found = analysis.analyze(problem, unit, means, num_resamples=RESAMPLES, num_levels=levels, seed=random)
    columns = spread("mu_star", found["mu_star"], found["mu_star_conf"])
    columns |= spread("sigma", found["sigma"], NORMAL * sigma_errors(unit, means, random))
    columns["mu"] = np.asarray(found["mu"])
    return pd.DataFrame(columns, index=pd.Index(problem["names"], name="path"))


def spread(name: str, values: Any, reach: Any) -> dict[str, Floats]:
    """An index with its interval."""
    middle, far = np.asarray(values, dtype=np.float64), np.asarray(reach, dtype=np.float64)
    return {name: middle, f"{name}_low": middle - far, f"{name}_high": middle + far}


def sigma_errors(unit: Floats, means: Floats, random: np.random.Generator) -> Floats:
    """The standard error of each path's sigma, (D,): trajectories drawn again with replacement. SALib has none of it."""
    width = unit.shape[1]
    paths, scores = unit.reshape(-1, width + 1, width), means.reshape(-1, width + 1)
    steps, rises = np.diff(paths, axis=1), np.diff(scores, axis=1)  # each step of a trajectory moves one path
    moved = np.abs(steps).argmax(axis=2)
    effects = np.empty((len(paths), width))
    sizes = np.take_along_axis(steps, moved[:, :, None], axis=2)[:, :, 0]
    np.put_along_axis(effects, moved, rises / sizes, axis=1)
    if len(effects) < 2:
        return np.full(width, np.inf)
    drawn = random.integers(len(effects), size=(RESAMPLES, len(effects)))
    return np.asarray(np.stack([effects[one].std(axis=0, ddof=1) for one in drawn]).std(axis=0, ddof=1))
