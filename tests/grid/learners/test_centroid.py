from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn import neighbors

from dataleverage.errors import GridError
from dataleverage.grid.learners.centroid import NearestCentroid
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.world.world import object_names

WORLDS = [
    "breast cancer",
    "breast cancer, poisoned",
    "collinear",
    "few examples, many features",
    "wine",
    "wine, poisoned",
    "digits",
    "rare",
]


def fitted(row):
    """scikit-learn's; None where it refuses: examples that are all alike."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # constant features, and classes of one example
        return neighbors.NearestCentroid().fit(row.X, row.y) if np.ptp(row.X, axis=0).any() else None


def agrees(mine, row, X_eval):
    """Differences of squared distances agree, and labels wherever the nearest two are not equally far up to rounding."""
    labels = np.flatnonzero(row.present)
    squared = cdist(X_eval, [row.X[row.y == k].mean(axis=0) for k in labels], "sqeuclidean")
    size = squared.max()
    near = np.sort(squared, axis=1)
    clear = near[:, 1] - near[:, 0] > 1e-9 * size
    assert np.array_equal(mine.argmax(axis=1)[clear], labels[squared.argmin(axis=1)][clear])
    if (model := fitted(row)) is not None:
        assert np.array_equal(mine.argmax(axis=1)[clear], model.predict(X_eval)[clear])
    apart = squared - squared[:, :1]
    given = mine[:, labels[:1]] - mine[:, labels]  # in units of the pool's spread
    if apart.any():
        assert given * (np.vdot(given, apart) / np.vdot(given, given)) == pytest.approx(apart, abs=1e-8 * size)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", WORLDS)
def test_predicts_as_sklearn_on_every_row(rows_of, decisions, world_named, name):
    world = world_named(name)
    rows = rows_of(world, most=14)
    for row, mine in zip(rows, decisions(world, NearestCentroid(), rows), strict=True):
        agrees(mine, row, world.X_eval)


@settings(max_examples=15, deadline=None)
@given(
    train=st.integers(5, 30),
    features=st.sampled_from([1, 2, 6, 300]),
    classes=st.integers(2, 4),
    offset=st.sampled_from([0.0, 1e4]),
    size=st.sampled_from([1e-6, 1.0, 1e6]),
    flip=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_labels_agree_for_all_shapes(world_of, rows_of, decisions, train, features, classes, offset, size, flip, seed):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, train + 5 - classes)])
    X = rng.normal(size=(train + 5, features)) + y[:, None] + offset
    X[:, -1] = np.where(features > 1, 0.1, X[:, -1])  # constant
    world = world_of(X * size, y, train=train, objects=4, flip=flip, seed=seed)
    rows = rows_of(world, most=8)
    assume(rows)
    for row, mine in zip(rows, decisions(world, NearestCentroid(), rows), strict=True):
        agrees(mine, row, world.X_eval)


def test_objects_of_one_example_each(world_named, rows_of, decisions):
    lone = {"object_of": np.arange(7), "objects": object_names(7), "owners": (), "owner_of": None}
    wine = world_named("wine")
    world = replace(wine, X=wine.X[:7], y=wine.y[:7], **lone)
    rows = rows_of(world, most=40)
    for row, mine in zip(rows, decisions(world, NearestCentroid(), rows), strict=True):
        agrees(mine, row, world.X_eval)


def test_equal_means_go_to_the_lowest_class(world_of, rows_of):
    X = np.tile([[1.0, 2.0], [3.0, -1.0]], (12, 1))
    world = world_of(X, np.repeat([1, 0], 12), train=18, objects=3)
    world = replace(world, X=np.full_like(world.X, 0.1))
    rows = np.concatenate([row.row for row in rows_of(world)])
    scores = TrainedOracle(world, NearestCentroid(), columns_of(world, "accuracy")[:1]).scores(rows)
    assert (scores == np.mean(world.y_eval[world.audit] == 0)).all()


def test_small_features_are_no_ties(world_named, rows_of):
    world = world_named("wine")
    small = replace(world, X=world.X * 1e-9, X_eval=world.X_eval * 1e-9)
    rows = np.concatenate([row.row for row in rows_of(world)])
    columns = columns_of(world, "accuracy")
    scores = TrainedOracle(small, NearestCentroid(), columns).scores(rows)
    assert np.array_equal(scores, TrainedOracle(world, NearestCentroid(), columns).scores(rows))


def test_it_gives_no_probabilities(world_named):
    world = world_named("wine")
    with pytest.raises(GridError, match="gives no probability"):
        TrainedOracle(world, NearestCentroid(), columns_of(world, "log_loss"))


@pytest.mark.parametrize("name", WORLDS)
def test_weights_are_repeated_examples(rows_of, weighted, decisions, world_named, name):
    world = world_named(name)
    rows = weighted(world, rows_of(world, most=14), whole=True)
    thirds = [replace(row, weights=row.weights / 3) for row in rows]  # only ratios count
    for row, mine, third in zip(
        rows, decisions(world, NearestCentroid(), rows), decisions(world, NearestCentroid(), thirds), strict=True
    ):
        X, y = row.repeated
        agrees(mine, replace(row, X=X, y=y), world.X_eval)
        agrees(third, replace(row, X=X, y=y), world.X_eval)
