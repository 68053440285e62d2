"""What is timed: data, our way through it, and the plain loops that it is held against."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn import discriminant_analysis, linear_model, naive_bayes, neighbors, tree
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, make_classification, make_regression

import dataleverage as dl
from dataleverage.grid import workers
from dataleverage.grid.grid import Grid
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.grid.table import Table

Floats = NDArray[np.float64]
Rows = NDArray[np.uint8]


@dataclass(frozen=True)
class Data:
    """Arrays of a game. X : (N, d), y : (N,), group : (N,) 0 … objects − 1, X_eval : (E, d), y_eval : (E,)."""

    X: Floats
    y: NDArray[Any]
    group: NDArray[np.int64]
    X_eval: Floats
    y_eval: NDArray[Any]

    @property
    def objects(self) -> int:
        return int(self.group.max()) + 1

    @property
    def regression(self) -> bool:
        return self.y.dtype.kind == "f"

    @property
    def shape(self) -> str:
        return f"{len(self.y):,}×{self.X.shape[1]}"

    def in_groups(self, objects: int) -> Data:
        """The same examples in another number of groups: example i belongs to group i % objects."""
        return replace(self, group=np.arange(len(self.y)) % objects)


@dataclass(frozen=True)
class Job:
    """A learner on data, and what it is held against.

    learner : ours. plain : the scikit-learn estimator with its default solver and tolerance, which is what people loop over.
    exact : the same, converged, for agreement. within : how far a score may be from that of `exact` (0: not at all).
    target : how many times faster than a plain loop the design asks for; None where it asks for nothing.
    """

    name: str
    data: Data
    learner: Any
    plain: Any
    exact: Any
    target: float | None
    within: float = 0.0


# ---------------------------------------------------------------------- data


def breast_cancer(groups: int = 12) -> Data:
    """The reference data: standardised, the first 384 examples train, the other 185 evaluate."""
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return Data(X[:384], y[:384].astype(np.int64), np.arange(384) % groups, X[384:], y[384:].astype(np.int64))


def synthetic(n: int, d: int, groups: int, *, classes: int = 2, evaluation: int = 185, seed: int = 0) -> Data:
    """Standardised clusters; one label in twenty is wrong."""
    X, y = make_classification(
        n + evaluation, d, n_informative=min(d, 8), n_redundant=0, n_classes=classes, flip_y=0.05, random_state=seed
    )
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return Data(X[:n], y[:n].astype(np.int64), np.arange(n) % groups, X[n:], y[n:].astype(np.int64))


def linear(n: int, d: int, groups: int) -> Data:
    """A linear target with noise."""
    X, y = make_regression(n + 185, d, n_informative=d // 2, noise=20.0, random_state=0)
    return Data(X[:n], y[:n].astype(np.float64), np.arange(n) % groups, X[n:], y[n:].astype(np.float64))


def non_negative(data: Data) -> Data:
    """Features from 0 to 1, as counts-based learners need; scaled once, for everybody."""
    low, span = data.X.min(axis=0), np.ptp(data.X, axis=0)
    return replace(data, X=(data.X - low) / span, X_eval=np.clip((data.X_eval - low) / span, 0, None))


def plain_logistic(**parameters: Any) -> linear_model.LogisticRegression:
    """The estimator of the reference job, as people loop over it."""
    return linear_model.LogisticRegression(C=1.0, **parameters)


def jobs() -> list[Job]:
    """Every batched learner at 384 examples, and some at more."""
    learners = dl.learners
    logistic = plain_logistic
    converged = logistic(tol=1e-10, solver="newton-cholesky", max_iter=10_000)
    cancer = breast_cancer()
    longer = synthetic(1200, 30, 12)
    few = synthetic(10_000, 20, 8)
    third = synthetic(384, 30, 10, classes=3)
    target = linear(384, 30, 12)

    def same(name: str, data: Data, learner: Any, estimator: Any, goal: float | None, within: float = 0.0) -> Job:
        return Job(name, data, learner, estimator, estimator, goal, within)

    lda = discriminant_analysis.LinearDiscriminantAnalysis
    kneighbours = neighbors.KNeighborsClassifier
    return [
        same("ridge classifier", cancer, learners.RidgeClassifier(), linear_model.RidgeClassifier(), 200),
        same("ridge classifier", longer, learners.RidgeClassifier(), linear_model.RidgeClassifier(), 80),
        same("ridge regressor", target, learners.Ridge(), linear_model.Ridge(), 200, 1e-8),
        same("Gaussian NB", cancer, learners.GaussianNB(), naive_bayes.GaussianNB(), 300),
        same("Gaussian NB", longer, learners.GaussianNB(), naive_bayes.GaussianNB(), 150),
        same("nearest centroid", cancer, learners.NearestCentroid(), neighbors.NearestCentroid(), 1000),
        same(
            "LDA, shrinkage 0.1",
            cancer,
            learners.LinearDiscriminantAnalysis(shrinkage=0.1),
            lda(solver="lsqr", shrinkage=0.1),
            70,
        ),
        same("multinomial NB", non_negative(cancer), learners.MultinomialNB(), naive_bayes.MultinomialNB(), 200),
        same("Bernoulli NB", cancer, learners.BernoulliNB(), naive_bayes.BernoulliNB(), 200),
        same("1-NN", cancer, learners.KNeighborsClassifier(n_neighbors=1), kneighbours(1), 400),
        same("5-NN", cancer, learners.KNeighborsClassifier(n_neighbors=5), kneighbours(5), 25),
        same("5-NN regressor", target, learners.KNeighborsRegressor(), neighbors.KNeighborsRegressor(), 25, 1e-8),
        Job("logistic, 2 classes", cancer, learners.LogisticRegression(C=1.0), logistic(), converged, 40),
        Job("logistic, 2 classes", longer, learners.LogisticRegression(C=1.0), logistic(), converged, None),
        Job("logistic, 2 classes", few, learners.LogisticRegression(C=1.0), logistic(), converged, 4),
        Job("logistic, 3 classes", third, learners.LogisticRegression(C=1.0), logistic(), converged, 3),
        same(
            "any estimator (decision tree)",
            breast_cancer(8),
            learners.Sklearn(tree.DecisionTreeClassifier(random_state=0)),
            tree.DecisionTreeClassifier(random_state=0),
            None,
        ),
    ]


# ---------------------------------------------------------------------- our way


def grid_of(data: Data, learner: Any, columns: int = 1, workers: int | None = None, path: Any = None) -> Grid:
    """A fresh grid with `columns` columns: all, and random slices of three tenths of the evaluation examples."""
    rng = np.random.default_rng(1)
    slices = {f"slice {i}": rng.random(len(data.y_eval)) < 0.3 for i in range(1, columns)}
    grid = dl.Grid.from_arrays(data.X, data.y, data.group, data.X_eval, data.y_eval, learner=learner, slices=slices)
    if workers is not None or path is not None:
        assert grid.world is not None
        grid.oracle = TrainedOracle(grid.world, learner, grid.columns, workers=workers, path=path)
    return grid


def unveiled(data: Data, learner: Any, columns: int = 1, workers: int | None = None) -> Table:
    """All 2**objects rows, from arrays: nothing is prepared outside what is timed."""
    return grid_of(data, learner, columns, workers).unveil()


def shapley(table: Table) -> Floats:
    """(n, C): the exact Shapley value of every object in every column. A closed form of the benchmark's own.

    φ_j = Σ_S∌j |S|! (n − 1 − |S|)! / n! (v(S ∪ j) − v(S)) (Shapley 1953): one weight for each row and object, one product.
    """
    n = table.rows.shape[1]
    weight = np.array([math.factorial(s) * math.factorial(n - 1 - s) / math.factorial(n) for s in range(n)] + [0.0])
    size = table.rows.sum(axis=1, dtype=np.int64)
    held = table.rows > 0
    signed = np.where(held, weight[size - 1][:, None], -weight[size][:, None])
    values: Floats = signed.T @ table.scores
    gain = table.scores[size == n] - table.scores[size == 0]
    if not np.allclose(values.sum(axis=0), gain, atol=1e-9):
        raise AssertionError("Shapley values do not sum to what the full row gains over the empty one")
    return values


# ---------------------------------------------------------------------- the loops


def loop(data: Data, estimator: Any, rows: Rows) -> Floats:
    """(R,) accuracies, or root mean squared errors: clone, fit and predict, one row after the other."""
    scores = np.empty(len(rows))
    for i, row in enumerate(rows):
        inside = row[data.group] > 0
        y = data.y[inside]
        if len(y) == 0:
            guess = data.y.mean() if data.regression else np.bincount(data.y).argmax()
            predicted = np.full(len(data.y_eval), guess)
        elif not data.regression and y.min() == y.max():
            predicted = np.full(len(data.y_eval), y[0])
        else:
            predicted = clone(estimator).fit(data.X[inside], y).predict(data.X_eval)
        if data.regression:
            scores[i] = np.sqrt(np.mean((predicted - data.y_eval) ** 2))
        else:
            scores[i] = np.mean(predicted == data.y_eval)
    return scores


def joblib_loop(pool: joblib.Parallel, data: Data, estimator: Any, rows: Rows, processes: int = 2) -> Floats:
    """The same in processes, each with an equal share of the rows in one go: the least that it can cost.

    The pool must not put tasks together by how long the last ones took (`batch_size=1`), or one process gets them all.
    """
    order = np.random.default_rng(0).permutation(len(rows))
    parts = np.array_split(order, processes)
    done: list[Floats] = pool(joblib.delayed(loop)(data, estimator, rows[part]) for part in parts)
    scores = np.empty(len(rows))
    for part, found in zip(parts, done, strict=True):
        scores[part] = found
    return scores


def wake(pool: joblib.Parallel) -> None:
    """Have the loop's processes and our own running, with what they import, before anything is timed."""
    data = breast_cancer()
    joblib_loop(pool, data, plain_logistic(), sampled(12, 16))
    list(workers.over(2, abs, range(4)))


def sampled(objects: int, rows: int) -> Rows:
    """(R, objects): distinct random rows, never the empty one; all of them where so many are asked for."""
    rng = np.random.default_rng(2)
    chosen = 1 + rng.permutation(2**objects - 1)[:rows]
    found: Rows = ((chosen[:, None] >> np.arange(objects)) & 1).astype(np.uint8)
    return found


def scores_of(table: Table, rows: Rows, column: int = 0) -> Floats:
    """(R,) what the table holds for the rows."""
    found: Floats = table.scores[table.find(rows), column]
    return found
