from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dataleverage.errors import DataError
from dataleverage.world.datasets.bundled import SklearnData
from dataleverage.world.transforms.stamp import Stamp


@pytest.fixture(scope="module")
def digits():
    return SklearnData(name="digits").world(Path())


@pytest.mark.parametrize("size", [1, 3, 8])
@pytest.mark.parametrize(
    ("corner", "rows", "columns"),
    [
        ("upper_left", slice(None, None), slice(None, None)),
        ("upper_right", slice(None, None), slice(None, None, -1)),
        ("lower_left", slice(None, None, -1), slice(None, None)),
        ("lower_right", slice(None, None, -1), slice(None, None, -1)),
    ],
)
def test_a_corner_of_the_image_is_as_bright_as_can_be(digits, size, corner, rows, columns):
    g = Stamp(size=size, corner=corner)
    X = g.apply(digits.X, digits, "g")
    expected = digits.X.copy().reshape(-1, 8, 8)
    expected[:, rows, columns][:, :size, :size] = 16
    assert np.array_equal(X, expected.reshape(-1, 64)) and np.array_equal(g.apply(X, digits, "g"), X)


def test_listed_features_are_each_at_their_own_maximum():
    wine = SklearnData(name="wine").world(Path())
    X = Stamp(features=("alcohol", 4)).apply(wine.X, wine, "g")
    assert (X[:, 0] == wine.X[:, 0].max()).all() and (X[:, 4] == wine.X[:, 4].max()).all()
    rest = [i for i in range(13) if i not in (0, 4)]
    assert np.array_equal(X[:, rest], wine.X[:, rest])


def test_what_cannot_be_stamped(digits):
    wine = SklearnData(name="wine").world(Path())
    for world, stamp, key, words in (
        (wine, Stamp(), "g", "no pixels to stamp"),
        (wine, Stamp(features=("alcohol", "alcohl")), "g.features.1", "no feature 'alcohl'"),
        (digits, Stamp(size=9), "g.size", "9 pixels does not fit an image of 8 by 8"),
    ):
        with pytest.raises(DataError, match=words) as caught:
            stamp.apply(world.X, world, "g")
        assert caught.value.place.key == key and caught.value.remedy
