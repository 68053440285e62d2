"""Worlds small enough to fit every row with scikit-learn, and that fit as a reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine

from dataleverage.grid.learner import Learner, pool_of
from dataleverage.grid.rows import Rows, onehot
from dataleverage.world.world import Slice, Variant, World, object_names


def make_world(
    X: Any, y: Any, *, train: int, objects: int = 6, task: str = "classification", flip: bool = False, seed: int = 0
) -> World:
    """A world of `objects` groups of unequal size; the last example is object number `objects - 1`'s only one.

    flip : adds a poisoned variant in which labels are shifted by one class.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    X, y = np.asarray(X, dtype=np.float64)[order], np.asarray(y)[order]
    classes = tuple(f"class {k}" for k in range(int(y.max()) + 1)) if task == "classification" else ()
    y = y.astype(np.int64 if classes else np.float64)
    object_of = np.minimum(rng.integers(0, objects, train), objects - 2)
    object_of[-1] = objects - 1
    evaluation = len(y) - train
    audit = np.arange(evaluation) % 3 > 0
    halves = rng.random(evaluation) < 0.5
    variants = (Variant("flip", X[:train], (y[:train] + 1) % len(classes)),) if flip else ()
    return World(
        task=task,  # type: ignore[arg-type]
        X=X[:train],
        y=y[:train],
        object_of=object_of.astype(np.int64),
        objects=object_names(objects),
        X_eval=X[train:],
        y_eval=y[train:],
        audit=audit,
        eval_object=np.full(evaluation, -1),
        slices=(Slice("all", np.ones(evaluation, dtype=bool)), Slice("left", halves), Slice("right", ~halves)),
        classes=classes,
        variants=variants,
    )


def sparse_rare() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Five classes of which two are rare, a constant column, two collinear ones, and whole-number features."""
    rng = np.random.default_rng(5)
    y = np.repeat(np.arange(5), [60, 50, 40, 4, 2])
    X = rng.normal(size=(len(y), 5)) + y[:, None] * rng.normal(size=5)
    X[:, 1] = np.round(X[:, 1])
    return np.column_stack([X, np.full(len(y), 7.3), X[:, 0] * 2 - 1]), y


def build(name: str) -> World:
    """A world by name."""
    if name == "breast cancer":
        X, y = load_breast_cancer(return_X_y=True)
        return make_world(X, y, train=200)
    if name == "breast cancer, poisoned":
        X, y = load_breast_cancer(return_X_y=True)
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        return make_world(X, y, train=150, objects=5, flip=True)
    if name == "collinear":
        X, y = load_breast_cancer(return_X_y=True)
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        return make_world(np.column_stack([X, X[:, 0], X[:, 1] - X[:, 2], np.full(len(y), 4.2)]), y, train=120)
    if name == "few examples, many features":
        X, y = load_digits(n_class=2, return_X_y=True)
        return make_world(X, y, train=24)
    if name == "wine":
        X, y = load_wine(return_X_y=True)
        return make_world(X, y, train=90)
    if name == "wine, poisoned":
        X, y = load_wine(return_X_y=True)
        return make_world(X, y, train=90, objects=5, flip=True)
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        return make_world(X[:600], y[:600], train=200)
    if name == "rare":
        return make_world(*sparse_rare(), train=110, seed=2)
    assert name == "diabetes"
    return make_world(*load_diabetes(return_X_y=True), train=200, task="regression")


@dataclass
class Row:
    """A row that has examples of at least two classes (any, for regression), as the oracle hands to a learner.

    row : (1, n). X, y : its training examples, in training order. present : (K,) which classes it has.
    weights : (1, n) of its objects, where it has them; w : (m,) of its examples.
    """

    row: Rows
    X: NDArray[np.float64]
    y: NDArray[Any]
    present: NDArray[np.bool_]
    weights: NDArray[np.float64] | None = None
    w: NDArray[np.float64] | None = None

    @property
    def repeated(self) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """X and y with every example as many times as it weighs."""
        times = self.w.astype(np.int64)
        return np.repeat(self.X, times, axis=0), np.repeat(self.y, times)


def fittable_rows(world: World, preprocess: str = "none", most: int = 64, seed: int = 0) -> list[Row]:
    """Rows of the world in random order that a learner would be asked to fit."""
    pool = pool_of(world, preprocess)
    every = np.indices((world.n_present + 1,) * world.n_objects).reshape(world.n_objects, -1).T.astype(np.uint8)
    chosen = []
    for row in np.random.default_rng(seed).permutation(every):
        inside = np.flatnonzero((onehot(row[None], world.n_present) > 0)[0][pool.unit])
        inside = inside[np.argsort(inside % len(world.y), kind="stable")]
        y = pool.y[inside]
        present = np.isin(np.arange(len(world.classes)), y)
        if len(y) and (present.sum() > 1 or not world.classes):
            chosen.append(Row(row[None], pool.X[inside], y, present))
    return chosen[:most]


def with_weights(world: World, rows: list[Row], *, whole: bool = False, seed: int = 0) -> list[Row]:
    """The same rows with random weights, from 1 to 4 if whole, otherwise between 0.02 and 3."""
    rng = np.random.default_rng(seed)
    weighted = []
    for row in rows:
        drawn = rng.integers(1, 5, row.row.shape).astype(np.float64) if whole else np.exp(rng.uniform(-4, 1, row.row.shape))
        weights = np.where(row.row > 0, drawn, 0.0)
        present = np.flatnonzero(row.row[0][world.object_of] > 0)  # in training order, as the row's examples are
        weighted.append(replace(row, weights=weights, w=weights[0, world.object_of[present]]))
    return weighted


def masked_decisions(world: World, learner: Learner, rows: list[Row], need: str = "ranking") -> NDArray[np.float64]:
    """(R, E, K): the learner's decision values for all rows in one batch, absent classes masked as the oracle does."""
    predictor = learner.prepare(pool_of(world, learner.preprocess), need)  # type: ignore[arg-type]
    asked = np.concatenate([row.row for row in rows])
    weights = None if rows[0].weights is None else np.concatenate([row.weights for row in rows])
    decision = predictor(asked) if weights is None else predictor(asked, weights)
    if not world.classes:
        return decision
    if len(world.classes) == 2 and decision.shape[2] == 1:  # a margin, by which the second class is ahead
        endless = np.isposinf(decision)
        decision = np.concatenate([np.where(endless, -np.inf, 0.0), np.where(endless, 0.0, decision)], axis=2)
    return np.where(np.stack([row.present for row in rows])[:, None, :], decision, -np.inf)


@pytest.fixture(scope="session")
def world_named() -> Callable[[str], World]:
    """A world by name, built once."""
    return cache(build)


@pytest.fixture(scope="session")
def world_of() -> Callable[..., World]:
    return make_world


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., list[Row]]:
    return fittable_rows


@pytest.fixture(scope="session")
def weighted() -> Callable[..., list[Row]]:
    return with_weights


@pytest.fixture(scope="session")
def decisions() -> Callable[..., NDArray[np.float64]]:
    return masked_decisions
