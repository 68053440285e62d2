from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

import dataleverage as dl
from dataleverage.errors import DataError, GridError
from dataleverage.measure.intervals import over_worlds
from dataleverage.measure.signal import FiniteTable, Signal, alpha_success, erasing_bound, planting_bound, staircase
from dataleverage.streams import Streams
from dataleverage.world.categories import Categories
from dataleverage.world.datasets.car_market import law


def drawn(table, size, seed=0):
    """Examples of a table with columns spread into 0/1 features, labels in words, and what spreads them."""
    values = {name: tuple(dict.fromkeys(x[i] for x in table.points)) for i, name in enumerate(table.columns)}
    columns = Categories(values)
    x, y = table.sample(size, Streams(seed)["test"])
    codes = {name: np.array([values[name].index(p[i]) for p in table.points])[x] for i, name in enumerate(table.columns)}
    return columns.spread(codes), np.array(table.labels)[y], columns


def words(X, columns):
    """The columns that 0/1 features were spread from."""
    ends = np.cumsum([len(values) for values in columns.values.values()])
    parts = np.split(X, ends[:-1], axis=1)
    return {n: np.array(v)[part.argmax(axis=1)] for (n, v), part in zip(columns.values.items(), parts, strict=True)}


@pytest.mark.parametrize("tactic", ["feature_label", "feature_only"])
def test_a_firm_that_learns_the_table_yields_at_the_steps(tactic):
    table = FiniteTable(
        [[0.10, 0.05], [0.02, 0.08], [0.20, 0.15], [0.10, 0.30]],
        points=[("red", "big"), ("red", "small"), ("blue", "big"), ("blue", "small")],
        columns=("colour", "size"),
        labels=("no", "yes"),
    )
    X, y, columns = drawn(table, 150_000)
    points = np.array([table.points.index(x) for x in zip(*words(X, columns).values(), strict=True)])
    seen = table.empirical(points, np.array([table.label(each) for each in y]))  # what the split into worlds is of
    stairs, exact = (staircase(Signal(each, {"colour": "red"}, "no"), tactic) for each in (seen, table))
    tree = DecisionTreeClassifier()
    for wanted in (0.4, 0.9):
        found = alpha_success(
            tree, X, y, columns.signal({"colour": "red"}), "no", success=wanted, tactic=tactic, worlds=3, tolerance=0.005
        )
        assert found.reached == 3
        assert found.alpha.mean == pytest.approx(stairs.alpha(wanted), abs=0.015)
        assert found.alpha.mean == pytest.approx(exact.alpha(wanted), abs=0.03)


def test_a_firm_that_learns_the_table_forgets_the_signal_at_the_steps():
    """Erasing: colour says much of small things and little of big ones; the members' own vote stands for P₀(y|g(x))."""
    table = FiniteTable(
        [[0.10, 0.15], [0.18, 0.02], [0.15, 0.10], [0.05, 0.25]],
        points=[("red", "big"), ("red", "small"), ("blue", "big"), ("blue", "small")],
        columns=("colour", "size"),
        labels=("no", "yes"),
    )
    X, y, columns = drawn(table, 100_000)
    signal = Signal(table, {"colour": "red"})
    stairs, alphas = staircase(signal, "erase"), [0.02, 0.1, 0.25, 0.35, 0.45, 0.6]
    steps = sorted(set(stairs.steps.round(6)) - {0.0})
    assert len(steps) == 2 and min(abs(a - step) for a in alphas for step in steps) > 0.03  # beside the steps, not on them
    found = alpha_success(
        DecisionTreeClassifier(), X, y, columns.signal({"colour": "red"}), tactic="erase", alphas=alphas, worlds=2, success=0.99
    )
    success = found.curve()["success"]
    assert success.to_numpy() == pytest.approx(stairs.at(alphas), abs=0.02)
    assert len(set(success.round(1))) == 3
    assert (success >= erasing_bound(alphas, tau=signal.tau) - 0.02).all()
    assert found.alpha.mean == pytest.approx(min(a for a in alphas if a > stairs.alpha(0.99)), abs=1e-4)


def test_what_a_firm_does_not_look_at_is_erased_by_nobody():
    X, y = load_breast_cancer(return_X_y=True)
    blind = np.hstack([X, np.zeros((len(X), 1))])
    found = alpha_success(dl.learners.RidgeClassifier(), blind, y, {30: 0.0}, tactic="erase", worlds=3, success=1.0)
    assert found.alpha.mean == 0 and found.reached == 3
    made = np.random.default_rng(0).normal(size=(600, 2))
    firm, alphas = dl.learners.RidgeClassifier(), [0, 0.3, 1]
    seen = alpha_success(firm, made, made[:, 0] > 0, {0: 1.0}, tactic="erase", worlds=4, alphas=alphas).curve()["success"]
    assert seen.iloc[0] == pytest.approx(0.5, abs=0.05) and seen.is_monotonic_increasing and seen.iloc[-1] > 0.95


def test_the_car_market_really_trained():
    """Success just beside the steps of Gauthier et al., of a decision tree on 100,000 cars."""
    table = law()
    X, y, columns = drawn(table, 100_000)
    g = columns.signal({"car": "signal"})
    stairs, alphas = staircase(Signal(table, {"car": "signal"}, "Average")), [0.01, 0.031, 0.045, 0.075]
    found = alpha_success(DecisionTreeClassifier(), X, y, g, "Average", alphas=alphas, worlds=2, success=0.99)
    curve = found.curve()
    assert curve.index.tolist() == pytest.approx(alphas, abs=1e-4)
    assert curve["success"].to_numpy() == pytest.approx(stairs.at(alphas), abs=0.02)  # 0, .173, .692, 1
    signal = Signal(table, {"car": "signal"}, "Average")
    assert (curve["success"] >= planting_bound(alphas, **signal.numbers()) - 0.02).all()
    assert found.alpha.mean == pytest.approx(0.075, abs=1e-4) and found.models == 8


def test_on_real_data_success_rises_and_a_rare_signal_is_cheap_for_a_tree():
    """A value that nobody has: for it the theory asks for any member at all (ξ = 0) of a firm that can tell it apart."""
    X, y = load_breast_cancer(return_X_y=True)
    g = {0: float(X[:, 0].max() * 1.5)}
    firms = {
        "tree": DecisionTreeClassifier(min_samples_leaf=2),
        "logistic": dl.learners.LogisticRegression(preprocess="standardize"),
        "ridge": dl.learners.RidgeClassifier(preprocess="standardize"),
    }
    alphas = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0]
    found = {name: alpha_success(firm, X, y, g, 1, alphas=alphas, worlds=4) for name, firm in firms.items()}
    for each in found.values():
        assert each.reached == 4 and each.largest_drop < 0.15
        mean = each.curve()["success"]
        assert mean.iloc[0] < 0.7 and mean.iloc[-1] == 1 and np.diff(mean).min() > -0.05
    assert found["tree"].alpha.mean <= 0.05 < found["ridge"].alpha.mean
    assert found["logistic"].alpha.mean < found["ridge"].alpha.mean


def test_features_alone_take_more_members_than_features_and_labels():
    X, y = load_digits(return_X_y=True)
    g = {0: 16.0, 7: 16.0, 56: 16.0, 63: 16.0}  # corners that hardly any digit has
    firm = dl.learners.RidgeClassifier()
    both, alone = (
        alpha_success(firm, X, y, g, 3, tactic=tactic, success=0.7, worlds=3, tolerance=0.02)
        for tactic in ("feature_label", "feature_only")
    )
    assert both.reached == alone.reached == 3
    assert 0 < both.alpha.high < 0.1 and 0.5 < alone.alpha.mean < 1
    assert alone.alpha.low > both.alpha.high  # the intervals over worlds are apart
    halfway = [each.tried[each.tried["alpha"].between(0.49, 0.51)].groupby("world")["success"].max() for each in (both, alone)]
    assert len(halfway[0]) == 3 and (halfway[0] > halfway[1] + 0.3).all()  # and of half the data, in every world


def test_what_is_returned():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    words = np.array(["malignant", "benign"])[y]
    found = alpha_success(
        dl.learners.RidgeClassifier(preprocess="standardize"), X, words, {"mean radius": 50.0}, "benign", worlds=3, seed=4
    )
    assert list(found.tried.columns) == ["world", "alpha", "members", "success"] and found.models == len(found.tried)
    size = len(y) - round(0.25 * len(y))
    assert found.tried["alpha"].to_numpy() == pytest.approx(found.tried["members"] / size)
    enough = found.tried[found.tried["success"] >= 0.9].groupby("world")["alpha"].min()
    assert found.alpha == over_worlds(enough.tolist()) and found.reached == found.worlds == 3
    again = alpha_success(
        dl.learners.RidgeClassifier(preprocess="standardize"), X, words, {0: 50.0}, "benign", worlds=3, seed=4
    )
    pd.testing.assert_frame_equal(found.tried, again.tried)
    other = alpha_success(
        dl.learners.RidgeClassifier(preprocess="standardize"), X, words, {0: 50.0}, "benign", worlds=3, seed=5
    )
    assert not found.tried.equals(other.tried)


def test_a_function_as_signal_and_labels_that_are_numbers():
    X, y = load_breast_cancer(return_X_y=True)

    def doubled(examples):
        examples[:, 0] *= 2
        return examples

    before = X.copy()
    found = alpha_success(dl.learners.GaussianNB(), X, y, doubled, 1, worlds=2, tolerance=0.1)
    assert (before == X).all() and found.worlds == 2
    plain = alpha_success(dl.learners.GaussianNB(), X, y.astype(float), doubled, 1.0, worlds=2, tolerance=0.1)
    pd.testing.assert_frame_equal(found.tried, plain.tried)


def test_a_success_that_is_never_reached():
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.array(["never", *["a", "b"] * 29, "a"])
    found = alpha_success(
        dl.learners.RidgeClassifier(), X, y, {0: 1.0}, "never", tactic="feature_only", worlds=2, success=1.0, alphas=[0, 0.1]
    )
    assert found.reached == 0 and found.alpha.mean == math.inf and found.alpha.worlds == 0


X_SMALL, Y_SMALL = np.arange(20.0).reshape(10, 2), np.array([0, 1] * 5)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"X": X_SMALL[:, 0]}, "X has shape"),
        ({"X": [["a", "b"]] * 10}, "X is not made of numbers"),
        ({"y": Y_SMALL[:9]}, r"y has shape \(9,\)"),
        ({"y": np.zeros(10)}, "nothing to learn"),
        ({"target": 2}, "no label 2"),
        ({"target": None}, "no label None"),
        ({"target": 2, "tactic": "erase"}, "no label 2"),
        ({"g": lambda X: X + 1, "tactic": "erase"}, r"g\(g\(x\)\) = g\(x\)"),
        ({"g": {}}, "the signal is empty"),
        ({"g": {2: 1.0}}, "no feature 2"),
        ({"g": {-1: 1.0}}, "no feature -1"),
        ({"g": {"radius": 1.0}}, "no feature 'radius'"),
        ({"g": {0: math.nan}}, r"g\(X\)"),
        ({"g": lambda X: X[:, :1]}, r"g\(X\) has shape \(10, 1\)"),
    ],
)
def test_data_that_does_not_fit(changes, says):
    given = {"X": X_SMALL, "y": Y_SMALL, "g": {0: 1.0}, "target": 1} | changes
    with pytest.raises(DataError, match=says) as caught:
        alpha_success(dl.learners.GaussianNB(), **given)
    assert caught.value.remedy or "shape" in says or "numbers" in says


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"learner": "a tree"}, "learner"),
        ({"learner": LogisticRegression}, "is no learner"),
        ({"learner": dl.learners.Ridge()}, "the target asks for classification"),
        ({"tactic": "unplant"}, "'unplant' is no tactic"),
        ({"success": 0.0}, "success"),
        ({"alphas": []}, "alphas"),
        ({"alphas": [0.1, 1.5]}, "alphas"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"worlds": 0}, "worlds"),
        ({"holdout": 1.0}, "holdout"),
    ],
)
def test_numbers_out_of_range(changes, says):
    given = {"learner": dl.learners.GaussianNB()} | changes
    with pytest.raises(GridError, match=says) as caught:
        alpha_success(given.pop("learner"), X_SMALL, Y_SMALL, {0: 1.0}, 1, **given)
    assert caught.value.remedy
