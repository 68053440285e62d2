from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import linear_model

from dataleverage.grid.learners.ridge import Ridge, RidgeClassifier, solved

BINARY = ["breast cancer", "breast cancer, poisoned", "collinear", "few examples, many features"]
MULTICLASS = ["wine", "wine, poisoned", "digits", "rare"]


@pytest.mark.parametrize("name", BINARY + MULTICLASS)
def test_classifier_decides_as_sklearn_on_every_row(rows_of, decisions, world_named, name):
    world = world_named(name)
    rows = rows_of(world)
    decision = decisions(world, RidgeClassifier(alpha=0.5), rows)
    for row, mine in zip(rows, decision, strict=True):
        model = linear_model.RidgeClassifier(alpha=0.5).fit(row.X, row.y)
        assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))
        theirs, mine = model.decision_function(world.X_eval), mine[:, model.classes_]
        assert mine[:, 1] == pytest.approx(theirs, abs=1e-8) if theirs.ndim == 1 else np.allclose(mine, theirs, atol=1e-8)


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 100.0])
def test_regressor_has_the_coefficients_of_sklearn(rows_of, decisions, world_named, alpha):
    world = world_named("diabetes")
    features = world.X.shape[1]
    # Evaluated at the origin and at unit vectors, predictions are the intercept and the coefficients.
    probe = dataclasses.replace(world, X_eval=np.vstack([np.zeros(features), np.eye(features)]))
    rows = rows_of(world, most=30)
    decision = decisions(probe, Ridge(alpha=alpha), rows)[..., 0]
    for row, mine in zip(rows, decision, strict=True):
        model = linear_model.Ridge(alpha=alpha, solver="svd").fit(row.X, row.y)
        assert mine[0] == pytest.approx(model.intercept_, rel=1e-8)
        assert mine[1:] - mine[0] == pytest.approx(model.coef_, rel=1e-8, abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(
    train=st.integers(4, 30),
    features=st.integers(1, 12),
    offset=st.sampled_from([0.0, 1e4]),
    seed=st.integers(0, 10**6),
)
def test_regressor_agrees_for_all_shapes(world_of, rows_of, decisions, train, features, offset, seed):
    rng = np.random.default_rng(seed)
    X = offset + rng.normal(size=(train + 5, features)) * 10.0 ** rng.integers(-2, 3, features)
    X[:, 0] = offset  # constant
    world = world_of(X, rng.normal(size=train + 5) + offset, train=train, objects=4, task="regression", seed=seed)
    rows = rows_of(world)
    for row, mine in zip(rows, decisions(world, Ridge(), rows), strict=True):
        theirs = linear_model.Ridge(solver="svd").fit(row.X, row.y).predict(world.X_eval)
        assert mine[:, 0] == pytest.approx(theirs, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("train", [80, 420])  # fewer examples than features, and more
@pytest.mark.parametrize("alpha", [1e-2, 10.0])
def test_three_hundred_features_are_solved_as_sklearn_solves_them(world_of, rows_of, decisions, train, alpha):
    rng = np.random.default_rng(train)
    X = rng.normal(size=(train + 30, 8)) @ rng.normal(size=(8, 300)) + rng.normal(size=(train + 30, 300))
    score = X @ rng.normal(size=300) / 10 + rng.normal(size=len(X))
    world = world_of(X, score, train=train, objects=5, task="regression")
    rows = rows_of(world, most=16)
    for row, mine in zip(rows, decisions(world, Ridge(alpha=alpha), rows), strict=True):
        theirs = linear_model.Ridge(alpha=alpha, solver="svd").fit(row.X, row.y).predict(world.X_eval)
        assert mine[:, 0] == pytest.approx(theirs, rel=1e-8, abs=1e-8)
    for edges in ([0.0], [-5.0, 5.0]):
        world = world_of(X, np.digitize(score, edges), train=train, objects=5)
        rows = rows_of(world, most=16)
        for row, mine in zip(rows, decisions(world, RidgeClassifier(alpha=alpha), rows), strict=True):
            model = linear_model.RidgeClassifier(alpha=alpha, solver="svd").fit(row.X, row.y)
            assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))
            theirs, mine = model.decision_function(world.X_eval), mine[:, model.classes_]
            assert mine[:, 1] == pytest.approx(theirs, abs=1e-8) if theirs.ndim == 1 else np.allclose(mine, theirs, atol=1e-8)


def test_preprocessing_is_fitted_once_on_all_clean_examples(rows_of, decisions, world_named):
    world = world_named("breast cancer")
    rows = rows_of(world, preprocess="standardize", most=10)
    decision = decisions(world, RidgeClassifier(preprocess="standardize"), rows)
    X_eval = (world.X_eval - world.X.mean(axis=0)) / world.X.std(axis=0)
    for row, mine in zip(rows, decision, strict=True):
        theirs = linear_model.RidgeClassifier().fit(row.X, row.y).decision_function(X_eval)
        assert mine[:, 1] == pytest.approx(theirs, abs=1e-10)


def test_alpha_is_positive():
    with pytest.raises(ValueError, match="greater than 0"):
        RidgeClassifier(alpha=0.0)


@pytest.mark.parametrize("name", BINARY + MULTICLASS)
def test_weights_are_those_of_sklearn(rows_of, weighted, decisions, world_named, name):
    world = world_named(name)
    rows = weighted(world, rows_of(world))
    for row, mine in zip(rows, decisions(world, RidgeClassifier(), rows), strict=True):
        model = linear_model.RidgeClassifier().fit(row.X, row.y, sample_weight=row.w)
        assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))
        theirs, mine = model.decision_function(world.X_eval), mine[:, model.classes_]
        assert mine[:, 1] == pytest.approx(theirs, abs=1e-7) if theirs.ndim == 1 else np.allclose(mine, theirs, atol=1e-7)


def test_weights_of_the_regressor_are_those_of_sklearn(rows_of, weighted, decisions, world_named):
    world = world_named("diabetes")
    rows = weighted(world, rows_of(world))
    for row, mine in zip(rows, decisions(world, Ridge(alpha=0.1), rows), strict=True):
        model = linear_model.Ridge(alpha=0.1).fit(row.X, row.y, sample_weight=row.w)
        assert mine[:, 0] == pytest.approx(model.predict(world.X_eval), rel=1e-8)


def test_weights_and_the_penalty_scale_together(rows_of, weighted, decisions, world_named):
    world = world_named("wine, poisoned")
    rows = weighted(world, rows_of(world, most=20))
    tenfold = [dataclasses.replace(row, weights=10 * row.weights) for row in rows]
    expected = decisions(world, RidgeClassifier(alpha=0.5), rows)
    assert decisions(world, RidgeClassifier(alpha=5.0), tenfold) == pytest.approx(expected, abs=1e-10)
    assert np.abs(decisions(world, RidgeClassifier(alpha=0.5), tenfold) - expected)[np.isfinite(expected)].max() > 1e-3


def test_systems_that_are_not_positive_definite_are_solved_by_themselves():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(6, 20, 5))
    systems = Z.transpose(0, 2, 1) @ Z
    systems[2, :4, :4] = np.diag([1.0, -2.0, 3.0, 0.5])  # has an inverse, and no factor
    together = solved(systems.copy(), 4)
    for system, found in zip(systems, together, strict=True):
        assert system[:4, :4] @ found[0] == pytest.approx(system[:4, 4], abs=1e-10)
        assert solved(system[None].copy(), 4)[0] == pytest.approx(found, rel=1e-10)
    systems[4, :4, :4] = 0.0
    with pytest.raises(np.linalg.LinAlgError):
        solved(systems, 4)


@pytest.mark.parametrize("alpha", [1.0, 1e-6])
@pytest.mark.parametrize("count", [1, 11, 12, 40])
def test_few_systems_and_many_are_solved_alike(count, alpha):
    """Against a general solver, below, at and above as many systems as each has lines."""
    rng = np.random.default_rng(count)
    Z = rng.normal(size=(count, 30, 15))
    systems = Z.transpose(0, 2, 1) @ Z + alpha * np.eye(15)
    expected = np.linalg.solve(systems[:, :12, :12], systems[:, :12, 12:]).transpose(0, 2, 1)
    assert solved(systems, 12) == pytest.approx(expected, rel=1e-9, abs=1e-11)
