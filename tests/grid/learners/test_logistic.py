from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn import linear_model

from dataleverage.errors import FitError, GridError
from dataleverage.grid.learner import pool_of
from dataleverage.grid.learners import logistic
from dataleverage.grid.learners.logistic import LogisticRegression

BINARY = ["breast cancer", "breast cancer, poisoned", "collinear", "few examples, many features"]


def converged(row, C: float, solver: str = "newton-cholesky") -> linear_model.LogisticRegression:
    """scikit-learn's fit on the row, converged."""
    return linear_model.LogisticRegression(C=C, tol=1e-10, solver=solver, max_iter=10_000).fit(row.X, row.y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:.*[Ll]ine[ -]search")
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("name", BINARY)
def test_labels_are_those_of_converged_sklearn_fits(rows_of, decisions, world_named, name, C):
    world = world_named(name)
    rows = rows_of(world, most=25)
    for row, mine in zip(rows, decisions(world, LogisticRegression(C=C), rows), strict=True):
        model = converged(row, C)
        assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))
        assert mine[:, 1] - mine[:, 0] == pytest.approx(model.decision_function(world.X_eval), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(("solver", "within"), [("lbfgs", 1e-4), ("newton-cholesky", 1e-8)])
def test_coefficients_are_those_of_converged_sklearn_fits(rows_of, decisions, world_named, solver, within):
    world = world_named("breast cancer, poisoned")
    features = world.X.shape[1]
    probe = dataclasses.replace(world, X_eval=np.vstack([np.zeros(features), np.eye(features)]))
    rows = rows_of(world, most=30)
    for row, mine in zip(rows, decisions(probe, LogisticRegression(), rows)[..., 1], strict=True):
        model = converged(row, 1.0, solver)
        assert mine[0] == pytest.approx(model.intercept_[0], abs=within)
        assert mine[1:] - mine[0] == pytest.approx(model.coef_[0], abs=within)


def test_the_gradient_of_the_objective_vanishes(rows_of, decisions, world_named):
    world = world_named("breast cancer, poisoned")
    features = world.X.shape[1]
    probe = dataclasses.replace(world, X_eval=np.vstack([np.zeros(features), np.eye(features)]))
    rows = rows_of(world, most=30)
    for row, mine in zip(rows, decisions(probe, LogisticRegression(C=3.0), rows)[..., 1], strict=True):
        w = mine[1:] - mine[0]
        residual = 1 / (1 + np.exp(-(row.X @ w + mine[0]))) - row.y
        assert np.abs(w + 3.0 * residual @ row.X).max() / len(row.y) < 1e-9
        assert abs(residual.sum()) / len(row.y) < 1e-9


@settings(max_examples=15, deadline=None)
@given(train=st.integers(6, 30), features=st.integers(1, 5), C=st.sampled_from([0.1, 10.0]), seed=st.integers(0, 10**6))
def test_objective_is_the_least_there_is_for_all_shapes(world_of, rows_of, decisions, train, features, C, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(train + 4, features)) + rng.normal(size=features) * 3
    y = rng.permutation(np.arange(train + 4) % 2)
    world = world_of(X, y, train=train, objects=3, seed=seed)
    probe = dataclasses.replace(world, X_eval=np.vstack([np.zeros(features), np.eye(features)]))
    rows = rows_of(world)
    if not rows:
        return
    for row, mine in zip(rows, decisions(probe, LogisticRegression(C=C), rows)[..., 1], strict=True):
        mine = np.append(mine[1:] - mine[0], mine[0])

        def objective(w, row=row):
            margin = (2 * row.y - 1) * (row.X @ w[:-1] + w[-1])
            return w[:-1] @ w[:-1] / 2 + C * np.logaddexp(0, -margin).sum()

        found = minimize(objective, np.zeros(features + 1), method="BFGS", options={"gtol": 1e-7})
        assert objective(mine) <= found.fun + 1e-9 * (1 + abs(found.fun))
        assert mine == pytest.approx(found.x, abs=1e-3)


def test_rows_do_not_depend_on_the_batch_they_come_in(rows_of, decisions, world_named):
    world = world_named("collinear")
    rows = rows_of(world, most=20)
    together = decisions(world, LogisticRegression(), rows)
    alone = np.concatenate([decisions(world, LogisticRegression(), [row]) for row in rows])
    assert together == pytest.approx(alone, abs=1e-9)


def test_too_many_features_for_outer_products_gives_the_same(rows_of, decisions, world_named, monkeypatch):
    world = world_named("breast cancer")
    rows = rows_of(world, most=8)
    packed = decisions(world, LogisticRegression(), rows)
    monkeypatch.setattr(logistic, "PRODUCTS", 1)
    monkeypatch.setattr(logistic, "BATCH", 20_000)  # and several batches
    assert decisions(world, LogisticRegression(), rows) == pytest.approx(packed, abs=1e-7)


def test_full_steps_that_overshoot_are_halved(world_of):
    # From far away the Newton step of a logistic loss overshoots by orders of magnitude and, undamped, diverges.
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    pool = pool_of(world_of(X, y, train=50, objects=3))
    problem = logistic.Problem.of(pool, 1.0)
    weights = np.ones((2, 50))
    far = np.stack([np.full(4, 8.0), np.full(4, -30.0)])
    near = logistic.fit(problem, weights, problem.start(2), 100, 1e-10)
    assert logistic.fit(problem, weights, far, 100, 1e-10) == pytest.approx(near, abs=1e-8)


def test_separable_rows_with_hardly_any_penalty_converge(rows_of, decisions, world_named):
    world = world_named("few examples, many features")
    rows = rows_of(world, most=10)
    for row, mine in zip(rows, decisions(world, LogisticRegression(C=1e6), rows), strict=True):
        fitted = decisions(dataclasses.replace(world, X_eval=row.X), LogisticRegression(C=1e6), [row])[0]
        assert np.isfinite(mine).all()
        assert np.array_equal(fitted.argmax(axis=1), row.y)


def test_rows_that_do_not_converge_raise(rows_of, decisions, world_named):
    world = world_named("breast cancer")
    with pytest.raises(FitError, match=r"of 12 rows did not converge in 2 Newton steps .largest gradient") as caught:
        decisions(world, LogisticRegression(max_iter=2), rows_of(world, most=12))
    assert "standardize" in caught.value.remedy


def test_more_than_two_classes_are_refused(world_named):
    with pytest.raises(GridError, match="has 3") as caught:
        LogisticRegression().check(pool_of(world_named("wine")), "label")
    assert "ridge_classifier" in caught.value.remedy
