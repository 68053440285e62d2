"""A world: data objects, evaluation slices and variants, fixed for every play on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Task = Literal["classification", "regression", "rating"]
Part = Literal["audit", "monitor"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

MOST_OWNERS = 100_000  # objects or owners that a source can be told to make
LARGEST = 1e100  # of a feature: sums of squares stay finite


class Feature(NamedTuple):
    """What a feature is called: a column of the source, and the value it stands for where a column is spread into 0 and 1."""

    column: str
    value: str | None = None

    def __str__(self) -> str:
        return self.column if self.value is None else f"{self.column}={self.value}"


@dataclass(frozen=True, eq=False)
class Slice:
    """A named set of evaluation examples.

    mask : (E,) bool, over both parts of the evaluation pool.
    owner : the position of the owner whose examples these are, or None.
    part : the only part that it is made for, or None where it is of both.
    """

    name: str
    mask: Mask
    owner: int | None = None
    part: Part | None = None


@dataclass(frozen=True, eq=False)
class Made:
    """Evaluation examples that are made for one slice, and that no other slice holds.

    X : (M, d) float64; y : (M,) as in the world; audit : (M,) bool. part : as of a slice.
    """

    name: str
    X: Floats
    y: NDArray[np.generic]
    audit: Mask
    part: Part | None = None


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
    eval_object : (E,) int64: the object whose owner an evaluation example comes from; -1 where nobody's, and where it is made
        for a slice.
    slices : named sets of evaluation examples; the first is `all`.
    classes : class labels in words, in index order; empty for regression and ratings.
    users, items : how many users and items there are, with ratings in training or not; 0 for other tasks.
    variants : the poisoned variants, numbered from 2 in rows.
    owners, owner_of : owner names, and (n,) int64: the owner of each object; an owner an object unless given.
    title : one line that says which data this is.
    features : d names, or none where the source has none.
    own_monitor : (owners, n_present) int64, or None: the positions in `slices` of each owner's monitor examples, clean and then
        after each tactic; -1 where an owner has none. Asked for with `data.holdout.monitor_from: own`.
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
    features: tuple[Feature, ...] = ()
    own_monitor: Ints | None = None

    def __post_init__(self) -> None:
        if self.owner_of is None:
            object.__setattr__(self, "owners", self.objects)
            object.__setattr__(self, "owner_of", np.arange(self.n_objects))

    def with_slices(self, slices: Sequence[Slice | Made]) -> World:
        """The world with these slices. Examples that are made come after all others, and belong to nobody."""
        made = [part for part in slices if isinstance(part, Made)]
        if not made:
            return replace(self, slices=tuple(part for part in slices if isinstance(part, Slice)))
        known, more = len(self.y_eval), sum(len(part.y) for part in made)
        masks, start = [], known
        for part in slices:
            mask = np.zeros(known + more, dtype=bool)
            if isinstance(part, Made):
                mask[start : start + len(part.y)] = True
                start += len(part.y)
                masks.append(Slice(part.name, mask, part=part.part))
            else:
                mask[:known] = part.mask
                masks.append(replace(part, mask=mask))
        return replace(
            self,
            X_eval=np.concatenate([self.X_eval, *(part.X for part in made)]),
            y_eval=np.concatenate([self.y_eval, *(part.y for part in made)]),
            audit=np.concatenate([self.audit, *(part.audit for part in made)]),
            eval_object=np.concatenate([self.eval_object, np.full(more, -1)]),
            slices=tuple(masks),
        )

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
