"""Small worlds that are hard in one way each, for checks of kinds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataleverage.world.world import Slice, Task, Variant, World, object_names

OBJECTS = 6
EVALUATION = 25  # examples


def worlds(task: Task, seed: int) -> dict[str, World]:
    """Small worlds by name. Features are at least 0 in all of them, so that learners of counts can take part."""
    if task == "rating":
        return {
            "ratings": rated(12, 8, 60, seed),
            "ratings, poisoned": rated(12, 8, 60, seed, poison=True),
            "ratings, users spread over objects": rated(12, 8, 60, seed, spread=True),
            "ratings, objects of one rating": rated(OBJECTS, 4, OBJECTS, seed),
            "ratings, all the same": rated(12, 8, 60, seed, levels=1),
            "ratings, many items": rated(8, 60, 80, seed),
        }
    if task == "regression":
        return {
            "regression": made(60, 3, 0, seed),
            "regression, poisoned": made(60, 3, 0, seed, poison=True),
            "regression, objects of one example": made(OBJECTS, 2, 0, seed),
            "regression, constant and collinear columns": made(60, 3, 0, seed, collinear=True),
            "regression, many features": made(30, 300, 0, seed),
        }
    return {
        "two classes": made(60, 3, 2, seed),
        "two classes, poisoned": made(60, 3, 2, seed, poison=True),
        "four classes, one of them rare": made(80, 4, 4, seed),
        "three classes, poisoned": made(60, 3, 3, seed, poison=True),
        "objects of one example": made(OBJECTS, 2, 2, seed),
        "constant and collinear columns": made(60, 3, 2, seed, collinear=True),
        "many features": made(30, 300, 2, seed),
    }


def made(train: int, features: int, classes: int, seed: int, *, poison: bool = False, collinear: bool = False) -> World:
    """A world of six objects, the last of a single example; where there are four classes, the last has two examples."""
    rng = np.random.default_rng([seed, train, features, classes])
    total = train + EVALUATION
    y = np.arange(total) % (classes or 2)
    if classes > 3:
        y[y == 3] = 0
        y[[0, 1, -1]] = 3
    X = rng.normal(size=(total, features)) + 1.5 * rng.normal(size=(max(classes, 2), features))[y]
    target: NDArray[Any] = y if classes else X @ rng.normal(size=features) + rng.normal(size=total)
    if collinear:
        X = np.column_stack([X, np.full(total, 7.3), 2 * X[:, 0] + 1, X[:, 1] - X[:, 2]])
    X -= X.min(axis=0)
    object_of = np.sort(np.concatenate([np.arange(OBJECTS), rng.integers(0, OBJECTS - 1, train - OBJECTS)]))
    object_of = np.append(object_of[object_of < OBJECTS - 1], OBJECTS - 1)
    if train > OBJECTS:
        object_of[:-1] = rng.permutation(object_of[:-1])
    variants = []
    if poison:
        flipped = (y[:train] + 1) % classes if classes else 2 * target[:train].mean() - target[:train]
        variants = [Variant("flip", X[:train], flipped), Variant("mirror", X[:train].max(axis=0) - X[:train], target[:train])]
    return World(
        task="classification" if classes else "regression",
        X=X[:train],
        y=target[:train],
        object_of=object_of,
        objects=object_names(OBJECTS),
        X_eval=X[train:],
        y_eval=target[train:],
        audit=np.ones(EVALUATION, dtype=bool),
        eval_object=np.full(EVALUATION, -1),
        slices=(Slice("all", np.ones(EVALUATION, dtype=bool)),),
        classes=tuple(f"class {k}" for k in range(classes)),
        variants=tuple(variants),
    )


def rated(
    users: int, items: int, train: int, seed: int, *, poison: bool = False, spread: bool = False, levels: int = 5
) -> World:
    """A world of ratings in six objects, of whole users or, where `spread`, of ratings dealt out.

    No pair is rated twice. What is asked about holds an item, and may hold users, without a rating in training.
    """
    rng = np.random.default_rng([seed, users, items, train])
    every = np.array([(u, i) for u in range(users) for i in range(items)], dtype=np.float64)
    first = np.column_stack([np.arange(OBJECTS), rng.integers(0, items - 1, OBJECTS)])  # something in every object
    rest = rng.permutation(every[~(every[:, None] == first).all(axis=2).any(axis=1)])
    rest = np.concatenate([rest[rest[:, 1] < items - 1], rest[rest[:, 1] == items - 1]])  # unknown to training
    X = np.concatenate([first, rest[: train - OBJECTS]]).astype(np.float64)
    X_eval = np.concatenate([rest[-5:], rng.permutation(rest[train - OBJECTS : -5])])[:EVALUATION]
    taste = rng.normal(size=(users, 2)) @ rng.normal(size=(2, items))
    stars = np.clip(np.round((levels + 1) / 2 + taste), 1, levels)
    y, y_eval = (stars[pairs[:, 0].astype(int), pairs[:, 1].astype(int)] for pairs in (X, X_eval))
    object_of = rng.permutation(np.arange(len(X)) % OBJECTS) if spread else X[:, 0].astype(np.int64) % OBJECTS
    variants = (Variant("flip", X, levels + 1 - y), Variant("praise", X, np.full(len(X), float(levels)))) if poison else ()
    return World(
        task="rating",
        X=X,
        y=y,
        object_of=object_of,
        objects=object_names(OBJECTS),
        X_eval=X_eval,
        y_eval=y_eval,
        audit=np.ones(len(X_eval), dtype=bool),
        eval_object=np.full(len(X_eval), -1),
        slices=(Slice("all", np.ones(len(X_eval), dtype=bool)),),
        variants=variants,
        users=users,
        items=items,
    )
