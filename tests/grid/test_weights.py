from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import linear_model

from dataleverage.errors import GridError
from dataleverage.grid.grid import Grid
from dataleverage.grid.learner import pool_of
from dataleverage.grid.learners import (
    GaussianNB,
    KNeighborsClassifier,
    LogisticRegression,
    RidgeClassifier,
    Sklearn,
)
from dataleverage.grid.rows import all_rows, keys
from dataleverage.grid.weights import as_weights, joined, parted

REFUSED = [
    (np.ones(4), r"weights have shape \(4,\)"),
    (np.ones((3, 5)), r"weights have shape \(3, 5\)"),
    (1.0, r"weights have shape \(\)"),
    ([1, 1, -0.1, 1, 1], "the weight of object 2 is -0.1"),
    ([1, 1, 1, np.nan, 1], "the weight of object 3 is nan"),
    ([np.inf, 1, 1, 1, 1], "the weight of object 0 is inf"),
    ([1, 1, "half", 1, 1], "these are no weights"),
    ([[1, 1, 1, 1, 1], [1, 1]], "these are no weights"),
]


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 9), count=st.integers(0, 12), seed=st.integers(0, 10**6))
def test_one_form_for_rows_that_are_the_same(n, count, seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 4, (count, n)).astype(np.uint8)
    weights = rng.choice([0.0, -0.0, 0.5, 1.0, 2.0], (count, n))
    kept, w, plain = as_weights(weights, rows)
    there = (rows > 0) & (weights > 0)
    assert np.array_equal(kept, np.where(there, rows, 0)) and np.array_equal(w, np.where(there, weights, 0))
    assert not np.signbit(w).any()
    assert plain.tolist() == [bool((weights[i][there[i]] == 1).all()) for i in range(count)]
    again = as_weights(np.where(there, weights, rng.random((count, n))), kept)
    assert joined(*again[:2]).tobytes() == joined(kept, w).tobytes()
    back = parted(joined(kept, w))
    assert np.array_equal(back[0], kept) and np.array_equal(back[1], w)
    assert len(set(keys(joined(kept, w)))) == len(np.unique(np.concatenate([kept, w], axis=1), axis=0))


@pytest.mark.parametrize(("weights", "says"), REFUSED)
def test_what_is_no_weight_is_refused(world_named, weights, says):
    grid = Grid.of_world(world_named("wine, poisoned"), RidgeClassifier())
    with pytest.raises(GridError, match=says) as caught:
        grid.scores(np.ones((2, 5), dtype=int), weights)
    assert caught.value.place.key == "weights" and caught.value.remedy
    assert grid.trained == 0


def test_tables_and_learners_that_cannot_weigh_refuse_by_name(world_named):
    table = Grid.from_table(pd.DataFrame({"all": [0.5, 0.9]}, index=["A", "AB"]))
    with pytest.raises(GridError, match="a table of cells") as caught:
        table.scores([[1, 0]], [1.0, 1.0])
    assert caught.value.remedy
    world = world_named("wine")
    for learner, name in (
        (KNeighborsClassifier(), "k_neighbors_classifier"),
        (Sklearn("NearestCentroid"), "NearestCentroid"),
    ):
        grid = Grid.of_world(world, learner)
        with pytest.raises(GridError, match=name) as caught:
            grid.scores(grid.full_row, np.ones(6))
        assert caught.value.remedy and caught.value.place.key.startswith("learner")
        with pytest.raises(GridError, match=name):
            grid.oracle.decide(grid.full_row, np.full((1, 6), 0.5))
    assert KNeighborsClassifier().weighs is False
    predict = KNeighborsClassifier().prepare(pool_of(world), "label")
    with pytest.raises(GridError, match="k_neighbors_classifier"):
        predict(np.ones((1, 6), dtype=np.uint8), np.ones((1, 6)))


@pytest.mark.parametrize("learner", [RidgeClassifier(), LogisticRegression(preprocess="standardize"), GaussianNB()])
def test_weights_of_one_are_the_plain_row_and_zero_is_absence(world_named, learner, tmp_path):
    world = world_named("wine, poisoned")
    rows = np.random.default_rng(0).integers(0, 3, (30, 5)).astype(np.uint8)
    grid, other = Grid.of_world(world, learner), Grid.of_world(world, learner)
    plain = grid.scores(rows)
    trained = grid.trained
    assert np.array_equal(grid.scores(rows, np.ones(5)), plain)
    noise = np.where(rows > 0, 1.0, np.random.default_rng(1).random(rows.shape))  # of absent objects
    assert np.array_equal(grid.scores(rows, noise), plain)
    absent = np.random.default_rng(2).integers(0, 2, rows.shape)
    assert np.array_equal(grid.scores(rows, absent), other.scores(rows * absent))
    assert grid.trained == len(grid.store) and len(grid.weighted_store) == 0
    assert grid.trained > trained


def reference(world, row, weights):
    """(C,): accuracies of scikit-learn's ridge on a row with weights."""
    X, y, w = world.X.copy(), world.y.copy(), weights[world.object_of]
    for v, variant in enumerate(world.variants):
        poisoned = row[world.object_of] == v + 2
        X[poisoned], y[poisoned] = variant.X[poisoned], variant.y[poisoned]
    inside = (row[world.object_of] > 0) & (w > 0)
    if not inside.any():
        label = np.full(len(world.y_eval), np.bincount(world.y).argmax())
    elif len(np.unique(y[inside])) == 1:
        label = np.full(len(world.y_eval), y[inside][0])
    else:
        label = linear_model.RidgeClassifier().fit(X[inside], y[inside], sample_weight=w[inside]).predict(world.X_eval)
    right = label == world.y_eval
    parts = {part.name: part.mask for part in world.slices}
    return right, parts


def test_cells_with_weights_are_those_of_sklearn_and_paid_once(world_named):
    world = world_named("wine, poisoned")
    grid = Grid.of_world(world, RidgeClassifier())
    rng = np.random.default_rng(4)
    rows = rng.integers(0, 3, (60, 5)).astype(np.uint8)
    weights = rng.choice([0.0, 0.25, 1.0, 3.0], (60, 5))
    expected = []
    for row, w in zip(rows, weights, strict=True):
        right, parts = reference(world, row, w)
        expected.append([right[parts[c.slice] & (world.audit == (c.part == "audit"))].mean() for c in grid.columns])
    order = rng.permutation(np.repeat(np.arange(60), 2))
    seen = []
    got = grid.scores(rows[order], weights[order], progress=seen.append)
    assert np.abs(got - np.array(expected)[order]).max() < 1e-12
    kept, w, _ = as_weights(weights, rows)
    assert grid.trained == len(np.unique(np.concatenate([kept, w], axis=1), axis=0)) == sum(seen)
    trained = grid.trained
    assert np.array_equal(grid.scores(rows, weights), got[np.argsort(order, kind="stable")[::2]])
    assert grid.trained == trained
    alike = np.tile(weights[0], (60, 1))
    assert np.array_equal(grid.scores(rows, weights[0]), Grid.of_world(world, RidgeClassifier()).scores(rows, alike))


def test_relabelling_objects_permutes_nothing_but_them(world_named):
    world = world_named("wine, poisoned")
    order = np.random.default_rng(0).permutation(5)
    moved = replace(world, object_of=np.argsort(order)[world.object_of], objects=tuple(world.objects[j] for j in order))
    rng = np.random.default_rng(1)
    rows, weights = rng.integers(0, 3, (40, 5)), rng.random((40, 5)) * 3
    for learner in (RidgeClassifier(), GaussianNB(), LogisticRegression(preprocess="standardize")):
        expected = Grid.of_world(world, learner).scores(rows, weights)
        assert np.array_equal(Grid.of_world(moved, learner).scores(rows[:, order], weights[:, order]), expected)


def test_a_store_never_takes_a_weighted_row_for_a_plain_one_or_another(world_named, tmp_path):
    world, path = world_named("wine"), tmp_path / "cells.db"
    rows = all_rows(6)
    plain = Grid.of_world(world, RidgeClassifier()).keep_in(path)
    plain.scores(rows)
    light, rng = np.full((64, 6), 1e-3), np.random.default_rng(0)  # so light that the penalty changes many scores
    mixed = rng.choice([1.0, 0.5], (64, 6))
    fresh = Grid.of_world(world, RidgeClassifier())
    expected = fresh.scores(rows, light), fresh.scores(rows, mixed)
    assert (expected[0] != plain.scores(rows)).any(axis=1).sum() > 20
    first = Grid.of_world(world, RidgeClassifier()).keep_in(path)
    assert np.array_equal(first.scores(rows, light), expected[0]) and np.array_equal(first.scores(rows, mixed), expected[1])
    plain_again = (mixed == 1) | (rows == 0)
    known = int(plain_again.all(axis=1).sum())  # plain rows among them, which were kept
    assert known > 1 and first.from_disk == known
    again = Grid.of_world(world, RidgeClassifier()).keep_in(path)
    assert np.array_equal(again.scores(rows, mixed), expected[1]) and np.array_equal(again.scores(rows), plain.scores(rows))
    assert again.trained == 0
    assert len(again.disk) == 64 and len(again.weighted_disk) == first.trained
