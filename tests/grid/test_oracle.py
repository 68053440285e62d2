from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn import linear_model, naive_bayes, neighbors, tree
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.metrics import log_loss

import dataleverage as dl
from dataleverage.errors import FitError, GridError, MissingCell
from dataleverage.grid.grid import Grid
from dataleverage.grid.learner import Pool
from dataleverage.grid.learners.centroid import NearestCentroid
from dataleverage.grid.learners.factorization import MatrixFactorization
from dataleverage.grid.learners.items import ItemMean
from dataleverage.grid.learners.logistic import LogisticRegression
from dataleverage.grid.learners.naive_bayes import GaussianNB
from dataleverage.grid.learners.neighbours import KNeighborsClassifier
from dataleverage.grid.learners.ridge import Ridge, RidgeClassifier
from dataleverage.grid.learners.sklearn import Sklearn
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TableOracle, TrainedOracle
from dataleverage.grid.rows import all_rows
from dataleverage.world.world import Slice, Variant, World, object_names

SCENARIO = """
title: t
data: {{kind: sklearn, name: {name}, objects: {objects}, holdout: {{audit: 0.4, monitor: 0.1}}, slices: {{by: owner}}}}
learner: {learner}
tactics: {{flip: {{kind: label_flip, rate: 0.7}}, some: {{kind: label_flip, rate: 0.2}}}}
creators: [{{name: c, count: {count}}}]
operators: [{{name: o}}]
payoffs: {{weights: {{all: 1}}}}
"""

LEARNERS = {
    "ridge": ("{kind: ridge_classifier, alpha: 2.0}", lambda: linear_model.RidgeClassifier(alpha=2.0)),
    "logistic": (
        "{kind: logistic_regression, preprocess: standardize}",
        lambda: linear_model.LogisticRegression(tol=1e-10, max_iter=10_000),
    ),
    "bayes": ("gaussian_nb", naive_bayes.GaussianNB),
    "tree": (
        "{kind: sklearn, estimator: DecisionTreeClassifier, params: {max_depth: 4}}",
        lambda: tree.DecisionTreeClassifier(max_depth=4, random_state=0),
    ),
}
SKEWED, RANDOM = "{{by: label_skew, count: {0}, alpha: 0.3}}", "{{by: random, count: {0}}}"
FOUR = [
    ("digits", "ridge", SKEWED),
    ("breast_cancer", "ridge", SKEWED),
    ("wine", "ridge", RANDOM),
    ("breast_cancer", "logistic", SKEWED),
    ("digits", "bayes", RANDOM),
    ("breast_cancer", "bayes", SKEWED),
    ("wine", "bayes", SKEWED),
    ("digits", "tree", SKEWED),
    ("breast_cancer", "tree", RANDOM),
    ("wine", "tree", "{{by: label}}"),  # most rows lack a class, or have one only
]


@cache
def grid_of(name: str, learner: str, objects: str, count: int) -> Grid:
    """A grid by way of a scenario."""
    count = 3 if "label}" in objects else count
    shape = objects.format(count)
    return dl.loads(SCENARIO.format(name=name, learner=LEARNERS[learner][0], objects=shape, count=count)).grid()


def reference(grid: Grid, learner: str, row) -> np.ndarray:
    """(C,) accuracies of scikit-learn's fit on one row, with the documented answers for rows without two classes."""
    world = grid.world
    X, y, X_eval = np.array(world.X), np.array(world.y), world.X_eval
    for v, variant in enumerate(world.variants):
        poisoned = np.asarray(row)[world.object_of] == v + 2
        X[poisoned], y[poisoned] = variant.X[poisoned], variant.y[poisoned]
    if learner == "logistic":
        mean, spread = world.X.mean(axis=0), world.X.std(axis=0)
        X, X_eval = (X - mean) / spread, (X_eval - mean) / spread
    inside = np.asarray(row)[world.object_of] > 0
    if not inside.any():
        label = np.full(len(X_eval), np.bincount(world.y).argmax())
    elif len(np.unique(y[inside])) == 1:
        label = np.full(len(X_eval), y[inside][0])
    else:
        label = LEARNERS[learner][1]().fit(X[inside], y[inside]).predict(X_eval)
    right = label == world.y_eval
    parts = {part.name: part.mask for part in world.slices}
    masks = [parts[column.slice] & (world.audit == (column.part == "audit")) for column in grid.columns]
    return np.array([right[mask].mean() for mask in masks])


def poisoned_rows(grid: Grid, count: int) -> np.ndarray:
    rows = np.random.default_rng(7).integers(0, grid.n_present + 1, (count, grid.n_objects))
    return rows[(rows > 1).any(axis=1)]


@pytest.mark.parametrize(("name", "learner", "objects"), FOUR)
def test_every_row_of_a_small_grid_scores_as_scikit_learn(name, learner, objects):
    grid = grid_of(name, learner, objects, 4)
    rows = np.concatenate([all_rows(grid.n_objects), poisoned_rows(grid, 12)])
    expected = np.array([reference(grid, learner, row) for row in rows])
    assert np.abs(grid.scores(rows) - expected).max() < 1e-12
    assert len(np.unique(expected[:, 0])) > 4


@pytest.mark.parametrize(
    ("name", "learner"), [("digits", "ridge"), ("breast_cancer", "logistic"), ("wine", "bayes"), ("wine", "tree")]
)
def test_random_rows_of_twelve_objects_score_as_scikit_learn(name, learner):
    grid = grid_of(name, learner, SKEWED, 12)
    clean = np.random.default_rng(3).integers(0, 2, (200, 12))
    rows = np.concatenate([clean, poisoned_rows(grid, 20)])
    expected = np.array([reference(grid, learner, row) for row in rows])
    assert np.abs(grid.scores(rows) - expected).max() < 1e-12


@pytest.mark.parametrize(
    ("load", "learner", "model"),
    [
        (load_digits, RidgeClassifier(), linear_model.RidgeClassifier),
        (load_breast_cancer, RidgeClassifier(alpha=0.1), lambda: linear_model.RidgeClassifier(alpha=0.1)),
        (load_wine, GaussianNB(), naive_bayes.GaussianNB),
        (load_wine, Sklearn(tree.DecisionTreeClassifier(random_state=3)), lambda: tree.DecisionTreeClassifier(random_state=3)),
        (
            lambda **_: (
                load_breast_cancer().data[:, :5] / load_breast_cancer().data[:, :5].max(axis=0),
                load_breast_cancer().target,
            ),
            LogisticRegression(),
            lambda: linear_model.LogisticRegression(tol=1e-10, max_iter=10_000),
        ),
    ],
)
def test_grids_of_arrays_score_as_scikit_learn(load, learner, model):
    X, y = load(return_X_y=True)
    order = np.random.default_rng(1).permutation(len(y))
    X, y, train = X[order], y[order], len(y) * 2 // 3
    groups = np.arange(train) % 4
    words = np.char.add("class ", y.astype(str))  # labels of any type
    odd = np.arange(len(y) - train) % 2 == 1
    grid = Grid.from_arrays(X[:train], words[:train], groups, X[train:], words[train:], slices={"odd": odd}, learner=learner)
    rows = all_rows(4)[1:]
    expected = []
    for row in rows:
        inside = row[groups] > 0
        right = model().fit(X[:train][inside], words[:train][inside]).predict(X[train:]) == words[train:]
        expected.append([right.mean(), right[odd].mean()])
    assert np.abs(grid.scores(rows) - np.array(expected)).max() < 1e-12


@pytest.mark.parametrize("learner", [RidgeClassifier(), LogisticRegression(preprocess="standardize"), GaussianNB()])
def test_chunks_order_and_duplicates_change_nothing_that_is_counted(world_named, learner):
    world = world_named("breast cancer, poisoned")
    counted = columns_of(world, [(part, m) for part in ("all", "left") for m in ("accuracy", "balanced_accuracy")])
    gives = [m for m, need in (("auc", "ranking"), ("log_loss", "probability")) if need in learner.gives]
    columns = counted + columns_of(world, [(part, m) for part in ("all", "right") for m in gives])
    rng = np.random.default_rng(0)
    rows = np.concatenate([all_rows(5), rng.integers(0, 3, (40, 5))]).astype(np.uint8)
    whole = TrainedOracle(world, learner, columns).scores(rows)
    for memory in (1, 10**6):
        part = TrainedOracle(world, learner, columns, memory=memory)
        order = rng.permutation(len(rows))
        scores = np.empty_like(whole)
        scores[order] = part.scores(rows[order])
        assert part.chunk(len(rows)) < len(rows)
        assert np.array_equal(scores[:, : len(counted)], whole[:, : len(counted)])
        assert np.abs(scores - whole).max() < 1e-9
    twice = TrainedOracle(world, learner, columns).scores(np.repeat(rows, 2, axis=0))
    assert np.array_equal(twice[::2, : len(counted)], whole[:, : len(counted)])


@pytest.mark.parametrize("learner", [RidgeClassifier(), LogisticRegression(), GaussianNB()])
def test_ties_are_broken_alike_in_every_chunk(learner):
    rng = np.random.default_rng(0)
    for features in (1, 3, 7):  # mirror images of each other, so that every model is undecided at the origin
        X = rng.choice([-1.0, 1.0], size=(30, features))
        groups = rng.integers(0, 6, 60)
        groups[:6] = np.arange(6)
        at = np.concatenate([np.zeros((5, features)), rng.choice([-1.0, 0.0, 1.0], size=(40, features))])
        grid = Grid.from_arrays(np.vstack([X, -X]), np.repeat([1, 0], 30), groups, at, np.arange(45) % 2, learner=learner)
        rows = all_rows(6)
        alone = np.concatenate([grid.oracle.scores(row[None]) for row in rows])
        assert np.array_equal(alone, grid.oracle.scores(rows))


@st.composite
def games(draw) -> tuple[World, np.random.Generator]:
    """Worlds of any shape: examples, features, objects of any size, classes, evaluation examples, slices, tactics."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, held, d = draw(st.integers(2, 60)), draw(st.integers(1, 40)), draw(st.integers(1, 12))
    objects, classes = draw(st.integers(1, min(n, 9))), draw(st.integers(2, 4))
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n + held)])[: n + held]
    X = (rng.normal(size=(len(y), d)) + rng.normal(size=(classes, d))[y]) * 10.0 ** rng.integers(-1, 3, d)
    object_of = np.concatenate([np.arange(objects), rng.integers(0, objects, n - objects)])
    masks = [np.ones(held, dtype=bool), *(rng.random(held) < 0.5 for _ in range(draw(st.integers(0, 4))))]
    variants = [Variant(f"tactic {v}", X[:n], rng.permutation(y[:n])) for v in range(draw(st.integers(0, 2)))]
    return World(
        task="classification",
        X=X[:n],
        y=y[:n],
        object_of=object_of,
        objects=object_names(objects),
        X_eval=X[n:],
        y_eval=y[n:],
        audit=np.ones(held, dtype=bool),
        eval_object=np.full(held, -1),
        slices=tuple(Slice(f"slice {i}", mask) for i, mask in enumerate(masks) if mask.any()),
        classes=tuple(f"class {k}" for k in range(classes)),
        variants=tuple(variants),
    ), rng


def by_hand(world: World, model, row) -> np.ndarray:
    """(E,) labels of scikit-learn's fit on one row, with the documented answers for rows without two classes."""
    X, y = np.array(world.X), np.array(world.y)
    for v, variant in enumerate(world.variants):
        poisoned = row[world.object_of] == v + 2
        X[poisoned], y[poisoned] = variant.X[poisoned], variant.y[poisoned]
    inside = row[world.object_of] > 0
    if not inside.any():
        return np.full(len(world.X_eval), np.bincount(world.y).argmax())
    if len(np.unique(y[inside])) == 1:
        return np.full(len(world.X_eval), y[inside][0])
    return model().fit(X[inside], y[inside]).predict(world.X_eval)


QUICK = {
    "ridge": (RidgeClassifier(), linear_model.RidgeClassifier),
    "bayes": (GaussianNB(), naive_bayes.GaussianNB),
    "centroid": (NearestCentroid(), neighbors.NearestCentroid),
    "nearest": (KNeighborsClassifier(n_neighbors=1), lambda: neighbors.KNeighborsClassifier(1)),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(game=games(), name=st.sampled_from(sorted(QUICK)), memory=st.sampled_from([1, 20_000, 10**6]), workers=st.integers(1, 3))
def test_any_shape_scores_as_scikit_learn_and_the_same_in_any_chunks(game, name, memory, workers):
    world, rng = game
    learner, model = QUICK[name]
    labels = [(part.name, metric) for part in world.slices for metric in ("accuracy", "balanced_accuracy")]
    others = [(part.name, "log_loss") for part in world.slices if name in ("bayes", "nearest")]
    for part in world.slices:
        if set(world.y_eval[part.mask]) == set(range(len(world.classes))) and (name != "ridge" or len(world.classes) == 2):
            others += [(part.name, "auc")] if name != "centroid" or len(world.classes) == 2 else []
    columns = columns_of(world, labels + others)
    rows = np.unique(rng.integers(0, world.n_present + 1, (300, world.n_objects)), axis=0).astype(np.uint8)
    whole = TrainedOracle(world, learner, columns, workers=1).scores(rows)
    order = rng.permutation(len(rows))
    again = np.empty_like(whole)
    again[order] = TrainedOracle(world, learner, columns, memory=memory, workers=workers).scores(rows[order])
    assert np.array_equal(again[:, : len(labels)], whole[:, : len(labels)])
    assert again == pytest.approx(whole, abs=1e-9)
    for r in order[:12]:
        right = by_hand(world, model, rows[r]) == world.y_eval
        for c, column in enumerate(columns):
            if column.metric == "accuracy":
                mask = next(part.mask for part in world.slices if part.name == column.slice)
                assert whole[r, c] == pytest.approx(right[mask].mean(), abs=1e-12)


class Counting(RidgeClassifier):
    """Notes every row that it trains on."""

    def prepare(self, pool: Pool, need):
        inner = RidgeClassifier().prepare(pool, need)

        def predict(rows):
            SEEN.extend(row.tobytes() for row in rows)
            return inner(rows)

        return predict


SEEN: list[bytes] = []


def test_a_row_is_trained_once(world_named):
    SEEN.clear()
    grid = Grid.of_world(world_named("wine"), Counting())
    rows = all_rows(6)
    first = grid.scores(rows[:40][::-1])
    again = grid.scores(np.concatenate([rows, rows[10:20], rows]))
    table = grid.unveil()
    assert len(SEEN) == len(set(SEEN)) > 50
    assert grid.trained == 64
    assert grid.served == 40 + 10 + 40 + 64  # of the second call those of the first, and all 64 of the third
    assert np.array_equal(first[::-1], again[:40]) and np.array_equal(again[74:], table.scores)


def test_empty_and_single_class_rows(world_named):
    world = world_named("wine")
    world = replace(world, object_of=world.y.astype(np.int64), objects=("A", "B", "C"))
    for learner in (GaussianNB(), Sklearn(tree.DecisionTreeClassifier())):
        oracle = TrainedOracle(world, learner, columns_of(world, [("all", "accuracy"), ("all", "log_loss"), ("all", "auc")]))
        rows = np.concatenate([np.zeros((1, 3)), np.eye(3), np.ones((1, 3))]).astype(np.uint8)
        scores = oracle.scores(rows)
        assert (oracle.empty, oracle.single_class) == (1, 3)
        y = world.y_eval[world.audit]
        prior = np.bincount(world.y) / len(world.y)
        assert scores[0, 0] == np.mean(y == prior.argmax()) and scores[0, 2] == 0.5
        assert scores[0, 1] == pytest.approx(log_loss(y, np.tile(prior, (len(y), 1)), labels=[0, 1, 2]))
        for k in range(3):
            assert scores[1 + k, 0] == np.mean(y == k)
            assert scores[1 + k, 1] == pytest.approx(log_loss(y, np.tile(np.eye(3)[k], (len(y), 1)), labels=[0, 1, 2]))


def test_classes_that_a_row_lacks_are_never_predicted(world_named):
    world = world_named("wine")
    world = replace(world, object_of=world.y.astype(np.int64), objects=("A", "B", "C"))
    for learner in (RidgeClassifier(), GaussianNB(), Sklearn(tree.DecisionTreeClassifier())):
        decision = TrainedOracle(world, learner, columns_of(world, "accuracy")).decide(np.array([[1, 0, 1]], dtype=np.uint8))
        assert set(decision[0].argmax(axis=1)) == {0, 2} and np.isneginf(decision[0, :, 1]).all()


def test_an_empty_row_of_numbers_predicts_their_mean(world_named):
    world = world_named("diabetes")
    oracle = TrainedOracle(world, Ridge(), columns_of(world, [("all", "rmse"), ("all", "r2")]))
    target = world.y_eval[world.audit]
    rmse, r2 = oracle.scores(np.zeros((1, 6), dtype=np.uint8))[0]
    assert rmse == pytest.approx(np.sqrt(np.mean((target - world.y.mean()) ** 2)))
    assert r2 == pytest.approx(1 - rmse**2 / target.var()) and r2 <= 0
    assert (oracle.empty, oracle.single_class) == (1, 0)


@pytest.mark.parametrize(
    ("world", "learner", "metric", "key"),
    [
        ("diabetes", RidgeClassifier(), "rmse", "learner"),
        ("wine", Ridge(), "accuracy", "learner"),
        ("wine", RidgeClassifier(), "log_loss", "columns.metric"),
    ],
)
def test_what_does_not_fit_together_is_refused_at_once(world_named, world, learner, metric, key):
    with pytest.raises(GridError) as caught:
        Grid.of_world(world_named(world), learner, metric)
    assert caught.value.place.key == key and caught.value.remedy


def test_a_fit_that_fails_is_no_score(world_named):
    grid = Grid.of_world(world_named("breast cancer"), LogisticRegression(max_iter=1))
    with pytest.raises(FitError, match="did not converge"):
        grid.scores(grid.full_row)
    assert len(grid.store) == 0 and grid.trained == 0


def test_a_table_answers_what_it_has():
    rows = np.array([[1, 1], [0, 1]], dtype=np.uint8)
    oracle = TableOracle(rows, np.array([[0.9], [0.4]]), (), ("A", "B"))
    assert oracle.scores(rows[[1, 0, 1]]).tolist() == [[0.4], [0.9], [0.4]]
    with pytest.raises(MissingCell, match="no cells for the empty row, A") as caught:
        oracle.scores(all_rows(2))
    assert caught.value.remedy


def test_ratings_take_learners_of_ratings_and_no_preprocessing():
    X = np.array([[u, i] for u in range(6) for i in range(5)], dtype=float)
    y = (np.arange(30) % 9 + 2) / 2
    for learner in (MatrixFactorization(preprocess="standardize"), ItemMean(preprocess="min_max_each_row")):
        with pytest.raises(GridError, match="ratings have no features") as caught:
            Grid.from_arrays(X, y, X[:, 0], X, y, learner=learner)
        assert caught.value.place.key == "learner.preprocess" and caught.value.remedy
    world = Grid.from_arrays(X, y, X[:, 0], X, y, learner=ItemMean()).world
    for learner in (RidgeClassifier(), Ridge(), Sklearn(linear_model.LinearRegression())):
        with pytest.raises(GridError, match=rf"the learner {learner.tag} does .*, and the target asks for rating"):
            Grid.of_world(world, learner, "rmse")
    grid = Grid.of_world(world, MatrixFactorization(), [("all", "rmse"), ("all", "hits")])
    guess = grid.oracle.decide(np.zeros((1, 6), dtype=np.uint8))
    assert guess == pytest.approx(np.full((1, 30, 1), y.mean()))
