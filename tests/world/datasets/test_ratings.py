from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import norm

from dataleverage.errors import DataError
from dataleverage.grid.grid import Grid
from dataleverage.grid.learners.factorization import MatrixFactorization
from dataleverage.streams import Streams
from dataleverage.world.datasets.ratings import SyntheticRatings
from dataleverage.world.objects import ByColumn
from dataleverage.world.slices import Slices


def read(**parameters):
    return SyntheticRatings(**parameters).read(Path())


@settings(max_examples=30, deadline=None)
@given(
    users=st.integers(2, 30),
    items=st.integers(2, 30),
    part=st.floats(0, 1),
    groups=st.integers(1, 5),
    stars=st.sampled_from(["half", "whole"]),
    popularity=st.floats(0, 10),
    seed=st.integers(0, 2**40),
)
def test_users_rate_that_many_items_once_on_the_scale(users, items, part, groups, stars, popularity, seed):
    ratings, groups = max(2, round(part * items)), min(groups, users)
    source = SyntheticRatings(
        users=users, items=items, ratings=ratings, groups=groups, stars=stars, popularity=popularity, seed=seed
    )
    examples = source.read(Path())
    assert (examples.users, examples.items, len(examples)) == (users, items, users * ratings)
    assert (np.bincount(examples.X[:, 0].astype(int), minlength=users) == ratings).all()
    assert len(np.unique(examples.X, axis=0)) == len(examples) and examples.X.min() >= 0 and examples.X[:, 1].max() < items
    assert set(examples.y) <= set(np.arange(1, 5.5, 0.5 if stars == "half" else 1.0))
    pairs = set(zip(examples.values["user"], examples.values["group"], strict=True))
    sizes = np.unique([group for _, group in pairs], return_counts=True)[1]
    assert len(pairs) == users and len(sizes) == groups and sizes.max() - sizes.min() <= 1
    again = source.read(Path())
    assert np.array_equal(examples.X, again.X) and np.array_equal(examples.y, again.y)


@pytest.mark.parametrize(("noise", "stars", "step"), [(0.3, "half", 0.5), (0.6, "half", 0.5), (0.4, "whole", 1.0)])
def test_who_knows_every_taste_errs_by_noise_and_rounding(noise, stars, step):
    """Ratings are rarely cut off here, so that √(noise² + step²/12) is what is left."""
    source = SyntheticRatings(users=300, items=200, ratings=60, spread=0.2, noise=noise, stars=stars)
    examples = source.read(Path())
    streams = Streams(source.seed)
    group = np.unique(examples.values["group"], return_inverse=True)[1][:: source.ratings]
    u, i = examples.X.astype(int).T
    exact = source.expected(streams, group)[u, i]
    best = np.sqrt(np.mean((examples.y - exact) ** 2))
    assert best == pytest.approx(np.sqrt(noise**2 + step**2 / 12), rel=0.03)
    # the mean of the rating given the taste, from the normal distribution, is the best there is: hardly better
    scale = np.arange(1, 5 + step / 2, step)
    above = norm.sf((scale[1:] - step / 2 - exact[:, None]) / noise)
    ideal = np.sqrt(np.mean((examples.y - (1 + step * above.sum(axis=1))) ** 2))
    assert best * 0.97 < ideal <= best


def test_parts_come_from_streams_of_their_own():
    plain, loud = read(noise=0.1), read(noise=1.0)
    assert np.array_equal(plain.X, loud.X) and np.array_equal(plain.values["group"], loud.values["group"])
    assert np.abs(plain.y - loud.y).mean() > 0.3
    assert not np.array_equal(plain.X, read(noise=0.1, seed=1).X)


def test_popularity_follows_zipf():
    examples = read(users=4000, items=50, ratings=2, groups=1, popularity=1.0)
    count = np.sort(np.bincount(examples.X[:, 1].astype(int), minlength=50))[::-1]
    slope = np.polyfit(np.log(np.arange(4, 31)), np.log(count[3:30]), 1)[0]
    assert slope == pytest.approx(-1, abs=0.15)
    even = np.bincount(read(users=4000, items=50, ratings=2, popularity=0.0).X[:, 1].astype(int), minlength=50)
    assert even.max() < 1.4 * even.mean()


def test_groups_share_taste_as_much_as_asked():
    for shared in (0.0, 0.5, 1.0):
        source = SyntheticRatings(users=400, items=300, groups=2, shared=shared, spread=1.0, ratings=2)
        group = np.arange(400) % 2
        tastes = source.expected(Streams(0), group)
        tastes = tastes - tastes.mean(axis=1, keepdims=True)
        tastes = tastes - tastes.mean(axis=0)  # of items: left are differences between users
        between = np.corrcoef(tastes[group == 0])
        common = between[np.triu_indices(200, 1)].mean()
        assert (common < 0.1) if shared == 0 else (common > 0.9) if shared == 1 else (0.1 < common < 0.9)


def test_a_group_that_leaves_hurts_itself_most():
    source = SyntheticRatings(groups=4, objects=ByColumn(column="group"), slices=Slices(by="owner"))
    grid = Grid.of_world(source.world(Path()), MatrixFactorization(iterations=5), "rmse")
    names = [f"group {name}" for name in "ABCD"]
    loss = grid.scores(1 - np.eye(4, dtype=int)) - grid.scores(grid.full_row)
    hurt = loss[:, [grid.column(name) for name in names]]
    for g in range(4):
        others = np.delete(hurt[g], g)
        assert hurt[g, g] > 0.1 and hurt[g, g] > 3 * others.max()
        assert grid.gap(names[g]).full < grid.gap(names[g]).floor


@pytest.mark.parametrize(
    ("parameters", "key"),
    [
        ({"ratings": 121}, "data.ratings"),
        ({"groups": 241}, "data.groups"),
        ({"users": 100_000, "items": 100_000}, "data.items"),
    ],
)
def test_what_does_not_go_together_is_an_error(parameters, key):
    with pytest.raises(DataError) as caught:
        read(**parameters)
    assert caught.value.place.key == key and caught.value.remedy


@pytest.mark.parametrize(
    "parameters",
    [
        {"users": 1},
        {"noise": -1.0},
        {"shared": 1.5},
        {"stars": "quarter"},
        {"factors": 0},
        {"ratings": 1},
        {"popularity": -0.1},
    ],
)
def test_parameters_are_bounded(parameters):
    with pytest.raises(ValidationError):
        SyntheticRatings(**parameters)
