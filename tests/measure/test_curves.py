from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error

import dataleverage as dl
from dataleverage.errors import GridError, MissingCell
from dataleverage.grid.table import Table
from dataleverage.measure.curves import acquisition, effective_data, strike

NAMES = tuple("ABCDEF")
SIZES = (3, 8, 1, 5, 9, 4)


def lattice(n):
    return np.array([[i >> j & 1 for j in range(n)] for i in range(2**n)], dtype=np.uint8)


def drawn(n, seed, metric="accuracy"):
    scores = np.random.default_rng(seed).normal(size=(2**n, 2))
    return Table(lattice(n), scores, NAMES[:n], ("x", "y"), metrics=(metric, metric), sizes=SIZES[:n])


def cells(table):
    """Scores by the set of who is there."""
    return {frozenset(np.flatnonzero(row).tolist()): score for row, score in zip(table.rows, table.scores, strict=True)}


def test_a_cell_that_is_no_number_stops_what_it_decides():
    table = drawn(3, 0)
    scores = table.scores.copy()
    scores[6, 1] = np.nan
    broken = Table(table.rows, scores, table.objects, table.columns, table.metrics, table.sizes)
    for order in ("random", "greedy", "worst"):
        assert strike(broken, order, column="x").loc[0, "x"] == scores[7, 0]
        with pytest.raises(GridError, match="1 cell is not a finite number: BC on y"):
            strike(broken, order, column="y")
    with pytest.raises(GridError, match="BC on y"):
        acquisition(broken, ["B", "C"], column="y")
    with pytest.raises(GridError, match="BC on y"):
        effective_data(broken, "AB", column="y")


games = given(n=st.integers(2, 6), seed=st.integers(0, 9999), metric=st.sampled_from(["accuracy", "rmse"]))


@settings(max_examples=30, deadline=None)
@games
def test_the_random_curves_are_means_over_all_rows_of_a_size(n, seed, metric):
    table = drawn(n, seed, metric)
    known, total = cells(table), sum(SIZES[:n])
    down, up = strike(table, most=n), acquisition(table)
    assert down.index.name == "struck" and up.index.name == "held"
    assert down.index.tolist() == up.index.tolist() == list(range(n + 1))
    assert len(strike(table)) == n  # all but one leave, unless told otherwise
    for held in range(n + 1):
        groups = list(combinations(range(n), held))
        mean = np.mean([known[frozenset(group)] for group in groups], axis=0)
        share = np.mean([sum(SIZES[j] for j in group) for group in groups]) / total
        for line, expected in ((up.loc[held], share), (down.loc[n - held], 1 - share)):
            assert line[["x", "y"]].tolist() == pytest.approx(mean.tolist(), abs=1e-9)
            assert line["share"] == pytest.approx(expected, abs=1e-12) and line["rows"] == math.comb(n, held)
    assert not {"x low", "x high"} & set(down.columns)


@settings(max_examples=30, deadline=None)
@games
def test_the_worst_and_the_best_row_of_each_size(n, seed, metric):
    table = drawn(n, seed, metric)
    known, sign = cells(table), -1 if metric == "rmse" else 1
    down, up = strike(table, "worst", column="y"), acquisition(table, "best", column="y")
    for held in range(1, n):
        groups = [frozenset(group) for group in combinations(range(n), held)]
        worst = min(groups, key=lambda group: sign * known[group][1])
        best = max(groups, key=lambda group: sign * known[group][1])
        for line, group in ((down.loc[n - held], worst), (up.loc[held], best)):
            assert line["row"] == "".join(NAMES[j] for j in sorted(group)) and line["rows"] == len(groups)
            assert line[["x", "y"]].tolist() == known[group].tolist()


@settings(max_examples=30, deadline=None)
@games
def test_greedy_goes_where_it_hurts_or_helps_most_now(n, seed, metric):
    table = drawn(n, seed, metric)
    known, sign = cells(table), -1 if metric == "rmse" else 1
    down, up = strike(table, "greedy"), acquisition(table, "greedy")
    here = frozenset(range(n))
    for struck in range(1, n):
        left = min(here, key=lambda j: sign * known[here - {j}][0])
        here -= {left}
        assert down.loc[struck, "object"] == NAMES[left] and down.loc[struck, ["x", "y"]].tolist() == known[here].tolist()
        assert down.loc[struck, "rows"] == n - struck + 1
    here = frozenset()
    for held in range(1, n + 1):
        came = max(set(range(n)) - here, key=lambda j: sign * known[here | {j}][0])
        here |= {came}
        assert up.loc[held, "object"] == NAMES[came] and up.loc[held, "y"] == known[here][1]
        assert up.loc[held, "share"] == pytest.approx(sum(SIZES[j] for j in here) / sum(SIZES[:n]))


def test_a_given_order():
    table = drawn(4, 1)
    known = cells(table)
    down = strike(table, ["C", "A"])
    assert down["object"].tolist()[1:] == ["C", "A"] and down["x"].tolist() == [
        known[frozenset(group)][0] for group in ({0, 1, 2, 3}, {0, 1, 3}, {1, 3})
    ]
    assert len(strike(table, ["C", "A", "B"], most=1)) == 2
    up = acquisition(table, ("D", "B"))
    assert up["y"].tolist() == [known[frozenset(group)][1] for group in (set(), {3}, {1, 3})]


X, Y = load_diabetes(return_X_y=True)


def ridge(objects, train=240):
    """A ridge regression of rmse, measured on everyone else."""
    groups = np.arange(train) % objects
    learner = dl.learners.Ridge(alpha=0.1)
    return dl.Grid.from_arrays(X[:train], Y[:train], groups, X[train:], Y[train:], learner=learner), groups


def error(groups, held, train=240):
    inside = np.isin(groups, list(held))
    fitted = Ridge(alpha=0.1).fit(X[:train][inside], Y[:train][inside])
    return root_mean_squared_error(Y[train:], fitted.predict(X[train:]))


def test_curves_of_trained_models():
    """A loss, so that whose leaving hurts most is whose leaving raises it most."""
    grid, groups = ridge(5)
    here, down = set(range(5)), strike(grid, "greedy")
    for struck in range(1, 5):
        left = max(here, key=lambda j: error(groups, here - {j}))
        here -= {left}
        assert down.loc[struck, "object"] == str(left)
        assert down.loc[struck, "all"] == pytest.approx(error(groups, here), abs=1e-9)
    pairs = {pair: error(groups, pair) for pair in combinations(range(5), 2)}
    assert strike(grid).loc[3, "all"] == pytest.approx(np.mean(list(pairs.values())), abs=1e-9)
    worst = max(pairs, key=pairs.__getitem__)
    assert strike(grid, "worst").loc[3, "row"] == "+".join(map(str, worst))
    best = min(pairs, key=pairs.__getitem__)
    assert acquisition(grid, "best").loc[2, "row"] == "+".join(map(str, best))
    assert strike(grid.unveil()).equals(strike(grid))  # all 32 rows are within the sample


@pytest.mark.parametrize("samples", [4, 60])
def test_intervals_of_a_sample_hold_the_mean_of_all_rows(samples):
    grid, _ = ridge(11)
    truth = strike(grid.unveil())["all"]
    seeds = 200
    inside, means = [], []
    for seed in range(seeds):
        found = strike(grid, samples=samples, seed=seed, most=9)
        part = found[found["rows"] < [math.comb(11, struck) for struck in found.index]]
        assert (part["rows"] == samples).all() and found.drop(part.index)["all low"].isna().all()
        expected = truth[part.index]
        inside.append((part["all low"] <= expected) & (expected <= part["all high"]))
        means.append(part["all"])
    each, spread = np.mean(inside, axis=0), math.sqrt(0.95 * 0.05 / seeds)
    assert len(each) >= 6
    # Four rows of a skewed error say little of its spread: within 4 points; sixty are enough.
    assert abs(each.mean() - 0.95) < (0.04 if samples == 4 else 0.015)
    assert each.min() > 0.95 - (0.08 if samples == 4 else 4.5 * spread)
    off = (np.mean(means, axis=0) - expected) / (np.std(means, axis=0, ddof=1) / math.sqrt(seeds))
    assert np.abs(off).max() < 4.5


def test_thirty_objects_are_sampled():
    grid, groups = ridge(30)
    found = strike(grid, samples=40, most=3, seed=5)
    assert found["rows"].tolist() == [1, 30, 40, 40]  # one at a time there are only thirty
    alone = [error(groups, set(range(30)) - {j}) for j in range(30)]
    assert found.loc[1, "all"] == pytest.approx(np.mean(alone), abs=1e-9) and np.isnan(found.loc[1, "all low"])
    pairs = [error(groups, set(range(30)) - set(pair)) for pair in combinations(range(30), 2)]
    reach = found.loc[2, "all high"] - found.loc[2, "all"]
    assert abs(found.loc[2, "all"] - np.mean(pairs)) < 2.5 * reach
    expected = 2.02 * np.std(pairs) / math.sqrt(40) * math.sqrt(1 - 40 / 435)
    assert reach == pytest.approx(expected, rel=0.35)
    assert strike(grid, samples=40, most=3, seed=5).equals(found)
    assert not strike(grid, samples=40, most=3, seed=6).equals(found)
    with pytest.raises(GridError, match="there are 30,045,015 rows of 10 or of 20 objects"):
        strike(grid, "worst", most=10)
    assert grid.trained < 700  # it was refused before anything was trained for it


@pytest.mark.parametrize("metric", ["accuracy", "rmse"])
def test_effective_data_of_objects_that_are_alike(metric):
    """Where all objects are the same, a strike of k is worth a random strike of k."""
    rows = lattice(6)
    score = np.sqrt(rows.sum(axis=1)) * (1 if metric == "accuracy" else -1) + 3
    table = Table(rows, score[:, None], NAMES, ("v",), metrics=(metric,))
    for row, struck in (("ABCDEF", 0), ("BCDEF", 1), ("ACE", 3), ("F", 5), ("", 6)):
        assert effective_data(table, row) == pytest.approx(struck, abs=1e-12)


def test_effective_data_between_two_sizes():
    """A gives 4 and the others 1 each: without A is as bad as 4 of 8 gone, which takes 2.5 random ones of five."""
    rows = lattice(5)
    table = Table(rows, (rows @ [4.0, 1, 1, 1, 1])[:, None], NAMES[:5], ("v",))
    assert effective_data(table, "BCDE") == pytest.approx(2.5, abs=1e-12)
    assert effective_data(table, "ABCD") == pytest.approx(1 / 1.6, abs=1e-12)


def test_effective_data_where_nothing_is_lost_or_nothing_costs_as_much():
    rows = lattice(3)
    score = rows.sum(axis=1) * 1.0
    score[0b011], score[0b001] = 5.0, -9.0  # AB better than all, A worse than any mean
    table = Table(rows, score[:, None], NAMES[:3], ("v",))
    assert effective_data(table, "AB") == 0
    assert math.isnan(effective_data(table, "A"))


def test_what_is_no_curve():
    table = drawn(4, 0)
    for wrong in (0, 5):
        with pytest.raises(GridError, match=f"{wrong} of 4 objects cannot leave"):
            strike(table, most=wrong)
    with pytest.raises(GridError, match="cannot come"):
        acquisition(table, most=5)
    for curve, wrong in ((strike, "best"), (acquisition, "worst"), (strike, "AB"), (strike, 3)):
        with pytest.raises(GridError, match="there is no order") as caught:
            curve(table, wrong)
        assert ("worst" if curve is strike else "best") in caught.value.remedy
    with pytest.raises(GridError, match="'Z' is no object"):
        strike(table, ["A", "Z"])
    with pytest.raises(GridError, match="'A' is named twice"):
        acquisition(table, ["A", "B", "A"])
    with pytest.raises(GridError, match="no column 'z'"):
        strike(table, column="z")
    for wrong in (0, -3):
        with pytest.raises(GridError, match="cannot stand for all"):
            strike(table, samples=wrong)
    for curve in (strike, acquisition, lambda frame: effective_data(frame, "A")):
        with pytest.raises(GridError, match="not off a DataFrame"):
            curve(table.frame)
    with pytest.raises(GridError, match="not off a grid"):
        effective_data(ridge(3)[0], "0")


def test_holes():
    table = drawn(4, 0)
    part = Table(table.rows[:-2], table.scores[:-2], table.objects, table.columns)
    with pytest.raises(MissingCell, match="no cells for ABCD"):
        strike(part)
    with pytest.raises(MissingCell, match="no cells for BCD, ABCD\n"):
        effective_data(part, "AB")
    few = Table(table.rows[[3]], table.scores[[3]], table.objects, table.columns)
    with pytest.raises(MissingCell, match="no cells for the empty row, A, B, C, AC, BC, ABC, D and 7 more"):
        effective_data(few, "AB")
    with pytest.raises(MissingCell, match="no cells for BCD"):
        acquisition(part)
    assert len(acquisition(part, most=2)) == 3


@pytest.mark.parametrize("name", ["share", "rows", "object", "row"])
def test_a_slice_that_has_a_name_of_the_curve_s_own_is_refused(name):
    table = Table(lattice(3), np.arange(16.0).reshape(8, 2), tuple("ABC"), ("all", name))
    for curve in (strike, acquisition):
        with pytest.raises(GridError, match=f"a column is called '{name}'"):
            curve(table)


def test_points_spread_over_the_sizes_show_the_same_curve():
    table = drawn(6, 2)
    for order in ("random", "worst"):
        whole, some = strike(table, order, most=6), strike(table, order, most=6, points=3)
        assert some.index.tolist() == [0, 1, 4, 6] and some.index.name == "struck"
        assert some.equals(whole.loc[[0, 1, 4, 6]])
    assert acquisition(table, points=1).index.tolist() == [0, 6]
    assert strike(table, points=100).equals(strike(table))  # there are no more sizes than there are
    with pytest.raises(GridError, match="0 points are no curve") as caught:
        strike(table, points=0)
    assert caught.value.place.key == "points"
    for order in ("greedy", ["A", "B"]):
        with pytest.raises(GridError, match="goes one object at a time") as caught:
            strike(table, order, points=3)
        assert caught.value.remedy
    with pytest.raises(GridError, match="there is no order 'best'"):
        strike(table, "best", points=3)
