from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dataleverage.errors import DataError
from dataleverage.world.dataset import Examples, Holdout, holdout, systematic
from dataleverage.world.objects import ByColumn, ByUser, LabelSkew, Random
from dataleverage.world.tactics.label_flip import LabelFlip

HERE = Path()


@given(count=st.integers(0, 60), share=st.floats(0, 1), start=st.floats(0, 1, exclude_max=True))
def test_a_systematic_sample_has_floor_or_ceil_of_its_share(count, share, start):
    chosen = systematic(np.array([count]), share, np.array([start]))
    assert chosen.shape == (count,)
    assert np.floor(count * share - 1e-6) <= chosen.sum() <= np.ceil(count * share + 1e-6)
    for i in range(count):  # and so has every stretch of it
        part = chosen[i:]
        assert np.floor(len(part) * share - 1e-6) <= part.sum() <= np.ceil(len(part) * share + 1e-6)


def test_every_place_of_a_systematic_sample_is_as_likely():
    starts = (np.arange(20_000) + 0.5) / 20_000
    chosen = systematic(np.full(20_000, 7), 0.3, starts).reshape(20_000, 7)
    assert chosen.mean(axis=0) == pytest.approx(np.full(7, 0.3), abs=1e-3)


@given(
    groups=st.lists(st.tuples(st.integers(0, 12), st.floats(0, 1, exclude_max=True)), max_size=6),
    share=st.floats(0, 1),
)
def test_a_systematic_sample_of_groups_is_that_of_each_by_itself(groups, share):
    expected = []
    for count, start in groups:
        steps = [math.floor(i * share + start + 1e-12) for i in range(count + 1)]
        expected += [steps[i + 1] > steps[i] for i in range(count)]
    counts, starts = np.array([g[0] for g in groups], dtype=np.int64), np.array([g[1] for g in groups], dtype=np.float64)
    assert systematic(counts, share, starts).tolist() == expected


@settings(max_examples=80, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=12),
    audit=st.floats(0.05, 0.9),
    monitor=st.floats(0, 0.9),
    seed=st.integers(0, 1000),
)
def test_the_holdout_of_all_objects_is_that_of_each_in_turn(examples_of, sizes, audit, monitor, seed):
    """Object by object, each with two draws: what its audit part leaves is sampled for the monitor part."""
    assume(audit + monitor < 1)
    count = sum(sizes)
    examples = examples_of(max(count, 3), seed=seed)
    object_of = np.repeat(np.arange(len(sizes)), sizes)[np.random.default_rng(seed).permutation(count)]
    object_of = np.append(object_of, np.zeros(len(examples) - count, dtype=np.int64))
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(examples))
    in_audit, in_monitor = set(), set()
    for j in range(len(sizes)):
        members = sorted((i for i in order if object_of[i] == j), key=lambda i: examples.y[i])
        parts = []
        for share in (audit, monitor / (1 - audit)):
            start = rng.random()
            steps = [math.floor(i * share + start + 1e-12) for i in range(len(members) + 1)]
            parts.append([i for at, i in enumerate(members) if steps[at + 1] > steps[at]])
            members = [i for i in members if i not in parts[-1]]
        if not members:  # one example is kept to train on
            (parts[1] or parts[0]).pop()
        in_audit.update(parts[0])
        in_monitor.update(parts[1])
    try:
        found = holdout(examples, object_of, Holdout(audit=audit, monitor=monitor), np.random.default_rng(seed))
    except DataError:
        assert not in_audit
        return
    assert [set(np.flatnonzero(part).tolist()) for part in found] == [in_audit, in_monitor]


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(8, 90),
    objects=st.integers(1, 8),
    audit=st.floats(0.05, 0.9),
    monitor=st.floats(0, 0.9),
    seed=st.integers(0, 1000),
)
def test_parts_are_disjoint_and_every_object_trains(examples_of, count, objects, audit, monitor, seed):
    shares = Holdout(audit=audit, monitor=monitor)
    examples = examples_of(count, seed=seed)
    object_of = np.random.default_rng(seed).permutation(np.arange(count) % objects)
    rng = np.random.default_rng(seed)
    if audit + monitor >= 1:
        with pytest.raises(DataError, match="leave nothing to train on") as caught:
            holdout(examples, object_of, shares, rng)
        assert caught.value.place.key == "data.holdout"
        return
    try:
        in_audit, in_monitor = holdout(examples, object_of, shares, rng)
    except DataError as error:
        largest = int(np.ceil(count / objects))
        assert error.place.key == "data.holdout.audit" and (largest == 1 or largest * audit < 1)
        return
    assert not (in_audit & in_monitor).any()
    for j in range(objects):
        members = object_of == j
        size = members.sum()
        training = members & ~in_audit & ~in_monitor
        assert training.sum() >= 1
        tight = training.sum() == 1  # then one may have been kept back from a part
        counted = (in_audit & members).sum()
        assert np.floor(size * audit - 1e-9) - tight <= counted <= np.ceil(size * audit + 1e-9)
        rest, share = size - counted, monitor / (1 - audit)
        assert np.floor(rest * share - 1e-9) - tight <= (in_monitor & members).sum() <= np.ceil(rest * share + 1e-9)


def test_the_holdout_is_spread_over_labels_and_unbiased_over_seeds(examples_of):
    examples = examples_of(60, classes=3)
    object_of = np.repeat([0, 1, 2, 3], 15)
    shares = Holdout(audit=0.3, monitor=0.2)
    drawn = [holdout(examples, object_of, shares, np.random.default_rng(seed)) for seed in range(3000)]
    audit, monitor = (np.mean([pair[i] for pair in drawn], axis=0) for i in (0, 1))
    error = 5 * np.sqrt(0.3 * 0.7 / 3000)
    assert audit == pytest.approx(np.full(60, 0.3), abs=error)
    assert monitor == pytest.approx(np.full(60, 0.2), abs=error)
    for j in range(4):
        for k in range(3):
            cell = (object_of == j) & (examples.y == k)
            counts = {int(pair[0][cell].sum()) for pair in drawn[:200]}
            assert counts <= {int(np.floor(cell.sum() * 0.3)), int(np.ceil(cell.sum() * 0.3))}


def test_no_audit_example_is_an_error(examples_of):
    with pytest.raises(DataError, match="sets no example aside") as caught:
        holdout(examples_of(4), np.arange(4), Holdout(audit=0.1, monitor=0.1), np.random.default_rng(0))
    assert caught.value.place.key == "data.holdout.audit"


@pytest.mark.parametrize(
    "shares", [{"audit": 0.0}, {"audit": 1.0}, {"monitor": -0.1}, {"monitor": 1.0}, {"audit": float("nan")}]
)
def test_shares_are_shares(shares):
    with pytest.raises(ValidationError):
        Holdout(**shares)


def test_a_world_holds_every_example_once(examples_of, source_of):
    examples = examples_of(150)
    world = source_of(examples, objects=Random(count=6), seed=4).world(HERE)
    every = np.concatenate([world.X, world.X_eval])
    assert np.array_equal(np.sort(every, axis=0), np.sort(examples.X, axis=0))
    where = {row.tobytes(): i for i, row in enumerate(examples.X)}
    for X, y in ((world.X, world.y), (world.X_eval, world.y_eval)):
        assert np.array_equal(examples.y[[where[row.tobytes()] for row in X]], y)
    assert world.sizes.sum() == len(world.X) and (world.sizes > 0).all()
    assert world.audit.any() and not world.audit.all()


def test_the_seed_makes_the_world(examples_of, source_of):
    examples = examples_of(150)
    prints = [source_of(examples, objects=Random(count=6), seed=seed).world(HERE).fingerprint for seed in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]


def test_a_single_class_is_an_error(examples_of, source_of):
    with pytest.raises(DataError, match="single class, 'c0'") as caught:
        source_of(examples_of(classes=1)).world(HERE)
    assert caught.value.place.key == "data.target" and caught.value.remedy


def test_owners_have_an_object_each_unless_objects_are_named(examples_of, source_of):
    owner = np.repeat(["zoe", "ann", "bob"], 40)
    examples = examples_of(120, owner=owner, half=np.tile(["l", "r"], 60))
    world = source_of(examples).world(HERE)
    assert world.owners == world.objects == ("ann", "bob", "zoe")
    assert np.array_equal(world.eval_owner, world.eval_object)
    joined = np.char.add(owner, np.tile([" l", " r"], 60))
    finer = examples_of(120, owner=owner, part=joined)
    world = source_of(finer, objects=ByColumn(column="part")).world(HERE)
    assert world.objects == ("ann l", "ann r", "bob l", "bob r", "zoe l", "zoe r")
    assert world.owner_of.tolist() == [0, 0, 1, 1, 2, 2]
    with pytest.raises(DataError, match="would belong to 3 owners") as caught:
        source_of(examples, objects=LabelSkew(count=2, alpha=1e6)).world(HERE)
    assert caught.value.place.key == "data.objects"


def test_tactics_become_variants_in_their_order(examples_of, source_of):
    source = source_of(examples_of(150), objects=Random(count=5))
    tactics = {"flip": LabelFlip(), "some": LabelFlip(rate=0.5)}
    world = source.world(HERE, tactics)
    assert [variant.tactic for variant in world.variants] == ["flip", "some"] and world.n_present == 3
    alone = source.world(HERE, {"flip": LabelFlip()})
    assert np.array_equal(alone.variants[0].y, world.variants[0].y)
    assert alone.fingerprint != world.fingerprint != source.world(HERE).fingerprint


@settings(max_examples=25, deadline=None)
@given(
    users=st.integers(2, 12),
    audit=st.floats(0.05, 0.9),
    monitor=st.floats(0, 0.9),
    objects=st.sampled_from([None, ByUser(count=2), Random(count=2)]),
    seed=st.integers(0, 1000),
)
def test_ratings_are_held_out_of_every_user_alike(source_of, users, audit, monitor, objects, seed):
    assume(audit + monitor < 0.95)
    rng = np.random.default_rng(seed)
    count = rng.integers(1, 40, users)
    count[0] = 40
    user = rng.permutation(np.repeat(np.arange(users), count))
    X = np.column_stack([user, rng.permutation(len(user))]).astype(float)
    examples = Examples(X, rng.integers(1, 6, len(user)).astype(float), "rating", users=users, items=len(user))
    parameters = {} if objects is None else {"objects": objects}
    try:
        world = source_of(examples, holdout=Holdout(audit=audit, monitor=monitor), seed=seed, **parameters).world(Path())
    except DataError as error:
        assert isinstance(objects, Random) and error.place.key == "data.objects"
        return
    assert len(world.y) + len(world.y_eval) == len(examples) and (world.users, world.items) == (users, len(user))
    held = np.bincount(world.X_eval[world.audit, 0].astype(int), minlength=users)
    trained = np.bincount(world.X[:, 0].astype(int), minlength=users)
    assert (trained >= 1).all() and (np.abs(held - audit * count) < 2).all()
    assert world.task == "rating" and (objects is not None or world.n_objects == users)


def test_an_object_whose_ratings_are_all_held_out_is_an_error(source_of):
    X = np.array([[0, i] for i in range(10)] + [[1, 3]], dtype=float)
    values = {"lot": np.array(["late"] + ["early"] * 10)}
    examples = Examples(X, np.arange(11) % 5 + 1.0, "rating", values=values, users=2, items=10)
    refused = 0
    for seed in range(10):
        try:
            source_of(examples, objects=ByColumn(column="lot"), holdout=Holdout(audit=0.5, monitor=0), seed=seed).world(Path())
        except DataError as error:
            assert error.place.key == "data.objects" and "(late for one)" in error.message and "by: user" in error.remedy
            refused += 1
    assert 0 < refused < 10


def test_users_without_a_second_rating_leave_no_audit(source_of):
    X = np.array([[u, u] for u in range(6)], dtype=float)
    examples = Examples(X, np.arange(6) % 5 + 1.0, "rating", users=6, items=6)
    with pytest.raises(DataError, match="in 6 users") as caught:
        source_of(examples).world(Path())
    assert caught.value.place.key == "data.holdout.audit"
