"""The spread of shapes: every learner against a joblib loop of its scikit-learn equivalent, and by which path ours went.

Rows are given cold: ours counts everything from arrays to the last score. The worker processes of both are running already.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import joblib
import jobs
import numpy as np
from rich.console import Console
from setting import timed
from sklearn import discriminant_analysis, linear_model, naive_bayes, neighbors, tree

import dataleverage as dl
from dataleverage.grid.oracle import TrainedOracle

LONGEST = 3.0  # seconds that a way may take when it is forced, and a loop before it is scaled from a sample of its rows
SHORT = 0.3  # seconds below which a call is repeated


@dataclass(frozen=True)
class Case:
    """A learner. exact : an estimator that ours equals; usual : the same as people call it, where that stops earlier."""

    name: str
    learner: Any
    exact: Any
    usual: Any = None


@dataclass(frozen=True)
class Shape:
    examples: int
    features: int
    objects: int
    classes: int
    evaluation: int
    rows: int

    def __str__(self) -> str:
        return f"{self.examples:,}×{self.features:,}, {self.objects} objects, {self.classes} classes, E {self.evaluation:,}"


SHAPES = [
    Shape(50, 2, 8, 2, 50, 1),
    Shape(50, 2, 8, 2, 50, 16),
    Shape(50, 2, 8, 2, 50, 255),
    Shape(50, 2000, 4, 2, 50, 15),
    Shape(384, 30, 12, 2, 185, 1),
    Shape(384, 30, 12, 2, 185, 4),
    Shape(384, 30, 12, 2, 185, 16),
    Shape(384, 30, 12, 2, 185, 4095),
    Shape(384, 30, 12, 10, 185, 16),
    Shape(384, 30, 12, 10, 185, 512),
    Shape(384, 300, 12, 2, 185, 1),
    Shape(384, 300, 12, 2, 185, 16),
    Shape(384, 300, 12, 2, 185, 512),
    Shape(384, 300, 12, 10, 185, 16),
    Shape(384, 2000, 12, 2, 185, 1),
    Shape(384, 2000, 12, 2, 185, 16),
    Shape(384, 2000, 12, 2, 185, 256),
    Shape(2000, 300, 2, 2, 1000, 3),
    Shape(2000, 300, 12, 2, 1000, 64),
    Shape(5000, 100, 12, 10, 500, 1),
    Shape(5000, 100, 12, 10, 500, 64),
    Shape(5000, 1000, 12, 2, 500, 4),
    Shape(20000, 30, 16, 2, 5000, 1),
    Shape(20000, 30, 16, 2, 5000, 16),
    Shape(20000, 30, 16, 2, 5000, 1024),
    Shape(20000, 300, 16, 2, 1000, 8),
]
FEW = [0, 2, 5, 7, 9, 12, 16, 18, 20, 23]  # of them, for a first look


def cases() -> list[Case]:
    learners, nearest = dl.learners, neighbors.KNeighborsClassifier
    lda, logistic = discriminant_analysis.LinearDiscriminantAnalysis, linear_model.LogisticRegression
    return [
        Case("ridge classifier", learners.RidgeClassifier(), linear_model.RidgeClassifier()),
        Case("Gaussian NB", learners.GaussianNB(), naive_bayes.GaussianNB()),
        Case("nearest centroid", learners.NearestCentroid(), neighbors.NearestCentroid()),
        Case("Bernoulli NB", learners.BernoulliNB(), naive_bayes.BernoulliNB()),
        Case("LDA", learners.LinearDiscriminantAnalysis(), lda(solver="lsqr")),
        Case("LDA, shrinkage", learners.LinearDiscriminantAnalysis(shrinkage=0.1), lda(solver="lsqr", shrinkage=0.1)),
        Case("1-NN", learners.KNeighborsClassifier(n_neighbors=1), nearest(1)),
        Case("5-NN", learners.KNeighborsClassifier(), nearest()),
        Case("logistic", learners.LogisticRegression(), logistic(tol=1e-10, max_iter=10_000), logistic(max_iter=1000)),
        Case("decision tree", learners.Sklearn(tree.DecisionTreeClassifier()), tree.DecisionTreeClassifier(random_state=0)),
    ]


def data_of(shape: Shape) -> jobs.Data:
    """Normal clusters whose means differ in up to eight features, standardised."""
    rng = np.random.default_rng(0)
    total = shape.examples + shape.evaluation
    means = rng.normal(size=(shape.classes, shape.features)) * (np.arange(shape.features) < 8) * 0.8
    y = rng.integers(0, shape.classes, total)
    X = rng.normal(size=(total, shape.features)) + means[y]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    cut = shape.examples
    return jobs.Data(X[:cut], y[:cut], np.arange(cut) % shape.objects, X[cut:], y[cut:])


def measured(call: Callable[[], object]) -> float:
    """Seconds: the least of a few calls where they are short."""
    found: list[float] = []
    while not found or (sum(found) < SHORT and len(found) < 7):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return min(found)


def compared(pool: joblib.Parallel, *, quick: bool, only: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """One case on one shape after the other."""
    warnings.simplefilter("ignore")
    for case in cases():
        if only is None or case.name in only:
            for shape in [SHAPES[i] for i in FEW] if quick else SHAPES:
                jobs.wake(pool)
                yield one(pool, case, shape)


def one(pool: joblib.Parallel, case: Case, shape: Shape) -> dict[str, Any]:
    """What a case takes by each way."""
    data = data_of(shape)
    rows = jobs.sampled(shape.objects, shape.rows)
    told: dict[str, Any] = {"learner": case.name, "shape": str(shape), "rows": len(rows), **vars(shape)}

    def ours(path: Any = None) -> TrainedOracle:
        grid = jobs.grid_of(data, case.learner, path=path)
        grid.scores(rows)
        oracle: TrainedOracle = grid.oracle  # type: ignore[assignment]
        return oracle

    def loop(estimator: Any) -> float:
        each = timed(lambda: jobs.loop(data, estimator, rows[:1]))
        if each * len(rows) > 2 * LONGEST:
            sample = rows[: max(8, int(2 * LONGEST / each))]
            return timed(lambda: jobs.joblib_loop(pool, data, estimator, sample)) * len(rows) / len(sample)
        return measured(lambda: jobs.joblib_loop(pool, data, estimator, rows))

    told["joblib"] = loop(case.exact)
    told["joblib, usual"] = None if case.usual is None else loop(case.usual)
    told["ours"] = measured(lambda: told.update(path=ours().path))
    for way in ("batches", "loop"):
        told[way] = None
        if not case.learner.loops or way == "loop":
            least = timed(lambda way=way: jobs.grid_of(data, case.learner, path=way).scores(rows[:1]))
            if least * (len(rows) if way == "loop" else 1) < 2 * LONGEST:
                told[way] = measured(lambda way=way: ours(way))
    told["ratio"] = told["joblib"] / told["ours"]
    return told


def shown(console: Console, found: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line for each comparison as it is made, the worst at the end; returns all of them."""
    lines = []
    for line in found:
        if not lines:
            console.print(
                "shapes: milliseconds by the path taken, in batches, one by one, joblib in two processes; their ratio"
            )
        lines.append(line)
        each = "  ".join(f"{milliseconds(line[name]):>8}" for name in ("ours", "batches", "loop", "joblib"))
        console.print(
            f"{line['learner']:16} {line['shape']:52} {line['rows']:>5} rows  {each}  {line['ratio']:8.2f}×  {line['path']}",
            soft_wrap=True,
            highlight=False,
        )
    for line in sorted(lines, key=lambda line: line["ratio"])[:5]:
        console.print(f"  least: {line['ratio']:.2f}× {line['learner']}, {line['shape']}, {line['rows']} rows")
    return lines


def milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1e3:.4g}"
