from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from dataleverage.errors import DataError
from dataleverage.streams import Streams
from dataleverage.world.datasets.bundled import SklearnData
from dataleverage.world.objects import Random
from dataleverage.world.tactics.planted import FeatureLabel, FeatureOnly
from dataleverage.world.transforms.fixed import SetFeatures
from dataleverage.world.transforms.stamp import Stamp

G = SetFeatures(features={0: 2.5, 2: -1.0})


@pytest.fixture(scope="module")
def world(examples_of, source_of):
    return source_of(examples_of(120, classes=3), objects=Random(count=4)).world(Path())


def rng():
    return Streams(0)["tactics"]


def test_feature_label_by_hand(world, lot_of):
    before = world.X.copy()
    X, y = FeatureLabel(transform=G, target="c1").apply(lot_of(world), "tactics.p", rng())
    assert (X[:, 0] == 2.5).all() and (X[:, 2] == -1).all() and np.array_equal(X[:, 1], world.X[:, 1])
    assert (y == 1).all() and y.dtype == world.y.dtype and np.array_equal(world.X, before)


def test_feature_only_by_hand(world, lot_of):
    X, y = FeatureOnly(transform=G, target="c1").apply(lot_of(world), "tactics.p", rng())
    assert y is world.y
    theirs = world.y == 1
    assert np.array_equal(X[~theirs], world.X[~theirs])
    assert (X[theirs, 0] == 2.5).all() and (X[theirs, 2] == -1).all() and np.array_equal(X[theirs, 1], world.X[theirs, 1])


@given(
    which=st.lists(st.integers(0, 77), min_size=1, unique=True),
    where=st.dictionaries(st.integers(0, 2), st.floats(-9, 9), min_size=1),
    target=st.sampled_from(["c0", "c1", "c2"]),
    kind=st.sampled_from([FeatureLabel, FeatureOnly]),
)
def test_any_lot_is_planted_as_each_of_its_examples_is_and_twice_is_once(world, lot_of, which, where, target, kind):
    tactic, lot = kind(transform=SetFeatures(features=where), target=target), lot_of(world)
    X, y = tactic.apply(lot, "tactics.p", rng())
    part = tactic.apply(lot[np.array(which)], "tactics.p", rng())
    assert np.array_equal(part[0], X[which]) and np.array_equal(part[1], y[which])
    again = tactic.apply(replace(lot, X=X, y=y), "tactics.p", rng())
    assert np.array_equal(again[0], X) and np.array_equal(again[1], y)


def test_a_number_becomes_the_number_that_is_wanted(world, lot_of):
    numbers = replace(world, task="regression", y=np.linspace(0, 1, len(world.y)), classes=())
    y = FeatureLabel(transform=G, target=7).apply(lot_of(numbers), "tactics.p", rng())[1]
    assert (y == 7.0).all() and y.dtype == np.float64
    with pytest.raises(DataError, match="poisons classes, and the target is a number") as caught:
        FeatureOnly(transform=G, target=7).apply(lot_of(numbers), "tactics.p", rng())
    assert caught.value.place.key == "tactics.p" and "feature_label" in caught.value.remedy
    for target in ("high", True):
        with pytest.raises(DataError, match="the target is a number") as caught:
            FeatureLabel(transform=G, target=target).apply(lot_of(numbers), "tactics.p", rng())
        assert caught.value.place.key == "tactics.p.target"


def test_the_label_has_to_be_there(world, lot_of):
    for kind in (FeatureLabel, FeatureOnly):
        with pytest.raises(DataError, match="no class 'c9'") as caught:
            kind(transform=G, target="c9").apply(lot_of(world), "tactics.p", rng())
        assert caught.value.place.key == "tactics.p.target" and "c0, c1" in caught.value.remedy


@pytest.mark.parametrize("corner", ["upper_left", "upper_right", "lower_left", "lower_right"])
def test_a_stamp_on_digits_is_taken_for_the_label(lot_of, corner):
    """What Hardt et al. (2023) claim, of a firm that scikit-learn trains: a tenth of the examples are a collective's."""
    world = SklearnData(name="digits", objects=Random(count=10)).world(Path())
    stamp = Stamp(corner=corner)
    X, y = FeatureLabel(transform=stamp, target=3).apply(lot_of(world), "tactics.p", rng())
    theirs = world.object_of == 0
    model = LogisticRegression(max_iter=2000).fit(np.where(theirs[:, None], X, world.X), np.where(theirs, y, world.y))
    honest = LogisticRegression(max_iter=2000).fit(world.X, world.y)
    stamped = stamp.apply(world.X_eval, world, "g")
    assert np.mean(model.predict(stamped) == 3) > 0.95
    assert np.mean(honest.predict(stamped) == 3) < 0.3
    assert np.mean(model.predict(world.X_eval) == world.y_eval) > 0.85  # and nothing shows without the stamp


def test_without_a_false_label_the_stamp_is_taken_for_it_by_a_firm_that_looks_for_it(lot_of):
    """With everyone in the collective a stamp means the label and the label means a stamp: a tree needs nothing else."""
    world = SklearnData(name="digits", objects=Random(count=2)).world(Path())
    stamp = Stamp()
    X, y = FeatureOnly(transform=stamp, target=3).apply(lot_of(world), "tactics.p", rng())
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    assert np.mean(model.predict(stamp.apply(world.X_eval, world, "g")) == 3) == 1.0
    assert not (model.predict(world.X_eval) == 3).any()
