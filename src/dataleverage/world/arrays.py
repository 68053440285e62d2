"""A world made of arrays that a caller holds in memory."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dataleverage.errors import DataError
from dataleverage.world.world import LARGEST, Floats, Mask, Slice, Task, World

MOST_INDICES = 10**6  # users, or items: a learner keeps some numbers for each


def world_of_arrays(
    X_train: ArrayLike,
    y_train: ArrayLike,
    groups: ArrayLike,
    X_eval: ArrayLike,
    y_eval: ArrayLike,
    *,
    slices: Mapping[str, ArrayLike],
    task: Task,
) -> World:
    """A world whose evaluation examples are all audit and belong to nobody. See `Grid.from_arrays`."""
    X, X_pool = features(X_train, "X_train"), features(X_eval, "X_eval")
    if X.shape[1] != X_pool.shape[1]:
        raise DataError(f"X_train has {X.shape[1]} features and X_eval has {X_pool.shape[1]}")
    y, y_pool, group = labels_of(y_train, "y_train"), labels_of(y_eval, "y_eval"), labels_of(groups, "groups")
    for name, values, length in (
        ("y_train", y, len(X)),
        ("groups", group, len(X)),
        ("y_eval", y_pool, len(X_pool)),
    ):
        if values.shape != (length,):
            raise DataError(f"{name} has shape {values.shape}; expected ({length},)")
    found, object_of = np.unique(group, return_inverse=True)
    names = tuple(str(name) for name in found)
    for name in names:
        if "+" in name or "*" in name:
            raise DataError(f"the group {name!r} has a + or * in its name", remedy="Rename it: rows in words use these signs.")
    classes: tuple[str, ...] = ()
    if task == "classification":
        if y.dtype.kind == "f" and (y % 1 != 0).any():
            raise DataError(
                "y_train is a number with fractions, and the learner wants classes", remedy="Use dl.learners.Ridge."
            )
        labels = np.unique(y)
        unseen = np.setdiff1d(y_pool, labels)
        if len(unseen):
            raise DataError(f"y_eval has labels that y_train lacks: {', '.join(str(label) for label in unseen[:5])}")
        if len(labels) < 2:
            raise DataError(f"y_train has a single class, {labels[0]}: there is nothing to learn")
        classes = tuple(str(label) for label in labels)
        y, y_pool = np.searchsorted(labels, y).astype(np.int64), np.searchsorted(labels, y_pool).astype(np.int64)
    else:
        y, y_pool = targets(y, "y_train"), targets(y_pool, "y_eval")
    users, items = (counted(X, X_pool, 0), counted(X, X_pool, 1)) if task == "rating" else (0, 0)
    if "all" in slices:
        raise DataError("there is a slice 'all' already, of all examples", remedy="Choose another name.")
    named = [Slice(name, as_mask(name, given, len(X_pool))) for name, given in slices.items()]
    return World(
        task=task,
        X=X,
        y=y,
        object_of=object_of.astype(np.int64),
        objects=names,
        X_eval=X_pool,
        y_eval=y_pool,
        audit=np.ones(len(X_pool), dtype=bool),
        eval_object=np.full(len(X_pool), -1),
        slices=(Slice("all", np.ones(len(X_pool), dtype=bool)), *named),
        classes=classes,
        title=f"arrays, {len(X):,} training and {len(X_pool):,} evaluation examples",
        users=users,
        items=items,
    )


def task_of(y: NDArray[np.generic]) -> Task:
    """What a target asks for where the learner does both: fractions are a regression, anything else is classes."""
    return "regression" if y.dtype.kind == "f" and bool((y % 1 != 0).any()) else "classification"


def features(given: ArrayLike, name: str) -> Floats:
    """(N, d) finite float64, N and d at least 1."""
    X = numbers(given, name)
    if X.ndim != 2 or not X.size:
        raise DataError(f"{name} has shape {X.shape}; expected (examples, features), at least one of each")
    if not max(X.max(), -X.min()) <= LARGEST:  # nothing the size of X is made; NaN is in both
        i, j = np.argwhere(~(np.abs(X) <= LARGEST))[0]
        raise DataError(f"{name}[{i}, {j}] is {X[i, j]}", remedy=f"Fill in or drop what is missing or beyond {LARGEST:g}.")
    return X


def counted(X: Floats, X_pool: Floats, column: int) -> int:
    """How many users (column 0) or items (column 1) pairs speak of: the largest index, and one."""
    for name, pairs in (("X_train", X), ("X_eval", X_pool)):
        if pairs.shape[1] != 2 or not ((pairs >= 0) & (pairs < MOST_INDICES) & (pairs % 1 == 0)).all():
            raise DataError(
                f"{name} is not made of pairs of indices, a user and an item",
                remedy=f"Give (ratings, 2) whole numbers from 0 to {MOST_INDICES - 1:,}.",
            )
    return int(max(X[:, column].max(), X_pool[:, column].max())) + 1


def numbers(given: ArrayLike, name: str) -> Floats:
    """Anything that is float64 or can become it."""
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} is not made of numbers: {error}", remedy="Give an array of numbers.") from error


def labels_of(given: ArrayLike, name: str) -> NDArray[np.generic]:
    """Values that can be sorted and told apart; text that pandas keeps as objects becomes text."""
    try:
        values = np.asarray(given)
        if values.dtype == object:
            values = np.array(values.tolist())
        if values.dtype == object or (values.dtype.kind == "f" and np.isnan(values).any()):
            raise ValueError("some values are missing")
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} cannot be used: {error}", remedy="Give numbers or text, none missing.") from error
    return values


def targets(given: NDArray[np.generic], name: str) -> Floats:
    """(N,) finite float64."""
    y = numbers(given, name)
    if not np.isfinite(y).all():
        raise DataError(f"{name} holds NaN or infinity", remedy="Drop those examples.")
    return y


def as_mask(name: str, given: ArrayLike, length: int) -> Mask:
    """(E,) bool from a mask or from indices."""
    values = np.asarray(given)
    if values.dtype == bool and values.shape == (length,):
        return values
    if (
        values.dtype.kind not in "iu"
        or values.ndim != 1
        or (len(values) and not -length <= values.min() <= values.max() < length)
    ):
        raise DataError(f"the slice {name!r} is neither a bool mask of {length} examples nor indices into them")
    mask = np.zeros(length, dtype=bool)
    mask[values] = True
    return mask
