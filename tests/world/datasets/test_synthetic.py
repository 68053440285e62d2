from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.spatial.distance import pdist
from scipy.stats import norm

from dataleverage.errors import DataError
from dataleverage.streams import Streams
from dataleverage.world.datasets.synthetic import SyntheticData
from dataleverage.world.objects import Random


def read(**parameters):
    return SyntheticData(**parameters).read(Path())


@settings(max_examples=40, deadline=None)
@given(
    classes=st.integers(2, 8),
    more=st.integers(-1, 5),
    separation=st.floats(0, 100),
    count=st.integers(8, 60),
    seed=st.integers(0),
)
def test_shapes_labels_and_centres(classes, more, separation, count, seed):
    features = max(1, classes + more)
    source = SyntheticData(examples=count, features=features, classes=classes, separation=separation, seed=seed % 2**40)
    examples = source.read(Path())
    assert examples.X.shape == (count, features) and examples.X.dtype == np.float64 and np.isfinite(examples.X).all()
    sizes = np.bincount(examples.y, minlength=classes)
    assert len(sizes) == classes == len(examples.classes) and sizes.max() - sizes.min() <= 1
    assert examples.values["label"].tolist() == [examples.classes[k] for k in examples.y]
    centres = source.centres(Streams(source.seed))
    assert pdist(centres) == pytest.approx(separation, abs=1e-9)
    assert centres.mean(axis=0) == pytest.approx(0, abs=1e-9)
    again = source.read(Path())
    assert np.array_equal(examples.X, again.X) and np.array_equal(examples.y, again.y)


@pytest.mark.parametrize(("separation", "noise"), [(0.0, 0.0), (1.0, 0.0), (2.0, 0.2), (4.0, 0.5), (3.0, 1.0)])
def test_two_classes_are_as_hard_as_the_normal_distribution_says(separation, noise):
    source = SyntheticData(examples=40_000, features=3, separation=separation, noise=noise)
    examples = source.read(Path())
    first, second = source.centres(Streams(source.seed))
    best = (examples.X @ (second - first) > 0).astype(int)
    expected = (1 - noise) * norm.cdf(separation / 2) + noise / 2
    assert (best == examples.y).mean() == pytest.approx(expected, abs=0.01)


def test_examples_have_deviation_one_about_their_centre():
    source = SyntheticData(examples=30_000, features=4, classes=3, separation=5.0)
    examples = source.read(Path())
    away = examples.X - source.centres(Streams(source.seed))[examples.y]
    assert away.mean(axis=0) == pytest.approx(0, abs=0.03)
    assert np.cov(away.T) == pytest.approx(np.eye(4), abs=0.03)


def test_noise_moves_labels_alone_and_separation_examples_alone():
    plain, noisy, noisier, far = (read(**changes) for changes in ({}, {"noise": 0.3}, {"noise": 0.6}, {"separation": 9.0}))
    assert np.array_equal(plain.X, noisy.X) and np.array_equal(plain.y, far.y)
    assert (plain.y != noisy.y).mean() == pytest.approx(0.15, abs=0.03)  # half of what is drawn is the same class again
    assert set(np.flatnonzero(plain.y != noisy.y)) < set(np.flatnonzero(plain.y != noisier.y))
    assert not np.array_equal(plain.X, far.X)


def test_another_seed_is_another_world():
    one, same, other = (SyntheticData(seed=seed).world(Path()).fingerprint for seed in (0, 0, 1))
    assert one == same != other


def test_owners_hold_shifted_examples_in_an_object_each():
    shifted, straight = (SyntheticData(owners=4, owner_shift=shift, examples=4000) for shift in (3.0, 0.0))
    one, two = shifted.read(Path()), straight.read(Path())
    assert one.owner == "owner" and np.array_equal(one.values["owner"], two.values["owner"])
    shift = one.X - two.X
    for owner in "ABCD":
        mine = one.values["owner"] == owner
        assert mine.sum() == 1000 and shift[mine].std(axis=0) == pytest.approx(0, abs=1e-9)
    assert 1.5 < shift.std() < 4.5
    world = shifted.world(Path())
    assert world.objects == world.owners == ("A", "B", "C", "D")
    assert SyntheticData(owners=0).world(Path()).objects[:2] == ("A", "B")


def test_nobody_owns_examples_unless_asked():
    examples = read()
    assert examples.owner is None and set(examples.values) == {"label"}


def test_the_largest_number_of_examples():
    world = SyntheticData(examples=100_000, features=20, objects=Random(count=1000, sizes="zipf")).world(Path())
    assert len(world.y) + len(world.y_eval) == 100_000 and world.n_objects == 1000


@pytest.mark.parametrize(
    ("parameters", "key", "says"),
    [
        ({"classes": 5, "features": 3}, "classes", "5 classes cannot all be equally far apart in 3 features"),
        ({"classes": 6, "examples": 5}, "examples", "5 examples cannot be of 6 classes"),
        ({"examples": 100_000, "features": 201}, "features", "20,100,000 numbers"),
        ({"examples": 10, "owners": 11}, "owners", "10 examples cannot be held by 11 owners"),
        ({"owner_shift": 0.5}, "owner_shift", "an owner_shift of 0.5 needs owners"),
    ],
)
def test_numbers_that_do_not_go_together(parameters, key, says):
    with pytest.raises(DataError, match=says) as caught:
        read(**parameters)
    assert caught.value.place.key == f"data.{key}" and caught.value.remedy


@pytest.mark.parametrize(
    "wrong",
    [
        {"examples": 1},
        {"examples": 1_000_001},
        {"features": 0},
        {"classes": 1},
        {"separation": -1.0},
        {"separation": float("inf")},
        {"noise": 1.1},
        {"noise": -0.1},
        {"owners": -1},
        {"seed": -1},
    ],
)
def test_numbers_out_of_range(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        SyntheticData(**wrong)
