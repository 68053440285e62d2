from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from dataleverage.grid.grid import Grid
from dataleverage.grid.learners.factorization import START, MatrixFactorization
from dataleverage.streams import Streams
from dataleverage.testing import check_learner

USERS, ITEMS = 9, 7


def some_ratings(seed: int = 0, count: int = 40):
    """(m, 2) pairs, each once, and (m,) stars."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation([(u, i) for u in range(USERS) for i in range(ITEMS)])[:count]
    return pairs.astype(float), rng.integers(2, 11, count) / 2


def predictions(learner, X, y, X_eval):
    """Those of the row of all these ratings, through the front door."""
    grid = Grid.from_arrays(X, y, np.zeros(len(y), dtype=int), X_eval, np.zeros(len(X_eval)), learner=learner)
    return grid.oracle.decide(grid.full_row)[0, :, 0]


class Slow:
    """The same algorithm for one row, user by user and item by item, on plain matrices."""

    def __init__(self, learner: MatrixFactorization) -> None:
        self.learner = learner

    def __call__(self, X, y):
        lam, f = self.learner.regularization, self.learner.factors
        u, i = X.astype(int).T
        self.mean = y.mean()
        start = START * Streams(self.learner.seed)["matrix factorization"].normal(size=(100, f))
        self.p, self.q = np.zeros((100, f + 1)), np.column_stack([start, np.zeros(100)])
        for _ in range(self.learner.iterations):
            for mine, other, own, their in ((self.p, self.q, u, i), (self.q, self.p, i, u)):
                mine[np.setdiff1d(np.arange(100), own)] = 0
                for k in np.unique(own):
                    theirs = their[own == k]
                    Z = np.column_stack([other[theirs, :-1], np.ones(len(theirs))])
                    left = y[own == k] - self.mean - other[theirs, -1]
                    # ridge as least squares with the penalty as further equations
                    A = np.vstack([Z, np.sqrt(lam * len(theirs)) * np.eye(f + 1)])
                    mine[k] = np.linalg.lstsq(A, np.append(left, np.zeros(f + 1)), rcond=None)[0]
        return self

    def predict(self, X):
        u, i = X.astype(int).T
        return self.mean + self.p[u, -1] + self.q[i, -1] + (self.p[u, :-1] * self.q[i, :-1]).sum(axis=1)


@pytest.mark.parametrize(
    "parameters",
    [
        {"factors": 1, "iterations": 1, "regularization": 0.5},
        {"factors": 3, "iterations": 6, "regularization": 0.1, "seed": 4},
        {"factors": 40, "iterations": 2, "regularization": 0.3},
    ],
)
def test_rows_are_fitted_as_one_user_and_item_after_the_other(parameters):
    learner = MatrixFactorization(**parameters)
    assert len(check_learner(learner, reference=Slow(learner), rows=10)) == 6


def loss(theta, u, i, y, factors, lam):
    """Equation 5 of Koren, Bell & Volinsky (2009): the penalty stands in the sum over ratings."""
    p, q = theta[: USERS * (factors + 1)].reshape(USERS, -1), theta[USERS * (factors + 1) :].reshape(ITEMS, -1)
    off = y - y.mean() - p[u, -1] - q[i, -1] - (p[u, :-1] * q[i, :-1]).sum(axis=1)
    return np.sum(off**2 + lam * ((p[u] ** 2).sum(axis=1) + (q[i] ** 2).sum(axis=1)))


def test_many_iterations_reach_a_minimum_of_the_published_loss():
    X, y = some_ratings()
    u, i = X.astype(int).T
    learner = MatrixFactorization(factors=2, regularization=0.2, iterations=1000)
    slow = Slow(learner)(X, y)
    grid = np.array([(u, i) for u in range(USERS) for i in range(ITEMS)], dtype=float)
    mine = predictions(learner, X, y, grid)
    assert mine == pytest.approx(slow.predict(grid), abs=1e-8)
    theta = np.concatenate([slow.p[:USERS].ravel(), slow.q[:ITEMS].ravel()])
    best = minimize(loss, theta, args=(u, i, y, 2, 0.2), method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9})
    assert best.fun == pytest.approx(loss(theta, u, i, y, 2, 0.2), rel=1e-7)
    p, q = best.x[: USERS * 3].reshape(USERS, -1), best.x[USERS * 3 :].reshape(ITEMS, -1)
    expected = (y.mean() + p[:, -1:] + q[:, -1] + p[:, :-1] @ q[:, :-1].T).ravel()
    assert mine == pytest.approx(expected, abs=2e-3)


def test_strangers_are_predicted_what_is_known_without_them():
    X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [2, 1]], dtype=float), np.array([1.0, 4.0, 2.0, 5.0, 4.5])
    asked = np.array([[3, 3], [3, 0], [3, 1], [0, 3], [0, 0]], dtype=float)  # user 3 and item 3 are unknown
    neither, bad, good, mild, known = predictions(MatrixFactorization(factors=2), X, y, asked)
    assert neither == pytest.approx(y.mean())
    assert bad < y.mean() < good and mild < y.mean()
    assert known == pytest.approx(1.0, abs=0.6)


def test_the_factors_are_worth_their_cost():
    """Ratings that are a product of factors are found from half of them, which no biases can do."""
    rng = np.random.default_rng(0)
    p, q = rng.normal(size=(60, 2)), rng.normal(size=(50, 2))
    stars = 3 + p @ q.T
    pairs = rng.permutation([(u, i) for u in range(60) for i in range(50)]).astype(float)
    X, X_eval = pairs[:1500], pairs[1500:]
    y, y_eval = (stars[each[:, 0].astype(int), each[:, 1].astype(int)] for each in (X, X_eval))
    learner = MatrixFactorization(factors=2, regularization=1e-3, iterations=40)
    assert np.sqrt(np.mean((predictions(learner, X, y, X_eval) - y_eval) ** 2)) < 0.05 * y_eval.std()


def test_a_row_does_not_remember_who_is_not_in_it():
    """The model of a row is that of a world in which the others never were, to the last bit."""
    X, y = some_ratings(3)
    groups = X[:, 0].astype(int) % 3
    asked = np.array([(u, i) for u in range(USERS) for i in range(ITEMS)], dtype=float)
    whole = Grid.from_arrays(X, y, groups, asked, np.zeros(len(asked)), learner=MatrixFactorization())
    inside = groups != 1
    assert np.array_equal(
        whole.oracle.decide(np.array([[1, 0, 1]], dtype=np.uint8))[0, :, 0],
        predictions(MatrixFactorization(), X[inside], y[inside], asked),
    )


def test_weights_count_as_if_ratings_were_there_so_many_times():
    X, y = some_ratings(5)
    groups, times = X[:, 0].astype(int) % 3, np.array([1, 3, 2])
    asked = np.array([(u, i) for u in range(USERS) for i in range(ITEMS)], dtype=float)
    learner = MatrixFactorization(factors=3, iterations=5)
    grid = Grid.from_arrays(X, y, groups, asked, np.zeros(len(asked)), learner=learner)
    for rows in ([[1, 1, 1]], [[1, 1, 0]]):
        rows = np.array(rows, dtype=np.uint8)
        weighted = grid.oracle.decide(rows, rows * times.astype(float))[0, :, 0]
        repeated = np.repeat(np.arange(len(y)), (rows[0] * times)[groups])
        assert weighted == pytest.approx(Slow(learner)(X[repeated], y[repeated]).predict(asked), abs=1e-9)
    light = grid.oracle.decide(np.ones((1, 3), dtype=np.uint8), np.full((1, 3), 0.01))
    assert light == pytest.approx(grid.oracle.decide(grid.full_row), abs=1e-9)  # the penalty grows with the weights
