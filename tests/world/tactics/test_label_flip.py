from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import binomtest, chisquare

from dataleverage.errors import DataError
from dataleverage.streams import Streams
from dataleverage.world.objects import Random
from dataleverage.world.tactics.label_flip import LabelFlip


@pytest.fixture(scope="module")
def world(examples_of, source_of):
    return source_of(examples_of(4000, classes=4), objects=Random(count=4)).world(Path())


@given(rate=st.floats(0.01, 1), seed=st.integers(0, 1000))
def test_a_share_of_labels_changes_and_nothing_else(world, lot_of, rate, seed):
    variant = LabelFlip(rate=rate).variant("flip", lot_of(world), Streams(seed)["tactics"])
    assert variant.tactic == "flip" and variant.X is world.X
    assert set(np.unique(variant.y)) <= {0, 1, 2, 3} and variant.y.dtype == world.y.dtype
    flipped = int(np.sum(variant.y != world.y))
    assert binomtest(flipped, len(world.y), rate).pvalue > 5e-7  # five standard deviations, exact also near 0 and 1
    again = LabelFlip(rate=rate).variant("flip", lot_of(world), Streams(seed)["tactics"])
    assert np.array_equal(variant.y, again.y)


def test_other_classes_are_drawn_evenly(world, lot_of):
    variant = LabelFlip().variant("flip", lot_of(world), Streams(0)["tactics"])
    for k in range(4):
        counts = np.bincount(variant.y[world.y == k], minlength=4)
        assert counts[k] == 0
        assert chisquare(np.delete(counts, k)).pvalue > 1e-4


def test_to_names_the_class(world, lot_of):
    variant = LabelFlip(to="c2", rate=0.5).variant("flip", lot_of(world), Streams(0)["tactics"])
    changed = variant.y != world.y
    assert (variant.y[changed] == 2).all() and 0.3 < changed[world.y != 2].mean() < 0.7
    with pytest.raises(DataError, match="no class 'c9'") as caught:
        LabelFlip(to="c9").variant("flip", lot_of(world), Streams(0)["tactics"])
    assert caught.value.place.key == "tactics.flip.to" and "c0, c1" in caught.value.remedy


def test_a_number_is_mirrored_about_its_mean(world, lot_of):
    target = np.linspace(3, 9, len(world.y)) ** 2
    numbers = replace(world, task="regression", y=target, classes=())
    variant = LabelFlip().variant("flip", lot_of(numbers), Streams(0)["tactics"])
    assert variant.y + target == pytest.approx(np.full(len(target), 2 * target.mean()))
    with pytest.raises(DataError, match="the target is a number") as caught:
        LabelFlip(to=1).variant("flip", lot_of(numbers), Streams(0)["tactics"])
    assert caught.value.place.key == "tactics.flip.to" and caught.value.remedy


@pytest.mark.parametrize("rate", [0.0, 1.1, -1.0, float("nan")])
def test_the_rate_is_a_share(rate):
    with pytest.raises(ValidationError):
        LabelFlip(rate=rate)


def test_a_rating_is_mirrored_about_the_middle_of_the_scale(world, lot_of):
    stars = np.arange(len(world.y)) % 9 / 2 + 1
    ratings = replace(world, task="rating", y=stars, classes=())
    variant = LabelFlip(rate=0.4).variant("flip", lot_of(ratings), Streams(0)["tactics"])
    changed = variant.y != stars
    assert np.array_equal(variant.y[changed], 6 - stars[changed]) and set(np.unique(variant.y)) == set(np.unique(stars))
    assert changed[stars != 3].mean() == pytest.approx(0.4, abs=0.05)
    with pytest.raises(DataError, match="the target is a number"):
        LabelFlip(to=1).variant("flip", lot_of(ratings), Streams(0)["tactics"])
