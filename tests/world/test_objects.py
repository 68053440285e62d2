from __future__ import annotations

from typing import Annotated

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from dataleverage.errors import DataError
from dataleverage.grid.rows import from_words, in_words
from dataleverage.kinds import OneOf
from dataleverage.streams import Streams
from dataleverage.world.dataset import Examples
from dataleverage.world.objects import ByCluster, ByColumn, ByLabel, ByUser, LabelSkew, Objects, Random, Zipf, named


def distance_from_random(examples, object_of) -> float:
    """The mean total-variation distance of the objects' label mixes from the whole's."""
    whole = np.bincount(examples.y) / len(examples)
    mixes = [np.bincount(examples.y[object_of == j], minlength=len(whole)) for j in range(object_of.max() + 1)]
    return float(np.mean([np.abs(mix / mix.sum() - whole).sum() / 2 for mix in mixes]))


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from([Random, LabelSkew, ByCluster]),
    count=st.integers(1, 30),
    extra=st.integers(0, 60),
    regression=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_every_example_has_one_object_and_no_object_is_empty(examples_of, kind, count, extra, regression, seed):
    examples = examples_of(count + extra, seed=seed, regression=regression)
    names, object_of = kind(count=count).split(examples, Streams(seed))
    sizes = np.bincount(object_of, minlength=count)
    assert len(names) == len(set(names)) == count == len(sizes)
    assert object_of.shape == (len(examples),) and (sizes > 0).all()
    if kind is not ByCluster:
        assert sizes.max() - sizes.min() <= 1
    again = kind(count=count).split(examples, Streams(seed))
    assert again[0] == names and np.array_equal(again[1], object_of)


@pytest.mark.parametrize("kind", [Random, LabelSkew])
def test_another_seed_makes_other_objects(examples_of, kind):
    examples = examples_of(100)
    first, second = (kind(count=10).split(examples, Streams(seed))[1] for seed in (0, 1))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("kind", [Random, LabelSkew, ByCluster])
def test_twelve_objects_cannot_be_made_of_five_examples(examples_of, kind):
    with pytest.raises(DataError, match="12 objects cannot be made of 5 examples") as caught:
        kind().split(examples_of(5), Streams(0))
    assert caught.value.place.key == "data.objects.count" and "at most 5" in caught.value.remedy


def test_label_skew_goes_from_one_sided_to_random(examples_of):
    examples = examples_of(3000, classes=10)
    far = {
        alpha: np.mean(
            [distance_from_random(examples, LabelSkew(alpha=alpha).split(examples, Streams(s))[1]) for s in range(4)]
        )
        for alpha in (0.01, 0.1, 1.0, 10.0, 1e6)
    }
    random = np.mean([distance_from_random(examples, Random().split(examples, Streams(s))[1]) for s in range(4)])
    assert list(far.values()) == sorted(far.values(), reverse=True)
    assert far[0.01] > 0.6 and far[1e6] == pytest.approx(random, rel=0.25)


@pytest.mark.parametrize("alpha", [1e-300, 1e-6, 1e6])
@pytest.mark.parametrize("regression", [False, True])
def test_label_skew_stands_extremes(examples_of, alpha, regression):
    examples = examples_of(97, classes=7, regression=regression)
    _, object_of = LabelSkew(alpha=alpha, count=13).split(examples, Streams(0))
    assert set(np.bincount(object_of)) == {7, 8}


def test_label_skew_of_a_number_sorts_it(examples_of):
    examples = examples_of(1000, regression=True)
    skewed = LabelSkew(alpha=0.01, count=10).split(examples, Streams(0))[1]
    within = np.mean([examples.y[skewed == j].std() for j in range(10)])
    assert within < 0.6 * examples.y.std()


def test_label_skew_of_a_constant_number():
    examples = Examples(np.zeros((20, 1)), np.zeros(20), "regression")
    assert set(np.bincount(LabelSkew(count=4).split(examples, Streams(0))[1])) == {5}


def test_by_label_is_an_object_a_class(examples_of):
    examples = examples_of(90, classes=4)
    names, object_of = ByLabel().split(examples, Streams(0))
    assert names == ("c0", "c1", "c2", "c3") and np.array_equal(object_of, examples.y)
    with pytest.raises(DataError, match="need classes") as caught:
        ByLabel().split(examples_of(regression=True), Streams(0))
    assert caught.value.place.key == "data.objects.by" and caught.value.remedy


def test_by_column_is_an_object_a_value(examples_of):
    region = np.tile(["north", "south", "7"], 40)
    names, object_of = ByColumn(column="region").split(examples_of(120, region=region), Streams(0))
    assert names == ("region 7", "north", "south")
    assert [set(region[object_of == j]) for j in range(3)] == [{"7"}, {"north"}, {"south"}]
    with pytest.raises(DataError, match="no column 'regoin'") as caught:
        ByColumn(column="regoin").split(examples_of(120, region=region), Streams(0))
    assert caught.value.place.key == "data.objects.column" and "Did you mean 'region'?" in caught.value.remedy


def test_clusters_find_groups_that_stand_apart():
    rng = np.random.default_rng(0)
    group = rng.permutation(np.arange(90) % 3)
    X = np.array([[0, 0], [50, 0], [0, 5000]])[group] + rng.normal(size=(90, 2))
    _, object_of = ByCluster(count=3).split(Examples(X, group, "classification", ("a", "b", "c")), Streams(0))
    assert len({(g, j) for g, j in zip(group, object_of, strict=True)}) == 3


def test_clusters_of_the_same_example_are_an_error():
    X = np.repeat([[0.0], [1.0]], 20, axis=0)
    with pytest.raises(DataError, match="3 clusters cannot be made of 2 different") as caught:
        ByCluster(count=3).split(Examples(X, np.zeros(40), "regression"), Streams(0))
    assert caught.value.place.key == "data.objects.count"


@given(st.lists(st.text(alphabet="aA1+*- ()2é", max_size=5), min_size=1, max_size=8, unique=True))
def test_names_differ_and_can_be_read_back_from_rows(values):
    names = named(values, "wing")
    assert len(set(names)) == len(names) == len(values)
    for row in ([1] * len(names), [2] + [0] * (len(names) - 1), [j % 4 for j in range(len(names))]):
        assert from_words(in_words(row, names), names).tolist() == row


# ---------------------------------------------------------------------- sizes


def by_hand(total: int, count: int, s: float) -> list[int]:
    """Largest remainders, object by object: whoever would get less than one example gets one and leaves the table."""
    weight, large = [(k + 1) ** -s for k in range(count)], count
    while True:
        quota = [(total - count + large) * w / sum(weight[:large]) for w in weight[:large]]
        if large == 1 or quota[-1] >= 1:
            break
        large -= 1
    sizes = [int(q) for q in quota] + [1] * (count - large)
    for k in sorted(range(large), key=lambda k: (sizes[k] - quota[k], k))[: total - sum(sizes)]:
        sizes[k] += 1
    return sizes


@settings(max_examples=200, deadline=None)
@given(count=st.integers(1, 40), extra=st.integers(0, 500), s=st.floats(0, 10))
def test_zipf_sizes_are_largest_remainders(count, extra, s):
    sizes = Zipf(zipf=s).of(count + extra, count)
    assert sizes.sum() == count + extra and sizes.min() >= 1 and (np.diff(sizes) <= 0).all()
    assert np.abs(sizes - by_hand(count + extra, count, s)).max() <= 1  # rounding may decide between equal remainders


def test_zipf_sizes_known():
    assert Zipf().of(1100, 3).tolist() == [600, 300, 200]
    assert Zipf(zipf=2).of(490, 3).tolist() == [360, 90, 40]
    assert Zipf(zipf=0).of(10, 4).tolist() == [3, 3, 2, 2]
    assert Zipf(zipf=10).of(20, 5).tolist() == [16, 1, 1, 1, 1]
    assert Zipf().of(200_000, 100_000).min() == 1


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from([Random, LabelSkew]),
    count=st.integers(1, 30),
    extra=st.integers(0, 90),
    s=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    regression=st.booleans(),
)
def test_objects_have_the_sizes_asked_for(examples_of, kind, count, extra, s, regression):
    examples = examples_of(count + extra, regression=regression)
    names, object_of = kind(count=count, sizes=Zipf(zipf=s)).split(examples, Streams(3))
    assert len(names) == count
    assert np.array_equal(np.bincount(object_of, minlength=count), Zipf(zipf=s).of(len(examples), count))


@pytest.mark.parametrize(("kind", "first"), [(Random, [2, 0, 0, 3, 7, 2, 4, 3]), (LabelSkew, [4, 3, 7, 5, 8, 2, 5, 0])])
def test_equal_sizes_are_the_default_and_what_they_always_were(examples_of, kind, first):
    split = [kind(count=10, **sizes).split(examples_of(100), Streams(0))[1] for sizes in ({}, {"sizes": "equal"})]
    assert np.array_equal(*split)
    assert split[0][:8].tolist() == first


def test_sizes_are_written_short_or_full(examples_of):
    written = TypeAdapter(Annotated[Objects, OneOf("objects")])
    for sizes, expected in (("equal", "equal"), ("zipf", "zipf"), ({"zipf": 1.5}, Zipf(zipf=1.5)), ({}, Zipf(zipf=1.0))):
        assert written.validate_python({"by": "label_skew", "count": 3, "sizes": sizes}).sizes == expected
    short, full = (Random(count=4, sizes=sizes).split(examples_of(), Streams(0))[1] for sizes in ("zipf", Zipf()))
    assert np.array_equal(short, full)
    for wrong in ("even", {"zipf": -1.0}, {"zipf": 11.0}, {"pareto": 1.0}, 2):
        with pytest.raises(ValidationError):
            written.validate_python({"by": "random", "sizes": wrong})
    with pytest.raises(ValidationError, match="sizes"):
        written.validate_python({"by": "cluster", "sizes": "zipf"})


def rated(users: int, each: int) -> Examples:
    """Ratings of `each` items by every user, those of a user not beside each other."""
    X = np.array([(u, i) for i in range(each) for u in range(users)], dtype=float)
    user = np.array([f"u{int(u)}" for u in X[:, 0]])
    return Examples(X, np.arange(len(X)) % 5 + 1.0, "rating", values={"user": user}, users=users, items=each)


@settings(max_examples=25, deadline=None)
@given(users=st.integers(1, 30), each=st.integers(1, 4), part=st.floats(0, 1), seed=st.integers(0, 10**6))
def test_ratings_of_a_user_move_as_one(users, each, part, seed):
    examples, count = rated(users, each), max(1, round(part * users))
    names, object_of = ByUser(count=count).split(examples, Streams(seed))
    homes = [np.unique(object_of[examples.X[:, 0] == u]) for u in range(users)]
    assert all(len(home) == 1 for home in homes) and len(set(names)) == count
    sizes = np.bincount(np.concatenate(homes), minlength=count)
    assert len(sizes) == count and sizes.max() - sizes.min() <= 1
    assert np.array_equal(ByUser(count=count).split(examples, Streams(seed))[1], object_of)


def test_users_are_objects_of_their_name_and_dealt_otherwise_by_another_seed():
    examples = rated(30, 2)
    names, object_of = ByUser().split(examples, Streams(0))
    assert names[:2] == ("u0", "u1") and np.array_equal(object_of, examples.X[:, 0])
    dealt = [ByUser(count=3).split(examples, Streams(seed))[1].tolist() for seed in (0, 1)]
    assert dealt[0] != dealt[1]


@pytest.mark.parametrize(
    ("objects", "key", "says"),
    [
        (ByUser(count=31), "data.objects.count", "31 objects cannot be made of 30 users"),
        (ByLabel(), "data.objects.by", "need classes"),
        (ByCluster(count=2), "data.objects.by", "clusters need features"),
    ],
)
def test_what_cannot_be_made_of_ratings_is_an_error(objects, key, says):
    with pytest.raises(DataError, match=says) as caught:
        objects.split(rated(30, 2), Streams(0))
    assert caught.value.place.key == key and caught.value.remedy


def test_only_ratings_have_users(examples_of):
    with pytest.raises(DataError, match="need ratings") as caught:
        ByUser().split(examples_of(10), Streams(0))
    assert caught.value.place.key == "data.objects.by" and "movielens" in caught.value.remedy
