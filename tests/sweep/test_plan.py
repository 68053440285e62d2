"""Which runs there are, and their seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dataleverage.sweep.design import Sweep
from dataleverage.sweep.plan import Plan, Seeds


def test_every_point_is_played_in_every_world_with_the_same_seeds(sweep: Callable[[str], Plan]) -> None:
    plan = sweep("vary: {rounds: [4, 5, 6]}\nworlds: 4\nreplicates: 2\n")
    runs = [plan.run(number) for number in range(len(plan))]
    assert len({(run.point, run.world, run.replicate) for run in runs}) == len(runs) == 3 * 4 * 2
    by_point = [{(r.world, r.replicate, r.data_seed, r.seed) for r in runs if r.point == p} for p in range(3)]
    assert by_point[0] == by_point[1] == by_point[2], "common random numbers"
    assert [run.world for run in runs] == sorted(run.world for run in runs), "worlds together"
    assert len({run.data_seed for run in runs}) == 4 and len({run.seed for run in runs}) == 8


def test_without_worlds_and_replicates_the_scenarios_own_seeds_are_played(sweep: Callable[[str], Plan]) -> None:
    run = sweep("vary: {rounds: [4]}\n").run(0)
    assert run.data_seed is None and run.seed is None


@given(seed=st.integers(0, 2**40), worlds=st.integers(1, 30), replicates=st.integers(1, 30))
def test_more_worlds_and_replicates_add_seeds_and_change_none(seed: int, worlds: int, replicates: int) -> None:
    few = Seeds.of(Sweep(scenario="x", seed=seed, worlds=worlds, replicates=replicates))
    many = Seeds.of(Sweep(scenario="x", seed=seed, worlds=worlds + 3, replicates=replicates + 2))
    assert np.array_equal(few.worlds, many.worlds[:worlds])
    assert np.array_equal(few.plays, many.plays[:worlds, :replicates])
    assert len(set(many.worlds.tolist())) == worlds + 3


def test_a_point_is_the_scenario_with_its_settings(sweep: Callable[[str], Plan]) -> None:
    plan = sweep("vary:\n  creators.followers.strategy.mean: [0.1, 0.7]\n  creators.followers.strategy: [threshold]\n")
    assert plan.order[0] == "creators.followers.strategy", "a kind comes before its parameters"
    made = plan.scenario(1)
    assert made.creators[1].strategy.model_dump()["mean"] == 0.7
    assert plan.base["creators"][1]["strategy"]["mean"] == 0.3, "the file's own data stay as they are"
