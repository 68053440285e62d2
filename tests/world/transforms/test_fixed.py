from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dataleverage.errors import DataError
from dataleverage.world.datasets.car_market import CARS, SIGNAL, CarMarket
from dataleverage.world.datasets.files import CsvData
from dataleverage.world.datasets.ratings import SyntheticRatings
from dataleverage.world.objects import Random
from dataleverage.world.transforms.fixed import SetFeatures
from dataleverage.world.world import Feature


@pytest.fixture(scope="module")
def world(examples_of, source_of):
    made = source_of(examples_of(120), objects=Random(count=2)).world(Path())
    return replace(made, features=(Feature("age"), Feature("region", "north"), Feature("region", "2")))


@given(where=st.dictionaries(st.sampled_from([0, 1, 2, "age", "region=north", "region=2"]), st.floats(-9, 9), min_size=1))
def test_features_are_set_by_name_and_by_position_and_once(world, where):
    at = {"age": 0, "region=north": 1, "region=2": 2}
    positions = [at.get(name, name) for name in where]
    g = SetFeatures(features=where)
    if len(set(positions)) < len(positions):
        with pytest.raises(DataError, match="is set twice"):
            g.apply(world.X, world, "g")
        return
    before = world.X.copy()
    X = g.apply(world.X, world, "g")
    expected = before.copy()
    for position, value in zip(positions, where.values(), strict=True):
        expected[:, position] = value
    assert np.array_equal(X, expected) and np.array_equal(world.X, before)
    assert np.array_equal(g.apply(X, world, "g"), X)


@pytest.mark.parametrize("value", ["2", 2, 2.0])
def test_a_categorical_column_takes_one_value(world, value):
    X = SetFeatures(features={"region": value}).apply(world.X, world, "g")
    assert (X[:, 1] == 0).all() and (X[:, 2] == 1).all() and np.array_equal(X[:, 0], world.X[:, 0])


def test_the_signal_of_the_car_market_is_that_of_its_categories():
    world = CarMarket(examples=200).world(Path())
    X = SetFeatures(features=SIGNAL).apply(world.X, world, "g")
    expected = world.X.copy()
    for feature, value in CARS.signal(SIGNAL).items():
        expected[:, feature] = value
    assert np.array_equal(X, expected) and (X.sum(axis=1) == len(CARS.values)).all()


def test_columns_of_a_file_keep_their_names(tmp_path):
    lines = [f"{i},{'north' if i % 3 else 'south'},{i % 2},{i % 5 > 1}" for i in range(60)]
    (tmp_path / "a.csv").write_text("\n".join(["age,region,out,ill", *lines]))
    data = CsvData(path="a.csv", target="out", categorical=("region",), objects=Random(count=2))
    world = data.world(tmp_path)
    assert [str(feature) for feature in world.features] == ["age", "region=north", "region=south", "ill"]
    X = SetFeatures(features={"age": 50, "region": "south", 3: 1}).apply(world.X, world, "g")
    assert (X == [50, 0, 1, 1]).all()


@pytest.mark.parametrize(
    ("features", "key", "words", "remedy"),
    [
        ({"aeg": 1}, "g.features.aeg", "no feature 'aeg'", "age, region=north"),
        ({3: 1}, "g.features.3", "no feature '3'", "from 0 to 2"),
        ({-1: 1}, "g.features.-1", "no feature '-1'", "from 0 to 2"),
        ({"age": "old"}, "g.features.age", "'age' is a feature of numbers, and 'old' is none", "columns are region"),
        ({"rgeion": "north"}, "g.features.rgeion", "no feature 'rgeion'", "Did you mean 'region"),
        ({"region": "nroth"}, "g.features.region", "no value 'nroth'", "Did you mean 'north'"),
        ({"region": 3}, "g.features.region", "no value '3'", "Its values are north, 2"),
        ({"age": 1, 0: 2}, "g.features.0", "'age' is set twice", "once"),
        ({"region": "north", "region=2": 1}, "g.features.region=2", "'region=2' is set twice", "once"),
        ({"age": 1e300}, "g.features.age", "cannot be 1e.300", "1e.100"),
    ],
)
def test_what_cannot_be_set(world, features, key, words, remedy):
    with pytest.raises(DataError, match=words) as caught:
        SetFeatures(features=features).apply(world.X, world, "g")
    assert caught.value.place.key == key and re.search(remedy, caught.value.remedy)


def test_without_names_there_are_positions(world):
    bare = replace(world, features=())
    assert (SetFeatures(features={"1": 5}).apply(bare.X, bare, "g")[:, 1] == 5).all()
    with pytest.raises(DataError, match="no feature 'age'") as caught:
        SetFeatures(features={"age": 5}).apply(bare.X, bare, "g")
    assert "does not name its features" in caught.value.remedy
    with pytest.raises(DataError, match="1 is set twice"):
        SetFeatures(features={1: 5, "1": 5}).apply(bare.X, bare, "g")


def test_a_rating_has_nothing_to_set():
    world = SyntheticRatings(users=12, items=8, ratings=4).world(Path())
    with pytest.raises(DataError, match="has no features to set") as caught:
        SetFeatures(features={0: 1}).apply(world.X, world, "data.slices.t.transform")
    assert caught.value.place.key == "data.slices.t.transform" and caught.value.remedy


@pytest.mark.parametrize("features", [{}, {"age": None}, {"age": True}, {1.5: 1}, {"age": float("nan")}, [1]])
def test_what_is_no_setting_at_all(features):
    with pytest.raises(ValidationError):
        SetFeatures(features=features)
