"""When a point has had enough worlds: against intervals worked out by scipy, whatever order runs come in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from dataleverage.sweep.enough import Enough
from dataleverage.sweep.plan import Plan

TEXT = """\
vary: {payoffs.revenue: [1.0, 2.0]}
worlds: 12
replicates: 2
outcomes: [users, final_score]
precision: {outcome: final_score, half_width: 0.35, at_least: 4}
"""


def enough_by_hand(values: np.ndarray, half_width: float, at_least: int) -> int:
    """values : (W, R). The first number of worlds whose interval is narrow enough, or all."""
    for worlds in range(at_least, len(values) + 1):
        means = values[:worlds].mean(axis=1)
        low, high = stats.t.interval(0.95, worlds - 1, loc=means.mean(), scale=stats.sem(means))
        if (high - low) / 2 <= half_width:
            return worlds
    return len(values)


@pytest.mark.parametrize("seed", range(5))
def test_a_point_stops_after_the_first_world_that_makes_its_interval_narrow(sweep: Callable[[str], Plan], seed: int) -> None:
    plan = sweep(TEXT)
    random = np.random.default_rng(seed)
    values = random.normal(0, [[[0.3]], [[2.0]]], size=(2, 12, 2))  # points, worlds, replicates
    settled = np.zeros(len(plan), dtype=np.uint8)
    enough = Enough(plan)
    for number in random.permutation(len(plan)).tolist():
        run = plan.run(number)
        settled[number] = 1
        enough.note(number, [1.0, float(values[run.point, run.world, run.replicate])])
        enough.look(settled)
    expected = [enough_by_hand(values[point], 0.35, 4) for point in (0, 1)]
    assert enough.after.tolist() == expected and expected[0] < 12
    wanted = enough.wanted_runs()
    for number in range(len(plan)):
        run = plan.run(number)
        assert wanted[number] == (run.world < expected[run.point]) == (not enough.has(run.point, run.world))


def test_worlds_without_the_outcome_are_not_counted(sweep: Callable[[str], Plan]) -> None:
    plan = sweep(TEXT)
    enough, settled = Enough(plan), np.ones(len(plan), dtype=np.uint8)
    for number in range(len(plan)):
        missing = plan.run(number).world in (0, 2)
        enough.note(number, [] if missing else [1.0, 0.5])
    enough.look(settled)
    assert enough.after.tolist() == [6, 6], "four worlds with a value, which are all the same"


def test_without_a_precision_everything_is_played(sweep: Callable[[str], Plan]) -> None:
    plan = sweep("worlds: 3\noutcomes: [users]\n")
    assert Enough(plan).wanted_runs().tolist() == [True] * 3
