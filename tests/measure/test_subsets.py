from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_wine
from sklearn.linear_model import RidgeClassifier

import dataleverage as dl
from dataleverage.errors import GridError, MissingCell
from dataleverage.grid.table import Table
from dataleverage.measure.subsets import budgeted, pareto, unlearning

NAMES = tuple("ABCDE")
SIZES = (4, 1, 7, 2, 4)


def lattice(n):
    return np.array([[i >> j & 1 for j in range(n)] for i in range(2**n)], dtype=np.uint8)


def drawn(n, seed, metrics=("accuracy", "rmse"), steps=None, known=None):
    """A table of normal scores, or of few different ones; with some rows only, the full one last, and a poisoned one."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(2**n, 2)) if steps is None else rng.integers(0, steps, size=(2**n, 2)) / steps
    kept = np.arange(2**n) if known is None else np.append(rng.permutation(2**n - 1)[:known], 2**n - 1)
    rows = np.concatenate([lattice(n)[kept], np.full((1, n), 2, dtype=np.uint8)])
    extreme = np.array([[9.0, -9.0]])  # the poisoned row is the best of all, and must not be seen
    return Table(rows, np.concatenate([scores[kept], extreme]), NAMES[:n], ("x", "y"), metrics, SIZES[:n])


def in_words(row):
    return "".join(name for name, there in zip(NAMES, row, strict=False) if there)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 5), seed=st.integers(0, 9999), column=st.sampled_from(["x", "y"]), steps=st.sampled_from([None, 3]))
def test_budgets_by_brute_force(n, seed, column, steps):
    table = drawn(n, seed, steps=steps)
    c, sign = "xy".index(column), 1 if column == "x" else -1
    found = budgeted(table, column=column)
    size = {in_words(row): int(row @ np.array(SIZES[:n])) for row in lattice(n)}
    score = {in_words(row): value for row, value in zip(table.rows[:-1], table.scores[:-1, c], strict=True)}
    assert found.index.tolist() == sorted(set(size.values())) and found.index.name == "budget"
    for budget, line in found.iterrows():
        best = max(sign * score[row] for row in size if size[row] <= budget)
        assert sign * line["score"] == best and line["regret"] == pytest.approx(sign * score[NAMES_OF[n]] - best, abs=1e-12)
        # Of rows as good, one with the fewest examples.
        assert (
            line["examples"] == size[line["row"]] == min(size[r] for r in size if sign * score[r] == best and size[r] <= budget)
        )
        assert score[line["row"]] == line["score"]


NAMES_OF = {n: "".join(NAMES[:n]) for n in range(1, 6)}


def test_budgets_that_are_named():
    table = drawn(3, 0)
    assert budgeted(table, [100, 0]).index.tolist() == [100, 0]
    assert budgeted(table, [0]).loc[0, "row"] == ""
    with pytest.raises(GridError, match="no row has at most -1"):
        budgeted(table, [-1])
    with pytest.raises(GridError, match="no column 'z'"):
        budgeted(table, column="z")
    without = Table(table.rows[:-2], table.scores[:-2], table.objects, table.columns)
    with pytest.raises(MissingCell, match="no cells for ABC"):
        budgeted(without)
    smallest = Table(table.rows[6:], table.scores[6:], table.objects, table.columns, table.metrics, table.sizes)
    with pytest.raises(GridError, match="no row has at most 1 ") as caught:
        budgeted(smallest, [1])
    assert "The smallest has 8." in caught.value.remedy


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 5),
    seed=st.integers(0, 9999),
    steps=st.sampled_from([None, 2, 4]),
    metrics=st.sampled_from([("accuracy", "accuracy"), ("accuracy", "rmse"), ("rmse", "log_loss")]),
    known=st.sampled_from([None, 1, 6]),
)
def test_the_front_by_brute_force(n, seed, steps, metrics, known):
    table = drawn(n, seed, metrics, steps, known)
    sign = np.array([1 if name == "accuracy" else -1 for name in metrics])
    gain = table.scores[:-1] * sign
    expected = set()
    for i, mine in enumerate(gain):
        if not any((other >= mine).all() and (other > mine).any() for other in gain):
            expected.add(in_words(table.rows[i]))
    found = pareto(table, "x", "y")
    assert set(found.index) == expected and len(found) == len(expected)
    assert (np.diff(found["x"] * sign[0]) <= 0).all() and list(found.columns) == ["x", "y"]
    assert (np.diff(found["y"] * sign[1]) >= 0).all()
    for row, line in found.iterrows():
        assert line.tolist() == table.frame.loc[row].tolist()


def test_a_front_of_columns_there_are_not():
    with pytest.raises(GridError, match="no column 'z'"):
        pareto(drawn(2, 0), "x", "z")


def test_cells_that_are_not_numbers_are_named_where_they_matter():
    table = drawn(3, 0)
    scores = table.scores.copy()
    scores[[0, 5], 1] = np.nan, np.inf
    broken = Table(table.rows, scores, table.objects, table.columns, table.metrics, table.sizes)
    for ask in (lambda: pareto(broken, "x", "y"), lambda: pareto(broken, "y", "x"), lambda: budgeted(broken, column="y")):
        with pytest.raises(GridError, match="2 cells are not finite numbers: the empty row on y, AC on y\n") as caught:
            ask()
        assert caught.value.remedy
    assert len(budgeted(broken, column="x")) and pareto(broken, "x", "x").index[0] == pareto(table, "x", "x").index[0]


def test_unlearning_is_measured_by_retraining():
    """A model that forgot nothing has all of the way to go, one that was retrained nothing, and one between a part."""
    X, y = load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    X, y, groups = X[order], y[order], np.minimum(y[order], 1) * 2 + np.arange(len(y)) % 2
    learner = dl.learners.RidgeClassifier(alpha=1.0)
    mask = y[90:] == 0
    grid = dl.Grid.from_arrays(X[:90], y[:90], groups[:90], X[90:], y[90:], slices={"first": mask}, learner=learner)

    def score(keep):
        right = RidgeClassifier(alpha=1.0).fit(X[:90][keep], y[:90][keep]).predict(X[90:]) == y[90:]
        return pd.Series({"all": right.mean(), "first": right[mask].mean()})

    before, after = score(np.ones(90, dtype=bool)), score(groups[:90] != 0)
    assert (before != after).all()
    table = grid.unveil()
    for candidate, left in ((before, 1.0), (after, 0.0), (0.25 * before + 0.75 * after, 0.25)):
        found = unlearning(table, ["0"], candidate)
        assert found.index.tolist() == ["all", "first"] and found.index.name == "column"
        assert found["left"].tolist() == pytest.approx([left, left], abs=1e-9)
        assert found["before"].tolist() == pytest.approx(before.tolist(), abs=1e-12)
        assert found["retrained"].tolist() == pytest.approx(after.tolist(), abs=1e-12)
        assert found["difference"].tolist() == pytest.approx((candidate - after).tolist(), abs=1e-12)


def test_forgetting_from_another_row():
    frame = pd.DataFrame({"x": [0.9, 0.6, 0.6, 0.2]}, index=["AB*C", "AB*", "B*C", "B*"])
    table = dl.Grid.from_table(frame).unveil()
    found = unlearning(table, ["A", "C"], pd.Series({"x": 0.55}), base="AB*C")
    assert found.loc["x"].tolist() == pytest.approx([0.9, 0.2, 0.55, 0.35, 0.5])
    assert np.isnan(unlearning(table, [], pd.Series({"x": 0.5}), base="AB*C").loc["x", "left"])
    with pytest.raises(MissingCell, match="no cells for ABC"):
        unlearning(table, ["A"], pd.Series({"x": 0.5}))
    with pytest.raises(GridError, match="'Z' is no object"):
        unlearning(table, ["Z"], pd.Series({"x": 0.5}), base="AB*C")
    with pytest.raises(GridError, match="no column 'q'"):
        unlearning(table, ["A"], pd.Series({"q": 0.5}), base="AB*C")


def test_what_a_model_claims_may_be_a_mapping_and_must_be_numbers():
    table = drawn(3, 0)
    series = unlearning(table, ["A"], pd.Series({"y": 0.25, "x": 0.5}))
    pd.testing.assert_frame_equal(unlearning(table, ["A"], {"y": 0.25, "x": 0.5}), series)
    for wrong, says in (
        ([0.5, 0.25], "scores by column are not a list"),
        ({"x": "high"}, "a score is a number: .*'high'"),
        ({"x": None}, "a score is a number"),
        ({"x": 0.5, "y": np.nan}, "no finite score is given for y"),
        (pd.Series({"x": np.inf, "y": np.nan}), "no finite score is given for x, y"),
    ):
        with pytest.raises(GridError, match=says) as caught:
            unlearning(table, ["A"], wrong)
        assert caught.value.place.key == "candidate" and "{column: score}" in caught.value.remedy


def test_cells_that_are_no_numbers_have_nothing_to_forget():
    table = drawn(3, 0)
    scores = table.scores.copy()
    scores[6, 1] = np.nan  # BC on y: what is left without A
    broken = Table(table.rows, scores, table.objects, table.columns, table.metrics, table.sizes)
    with pytest.raises(GridError, match="1 cell is not a finite number: BC on y\n"):
        unlearning(broken, ["A"], {"x": 0.5, "y": 0.5})
    pd.testing.assert_frame_equal(unlearning(broken, ["A"], {"x": 0.5}), unlearning(table, ["A"], {"x": 0.5}))
    assert unlearning(broken, ["B"], {"y": 0.5})["left"].notna().all()
