"""Metrics of recommendation: how good the top of each user's list is, averaged over users.

A user's list holds their own held-out items in a slice, by predicted rating. Items of one and the same prediction have no
order: each place they share counts the mean of what they are worth, which is the expected score of breaking the tie at
random (McSherry and Najork 2008). So a model that cannot tell items apart scores as guessing does, and no score depends on
how items are numbered, nor on the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataleverage.grid.seen import TIE, Scorer, Seen
from dataleverage.world.world import Floats, Ints, Mask, World

HITS = 5  # places of a list that hits are counted in
LIKED = 4.0  # stars from which an item is a hit
DEEP = 10  # places of a list that NDCG looks at


def hits(world: World, masks: Mask) -> Scorer:
    """Surfaced hits (Vincent, Hecht and Sen 2019): the share of the top 5 that the user rated 4 or more.

    The list of a user with fewer than five held-out items counts at its own length. masks : (E, C').
    """
    return mean_over_users(world, masks, "hits")


def ndcg(world: World, masks: Mask) -> Scorer:
    """NDCG@10 (Järvelin and Kekäläinen 2002), with gain 2^rating − 1 (Burges et al. 2005) and discount 1 / log2(1 + place).

    The ideal list is that of the user's own ratings; where it is worth nothing, the score is 0. masks : (E, C').
    """
    return mean_over_users(world, masks, "ndcg")


def mean_over_users(world: World, masks: Mask, metric: str) -> Scorer:
    """The mean over the users of each column, in one and the same order of summation for every batch."""
    lists, which = shared_lists(world, masks, metric)

    def score(seen: Seen) -> Floats:
        result = np.empty((len(seen.decision), masks.shape[1]))
        for r, predicted in enumerate(seen.decision[..., 0]):
            each = [part.scores(predicted) for part in lists]
            for c, (of, users) in enumerate(which):
                result[r, c] = each[of][users].mean()
        return result

    return score


def per_user(world: World, mask: Mask, metric: str, seen: Seen) -> Floats:
    """(U_slice,): the scores of the users of a slice in a batch of one row, whose mean is the cell. mask : (E,)."""
    return Lists.of(world, mask, metric).scores(seen.decision[0, :, 0])


def shared_lists(world: World, masks: Mask, metric: str) -> tuple[list[Lists], list[tuple[int, Ints]]]:
    """Lists to sort, and for each column whose they are: (position among them, (U,) users of the column).

    A column that holds everything that a larger one has of its users, as those of owners do, needs no lists of its own.
    """
    user = world.X_eval[:, 0].astype(np.int64)
    lists: list[Lists] = []
    sizes: list[Ints] = []  # (users,) held-out items of each user in each of the lists
    inside: list[Mask] = []
    which: list[tuple[int, Ints]] = [(0, np.empty(0, dtype=np.int64))] * masks.shape[1]
    for c in np.argsort(-masks.sum(axis=0), kind="stable").tolist():
        mask = masks[:, c]
        count = np.bincount(user[mask], minlength=world.users)
        there = np.flatnonzero(count)
        shared = (
            of
            for of, (size, other) in enumerate(zip(sizes, inside, strict=True))
            if np.array_equal(size[there], count[there]) and not (mask & ~other).any()
        )
        of = next(shared, len(lists))
        if of == len(lists):
            lists.append(Lists.of(world, mask, metric))
            sizes.append(count)
            inside.append(mask)
        which[c] = (of, np.searchsorted(lists[of].users, there))
    return lists, which


@dataclass(frozen=True, eq=False)
class Lists:
    """The held-out items of users, those of one user together.

    users : (U,) indices, rising. user : (L,) the position among them. examples : (L,) positions in the evaluation pool.
    worth : (L,) what an item is worth in a place of the list. discount : (L,) what a place counts: a user's first, second …
    ideal : (U,) the most that a user's list could be worth.
    """

    users: Ints
    user: Ints
    examples: Ints
    worth: Floats
    discount: Floats
    ideal: Floats

    @classmethod
    def of(cls, world: World, mask: Mask, metric: str) -> Lists:
        """Those of a slice. mask : (E,), at least one True."""
        examples = np.flatnonzero(mask)
        who = world.X_eval[examples, 0].astype(np.int64)
        examples = examples[np.argsort(who, kind="stable")]
        users, first, user, length = np.unique(np.sort(who), return_index=True, return_inverse=True, return_counts=True)
        place = np.arange(len(examples)) - first[user]
        rating = world.y_eval[examples].astype(np.float64)
        if metric == "hits":
            worth = (rating >= LIKED).astype(np.float64)
            discount = (place < HITS).astype(np.float64)
            ideal: Floats = np.minimum(length, HITS).astype(np.float64)
        else:
            worth = np.exp2(rating) - 1
            discount = (place < DEEP) / np.log2(place + 2)
            best = worth[np.lexsort((-worth, user))]
            ideal = np.bincount(user, best * discount).astype(np.float64)
        return cls(users, user.astype(np.int64), examples, worth, discount, ideal)

    def scores(self, predicted: Floats) -> Floats:
        """(E,) predictions -> (U,) the score of each user's list."""
        value = predicted[self.examples]
        order = np.lexsort((-value, self.user))
        value = value[order]
        near = value[:-1] - value[1:] <= TIE * np.maximum(1.0, np.abs(value[:-1]))
        starts = np.append(True, ~near | (self.user[1:] != self.user[:-1]))
        tie = np.cumsum(starts) - 1
        # Worths are sorted within a tie: their sum must not depend on which of equal predictions came out a bit larger.
        worth = self.worth[order]
        worth = worth[np.lexsort((worth, tie))]
        mean = np.bincount(tie, worth) / np.bincount(tie)
        gained = np.bincount(self.user, mean[tie] * self.discount)
        return np.asarray(np.divide(gained, self.ideal, out=np.zeros(len(gained)), where=self.ideal > 0))
