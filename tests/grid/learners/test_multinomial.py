from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.special import softmax
from sklearn import linear_model

from dataleverage.errors import GridError
from dataleverage.grid.learner import pool_of
from dataleverage.grid.learners import logistic
from dataleverage.grid.learners.logistic import Fits, LogisticRegression
from dataleverage.grid.newton import chords, damped
from dataleverage.grid.rows import all_rows, onehot

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*[Ll]ine[ -]search"),
]


def agree(world, rows, mine, C: float = 1.0, solver: str = "newton-cholesky") -> None:
    """Labels are those of scikit-learn's fits, and log probabilities of the classes present within 1e-4."""
    for row, decision in zip(rows, mine, strict=True):
        model = linear_model.LogisticRegression(C=C, tol=1e-10, solver=solver, max_iter=100_000).fit(row.X, row.y)
        assert np.array_equal(decision.argmax(axis=1), model.predict(world.X_eval))
        logits = decision[:, row.present]
        top = logits.max(axis=1, keepdims=True)
        mine_log = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        assert np.exp(mine_log) == pytest.approx(model.predict_proba(world.X_eval), abs=1e-4)


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize(("name", "preprocess"), [("wine", "none"), ("wine, poisoned", "standardize"), ("rare", "none")])
def test_labels_are_those_of_converged_sklearn_fits(rows_of, decisions, world_named, name, preprocess, C):
    world = world_named(name)
    rows = rows_of(world, preprocess, most=30)
    learner = LogisticRegression(C=C, preprocess=preprocess)
    scaled = dataclasses.replace(world, X_eval=pool_of(world, preprocess).X_eval)
    agree(scaled, rows, decisions(world, learner, rows), C)


def test_digits_as_lbfgs_fits_them(rows_of, decisions, world_named):
    world = world_named("digits")
    rows = rows_of(world, "standardize", most=2)
    scaled = dataclasses.replace(world, X_eval=pool_of(world, "standardize").X_eval)
    agree(scaled, rows, decisions(world, LogisticRegression(preprocess="standardize"), rows), solver="lbfgs")


def test_rows_of_two_classes_are_binary_fits(rows_of, decisions, world_named):
    world = world_named("wine")
    world = dataclasses.replace(world, object_of=2 * world.y + np.arange(len(world.y)) % 2)  # one class an object
    every = rows_of(world, "standardize")
    scaled = dataclasses.replace(world, X_eval=pool_of(world, "standardize").X_eval)
    mine = decisions(world, LogisticRegression(preprocess="standardize"), every)
    agree(scaled, every, mine)
    pairs = [(row, decision) for row, decision in zip(every, mine, strict=True) if row.present.sum() == 2]
    assert len(pairs) == 3 * 9
    for row, decision in pairs:
        model = linear_model.LogisticRegression(tol=1e-10, solver="newton-cholesky", max_iter=1000).fit(row.X, row.y)
        a, b = np.flatnonzero(row.present)
        assert decision[:, b] - decision[:, a] == pytest.approx(model.decision_function(scaled.X_eval), abs=1e-6)


@settings(max_examples=12, deadline=None)
@given(train=st.integers(9, 30), features=st.integers(1, 4), classes=st.integers(3, 4), seed=st.integers(0, 10**6))
def test_all_shapes(world_of, rows_of, decisions, train, features, classes, seed):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(train + 4) % classes)
    world = world_of(rng.normal(size=(train + 4, features)), y, train=train, objects=3, seed=seed)
    rows = rows_of(world)
    mine = decisions(world, LogisticRegression(), rows) if rows else []
    for row, decision in zip(rows, mine, strict=True):
        model = linear_model.LogisticRegression(tol=1e-10, solver="newton-cholesky", max_iter=1000).fit(row.X, row.y)
        theirs = model.decision_function(world.X_eval)
        if theirs.ndim == 1:
            theirs = np.stack([np.zeros_like(theirs), theirs], axis=1)
        logits = decision[:, row.present]
        assert logits - logits[:, :1] == pytest.approx(theirs - theirs[:, :1], abs=1e-5)


@pytest.mark.parametrize("train", [60, 400])  # fewer examples than features, and more
def test_three_hundred_features_are_fitted_as_sklearn_fits_them(world_of, rows_of, decisions, train):
    rng = np.random.default_rng(train)
    y = np.arange(train + 40) % 3
    X = rng.normal(size=(len(y), 300)) + 0.3 * rng.normal(size=(3, 300))[y]
    world = world_of(X, y, train=train, objects=4)
    rows = [row for row in rows_of(world) if row.present.all()][:3]
    loop = LogisticRegression(C=0.1).loop(pool_of(world), "probability")
    for mine in (decisions(world, LogisticRegression(C=0.1), rows), loop(np.concatenate([row.row for row in rows]))):
        agree(world, rows, mine, 0.1, solver="lbfgs")


def test_rows_do_not_depend_on_order_or_company(world_named):
    pool = pool_of(world_named("wine"), "standardize")
    rows = all_rows(6)
    rows = rows[(onehot(rows, 1) @ pool.per_unit(pool.onehot_y) > 0).sum(axis=1) > 1]
    together = LogisticRegression().prepare(pool, "ranking")(rows)
    predict, apart = LogisticRegression().prepare(pool, "ranking"), np.empty_like(together)
    for part in np.array_split(np.random.default_rng(0).permutation(len(rows)), 7):
        apart[part] = predict(rows[part])
    assert apart == pytest.approx(together, abs=1e-8)


# ---------------------------------------------------------------------- the objective


def some(world_named):
    """Objectives of rows of which some lack classes, and a point for each."""
    pool = pool_of(world_named("rare"), "standardize")
    fits = Fits(pool, LogisticRegression(), tuple(range(5)))
    rows = all_rows(6)
    counts = onehot(rows, 1) @ pool.per_unit(pool.onehot_y) > 0
    rows = np.stack([rows[counts.sum(axis=1) == k][-1] for k in (3, 4, 5)])
    objectives = fits.objectives(rows)
    return fits, objectives, np.random.default_rng(0).normal(size=(3, fits.size)) / 3


def test_gradient_and_hessian_are_derivatives(world_named):
    _, rows, w = some(world_named)
    assert (rows.present.sum(axis=1) == [3, 4, 5]).all()
    gradient, seen = rows.gradient(w)
    fast = rows.hessians(seen)
    for i in range(3):
        alone = rows.take(np.array([i]))
        assert approx_fprime(w[i], lambda v, alone=alone: alone.value(v[None])[0], 1e-6) == pytest.approx(gradient[i], abs=1e-3)
        exact = approx_fprime(w[i], lambda v, alone=alone: alone.gradient(v[None])[0][0], 1e-6)
        hessian = rows.hessian(seen, i)
        assert hessian == pytest.approx(exact, abs=1e-3)
        assert np.triu(fast[i]) == pytest.approx(np.triu(hessian), abs=1e-3)


def test_lacking_classes_have_no_coefficients_and_intercepts_sum_to_zero(world_named):
    _, rows, start = some(world_named)
    w, found = chords(rows, start / 10, 100, 1e-10)
    assert found.all()
    assert start.all()
    W = rows.split(w)
    assert np.abs(W[rows.present == 0]).max() < 1e-9
    assert np.abs(W.sum(axis=1)).max() < 1e-9


def test_damped_steps_lead_to_the_same_minimum(world_named):
    fits, rows, start = some(world_named)
    expected = damped(rows, fits.size, 100, 1e-10)
    assert fits.minimise(rows, start) == pytest.approx(expected, abs=1e-8)
    assert fits.minimise(rows, start * 1000) == pytest.approx(expected, abs=1e-8)


def test_more_coefficients_than_a_hessian_can_hold_are_refused(world_named, monkeypatch):
    monkeypatch.setattr(logistic, "MOST_COEFFICIENTS", 40)
    with pytest.raises(GridError, match="13 features with 3 classes have 42") as caught:
        LogisticRegression().check(pool_of(world_named("wine")), "label")
    assert "sklearn" in caught.value.remedy


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize(("name", "preprocess"), [("wine", "none"), ("wine, poisoned", "standardize"), ("rare", "none")])
def test_weights_are_those_of_converged_sklearn_fits(rows_of, weighted, decisions, world_named, name, preprocess, C):
    world = world_named(name)
    rows = weighted(world, rows_of(world, preprocess, most=20))
    X_eval = pool_of(world, preprocess).X_eval
    for row, mine in zip(rows, decisions(world, LogisticRegression(C=C, preprocess=preprocess), rows), strict=True):
        model = linear_model.LogisticRegression(C=C, tol=1e-10, solver="newton-cholesky", max_iter=10_000)
        model.fit(row.X, row.y, sample_weight=row.w)
        assert np.array_equal(mine.argmax(axis=1), model.predict(X_eval))
        assert softmax(mine[:, row.present], axis=1) == pytest.approx(model.predict_proba(X_eval), abs=1e-4)


def test_derivatives_with_weights_are_those_of_the_value(world_of):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), np.arange(40) % 3
    fits = Fits(pool_of(world_of(X, y, train=30, objects=3)), LogisticRegression(), (0, 1, 2))
    rows = np.array([[1, 1, 1], [0, 1, 1]], dtype=np.uint8)
    objectives = fits.objectives(rows, np.array([[0.2, 1.0, 3.0], [0.0, 0.5, 2.0]]))
    w = rng.normal(size=(2, 9))
    gradient, seen = objectives.gradient(w)
    single = objectives.hessians(seen)
    for i in range(2):
        one = objectives.take(np.array([i]))
        assert gradient[i] == pytest.approx(approx_fprime(w[i], lambda at, one=one: one.value(at[None])[0], 1e-7), abs=1e-4)
        slope = np.stack(
            [approx_fprime(w[i], lambda at, one=one, p=p: one.gradient(at[None])[0][0, p], 1e-7) for p in range(9)]
        )
        assert objectives.hessian(seen, i) == pytest.approx(slope, abs=1e-4)
        assert np.triu(single[i]) == pytest.approx(np.triu(slope), abs=1e-3)
