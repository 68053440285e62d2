from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression

from dataleverage.errors import DataError
from dataleverage.streams import Streams
from dataleverage.world.datasets.ratings import SyntheticRatings
from dataleverage.world.lot import Lot
from dataleverage.world.slices import Slices
from dataleverage.world.tactics.targeted import Targeted

NAMED = {"by": "owner", "north": {"column": "region", "equals": "north"}, "zeros": {"label": "c0"}}


@pytest.fixture(scope="module")
def examples(examples_of):
    region = np.tile(["north", "south", "west"], 100)
    return examples_of(300, owner=np.repeat(["ann", "bob", "zoe"], 100), region=region)


@pytest.fixture(scope="module")
def lot(examples, source_of):
    """All training examples, and which of the source's they are told by a feature that numbers them."""
    examples.X[:, 2] = np.arange(300)
    slices = Slices.model_validate(NAMED)
    world = source_of(examples, slices=slices).world(Path())
    return Lot.training(world, examples.values, world.X[:, 2].astype(np.int64), slices)


def changed(lot, **parameters):
    X, y = Targeted(**parameters).apply(lot, "tactics.t", Streams(0)["tactics"])
    assert X is lot.X
    return y != lot.y


def test_those_that_fit_are_flipped_and_nobody_else(lot, examples):
    north = examples.values["region"][lot.where] == "north"
    assert np.array_equal(changed(lot, slice="north"), north)
    assert np.array_equal(changed(lot, slice="bob"), lot.owner == 1)
    assert np.array_equal(changed(lot, slice="all", spare=["north", "ann"]), ~north & (lot.owner != 0))
    zeros = Targeted(slice="zeros", to="c2").apply(lot, "tactics.t", Streams(0)["tactics"])[1]
    assert np.array_equal(zeros, np.where(lot.y == 0, 2, lot.y))


@pytest.mark.parametrize(("by", "name"), [("object", "bob"), ("label", "label c1"), ("column", "region west")])
def test_slices_made_for_each_can_be_aimed_at(examples, source_of, by, name):
    slices = Slices(by=by, column="region" if by == "column" else None)
    world = source_of(examples, slices=slices).world(Path())
    lot = Lot.training(world, examples.values, world.X[:, 2].astype(np.int64), slices)
    expected = {
        "object": world.object_of == 1,
        "label": world.y == 1,
        "column": examples.values["region"][lot.where] == "west",
    }
    assert np.array_equal(changed(lot, slice=name), expected[by])


@settings(max_examples=40)
@given(reach=st.floats(0.01, 1))
def test_the_nearest_share_of_each_object(lot, reach):
    found = changed(lot, slice="bob", reach=reach)
    scaled = lot.X / lot.X.std(axis=0)
    away = cdist(scaled, scaled[lot.owner == 1]).min(axis=1)
    for j in range(3):
        mine = lot.object_of == j
        count = int(np.ceil(reach * mine.sum() - 1e-9))
        assert found[mine].sum() == count
        assert away[mine & found].max() <= np.sort(away[mine])[count - 1] + 1e-9


def test_a_part_of_the_pool_is_aimed_at_by_the_same_training_examples(lot):
    pool = lot.evaluation(np.flatnonzero(~np.isin(np.arange(300), lot.where)))
    found = changed(pool, slice="bob", reach=0.2)
    scale = lot.X.std(axis=0)
    away = cdist(pool.X / scale, lot.X[lot.owner == 1] / scale).min(axis=1)
    for j in range(3):
        mine = pool.object_of == j
        assert away[mine & found].max() <= away[mine & ~found].min()


def test_only_the_slice_is_hurt(source_of, examples_of):
    """Three well-parted blobs in two regions, where only the north is poisoned, and the region is a feature."""
    rng = np.random.default_rng(0)
    made = examples_of(1200, region=np.repeat(["north", "south"], 600))
    north = np.repeat([1.0, 0.0], 600)
    corner = np.eye(3)[made.y] * 8 + rng.normal(size=(1200, 3))
    made.X[:] = corner + 30 * north[:, None]
    slices = Slices(north={"column": "region", "equals": "north"}, south={"column": "region", "equals": "south"})
    world = source_of(made, slices=slices).world(Path(), {"hit": Targeted(slice="north", to="c0")})
    clean, hit = (LogisticRegression(max_iter=5000).fit(part.X, part.y) for part in (world, world.variants[0]))
    masks = {part.name: part.mask & world.audit for part in world.slices}

    def right(model, name):
        return np.mean(model.predict(world.X_eval[masks[name]]) == world.y_eval[masks[name]])

    assert right(clean, "north") > 0.9 and right(hit, "north") < 0.5
    assert right(hit, "south") > right(clean, "south") - 0.1


def test_what_cannot_be_aimed_at(lot, source_of, examples_of):
    for parameters, key, words in (
        ({"slice": "nroth"}, "tactics.t.slice", "no slice 'nroth'"),
        ({"slice": "north", "spare": ["ann", "eve"]}, "tactics.t.spare.1", "no slice 'eve'"),
        ({"slice": "north", "to": "c9"}, "tactics.t.to", "no class 'c9'"),
    ):
        with pytest.raises(DataError, match=words) as caught:
            changed(lot, **parameters)
        assert caught.value.place.key == key and caught.value.remedy
    ratings = SyntheticRatings(users=20, items=12, ratings=6, slices=Slices(by="column", column="group"))
    world = ratings.world(Path(), {"t": Targeted(slice="group group A")})
    assert 0 < np.mean(world.variants[0].y != world.y) < 0.5
    with pytest.raises(DataError, match="is not near to others") as caught:
        ratings.world(Path(), {"t": Targeted(slice="group group A", reach=0.5)})
    assert caught.value.place.key == "tactics.t.reach"
    held = examples_of(12, owner=np.repeat(["ann", "bob"], 6), half=[*"aaaaaaaaaaab"])
    source = source_of(held, slices=Slices(half={"column": "half", "equals": "b", "owner": "bob"}))
    seed = 0
    while True:  # until the one example is an audit example, and the slice is one at all
        try:
            source.model_copy(update={"seed": seed}).world(Path())
            break
        except DataError:
            seed += 1
    with pytest.raises(DataError, match="no training example fits the slice 'half'") as caught:
        source.model_copy(update={"seed": seed}).world(Path(), {"t": Targeted(slice="half", reach=0.5)})
    assert caught.value.place.key == "tactics.t.slice"
