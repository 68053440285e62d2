"""Influence functions beside models that scikit-learn fits again, to convergence, without and with less of an object."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, softmax
from scipy.stats import spearmanr
from sklearn import linear_model
from sklearn.datasets import load_breast_cancer

from dataleverage.errors import GridError
from dataleverage.grid import influence
from dataleverage.grid.influence import Influence
from dataleverage.grid.learner import pool_of
from dataleverage.grid.learners.logistic import LogisticRegression
from dataleverage.grid.learners.naive_bayes import GaussianNB
from dataleverage.grid.learners.ridge import Ridge, RidgeClassifier
from dataleverage.grid.rows import onehot

TIGHT = {"tol": 1e-10, "max_iter": 100_000}


def refit(learner, pool, weight):
    """Decision values (E, K) of a converged scikit-learn fit with a weight for each example (M,); margins of two classes."""
    some = weight > 0
    if isinstance(learner, LogisticRegression):
        model = linear_model.LogisticRegression(C=learner.C, solver="newton-cholesky", **TIGHT)
    else:
        model = (
            linear_model.RidgeClassifier(alpha=learner.alpha, solver="svd")
            if isinstance(learner, RidgeClassifier)
            else linear_model.Ridge(alpha=learner.alpha, solver="svd")
        )
    model.fit(pool.X[some], pool.y[some], sample_weight=weight[some])
    found = model.predict(pool.X_eval) if isinstance(learner, Ridge) else model.decision_function(pool.X_eval)
    return found.reshape(len(pool.X_eval), -1)


def example_weights(pool, rows, weights=None):
    """(R, M)."""
    units = onehot(rows, pool.n_present)
    if weights is not None:
        units = units * np.repeat(weights, pool.n_present, axis=1)
    return units[:, pool.unit]


def comparable(decision, learner):
    """Two classes as scikit-learn's one number; more as they are, less the mean that a softmax does not see."""
    if decision.shape[-1] == 2:
        return decision[..., 1:]  # for ridge the first is its negative, for logistic regression 0
    several = isinstance(learner, LogisticRegression) and decision.shape[-1] > 1
    return decision - decision.mean(axis=-1, keepdims=True) if several else decision


CASES = [
    ("breast cancer, poisoned", LogisticRegression(C=0.1)),
    ("wine, poisoned", LogisticRegression(preprocess="standardize")),
    ("breast cancer, poisoned", RidgeClassifier(alpha=3.0)),
    ("wine, poisoned", RidgeClassifier()),
    ("diabetes", Ridge(alpha=0.01)),
]


@pytest.fixture(scope="module", params=range(len(CASES)), ids=lambda i: f"{CASES[i][1].kind} {CASES[i][0]}")
def case(request, world_named):
    name, learner = CASES[request.param]
    world = world_named(name)
    return learner, pool_of(world, learner.preprocess), np.ones(world.n_objects, dtype=np.uint8)


@pytest.mark.parametrize("step", ["first_order", "newton"])
def test_the_base_row_is_exact(case, step):
    learner, pool, base = case
    found = comparable(Influence(learner, pool, base, step)(base[None]), learner)[0]
    assert found == pytest.approx(comparable(refit(learner, pool, example_weights(pool, base[None])[0]), learner), abs=1e-6)


@pytest.mark.parametrize("step", ["first_order", "newton"])
def test_the_derivative_is_that_of_refits_with_less_of_an_object(case, step):
    """Central differences of weighted refits; both steps have the same derivative at the base row."""
    learner, pool, base = case
    fitted, eps = Influence(learner, pool, base, step), 1e-3
    for j in range(len(base)):
        weights = np.ones((2, len(base)))
        weights[:, j] = 1 - eps, 1 + eps
        rows = np.stack([base, base])
        less, more = (comparable(refit(learner, pool, w), learner) for w in example_weights(pool, rows, weights))
        mine = comparable(fitted(rows, weights), learner)
        slope = (more - less) / (2 * eps)
        assert (mine[1] - mine[0]) / (2 * eps) == pytest.approx(slope, rel=1e-3, abs=1e-3 * np.abs(slope).max())


def test_what_is_left_of_the_first_order_falls_with_the_square(case):
    learner, pool, base = case
    fitted = Influence(learner, pool, base)
    left = []
    for eps in (0.02, 0.01, 0.005):
        weights = np.ones((1, len(base)))
        weights[0, 1] = 1 - eps
        true = comparable(refit(learner, pool, example_weights(pool, base[None], weights)[0]), learner)
        left.append(np.abs(comparable(fitted(base[None], weights), learner)[0] - true).max())
    assert left[0] / left[1] == pytest.approx(4, rel=0.15)
    assert left[1] / left[2] == pytest.approx(4, rel=0.15)


def test_poison_takes_an_object_away_and_puts_its_variant_in(world_named):
    """Examples that are an eps-part poisoned: the slope of converged refits at eps = 0."""
    world, learner, eps = world_named("wine, poisoned"), LogisticRegression(preprocess="standardize"), 1e-3
    pool = pool_of(world, learner.preprocess)
    base = np.ones(world.n_objects, dtype=np.uint8)
    poisoned = base.copy()
    poisoned[2] = 2
    clean, bad = example_weights(pool, np.stack([base, poisoned]))
    before, after = (comparable(refit(learner, pool, (1 - e) * clean + e * bad), learner) for e in (0, eps))
    fitted = Influence(learner, pool, base)
    mine = comparable(fitted(poisoned[None]) - fitted(base[None]), learner)[0]
    slope = (after - before) / eps
    assert mine == pytest.approx(slope, abs=0.02 * np.abs(slope).max())


@pytest.mark.parametrize("case", [2, 3, 4], indirect=True)
def test_the_newton_step_is_exact_for_ridge(case):
    learner, pool, base = case
    rows = np.random.default_rng(0).integers(0, pool.n_present + 1, (40, len(base))).astype(np.uint8)
    rows = rows[(rows > 0).sum(axis=1) >= 4]
    assert len(rows) > 5
    found = comparable(Influence(learner, pool, base, "newton")(rows), learner)
    for mine, weight in zip(found, example_weights(pool, rows), strict=True):
        true = refit(learner, pool, weight)
        assert mine == pytest.approx(true, abs=1e-6 * np.abs(true).max())


@pytest.mark.parametrize("case", [0, 1], indirect=True)
def test_the_newton_step_is_one_on_the_rows_objective(case):
    """By hand, in unscaled coordinates and with every outer product of an example written out."""
    learner, pool, base = case
    K = pool.n_classes
    model = linear_model.LogisticRegression(C=learner.C, solver="newton-cholesky", **TIGHT)
    inside = example_weights(pool, base[None])[0] > 0
    model.fit(pool.X[inside], pool.y[inside])
    theta = np.column_stack([model.coef_, model.intercept_])
    Z, E = (np.column_stack([X, np.ones(len(X))]) for X in (pool.X, pool.X_eval))
    logits = Z @ theta.T
    p = expit(logits) if K == 2 else softmax(logits, axis=1)
    truth = (pool.y[:, None] == 1) * 1.0 if K == 2 else np.eye(K)[pool.y]
    row = base.copy()
    row[[1, 3]] = 0, 2
    gradient, hessian = np.zeros(theta.size), np.zeros((theta.size, theta.size))
    for i in np.flatnonzero(example_weights(pool, row[None])[0]):
        gradient += np.kron(p[i] - truth[i], Z[i])
        hessian += np.kron(np.diag(p[i]) - np.outer(p[i], p[i]), np.outer(Z[i], Z[i]))
    penalty = np.tile(np.append(np.full(pool.X.shape[1], 1 / learner.C), 0), len(theta))
    gradient += penalty * theta.ravel()
    hessian += np.diag(penalty)
    step = np.linalg.pinv(hessian, rcond=1e-12) @ gradient
    true = E @ (theta - step.reshape(theta.shape)).T
    found = comparable(Influence(learner, pool, base, "newton")(row[None]), learner)[0]
    assert found == pytest.approx(true - (true.mean(axis=1, keepdims=True) if K > 2 else 0), rel=1e-4, abs=1e-4)


def single_examples():
    X, y = load_breast_cancer(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def test_leaving_one_out_ranks_as_exact_refits_do(world_of):
    """80 objects of two examples each, by the log loss on the evaluation examples."""
    world = world_of(*single_examples(), train=161, objects=81)
    world = replace(world, object_of=np.minimum(np.arange(161) // 2, 80))
    pool, learner = pool_of(world), LogisticRegression(C=0.1)
    base = np.ones(81, dtype=np.uint8)
    rows = np.concatenate([base[None], 1 - np.eye(81, dtype=np.uint8)])
    sign = np.where(world.y_eval == 1, -1, 1)
    true = np.array([np.logaddexp(0, sign * refit(learner, pool, w)[:, 0]).mean() for w in example_weights(pool, rows)])
    rank, off = {}, {}
    for step in ("first_order", "newton"):
        margin = comparable(Influence(learner, pool, base, step)(rows), learner)[:, :, 0]
        loss = np.logaddexp(0, sign * margin).mean(axis=1)
        rank[step] = spearmanr(loss[1:], true[1:]).statistic
        off[step] = np.abs(loss - true)[1:].mean()
    assert rank["first_order"] > 0.99
    assert rank["newton"] > 0.99
    assert off["newton"] < off["first_order"] / 2 < np.abs(true[1:] - true[0]).mean() / 10


def test_chunks_do_not_matter(case, monkeypatch):
    learner, pool, base = case
    rows = np.random.default_rng(1).integers(0, 2, (9, len(base))).astype(np.uint8)
    for step in ("first_order", "newton"):
        whole = Influence(learner, pool, base, step)(rows)
        with monkeypatch.context() as patch:
            patch.setattr(influence, "CHUNK", 1)
            assert Influence(learner, pool, base, step)(rows) == pytest.approx(whole, rel=1e-9, abs=1e-9)


def test_who_has_no_influence_functions(world_named):
    world = world_named("wine")
    pool, base = pool_of(world), np.ones(world.n_objects, dtype=np.uint8)
    with pytest.raises(GridError, match="gaussian_nb has no influence functions") as caught:
        Influence(GaussianNB(), pool, base)
    assert "logistic_regression" in caught.value.remedy
    few = np.zeros(world.n_objects, dtype=np.uint8)
    few[-1] = 1  # a single example
    with pytest.raises(GridError, match="the base row lacks 2 of 3 classes"):
        Influence(LogisticRegression(), pool, few)
    with pytest.raises(GridError, match="Newton steps of 100,000 units with 31 coefficients take 733 MB"):
        influence.check(LogisticRegression(), 100_000, 30, 2, "newton")
    influence.check(LogisticRegression(), 100_000, 30, 2, "first_order")
