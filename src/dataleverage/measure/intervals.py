"""Intervals over worlds: a world (split, objects, holdout) is the unit of noise, and plays within it are averaged first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A mean over worlds with its 95 % interval (Student's t) and standard error."""

    mean: float
    low: float
    high: float
    error: float
    worlds: int


def over_worlds(values: Sequence[float], level: float = 0.95) -> Interval:
    """The interval of one outcome, a value a world. With fewer than two worlds it is unbounded, with none the mean is NaN."""
    count = len(values)
    mean = float(np.mean(values)) if count else math.nan
    if count < 2:
        return Interval(mean, -math.inf, math.inf, math.inf, count)
    error = float(np.std(values, ddof=1) / np.sqrt(count))
    reach = quantile(0.5 + level / 2, count - 1) * error
    return Interval(mean, mean - reach, mean + reach, error, count)


@cache  # a sweep asks for the same one at every point
def quantile(share: float, freedom: int) -> float:
    """Of Student's t."""
    from scipy import stats

    return float(stats.t.ppf(share, freedom))
