from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn import neighbors

from dataleverage.grid.learner import pool_of
from dataleverage.grid.learners.neighbours import KNeighborsClassifier, KNeighborsRegressor, by_distance
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.grid.rows import all_rows
from dataleverage.world.world import object_names

WORLDS = [
    "breast cancer",
    "breast cancer, poisoned",
    "collinear",
    "few examples, many features",
    "wine",
    "wine, poisoned",
    "digits",
    "rare",
]


def in_order(row, X_eval, k):
    """(E, k) training examples by distance, then by place; and (E,) whether no others could be the k nearest."""
    distance = cdist(X_eval, row.X, "sqeuclidean")
    order = np.argsort(distance, axis=1, kind="stable")
    ranked = np.take_along_axis(distance, order, axis=1)
    if k >= len(row.y):
        return order[:, : len(row.y)], np.ones(len(X_eval), dtype=bool)
    return order[:, :k], ranked[:, k] - ranked[:, k - 1] > 1e-9 * ranked[:, k]


def share(mine):
    """(E, K) probabilities of decision values that are logs of votes."""
    votes = np.exp(mine)
    return votes / votes.sum(axis=1, keepdims=True)


def agrees(mine, row, X_eval, k, classes):
    """With a brute force everywhere; with scikit-learn wherever distances differ. mine : (E, K) logs of votes."""
    order, clear = in_order(row, X_eval, k)
    votes = np.stack([(row.y[order] == c).sum(axis=1) for c in range(classes)], axis=1)
    assert np.array_equal(mine.argmax(axis=1), votes.argmax(axis=1))
    assert share(mine) == pytest.approx(votes / order.shape[1])
    if k <= len(row.y):
        model = neighbors.KNeighborsClassifier(n_neighbors=k).fit(row.X, row.y)
        assert np.array_equal(mine.argmax(axis=1)[clear], model.predict(X_eval)[clear])
        assert share(mine)[clear][:, row.present] == pytest.approx(model.predict_proba(X_eval)[clear])
    return clear.mean()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("k", [1, 5, 8])
@pytest.mark.parametrize("name", WORLDS)
def test_predicts_as_sklearn_on_every_row(rows_of, decisions, world_named, name, k):
    world = world_named(name)
    rows = rows_of(world, most=7)
    learner = KNeighborsClassifier(n_neighbors=k)
    votes = decisions(world, learner, rows)
    for i, (row, mine) in enumerate(zip(rows, decisions(world, learner, rows, "probability"), strict=True)):
        assert agrees(mine, row, world.X_eval, k, len(world.classes)) > 0.5
        assert np.array_equal(votes[i].argmax(axis=1), mine.argmax(axis=1))


@settings(max_examples=20, deadline=None)
@given(
    train=st.integers(5, 40),
    features=st.sampled_from([1, 2, 6, 300]),
    classes=st.integers(2, 5),
    k=st.sampled_from([1, 2, 3, 4, 7, 16, 17, 300]),
    whole=st.booleans(),
    flip=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_votes_agree_for_all_shapes(world_of, rows_of, decisions, train, features, classes, k, whole, flip, seed):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, train + 5 - classes)])
    X = rng.normal(size=(train + 5, features)) + y[:, None]
    world = world_of(np.round(X) if whole else X, y, train=train, objects=4, flip=flip, seed=seed)
    rows = rows_of(world, most=7)
    assume(rows)
    learner = KNeighborsClassifier(n_neighbors=k)
    for row, mine in zip(rows, decisions(world, learner, rows, "probability"), strict=True):
        agrees(mine, row, world.X_eval, k, classes)


@pytest.mark.parametrize("k", [1, 3])
def test_many_objects_of_one_example_each(world_named, rows_of, decisions, k):
    wine = world_named("wine")
    lone = {"object_of": np.arange(90), "objects": object_names(90), "owners": (), "owner_of": None}
    world = replace(wine, **lone)
    rng = np.random.default_rng(0)
    rows = (rng.random((60, 90)) < rng.uniform(0.1, 1, (60, 1))).astype(np.uint8)
    pool = pool_of(world)
    decision = KNeighborsClassifier(n_neighbors=k).prepare(pool, "label")(rows)
    for row, mine in zip(rows > 0, decision, strict=True):
        model = neighbors.KNeighborsClassifier(n_neighbors=k).fit(world.X[row], world.y[row])
        assert np.array_equal(model.classes_[mine[:, model.classes_].argmax(axis=1)], model.predict(world.X_eval))


def test_of_equally_distant_examples_the_first_is_nearest(world_of):
    X, y = np.zeros((30, 2)), np.arange(30) % 3
    world = world_of(X, y, train=24, objects=4)
    rows = all_rows(4)[1:]
    decision = KNeighborsClassifier(n_neighbors=1).prepare(pool_of(world), "label")(rows)
    for row, mine in zip(rows, decision, strict=True):
        first = np.flatnonzero(row[world.object_of])[0]
        assert (mine.argmax(axis=1) == world.y[first]).all()


def test_a_tied_vote_goes_to_the_lowest_class(world_of):
    world = world_of(np.arange(12.0)[:, None] ** 2, np.arange(12) % 3, train=9, objects=3)
    world = replace(world, y=np.tile([2, 1, 0], 3), y_eval=np.zeros(3, dtype=np.int64), audit=np.ones(3, dtype=bool))
    full = np.ones((1, 3), dtype=np.uint8)
    for need, votes in (("label", 3.0), ("probability", np.log(3))):
        decision = KNeighborsClassifier(n_neighbors=9).prepare(pool_of(world), need)(full)
        assert (decision == votes).all()
    for metric, score in (("accuracy", 1.0), ("log_loss", np.log(3))):
        oracle = TrainedOracle(world, KNeighborsClassifier(n_neighbors=9), columns_of(world, [("all", metric)]))
        assert oracle.scores(full).item() == pytest.approx(score)


@pytest.mark.parametrize("name", ["breast cancer, poisoned", "rare"])
@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_scores_do_not_depend_on_chunk_or_block(world_named, rows_of, monkeypatch, name, metric):
    world = world_named(name)
    rows = np.concatenate([row.row for row in rows_of(world, most=300)])
    columns = columns_of(world, metric)
    whole = TrainedOracle(world, KNeighborsClassifier(), columns).scores(rows)
    alone = TrainedOracle(world, KNeighborsClassifier(), columns, memory=1).scores(rows[:40])
    assert np.array_equal(alone, whole[:40]) if metric == "accuracy" else alone == pytest.approx(whole[:40], abs=1e-9)
    monkeypatch.setattr("dataleverage.grid.learners.neighbours.MOST_ROWS", 70)
    monkeypatch.setattr("dataleverage.grid.learners.neighbours.PLANE", 22)
    monkeypatch.setattr("dataleverage.grid.learners.neighbours.DISTANCES", 1000)
    assert np.array_equal(TrainedOracle(world, KNeighborsClassifier(), columns).scores(rows), whole)


@pytest.mark.parametrize("k", [1, 5, 130])
def test_regression_predicts_as_sklearn(world_named, rows_of, decisions, k):
    world = world_named("diabetes")
    rows = rows_of(world, most=30)
    for row, mine in zip(rows, decisions(world, KNeighborsRegressor(n_neighbors=k), rows), strict=True):
        order, clear = in_order(row, world.X_eval, k)
        assert mine[:, 0] == pytest.approx(row.y[order].mean(axis=1), rel=1e-12)
        if k <= len(row.y):
            model = neighbors.KNeighborsRegressor(n_neighbors=k).fit(row.X, row.y)
            assert mine[clear, 0] == pytest.approx(model.predict(world.X_eval)[clear], rel=1e-12)


def test_empty_and_single_class_rows_are_the_oracles(world_of):
    y = np.repeat([0, 1], [20, 10])
    world = world_of(np.random.default_rng(0).normal(size=(30, 2)), y, train=20, objects=3)
    world = replace(world, object_of=np.where(world.y == 1, 2, np.arange(20) % 2))
    oracle = TrainedOracle(world, KNeighborsClassifier(n_neighbors=3), columns_of(world, "accuracy")[:1])
    scores = oracle.scores(all_rows(3))[:, 0]
    share_of_first = np.mean(world.y_eval[world.audit] == 0)
    assert scores[:4] == pytest.approx(share_of_first) and scores[4] == pytest.approx(1 - share_of_first)
    assert (oracle.empty, oracle.single_class) == (1, 4)


@settings(max_examples=60, deadline=None)
@given(
    examples=st.integers(1, 40),
    features=st.sampled_from([3, 15, 16, 40]),
    values=st.sampled_from([2, 5, 1000]),
    offset=st.sampled_from([0, 10**9]),
    seed=st.integers(0, 2**16),
)
def test_examples_come_in_the_order_of_their_distances_in_whole_numbers(examples, features, values, offset, seed):
    """Of whole numbers distances are exact: few values make many ties, an offset makes products round."""
    rng = np.random.default_rng(seed)
    X, X_eval = (offset + rng.integers(0, values, (count, features)) for count in (examples, 7))
    exact = ((X_eval[:, None] - X[None]) ** 2).sum(axis=2)
    expected = np.argsort(exact, axis=1, kind="stable")
    for twins in (False, True):
        assert np.array_equal(by_distance(X_eval.astype(np.float64), X.astype(np.float64), twins), expected)
