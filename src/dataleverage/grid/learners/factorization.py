"""Matrix factorisation of ratings by alternating least squares, many rows at once.

The users of all rows of a batch are solved together, and then their items: the normal equations of everyone are one product of
a sparse matrix (who rated what) with the packed outer products of the other side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from dataleverage.grid import packed
from dataleverage.grid.learner import Learner, Need, Pool, Predictor
from dataleverage.grid.rows import Rows, onehot
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Ints, Task

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BATCH = 2**18  # float64 numbers in the normal equations of the rows that are fitted together: 2 MB stay in the cache
START = 0.1  # standard deviation of the item factors that a fit starts from


class MatrixFactorization(Learner):
    """A rating is the mean, what the user and the item add to it, and a product of their factors (Koren, Bell & Volinsky 2009).

    Predicts r̂ = μ + b_u + b_i + p_u · q_i, with μ the mean rating of the row and the rest minimising their equation 5,
    Σ (r − r̂)² + λ (b_u² + b_i² + |p_u|² + |q_i|²) over the row's ratings, by alternating least squares: each user's bias and
    factors are a ridge regression on the items', and then each item's on the users'. As the penalty stands inside the sum it
    grows with the number of ratings (ALS-WR, Zhou et al. 2008). Weights multiply what a rating adds to the sum. Who has no
    rating in the row has bias and factors 0, so that a stranger is predicted the mean and what the item adds to it.
    Predictions are not cut off at the ends of the scale.

    Every row starts from the same item factors, drawn from a stream of `seed`, and takes the same number of iterations. It does
    not start from what the full row came to: a model that starts there remembers those who have left.
    """

    kind: Literal["matrix_factorization"] = "matrix_factorization"
    factors: int = Field(8, ge=1, le=200, description="How many factors a user and an item have.")
    regularization: float = Field(0.12, gt=0, le=1e6, description="Strength λ of the penalty on squared biases and factors.")
    iterations: int = Field(10, ge=1, le=1000, description="How many times users and then items are solved.")
    seed: int = Field(0, ge=0, description="The seed of the item factors that a fit starts from.")
    gives: ClassVar[tuple[Need, ...]] = ("label", "ranking")
    weighs: ClassVar[bool] = True
    task: ClassVar[tuple[Task, ...]] = ("rating",)

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        ratings = Ratings.of(pool)
        start = START * Streams(self.seed)["matrix factorization"].normal(size=(pool.items, self.factors))
        size = self.factors + 1
        batch = max(1, BATCH // ((pool.users + pool.items) * (size * (size + 1) // 2 + size)))
        who, what = pool.X_eval.astype(np.int64).T

        def predict(rows: Rows, weights: Floats | None = None) -> Floats:
            predicted = np.empty((len(rows), len(who), 1))
            for first in range(0, len(rows), batch):
                part = slice(first, first + batch)
                held = onehot(rows[part], pool.n_present, None if weights is None else weights[part])
                users, items, mean = self.fitted(ratings, held[:, ratings.unit], start)
                for r in range(len(mean)):
                    p, q = users[r, who], items[r, what]
                    product = np.einsum("ef,ef->e", p[:, :-1], q[:, :-1])
                    predicted[first + r, :, 0] = mean[r] + p[:, -1] + q[:, -1] + product
            return predicted

        return predict

    def fitted(self, ratings: Ratings, held: Floats, start: Floats) -> tuple[Floats, Floats, Floats]:
        """Fits of R rows: (R, U, F) users and (R, I, F) items, their factors and last their bias, and (R,) mean ratings.

        held : (R, M) the weights of ratings in a row, 0 for those that it lacks. start : (I, F − 1).
        """
        from scipy.sparse import csr_array

        rows, size = len(held), self.factors + 1
        row, rating = np.nonzero(held)
        weight, y = held[row, rating], ratings.y[rating]
        mean = np.bincount(row, weight * y, minlength=rows) / np.bincount(row, weight, minlength=rows)
        there, _, count = taking_part(row * ratings.users + ratings.user[rating])
        known, item, _ = taking_part(row * ratings.items + ratings.item[rating])
        ends, shape = np.append(0, np.cumsum(count)), (len(there), len(known))
        rated = csr_array((weight, item, ends), shape=shape)
        value = csr_array((y - mean[row], item, ends), shape=shape)
        by_user, by_item = Side.of(rated, value), Side.of(rated.T.tocsr(), value.T.tocsr())
        q = np.concatenate([start, np.zeros((len(start), 1))], axis=1)[known % ratings.items]
        for _ in range(self.iterations):
            p = by_user.solved(q, self.regularization)
            q = by_item.solved(p, self.regularization)
        users, items = np.zeros((rows * ratings.users, size)), np.zeros((rows * ratings.items, size))
        users[there], items[known] = p, q
        return users.reshape(rows, -1, size), items.reshape(rows, -1, size), mean


def taking_part(ids: Ints) -> tuple[Ints, Ints, Ints]:
    """(m,) ids -> (n,) those that there are, rising, (m,) the position of each among them, and (n,) how often each is there."""
    count = np.bincount(ids)
    there = np.flatnonzero(count)
    position = np.empty(len(count), dtype=np.int64)
    position[there] = np.arange(len(there))
    return there, position[ids], count[there]


@dataclass(frozen=True, eq=False)
class Ratings:
    """The ratings of a pool, sorted by user and then by item.

    user, item : (M,) indices, y : (M,), unit : (M,). users, items : how many there are.
    """

    user: Ints
    item: Ints
    y: Floats
    unit: Ints
    users: int
    items: int

    @classmethod
    def of(cls, pool: Pool) -> Ratings:
        user, item = pool.X.astype(np.int64).T
        order = np.lexsort((item, user))
        return cls(user[order], item[order], pool.y.astype(np.float64)[order], pool.unit[order], pool.users, pool.items)


@dataclass(frozen=True, eq=False)
class Side:
    """The users, or the items, of all rows of a batch that have a rating.

    rated : (n, others) sparse, the weight of a rating where it ties one to another of the other side. value : (m,) the ratings
    less the mean of their row, in its order. total : (n,) the weight of the ratings of each.
    """

    rated: csr_array
    value: Floats
    total: Floats

    @classmethod
    def of(cls, rated: csr_array, value: csr_array) -> Side:
        return cls(rated, value.data, np.add.reduceat(rated.data, rated.indptr[:-1]))

    def solved(self, other: Floats, penalty: float) -> Floats:
        """(others, F) -> (n, F): the ridge regression of each one's ratings on the factors, and last on a one for the bias."""
        design = other.copy()
        design[:, -1] = 1.0
        left = self.rated.copy()
        left.data = self.rated.data * (self.value - other[self.rated.indices, -1])
        gram = np.asarray(self.rated @ packed.outer(design))
        gram[:, packed.diagonal(design.shape[1])] += penalty * self.total[:, None]
        return packed.solve(gram, np.asarray(left @ design))
