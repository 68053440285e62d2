from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.linalg import lstsq
from scipy.special import log_softmax
from sklearn import discriminant_analysis

from dataleverage.grid.learners.discriminant import LinearDiscriminantAnalysis
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.world.world import object_names

BINARY = ["breast cancer", "breast cancer, poisoned", "collinear", "few examples, many features"]
MULTICLASS = ["wine", "wine, poisoned", "digits", "rare"]


def reference(row, shrinkage):
    """scikit-learn's fit, and its least singular value and the largest left out by its cut, next to the largest."""
    model = discriminant_analysis.LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(row.X, row.y)
    values = lstsq(model.covariance_, model.means_.T)[3] / max(lstsq(model.covariance_, model.means_.T)[3][0], 1e-300)
    return model, values


def well_posed(values):
    """No singular value is within rounding error of scikit-learn's cut: those kept there would be noise."""
    return not ((values > 2.2e-16) & (values < 1e-13)).any()


def minimum_norm(row, X_eval, shrinkage):
    """(E, K') log-posteriors up to a constant: pseudo-inverse of the pooled covariance, cut at rounding error."""
    labels = np.flatnonzero(row.present)
    means = np.stack([row.X[row.y == k].mean(axis=0) for k in labels])
    within = row.X - means[np.searchsorted(labels, row.y)]
    covariance = within.T @ within / len(row.X)
    if shrinkage:
        identity = np.eye(len(covariance)) * np.trace(covariance) / len(covariance)
        covariance = (1 - shrinkage) * covariance + shrinkage * identity
    level = row.X.mean(axis=0)
    weights = np.linalg.pinv(covariance, rcond=len(covariance) * 2.2e-16, hermitian=True) @ (means - level).T
    share = np.bincount(row.y)[labels] / len(row.y)
    return (X_eval - level) @ weights - ((means - level) * weights.T).sum(axis=1) / 2 + np.log(share)


def agrees(mine, row, X_eval, shrinkage, rel=1e-5):
    theirs = log_softmax(minimum_norm(row, X_eval, shrinkage), axis=1)
    given = log_softmax(mine[:, row.present], axis=1)
    assert given == pytest.approx(theirs, rel=rel, abs=rel)
    top = np.sort(theirs, axis=1)
    clear = top[:, -1] - top[:, -2] > rel * np.maximum(1, np.abs(theirs).max(axis=1))
    assert np.array_equal(given.argmax(axis=1)[clear], theirs.argmax(axis=1)[clear])


@pytest.mark.filterwarnings("error", "ignore:Only one sample")  # scikit-learn's, of a class of one example
@pytest.mark.parametrize("shrinkage", [None, 0.1])
@pytest.mark.parametrize("name", BINARY + MULTICLASS)
def test_predicts_as_sklearn_on_every_row(rows_of, decisions, world_named, name, shrinkage):
    world = world_named(name)
    rows = [row for row in rows_of(world, most=12) if len(row.y) > row.present.sum()]
    compared = 0
    learner = LinearDiscriminantAnalysis(shrinkage=shrinkage)
    for row, mine in zip(rows, decisions(world, learner, rows, "probability"), strict=True):
        model, values = reference(row, shrinkage)
        if well_posed(values):
            compared += 1
            assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))
            given = log_softmax(mine[:, row.present], axis=1)
            theirs = model.predict_log_proba(world.X_eval)
            seen = theirs > -30  # 1 − probability is all rounding below
            assert given[seen] == pytest.approx(theirs[seen], rel=5e-3, abs=5e-3)  # condition numbers go up to 1e13
        agrees(mine, row, world.X_eval, shrinkage, rel=1e-4)
    assert compared > (len(rows) / 2 if name != "collinear" else 0)


@settings(max_examples=15, deadline=None)
@given(
    train=st.integers(5, 40),
    features=st.integers(1, 6),
    classes=st.integers(2, 4),
    shrinkage=st.sampled_from([None, 0.0, 1e-3, 0.5, 1.0]),
    collinear=st.booleans(),
    size=st.sampled_from([1e-5, 1.0, 1e5]),
    flip=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_log_posteriors_agree_for_all_shapes(
    world_of, rows_of, decisions, train, features, classes, shrinkage, collinear, size, flip, seed
):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, train + 5 - classes)])
    X = (rng.normal(size=(train + 5, features)) + y[:, None]) * size
    if collinear:
        X = np.column_stack([X, X[:, 0] - size, np.full(len(X), 0.1), X.sum(axis=1)])
    world = world_of(X, y, train=train, objects=4, flip=flip, seed=seed)
    rows = rows_of(world, most=8)
    assume(rows)
    learner = LinearDiscriminantAnalysis(shrinkage=shrinkage)
    for row, mine in zip(rows, decisions(world, learner, rows, "probability"), strict=True):
        agrees(mine, row, world.X_eval, shrinkage)


@pytest.mark.parametrize("shrinkage", [None, 0.2])
def test_many_features(world_of, rows_of, decisions, shrinkage):
    rng = np.random.default_rng(3)
    y = np.arange(90) % 3
    world = world_of(rng.normal(size=(90, 300)) + 0.2 * y[:, None], y, train=70, objects=4)
    rows = rows_of(world, most=4)
    learner = LinearDiscriminantAnalysis(shrinkage=shrinkage)
    for row, mine in zip(rows, decisions(world, learner, rows, "probability"), strict=True):
        agrees(mine, row, world.X_eval, shrinkage)


@pytest.mark.parametrize("shrinkage", [None, 0.2])
def test_objects_of_one_example_each(world_named, rows_of, decisions, shrinkage):
    lone = {"object_of": np.arange(7), "objects": object_names(7), "owners": (), "owner_of": None}
    wine = world_named("wine")
    world = replace(wine, X=wine.X[:7], y=wine.y[:7], **lone)
    rows = rows_of(world, most=40)
    learner = LinearDiscriminantAnalysis(shrinkage=shrinkage)
    for row, mine in zip(rows, decisions(world, learner, rows, "probability"), strict=True):
        if len(row.y) > row.present.sum():
            agrees(mine, row, world.X_eval, shrinkage)
        else:  # no scatter at all: the prior, which is the same for all classes
            assert np.ptp(mine[:, row.present]) == 0


def test_features_without_any_variation_leave_the_prior(world_of, rows_of, decisions):
    world = world_of(np.full((20, 2), 0.3), np.arange(20) % 4 > 0, train=14, objects=3)
    for row, mine in zip(rows := rows_of(world), decisions(world, LinearDiscriminantAnalysis(), rows), strict=True):
        odds = np.log(np.mean(row.y == 1) / np.mean(row.y == 0))
        assert mine[:, 1] - mine[:, 0] == pytest.approx(odds, abs=1e-12)


def test_a_feature_that_only_some_rows_vary_in(world_of, rows_of, decisions):
    # Object 0 alone has ones in the last column: rows without it are singular, and are told so.
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 90)
    X = np.column_stack([rng.normal(size=(90, 3)) + y[:, None], np.zeros(90)])
    world = world_of(X, y, train=70, objects=4)
    world.X[world.object_of == 0, 3] = rng.integers(0, 2, np.count_nonzero(world.object_of == 0))
    rows = rows_of(world)
    assert {bool(np.ptp(row.X[:, 3])) for row in rows} == {True, False}
    for row, mine in zip(rows, decisions(world, LinearDiscriminantAnalysis(), rows), strict=True):
        agrees(mine, row, world.X_eval, None)
        assert np.array_equal(mine.argmax(axis=1), reference(row, None)[0].predict(world.X_eval))


def test_scores_do_not_depend_on_the_chunk(world_named, rows_of):
    world = world_named("rare")
    rows = np.concatenate([row.row for row in rows_of(world)])
    columns = columns_of(world, "accuracy")
    whole = TrainedOracle(world, LinearDiscriminantAnalysis(), columns).scores(rows)
    assert np.array_equal(TrainedOracle(world, LinearDiscriminantAnalysis(), columns, memory=1).scores(rows), whole)


@pytest.mark.parametrize("shrinkage", [-0.1, 1.1, "auto"])
def test_shrinkage_is_a_share(shrinkage):
    with pytest.raises(ValidationError, match="shrinkage"):
        LinearDiscriminantAnalysis(shrinkage=shrinkage)


@pytest.mark.parametrize("shrinkage", [None, 0.1])
@pytest.mark.parametrize("name", ["breast cancer, poisoned", "wine, poisoned", "digits", "rare"])
def test_weights_are_repeated_examples(rows_of, weighted, decisions, world_named, name, shrinkage):
    world = world_named(name)
    rows = [row for row in rows_of(world, most=12) if len(row.y) > row.present.sum()]
    rows = weighted(world, rows, whole=True)
    sevenths = [replace(row, weights=row.weights / 7) for row in rows]  # only ratios count
    learner = LinearDiscriminantAnalysis(shrinkage=shrinkage)
    for row, mine, seventh in zip(
        rows, decisions(world, learner, rows, "probability"), decisions(world, learner, sevenths, "probability"), strict=True
    ):
        X, y = row.repeated
        twice = replace(row, X=X, y=y)
        agrees(mine, twice, world.X_eval, shrinkage, rel=1e-4)
        agrees(seventh, twice, world.X_eval, shrinkage, rel=1e-4)
        model, values = reference(twice, shrinkage)
        if well_posed(values):
            assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))
