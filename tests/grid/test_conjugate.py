from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from sklearn import linear_model
from sklearn.datasets import load_breast_cancer, load_digits, load_wine, make_classification

from dataleverage.errors import FitError
from dataleverage.grid import conjugate
from dataleverage.grid.conjugate import Objective, inexact_step, minimum

TOL = 1e-10


def row_of(X, y, C: float = 1.0) -> Objective:
    classes = len(np.unique(y))
    return Objective(np.column_stack([X, np.ones(len(X))]), y, classes, np.append(np.full(X.shape[1], 1 / C), 0.0))


def scaled(loaded) -> tuple[np.ndarray, np.ndarray]:
    X, y = loaded(return_X_y=True)
    return (X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0), y


def converged(X, y, C: float = 1.0) -> linear_model.LogisticRegression:
    return linear_model.LogisticRegression(C=C, tol=1e-12, solver="newton-cholesky", max_iter=1000).fit(X, y)


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
@pytest.mark.parametrize("C", [1e-3, 1.0, 100.0])
def test_coefficients_are_those_of_a_converged_fit(load, C):
    X, y = scaled(load)
    mine, theirs = minimum(row_of(X, y, C), 100, TOL), converged(X, y, C)
    assert mine[:, :-1] == pytest.approx(theirs.coef_, abs=1e-7)
    assert mine[:, -1] - mine[:, -1].mean() == pytest.approx(theirs.intercept_ - theirs.intercept_.mean(), abs=1e-7)


def test_ten_classes_of_digits_are_told_apart_as_by_a_converged_fit():
    X, y = scaled(load_digits)
    mine = minimum(row_of(X[:500], y[:500]), 100, TOL)
    theirs = converged(X[:500], y[:500])
    decision = X[500:] @ mine[:, :-1].T + mine[:, -1]
    assert np.array_equal(decision.argmax(axis=1), theirs.predict(X[500:]))
    assert decision == pytest.approx(theirs.decision_function(X[500:]), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    examples=st.integers(6, 60),
    features=st.integers(1, 12),
    classes=st.integers(2, 4),
    C=st.sampled_from([1e-4, 0.1, 1.0, 50.0]),
    seed=st.integers(0, 2**16),
)
def test_the_gradient_vanishes_whatever_the_shape(examples, features, classes, C, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(examples, features)) @ rng.normal(size=(features, features))
    y = np.arange(examples) % classes
    w = minimum(row_of(X, y, C), 100, TOL)
    logits = X @ w[:, :-1].T + w[:, -1]
    if classes == 2:
        logits = np.column_stack([np.zeros(examples), logits])
    chance = np.exp(logits - logits.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    missed = chance - np.eye(classes)[y]
    if classes == 2:
        missed = missed[:, 1:]
    assert np.abs(missed.T @ X + w[:, :-1] / C).max() <= TOL * examples
    assert np.abs(missed.sum(axis=0)).max() <= TOL * examples


@pytest.mark.parametrize("classes", [2, 3])
def test_gradients_and_products_are_those_of_the_value(classes):
    X, y = make_classification(40, 5, n_informative=4, n_redundant=0, n_classes=classes, random_state=0)
    row = row_of(X, y, 0.5)
    w = np.random.default_rng(1).normal(size=(len(row.truth), 6)) / 2
    slopes = approx_fprime(w.ravel(), lambda flat: row.at(flat.reshape(w.shape))[0], 1e-6).reshape(w.shape)
    assert row.at(w)[1] == pytest.approx(slopes, rel=1e-4, abs=1e-4)
    along = np.random.default_rng(2).normal(size=w.shape)
    change = (row.at(w + 1e-5 * along)[1] - row.at(w - 1e-5 * along)[1]) / 2e-5
    assert row.product(row.at(w)[2], along.astype(np.float32)) == pytest.approx(change, rel=1e-4, abs=1e-4)


def test_the_factor_is_of_the_hessian():
    X, y = scaled(load_breast_cancer)
    row = row_of(X, y)
    _, gradient, seen = row.at(np.zeros((1, 31)))
    design = np.column_stack([X, np.ones(len(X))])
    hessian = design.T @ design / 4 + np.diag(row.penalty)
    (factor,) = row.factors(seen)
    assert conjugate.conditioned(gradient.astype(np.float32), [factor])[0] == pytest.approx(
        np.linalg.solve(hessian, gradient[0]), rel=2e-3, abs=1e-5
    )
    step, taken, solved = inexact_step(row, seen, gradient, 1e-4, [factor])
    assert solved and taken <= 3
    assert step[0] == pytest.approx(np.linalg.solve(hessian, gradient[0]), rel=1e-3, abs=1e-5)


def test_a_factor_is_made_where_products_have_cost_as_much_and_only_there(monkeypatch):
    made = []
    real = Objective.factors
    monkeypatch.setattr(Objective, "factors", lambda row, seen: made.append(row) or real(row, seen))
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 400))
    y = (X[:, 0] + rng.normal(size=1500) > 0).astype(np.int64)
    minimum(row_of(X, y, 1e-3), 100, TOL)
    assert not made, "nearly all of the Hessian is the penalty and the diagonal"
    minimum(row_of(X @ rng.normal(size=(400, 400)) / 20, y, 10.0), 100, TOL)
    assert made


@pytest.mark.parametrize("classes", [2, 3])
def test_correlated_features_and_a_weak_penalty_leave_no_more_than_rounding(classes):
    """Against Newton's method in float64, whose steps are exact."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 1)) + 0.03 * rng.normal(size=(300, 8))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = (np.abs(rng.normal(size=300)) * classes / 2.5).astype(np.int64) % classes
    C, K = 1e4, 1 if classes == 2 else classes
    row = row_of(X, y, C)
    design, penalty = np.column_stack([X, np.ones(300)]), np.diag(row.penalty)
    w = np.zeros((K, 9))
    for _ in range(40):
        z = w @ design.T
        p = 1 / (1 + np.exp(-z)) if K == 1 else np.exp(z) / np.exp(z).sum(axis=0)
        gradient = ((p - row.truth) @ design + w @ penalty).ravel()
        hessian = np.zeros((K, 9, K, 9))
        for k in range(K):
            for m in range(K):
                weight = p[k] * ((k == m) - p[m])
                hessian[k, :, m] = (design * weight[:, None]).T @ design + (k == m) * penalty
        w = w - (np.linalg.pinv(hessian.reshape(9 * K, 9 * K), rcond=1e-14, hermitian=True) @ gradient).reshape(K, 9)
    found = minimum(row, 100, TOL)
    assert found - (found.mean(axis=0) if K > 1 else 0) == pytest.approx(w - (w.mean(axis=0) if K > 1 else 0), abs=2e-8)


def test_without_a_factor_the_minimum_is_the_same(monkeypatch):
    X, y = scaled(load_breast_cancer)
    expected = minimum(row_of(X, y), 100, TOL)
    monkeypatch.setattr(Objective, "factors", lambda row, seen: [])
    assert minimum(row_of(X, y), 100, TOL) == pytest.approx(expected, abs=1e-8)


def test_separable_rows_with_hardly_any_penalty_converge():
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    w = minimum(row_of(X, np.array([0, 0, 1, 1]), 1e4), 100, TOL)
    assert w[0] == pytest.approx([*converged(X, [0, 0, 1, 1], 1e4).coef_[0], 0.0], rel=1e-5, abs=1e-5)


def test_too_few_steps_raise_and_say_what_to_do():
    X, y = scaled(load_breast_cancer)
    with pytest.raises(FitError, match="no convergence in 2 Newton steps along conjugate gradients") as error:
        minimum(row_of(X, y), 2, TOL)
    assert "max_iter" in error.value.remedy
