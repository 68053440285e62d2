from __future__ import annotations

import json
from math import factorial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import DataError, GridError
from dataleverage.measure.values.neighbours import knn_shapley

PEERS = json.loads((Path(__file__).parents[1] / "fixtures" / "peers.json").read_text())


def vote(X, y, X_eval, y_eval, k, inside):
    """The soft share of votes of some training examples, by the definition; ties in training order."""
    total = 0.0
    for x, label in zip(X_eval, y_eval, strict=True):
        nearest = sorted((((X[i] - x) ** 2).sum(), i) for i in inside)[:k]
        total += sum(y[i] == label for _, i in nearest) / k
    return total / len(y_eval)


def brute(X, y, X_eval, y_eval, k, groups):
    """The Shapley value of groups, over all rows of them."""
    names = sorted(set(groups))
    n = len(names)
    worth = [
        vote(X, y, X_eval, y_eval, k, [i for i, group in enumerate(groups) if row >> names.index(group) & 1])
        for row in range(2**n)
    ]
    weight = [factorial(s) * factorial(n - 1 - s) / factorial(n) for s in range(n)]
    return [
        sum(weight[row.bit_count()] * (worth[row | 1 << j] - worth[row]) for row in range(2**n) if not row >> j & 1)
        for j in range(n)
    ]


@st.composite
def worlds(draw):
    """Points on a small grid, so that distances tie and examples come twice; k may be more than there are."""
    size, features, k = draw(st.integers(2, 8)), draw(st.integers(1, 2)), draw(st.integers(1, 11))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    X = rng.integers(-2, 3, size=(size, features)) * draw(st.sampled_from([1.0, 1e6]))
    y = rng.integers(0, draw(st.integers(2, 6)), size)
    y[:2] = 0, 1
    which = rng.integers(0, size, 3)
    return X, y, X[which] + rng.integers(0, 2, size=(3, features)), y[rng.integers(0, size, 3)], k


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_examples_are_worth_what_all_subsets_say(world):
    X, y, X_eval, y_eval, k = world
    found = knn_shapley(X, y, X_eval, y_eval, k)
    assert list(found.columns) == ["soft vote"] and found.index.name == "example" and len(found) == len(y)
    np.testing.assert_allclose(found["soft vote"], brute(X, y, X_eval, y_eval, k, range(len(y))), atol=1e-9)
    assert found["soft vote"].sum() == pytest.approx(vote(X, y, X_eval, y_eval, k, range(len(y))), abs=1e-9)


def test_whole_numbers_tie_though_their_mean_is_none():
    """Two examples as far to the left as to the right: the first in training order is nearer."""
    X, y = np.array([[2.0], [1], [0], [-1], [-1], [-2]]), np.array([0, 1, 0, 1, 1, 1])
    X_eval, y_eval = np.array([[0.0], [0], [-1]]), np.ones(3, dtype=int)
    found = knn_shapley(X, y, X_eval, y_eval, 1)["soft vote"]
    np.testing.assert_allclose(found, brute(X, y, X_eval, y_eval, 1, range(6)), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(world=worlds(), seed=st.integers(0, 999))
def test_groups_are_worth_what_all_rows_of_them_say(world, seed):
    X, y, X_eval, y_eval, k = world
    groups = np.random.default_rng(seed).choice(["north", "south", "west"], len(y))
    found = knn_shapley(X, y, X_eval, y_eval, k, groups=groups)
    assert found.index.tolist() == sorted(set(groups)) and found.index.name == "group"
    np.testing.assert_allclose(found["soft vote"], brute(X, y, X_eval, y_eval, k, groups), atol=1e-9)


@pytest.mark.parametrize("k", [1, 3, 5, 60])
def test_pydvl_agrees(k):
    iris = PEERS["iris"]
    found = knn_shapley(iris["X"], iris["y"], iris["X_eval"], iris["y_eval"], k)["soft vote"]
    np.testing.assert_allclose(found, PEERS["k-NN Shapley"][str(k)], atol=1e-12)


@pytest.mark.parametrize("shift", [0.0, 1e3, 1e6])
def test_copies_stand_in_training_order_whatever_rounding_does(shift):
    """Four copies of everything, on the evaluation examples and off them, far from the origin too."""
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(51, 30)) + shift, 4, axis=0)[rng.permutation(204)][:203]
    y, X_eval, y_eval = (
        rng.integers(0, 3, 203),
        np.concatenate([X[:20], rng.normal(size=(20, 30)) + shift]),
        rng.integers(0, 3, 40),
    )
    k, value = 5, np.zeros(203)
    for x, label in zip(X_eval, y_eval, strict=True):  # theorem 1 of Jia et al. (2019), one by one
        order = np.argsort(((X - x) ** 2).sum(axis=1), kind="stable")
        match = (y[order] == label).astype(float)
        of_rank = np.zeros(203)
        of_rank[-1] = match[-1] / 203
        for i in range(201, -1, -1):
            of_rank[i] = of_rank[i + 1] + (match[i] - match[i + 1]) / k * min(k, i + 1) / (i + 1)
        value[order] += of_rank / len(y_eval)
    np.testing.assert_allclose(knn_shapley(X, y, X_eval, y_eval, k)["soft vote"], value, atol=1e-12)


def test_more_than_twenty_groups_are_sampled():
    """Groups of one example each, whose exact values are known."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(26, 2)), rng.integers(0, 3, 26)
    X_eval, y_eval = rng.normal(size=(30, 2)), rng.integers(0, 3, 30)
    exact = knn_shapley(X, y, X_eval, y_eval, 3)["soft vote"].to_numpy()
    found = knn_shapley(X, y, X_eval, y_eval, 3, groups=np.arange(26), budget=3000, seed=4)
    assert found.index.tolist() == [str(i) for i in range(26)]
    off, error = found["soft vote"].to_numpy() - exact, found["standard error"].to_numpy()
    assert np.abs(off / error).max() < 4.5 and 0.6 < np.sqrt(((off / error) ** 2).mean()) < 1.4
    assert error.max() < exact.std() / 3
    again = knn_shapley(X, y, X_eval, y_eval, 3, groups=np.arange(26), budget=3000, seed=4)
    other = knn_shapley(X, y, X_eval, y_eval, 3, groups=np.arange(26), budget=3000, seed=5)
    assert again.equals(found) and not other.equals(found)


def test_labels_of_any_type():
    rng = np.random.default_rng(2)
    X, y, X_eval, y_eval = rng.normal(size=(20, 2)), rng.integers(0, 2, 20), rng.normal(size=(5, 2)), rng.integers(0, 2, 5)
    expected = knn_shapley(X, y, X_eval, y_eval)["soft vote"]
    words = np.array(["no", "yes"])
    for kind in (lambda v: v.astype(float) + 0.5, lambda v: words[v], lambda v: pd.Series(words[v]), lambda v: v.astype(bool)):
        pd.testing.assert_series_equal(knn_shapley(X, kind(y), X_eval, kind(y_eval))["soft vote"], expected)


@pytest.mark.parametrize("k", [0, -1, 2.5, "3", True, 10_001, None])
def test_neighbours_that_cannot_vote(k):
    with pytest.raises(GridError, match="neighbours cannot vote"):
        knn_shapley([[0.0], [1.0]], [0, 1], [[0.0]], [0], k)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"y_train": [0, 1]}, "y_train has shape"),
        ({"y_eval": [0, 1]}, "y_eval has shape"),
        ({"y_eval": [7]}, "y_train lacks"),
        ({"y_train": [1, 1, 1]}, "single class"),
        ({"X_train": [[0.0], [np.nan], [1.0]]}, "X_train"),
        ({"X_eval": [[0.0, 1.0]]}, "features"),
        ({"groups": [0, 1]}, "groups has shape"),
    ],
)
def test_arrays_that_do_not_fit(changed, what):
    given = {"X_train": [[0.0], [1.0], [2.0]], "y_train": [0, 1, 1], "X_eval": [[0.0]], "y_eval": [1]}
    with pytest.raises(DataError, match=what):
        knn_shapley(**(given | changed))
