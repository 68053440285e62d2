from __future__ import annotations

import numpy as np
import pytest
from sklearn import linear_model, naive_bayes, neighbors, tree
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import dataleverage as dl
from dataleverage.errors import GridError
from dataleverage.grid import path
from dataleverage.grid.grid import Grid
from dataleverage.grid.learner import scaling
from dataleverage.grid.learners.discrete_bayes import MultinomialNB
from dataleverage.grid.learners.logistic import LogisticRegression
from dataleverage.grid.learners.naive_bayes import GaussianNB
from dataleverage.grid.learners.neighbours import KNeighborsClassifier
from dataleverage.grid.learners.ridge import Ridge, RidgeClassifier
from dataleverage.grid.learners.sklearn import Sklearn
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle

SCALERS = {"standardize_each_row": StandardScaler, "min_max_each_row": MinMaxScaler}
CONVERGED = linear_model.LogisticRegression(tol=1e-10, max_iter=10_000, solver="newton-cholesky")
ANEW = [
    ("breast cancer, poisoned", RidgeClassifier, {"alpha": 2.0}, linear_model.RidgeClassifier(alpha=2.0)),
    ("wine, poisoned", RidgeClassifier, {}, linear_model.RidgeClassifier()),
    ("few examples, many features", RidgeClassifier, {}, linear_model.RidgeClassifier()),  # most pixels are constant
    ("diabetes", Ridge, {"alpha": 0.1}, linear_model.Ridge(alpha=0.1)),
    ("breast cancer, poisoned", LogisticRegression, {}, CONVERGED),
    ("wine, poisoned", LogisticRegression, {}, CONVERGED),
    ("breast cancer", KNeighborsClassifier, {"n_neighbors": 3}, neighbors.KNeighborsClassifier(3)),
    ("wine", GaussianNB, {}, naive_bayes.GaussianNB()),
    ("wine, poisoned", Sklearn, {"estimator": tree.DecisionTreeClassifier()}, tree.DecisionTreeClassifier(random_state=0)),
]


def oracle_of(world, learner, **more):
    return TrainedOracle(world, learner, columns_of(world, "rmse" if world.task == "regression" else "accuracy"), **more)


def agree(world, learner, model, how, rows, **more):
    """Decisions on rows are those of a pipeline that scales and fits each row's own examples."""
    oracle = oracle_of(world, learner, **more)
    decision = oracle.decide(np.concatenate([row.row for row in rows]))
    for row, mine in zip(rows, decision, strict=True):
        theirs = make_pipeline(SCALERS[how](), clone(model)).fit(row.X, row.y)
        if world.task == "regression":
            assert mine[:, 0] == pytest.approx(theirs.predict(world.X_eval), rel=1e-8)
            continue
        assert np.array_equal(mine.argmax(axis=1), theirs.predict(world.X_eval))
        if isinstance(model, linear_model.LogisticRegression):
            chance = np.exp(mine - mine.max(axis=1, keepdims=True))
            chance = (chance / chance.sum(axis=1, keepdims=True))[:, row.present]
            assert chance == pytest.approx(theirs.predict_proba(world.X_eval), abs=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore:.*[Ll]ine[ -]search")
@pytest.mark.parametrize("how", SCALERS)
@pytest.mark.parametrize(("name", "kind", "params", "model"), ANEW)
def test_features_scaled_on_each_row_are_those_of_a_pipeline(rows_of, world_named, name, kind, params, model, how):
    world = world_named(name)
    rows = [row for row in rows_of(world) if len(row.y) > 3][:20]
    agree(world, kind(**params, preprocess=how), model, how, rows)


def test_counts_are_never_negative_where_each_row_scales_them(rows_of, world_named):
    """The clean pool would not do: it knows nothing of poison, nor of negative features."""
    world = world_named("breast cancer, poisoned")
    learner = MultinomialNB(preprocess="min_max_each_row")
    agree(world, learner, naive_bayes.MultinomialNB(), learner.preprocess, rows_of(world, most=20))
    with pytest.raises(GridError, match="needs features that are counts"):
        oracle_of(world, MultinomialNB(preprocess="standardize_each_row"))


def test_the_path_names_the_reason_and_there_are_no_batches(world_named):
    learner = RidgeClassifier(preprocess="standardize_each_row")
    oracle = oracle_of(world_named("wine"), learner)
    oracle.scores(np.ones((1, 6), dtype=np.uint8))
    assert oracle.path == "one by one: features are scaled anew on every row"
    with pytest.raises(GridError, match="ridge_classifier with preprocess: standardize_each_row fits rows one by one"):
        oracle_of(world_named("wine"), learner, path="batches")


@pytest.mark.parametrize("side", ["threads", "processes"])
@pytest.mark.parametrize("kind", [LogisticRegression, KNeighborsClassifier])
def test_rows_go_side_by_side_and_score_the_same(world_named, monkeypatch, side, kind):
    world, learner = world_named("wine, poisoned"), kind(preprocess="standardize_each_row")
    monkeypatch.setattr(path, "LONG", 0.0 if side == "threads" else np.inf)
    if side == "processes":
        for name in ("STARTING", "SENDING", "BRIEF"):
            monkeypatch.setattr(path, name, 0.0)
    else:
        monkeypatch.setattr(path.Path, "worth_sending", lambda *_: False)
    rows = np.random.default_rng(0).integers(0, 3, (60, 5)).astype(np.uint8)
    together, alone = oracle_of(world, learner, workers=2), oracle_of(world, learner, workers=1)
    assert np.array_equal(together.scores(rows), alone.scores(rows))
    assert together.path.endswith("; in 2 processes" if side == "processes" else "on every row")


@pytest.mark.parametrize("learner", [RidgeClassifier, Sklearn])
def test_weights_are_refused(world_named, learner):
    params = {"estimator": tree.DecisionTreeClassifier()} if learner is Sklearn else {}
    grid = Grid.of_world(world_named("wine"), learner(**params, preprocess="min_max_each_row"))
    with pytest.raises(GridError, match=r"scaled anew .* cannot have weights") as caught:
        grid.scores(grid.full_row, np.full(6, 0.5))
    assert caught.value.place.key == "learner.preprocess" and "preprocess: min_max," in caught.value.remedy


def test_a_scenario_may_ask_for_it():
    text = """
title: t
data: {kind: sklearn, name: wine, objects: {by: random, count: 4}}
learner: {kind: ridge_classifier, preprocess: standardize_each_row}
creators: [{name: c, count: 4}]
operators: [{name: o}]
"""
    grid = dl.loads(text).grid()
    world, rows = grid.world, np.array([[1, 0, 1, 0], [0, 1, 1, 1]], dtype=np.uint8)
    for row, score in zip(rows, grid.scores(rows)[:, 0], strict=True):
        inside = row[world.object_of] > 0
        model = make_pipeline(StandardScaler(), linear_model.RidgeClassifier()).fit(world.X[inside], world.y[inside])
        right = model.predict(world.X_eval) == world.y_eval
        assert score == pytest.approx(right[world.audit].mean(), abs=1e-12)
    assert "scaled anew" in grid.oracle.path


@pytest.mark.parametrize(("preprocess", "scaler"), [("standardize", StandardScaler), ("min_max", MinMaxScaler)])
@pytest.mark.parametrize("many", [1, 3, 10, 999])
def test_constant_features_keep_their_scale_whatever_their_mean_is_rounded_to(preprocess, scaler, many):
    rng = np.random.default_rng(0)
    X = np.column_stack([np.full(many, value) for value in (0.1, 7.3, 1e9 / 3, 0.0)] + [rng.normal(size=many)])
    other = rng.normal(size=(5, 5))
    shift, scale = scaling(X, preprocess)
    assert (scale[:4] == 1).all()
    assert (other - shift) / scale == pytest.approx(scaler().fit(X).transform(other), rel=1e-9, abs=1e-9)
    shift, scale = scaling(X, "none")
    assert np.array_equal((other - shift) / scale, other)
