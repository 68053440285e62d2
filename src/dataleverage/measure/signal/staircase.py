"""The staircase: exact success of a signal as the collective grows, point by point of the signal set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dataleverage.errors import GridError
from dataleverage.measure.signal.firm import TIE, slack
from dataleverage.measure.signal.planted import Signal, Tactic
from dataleverage.world.world import Floats, Ints, Mask

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Staircase:
    """S(α) = Σ weight · 1[margin > 0], where the margin of every point is linear in α.

    names : (m,) the points: of the signal set when planting, all of them when erasing.
    weights : (m,) the share of examples that each decides: P*(x) when planting, P₀(x) when erasing.
    steps : (m,) a_x: the point succeeds for every α > a_x. 0 where any member will do, inf where no share will.
    start, end : (m, c) margin of y* over every other label under P₀ (α = 0) and under P* (α = 1), for each of c conditions
        that must all hold, joint in x.
    mass_start, mass_end : (m, c) P₀(x) and P*(x), against which ties are told.
    always : (m,) points that succeed whatever the firm does (when erasing, those with g(x) = x).
    """

    names: tuple[str, ...]
    weights: Floats
    steps: Floats
    start: Floats
    end: Floats
    mass_start: Floats
    mass_end: Floats
    always: Mask

    def at(self, alpha: ArrayLike) -> np.float64 | Floats:
        """S(α) for a share or an array of shares in [0, 1]; ties fail, so not yet at the step itself."""
        share = np.asarray(alpha, dtype=np.float64)
        if not ((share >= 0) & (share <= 1)).all():
            raise GridError(f"alpha is {share}, and a share is from 0 to 1", key="alpha", remedy="Give a share such as 0.05.")
        part = share[..., None, None]
        margin = (1 - part) * self.start + part * self.end
        mass = (1 - part) * self.mass_start + part * self.mass_end
        success = (margin > TIE * mass).all(axis=-1) | self.always
        result: np.float64 | Floats = success @ self.weights
        return result

    def alpha(self, success: float) -> float:
        """The share above which success is at least this much, for good: 0 where any member will do, inf where none will.

        Raises GridError for a success outside (0, 1].
        """
        if not 0 < success <= 1:
            raise GridError(f"a success of {success} is not in (0, 1]", key="success", remedy="Give a share such as 0.9.")
        return self.first(success - TIE)

    def first(self, level: float) -> float:
        """The share above which success is above a level for good."""
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = self.start / (self.start - self.end)
        edges = np.unique(np.concatenate([[0.0, 1.0], crossing[(crossing > 0) & (crossing < 1)]]))
        enough = np.asarray(self.at((edges[:-1] + edges[1:]) / 2)) > level
        if not enough[-1]:
            return math.inf
        short = np.flatnonzero(~enough)
        return float(edges[short[-1] + 1]) if len(short) else 0.0

    def frame(self) -> pd.DataFrame:
        """One line a point: `weight`, `step`, and `success` just above the step; lowest step first."""
        import pandas as pd

        frame = pd.DataFrame({"weight": self.weights, "step": self.steps}, index=pd.Index(self.names, name="point"))
        return frame.sort_values("step", kind="stable")


def staircase(signal: Signal, tactic: Tactic = "feature_label", epsilon: float = 0.0) -> Staircase:
    """Exact success against a Bayes-optimal firm, or the worst ε-suboptimal one, at every α.

    Planting features and labels: S(α) = Σ_{x∈X*} P*(x)·1[α > t_x/(1+t_x)] with t_x = P₀(x)Δ_x/P*(x); the linear bound of
    Hardt et al. (2023) is blind to these steps (Gauthier et al. 2025). Where P₀(x) = 0 any α > 0 succeeds; where y* is
    the strict argmax already, α = 0 does too.

    Raises GridError for an ε outside [0, 1), a tactic that is none, and as `Signal.erased` does.
    """
    table, star, slackness = signal.table, signal.star(tactic), slack(epsilon)
    if tactic == "erase":
        points = np.flatnonzero(table.p_x > 0)
        where = np.stack([points, signal.g[points]], axis=1)  # f must be right at x and at g(x)
        wanted = np.repeat(signal.erased[points, None], 2, axis=1)
        weights, always = table.p_x[points], signal.g[points] == points
    else:
        points = signal.points
        where, wanted = points[:, None], np.full((len(points), 1), signal.target)
        weights, always = signal.moved[points], np.zeros(len(points), dtype=bool)
    mass_start, mass_end = table.p_x[where], star.sum(axis=1)[where]
    start = lead(table.p, where, wanted) - slackness * mass_start
    end = lead(star, where, wanted) - slackness * mass_end
    names = tuple(" ".join(table.points[i]) for i in points)
    return Staircase(names, weights, steps(start, end, always), start, end, mass_start, mass_end, always)


def lead(p: Floats, where: Ints, wanted: Ints) -> Floats:
    """(m, c): P(x, wanted) − max over other labels of P(x, y), at points (m, c)."""
    at = p[where].copy()
    own = np.take_along_axis(at, wanted[..., None], axis=-1)[..., 0]
    np.put_along_axis(at, wanted[..., None], -np.inf, axis=-1)
    result: Floats = own - at.max(axis=-1)
    return result


def steps(start: Floats, end: Floats, always: Mask) -> Floats:
    """(m,) the share above which all margins of a point are positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.where(start >= 0, 0.0, start / (start - end))
    each = np.where(end > 0, crossing, np.inf)
    return np.where(always, 0.0, each.max(axis=1))
