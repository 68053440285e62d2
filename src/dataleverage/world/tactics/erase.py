"""Erasing a signal: labels that do not depend on some features."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from dataleverage.kinds import OneOf
from dataleverage.world.lot import Lot
from dataleverage.world.tactic import Poisoned, Tactic
from dataleverage.world.transform import Transform
from dataleverage.world.world import Floats, Ints

MOST = 20_000  # clean examples that the law of labels is estimated from
BLOCK = 2**22  # distances at once: 32 MB
TIED = 1e-9  # of a distance: those so near to the k-th count as it


class Erase(Tactic):
    """An example (x, y) becomes (x, argmax P₀(y | g(x))): what g sets tells a model nothing (Hardt et al. 2023, section 3).

    P₀(y | g(x)), the law of labels at the point g(x), is estimated by the vote of the k clean training examples nearest to
    it, by Euclidean distance of standardised features; those as far away as the k-th vote too. Unlike a fitted model this takes
    no shape for granted (it is consistent as k and N/k grow: Stone 1977), it draws nothing, and where k examples or more are
    the same as g(x), as categorical ones often are, it is their exact share of labels. Where nobody is like g(x), those
    nearest to it answer. Equal shares go to the first class. Beyond 20,000 clean examples it asks 20,000 drawn at random.
    """

    kind: Literal["erase"] = "erase"
    transform: Annotated[Transform, OneOf("transform")] = Field(description="What is erased: the features that g sets.")
    neighbours: int = Field(15, ge=1, le=10_000, description="How many nearest examples vote: k.")
    tasks = ("classification",)

    def change(self, lot: Lot, key: str, rng: np.random.Generator) -> Poisoned:
        world = lot.world
        asked = np.arange(len(world.y))
        if len(asked) > MOST:
            asked = np.sort(rng.choice(len(asked), size=MOST, replace=False))
        moved = self.transform.apply(lot.X, world, f"{key}.transform")
        y = world.y[asked].astype(np.int64)
        return lot.X, likeliest(world.X[asked], y, len(world.classes), moved, self.neighbours)


def likeliest(X: Floats, y: Ints, classes: int, asked: Floats, k: int) -> Ints:
    """(M,) the class that most of the k examples of X (N, d) nearest to each of `asked` (M, d) are of, the first of equals.

    Features are standardised by those of X.
    """
    scale = np.where(np.ptp(X, axis=0) > 0, X.std(axis=0), 1.0)
    found: Ints = nearest_share(X / scale, y, classes, asked / scale, k).argmax(axis=1)
    return found


def nearest_share(X: Floats, y: Ints, classes: int, asked: Floats, k: int) -> Floats:
    """(M, K): the share of each class among the k examples of X (N, d) nearest to each of `asked` (M, d), ties included."""
    from scipy.spatial.distance import cdist

    points, which = np.unique(X, axis=0, return_inverse=True)
    votes = np.zeros((len(points), classes))
    np.add.at(votes, (which, y), 1.0)
    size = votes.sum(axis=1)
    few = min(k, len(points))  # points of which each holds at least one example: the k-th example is at one of them
    share = np.empty((len(asked), classes))
    block = max(1, BLOCK // len(points))
    for start in range(0, len(asked), block):
        away = cdist(asked[start : start + block], points)
        near = np.argpartition(away, few - 1, axis=1)[:, :few]
        near = np.take_along_axis(near, np.argsort(np.take_along_axis(away, near, axis=1), axis=1), axis=1)
        enough = np.cumsum(size[near], axis=1) >= min(k, len(y))
        last = np.take_along_axis(near, enough.argmax(axis=1)[:, None], axis=1)
        inside = away <= np.take_along_axis(away, last, axis=1) * (1 + TIED)
        found = inside @ votes
        share[start : start + block] = found / found.sum(axis=1, keepdims=True)
    return share
