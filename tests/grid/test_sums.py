from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.grid import cost, learners, sums
from dataleverage.grid.grid import Grid
from dataleverage.grid.learner import Pool
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.grid.sums import ByClass, Products, Sums, counts_by_class
from dataleverage.world.world import object_names

ADDITIVE = [
    learners.RidgeClassifier(),
    learners.GaussianNB(),
    learners.NearestCentroid(),
    learners.MultinomialNB(preprocess="min_max"),
    learners.BernoulliNB(preprocess="standardize"),
    learners.LinearDiscriminantAnalysis(shrinkage=0.1),
]


@pytest.fixture
def nothing_kept(monkeypatch):
    """Sums follow the rows whatever their size."""
    monkeypatch.setattr(cost, "KEPT", 0)
    monkeypatch.setattr(cost, "KEPT_OF_LARGE", 0)


def pool_of_units(rng, examples, objects, n_present, features, whole=False):
    """Units of any number of examples, none included."""
    X = rng.normal(size=(examples, features))
    unit = rng.integers(0, objects * n_present, examples)
    y = rng.integers(0, 3, examples)
    return Pool(np.round(3 * X) if whole else X, y, unit, objects * n_present, n_present, X[:1], 3)


def by_hand(pool, row, weights):
    """(D, D) and (K, D): sums over the row's examples one by one, in fractions without rounding."""
    size = pool.X.shape[1]
    products = [[Fraction(0)] * size for _ in range(size)]
    classes = [[Fraction(0)] * size for _ in range(3)]
    for x, label, unit in zip(pool.X, pool.y, pool.unit, strict=True):
        j, v = divmod(int(unit), pool.n_present)
        if row[j] != v + 1:
            continue
        exact, w = [Fraction(value) for value in x], Fraction(1 if weights is None else weights[j])
        for a in range(size):
            classes[label][a] += w * exact[a]
            for b in range(size):
                products[a][b] += w * exact[a] * exact[b]
    return np.array(products, dtype=np.float64), np.array(classes, dtype=np.float64)


def walk(rng, count, objects, n_present, weighted):
    """Rows of which each differs from an earlier one in a few objects, or in many, and weights (None here and there)."""
    rows = [rng.integers(0, n_present + 1, objects).astype(np.uint8)]
    weights = [rng.choice([0.5, 1.0, 3.0], objects)]
    for _ in range(count - 1):
        k = rng.integers(len(rows))
        moved = rng.random(objects) < rng.choice([0.0, 0.1, 0.9])
        rows.append(np.where(moved, rng.integers(0, n_present + 1, objects), rows[k]).astype(np.uint8))
        aged = rng.random(objects) < rng.choice([0.0, 0.2])
        weights.append(np.where(aged, rng.choice([0.25, 1.0, 2.0], objects), weights[k]))
    return [
        (row, np.where(row > 0, w, 0.0) if weighted and rng.random() < 0.7 else None)
        for row, w in zip(rows, weights, strict=True)
    ]


@settings(max_examples=40, deadline=None)
@given(
    examples=st.integers(1, 40),
    objects=st.integers(1, 12),
    n_present=st.integers(1, 3),
    weighted=st.booleans(),
    kept=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_sums_are_those_of_the_examples_whatever_was_asked_before(examples, objects, n_present, weighted, kept, seed):
    rng = np.random.default_rng(seed)
    pool = pool_of_units(rng, examples, objects, n_present, 3)
    with pytest.MonkeyPatch.context() as patch:
        if not kept:
            patch.setattr(cost, "KEPT", 0)
            patch.setattr(cost, "KEPT_OF_LARGE", 0)
        found = [Sums(pool, Products(pool.X)), Sums(pool, ByClass(pool.X, pool.y, 3))]
    assert all((each.per_unit is not None) == kept for each in found)
    most = np.abs(pool.X).sum() * 10
    for row, weights in walk(rng, 12, objects, n_present, weighted):
        asked = (row[None], None if weights is None else weights[None])
        for each, expected in zip(found, by_hand(pool, row, weights), strict=True):
            assert np.abs(each(*asked)[0] - expected).max() < 1e-15 * most * np.abs(pool.X).max()


@pytest.mark.usefixtures("nothing_kept")
def test_sums_of_whole_numbers_are_exact_after_any_walk():
    rng = np.random.default_rng(0)
    pool = pool_of_units(rng, 300, 80, 2, 4, whole=True)
    following = Sums(pool, ByClass(pool.X, pool.y, 3))
    counts = counts_by_class(pool)
    for row, _ in walk(rng, 60, 80, 2, weighted=False):
        inside = row[pool.unit // 2] == pool.unit % 2 + 1
        for k in range(3):
            mine = inside & (pool.y == k)
            assert np.array_equal(following(row[None])[0, k], pool.X[mine].sum(axis=0))
            assert counts(row[None])[0, k, 0] == np.count_nonzero(mine)


@pytest.mark.usefixtures("nothing_kept")
def test_what_was_large_and_left_leaves_no_rounding_behind():
    rng = np.random.default_rng(0)
    pool = pool_of_units(rng, 400, 100, 1, 3)
    far = pool.unit == 0
    pool.X[far] *= 1e9
    rows = np.ones((60, 100), dtype=np.uint8)
    rows[1:, 0] = 0  # the object of enormous examples leaves at once, and then others come and go
    for i in range(2, 60):
        rows[i, 1:] = rows[i - 1, 1:]
        rows[i, rng.integers(1, 100, 5)] ^= 1
    for quantities in (Products(pool.X), ByClass(pool.X, pool.y, 3)):
        following = Sums(pool, quantities)
        found = following(rows)
        which = [np.flatnonzero(row[pool.unit]) for row in rows]
        for total, examples in zip(found[1:], which[1:], strict=True):
            fresh = quantities.total(examples, None)
            assert np.abs(total - fresh).max() < 1e-12 * quantities.size(examples, None).max()


@pytest.mark.usefixtures("nothing_kept")
def test_a_long_walk_does_not_drift():
    rng = np.random.default_rng(0)
    pool = pool_of_units(rng, 600, 200, 1, 4)
    following = Sums(pool, Products(pool.X))
    row = np.ones(200, dtype=np.uint8)
    for _ in range(3000):
        row[rng.integers(0, 200, 6)] ^= 1
        total = following(row[None])[0]
    inside = row[pool.unit] > 0
    assert np.abs(total - pool.X[inside].T @ pool.X[inside]).max() < 1e-12 * np.square(pool.X[inside]).sum()


@pytest.mark.usefixtures("nothing_kept")
def test_a_row_near_another_costs_the_examples_that_changed(monkeypatch):
    rng = np.random.default_rng(0)
    pool = pool_of_units(rng, 5000, 1000, 1, 4)
    quantities, seen = Products(pool.X), []
    honest = Products.total
    monkeypatch.setattr(Products, "total", lambda self, which, w: seen.append(len(which)) or honest(self, which, w))
    following = Sums(pool, quantities)
    row, counts = np.ones(1000, dtype=np.uint8), np.bincount(pool.unit, minlength=1000)
    following(row[None])
    assert seen == [5000]
    for _ in range(10):  # back and forth between two operators' rows
        for start in (0, 500):
            moved = row.copy()
            moved[start : start + 7] = rng.integers(0, 2, 7)
            following(moved[None])
    assert max(seen[1:]) <= 2 * max(counts[:7].sum(), counts[500:507].sum())


@pytest.mark.usefixtures("nothing_kept")
def test_several_threads_may_ask():
    rng = np.random.default_rng(0)
    pool = pool_of_units(rng, 400, 60, 2, 5)
    rows = np.stack([row for row, _ in walk(rng, 160, 60, 2, weighted=False)])
    following = Sums(pool, Products(pool.X))
    with ThreadPoolExecutor(4) as threads:
        found = np.concatenate(list(threads.map(following, np.split(rows, 40))))
    for total, row in zip(found, rows, strict=True):
        inside = row[pool.unit // 2] == pool.unit % 2 + 1
        assert total == pytest.approx(pool.X[inside].T @ pool.X[inside], abs=1e-12)


def test_what_is_kept_is_bounded_and_what_is_remembered_too():
    rng = np.random.default_rng(0)
    few = Pool(rng.normal(size=(4000, 40)), np.zeros(4000), np.arange(4000) % 12, 12, 1, np.zeros((1, 40)), 1)
    assert Sums(few, Products(few.X)).per_unit is not None
    many = Pool(rng.normal(size=(30_000, 40)), np.zeros(30_000), np.arange(30_000), 30_000, 1, np.zeros((1, 40)), 1)
    population = Sums(many, Products(many.X))
    assert population.per_unit is None  # 30,000 × 1,600 numbers are 384 MB
    assert population.together(2**17) == 34
    for i in range(30):
        row = np.ones(30_000, dtype=np.uint8)
        row[i] = 0
        population(row[None])
    assert len(population.following.latest) == sums.LATEST
    assert population(np.ones((2, 30_000), dtype=np.uint8)).nbytes == 2 * 1600 * 8


# ---------------------------------------------------------------------- through the learners


def lone_objects(world):
    """Every example an object of its own."""
    count = len(world.y)
    return replace(world, object_of=np.arange(count), objects=object_names(count), owners=(), owner_of=None)


@pytest.mark.parametrize("learner", ADDITIVE, ids=lambda learner: learner.tag)
@pytest.mark.parametrize("name", ["wine, poisoned", "breast cancer, poisoned", "rare"])
def test_scores_depend_on_no_walk(world_named, monkeypatch, learner, name):
    world = lone_objects(world_named(name))
    rng = np.random.default_rng(3)
    counted = [("all", "accuracy"), ("left", "accuracy"), ("all", "balanced_accuracy")]
    asked = walk(rng, 40, world.n_objects, world.n_present, weighted=True)
    plain = np.stack([row for row, weights in asked if weights is None])
    rows, weights = (np.stack(part) for part in zip(*(each for each in asked if each[1] is not None), strict=True))
    columns = columns_of(world, counted)
    kept = TrainedOracle(world, learner, columns)
    expected = kept.scores(plain), kept.scores(rows, weights)
    decided = kept.decide(plain), kept.decide(rows, weights)
    monkeypatch.setattr(cost, "KEPT", 0)
    monkeypatch.setattr(cost, "KEPT_OF_LARGE", 0)
    for memory in (1, 2**25):
        following = TrainedOracle(world, learner, columns, memory=memory)
        order = rng.permutation(len(plain))
        assert np.array_equal(following.scores(plain[order]), expected[0][order])
        assert np.array_equal(following.scores(rows, weights), expected[1])
        assert np.array_equal(following.scores(plain), expected[0])
    near = [following.decide(plain), following.decide(rows, weights)]
    for mine, theirs in zip(near, decided, strict=True):
        finite = np.isfinite(theirs)
        assert np.array_equal(np.isfinite(mine), finite)
        assert mine[finite] == pytest.approx(theirs[finite], rel=1e-8, abs=1e-9)


@pytest.mark.usefixtures("nothing_kept")
def test_rows_of_numbers_depend_on_no_walk(world_named):
    world = lone_objects(world_named("diabetes"))
    rng = np.random.default_rng(5)
    asked = walk(rng, 30, world.n_objects, 1, weighted=True)
    grid = Grid.of_world(world, learners.Ridge(), "rmse")
    for row, weights in asked:
        found = grid.scores(row, weights)
        assert found == pytest.approx(Grid.of_world(world, learners.Ridge(), "rmse").scores(row, weights), rel=1e-10)
