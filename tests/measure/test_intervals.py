from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from dataleverage.measure.intervals import over_worlds


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_the_interval_is_students(level):
    values = np.random.default_rng(0).normal(2, 3, 12)
    found = over_worlds(values.tolist(), level)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(level)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.error == pytest.approx(stats.sem(values)) and found.mean == pytest.approx(values.mean())
    assert found.worlds == 12


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(1)
    intervals = [over_worlds(rng.normal(0.3, 1, 5).tolist()) for _ in range(2000)]
    inside = np.mean([interval.low <= 0.3 <= interval.high for interval in intervals])
    assert inside == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 2000))


def test_one_world_bounds_nothing():
    found = over_worlds([0.4])
    assert (found.mean, found.low, found.high, found.error) == (0.4, -math.inf, math.inf, math.inf)
