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
from dataleverage.grid.metrics import Column
from dataleverage.grid.table import Table
from dataleverage.measure.scaling import by_size, diagonal, fit, predict, sample
from dataleverage.scenario.load import loads

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


# ------------------------------------------------------------------ more rows than can be enumerated


class Law:
    """Scores in closed form: a − b m^−c of k equal objects, and what each object adds, which over all rows of a size is 0."""

    path = "worked out by a formula"

    def __init__(self, effects, each=20, a=0.9, b=2.0, c=0.6):
        self.columns = tuple(Column(name, name, "accuracy", "audit", 1) for name in ("all", "loss"))
        self.effects, self.each, self.truth = effects - effects.mean(), each, {"a": a, "b": b, "c": c}
        self.asked = 0

    def at(self, m):
        return self.truth["a"] - self.truth["b"] * m ** -self.truth["c"]

    def scores(self, rows, weights=None):
        self.asked += len(rows)
        held = rows.sum(axis=1, dtype=float)
        curve = np.where(held > 0, self.at(np.maximum(held, 1) * self.each), 0.1)
        first = curve + rows @ self.effects
        return np.stack([first, 1 - first], axis=1)


def lawful(n, seed=0, scale=0.02, each=20):
    law = Law(np.random.default_rng(seed).normal(scale=scale, size=n), each)
    return dl.Grid(tuple(f"o{j}" for j in range(n)), law, sizes=[each] * n), law


@pytest.mark.parametrize(("n", "budget"), [(24, 2000), (24, 400), (60, 1000)])
def test_the_interval_of_a_sampled_fit_holds_a_law_that_is_known(n, budget):
    runs = 100
    inside, widths, ends, asked = [], [], [], []
    for seed in range(runs):
        grid, law = lawful(n, seed)
        table = sample(grid, budget=budget, seed=seed)
        asked.append(law.asked)
        line = fit(Table(table.rows, table.scores[:, :1], table.objects, ("all",), sizes=table.sizes)).loc["all"]
        inside.append([line[f"{name} low"] <= law.truth[name] <= line[f"{name} high"] for name in "abc"])
        widths.append(line["a high"] - line["a low"])
        ends.append(line["a"])
    mirrored = fit(table).loc["loss"]  # the same curve upside down
    assert [mirrored["a"], mirrored["c"]] == pytest.approx([1 - line["a"], line["c"]], abs=1e-5)
    assert max(asked) <= budget and min(asked) > 0.9 * budget
    covered = np.mean(inside, axis=0)
    # Student's t for the few sizes there are makes them a little wide; linearised, they are near 95 % and not exactly.
    assert covered.min() > 0.95 - 0.03 - 3 * math.sqrt(0.95 * 0.05 / runs), covered
    assert np.median(widths) < 1.7 * 2 * 1.96 * np.std(ends)  # and not by saying little


def test_a_sample_holds_each_object_as_often_as_any_other():
    """Not as rows cut off in the middle of a size, which lack the first objects."""
    grid, _ = lawful(24)
    table = sample(grid, budget=2000, seed=3)
    held = table.rows.sum(axis=1)
    assert sorted(set(held.tolist())) == [1, 2, 3, 4, 6, 8, 10, 13, 18, 24]
    for size in (4, 10, 18):
        drawn = table.rows[held == size]
        count, share = len(drawn), size / 24
        assert len(np.unique(drawn, axis=0)) == count > 150
        off = (drawn.mean(axis=0) - share) / math.sqrt(share * (1 - share) / count)
        assert np.abs(off).max() < 4.5
    means = by_size(table)
    means = means[means.column == "all"].set_index("objects")
    assert means.loc[1, "rows"] == 24 and means.loc[2, "rows"] < math.comb(24, 2) and means.loc[24, "rows"] == 1
    assert means.loc[[1, 24], "error"].tolist() == [0, 0]


def test_the_error_of_a_mean_is_how_far_means_of_other_samples_are():
    """Without putting back: half of all pairs are nearer to the mean of all than as many drawn anew."""
    grid, law = lawful(12, each=5)
    found = [by_size(sample(grid, budget=240, seed=seed)) for seed in range(300)]
    found = [each[each.column == "all"].set_index("objects") for each in found]
    for size in (2, 5, 8):
        means = np.array([each.loc[size, "score"] for each in found])
        said = np.array([each.loc[size, "error"] for each in found])
        assert found[0].loc[size, "rows"] < math.comb(12, size)
        assert abs(means.mean() - law.at(size * 5.0)) < 4.5 * means.std() / math.sqrt(300)
        assert math.sqrt((said**2).mean()) == pytest.approx(means.std(ddof=1), rel=0.15)


def test_a_sample_of_few_rows_is_of_four_sizes_and_says_little():
    grid, law = lawful(24)
    table = sample(grid, budget=8)
    assert law.asked == 8 and len(fit(table)) == 2
    again, other = sample(lawful(24)[0], budget=8), sample(lawful(24)[0], budget=8, seed=1)
    assert (table.rows == again.rows).all() and not (table.rows == other.rows).all()
    with pytest.raises(GridError, match="7 rows cannot show 4 sizes") as caught:
        sample(grid, budget=7)
    assert caught.value.place.key == "budget" and "8 rows" in caught.value.remedy


def test_of_few_objects_a_sample_is_all_rows():
    grid, _ = lawful(6)
    table, every = sample(grid, budget=200), grid.unveil()
    assert len(table) == len(np.unique(table.rows, axis=0)) == 63  # the empty row says nothing of a curve
    pd.testing.assert_frame_equal(by_size(table), by_size(every))
    pd.testing.assert_frame_equal(fit(table), fit(every))


def test_what_cannot_be_sampled():
    cells = dl.Grid.from_table(pd.DataFrame({"s": [0.1, 0.9]}, index=["", "A"]))
    for source in (cells, cells.unveil()):
        with pytest.raises(GridError, match="a table of cells trains no rows"):
            sample(source)
    with pytest.raises(GridError, match="a str trains no rows"):
        sample("cells")


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
        assert found.loc[size, "rows"] == len(score[size]) and found.loc[size, "error"] == 0
    assert found.loc[1, "score"] > found.loc[1, "everyone"] + 0.1  # people who hold few classes are judged on these alone


def owners(count):
    """A ridge classifier on the digits of so many owners, each with a column of its own."""
    text = f"""
title: Many owners
rounds: 1
data:
  kind: sklearn
  name: digits
  objects: {{by: label_skew, alpha: 0.5, count: {count}}}
  holdout: {{audit: 0.4}}
  slices: {{by: owner}}
  seed: 1
learner: {{kind: ridge_classifier, alpha: 1.0}}
creators: [{{name: owners, count: {count}}}]
operators: [{{name: vendor}}]
"""
    return loads(text).grid()


def test_a_sampled_diagonal_is_as_sure_as_it_says():
    """Of ten owners, all rows can be had too."""
    grid = owners(10)
    exact = diagonal(grid).set_index("objects")["score"]
    off = []
    for seed in range(60):
        found = diagonal(grid, budget=200, seed=seed).set_index("objects")
        some = found[found.rows < [math.comb(10, size) for size in found.index]]
        assert found["rows"].sum() <= 200 and (found.drop(some.index)["error"] == 0).all()
        assert (some["error"] > 0).all() and some.index.tolist() == [2, 3, 4, 5, 7, 8][-len(some) :]
        off.append((some["score"] - exact[some.index]) / some["error"])
    spread = np.sqrt((np.array(off) ** 2).mean(axis=0))
    assert np.abs(np.mean(off, axis=0)).max() < 4.5 / math.sqrt(60) and spread.min() > 0.7 and spread.max() < 1.35
    assert grid.trained <= 2**10 + 2


def test_a_diagonal_beyond_what_can_be_enumerated():
    grid = owners(24)
    found = diagonal(grid, budget=300).set_index("objects")
    assert grid.trained <= 300 + 2 and found.index[-1] == 24 and found.loc[10, "error"] > 0
    everyone = grid.scores(grid.full_row)[0, 0]
    assert found.loc[24, ["score", "everyone", "error"]].tolist() == pytest.approx([everyone, everyone, 0])


def test_what_has_no_diagonal(owners_grid):
    with pytest.raises(GridError, match="a mean over examples"):
        diagonal(owners_grid("balanced_accuracy"))
    with pytest.raises(GridError, match="a table has no owners"):
        diagonal(dl.Grid.from_table(pd.DataFrame({"s": [0.1, 0.9]}, index=["", "A"])))
    learner = dl.learners.NearestCentroid()
    plain = dl.Grid.from_arrays([[0.0], [1.0]], [0, 1], [0, 1], [[0.0]], [0], learner=learner)
    with pytest.raises(GridError, match="a column for each owner"):
        diagonal(plain)
