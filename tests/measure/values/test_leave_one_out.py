from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_wine
from sklearn.linear_model import RidgeClassifier

import dataleverage as dl
from dataleverage.errors import GridError, MissingCell
from dataleverage.grid.rows import all_rows
from dataleverage.grid.table import Table
from dataleverage.measure.values.leave_one_out import leave_group_out, leave_one_out

ABCD = Path(__file__).parents[3] / "scenarios" / "abcd.yaml"


def test_the_memo_s_leave_one_out():
    grid = dl.load(ABCD).grid()
    values = leave_one_out(grid.unveil(), objects=["B"])
    assert values.loc["B", "B"] == pytest.approx(0.88 - 0.55) and round(values.loc["B", "B"], 12) == 0.33
    assert values.loc["B"].to_dict() == pytest.approx({"A": 0.14, "B": 0.33, "C": 0.03, "D": 0.02})


def test_rows_that_are_not_known_are_nan_or_an_error():
    table = dl.load(ABCD).grid().unveil()
    values = leave_one_out(table)
    assert values.index.tolist() == list("ABCD") and values.index.name == "object"
    assert values.isna().all(axis=1).tolist() == [True, False, True, False]
    assert values.loc["D", "D"] == pytest.approx(0.82 - 0.52)
    with pytest.raises(MissingCell, match="BCD"):
        leave_one_out(table, objects=["B", "A"])
    with pytest.raises(MissingCell, match="no cells for AD"):
        leave_one_out(table, base="AD")
    with pytest.raises(MissingCell, match="no cells for B, A"):
        leave_one_out(table, base="AB")


def test_another_base_row():
    table = dl.load(ABCD).grid().unveil()
    values = leave_one_out(table, base="ABC", objects=["C"])
    assert values.loc["C"].to_dict() == pytest.approx({"A": 0.03, "B": 0.08, "C": 0.30, "D": 0.14})
    with pytest.raises(GridError, match="'D' is not in the row 'ABC'") as caught:
        leave_one_out(table, base="ABC", objects=["C", "D"])
    assert "A, B, C" in caught.value.remedy
    for wrong in ({"objects": ["E"]}, {"base": "ABE"}):
        with pytest.raises(GridError):
            leave_one_out(table, **wrong)


@given(n=st.integers(1, 5), seed=st.integers(0, 1000), data=st.data())
def test_brute_force_on_any_game(n, seed, data):
    worth = np.random.default_rng(seed).normal(size=(2**n, 2))
    names = tuple("ABCDE"[:n])
    table = Table(all_rows(n), worth, names, ("x", "y"))
    base = data.draw(st.integers(1, 2**n - 1))
    inside = [j for j in range(n) if base >> j & 1]
    values = leave_one_out(table, base="".join(names[j] for j in inside))
    assert values.index.tolist() == [names[j] for j in inside]
    for j in inside:
        assert values.loc[names[j]].tolist() == (worth[base] - worth[base - (1 << j)]).tolist()


def test_a_cell_that_is_no_number_is_named_and_a_row_that_is_not_known_is_nan():
    scores = np.arange(16.0).reshape(8, 2)
    scores[5, 1], scores[1, 0] = np.nan, np.inf  # AC on y, and A on x, which leaving one of three out never looks at
    known = np.array([0, 1, 3, 4, 5, 7])  # BC is missing
    table = Table(all_rows(3)[known], scores[known], tuple("ABC"), ("x", "y"))
    with pytest.raises(GridError, match="1 cell is not a finite number: AC on y\n"):
        leave_one_out(table)
    with pytest.raises(GridError, match="AC on y"):
        leave_one_out(table, objects=["B"])
    with pytest.raises(GridError, match="AC on y"):
        leave_one_out(table, base="AC", objects=["A"])
    with pytest.raises(GridError, match="1 cell is not a finite number: A on x\n"):
        leave_group_out(table, {"late": ["B", "C"], "last": ["C"]})
    assert leave_one_out(table, objects=["C"]).loc["C"].tolist() == [14 - 6, 15 - 7]
    scores[5, 1] = 0.0
    mended = Table(all_rows(3)[known], scores[known], tuple("ABC"), ("x", "y"))
    values = leave_one_out(mended)
    assert values.loc["A"].isna().all() and values.loc[["B", "C"]].notna().all(axis=None)


def test_a_poisoned_base_row():
    frame = pd.DataFrame({"s": [0.9, 0.4, 0.7]}, index=["AB*", "B*", "A"])
    values = leave_one_out(dl.Grid.from_table(frame).unveil(), base="AB*")
    assert values["s"].to_dict() == pytest.approx({"A": 0.5, "B": 0.2})


def test_brute_force_on_trained_models():
    X, y = load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order], y[order]
    groups = np.arange(100) % 5
    half = np.arange(78) % 2 == 0
    grid = dl.Grid.from_arrays(
        X[:100], y[:100], groups, X[100:], y[100:], slices={"half": half}, learner=dl.learners.RidgeClassifier()
    )

    def score(keep):
        right = RidgeClassifier().fit(X[:100][keep], y[:100][keep]).predict(X[100:]) == y[100:]
        return np.array([right.mean(), right[half].mean()])

    values = dl.values.leave_one_out(grid.unveil())
    assert list(values.columns) == ["all", "half"]
    full = score(np.ones(100, dtype=bool))
    for j in range(5):
        assert values.loc[str(j)].to_numpy() == pytest.approx(full - score(groups != j), abs=1e-12)
    assert values.to_numpy().any()
