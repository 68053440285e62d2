from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import RidgeClassifier

import dataleverage as dl
from dataleverage.errors import GridError
from dataleverage.grid.table import Table
from dataleverage.measure.scaling import by_size, diagonal, fit, predict

NAMES = tuple("ABCDEFGHIJ")


def lattice(n):
    return np.array([[i >> j & 1 for j in range(n)] for i in range(2**n)], dtype=np.uint8)


def steps(scores, sizes=(30,) * 10):
    """A table of one row of each size, with these scores."""
    rows = np.tril(np.ones((10, 10), dtype=np.uint8))
    return Table(rows, np.asarray(scores, dtype=float).reshape(10, -1), NAMES, ("v",), sizes=tuple(sizes))


M = np.arange(1, 11) * 30.0


@settings(max_examples=40, deadline=None)
@given(a=st.floats(-2, 2), b=st.floats(0.05, 20), sign=st.sampled_from([-1, 1]), c=st.floats(0.05, 3))
def test_an_exact_curve_is_found_again(a, b, sign, c):
    """Scores that rise to a, and losses that fall to it."""
    table = steps(a - sign * b * (M / 30) ** -c)
    found = fit(table)
    line = found.loc["v"]
    assert line["a"] == pytest.approx(a, abs=1e-4 * (1 + b))
    assert line["b"] == pytest.approx(sign * b * 30**c, rel=1e-3)
    assert line["c"] == pytest.approx(c, rel=1e-3, abs=1e-5)
    assert line["deviation"] < 1e-6 * b and line["sizes"] == 10
    for examples in (30, 100, 300):
        assert predict(found, examples)["v"] == pytest.approx(a - sign * b * (examples / 30) ** -c, abs=1e-6 * (1 + b))


def test_an_exact_curve_of_a_complete_table():
    """All rows of a size alike: their mean is the curve."""
    rows = lattice(7)
    with np.errstate(divide="ignore"):
        score = np.where(rows.any(axis=1), 0.9 - 2.0 * (rows.sum(axis=1) * 20.0) ** -0.6, 0.1)
    table = Table(rows, score[:, None], NAMES[:7], ("v",), sizes=(20,) * 7)
    line = fit(table).loc["v"]
    assert [line["a"], line["b"], line["c"]] == pytest.approx([0.9, 2.0, 0.6], rel=1e-4)
    assert (line["a high"] - line["a low"]) < 1e-6


@pytest.mark.parametrize("sign", [1, -1])
def test_intervals_hold_the_truth_as_often_as_they_say(sign):
    rng = np.random.default_rng(0)
    runs, truth = 200, {"a": 0.95, "b": sign * 2.0, "c": 0.5}
    exact = truth["a"] - truth["b"] * M ** -truth["c"]
    noisy = exact[:, None] + rng.normal(scale=0.002, size=(10, runs))
    rows = np.tril(np.ones((10, 10), dtype=np.uint8))
    found = fit(Table(rows, noisy, NAMES, tuple(f"v{i}" for i in range(runs)), sizes=(30,) * 10))
    for name, value in truth.items():
        inside = (found[f"{name} low"] <= value) & (value <= found[f"{name} high"])
        # Linearised: near 95 %, not exactly.
        assert 0.95 - 0.03 - 4 * math.sqrt(0.95 * 0.05 / runs) < inside.mean()
        assert np.isfinite(found[f"{name} low"]).mean() > 0.95
    from scipy.stats import t

    for name, value in truth.items():  # the same intervals at a level of one half, which they can miss on both sides
        reach = (found[f"{name} high"] - found[name]) * t.ppf(0.75, 7) / t.ppf(0.975, 7)
        assert (abs(found[name] - value) <= reach).mean() == pytest.approx(0.5, abs=0.14)
    some = Table(rows, noisy[:, :5], NAMES, tuple("abcde"), sizes=(30,) * 10)
    half, wide = fit(some, level=0.5), fit(some)
    scale = t.ppf(0.75, 7) / t.ppf(0.975, 7)
    np.testing.assert_allclose(half["c high"] - half["c"], (wide["c high"] - wide["c"]) * scale, rtol=1e-6)


def test_the_fit_is_the_least_squares():
    """Against a solver that searches all three parameters at once."""
    from scipy.optimize import curve_fit

    rng = np.random.default_rng(3)
    score = 0.8 - 1.5 * M**-0.7 + rng.normal(scale=0.003, size=10)
    line = fit(steps(score)).loc["v"]
    best, covariance = curve_fit(lambda m, a, b, c: a - b * m**-c, M, score, p0=(0.8, 1.5, 0.7), xtol=1e-14, ftol=1e-14)
    assert [line["a"], line["b"], line["c"]] == pytest.approx(best.tolist(), rel=1e-4)
    from scipy.stats import t

    reach = t.ppf(0.975, 7) * np.sqrt(np.diag(covariance))
    assert [line[f"{name} high"] - line[name] for name in "abc"] == pytest.approx(reach.tolist(), rel=1e-3)


@pytest.mark.parametrize("score", [np.full(10, 0.7), 0.1 * M, np.append(0.0, np.full(9, 1.0))])
def test_what_is_no_such_curve_bounds_nothing(score):
    line = fit(steps(score)).loc["v"]
    assert line["c low"] == -math.inf and line["c high"] == math.inf
    assert np.isfinite([line["a"], line["b"], line["c"]]).all()


def test_means_by_size_are_those_of_pandas():
    rng = np.random.default_rng(1)
    sizes = (5, 9, 2, 7, 30)
    poisoned = np.array([[2, 0, 1, 0, 0], [1, 1, 1, 1, 3]], dtype=np.uint8)
    rows = np.concatenate([lattice(5)[rng.permutation(32)[:29]], poisoned])
    table = Table(rows, rng.normal(size=(31, 2)), NAMES[:5], ("x", "y"), sizes=sizes)
    frame = pd.DataFrame(table.scores[:29], columns=["x", "y"])
    frame["objects"], frame["examples"] = rows[:29].sum(axis=1).astype(int), rows[:29] @ np.array(sizes)
    frame = frame[frame.objects > 0]
    found = by_size(table)
    for column in "xy":
        part = found[found.column == column].set_index("objects")
        by = frame.groupby("objects")
        pd.testing.assert_series_equal(part["score"], by[column].mean(), check_names=False)
        pd.testing.assert_series_equal(part["deviation"], by[column].std(), check_names=False)
        pd.testing.assert_series_equal(part["examples"], by["examples"].mean(), check_names=False)
        assert part["rows"].tolist() == by.size().tolist()


def test_strata_look_only_at_their_own():
    """Two kinds of objects with curves of their own, and rows of both that follow neither."""
    rows = lattice(10)
    of_kind = np.stack([rows[:, :5].sum(axis=1), rows[:, 5:].sum(axis=1)], axis=1) * 12.0
    with np.errstate(divide="ignore"):
        first, second = 0.9 - 1.0 * of_kind[:, 0] ** -0.5, 0.3 + 2.0 * of_kind[:, 1] ** -1.5
    score = np.where(of_kind[:, 1] == 0, first, np.where(of_kind[:, 0] == 0, second, 0.5))
    score[0] = 0
    table = Table(rows, score[:, None], NAMES, ("v",), sizes=(12,) * 10)
    found = fit(table, strata={"left": NAMES[:5], "right": NAMES[5:]})
    assert found.index.names == ["stratum", "column"]
    assert found.loc[("left", "v"), ["a", "b", "c"]].tolist() == pytest.approx([0.9, 1.0, 0.5], rel=1e-4)
    assert found.loc[("right", "v"), ["a", "b", "c"]].tolist() == pytest.approx([0.3, -2.0, 1.5], rel=1e-4)
    assert by_size(table, within=NAMES[:5])["rows"].tolist() == [5, 10, 10, 5, 1]


def test_what_cannot_be_fitted():
    table = Table(lattice(3), np.arange(8.0)[:, None], NAMES[:3], ("v",))
    with pytest.raises(GridError, match=r"needs rows of 4 sizes, and there are 3 \(objects: 1, 2, 3\)"):
        fit(table)
    with pytest.raises(GridError, match="there are 2 in left"):
        fit(table, strata={"left": ["A", "B"]})
    with pytest.raises(GridError, match="'Z' is no object"):
        fit(table, strata={"left": ["A", "Z"]})
    with pytest.raises(GridError, match="no probability"):
        fit(table, level=95)
    with pytest.raises(GridError, match="not off a DataFrame"):
        fit(table.frame)
    scores = table.scores.copy()
    scores[3] = np.nan
    with pytest.raises(GridError, match="1 cell is not a finite number: AB on v"):
        by_size(Table(table.rows, scores, table.objects, table.columns))


# ------------------------------------------------------------------ the diagonal


def test_the_diagonal_by_hand(owners_grid):
    """Each row's model, fitted by scikit-learn, on the audit examples of the very owners it holds data of."""
    grid = owners_grid("accuracy")
    world = grid.world
    score, everyone, examples = ({size: [] for size in range(1, 6)} for _ in range(3))
    for row in lattice(5)[1:]:
        held = row[world.object_of] > 0
        own = world.audit & (world.eval_object >= 0) & (row[world.eval_object] > 0)
        classes = np.unique(world.y[held])
        if len(classes) == 1:
            right = world.y_eval == classes[0]
        else:
            right = RidgeClassifier(alpha=1.0).fit(world.X[held], world.y[held]).predict(world.X_eval) == world.y_eval
        size = int(row.sum())
        everyone[size].append(right[world.audit].mean())
        examples[size].append(held.sum())
        if own.any():
            score[size].append(right[own].mean())
    found = diagonal(grid).set_index("objects")
    assert found.index.tolist() == [1, 2, 3, 4, 5]
    for size in range(1, 6):
        assert found.loc[size, "score"] == pytest.approx(np.mean(score[size]), abs=1e-9)
        assert found.loc[size, "everyone"] == pytest.approx(np.mean(everyone[size]), abs=1e-9)
        assert found.loc[size, "examples"] == pytest.approx(np.mean(examples[size]))
        assert found.loc[size, "rows"] == len(score[size])
    assert found.loc[1, "score"] > found.loc[1, "everyone"] + 0.1  # people who hold few classes are judged on these alone


def test_what_has_no_diagonal(owners_grid):
    with pytest.raises(GridError, match="a mean over examples"):
        diagonal(owners_grid("balanced_accuracy"))
    with pytest.raises(GridError, match="a table has no owners"):
        diagonal(dl.Grid.from_table(pd.DataFrame({"s": [0.1, 0.9]}, index=["", "A"])))
    learner = dl.learners.NearestCentroid()
    plain = dl.Grid.from_arrays([[0.0], [1.0]], [0, 1], [0, 1], [[0.0]], [0], learner=learner)
    with pytest.raises(GridError, match="a column for each owner"):
        diagonal(plain)
