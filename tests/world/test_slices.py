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


@pytest.mark.parametrize("slices", [{"rare": {"lable": 1}}, {"rare": 1}, {"by": "owners"}, {"rare": {"transform": "stmp"}}])
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


SHIFT = {"kind": "set", "features": {0: 9.0, 1: -9.0}}


def plain(world):
    """The evaluation pool without the examples that are made for slices: those of `all`."""
    return masks(world)["all"]


@pytest.fixture(scope="module")
def pooled(world_with):
    """The same world without and with slices that make examples of their own."""
    both = {"by": "owner", "rare": {"label": "c0"}}
    made = {
        "moved": {"transform": SHIFT},
        "planted": {"transform": SHIFT, "target": "c2", "owner": "bob"},
        "last": {"label": "c1"},
        "called": {"label": "c1", "target": "c0"},
        "hers": {"held": "zoe"},
        "hers moved": {"held": "zoe", "label": "c0", "transform": SHIFT, "target": "c1"},
    }
    return world_with(both), world_with({**both, **made})


def test_made_examples_are_of_their_slice_alone(pooled):
    without, world = pooled
    found = masks(world)
    assert list(found) == [*masks(without), "moved", "planted", "last", "called", "hers", "hers moved"]
    known = len(without.y_eval)
    assert plain(world)[:known].all() and not plain(world)[known:].any()
    for name in ("X_eval", "y_eval", "audit", "eval_object"):
        assert np.array_equal(getattr(world, name)[:known], getattr(without, name))
        assert getattr(world, name).dtype == getattr(without, name).dtype
    for name, mask in masks(without).items():
        assert np.array_equal(found[name][:known], mask) and not found[name][known:].any()
    made = [found[name] for name in ("moved", "planted", "called", "hers", "hers moved")]
    assert np.array_equal(np.sum(made, axis=0), ~plain(world)) and not found["last"][known:].any()
    assert (world.eval_owner[known:] == -1).all() and np.array_equal(world.sizes, without.sizes)
    assert np.array_equal(world.X, without.X) and world.fingerprint != without.fingerprint


def test_made_examples_are_what_the_slice_says(pooled):
    without, world = pooled
    found = masks(world)
    moved = without.X_eval.copy()
    moved[:, 0], moved[:, 1] = 9, -9
    bob, ones, zoe = without.eval_owner == 1, without.y_eval == 1, world.object_of == 2
    for name, X, y, audit in (
        ("moved", moved, without.y_eval, without.audit),
        ("planted", moved[bob], np.full(bob.sum(), 2), without.audit[bob]),
        ("called", without.X_eval[ones], np.zeros(ones.sum()), without.audit[ones]),
        ("hers", world.X[zoe], world.y[zoe], np.zeros(zoe.sum(), dtype=bool)),
    ):
        assert np.array_equal(world.X_eval[found[name]], X), name
        assert np.array_equal(world.y_eval[found[name]], y) and np.array_equal(world.audit[found[name]], audit)
    her_zeros = world.X[zoe & (world.y == 0)]
    assert np.array_equal(world.X_eval[found["hers moved"]][:, 2], her_zeros[:, 2])
    assert (world.X_eval[found["hers moved"]][:, :2] == [9, -9]).all() and (world.y_eval[found["hers moved"]] == 1).all()
    assert {part.name: part.part for part in world.slices if part.part} == {"hers": "monitor", "hers moved": "monitor"}


def test_examples_of_a_number_can_count_as_another(examples_of, source_of):
    slices = Slices.model_validate({"low": {"target": -3}})
    world = source_of(examples_of(regression=True), slices=slices).world(HERE)
    low = masks(world)["low"]
    assert (world.y_eval[low] == -3).all() and low.sum() == plain(world).sum() and world.y_eval.dtype == np.float64


@pytest.mark.parametrize(
    ("slices", "key", "words"),
    [
        ({"t": {"transform": "stamp"}}, "data.slices.t.transform", "no pixels to stamp"),
        ({"t": {"transform": {"kind": "set", "features": {"age": 1}}}}, "data.slices.t.transform.features.age", "no feature"),
        ({"t": {"transform": SHIFT, "target": "c9"}}, "data.slices.t.target", "no class 'c9'"),
        ({"t": {"transform": SHIFT, "label": "c9"}}, "data.slices.t.label", "no class 'c9'"),
        ({"t": {"held": "eve"}}, "data.slices.t.held", "no object 'eve'"),
        ({"t": {"held": "ann", "owner": "bob"}}, "data.slices.t", "holds no training example"),
        ({"t": {"held": "ann", "column": "half"}}, "data.slices.t", "go together"),
        ({"t": {"transform": SHIFT, "column": "half", "equals": 3}}, "data.slices.t", "holds no audit example"),
    ],
)
def test_what_cannot_be_made_is_an_error_with_its_key(world_with, slices, key, words):
    with pytest.raises(DataError, match=words) as caught:
        world_with(slices)
    assert caught.value.place.key == key and caught.value.remedy
