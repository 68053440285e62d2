"""A world: data objects, evaluation slices and variants, fixed for every play on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Task = Literal["classification", "regression", "rating"]
Part = Literal["audit", "monitor"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

MOST_OWNERS = 100_000  # objects or owners that a source can be told to make
LARGEST = 1e100  # of a feature: sums of squares stay finite


@dataclass(frozen=True, eq=False)
class Slice:
    """A named set of evaluation examples.

    mask : (E,) bool, over both parts of the evaluation pool.
    owner : the position of the owner whose examples these are, or None.
    """

    name: str
    mask: Mask
    owner: int | None = None


@dataclass(frozen=True, eq=False)
class Variant:
    """How poisoned examples look: the training examples after a tactic, in the same order as the clean ones.

    X : (N, d) float64; y : (N,) labels as class indices, or float targets.
    """

    tactic: str
    X: Floats
    y: NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class World:
    """Objects + slices + variants.

    Attributes
    ----------
    task : "classification", "regression" or "rating".
    X, y : (N, d) float64 and (N,): the clean training examples; y holds class indices (int64) or float64 targets. An example
        of the task "rating" is what a user makes of an item: X (N, 2) holds the indices of users and items (whole numbers,
        float64 as all features are), y the ratings.
    object_of : (N,) int64: the object each training example belongs to.
    objects : the n object names, A, B, C …
    X_eval, y_eval : (E, d) and (E,): the evaluation pool, audit and monitor examples together.
    audit : (E,) bool: True for audit examples (what is reported), False for monitor ones (what operators look at).
    eval_object : (E,) int64: the object whose owner an evaluation example comes from; -1 where nobody's.
    slices : named sets of evaluation examples; the first is `all`.
    classes : class labels in words, in index order; empty for regression and ratings.
    users, items : how many users and items there are, with ratings in training or not; 0 for other tasks.
    variants : the poisoned variants, numbered from 2 in rows.
    owners, owner_of : owner names, and (n,) int64: the owner of each object; an owner an object unless given.
    title : one line that says which data this is.
    """

    task: Task
    X: Floats
    y: NDArray[np.generic]
    object_of: Ints
    objects: tuple[str, ...]
    X_eval: Floats
    y_eval: NDArray[np.generic]
    audit: Mask
    eval_object: Ints
    slices: tuple[Slice, ...]
    classes: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    owners: tuple[str, ...] = ()
    owner_of: Ints | None = None
    title: str = ""
    users: int = 0
    items: int = 0

    def __post_init__(self) -> None:
        if self.owner_of is None:
            object.__setattr__(self, "owners", self.objects)
            object.__setattr__(self, "owner_of", np.arange(self.n_objects))

    def with_slices(self, slices: tuple[Slice, ...]) -> World:
        return replace(self, slices=slices)

    def with_variants(self, variants: tuple[Variant, ...]) -> World:
        return replace(self, variants=variants)

    @cached_property
    def eval_owner(self) -> Ints:
        """(E,) int64: the owner an evaluation example comes from; -1 where nobody's."""
        assert self.owner_of is not None
        return np.where(self.eval_object < 0, -1, self.owner_of[self.eval_object])

    @property
    def n_objects(self) -> int:
        return len(self.objects)

    @property
    def n_present(self) -> int:
        """How many ways an object can be present in a row: clean, and one for each tactic."""
        return 1 + len(self.variants)

    @cached_property
    def sizes(self) -> Ints:
        """(n,) training examples in each object."""
        return np.bincount(self.object_of, minlength=self.n_objects).astype(np.int64)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything a score can depend on: arrays, objects, slices and variants."""
        digest = hashlib.sha256()
        arrays = [self.X, self.y, self.object_of, self.X_eval, self.y_eval, self.audit, self.eval_object]
        for part in self.slices:
            arrays.append(part.mask)
        for variant in self.variants:
            arrays += [variant.X, variant.y]
        for array in arrays:
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        names = [self.objects, self.classes, [part.name for part in self.slices], [v.tactic for v in self.variants]]
        counts = [self.users, self.items] if self.task == "rating" else []
        digest.update(json.dumps([self.task, *names, *counts]).encode())
        return digest.hexdigest()


def object_names(count: int) -> tuple[str, ...]:
    """A, B, … Z, then A1, B1, … : the names of objects that have none of their own."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return tuple(letters[i % 26] + (str(i // 26) if i >= 26 else "") for i in range(count))


def owner_slices(owners: Sequence[str], eval_owner: Ints) -> list[Slice]:
    """One slice an owner: the evaluation examples that are theirs."""
    return [Slice(name, eval_owner == i, owner=i) for i, name in enumerate(owners)]
