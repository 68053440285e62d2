from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from dataleverage.grid.rows import all_rows, onehot
from dataleverage.grid.surrogate import Additive, NeighbourMean


@st.composite
def known_rows(draw):
    """Distinct rows of n objects in up to three ways, their scores, rows to predict and the number of ways."""
    n, n_present = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rows = np.unique(rng.integers(0, n_present + 1, (draw(st.integers(1, 20)), n)).astype(np.uint8), axis=0)
    return rows, rng.normal(size=(len(rows), 2)), rng.integers(0, n_present + 1, (9, n)).astype(np.uint8), n_present


@given(known_rows())
def test_the_nearest_known_rows_are_averaged(drawn):
    rows, scores, asked, _ = drawn
    predicted = NeighbourMean(rows, scores).predict(asked)
    for row, mine in zip(asked, predicted, strict=True):
        away = [int(sum(a != b for a, b in zip(row, other, strict=True))) for other in rows]
        nearest = [scores[i] for i, d in enumerate(away) if d == min(away)]
        assert mine == pytest.approx(np.mean(nearest, axis=0))
    assert np.array_equal(NeighbourMean(rows, scores).predict(rows), scores)


@given(known_rows())
def test_the_additive_datamodel_is_a_ridge_regression(drawn):
    rows, scores, asked, n_present = drawn
    model = Ridge(alpha=0.1, solver="svd").fit(onehot(rows, n_present), scores)
    expected = model.predict(onehot(asked, n_present)).reshape(len(asked), -1)
    mine = Additive(rows, scores, n_present)
    assert mine.predict(asked) == pytest.approx(expected, abs=1e-9)
    assert mine.effect == pytest.approx(model.coef_.T, abs=1e-9)


def test_an_additive_game_is_found_exactly():
    rows = all_rows(7)
    worth = np.random.default_rng(1).normal(size=(7, 3))
    predicted = Additive(rows[::2], rows[::2] @ worth, penalty=1e-9).predict(rows[:, :])
    known = rows[:, 0] == 0  # the first object is in no row that was fitted
    assert predicted[known] == pytest.approx(rows[known] @ worth, abs=1e-6)
    assert predicted[~known] == pytest.approx(rows[~known][:, 1:] @ worth[1:], abs=1e-6)


def test_one_known_row_is_enough():
    row, score = np.array([[1, 0]], dtype=np.uint8), np.array([[0.7]])
    for surrogate in (NeighbourMean(row, score), Additive(row, score)):
        assert surrogate.predict(all_rows(2)) == pytest.approx(np.full((4, 1), 0.7))
