"""Summaries: against SciPy's tests on the same numbers, and against pandas on whole tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from dataleverage.errors import SweepError
from dataleverage.sweep.design import Sweep
from dataleverage.sweep.results import Results
from dataleverage.sweep.summary import difference, differences, summary

Played = Callable[..., Results]
RANDOM = np.random.default_rng(0).normal(size=(3, 8, 4))


@pytest.fixture
def results(played: Played) -> Callable[..., Results]:
    """Three points in eight worlds, four replicates each."""

    def make(formula: Any = None, worlds: int = 8) -> Results:
        sweep = Sweep(scenario="x.yaml", vary={"a": (0, 1, 2)}, worlds=worlds, replicates=4, outcomes=("users",))
        return played(sweep, formula or (lambda values, w, r: float(RANDOM[values["a"], w, r])))

    return make


def test_replicates_are_averaged_in_a_world_and_the_interval_is_students_over_worlds(results: Callable[..., Results]) -> None:
    lines = summary(results())
    for point in range(3):
        worlds = RANDOM[point].mean(axis=1)
        line = lines.loc[point, "users"]
        bounds = stats.ttest_1samp(worlds, 0).confidence_interval(0.95)
        assert (line["mean"], line["low"], line["high"]) == pytest.approx((worlds.mean(), *bounds))
        assert line["error"] == pytest.approx(stats.sem(worlds))
        assert (line["worlds"], line["done"], line["failed"], line["without"]) == (8, 32, 0, 0)


def test_a_difference_is_the_paired_t_interval_and_noise_that_points_share_cancels(results: Callable[..., Results]) -> None:
    found = difference(results(), "users", 0, 2)
    a, b = RANDOM[0].mean(axis=1), RANDOM[2].mean(axis=1)
    bounds = stats.ttest_rel(b, a).confidence_interval(0.95)
    assert (found.mean, found.low, found.high) == pytest.approx((float((b - a).mean()), *bounds))
    shared = results(lambda values, w, r: 10 * float(RANDOM[0, w, r]) + values["a"])
    one = difference(shared, "users", 0, 1)
    assert (one.mean, one.error) == (pytest.approx(1), pytest.approx(0, abs=1e-12))
    table = differences(shared, "users", against=1)
    assert table["mean"].tolist() == pytest.approx([-1, 0, 1])


def test_a_run_that_failed_is_left_out_of_its_point_and_of_its_pairs_and_counted(results: Callable[..., Results]) -> None:
    gone = {(1, 0, 0), (1, 3, 0), (1, 3, 1), (1, 3, 2), (1, 3, 3)}
    some = results(lambda values, w, r: None if (values["a"], w, r) in gone else float(RANDOM[values["a"], w, r]))
    line = summary(some).loc[1, "users"]
    assert (line["worlds"], line["done"], line["failed"]) == (7, 27, 5)
    kept = [RANDOM[1, w, 1 if w == 0 else 0 :].mean() for w in range(8) if w != 3]
    assert line["mean"] == pytest.approx(np.mean(kept))
    found = difference(some, "users", 0, 1)
    pairs = [(RANDOM[1, w] - RANDOM[0, w])[1 if w == 0 else 0 :].mean() for w in range(8) if w != 3]
    assert (found.worlds, found.mean) == (7, pytest.approx(np.mean(pairs)))


def test_one_world_has_a_mean_and_no_bounds_and_a_point_without_runs_has_neither(results: Callable[..., Results]) -> None:
    some = results(lambda values, w, r: None if values["a"] == 2 else float(values["a"]), worlds=1)
    lines = summary(some)
    assert lines.loc[1, "users"][["mean", "low", "high"]].tolist() == [1, -math.inf, math.inf]
    assert np.isnan(lines.loc[2, "users"]["mean"]) and lines.loc[2, "users"]["worlds"] == 0


def test_a_run_that_is_done_may_lack_the_number(results: Callable[..., Results]) -> None:
    lines = summary(results(lambda values, w, r: math.nan if w == 0 else 1.0))
    assert lines["without"].tolist() == [4, 4, 4] and lines["worlds"].tolist() == [7, 7, 7]


def test_a_point_that_is_not_there_is_refused(results: Callable[..., Results]) -> None:
    with pytest.raises(SweepError, match=r"(?s)no point 3.*Points are 0 to 2"):
        difference(results(), "users", 0, 3)
