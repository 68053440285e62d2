from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

from dataleverage.errors import DataError
from dataleverage.streams import Streams
from dataleverage.world.objects import Random
from dataleverage.world.tactics.feature_noise import FeatureNoise


@pytest.fixture(scope="module")
def world(examples_of, source_of):
    made = source_of(examples_of(4000), objects=Random(count=4)).world(Path())
    return replace(made, X=np.column_stack([made.X[:, 0], 100 * made.X[:, 1], np.full(len(made.y), 3.0)]))


@pytest.mark.parametrize("sigma", [0.1, 2.0])
def test_noise_is_normal_in_units_of_the_feature(world, lot_of, sigma):
    X, y = FeatureNoise(sigma=sigma).apply(lot_of(world), "tactics.n", Streams(0)["tactics"])
    assert y is world.y and np.array_equal(X[:, 2], world.X[:, 2])
    for i in (0, 1):
        noise = (X[:, i] - world.X[:, i]) / (sigma * world.X[:, i].std())
        assert kstest(noise, "norm").pvalue > 1e-4
    again = FeatureNoise(sigma=sigma).apply(lot_of(world), "tactics.n", Streams(0)["tactics"])[0]
    assert np.array_equal(X, again)


def test_the_unit_is_that_of_the_world_and_not_of_the_lot(world, lot_of):
    part = lot_of(world)[np.arange(2)]
    X = FeatureNoise(sigma=1e-3).apply(part, "tactics.n", Streams(0)["tactics"])[0]
    assert 0.01 < np.abs(X[:, 1] - part.X[:, 1]).max() < 1


def test_users_and_items_take_no_noise(world, lot_of):
    ratings = replace(world, task="rating", classes=())
    with pytest.raises(DataError, match="the target is ratings") as caught:
        FeatureNoise().apply(lot_of(ratings), "tactics.n", Streams(0)["tactics"])
    assert caught.value.place.key == "tactics.n" and "random_vandal" in caught.value.remedy
