from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import naive_bayes

from dataleverage.grid.learner import Pool
from dataleverage.grid.learners.naive_bayes import GaussianNB

BINARY = ["breast cancer", "breast cancer, poisoned", "collinear", "few examples, many features"]
MULTICLASS = ["wine", "wine, poisoned", "digits", "rare"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", BINARY + MULTICLASS)
def test_predicts_as_sklearn_on_every_row(rows_of, decisions, world_named, name):
    world = world_named(name)
    rows = rows_of(world)
    for row, mine in zip(rows, decisions(world, GaussianNB(), rows), strict=True):
        model = naive_bayes.GaussianNB().fit(row.X, row.y)
        assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))
        assert np.allclose(mine[:, model.classes_], model.predict_joint_log_proba(world.X_eval), rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    train=st.integers(5, 30),
    features=st.integers(1, 6),
    classes=st.integers(2, 4),
    whole=st.booleans(),
    offset=st.sampled_from([0.0, 1e5]),
    smoothing=st.sampled_from([1e-9, 1e-3]),
    seed=st.integers(0, 10**6),
)
def test_log_likelihoods_agree_for_all_shapes(
    world_of, rows_of, decisions, train, features, classes, whole, offset, smoothing, seed
):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, train + 5 - classes)])
    X = rng.normal(size=(train + 5, features)) * 3 + y[:, None]
    X = offset + (np.round(X) if whole else X)
    X[:, -1] = np.where(features > 1, 0.1, X[:, -1])  # constant
    world = world_of(X, y, train=train, objects=4, seed=seed)
    rows = [row for row in rows_of(world) if row.X.var(axis=0).max() > 0]
    if not rows:
        return
    for row, mine in zip(rows, decisions(world, GaussianNB(var_smoothing=smoothing), rows), strict=True):
        model = naive_bayes.GaussianNB(var_smoothing=smoothing).fit(row.X, row.y)
        theirs = model.predict_joint_log_proba(world.X_eval)
        assert mine[:, model.classes_] == pytest.approx(theirs, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("train", [80, 420])
def test_three_hundred_features_are_as_likely_as_sklearn_says(world_of, rows_of, decisions, train):
    rng = np.random.default_rng(train)
    y = np.arange(train + 30) % 3
    X = (rng.normal(size=(len(y), 300)) + 0.2 * rng.normal(size=(3, 300))[y]) * 10.0 ** rng.uniform(-3, 3, 300) + 5.0
    world = world_of(X, y, train=train, objects=5)
    rows = rows_of(world)
    for row, mine in zip(rows, decisions(world, GaussianNB(var_smoothing=1e-12), rows), strict=True):
        model = naive_bayes.GaussianNB(var_smoothing=1e-12).fit(row.X, row.y)
        assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))
        assert np.allclose(mine[:, model.classes_], model.predict_joint_log_proba(world.X_eval), rtol=1e-6)


@pytest.mark.filterwarnings("error")
def test_a_tight_cluster_far_from_the_rest_keeps_its_variance(world_of, rows_of, decisions):
    # Objects 0 and 2 are ordinary; object 1 sits 10⁶ away with deviations of 10⁻³: sums of squares lose 18 digits.
    rng = np.random.default_rng(1)
    X = rng.normal(size=(90, 2))
    X[30:60] = 1e6 + 1e-3 * rng.normal(size=(30, 2))
    y = np.tile([0, 1], 45)
    X[y == 1, 0] += np.where(np.arange(90)[y == 1] // 30 == 1, 1e-3, 1.0)
    world = world_of(X, y, train=60, objects=3)
    near = np.abs(world.X[:, 0]) > 1e5
    object_of = np.where(near, 1, np.where(np.arange(60) % 2, 0, 2))
    world = type(world)(**{**vars(world), "object_of": object_of})
    rows = rows_of(world)
    for row, mine in zip(rows, decisions(world, GaussianNB(), rows), strict=True):
        model = naive_bayes.GaussianNB().fit(row.X, row.y)
        assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))


@pytest.mark.filterwarnings("error")
def test_examples_that_are_all_alike_leave_the_prior(world_of, rows_of, decisions):
    world = world_of(np.full((20, 2), 0.3), np.arange(20) % 4 > 0, train=14, objects=3)
    for row, mine in zip(rows := rows_of(world), decisions(world, GaussianNB(), rows), strict=True):
        share = np.bincount(row.y, minlength=2) / len(row.y)
        odds = mine - mine.max(axis=1, keepdims=True)
        assert odds == pytest.approx(np.broadcast_to(np.log(share / share.max()), odds.shape), abs=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("smoothing", [1e-9, 1e-300])
@pytest.mark.parametrize("scale", [1e-150, 1e-20, 1.0, 1e90])
def test_no_scale_of_features_overflows(scale, smoothing):
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X, X_eval = rng.normal(size=(12, 3)) * scale, 1e3 * rng.normal(size=(9, 3)) * scale
        X[:, 0] = X[0, 0]  # no variance but what is added
        pool = Pool(X, rng.integers(0, 2, 12), rng.integers(0, 4, 12), 4, 1, X_eval, 2)
        decision = GaussianNB(var_smoothing=smoothing).prepare(pool, "label")(rng.integers(0, 2, (8, 4)).astype(np.uint8))
        assert not np.isnan(decision).any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("name", BINARY + MULTICLASS)
def test_weights_are_those_of_sklearn(rows_of, weighted, decisions, world_named, name, whole):
    world = world_named(name)
    rows = weighted(world, rows_of(world), whole=whole)
    for row, mine in zip(rows, decisions(world, GaussianNB(var_smoothing=1e-6), rows), strict=True):
        # scikit-learn smooths by the variance of examples that all count the same; ours count by weight there too.
        mean = np.average(row.X, axis=0, weights=row.w)
        ratio = np.average((row.X - mean) ** 2, axis=0, weights=row.w).max() / row.X.var(axis=0).max()
        model = naive_bayes.GaussianNB(var_smoothing=1e-6 * ratio).fit(row.X, row.y, sample_weight=row.w)
        assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))
        assert np.allclose(mine[:, model.classes_], model.predict_joint_log_proba(world.X_eval), rtol=1e-6)
        if whole:
            model = naive_bayes.GaussianNB(var_smoothing=1e-6).fit(*row.repeated)
            assert np.allclose(mine[:, model.classes_], model.predict_joint_log_proba(world.X_eval), rtol=1e-6)


@pytest.mark.parametrize("factor", [1e-120, 0.1, 1e6])
def test_only_the_ratios_of_weights_count(rows_of, weighted, decisions, world_named, factor):
    world = world_named("wine, poisoned")
    rows = weighted(world, rows_of(world, most=20))
    scaled = [dataclasses.replace(row, weights=factor * row.weights) for row in rows]
    expected = decisions(world, GaussianNB(), rows)
    assert decisions(world, GaussianNB(), scaled) == pytest.approx(expected, rel=1e-8)


@pytest.mark.filterwarnings("error")
def test_a_tight_cluster_keeps_its_variance_with_weights_too(rows_of, weighted, decisions, world_of):
    rng = np.random.default_rng(1)
    y = np.tile([0, 1], 45)
    X = rng.normal(size=(90, 2))
    X[:45] = 1e6 + 1e-3 * (X[:45] + y[:45, None])
    world = world_of(X, y, train=60, objects=3)
    world = dataclasses.replace(world, object_of=np.where(world.X[:, 0] > 1e5, 1, np.where(np.arange(60) % 2, 0, 2)))
    rows = weighted(world, rows_of(world))
    for row, mine in zip(rows, decisions(world, GaussianNB(), rows), strict=True):
        model = naive_bayes.GaussianNB().fit(row.X, row.y, sample_weight=row.w)
        assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))
