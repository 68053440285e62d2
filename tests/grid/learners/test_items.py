from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GridError
from dataleverage.grid.grid import Grid
from dataleverage.grid.learners.items import MOST_ITEMS, ItemKNN, ItemMean
from dataleverage.testing import check_learner


class Means:
    """pandas' means by item, drawn towards the mean of all by some ratings of that."""

    def __init__(self, X, y, shrinkage):
        self.all = y.mean()
        groups = pd.Series(y).groupby(X[:, 1])
        self.mean = (groups.sum() + shrinkage * self.all) / (groups.size() + shrinkage) if shrinkage else groups.mean()

    def predict(self, X):
        return np.array([self.mean.get(i, self.all) for i in X[:, 1]])


@pytest.mark.parametrize("shrinkage", [0.0, 2.5])
def test_item_means_are_those_of_pandas(shrinkage):
    assert len(check_learner(ItemMean(shrinkage=shrinkage), reference=lambda X, y: Means(X, y, shrinkage))) == 6


class Neighbours:
    """The formulas one pair at a time: adjusted cosines over common users, the k most similar of the items a user rated."""

    def __init__(self, X, y, k, shrinkage):
        self.k, self.shrinkage = k, shrinkage
        self.rating = {(int(u), int(i)): r for (u, i), r in zip(X, y, strict=True)}
        self.user = {u: np.mean([r for (v, _), r in self.rating.items() if v == u]) for u in {u for u, _ in self.rating}}
        self.item = {i: np.mean([r for (_, j), r in self.rating.items() if j == i]) for i in {i for _, i in self.rating}}
        self.all = y.mean()
        self.known = {}

    def similarity(self, i, j):
        if (i, j) not in self.known:
            both = [u for u in self.user if (u, i) in self.rating and (u, j) in self.rating]
            a = np.array([self.rating[u, i] - self.user[u] for u in both])
            b = np.array([self.rating[u, j] - self.user[u] for u in both])
            size = np.sqrt((a**2).sum() * (b**2).sum()) if both else 0.0
            cosine = (a * b).sum() / size if size > 1e-9 else 0.0
            self.known[i, j] = cosine * len(both) / (len(both) + self.shrinkage) if both else 0.0
        return self.known[i, j]

    def predict(self, X):
        return np.array([self.one(int(u), int(i)) for u, i in X])

    def one(self, u, i):
        mean = self.item.get(i, self.all)
        rated = sorted(j for v, j in self.rating if v == u)
        best = sorted(rated, key=lambda j: -round(self.similarity(i, j), 8))[: self.k]  # sorting is stable
        near = [(self.similarity(i, j), self.rating[u, j] - self.item[j]) for j in best if self.similarity(i, j) > 1e-9]
        return mean + sum(s * r for s, r in near) / sum(s for s, _ in near) if near else mean


@pytest.mark.parametrize(("k", "shrinkage"), [(1, 0.0), (3, 1.5), (40, 50.0)])
def test_neighbours_are_those_of_the_formulas(k, shrinkage):
    learner = ItemKNN(neighbors=k, shrinkage=shrinkage)
    assert len(check_learner(learner, reference=lambda X, y: Neighbours(X, y, k, shrinkage), rows=8)) == 6


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), k=st.integers(1, 6), shrinkage=st.sampled_from([0.0, 3.0]))
def test_neighbours_of_denser_ratings(seed, k, shrinkage):
    rng = np.random.default_rng(seed)
    pairs = rng.permutation([(u, i) for u in range(12) for i in range(9)]).astype(float)
    X, X_eval, y = pairs[:70], pairs[70:], rng.normal(3, 1, 70)  # no two similarities tie
    learner = ItemKNN(neighbors=k, shrinkage=shrinkage)
    grid = Grid.from_arrays(X, y, rng.integers(0, 3, 70), X_eval, np.ones(len(X_eval)), learner=learner)
    found = grid.oracle.decide(grid.full_row)[0, :, 0]
    assert found == pytest.approx(Neighbours(X, y, k, shrinkage).predict(X_eval), abs=1e-7)


def test_too_many_items_to_compare_are_refused():
    X = np.array([[0, MOST_ITEMS], [1, 0]], dtype=float)
    with pytest.raises(GridError, match="item_knn compares every two items") as caught:
        Grid.from_arrays(X, [1.0, 2.0], [0, 1], X, [1.0, 2.0], learner=ItemKNN())
    assert caught.value.place.key == "learner" and "matrix_factorization" in caught.value.remedy


@pytest.mark.parametrize("shrinkage", [0.0, 2.5])
def test_weights_count_as_if_ratings_were_there_so_many_times(shrinkage):
    rng = np.random.default_rng(0)
    pairs = rng.permutation([(u, i) for u in range(9) for i in range(6)]).astype(float)
    X, X_eval, y, groups = pairs[:30], pairs[30:], rng.normal(3, 1, 30), pairs[:30, 0].astype(int) % 3
    learner, times = ItemMean(shrinkage=shrinkage), np.array([2, 1, 3])
    grid = Grid.from_arrays(X, y, groups, X_eval, np.ones(len(X_eval)), learner=learner)
    repeated = np.repeat(np.arange(30), times[groups])
    found = grid.oracle.decide(grid.full_row, times[None].astype(float))[0, :, 0]
    assert found == pytest.approx(Means(X[repeated], y[repeated], shrinkage).predict(X_eval))


def test_neighbours_take_no_weights():
    X = np.array([[0, 0], [1, 1], [1, 0]], dtype=float)
    grid = Grid.from_arrays(X, [1.0, 2.0, 3.0], [0, 1, 1], X, [1.0, 2.0, 3.0], learner=ItemKNN())
    with pytest.raises(GridError, match="item_knn cannot weigh"):
        grid.scores(grid.full_row, weights=[[1.0, 0.5]])
