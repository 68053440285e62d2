"""Detectors: defences that flag examples of a row and throw out objects with too many of them.

A verdict depends on the examples and on nothing else: it is the same for the same row in every round and play.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dataleverage.errors import GameError
from dataleverage.game.policy import Defence
from dataleverage.grid.learner import scaling
from dataleverage.grid.rows import Rows, distinct
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Ints, Mask, Task, World

if TYPE_CHECKING:
    from dataleverage.game.desk import Desk
    from dataleverage.game.setup import GameSetup

KEPT = 2**24  # numbers of verdicts that are kept for a world: 128 MB

_verdicts: WeakKeyDictionary[World, dict[tuple[Detector, bytes], Floats]] = WeakKeyDictionary()


class Detector(Defence):
    """Base of the defences that look at examples. An object is out when more than `tolerance` of its examples are flagged."""

    timeless: ClassVar[bool] = True
    judges: ClassVar[tuple[Task, ...]] = ("classification", "regression")

    tolerance: float = Field(
        0.5, ge=0, le=1, description="The share of an object's examples that may be flagged before it is thrown out."
    )

    @abstractmethod
    def suspects(self, X: Floats, y: NDArray[np.generic], task: Task) -> Mask:
        """(M, d) and (M,) training examples of a row -> (M,) bool, which of them are flagged."""

    def filter(self, desk: Desk, rows: Rows) -> Rows:
        out = self.shares(desk, rows) > self.tolerance
        return np.where(out, np.uint8(0), rows) if out.any() else rows

    def suspicion(self, desk: Desk, rows: Rows) -> Floats:
        return self.shares(desk, rows)

    def shares(self, desk: Desk, rows: Rows) -> Floats:
        """(B, n) rows -> (B, n) the share of each object's examples that are flagged among those of the row."""
        world = desk.world
        assert world is not None  # checked before the game
        known = _verdicts.setdefault(world, {})
        asked, which = distinct(np.ascontiguousarray(rows))
        found = np.empty(asked.shape)
        for i, row in enumerate(asked):
            key = (self, row.tobytes())
            verdict = known.get(key)
            if verdict is None:
                verdict = self.verdict(world, row)
                if (len(known) + 1) * len(row) <= KEPT:
                    known[key] = verdict
            found[i] = verdict
        return np.asarray(found[which])

    def verdict(self, world: World, row: Rows) -> Floats:
        """(n,) row -> (n,) the share of each object's examples that are flagged."""
        X, y, of = examples_in(world, row)
        if len(y) < 2:
            return np.zeros(len(row))
        flagged = np.bincount(of[self.suspects(X, y, world.task)], minlength=len(row))
        return np.asarray(flagged / np.maximum(world.sizes, 1))

    def check(self, setup: GameSetup, position: int) -> None:
        world = setup.grid.world
        if world is None:
            raise GameError(
                f"{self.tag} looks at examples, and a table of cells has none",
                remedy="Choose data with examples, or leave the defence out.",
            )
        if world.task not in self.judges:
            raise GameError(
                f"{self.tag} judges examples of {' and '.join(self.judges)}, and this data is of {world.task}",
                remedy="Choose another defence (`leave_one_out` goes by monitor cells alone).",
            )


class KnnSanitise(Detector):
    """Flags examples whose nearest neighbours agree on another label (Paudice, Muñoz-González & Lupu 2018, algorithm 1).

    Flagged examples are not relabelled, as they are there: objects that have too many of them are thrown out.
    """

    kind: Literal["knn_sanitise"] = "knn_sanitise"
    judges: ClassVar[tuple[Task, ...]] = ("classification",)
    neighbours: int = Field(10, ge=1, description="How many nearest neighbours in the row are asked (k).")
    agreement: float = Field(0.5, gt=0, le=1, description="The share of them that must have the same other label (η).")
    preprocess: Literal["none", "standardize", "min_max"] = Field(
        "standardize", description="Scaling of features, on the row, before distances are taken."
    )

    def suspects(self, X: Floats, y: NDArray[np.generic], task: Task) -> Mask:
        from sklearn.neighbors import NearestNeighbors

        k = min(self.neighbours, len(y) - 1)
        nearest = NearestNeighbors(n_neighbors=k).fit(scaled(X, self.preprocess)).kneighbors(return_distance=False)
        labels, index = np.unique(y, return_inverse=True)
        votes = (index[nearest][:, :, None] == np.arange(len(labels))).sum(axis=1)
        own = votes[np.arange(len(y)), index]
        most = votes.max(axis=1)
        return np.asarray((most > own) & (most >= self.agreement * k))


class LossFilter(Detector):
    """Flags examples that a probe model fitted to the row's other examples predicts worse than guessing does.

    The probe is ridge regression on the row itself, onto one indicator a class or onto the target, and the loss its squared
    error on each example when that is left out, in closed form (Allen 1974, PRESS). To guess is to take the others' mean.
    """

    kind: Literal["loss_filter"] = "loss_filter"
    above: float = Field(1.0, gt=0, le=1e6, description="Flagged is what loses more than so many times what guessing does.")
    alpha: float = Field(1.0, gt=0, le=1e9, description="Ridge penalty of the probe.")
    preprocess: Literal["none", "standardize", "min_max"] = Field(
        "standardize", description="Scaling of features, on the row, before the probe is fitted."
    )

    def suspects(self, X: Floats, y: NDArray[np.generic], task: Task) -> Mask:
        target = (y[:, None] == np.unique(y)).astype(np.float64) if task == "classification" else y[:, None].astype(np.float64)
        away = target - target.mean(axis=0)
        guess = (len(y) / (len(y) - 1)) ** 2 * (away**2).sum(axis=1).mean()
        return np.asarray(left_out_errors(scaled(X, self.preprocess), target, self.alpha) > self.above * guess)


class IsolationForest(Detector):
    """Flags examples that few random cuts part from the others of their class (Liu, Ting & Zhou 2008).

    A forest of scikit-learn's a class, on the features; targets that are numbers make one class.
    """

    kind: Literal["isolation_forest"] = "isolation_forest"
    trees: int = Field(100, ge=1, le=10_000, description="Trees of a forest.")
    contamination: float | None = Field(
        None, gt=0, le=0.5, description="The share of each class that is flagged; by the score of the paper unless given."
    )
    seed: int = Field(0, ge=0, description="Of the random cuts; the same for every row.")

    def suspects(self, X: Floats, y: NDArray[np.generic], task: Task) -> Mask:
        from sklearn.ensemble import IsolationForest as Forest

        flagged = np.zeros(len(y), dtype=bool)
        for label in np.unique(y) if task == "classification" else [None]:
            inside = np.flatnonzero(y == label) if label is not None else np.arange(len(y))
            if len(inside) < 2:
                continue
            forest = Forest(
                n_estimators=self.trees,
                contamination="auto" if self.contamination is None else self.contamination,
                random_state=Streams(self.seed).integer("isolation_forest"),
            )
            flagged[inside] = forest.fit_predict(X[inside]) < 0
        return flagged


def examples_in(world: World, row: Rows) -> tuple[Floats, NDArray[np.generic], Ints]:
    """(n,) row -> its training examples (M, d), (M,) as each object is present, and (M,) the object of each."""
    variant = row[world.object_of]
    X, y = world.X.copy(), world.y.copy()
    for v in np.unique(variant[variant > 1]).tolist():
        poisoned, here = world.variants[v - 2], variant == v
        X[here], y[here] = poisoned.X[here], poisoned.y[here]
    present = variant > 0
    return X[present], y[present], world.object_of[present]


def scaled(X: Floats, preprocess: str) -> Floats:
    """(M, d) features, scaled by what they are themselves."""
    shift, scale = scaling(X, preprocess)
    return np.asarray((X - shift) / scale)


def left_out_errors(X: Floats, target: Floats, alpha: float) -> Floats:
    """(M, d), (M, K) -> (M,): the squared error of ridge regression, intercept unpenalised, on each example left out.

    A residual e of the fit to all examples becomes e / (1 − h), with h the example's leverage on its own prediction.
    """
    Z, away = X - X.mean(axis=0), target - target.mean(axis=0)
    if Z.shape[1] <= len(Z):
        inner = np.linalg.solve(Z.T @ Z + alpha * np.eye(Z.shape[1]), Z.T)
    else:
        inner = Z.T @ np.linalg.inv(Z @ Z.T + alpha * np.eye(len(Z)))
    leverage = (Z * inner.T).sum(axis=1) + 1 / len(Z)
    residual = away - Z @ (inner @ away)
    rest = np.maximum(1 - leverage, np.finfo(np.float64).eps)
    return np.asarray(((residual / rest[:, None]) ** 2).sum(axis=1))
