"""k-NN Shapley: the exact Shapley value of every training example, or of groups of them, for a vote of nearest neighbours."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dataleverage.errors import GridError
from dataleverage.grid.grid import Grid
from dataleverage.grid.learner import pool_of
from dataleverage.grid.learners.neighbours import KNeighborsClassifier
from dataleverage.grid.rows import MOST_OBJECTS, Rows, all_rows, as_rows
from dataleverage.grid.table import Table
from dataleverage.measure.values.estimate import estimate
from dataleverage.measure.values.semivalues import shapley
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 2**20  # distances sorted together: 8 MB
TIED = 2**17  # 18 of 52 bits: distances alike but for 2**-34, less than 1e-10, are the same
MOST_NEIGHBOURS = 10_000  # that the learner takes
VOTES = 2**24  # votes counted together: 128 MB
COLUMN = "soft vote"


def knn_shapley(
    X_train: ArrayLike,
    y_train: ArrayLike,
    X_eval: ArrayLike,
    y_eval: ArrayLike,
    k: int = 5,
    *,
    groups: ArrayLike | None = None,
    budget: int = 4096,
    seed: int = 0,
) -> pd.DataFrame:
    """The Shapley value of training data for a k-nearest-neighbour classifier (Jia et al. 2019, theorem 1).

    It values the *soft share of votes*, not accuracy: `v(S)` is the mean over evaluation examples of the number of their k
    nearest neighbours in S that are of their class, divided by k (by k even where S has fewer examples). Sorted by distance,
    with `m_i = 1` where example i is of the class:
    `φ_N = m_N min(k, N) / (N k)`, `φ_i = φ_{i+1} + (m_i − m_{i+1}) / k · min(k, i) / i`.

    Examples at the same Euclidean distance (within 1e-10 of it) are taken in training order. Several that are the same are
    measured once, so that rounding cannot part them.

    Parameters
    ----------
    X_train, y_train : (N, d) and (N,); X_eval, y_eval : (E, d) and (E,). Labels of any type.
    k : neighbours, at least 1.
    groups : (N,) the group of each example. Groups are valued by enumeration up to 20 of them, and by antithetic sampling of
        about `budget` rows beyond; then the second column `standard error` says how sure that is.

    Returns a DataFrame with the column `soft vote`, indexed by example, or by group. Raises DataError for arrays that do not
    fit.
    """
    import pandas as pd

    if isinstance(k, bool) or not isinstance(k, Integral) or not 1 <= k <= MOST_NEIGHBOURS:
        raise GridError(f"{k!r} neighbours cannot vote", remedy=f"Give a whole number from 1 to {MOST_NEIGHBOURS:,}.")
    keys = np.arange(len(np.asarray(y_train))) if groups is None else groups
    grid = Grid.from_arrays(X_train, labels(y_train), keys, X_eval, labels(y_eval), learner=KNeighborsClassifier(n_neighbors=k))
    assert grid.world is not None
    world = grid.world
    if groups is None:
        values = of_examples(world.X, world.y, world.X_eval, world.y_eval, k)
        return pd.DataFrame({COLUMN: values}, index=pd.RangeIndex(len(values), name="example"))
    votes = Votes(grid, k)
    if grid.n_objects <= MOST_OBJECTS:
        rows = all_rows(grid.n_objects)
        found = shapley(Table(rows, votes.scores(rows), grid.objects, (COLUMN,)))
    else:
        estimated = estimate(votes, "shapley", budget=budget, seed=seed)
        found = estimated.values.assign(**{"standard error": estimated.errors[COLUMN]})
    found.index.name = "group"
    return found


def labels(given: ArrayLike) -> NDArray[Any]:
    """Labels as text where they are numbers with a point: 1.0 and 2.0 are classes as any others."""
    values = np.asarray(given)
    return values.astype(str) if values.dtype.kind == "f" else values


def of_examples(X: Floats, y: NDArray[np.generic], X_eval: Floats, y_eval: NDArray[np.generic], k: int) -> Floats:
    """(N,) the value of every training example."""
    n = len(X)
    bits = np.uint64(max(n - 1, TIED).bit_length())
    rank = np.arange(1, n + 1)
    step = np.minimum(k, rank) / rank / k
    total = np.zeros(n)
    centre = X.mean(axis=0)
    X, X_eval = X - centre, X_eval - centre  # so that expanding the square loses few digits
    single, which = np.unique(X, axis=0, return_inverse=True)
    X = single if len(single) < n else X
    norms = (X * X).sum(axis=1)
    block = max(1, BLOCK // n)
    index = np.arange(n, dtype=np.uint64)
    low = (np.uint64(1) << bits) - np.uint64(1)
    for start in range(0, len(X_eval), block):
        part = X_eval[start : start + block]
        away = part @ (-2.0 * X.T)
        away += norms
        away += (part * part).sum(axis=1)[:, None]
        np.maximum(away, 0.0, out=away)
        if len(X) < n:
            away = away[:, which]
        # Doubles that are not negative sort as whole numbers do. With the example's number in their last bits, which are less
        # than 1e-10 of them, one sort of numbers gives the order, four times faster than sorting indices. They are rounded,
        # not cut off: distances that are whole numbers but for rounding would fall to either side.
        order = away.view(np.uint64)
        order += np.uint64(1) << (bits - np.uint64(1))
        order &= ~low
        order |= index
        order.sort(axis=1)
        order &= low
        who = order.view(np.int64)
        match = (y[who] == y_eval[start : start + block, None]).astype(np.float64)
        gain = match[:, :-1] - match[:, 1:]
        gain *= step[:-1]
        match[:, -1] *= step[-1]
        match[:, :-1] = gain
        value = np.cumsum(match[:, ::-1], axis=1)[:, ::-1]
        total += np.bincount(who.ravel(), weights=value.ravel(), minlength=n)
    return total / len(X_eval)


class Votes:
    """A grid's k-NN learner, asked for its soft share of votes instead of a metric."""

    def __init__(self, grid: Grid, k: int) -> None:
        assert grid.world is not None
        self.objects, self.column_names, self.k = grid.objects, (COLUMN,), k
        self.y, self.sizes = grid.world.y_eval.astype(np.int64), grid.sizes
        self.classes = len(grid.world.classes)
        self.predict = KNeighborsClassifier(n_neighbors=k).prepare(pool_of(grid.world), "label")

    def scores(self, rows: ArrayLike, /) -> Floats:
        """(R, n) -> (R, 1)."""
        asked: Rows = as_rows(rows, len(self.objects))
        share = np.empty((len(asked), 1))
        step = max(1, VOTES // (self.classes * len(self.y)))
        for start in range(0, len(asked), step):
            part = asked[start : start + step]
            votes = self.predict(part)
            if votes.shape[2] == 1:  # of two classes, by how many votes the second leads
                voting = np.minimum(self.k, part @ self.sizes)[:, None]
                lead = np.where(self.y == 1, votes[:, :, 0], -votes[:, :, 0])
                own = (voting + lead) / 2
            else:
                own = np.take_along_axis(votes, self.y[None, :, None], axis=2)[:, :, 0]
            share[start : start + step, 0] = own.mean(axis=1) / self.k
        return share
