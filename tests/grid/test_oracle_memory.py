from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from dataleverage.grid.grid import Grid
from dataleverage.grid.learners.centroid import NearestCentroid
from dataleverage.grid.learners.naive_bayes import GaussianNB
from dataleverage.grid.learners.ridge import RidgeClassifier
from dataleverage.world.world import Slice, World, object_names


def wide_world(features: int = 8) -> World:
    """Five classes and 600 evaluation examples: decision values of a row take 24 kB, and everything else little."""
    rng = np.random.default_rng(0)
    y = np.arange(1000) % 5
    X = rng.normal(size=(1000, features)) + rng.normal(size=(5, features))[y]
    return World(
        task="classification",
        X=X[:400],
        y=y[:400],
        object_of=np.arange(400) % 12,
        objects=object_names(12),
        X_eval=X[400:],
        y_eval=y[400:],
        audit=np.ones(600, dtype=bool),
        eval_object=np.full(600, -1),
        slices=(Slice("all", np.ones(600, dtype=bool)),),
        classes=tuple("abcde"),
    )


def traced(learner, metrics, rows, memory, workers) -> tuple[int, int]:
    """Bytes that an oracle has prepared, and the most that there are, these included, while it scores rows."""
    tracemalloc.start()
    try:
        world = wide_world()
        oracle = Grid.of_world(
            world, learner, [("all", m) for m in metrics], memory=memory, workers=workers, path="batches"
        ).oracle
        oracle.scores(rows[:2])
        prepared = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        oracle.scores(rows)
        return prepared, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_grids_train_as_they_are_asked_to():
    world = wide_world()
    arrays = (world.X, world.y, world.object_of, world.X_eval, world.y_eval)
    grid = Grid.from_arrays(*arrays, learner=RidgeClassifier(), memory=2**20, workers=1, path="loop")
    assert (grid.oracle.memory, grid.oracle.workers) == (2**20, 1)
    again = Grid.from_arrays(*arrays, learner=RidgeClassifier())
    assert np.array_equal(grid.scores(grid.full_row), again.scores(again.full_row))
    assert grid.oracle.path == "one by one: as was asked for"


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("learner", "metrics"),
    [
        (RidgeClassifier(), ["accuracy", "balanced_accuracy"]),
        (NearestCentroid(), ["accuracy"]),
        (GaussianNB(), ["accuracy", "log_loss", "auc"]),
    ],
)
def test_memory_bounds_what_is_scored_together_whatever_the_number_of_rows(learner, metrics, workers):
    rows = np.random.default_rng(1).integers(0, 2, (3000, 12)).astype(np.uint8)
    peaks = {}
    for memory in (2**21, 2**23):
        for count in (750, 3000):
            prepared, peaks[memory, count] = traced(learner, metrics, rows[:count], memory, workers)
            kept = 8 * count * len(metrics)  # the scores
            listed = count * (8 * 12 + 64)  # where rows stand, and how many examples they have
            assert peaks[memory, count] < memory + prepared + kept + listed
        assert peaks[memory, 3000] - peaks[memory, 750] < 2250 * (8 * len(metrics) + 8 * 12 + 64) + memory / 8
    for count in (750, 3000):
        assert peaks[2**23, count] - peaks[2**21, count] > 2**20
