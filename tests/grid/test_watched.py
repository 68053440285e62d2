from __future__ import annotations

import pickle

import numpy as np
import pytest

from dataleverage.grid.grid import Grid
from dataleverage.grid.learners.ridge import RidgeClassifier
from dataleverage.grid.rows import all_rows
from dataleverage.grid.watched import Watched


@pytest.fixture
def grid() -> Grid:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    y = (X[:, 0] > 0).astype(int)
    return Grid.from_arrays(X[:60], y[:60], np.arange(60) % 5, X[60:], y[60:], learner=RidgeClassifier())


def test_every_row_that_is_asked_for_is_told_trained_or_known_and_the_grid_is_the_same(grid):
    told: list[int] = []
    watched = Watched(grid, told.append)
    rows = all_rows(5)
    scores = watched.scores(rows[:20])
    assert sum(told) == 20 and grid.trained == watched.trained == 20
    np.testing.assert_array_equal(grid.scores(rows[:20]), scores)
    assert sum(told) == 20, "who asks the grid itself is not told of"
    trained: list[int] = []
    watched.scores(rows[10:], progress=trained.append)
    assert sum(told) == 42 and sum(trained) == 12 and grid.trained == 32
    assert len(watched.unveil()) == 32 and sum(told) == 74


def test_a_pickled_copy_is_a_grid_with_what_was_known(grid):
    watched = Watched(grid, lambda count: None)
    watched.scores(all_rows(5))
    copy = pickle.loads(pickle.dumps(watched))
    assert type(copy) is Grid and len(copy.store) == 32
    np.testing.assert_array_equal(copy.scores(all_rows(5)), grid.scores(all_rows(5)))
    assert copy.trained == grid.trained == 32
