from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dataleverage.world.lot import Lot
from dataleverage.world.objects import ByColumn
from dataleverage.world.slices import Slices


@pytest.fixture(scope="module")
def lots(examples_of, source_of):
    """Training examples and pool, of examples that say by their third feature which they are, and a made slice."""
    owner = np.repeat(["ann", "bob"], 60)
    part = np.char.add(owner, np.tile([" 1", " 2"], 60))
    examples = examples_of(120, owner=owner, part=part)
    examples.X[:, 2] = np.arange(120)
    slices = Slices.model_validate({"called": {"target": "c1"}})
    world = source_of(examples, objects=ByColumn(column="part"), slices=slices).world(Path())
    training = Lot.training(world, examples.values, world.X[:, 2].astype(np.int64), slices)
    pool = np.flatnonzero(~np.isin(np.arange(120), training.where))
    return examples, training, training.evaluation(pool)


def test_each_example_is_told_by_its_place_in_the_source(lots):
    examples, training, pool = lots
    assert sorted([*training.where, *pool.where]) == list(range(120))
    for lot in (training, pool, training[np.array([3, 1])], pool[pool.y == 1]):
        assert np.array_equal(lot.X[:, 2], lot.where) and np.array_equal(lot.y, examples.y[lot.where])
        assert len(lot) == len(lot.where) == len(lot.object_of)
        assert np.array_equal(np.array(lot.world.owners)[lot.owner], examples.values["owner"][lot.where])
        assert np.array_equal(np.array(lot.world.objects)[lot.object_of], examples.values["part"][lot.where])
        assert lot.clean is training


def test_the_pool_leaves_out_what_is_made_for_slices(lots):
    pool = lots[2]
    assert len(pool.world.y_eval) == 2 * len(pool)


def test_examples_of_nobody_have_no_owner(lots):
    from dataclasses import replace

    lot = replace(lots[2], object_of=np.where(np.arange(len(lots[2])) % 2, lots[2].object_of, -1))
    assert (lot.owner[::2] == -1).all() and (lot.owner[1::2] >= 0).all()
