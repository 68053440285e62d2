from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from dataleverage.errors import DataError
from dataleverage.grid.grid import Grid
from dataleverage.grid.learners.items import ItemMean
from dataleverage.streams import Streams
from dataleverage.world.datasets.ratings import SyntheticRatings
from dataleverage.world.objects import Random
from dataleverage.world.tactics.vandals import ExtremeVandal, RandomVandal

SCALE = np.arange(1, 5.5, 0.5)


@pytest.fixture(scope="module")
def world():
    return SyntheticRatings(users=100, items=60, ratings=40, popularity=0.2).world(Path())


def test_random_vandals_use_every_star_evenly_whatever_the_item(world, lot_of):
    X, y = RandomVandal().apply(lot_of(world), "tactics.v", Streams(0)["tactics"])
    assert X is world.X
    for half in (world.X[:, 1] < 30, world.X[:, 1] >= 30):
        counts = np.array([np.sum(y[half] == star) for star in SCALE])
        assert counts.sum() == half.sum() and chisquare(counts).pvalue > 1e-4


@given(rate=st.floats(0.05, 1), seed=st.integers(0, 500), toward=st.sampled_from(["either", "lowest", "highest"]))
def test_extreme_vandals_use_the_ends_of_the_scale(world, lot_of, rate, seed, toward):
    X, y = ExtremeVandal(rate=rate, toward=toward).apply(lot_of(world), "tactics.v", Streams(seed)["tactics"])
    changed = y != world.y
    assert X is world.X and set(y[changed]) <= {"either": {1.0, 5.0}, "lowest": {1.0}, "highest": {5.0}}[toward]
    middle = (world.y > 1) & (world.y < 5)
    assert binomtest(int(changed[middle].sum()), int(middle.sum()), rate).pvalue > 5e-7
    if toward == "either":
        assert binomtest(int((y[changed & middle] == 5).sum()), int((changed & middle).sum())).pvalue > 5e-7


def test_a_part_of_the_ratings_knows_the_whole_scale(world, lot_of):
    lot = lot_of(world)
    y = ExtremeVandal(toward="highest").apply(lot[np.flatnonzero(world.y == 3)], "tactics.v", Streams(0)["tactics"])[1]
    assert set(y) == {5.0}


def test_vandals_raise_the_error_of_a_trained_model():
    source = SyntheticRatings(users=100, items=60, ratings=40, popularity=0.2)
    vandals = source.world(Path(), {"random": RandomVandal(), "extreme": ExtremeVandal()})
    grid = Grid.of_world(vandals, ItemMean(), "rmse")
    rows = np.ones((3, grid.n_objects), dtype=int)
    rows[1, ::2], rows[2, ::2] = 2, 3
    clean, random, extreme = grid.scores(rows)[:, grid.column("all")]
    assert clean < random < extreme


@pytest.mark.parametrize("kind", [RandomVandal, ExtremeVandal])
def test_only_ratings_can_be_vandalised(examples_of, source_of, lot_of, kind):
    for examples in (examples_of(), examples_of(regression=True)):
        world = source_of(examples, objects=Random(count=2)).world(Path())
        with pytest.raises(DataError, match="poisons ratings, and the target is") as caught:
            kind().apply(lot_of(world), "tactics.v", Streams(0)["tactics"])
        assert caught.value.place.key == "tactics.v" and "label_flip" in caught.value.remedy
