"""A data source: where examples come from, how they fall into objects, holdout and slices."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dataleverage.errors import DataError
from dataleverage.kinds import Kind, Model, OneOf
from dataleverage.streams import Streams
from dataleverage.world.lot import Lot
from dataleverage.world.objects import ByColumn, ByUser, Objects, Random
from dataleverage.world.own_monitor import with_own_monitor
from dataleverage.world.slices import Slices
from dataleverage.world.tactic import Tactic
from dataleverage.world.world import Feature, Floats, Ints, Mask, Task, World


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples as they come from a source, before anything is split.

    X : (N, d) finite float64; y : (N,) class indices (int64) or float64 targets. For ratings X is (N, 2), a user and an item.
    classes : class labels in words; empty for regression and ratings.
    users, items : how many there are, for ratings.
    values : columns of text by name, (N,) each, that objects and slices may refer to.
    owner : the name of the column in `values` that says who owns an example, if any.
    features : what the d features are called; empty where they have no names.
    """

    X: Floats
    y: NDArray[np.generic]
    task: Task
    classes: tuple[str, ...] = ()
    values: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    owner: str | None = None
    title: str = ""
    users: int = 0
    items: int = 0
    features: tuple[Feature, ...] = ()

    def __len__(self) -> int:
        return len(self.y)


class Holdout(Model):
    """Evaluation examples, set aside once: audit (what is reported) and monitor (what operators look at)."""

    audit: float = Field(
        0.25, gt=0, lt=1, description="Share of each object's examples (of each user's ratings) that results are reported on."
    )
    monitor: float = Field(
        0.1, ge=0, lt=1, description="Share of each object's examples (of each user's ratings) that operators may look at."
    )
    monitor_from: Literal["trusted", "own"] = Field(
        "trusted",
        description="own: each owner's monitor examples are slices of their own too, clean and as each tactic leaves them, so "
        "that an operator can look at those of the owners it holds, poison and all.",
    )


class DataSource(Kind, family="data", package="dataleverage.world.datasets"):
    """Base of every source of data."""


class ExampleSource(DataSource):
    """Base of the sources that give examples to train on."""

    objects: Annotated[Objects, OneOf("objects")] | None = Field(
        None,
        description="How examples fall into data objects; one an owner where owners are named, one a user for ratings, and "
        "otherwise 12 at random.",
    )
    holdout: Holdout = Field(default=Holdout(), description="How much is set aside for evaluation.")
    slices: Slices = Field(default=Slices(), description="Named sets of evaluation examples; `all` always comes first.")
    seed: int = Field(0, ge=0, description="The seed of this world: objects, holdout and poison.")

    @abstractmethod
    def read(self, folder: Path) -> Examples:
        """Read the examples. Relative paths start at `folder`. Raises DataError with the key that is wrong."""

    def world(self, folder: Path, tactics: Mapping[str, Tactic] | None = None) -> World:
        """The world of this source: its examples in objects, with a holdout, slices and poisoned variants."""
        examples = self.read(folder)
        streams = Streams(self.seed)
        if examples.task == "classification" and len(examples.classes) < 2:
            raise DataError(
                f"the target has a single class, {examples.classes[0]!r}: there is nothing to learn",
                key="data.target",
                remedy="Name a target with at least two classes.",
            )
        names, object_of = self.partition(examples, streams)
        owners, owner_of = ownership(examples, names, object_of)
        audit, monitor = holdout(examples, object_of, self.holdout, streams["holdout"])
        train = ~(audit | monitor)
        evaluation = np.flatnonzero(audit | monitor)
        world = World(
            task=examples.task,
            X=examples.X[train],
            y=examples.y[train],
            object_of=object_of[train],
            objects=names,
            X_eval=examples.X[evaluation],
            y_eval=examples.y[evaluation],
            audit=audit[evaluation],
            eval_object=object_of[evaluation],
            slices=(),
            classes=examples.classes,
            owners=owners,
            owner_of=owner_of,
            title=examples.title,
            users=examples.users,
            items=examples.items,
            features=examples.features,
        )
        check_trained(world)
        tactics = tactics or {}

        def lot(world: World) -> Lot:
            return Lot.training(world, examples.values, np.flatnonzero(train), self.slices)

        world = world.with_slices(self.slices.of(lot(world).evaluation(evaluation)))
        training = lot(world)
        variants = [
            tactic.variant(name, training, streams.at("tactics", i)) for i, (name, tactic) in enumerate(tactics.items())
        ]
        if self.holdout.monitor_from == "own":
            world = with_own_monitor(training.evaluation(evaluation), tactics, streams)
        return world.with_variants(tuple(variants))

    def partition(self, examples: Examples, streams: Streams) -> tuple[tuple[str, ...], Ints]:
        """Object names and the object of each example; one object an owner where owners are named and objects are not."""
        if self.objects is not None:
            return self.objects.split(examples, streams)
        objects: Objects = ByUser() if examples.task == "rating" else Random()
        if examples.owner is not None:
            objects = ByColumn(column=examples.owner)
        return objects.split(examples, streams)


def ownership(examples: Examples, names: tuple[str, ...], object_of: Ints) -> tuple[tuple[str, ...], Ints]:
    """Owner names, and the owner of each object. Without an owner column every object has an owner of its own."""
    if examples.owner is None:
        return names, np.arange(len(names))
    owners, owner = np.unique(examples.values[examples.owner], return_inverse=True)
    owner_of = np.zeros(len(names), dtype=np.int64)
    owner_of[object_of] = owner  # one of its owners, if there are several
    shared = object_of[owner_of[object_of] != owner]
    if len(shared):
        j = int(shared.min())
        held = np.unique(owner[object_of == j])
        raise DataError(
            f"the object {names[j]} would belong to {len(held)} owners: {', '.join(owners[held[:4]])}",
            key="data.objects",
            remedy=f"Split objects so that each has one {examples.owner}, or leave `objects` out.",
        )
    return tuple(str(name) for name in owners), owner_of


def holdout(examples: Examples, object_of: Ints, shares: Holdout, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """(N,) audit and (N,) monitor masks: a systematic sample of each object, spread evenly over its labels.

    Every object keeps at least one training example. Of ratings, the sample is of each user's, spread over low and high ones,
    and every user keeps at least one in training.
    """
    if shares.audit + shares.monitor >= 1:
        raise DataError(
            f"audit {shares.audit} and monitor {shares.monitor} leave nothing to train on",
            key="data.holdout",
            remedy="Make them sum to less than 1.",
        )
    order = rng.permutation(len(examples))
    lot = examples.X[:, 0].astype(np.int64) if examples.task == "rating" else object_of
    order = order[np.lexsort((examples.y[order], lot[order]))]
    sizes = runs(lot[order])
    start = rng.random((len(sizes), 2))  # of each object or user: for the audit part, then for the monitor part
    audit = np.zeros(len(examples), dtype=bool)
    audit[order] = systematic(sizes, shares.audit, start[:, 0])
    rest = np.flatnonzero(~audit[order])
    left = np.bincount(np.repeat(np.arange(len(sizes)), sizes)[rest], minlength=len(sizes))
    monitor = np.zeros(len(examples), dtype=bool)
    monitor[order[rest]] = systematic(left, shares.monitor / (1 - shares.audit), start[:, 1])
    last = order[np.cumsum(sizes) - 1]
    audit[last[left == 0]] = False
    taken = np.bincount(np.repeat(np.arange(len(sizes)), sizes), weights=monitor[order], minlength=len(sizes))
    monitor[order[rest[np.cumsum(left)[(left > 0) & (taken == left)] - 1]]] = False
    if not audit.any():
        raise DataError(
            f"an audit share of {shares.audit} sets no example aside: the {len(examples)} examples are in "
            f"{len(np.unique(lot))} {'users' if examples.task == 'rating' else 'objects'}, and each keeps one to train on",
            key="data.holdout.audit",
            remedy="Raise the share, bring more examples, or make fewer objects (of ratings, bring more of each user).",
        )
    return audit, monitor


def check_trained(world: World) -> None:
    """Raise DataError where an object has no training example, which can be when ratings are held out user by user."""
    empty = np.flatnonzero(world.sizes == 0)
    if len(empty):
        raise DataError(
            f"all ratings of {len(empty)} of {world.n_objects} objects are held out ({world.objects[empty[0]]} for one)",
            key="data.objects",
            remedy="Let a user's ratings move as one (`by: user`), or make fewer objects.",
        )


def runs(values: NDArray[np.generic]) -> Ints:
    """(G,) how often each value stands, of values that stand together."""
    ends = np.append(np.flatnonzero(values[1:] != values[:-1]) + 1, len(values))
    return np.diff(ends, prepend=0).astype(np.int64)


def systematic(counts: Ints, share: float, start: Floats) -> Mask:
    """(Σ counts,) bool: of each group floor or ceil of `share * count` places, evenly spread, each with probability `share`.

    counts : (G,) places in each group, which stand one after the other. start : (G,) even on [0, 1).
    """
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    begin = np.repeat(start, counts)
    steps = [np.floor(at * share + begin + 1e-12) for at in (place, place + 1)]
    chosen: Mask = steps[1] > steps[0]
    return chosen
