from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from dataleverage.errors import GridError
from dataleverage.grid.metrics import Measurer, columns_of
from dataleverage.world.world import Slice, World, owner_slices


def world_of(user, rating, slices=(), task="rating") -> World:
    """A world whose evaluation examples are these ratings, of an item each; training does not matter here."""
    user, rating = np.asarray(user, dtype=np.float64), np.asarray(rating, dtype=np.float64)
    X = np.column_stack([user, np.arange(len(user))])
    return World(
        task=task,
        X=X[:1],
        y=rating[:1],
        object_of=np.zeros(1, dtype=np.int64),
        objects=("A",),
        X_eval=X,
        y_eval=rating,
        audit=np.ones(len(user), dtype=bool),
        eval_object=user.astype(np.int64),
        slices=(Slice("all", np.ones(len(user), dtype=bool)), *slices),
        users=int(user.max()) + 1,
        items=len(user),
    )


def measured(world, metric, predictions):
    """(R, E) -> (R, C)."""
    return Measurer(world, columns_of(world, metric))(np.atleast_2d(np.asarray(predictions, dtype=np.float64))[..., None])


def test_hits_known():
    user = [0] * 7 + [1] * 2 + [2]
    rating = [5, 4, 3, 2, 1, 4, 5, 3.5, 4, 1]
    predicted = [9, 8, 7, 6, 5, 4, 3, 1, 2, 9]
    # user 0: items 0–4 are the top five, two of them rated 4 or more; user 1 has two items, one of them; user 2 none
    assert measured(world_of(user, rating), "hits", predicted)[0, 0] == pytest.approx((2 / 5 + 1 / 2 + 0) / 3)


def hits_by_hand(rating, predicted, k=5):
    """The mean share over all ways to break ties."""
    shares = []
    for order in permutations(range(len(rating))):
        if all(predicted[a] >= predicted[b] for a, b in pairwise(order)):
            top = order[:k]
            shares.append(sum(rating[i] >= 4 for i in top) / len(top))
    return np.mean(shares)


@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 7), seed=st.integers(0, 2**32))
def test_ties_count_as_if_broken_at_random(count, seed):
    rng = np.random.default_rng(seed)
    rating, predicted = rng.integers(1, 6, count), rng.integers(0, 3, count).astype(float)
    found = measured(world_of(np.zeros(count), rating), "hits", predicted)[0, 0]
    assert found == pytest.approx(hits_by_hand(rating, predicted))


@settings(max_examples=50, deadline=None)
@given(users=st.integers(1, 5), levels=st.sampled_from([2, 10, 1000]), seed=st.integers(0, 2**32))
def test_ndcg_is_that_of_scikit_learn_ties_included(users, levels, seed):
    rng = np.random.default_rng(seed)
    user = np.sort(rng.permutation(np.append(np.arange(users).repeat(2), rng.integers(0, users, 30))))
    rating, predicted = rng.integers(1, 11, len(user)) / 2, rng.integers(0, levels, len(user)).astype(float)
    world = world_of(user, rating, owner_slices([f"user {u}" for u in range(users)], user))
    expected = [
        ndcg_score([2 ** rating[user == u] - 1], [predicted[user == u]], k=10) for u in range(users)
    ]  # scikit-learn averages over ties unless told otherwise
    assert measured(world, "ndcg", predicted)[0] == pytest.approx([np.mean(expected), *expected])


def test_a_guess_scores_what_lists_in_random_order_score():
    rng = np.random.default_rng(0)
    user, rating = np.repeat(np.arange(20), 12), rng.integers(1, 6, 240)
    world = world_of(user, rating)
    for metric in ("hits", "ndcg"):
        guess = measured(world, metric, np.full(240, 3.3))[0, 0]
        assert guess == pytest.approx(measured(world, metric, rng.random((3000, 240))).mean(), abs=0.003)
    assert measured(world, "hits", np.zeros(240))[0, 0] == pytest.approx((rating >= 4).mean())


@pytest.mark.parametrize("metric", ["hits", "ndcg"])
def test_scores_have_the_same_bits_in_every_batch_and_with_rounding(metric):
    rng = np.random.default_rng(1)
    user, rating = rng.integers(0, 30, 600), rng.integers(1, 11, 600) / 2
    slices = [*owner_slices([str(u) for u in range(30)], user), Slice("some", rng.random(600) < 0.4)]
    world = world_of(user, rating, slices)
    predicted = rng.integers(0, 9, (40, 600)) / 3.0
    scores = measured(world, metric, predicted)
    for part in (predicted[7:8], predicted[7:20], predicted[::-1][32:33]):
        assert np.array_equal(measured(world, metric, part)[0], scores[7])
    rounded = predicted * (1 + 1e-15 * rng.integers(-4, 5, predicted.shape))
    assert (rounded != predicted).any() and np.array_equal(measured(world, metric, rounded), scores)


@pytest.mark.parametrize("metric", ["hits", "ndcg"])
def test_slices_hold_their_own_users_and_items(metric):
    rng = np.random.default_rng(2)
    user, rating, predicted = rng.integers(0, 12, 300), rng.integers(1, 6, 300), rng.normal(size=300)
    masks = {"some users": user < 4, "some items": rng.random(300) < 0.5, "both": (user > 6) & (rng.random(300) < 0.5)}
    world = world_of(user, rating, [Slice(name, mask) for name, mask in masks.items()])
    scores = measured(world, metric, predicted)[0]
    for c, mask in enumerate(masks.values(), 1):
        alone = measured(world_of(user[mask], rating[mask]), metric, predicted[mask])[0, 0]
        assert scores[c] == pytest.approx(alone)


@pytest.mark.parametrize("metric", ["hits", "ndcg"])
def test_the_scores_of_users_have_the_cell_as_their_mean(metric):
    rng = np.random.default_rng(3)
    user, rating, predicted = rng.integers(0, 12, 300), rng.integers(1, 6, 300), rng.normal(size=300)
    world = world_of(user, rating, [Slice("few", user < 3)])
    columns = columns_of(world, metric)
    measure = Measurer(world, columns)
    for c, users in enumerate((12, 3)):
        each = measure.per_example(predicted[:, None], columns[c])
        assert len(each) == users and each.mean() == measure(predicted[None, :, None])[0, c]


def test_a_list_that_could_be_worth_nothing_scores_nothing():
    assert measured(world_of([0, 0, 1], [0, 0, 5]), "ndcg", [1, 2, 3])[0, 0] == 0.5


def test_ranking_metrics_are_for_ratings():
    for metric in ("hits", "ndcg"):
        with pytest.raises(GridError, match=f"{metric} is for rating, and the target asks for regression"):
            columns_of(world_of([0, 1], [1.5, 2.5], task="regression"), metric)
    with pytest.raises(GridError, match="accuracy is for classification") as caught:
        columns_of(world_of([0, 1], [1.5, 2.5]), "accuracy")
    assert "rmse, hits, ndcg" in caught.value.remedy
