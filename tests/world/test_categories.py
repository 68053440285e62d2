from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dataleverage.errors import DataError
from dataleverage.world.categories import Categories

CARS = Categories({"colour": ("red", "blue", "grey"), "size": ("big", "small")})


def test_features_are_those_of_pandas():
    codes = {"colour": np.array([0, 2, 1, 1]), "size": np.array([1, 1, 0, 1])}
    dummies = pd.get_dummies(pd.DataFrame(CARS.words(codes)), prefix_sep="=", dtype=float)
    assert CARS.names == ("colour=red", "colour=blue", "colour=grey", "size=big", "size=small")
    assert CARS.spread(codes) == pytest.approx(dummies[list(CARS.names)].to_numpy())


def test_a_signal_sets_every_feature_of_its_columns():
    codes = {"colour": np.array([0, 2, 1]), "size": np.array([1, 1, 0])}
    X = CARS.spread(codes)
    for feature, value in CARS.signal({"colour": "blue"}).items():
        X[:, feature] = value
    assert (CARS.spread({"colour": np.array([1, 1, 1]), "size": codes["size"]}) == X).all()
    assert set(CARS.signal({"colour": "blue", "size": "big"})) == set(range(5))


@pytest.mark.parametrize(
    ("wanted", "says"), [({"weight": "1"}, "no categorical column 'weight'"), ({"size": "1"}, "no value '1'")]
)
def test_what_is_not_there(wanted, says):
    with pytest.raises(DataError, match=says):
        CARS.signal(wanted)
