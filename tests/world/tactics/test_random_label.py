from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from dataleverage.streams import Streams
from dataleverage.world.objects import Random
from dataleverage.world.tactics.random_label import RandomLabel


@pytest.fixture(scope="module")
def world(examples_of, source_of):
    return source_of(examples_of(4000, classes=4), objects=Random(count=4)).world(Path())


def test_every_class_is_drawn_evenly_whatever_it_was(world, lot_of):
    X, y = RandomLabel().apply(lot_of(world), "tactics.r", Streams(0)["tactics"])
    assert X is world.X and y.dtype == world.y.dtype
    for k in range(4):
        assert chisquare(np.bincount(y[world.y == k], minlength=4)).pvalue > 1e-4


@given(rate=st.floats(0.01, 1), seed=st.integers(0, 1000))
def test_the_rate_counts_those_that_draw_their_own_class(world, lot_of, rate, seed):
    y = RandomLabel(rate=rate).apply(lot_of(world), "tactics.r", Streams(seed)["tactics"])[1]
    assert binomtest(int(np.sum(y != world.y)), len(y), rate * 3 / 4).pvalue > 5e-7
    again = RandomLabel(rate=rate).apply(lot_of(world), "tactics.r", Streams(seed)["tactics"])[1]
    assert np.array_equal(y, again)


@given(rate=st.floats(0.01, 1), seed=st.integers(0, 1000))
def test_numbers_stay_within_their_object(world, lot_of, rate, seed):
    target = np.random.default_rng(seed).normal(size=len(world.y))
    numbers = replace(world, task="regression", y=target, classes=())
    y = RandomLabel(rate=rate).apply(lot_of(numbers), "tactics.r", Streams(seed)["tactics"])[1]
    for j in range(4):
        mine = world.object_of == j
        assert Counter(y[mine].tolist()) == Counter(target[mine].tolist())


def test_shuffled_numbers_say_nothing_of_what_they_were(world, lot_of):
    target = np.random.default_rng(0).normal(size=len(world.y))
    for task in ("regression", "rating"):
        y = RandomLabel().apply(lot_of(replace(world, task=task, y=target, classes=())), "tactics.r", Streams(1)["tactics"])[1]
        assert abs(np.corrcoef(y, target)[0, 1]) < 5 / np.sqrt(len(y)) and np.mean(y == target) < 0.01
