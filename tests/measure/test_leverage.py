from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.metrics import root_mean_squared_error

import dataleverage as dl
from dataleverage.errors import GapError, GridError
from dataleverage.measure.leverage import (
    by_share,
    deletion,
    duplication,
    of_strike,
    relative_change,
    share_of_gap,
    smallest_share,
    transfer,
)

# Data Strikes (Vincent, Hecht & Sen 2019): ML-1M, a strike of 30 %, hits x 100; strikers, others, everyone.
BEFORE, AFTER, BASELINE = np.array([23.227, 54.167, 77.393]), np.array([22.770, 53.917, 76.687]), 75.988


def test_data_strikes_as_a_share_of_the_gap():
    found = share_of_gap(AFTER, BEFORE, BASELINE, gap_full=BEFORE[2])
    assert (100 * found).round(1).tolist() == [-32.5, -17.8, -50.2]
    assert share_of_gap(AFTER[2], BEFORE[2], BASELINE) == pytest.approx(found[2])


def test_data_strikes_as_a_change_in_percent():
    assert (100 * relative_change(AFTER, BEFORE)).round(2).tolist() == [-1.97, -0.46, -0.91]
    of_percent = relative_change(AFTER[2], BEFORE[2], BASELINE)
    assert of_percent == pytest.approx(share_of_gap(AFTER[2], BEFORE[2], BASELINE))
    change, gap = (76.687 - 77.393) / 77.393, (77.393 - 75.988) / 77.393
    assert of_percent == pytest.approx(change / gap)


def test_the_powers_by_hand():
    """Guessing scores .5 and everything .9; the large firm is left with .8, the rival comes to .6."""
    assert duplication(0.6, 0.5, 0.9) == pytest.approx(0.25)
    assert deletion(0.8, 0.5, 0.9) == pytest.approx(0.25)
    assert transfer(0.6, 0.8, 0.5) == pytest.approx(1 / 3)
    # A loss: guessing costs 2 and everything 1; signs cancel.
    assert duplication(1.5, 2.0, 1.0) == pytest.approx(0.5) and deletion(1.25, 2.0, 1.0) == pytest.approx(0.25)
    assert duplication([0.5, 0.9], 0.5, 0.9).tolist() == pytest.approx([0, 1])


scores = st.floats(-100, 100)


@settings(max_examples=200, deadline=None)
@given(small=scores, large=scores, worst=scores, best=scores)
def test_transfer_is_duplication_over_what_is_left(small, large, worst, best):
    assume(abs(best - worst) > 1e-3 and abs(large - worst) > 1e-3)
    left = 1 - deletion(large, worst, best)
    expected = duplication(small, worst, best) / left
    assert transfer(small, large, worst) == pytest.approx(float(expected), rel=1e-6, abs=1e-9)


def test_a_gap_within_noise_is_refused_with_its_numbers():
    for power in (
        lambda error: duplication(0.51, 0.5, 0.52, error=error),
        lambda error: deletion(0.51, 0.5, 0.52, error=error),
        lambda error: transfer(0.51, 0.52, 0.5, error=error),
        lambda error: share_of_gap(0.51, 0.52, 0.5, error=error),
    ):
        assert np.isfinite(power(0.0099))
        with pytest.raises(GapError, match=r"the gap is 0\.02 ± 0\.0101: within noise") as caught:
            power(0.0101)
        assert "RMSE" in caught.value.remedy
        for error in (math.nan, math.inf):
            with pytest.raises(GapError):
                power(error)
    with pytest.raises(GapError, match=r"the gap is -0\.002 ± 0\.0015"):  # the second of them
        duplication([1.0, 1.0], [0.0, 0.002], [1.0, 0.0], error=[0.1, 0.0015])
    with pytest.raises(GapError):
        relative_change(1.0, 0.0)
    with pytest.raises(GapError):
        relative_change(1.0, 2.0, 2.0)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_not_called_noise(broken):
    for power in (
        lambda: duplication(0.6, broken, 0.9),
        lambda: deletion(0.6, 0.5, broken),
        lambda: transfer(0.6, broken, 0.5),
        lambda: share_of_gap(0.6, 0.7, broken),
        lambda: relative_change(0.6, broken),
        lambda: relative_change(0.6, 0.7, broken),
    ):
        with pytest.raises(GridError, match="does not have two finite ends\n") as caught:
            power()
        assert "noise" not in str(caught.value) and "position" not in str(caught.value)  # of a single one
    with pytest.raises(GridError, match=f"the gap from 0.5 to {broken:.4g} at position 1 does not"):
        duplication([0.6, 0.6, 0.6], 0.5, [0.9, broken, 0.9])
    with pytest.raises(GridError, match=f"from {broken:.4g} to 0.9 at position 1, 0 does not have two finite ends, and 1 more"):
        deletion(0.6, [[0.5, 0.5], [broken, broken]], 0.9)
    assert np.isnan(duplication([math.nan, 0.9], 0.5, 0.9)).tolist() == [True, False]  # what is measured may be unknown


# ------------------------------------------------------------------ people on a grid


def fitted(world, row):
    """(E,) whether scikit-learn's model of a row is right."""
    held = np.asarray(row)[world.object_of] > 0
    classes = np.unique(world.y[held])
    if len(classes) == 1:
        return world.y_eval == classes[0]
    return RidgeClassifier(alpha=1.0).fit(world.X[held], world.y[held]).predict(world.X_eval) == world.y_eval


def by_hand(world, row):
    """A firm's score on everyone's audit examples, on those of the owners it holds, and the share these are."""
    right, owned = fitted(world, row), world.audit & (world.eval_object >= 0)
    own = owned & (np.asarray(row)[world.eval_object] > 0)
    return right[world.audit].mean(), right[own].mean(), own.sum() / owned.sum()


@pytest.mark.parametrize("strikers", [[0], [4], [1, 3], [0, 2, 4]])
def test_both_views_by_hand(owners_grid, strikers):
    grid = owners_grid("accuracy")
    world = grid.world
    strike = np.isin(np.arange(5), strikers)
    large, small = by_hand(world, ~strike), by_hand(world, strike)
    majority = np.bincount(world.y).argmax()
    worst = (world.y_eval[world.audit] == majority).mean()
    best = fitted(world, np.ones(5))[world.audit].mean()
    found = of_strike(grid, [grid.objects[j] for j in strikers])
    assert found.index.tolist() == ["fixed holdout", "company"]
    for view, at in (("fixed holdout", 0), ("company", 1)):
        line = found.loc[view]
        assert line[["large", "small"]].tolist() == pytest.approx([large[at], small[at]], abs=1e-9)
        lost, given_ = 1 - (large[at] - worst) / (best - worst), (small[at] - worst) / (best - worst)
        assert line[["deletion", "duplication"]].tolist() == pytest.approx([lost, given_], abs=1e-9)
        assert line["transfer"] == pytest.approx((small[at] - worst) / (large[at] - worst), abs=1e-9)
        kept = [1.0, 1.0] if at == 0 else [large[2], small[2]]
        assert line[["large retains", "small retains"]].tolist() == pytest.approx(kept, abs=1e-12)
    retained = found.loc["company", ["large retains", "small retains"]]
    assert retained.sum() == pytest.approx(1) and retained.min() > 0  # every owner is held by one firm or the other


def loss_grid(objects=5):
    X, y = load_diabetes(return_X_y=True)
    groups = np.arange(240) % objects
    learner = dl.learners.Ridge(alpha=0.1)
    return dl.Grid.from_arrays(X[:240], y[:240], groups, X[240:], y[240:], learner=learner), X, y, groups


def test_a_loss_is_what_falls():
    grid, X, y, groups = loss_grid()

    def error(held):
        inside = np.isin(groups, held)
        return root_mean_squared_error(y[240:], Ridge(alpha=0.1).fit(X[:240][inside], y[:240][inside]).predict(X[240:]))

    worst, best = root_mean_squared_error(y[240:], np.full(202, y[:240].mean())), error([0, 1, 2, 3, 4])
    found = of_strike(grid, ["1", "2", "3"])
    line = found.loc["fixed holdout"]
    large, small = error([0, 4]), error([1, 2, 3])
    assert line[["large", "small"]].tolist() == pytest.approx([large, small], abs=1e-6)
    assert line["deletion"] == pytest.approx(1 - (worst - large) / (worst - best), abs=1e-6) and line["deletion"] > 0
    assert line["duplication"] == pytest.approx((worst - small) / (worst - best), abs=1e-6)
    assert found.loc["company"].isna().all()  # there are no owners' columns


def test_transfer_is_told_only_where_the_large_firm_has_something_left():
    """A table knows its cells exactly: what is left is a number unless it is nothing, or less than guessing."""
    cells = {"": 0.2, "A": 0.5, "B": 0.3, "C": 0.1, "AB": 0.7, "AC": 0.6, "BC": 0.2, "ABC": 1.0}
    grid = dl.Grid.from_table(pd.DataFrame({"x": cells.values()}, index=list(cells)))
    told = {name: of_strike(grid, list(name)).loc["fixed holdout", "transfer"] for name in cells if 0 < len(name) < 3}
    assert told["B"] == pytest.approx((0.3 - 0.2) / (0.6 - 0.2)) and told["C"] == pytest.approx((0.1 - 0.2) / (0.7 - 0.2))
    assert told["AC"] == pytest.approx((0.6 - 0.2) / (0.3 - 0.2))  # ten times over: the large firm is left with little
    assert math.isnan(told["A"]) and math.isnan(told["AB"])  # as guessing, and worse


def test_transfer_is_not_told_of_a_large_firm_within_noise_of_guessing():
    """Only A says anything; B's to D's examples are all alike but for their labels. A quarter of A's labels is wrong."""
    rng = np.random.default_rng(4)
    groups = np.repeat(["A", "B", "C", "D"], 100)
    X = np.where((groups == "A")[:, None], rng.normal(size=(400, 3)), 0.0)
    labels = np.where(groups == "A", (X[:, 0] > 0) ^ (np.arange(400) % 4 == 0), np.arange(400) % 3 > 0).astype(int)
    X_eval = rng.normal(size=(300, 3))
    right = (X_eval[:, 0] > 0).astype(int)
    grid = dl.Grid.from_arrays(X, labels, groups, X_eval, right, learner=dl.learners.RidgeClassifier())
    gap = grid.gap("all")
    for group in (["A"], ["B"], ["C", "D"], ["A", "B"], ["A", "B", "C"], ["B", "C", "D"]):
        line = of_strike(grid, group).loc["fixed holdout"]
        held = ~np.isin(groups, group)
        large = (RidgeClassifier().fit(X[held], labels[held]).predict(X_eval) == right).mean()
        assert line["large"] == pytest.approx(large, abs=1e-12)
        within = large - gap.floor <= 2 * gap.error
        assert math.isnan(line["transfer"]) == within and np.isfinite(line["deletion"])
        assert within == ("A" in group)
    means = by_share(grid, [0.25, 0.75]).loc["fixed holdout"]
    assert means["transfer"].isna().all() and means["deletion"].notna().all()  # one of the groups of each size holds A


def test_random_shares_are_means_over_groups():
    grid, *_ = loss_grid()
    found = by_share(grid, [0.2, 0.4, 0.41, 0.8], samples=200)
    assert found.index.names == ["view", "share"] and found.loc["fixed holdout"].index.tolist() == [0.2, 0.4, 0.8]
    for share, size in ((0.2, 1), (0.4, 2), (0.8, 4)):
        powers = [of_strike(grid, group).loc["fixed holdout"] for group in combinations(grid.objects, size)]
        line = found.loc[("fixed holdout", share)]
        for name in ("deletion", "duplication", "transfer"):
            assert line[name] == pytest.approx(np.mean([power[name] for power in powers]), abs=1e-9)
            assert line[f"{name} error"] == 0  # these are all groups there are
    assert found.loc["company", "deletion"].isna().all()


def test_random_shares_of_many_say_how_sure_they_are():
    grid, *_ = loss_grid(12)
    exact = by_share(grid, [0.5], samples=20_000).loc[("fixed holdout", 0.5)]  # all 924 groups
    assert exact["deletion error"] == 0
    runs = pd.DataFrame([by_share(grid, [0.5], samples=60, seed=seed).iloc[0] for seed in range(100)])
    for name in ("deletion", "duplication", "transfer"):
        spread = runs[name].std(ddof=1)
        assert abs(runs[name].mean() - exact[name]) < 4.5 * spread / 10
        assert runs[f"{name} error"].mean() == pytest.approx(spread, rel=0.3)


@pytest.mark.parametrize(
    ("wrong", "key", "says"),
    [
        ({"shares": []}, "shares", "there are no shares"),
        ({"shares": [0.2, math.nan]}, "shares", "a share of nan is not between 0 and 1"),
        ({"shares": [1.7]}, "shares", "a share of 1.7 is not"),
        ({"shares": [0.5, -1]}, "shares", "a share of -1.0 is not"),
        ({"shares": [0.0]}, "shares", "a share of 0.0 is not"),
        ({"shares": [1]}, "shares", "a share of 1.0 is not"),
        ({"shares": ["half"]}, "shares", "shares are numbers"),
        ({"samples": 0}, "samples", "0 groups of a size"),
        ({"samples": -2}, "samples", "-2 groups of a size"),
    ],
)
def test_shares_that_are_none(wrong, key, says):
    grid, *_ = loss_grid()
    with pytest.raises(GridError, match=says) as caught:
        by_share(grid, **wrong)
    assert caught.value.place.key == key and caught.value.remedy
    assert grid.trained == 0  # refused before anything was trained


def test_one_object_has_no_shares():
    grid, *_ = loss_grid(1)
    with pytest.raises(GridError, match="one object cannot act apart from others") as caught:
        by_share(grid)
    assert caught.value.place.key == "data.objects" and caught.value.remedy


def test_one_group_of_a_size_does_not_know_how_sure_it_is():
    grid, *_ = loss_grid()
    line = by_share(grid, [0.4], samples=1).loc[("fixed holdout", 0.4)]
    assert np.isfinite(line["deletion"]) and math.isnan(line["deletion error"])


# ------------------------------------------------------------------ the smallest share


@pytest.mark.parametrize("objects", [10, 20])
def test_the_smallest_share_of_a_curve_in_closed_form(objects):
    """Where k of n alike objects bring a firm sqrt(k/n) of the way, more than .8 of it takes a share above .64."""
    words = ["".join(name for j, name in enumerate("ABCDEFGHIJ") if i >> j & 1) for i in range(2**10)]
    cells = pd.DataFrame({"x": [0.1 + 0.5 * math.sqrt(len(word) / 10) for word in words]}, index=words)
    grid = dl.Grid.from_table(cells)
    shares = [k / objects for k in range(1, objects)]
    found = smallest_share(by_share(grid, shares, samples=10))
    assert found["fixed holdout"] == 0.7 and math.isnan(found["company"])  # a table has no owners
    taken = smallest_share(by_share(grid, shares, samples=10), 0.4, power="deletion")
    assert taken["fixed holdout"] == 0.7  # 1 − sqrt(1 − f) > .4 from f = .64 on too
    assert smallest_share(by_share(grid, shares, samples=10), 0.99)["fixed holdout"] == math.inf


def test_the_smallest_share_is_above_its_level_whatever_larger_ones_do():
    index = pd.MultiIndex.from_product([["fixed holdout", "company"], [0.3, 0.1, 0.2]], names=["view", "share"])
    curve = pd.DataFrame({"duplication": [0.7, 0.8, 0.81, math.nan, math.nan, 0.9], "transfer": 0.5}, index=index)
    assert smallest_share(curve).to_dict() == {"fixed holdout": 0.2, "company": 0.2}  # .8 is not above .8
    assert smallest_share(curve, 0.75).to_dict() == {"fixed holdout": 0.1, "company": 0.2}
    assert smallest_share(curve, power="transfer").tolist() == [math.inf, math.inf]
    assert list(smallest_share(curve).index) == ["fixed holdout", "company"]


@pytest.mark.parametrize("wrong", [pd.DataFrame({"duplication": [0.9]}), "a frame"])
def test_what_has_no_smallest_share(wrong):
    with pytest.raises(GridError, match="no 'duplication' by view and share") as caught:
        smallest_share(wrong)
    assert "by_share" in caught.value.remedy
    grid, *_ = loss_grid()
    found = by_share(grid, [0.4], samples=2)
    with pytest.raises(GridError, match="'power' by view and share"):
        smallest_share(found, power="power")
    with pytest.raises(GridError, match="a level of nan"):
        smallest_share(found, math.nan)


def test_who_cannot_strike(owners_grid):
    grid = owners_grid("accuracy")
    with pytest.raises(GridError, match="'Z' is no object"):
        of_strike(grid, ["Z"])
    for group in ([], list(grid.objects)):
        with pytest.raises(GridError, match="nobody or everybody strikes"):
            of_strike(grid, group)
    with pytest.raises(GridError, match="no column 'nobody'"):
        of_strike(grid, ["A"], column="nobody")


def test_noise_is_no_leverage():
    """Labels that nothing predicts: the gap of a grid comes with its error, and is refused."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 3)), rng.integers(0, 2, 120)
    learner = dl.learners.RidgeClassifier()
    grid = dl.Grid.from_arrays(X[:60], y[:60], np.arange(60) % 4, X[60:], y[60:], learner=learner)
    gap = grid.gap("all")
    guess = np.bincount(y[:60]).argmax()
    right = RidgeClassifier().fit(X[:60], y[:60]).predict(X[60:]) == y[60:]
    difference = right.astype(float) - (y[60:] == guess)
    said = f"the gap is {difference.mean():.4g} ± {difference.std(ddof=1) / math.sqrt(60):.4g}"
    assert abs(gap.full - gap.floor) < 2 * gap.error
    with pytest.raises(GapError) as caught:
        of_strike(grid, ["0"])
    assert said in str(caught.value)
