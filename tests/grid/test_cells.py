from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dataleverage as dl
from dataleverage.errors import GridError, MissingCell


def test_masks_become_rows_and_repeats_their_mean():
    masks = np.array([[1, 0, 1], [0, 1, 1], [1, 0, 1], [0, 0, 0]], bool)
    grid = dl.Grid.from_masks(masks, [0.5, 2.0, 0.7, -1.0])
    assert grid.objects == ("A", "B", "C") and grid.column_names == ("score",)
    assert grid.scores(grid.rows(["AC", "BC", ""])).tolist() == pytest.approx(np.array([[0.6], [2.0], [-1.0]]))
    assert len(grid.unveil()) == 3
    with pytest.raises(MissingCell, match="ABC"):
        grid.scores(grid.full_row)


def test_losses_and_several_columns_by_name():
    masks = [[1.0, 0.0], [1.0, 1.0]]
    grid = dl.Grid.from_masks(
        masks, [[3.0, 1.0], [2.0, 0.5]], objects=["web", "books"], columns=["law", "code"], metric="loss", floor=9.0
    )
    assert grid.rows(["web+books"]).tolist() == [[1, 1]]
    assert grid.unveil().sign.tolist() == [-1.0, -1.0]
    assert (grid.gap("code").floor, grid.gap("code").full) == (9.0, 0.5)
    assert dl.values.leave_one_out(grid.unveil(), objects=["books"]).loc["books", "law"] == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("masks", "margins", "more", "said"),
    [
        ([1, 0], [1.0], {}, "shape"),
        ([[1, 2]], [1.0], {}, "variant 2"),
        ([[0.5, 1.0]], [1.0], {}, "float64"),
        (np.empty((0, 3)), [], {}, "shape"),
        ([[1, 0]], [1.0, 2.0], {}, "expected 1 numbers"),
        ([[1, 0]], ["high"], {}, "not made of numbers"),
        ([[1, 0]], [np.nan], {}, "mask 0"),
        ([[1, 0]], [1.0], {"objects": ["a"]}, "1 objects are named"),
        ([[1, 0]], [1.0], {"objects": ["a", "a"]}, "two objects 'a'"),
        ([[1, 0]], [1.0], {"columns": ["x", "y"]}, "2 columns are named"),
        ([[1, 0]], [1.0], {"metric": "margin"}, "no metric"),
    ],
)
def test_what_does_not_fit_is_refused(masks, margins, more, said):
    with pytest.raises(GridError, match=said):
        dl.Grid.from_masks(masks, margins, **more)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 8), count=st.integers(1, 40))
def test_means_of_repeats_by_pandas(seed, n, count):
    import pandas as pd

    rng = np.random.default_rng(seed)
    masks, margins = rng.integers(0, 2, (count, n)), rng.normal(size=(count, 2))
    grid = dl.Grid.from_masks(masks, margins)
    frame = pd.DataFrame(margins).groupby(["".join(map(str, row)) for row in masks.tolist()]).mean()
    for row, expected in zip(frame.index, frame.to_numpy(), strict=True):
        assert grid.scores([[int(bit) for bit in row]])[0] == pytest.approx(expected)


def test_a_table_s_metric_cannot_be_trained():
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = (X[:, 0] > 0).astype(int)
    with pytest.raises(GridError, match="score is for tables of cells"):
        dl.Grid.from_arrays(X, y, np.arange(40) % 4, X, y, learner=dl.learners.RidgeClassifier(), metric="score")
