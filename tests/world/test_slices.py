from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from dataleverage.errors import DataError
from dataleverage.world.dataset import Examples
from dataleverage.world.objects import ByColumn
from dataleverage.world.slices import Slices

HERE = Path()


@pytest.fixture(scope="module")
def world_with(examples_of, source_of):
    """A function of `slices` as in a file, that gives the world."""
    owner, half = np.repeat(["ann", "bob", "zoe"], 60), np.tile(["1", "2", "True"], 60)
    examples = examples_of(180, owner=owner, half=half, spare=np.repeat("x", 180))
    return lambda slices, **more: source_of(examples, slices=Slices.model_validate(slices), **more).world(HERE)


def masks(world):
    return {part.name: part.mask for part in world.slices}


def test_all_comes_first_and_is_all(world_with):
    world = world_with({})
    assert list(masks(world)) == ["all"] and masks(world)["all"].all()


@pytest.mark.parametrize(
    ("by", "names", "key"),
    [
        ("owner", ["ann", "bob", "zoe"], lambda world: world.eval_owner),
        ("object", ["ann", "bob", "zoe"], lambda world: world.eval_object),
        ("label", ["label c0", "label c1", "label c2"], lambda world: world.y_eval),
    ],
)
def test_each_slice_holds_its_own(world_with, by, names, key):
    world = world_with({"by": by})
    found = masks(world)
    assert list(found) == ["all", *names]
    for i, name in enumerate(names):
        assert np.array_equal(found[name], key(world) == i) and found[name].any()
    assert [part.owner for part in world.slices] == [None, *(range(3) if by == "owner" else [None] * 3)]


def test_by_column_parts_the_pool(world_with):
    found = masks(world_with({"by": "column", "column": "half"}))
    assert list(found) == ["all", "half 1", "half 2", "half True"]
    assert (np.sum([mask for name, mask in found.items() if name != "all"], axis=0) == 1).all()


def test_by_object_and_by_owner_differ_where_owners_have_several(examples_of, source_of):
    owner = np.repeat(["ann", "bob"], 60)
    part = np.char.add(owner, np.tile([" 1", " 2"], 60))
    source = source_of(examples_of(120, owner=owner, part=part), objects=ByColumn(column="part"), slices=Slices(by="owner"))
    world = source.world(HERE)
    found = masks(world)
    assert list(found) == ["all", "ann", "bob"] and world.objects == ("ann 1", "ann 2", "bob 1", "bob 2")
    assert np.array_equal(found["ann"], world.eval_object < 2) and np.array_equal(found["bob"], ~found["ann"])


def test_named_slices_fit_every_condition(world_with):
    named = {
        "rare": {"label": "c0"},
        "hers": {"owner": "ann"},
        "one": {"column": "half", "equals": 1},
        "yes": {"column": "half", "equals": True},
        "both": {"label": "c1", "owner": "zoe", "column": "half", "equals": "2"},
    }
    world = world_with(named)
    found, both = masks(world), masks(world_with({"by": "column", "column": "half"}))
    assert list(found) == ["all", *named]
    assert np.array_equal(found["rare"], world.y_eval == 0) and np.array_equal(found["hers"], world.eval_owner == 0)
    assert np.array_equal(found["one"], both["half 1"]) and np.array_equal(found["yes"], both["half True"])
    assert np.array_equal(found["both"], (world.y_eval == 1) & (world.eval_owner == 2) & both["half 2"])


@pytest.mark.parametrize(
    ("slices", "key", "words"),
    [
        ({"rare": {"label": "c9"}}, "data.slices.rare.label", "no class 'c9'"),
        ({"hers": {"owner": "eve"}}, "data.slices.hers.owner", "no owner 'eve'"),
        ({"one": {"column": "hal", "equals": 1}}, "data.slices.one.column", "no column 'hal'"),
        ({"one": {"column": "half"}}, "data.slices.one", "go together"),
        ({"one": {"equals": 1}}, "data.slices.one", "go together"),
        ({"one": {"column": "half", "equals": 3}}, "data.slices.one", "holds no audit example"),
        ({"all": {"label": "c0"}}, "data.slices.all", "there is a slice 'all' already"),
        ({"by": "owner", "ann": {"label": "c0"}}, "data.slices.ann", "there is a slice 'ann' already"),
        ({"by": "column"}, "data.slices", "needs the column's name"),
        ({"by": "column", "column": "hlaf"}, "data.slices.column", "no column 'hlaf'"),
        ({"column": "half"}, "data.slices.column", "is for `by: column`"),
        ({"by": "owner", "column": "half"}, "data.slices.column", "is for `by: column`"),
    ],
)
def test_what_cannot_be_is_an_error_with_its_key(world_with, slices, key, words):
    with pytest.raises(DataError, match=words) as caught:
        world_with(slices)
    assert caught.value.place.key == key and caught.value.remedy


def test_numbers_have_no_labels(examples_of, source_of):
    examples = examples_of(regression=True)
    for slices, key in ((Slices(by="label"), "data.slices.by"), (Slices(low={"label": 1}), "data.slices.low.label")):
        with pytest.raises(DataError) as caught:
            source_of(examples, slices=slices).world(HERE)
        assert caught.value.place.key == key and caught.value.remedy


def test_an_owner_called_all_is_an_error(examples_of, source_of):
    examples = examples_of(120, owner=np.tile(["all", "ann"], 60))
    with pytest.raises(DataError, match="called 'all'") as caught:
        source_of(examples, slices=Slices(by="owner")).world(HERE)
    assert caught.value.place.key == "data.slices.by"


@pytest.mark.parametrize("slices", [{"rare": {"lable": 1}}, {"rare": 1}, {"by": "owners"}, {"rare": {"transform": "stamp"}}])
def test_unknown_keys_are_refused(slices):
    with pytest.raises(ValidationError):
        Slices.model_validate(slices)


@pytest.mark.parametrize("by", ["owner", "object", "column"])
def test_a_slice_for_each_of_very_many_is_refused_before_it_is_made(examples_of, source_of, by):
    count = 30_000
    examples = examples_of(count, owner=[f"o{i // 3}" for i in range(count)])
    slices = {"by": by, "column": "owner"} if by == "column" else {"by": by}
    with pytest.raises(DataError, match=f"one for each {by}, of") as caught:
        source_of(examples, slices=slices).world(HERE)
    assert caught.value.place.key == "data.slices.by" and "label" in caught.value.remedy


def test_ratings_have_no_labels_and_slices_by_column(source_of):
    X = np.array([[u, i] for u in range(8) for i in range(9)], dtype=float)
    values = {"group": np.repeat(["north", "south"], 36), "user": X[:, 0].astype(int).astype(str)}
    examples = Examples(X, np.arange(72) % 5 + 1.0, "rating", values=values, users=8, items=9)
    for slices, key in ((Slices(by="label"), "data.slices.by"), (Slices(low={"label": 1}), "data.slices.low.label")):
        with pytest.raises(DataError) as caught:
            source_of(examples, slices=slices).world(HERE)
        assert caught.value.place.key == key and caught.value.remedy
    world = source_of(examples, slices=Slices(by="column", column="group", first={"column": "user", "equals": 0})).world(HERE)
    assert [part.name for part in world.slices] == ["all", "group north", "group south", "first"]
    assert np.array_equal(world.slices[1].mask, world.X_eval[:, 0] < 4)
    assert np.array_equal(world.slices[3].mask, world.X_eval[:, 0] == 0)
    owned = source_of(examples, slices=Slices(by="owner")).world(HERE)
    assert [part.name for part in owned.slices[1:]] == [f"user {u}" for u in range(8)]
    assert np.array_equal(owned.slices[3].mask, owned.X_eval[:, 0] == 2)
