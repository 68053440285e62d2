"""Nearest neighbours: distances are measured once, and rows are answered 64 to a machine word.

Only the k nearest examples of each unit can be among the k nearest of a row. They are visited in order of distance
from an evaluation example, all rows at once: a bit a row says whether the example is present, counters written
in bits (one plane a binary digit) say how many neighbours a row has found and how many of each class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dataleverage.grid.cost import Cost, Shape, Work
from dataleverage.grid.learner import Learner, Need, Pool, Predictor, without_weights
from dataleverage.grid.rows import Rows, onehot
from dataleverage.world.world import Floats, Ints, Mask, Task

Words = NDArray[np.uint64]

MOST_ROWS = 2**12  # rows taken together
PLANE = 2**14  # words (rows / 64 × evaluation examples) of one bit plane: 128 kB, a dozen stay in the processor's cache
DISTANCES = 2**20  # distances sorted together: 8 MB
EVERY = np.uint64(2**64 - 1)  # all 64 rows
ROUNDING = 1e-11  # of squared norms: squared distances nearer to each other may be equal
WIDE = 16  # features from which on distances by a matrix product take less than one by one
LOOK = 16  # neighbours after which to look whether all rows have found theirs

Neighbours = Annotated[
    int, Field(ge=1, le=10_000, description="How many of the nearest training examples vote, each with the same weight.")
]


class KNeighborsClassifier(Learner):
    """The majority among the nearest training examples in Euclidean distance (Cover and Hart 1967); shares are probabilities.

    Equal to scikit-learn's KNeighborsClassifier wherever distances differ: a vote that is tied goes to the lowest
    class. At the same distance, the example that comes first in the training set is nearer; scikit-learn's choice
    there depends on rounding and on its algorithm. A row of fewer than `n_neighbors` examples, which scikit-learn
    refuses, takes the vote of all it has.
    """

    kind: Literal["k_neighbors_classifier"] = "k_neighbors_classifier"
    n_neighbors: Neighbours = 5

    def cost(self, shape: Shape) -> Cost:
        return cost_of(shape, self.n_neighbors)

    def fit_work(self, shape: Shape) -> Work:
        return search_of(shape)

    def loop(self, pool: Pool, need: Need) -> Predictor:
        return looped(pool, self.n_neighbors, need)

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        """Decision values are votes, or where probabilities are read their logs: the softmax is each class's share.

        Of two classes they are margins: the difference of votes, or of their logs.
        """
        queue = Queue.of(pool, self.n_neighbors)
        values = np.arange(self.n_neighbors + 1.0)
        if need == "probability":
            with np.errstate(divide="ignore"):
                values = np.log(values)

        def predict(rows: Rows) -> Floats:
            outputs = 1 if pool.n_classes == 2 else pool.n_classes
            decision = np.empty((outputs, len(rows), len(pool.X_eval))).transpose(1, 2, 0)  # each class contiguous
            planes = pool.n_classes * self.n_neighbors.bit_length() if pool.n_classes > 2 else 1
            for part, examples, asked in queue.blocks(rows, planes):
                out = decision[part, examples]
                if pool.n_classes == 2:
                    second = counted(votes_of_one(asked, queue.y[:, examples] == 1), len(out))
                    if need == "probability":
                        first = asked.found.astype(second.dtype)[:, None] - second
                        np.subtract(values[second], values[first], out=out[..., 0])
                    else:
                        np.multiply(second, 2.0, out=out[..., 0])
                        out[..., 0] -= asked.found[:, None]
                else:
                    for k, planes_of_class in enumerate(votes_of_all(asked, queue.y[:, examples], pool.n_classes)):
                        votes = counted(planes_of_class, len(out))
                        out[..., k] = values[votes] if need == "probability" else votes
            return decision

        return without_weights(self, predict)


class KNeighborsRegressor(Learner):
    """The mean target of the nearest training examples in Euclidean distance, as scikit-learn's KNeighborsRegressor.

    Ties in distance and rows of fewer than `n_neighbors` examples are treated as in `KNeighborsClassifier`.
    """

    kind: Literal["k_neighbors_regressor"] = "k_neighbors_regressor"
    n_neighbors: Neighbours = 5
    gives: ClassVar[tuple[Need, ...]] = ("label", "ranking")
    task: ClassVar[tuple[Task, ...]] = ("regression",)

    def cost(self, shape: Shape) -> Cost:
        return cost_of(shape, self.n_neighbors)

    def fit_work(self, shape: Shape) -> Work:
        return search_of(shape)

    def loop(self, pool: Pool, need: Need) -> Predictor:
        return looped(pool, self.n_neighbors, need)

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        queue = Queue.of(pool, self.n_neighbors)
        targets = queue.y.astype(np.float64)

        def predict(rows: Rows) -> Floats:
            prediction = np.empty((len(rows), len(pool.X_eval), 1))
            for part, examples, asked in queue.blocks(rows, 1):
                total = np.zeros((examples.stop - examples.start, 64 * asked.present.shape[1]))
                for j, chosen in asked.neighbours():
                    total += unpacked(chosen) * targets[j, examples, None]
                prediction[part, examples, 0] = total.T[: len(asked.found)] / np.maximum(asked.found, 1)[:, None]
            return prediction

        return without_weights(self, predict)


def cost_of(shape: Shape, k: int) -> Cost:
    """Of a `Queue` and its answers."""
    E, K = shape.evaluation, shape.outputs
    candidates = min(shape.units * k, shape.examples)
    narrow, measured = shape.features < WIDE, E * shape.examples
    once = Work(0 if narrow else measured * shape.features, measured * (shape.features / 2 + 25 if narrow else 27), 100)
    row = Work(numbers=E * (candidates * k.bit_length() / 12 + 5 * K), calls=2 + 10 * candidates / MOST_ROWS)
    return Cost(once, row, 12 * E * candidates)


def search_of(shape: Shape) -> Work:
    """Of one search: all distances by a matrix product."""
    m, d, E = shape.row, shape.features, shape.evaluation
    return Work(products=E * m * d, numbers=4 * (m + E) * d + E * m, calls=300)


def looped(pool: Pool, k: int, need: Need) -> Predictor:
    """Answers rows one by one."""
    from dataleverage.grid.loop import Loop

    return Loop(pool, Nearest(k, need, pool.n_classes), "decision_function" if pool.n_classes else "predict")


class Nearest:
    """An estimator with scikit-learn's search for neighbours, and our rule for examples at the same distance.

    A search by matrix products rounds distances. Where the k-th and the next neighbour may be equally far, all distances of
    that evaluation example are measured anew, exactly as `Queue` does.
    """

    def __init__(self, k: int, need: Need, n_classes: int) -> None:
        self.k, self.need, self.classes_ = k, need, np.arange(n_classes)

    def __sklearn_clone__(self) -> Nearest:
        return Nearest(self.k, self.need, len(self.classes_))

    def fit(self, X: Floats, y: NDArray[np.generic]) -> Nearest:
        from sklearn.neighbors import NearestNeighbors

        self.X, self.y, self.most = X, y, min(self.k, len(X))
        self.search = NearestNeighbors(n_neighbors=min(self.k + 1, len(X))).fit(X)
        return self

    def chosen(self, X_eval: Floats) -> Ints:
        """(E, k): the nearest examples, in no order; all of them where there are fewer."""
        from scipy.spatial.distance import cdist

        distance, near = self.search.kneighbors(X_eval)
        if self.most < near.shape[1]:
            unsure = rounded(distance[:, self.most] ** 2 - distance[:, self.most - 1] ** 2, X_eval, self.X)
            if unsure.any():
                exact = cdist(X_eval[unsure], self.X, "sqeuclidean")
                near[unsure, : self.most] = np.argsort(exact, axis=1, kind="stable")[:, : self.most]
        return np.asarray(near[:, : self.most])

    def decision_function(self, X_eval: Floats) -> Floats:
        """(E, K): votes, or their logs where probabilities are read."""
        near = self.chosen(X_eval)
        votes = np.zeros((len(X_eval), len(self.classes_)))
        for each in near.T:
            votes[np.arange(len(votes)), self.y[each].astype(np.int64)] += 1
        if self.need == "probability":
            with np.errstate(divide="ignore"):
                return np.asarray(np.log(votes))
        return votes

    def predict(self, X_eval: Floats) -> Floats:
        """(E,): the mean target."""
        return np.asarray(self.y[self.chosen(X_eval)].astype(np.float64).mean(axis=1))


@dataclass(frozen=True, eq=False)
class Asked:
    """A block of rows and evaluation examples.

    unit : (J, E) the units of the candidates, nearest first. present : (n_units, W) a bit a row.
    found : (R,) how many neighbours each row has: k, or all its examples. k : how many it looks for.
    """

    unit: NDArray[np.unsignedinteger]
    present: Words
    found: Ints
    k: int

    @property
    def shape(self) -> tuple[int, int]:
        """(E, W)"""
        return self.unit.shape[1], self.present.shape[1]

    def neighbours(self) -> Iterator[tuple[int, Words]]:
        """Candidates j in order of distance, and (E, W) the rows in which each is one of the k nearest.

        The array is overwritten by the next one.
        """
        digits = (self.k - 1).bit_length()
        start = 2**digits - self.k  # so that the highest plane is set by the k-th neighbour
        seen = [np.full(self.shape, -(start >> digit & 1), dtype=np.int64).view(np.uint64) for digit in range(digits + 1)]
        full, chosen, spare = seen[-1], *np.empty((2, *self.shape), dtype=np.uint64)
        for j, unit in enumerate(self.unit):
            np.take(self.present, unit, axis=0, out=chosen, mode="clip")
            np.invert(full, out=spare)
            chosen &= spare
            yield j, chosen
            chosen, spare = add_one(seen, chosen, spare)
            if j % LOOK == LOOK - 1 and np.bitwise_and.reduce(full, axis=None) == EVERY:
                return


@dataclass(frozen=True, eq=False)
class Queue:
    """For every evaluation example, the training examples that can be among its k nearest, nearest first.

    unit : (J, E) the unit of each; y : (J, E) its label or target. J = sum over units of min(k, its examples).
    sizes : (n_units,) examples.
    """

    unit: NDArray[np.unsignedinteger]
    y: NDArray[np.generic]
    sizes: Floats
    k: int
    n_present: int

    @classmethod
    def of(cls, pool: Pool, k: int) -> Queue:
        # In the order of the training set; a poisoned example stands where its clean twin does.
        order = np.argsort(np.arange(len(pool.y)) % (len(pool.y) // pool.n_present), kind="stable")
        X, y, units = pool.X[order], pool.y[order], pool.unit[order].astype(np.min_scalar_type(pool.n_units))
        if pool.n_classes:
            y = y.astype(np.min_scalar_type(pool.n_classes))
        sizes = np.bincount(units, minlength=pool.n_units)
        by_unit = np.sort(units)
        rank = np.arange(len(units)) - np.searchsorted(by_unit, by_unit)  # of each, among those of its unit
        step = max(1, DISTANCES // len(X))
        nearest = []
        for start in range(0, len(pool.X_eval), step):
            near = by_distance(pool.X_eval[start : start + step], X, twins=pool.n_present > 1)
            if (rank >= k).any():
                first = np.argsort(units[near], axis=1, kind="stable")[:, rank < k]
                first.sort(axis=1)
                near = np.take_along_axis(near, first, axis=1)
            nearest.append(near.T)
        chosen = np.concatenate(nearest, axis=1)
        return cls(units[chosen], y[chosen], sizes.astype(np.float64), k, pool.n_present)

    def blocks(self, rows: Rows, planes: int) -> Iterator[tuple[slice, slice, Asked]]:
        """Parts of the rows and of the evaluation examples, so small that a number of bit planes of them fit the cache."""
        for start in range(0, len(rows), MOST_ROWS):
            present = onehot(rows[start : start + MOST_ROWS], self.n_present)
            found = np.minimum(present @ self.sizes, self.k).astype(np.int64)
            words = packed(present > 0)
            step = max(1, PLANE // max(1, planes // 8) // words.shape[1])
            for first in range(0, self.unit.shape[1], step):
                examples = slice(first, min(first + step, self.unit.shape[1]))
                yield slice(start, start + len(present)), examples, Asked(self.unit[:, examples], words, found, self.k)


def rounded(gap: Floats, X_eval: Floats, X: Floats) -> Mask:
    """(E,): where gaps (E,) between squared distances, measured by a matrix product, may be none."""
    size = np.einsum("md,md->m", X, X).max() + np.einsum("ed,ed->e", X_eval, X_eval)
    return np.asarray(~(gap > ROUNDING * size))


def by_distance(X_eval: Floats, X: Floats, twins: bool = False) -> Ints:
    """(E, M): the examples of X (M, d), nearest first; of equally distant ones, the first. twins : whether many are equal.

    Of many features distances come from a matrix product, which rounds them. Where that may decide, they are measured anew.
    """
    from scipy.spatial.distance import cdist

    near, unsure = np.empty((len(X_eval), len(X)), dtype=np.int64), np.ones(len(X_eval), dtype=bool)
    if X.shape[1] >= WIDE and not twins:
        distance = np.einsum("md,md->m", X, X) - 2 * (X_eval @ X.T)  # but for the square of the evaluation example
        near = np.argsort(distance, axis=1)
        gap = np.diff(np.take_along_axis(distance, near, axis=1), axis=1).min(axis=1, initial=np.inf)
        unsure = rounded(gap, X_eval, X)
    distance = cdist(X_eval[unsure], X, "sqeuclidean")
    exact = np.argsort(distance, axis=1)
    ordered = np.take_along_axis(distance, exact, axis=1)
    tied = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    exact[tied] = np.argsort(distance[tied], axis=1, kind="stable")  # slower
    near[unsure] = exact
    return near


def votes_of_one(asked: Asked, wanted: NDArray[np.bool_]) -> list[Words]:
    """Bit planes (E, W), lowest digit first, of how many neighbours are wanted. wanted : (J, E)."""
    votes = [np.zeros(asked.shape, dtype=np.uint64) for _ in range(asked.k.bit_length())]
    carry, spare = np.empty((2, *asked.shape), dtype=np.uint64)
    for j, chosen in asked.neighbours():
        np.bitwise_and(chosen, np.where(wanted[j], EVERY, np.uint64(0))[:, None], out=carry)
        carry, spare = add_one(votes, carry, spare)
    return votes


def votes_of_all(asked: Asked, labels: NDArray[np.generic], classes: int) -> Iterator[list[Words]]:
    """For every class, bit planes (E, W) of how many neighbours are of it. labels : (J, E)."""
    planes = np.zeros((asked.k.bit_length(), asked.shape[0], classes, asked.shape[1]), dtype=np.uint64)
    every = np.arange(asked.shape[0])
    for j, chosen in asked.neighbours():
        carry, label = chosen, labels[j].astype(np.int64)
        for plane in planes:
            before = plane[every, label]
            plane[every, label] = before ^ carry
            carry = before & carry
    for k in range(classes):
        yield list(planes[:, :, k])


def add_one(planes: list[Words], carry: Words, spare: Words) -> tuple[Words, Words]:
    """Add one to the counters where `carry` is set; both arrays are overwritten, and returned for the next use."""
    for plane in planes[:-1]:
        np.bitwise_and(plane, carry, out=spare)
        plane ^= carry
        carry, spare = spare, carry
    last = planes[-1]
    last ^= carry
    return carry, spare


def packed(present: NDArray[np.bool_]) -> Words:
    """(R, n_units) -> (n_units, W): a bit a row, R filled up to a multiple of 64 with rows of everything."""
    padded = np.ones((present.shape[1], -(-len(present) // 64) * 64), dtype=bool)
    padded[:, : len(present)] = present.T
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)


def unpacked(plane: Words) -> NDArray[np.uint8]:
    """(E, W) -> (E, 64 W) of 0 and 1."""
    return np.unpackbits(np.ascontiguousarray(plane).view(np.uint8), axis=1, bitorder="little")


def counted(planes: list[Words], rows: int) -> NDArray[np.unsignedinteger]:
    """Bit planes (E, W) -> (R, E) the numbers they write."""
    dtype = np.dtype(np.uint8 if len(planes) <= 8 else np.uint16)
    total: NDArray[np.unsignedinteger] = unpacked(planes[0]).astype(dtype, copy=False)
    for digit, plane in enumerate(planes[1:], start=1):
        np.add(total, unpacked(plane).astype(dtype, copy=False) << digit, out=total)
    return np.ascontiguousarray(total.T[:rows])
