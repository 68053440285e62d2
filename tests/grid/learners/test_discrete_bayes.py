from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.special import log_softmax
from sklearn import naive_bayes

from dataleverage.errors import GridError
from dataleverage.grid.learner import pool_of
from dataleverage.grid.learners.discrete_bayes import BernoulliNB, MultinomialNB
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle
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
PAIRS = [(MultinomialNB, naive_bayes.MultinomialNB, {}), (BernoulliNB, naive_bayes.BernoulliNB, {"binarize": 0.4})]


def agrees(mine, model, X_eval, classes):
    """Log-probabilities agree, and labels wherever the two largest are not the same up to rounding."""
    theirs = model.predict_log_proba(X_eval)
    assert log_softmax(mine[:, classes], axis=1) == pytest.approx(theirs, rel=1e-9, abs=1e-9)
    top = np.sort(theirs, axis=1)
    clear = top[:, -1] - top[:, -2] > 1e-9
    assert np.array_equal(mine.argmax(axis=1)[clear], model.predict(X_eval)[clear])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize(("ours", "theirs", "params"), PAIRS)
def test_predicts_as_sklearn_on_every_row(rows_of, decisions, world_named, ours, theirs, params, name):
    world = world_named(name)
    learner = ours(preprocess="min_max", **params)
    rows = rows_of(world, "min_max", most=10)
    X_eval = pool_of(world, "min_max").X_eval
    for row, mine in zip(rows, decisions(world, learner, rows, "probability"), strict=True):
        agrees(mine, theirs(**params).fit(row.X, row.y), X_eval, row.present)


@settings(max_examples=12, deadline=None)
@given(
    train=st.integers(5, 30),
    features=st.sampled_from([1, 2, 7, 300]),
    classes=st.integers(2, 4),
    fractions=st.booleans(),
    alpha=st.sampled_from([1e-3, 0.5, 1.0, 20.0]),
    fit_prior=st.booleans(),
    flip=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_log_probabilities_agree_for_all_shapes(
    world_of, rows_of, decisions, train, features, classes, fractions, alpha, fit_prior, flip, seed
):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, train + 5 - classes)])
    X = rng.poisson(1 + y[:, None], size=(train + 5, features)).astype(float)
    X = X + rng.random(X.shape) if fractions else X
    X[:, -1] = np.where(features > 1, 3.0, X[:, -1])  # constant
    world = world_of(X, y, train=train, objects=4, flip=flip, seed=seed)
    rows = rows_of(world, most=8)
    assume(rows)
    for ours, theirs, _ in PAIRS:
        params = {"alpha": alpha, "fit_prior": fit_prior, **({"binarize": 1.0} if ours is BernoulliNB else {})}
        for row, mine in zip(rows, decisions(world, ours(**params), rows, "probability"), strict=True):
            agrees(mine, theirs(**params).fit(row.X, row.y), world.X_eval, row.present)


@pytest.mark.parametrize(("ours", "theirs", "params"), PAIRS)
def test_objects_of_one_example_each(world_named, rows_of, decisions, ours, theirs, params):
    lone = {"object_of": np.arange(7), "objects": object_names(7), "owners": (), "owner_of": None}
    wine = world_named("wine")
    world = replace(wine, X=wine.X[:7], y=wine.y[:7], **lone)
    rows = rows_of(world, most=40)
    for row, mine in zip(rows, decisions(world, ours(**params), rows, "probability"), strict=True):
        agrees(mine, theirs(**params).fit(row.X, row.y), world.X_eval, row.present)


@pytest.mark.parametrize("learner", [MultinomialNB(), BernoulliNB(binarize=1.0)])
def test_scores_do_not_depend_on_the_chunk(world_named, rows_of, learner):
    world = world_named("rare")
    world = replace(world, X=np.abs(world.X), X_eval=np.abs(world.X_eval))
    rows = np.concatenate([row.row for row in rows_of(world)])
    columns = columns_of(world, "accuracy")
    whole = TrainedOracle(world, learner, columns).scores(rows)
    assert np.array_equal(TrainedOracle(world, learner, columns, memory=1).scores(rows), whole)
    assert len(np.unique(whole)) > 5


def test_negative_features_are_refused(world_named):
    world = world_named("breast cancer, poisoned")
    with pytest.raises(GridError, match=r"(?s)feature \d+ goes down to -.*min_max"):
        TrainedOracle(world, MultinomialNB(), columns_of(world, "accuracy"))
    TrainedOracle(world, MultinomialNB(preprocess="min_max"), columns_of(world, "accuracy"))


def test_smoothing_too_small_to_count_is_refused():
    with pytest.raises(ValidationError, match="alpha"):
        MultinomialNB(alpha=0.0)


@pytest.mark.parametrize("fit_prior", [True, False])
@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize(("ours", "theirs", "params"), PAIRS)
def test_weights_are_those_of_sklearn(rows_of, weighted, decisions, world_named, ours, theirs, params, name, fit_prior):
    world = world_named(name)
    rows = weighted(world, rows_of(world, "min_max", most=14))
    X_eval = pool_of(world, "min_max").X_eval
    learner = ours(preprocess="min_max", fit_prior=fit_prior, **params)
    for row, mine in zip(rows, decisions(world, learner, rows, "probability"), strict=True):
        model = theirs(fit_prior=fit_prior, **params).fit(row.X, row.y, sample_weight=row.w)
        agrees(mine, model, X_eval, row.present)
