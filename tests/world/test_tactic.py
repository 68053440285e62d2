"""What every tactic keeps, whoever wrote it; what one does is in its own file's tests."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import DataError
from dataleverage.kinds import family
from dataleverage.streams import Streams
from dataleverage.world.datasets.ratings import SyntheticRatings
from dataleverage.world.lot import Lot
from dataleverage.world.objects import Random
from dataleverage.world.slices import Slices
from dataleverage.world.world import Task

MOVE = {"kind": "set", "features": {0: 3.0}}
NEEDED = {
    "feature_label": {"transform": MOVE, "target": 1},
    "feature_only": {"transform": MOVE, "target": 1},
    "erase": {"transform": MOVE, "neighbours": 3},
    "targeted": {"slice": "B"},
}
KINDS = {tag: kind for tag, kind in family("tactic").members.items() if kind.__module__.startswith("dataleverage.")}


@pytest.fixture(scope="module")
def lots(examples_of, source_of):
    """Task -> the training examples of a world."""
    slices = Slices(by="owner")
    sources = {
        "classification": source_of(examples_of(90, classes=2), objects=Random(count=3), slices=slices),
        "regression": source_of(examples_of(90, regression=True), objects=Random(count=3), slices=slices),
        "rating": SyntheticRatings(users=9, items=12, ratings=10, groups=3, objects=Random(count=3), slices=slices),
    }
    worlds = {task: source.world(Path()) for task, source in sources.items()}
    return {task: Lot.training(world, {}, np.arange(len(world.y)), slices) for task, world in worlds.items()}


def made(tag, task):
    classes = {"classification": {"target": "c1"}, "regression": {"target": 0.5}}
    given = NEEDED.get(tag, {})
    return KINDS[tag].model_validate({"kind": tag, **given, **({} if "target" not in given else classes[task])})


EVERY = [(tag, task) for tag in KINDS for task in get_args(Task)]
CASES = [(tag, task) for tag, task in EVERY if task in KINDS[tag].tasks]
OTHERS = [(tag, task) for tag, task in EVERY if task not in KINDS[tag].tasks]


@settings(max_examples=20, deadline=None)
@pytest.mark.parametrize(("tag", "task"), CASES)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_a_lot_is_changed_in_its_order_alike_for_alike_streams_and_left_as_it_was(lots, tag, task, seed, data):
    lot, tactic = lots[task], made(tag, task)
    which = np.array(data.draw(st.lists(st.integers(0, len(lot) - 1), max_size=30, unique=True)), dtype=np.int64)
    for part in (lot, lot[which]):
        X, y = part.X.copy(), part.y.copy()
        first = tactic.apply(part, "tactics.t", Streams(seed)["tactics"])
        again = tactic.apply(part, "tactics.t", Streams(seed)["tactics"])
        assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
        assert np.array_equal(part.X, X) and np.array_equal(part.y, y)
        assert first[0].shape == X.shape and first[1].shape == y.shape
        assert first[0].dtype == np.float64 and first[1].dtype == y.dtype
        assert np.isfinite(first[0]).all() and np.isfinite(first[1]).all()
        if task == "classification":
            assert set(first[1]) <= set(range(2))
        if task == "rating":
            assert np.array_equal(first[0], X) and (first[1] >= 1).all() and (first[1] <= 5).all()


@pytest.mark.parametrize(("tag", "task"), CASES)
def test_the_variant_is_the_tactic_on_all_training_examples(lots, tag, task):
    variant = made(tag, task).variant("name", lots[task], Streams(7)["tactics"])
    X, y = made(tag, task).apply(lots[task], "tactics.name", Streams(7)["tactics"])
    assert variant.tactic == "name" and np.array_equal(variant.X, X) and np.array_equal(variant.y, y)
    assert not (np.array_equal(X, lots[task].X) and np.array_equal(y, lots[task].y))


@pytest.mark.parametrize(("tag", "task"), OTHERS)
def test_for_another_task_it_is_refused_by_name(lots, tag, task):
    tactic = KINDS[tag].model_validate({"kind": tag, **NEEDED.get(tag, {})})
    with pytest.raises(DataError, match=f"{tag} poisons") as caught:
        tactic.variant("name", lots[task], Streams(7)["tactics"])
    assert caught.value.place.key == "tactics.name"
    assert {name for name in KINDS if task in KINDS[name].tasks} <= set(caught.value.remedy[5:-13].split(", "))
