"""A world made of arrays that a caller holds in memory."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dataleverage.errors import DataError
from dataleverage.world.world import Floats, Mask, Slice, Task, World


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
    y, y_pool, group = np.asarray(y_train), np.asarray(y_eval), np.asarray(groups)
    for name, values, length in (
        ("y_train", y, len(X)),
        ("groups", group, len(X)),
        ("y_eval", y_pool, len(X_pool)),
    ):
        if values.shape != (length,):
            raise DataError(f"{name} has shape {values.shape}; expected ({length},)")
    names, object_of = np.unique(group, return_inverse=True)
    classes: tuple[str, ...] = ()
    if task == "classification":
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
    named = [Slice(name, as_mask(name, given, len(X_pool))) for name, given in slices.items() if name != "all"]
    return World(
        task=task,
        X=X,
        y=y,
        object_of=object_of.astype(np.int64),
        objects=tuple(str(name) for name in names),
        X_eval=X_pool,
        y_eval=y_pool,
        audit=np.ones(len(X_pool), dtype=bool),
        eval_object=np.full(len(X_pool), -1),
        slices=(Slice("all", np.ones(len(X_pool), dtype=bool)), *named),
        classes=classes,
        title=f"arrays, {len(X):,} training and {len(X_pool):,} evaluation examples",
    )


def features(given: ArrayLike, name: str) -> Floats:
    """(N, d) finite float64, N and d at least 1."""
    X = np.asarray(given, dtype=np.float64)
    if X.ndim != 2 or not X.size:
        raise DataError(f"{name} has shape {X.shape}; expected (examples, features), at least one of each")
    if not np.isfinite(X).all():
        i, j = np.argwhere(~np.isfinite(X))[0]
        raise DataError(f"{name}[{i}, {j}] is {X[i, j]}", remedy="Fill in or drop what is missing.")
    return X


def targets(given: NDArray[np.generic], name: str) -> Floats:
    """(N,) finite float64."""
    y = given.astype(np.float64)
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
