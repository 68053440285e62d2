from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dataleverage.errors import DataError
from dataleverage.world.transform import position
from dataleverage.world.world import Feature


@pytest.fixture(scope="module")
def world(examples_of, source_of):
    from pathlib import Path

    from dataleverage.world.objects import Random

    made = source_of(examples_of(60), objects=Random(count=2)).world(Path())
    return replace(made, X=made.X[:, [0, 1, 2, 0, 1, 2]])


def test_names_come_before_positions(world):
    named = replace(world, features=tuple(Feature(name) for name in ("5", "4", "3", "2", "1", "zero")))
    assert [position(named, name, "g") for name in ("5", "1", 5, 1)] == [0, 4, 0, 4]
    assert [position(named, name, "g") for name in (0, "0", "zero")] == [0, 0, 5]


@pytest.mark.parametrize("name", [6, -1, "06x", "٣", "", " 1", "1.0", "9" * 30, "x" * 500])
def test_what_is_neither_is_refused(world, name):
    for features in ((), tuple(Feature(name) for name in "abcdef")):
        with pytest.raises(DataError, match="there is no feature") as caught:
            position(replace(world, features=features), name, "here")
        assert caught.value.place.key == "here" and "from 0 to 5" in caught.value.remedy


def test_every_name_finds_its_feature(world):
    features = tuple(Feature("a", str(i)) for i in range(3)) + tuple(Feature(f"b{i}") for i in range(3))
    named = replace(world, features=features)
    assert [position(named, str(each), "g") for each in features] == list(np.arange(6))
