"""Ratings predicted from items alone: their means, and their nearest neighbours among what a user has rated."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import GridError
from dataleverage.grid.learner import Learner, Need, Pool, Predictor, without_weights
from dataleverage.grid.rows import Rows, onehot
from dataleverage.world.world import Floats, Ints, Mask, Task

MOST_ITEMS = 5000  # whose similarities, all pairs of them, are held in memory: 200 MB
SAME = 9  # decimals in which similarities are the same, so that rounding chooses nobody's neighbours


class ItemMean(Learner):
    """Every user is predicted the item's mean rating, drawn towards the mean of all ratings as if there were some more of that.

    With n ratings of an item and their sum s, (s + shrinkage μ) / (n + shrinkage); an item that nobody in the row rated is
    predicted the mean μ of the row. Without shrinkage this is the plain mean. Sums add over objects.
    """

    kind: Literal["item_mean"] = "item_mean"
    shrinkage: float = Field(0.0, ge=0, le=1e9, description="How many ratings the mean of all counts for; 0 is the plain mean.")
    gives: ClassVar[tuple[Need, ...]] = ("label", "ranking")
    weighs: ClassVar[bool] = True
    task: ClassVar[tuple[Task, ...]] = ("rating",)

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        from scipy.sparse import coo_array

        item, what = pool.X[:, 1].astype(np.int64), pool.X_eval[:, 1].astype(np.int64)
        shape = (pool.items, pool.n_units)
        counts = coo_array((np.ones(len(item)), (item, pool.unit)), shape=shape).tocsr()
        sums = coo_array((pool.y.astype(np.float64), (item, pool.unit)), shape=shape).tocsr()

        def predict(rows: Rows, weights: Floats | None = None) -> Floats:
            present = np.ascontiguousarray(onehot(rows, pool.n_present, weights).T)
            count, total = (np.ascontiguousarray(np.asarray(each @ present).T) for each in (counts, sums))
            mean = (total.sum(axis=1) / count.sum(axis=1))[:, None]
            weight = count + self.shrinkage
            expected = np.where(weight > 0, (total + self.shrinkage * mean) / np.where(weight > 0, weight, 1.0), mean)
            return np.asarray(expected[:, what, None])

        return predict


class ItemKNN(Learner):
    """The item's mean rating, and how the user rated the most similar items they know beside their means (Sarwar et al. 2001).

    Similarity is the adjusted cosine: of the two items' ratings less the mean of their user, over the users who rated both
    (Sarwar et al. 2001, §3.1.3), times n / (n + shrinkage) for n such users (Bell & Koren 2007). The prediction is
    m_i + Σ s_ij (r_uj − m_j) / Σ s_ij over the k items j most similar to i, of those that the user rated and with s_ij > 0; m
    are item means, and of items equally similar the lowest index comes first. An item that nobody in the row rated has the
    mean of the row. Means of users, too, are those of the row.
    """

    kind: Literal["item_knn"] = "item_knn"
    neighbors: Annotated[int, Field(ge=1, le=10_000, description="How many of the most similar items count.")] = 40
    shrinkage: float = Field(
        50.0, ge=0, le=1e9, description="How many users in common halve a similarity: few in common say little."
    )
    gives: ClassVar[tuple[Need, ...]] = ("label", "ranking")
    task: ClassVar[tuple[Task, ...]] = ("rating",)

    def check(self, pool: Pool, need: Need) -> None:
        if pool.items > MOST_ITEMS:
            raise GridError(
                f"item_knn compares every two items, and there are {pool.items:,}",
                remedy=f"Use matrix_factorization, or at most {MOST_ITEMS:,} items.",
                key="learner",
            )

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        user, item = pool.X.astype(np.int64).T
        order = np.lexsort((item, user))
        user, item, y, unit = user[order], item[order], pool.y.astype(np.float64)[order], pool.unit[order]
        asked = np.argsort(pool.X_eval[:, 0], kind="stable")
        who, what = pool.X_eval[asked].astype(np.int64).T
        firsts = np.searchsorted(who, np.arange(pool.users + 1))

        def predict(rows: Rows) -> Floats:
            predicted = np.empty((len(rows), len(who), 1))
            for r, held in enumerate((onehot(rows, pool.n_present) > 0)[:, unit]):
                predicted[r, asked, 0] = one(held)
            return predicted

        def one(held: Mask) -> Floats:
            """(M,) -> (E,) sorted by user."""
            u, i, value = user[held], item[held], y[held]
            count = np.bincount(i, minlength=pool.items)
            mean = np.where(count > 0, np.bincount(i, value, minlength=pool.items) / np.maximum(count, 1), value.mean())
            similar = self.similarities(u, i, value, pool.users, pool.items)
            away = value - mean[i]
            expected: Floats = mean[what]
            ends = np.searchsorted(u, np.arange(pool.users + 1))
            for one_user in np.unique(who):
                mine = slice(ends[one_user], ends[one_user + 1])
                wanted = slice(firsts[one_user], firsts[one_user + 1])
                if mine.stop > mine.start:
                    expected[wanted] += self.shift(similar[np.ix_(what[wanted], i[mine])], away[mine])
            return expected

        return without_weights(self, predict)

    def similarities(self, user: Ints, item: Ints, value: Floats, users: int, items: int) -> Floats:
        """(I, I) similarities of the items in these ratings (m,); 0 where users have nothing in common or do not differ."""
        from scipy.sparse import csr_array

        count = np.bincount(user, minlength=users)
        mean = np.bincount(user, value, minlength=users) / np.maximum(count, 1)
        left = value - mean[user]
        left[np.abs(left) < 1e-12] = 0.0  # who rates everything alike says nothing, whatever the mean rounds to
        ends = np.append(0, np.cumsum(count))

        def of(data: Floats) -> csr_array:
            return csr_array((data, item, ends), shape=(users, items))

        rated = of(np.ones(len(left)))
        product = np.asarray((of(left).T @ of(left)).todense())
        energy = np.asarray((of(left**2).T @ rated).todense())
        common = np.asarray((rated.T @ rated).todense())
        scale = np.sqrt(energy * energy.T)
        scale *= common + self.shrinkage
        return np.asarray(np.divide(product * common, scale, out=np.zeros((items, items)), where=scale > 0))

    def shift(self, similar: Floats, away: Floats) -> Floats:
        """(a, b) similarities of items asked about with those rated, and (b,) how these ratings differ from means -> (a,)."""
        if similar.shape[1] > self.neighbors:
            best = np.argsort(-np.round(similar, SAME), axis=1, kind="stable")[:, : self.neighbors]
            similar, away = np.take_along_axis(similar, best, axis=1), away[best]
        weight = np.where(similar > 10.0**-SAME, similar, 0.0)
        total = weight.sum(axis=1)
        return np.asarray(np.divide((weight * away).sum(axis=1), total, out=np.zeros(len(total)), where=total > 0))
