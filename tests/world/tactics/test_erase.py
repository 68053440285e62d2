from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from dataleverage.errors import DataError
from dataleverage.measure.signal.planted import Signal
from dataleverage.streams import Streams
from dataleverage.world.datasets.finite import FiniteTableData
from dataleverage.world.objects import Random
from dataleverage.world.tactics import erase
from dataleverage.world.tactics.erase import Erase, nearest_share
from dataleverage.world.transforms.fixed import SetFeatures


@settings(max_examples=60)
@given(
    points=st.integers(1, 40),
    asked=st.integers(1, 10),
    classes=st.integers(1, 4),
    k=st.integers(1, 50),
    seed=st.integers(0, 99),
)
def test_the_share_is_a_count_of_all_as_near_as_the_kth(points, asked, classes, k, seed):
    rng = np.random.default_rng(seed)
    X, wanted = (rng.integers(0, 4, (count, 2)).astype(float) for count in (points, asked))  # many ties, many twice
    y = rng.integers(0, classes, points)
    found = nearest_share(X, y, classes, wanted, k)
    for i, x in enumerate(wanted):
        away = ((X - x) ** 2).sum(axis=1)
        near = away <= np.sort(away)[min(k, points) - 1]
        assert found[i] == pytest.approx(np.bincount(y[near], minlength=classes) / near.sum())


def test_without_ties_it_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    X, asked, y = rng.normal(size=(300, 4)), rng.normal(size=(50, 4)), rng.integers(0, 3, 300)
    expected = KNeighborsClassifier(n_neighbors=9).fit(X, y).predict_proba(asked)
    assert nearest_share(X, y, 3, asked, 9) == pytest.approx(expected)


def test_in_blocks_it_is_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    X, asked, y = rng.normal(size=(40, 2)), rng.normal(size=(30, 2)), rng.integers(0, 3, 40)
    whole = nearest_share(X, y, 3, asked, 5)
    monkeypatch.setattr(erase, "BLOCK", 100)
    assert np.array_equal(nearest_share(X, y, 3, asked, 5), whole)


LAW = {
    "columns": ["signal", "rest"],
    "labels": ["no", "yes"],
    "cells": [
        {"x": ["on", "a"], "p": [0.02, 0.28]},
        {"x": ["off", "a"], "p": [0.12, 0.08]},
        {"x": ["on", "b"], "p": [0.05, 0.15]},
        {"x": ["off", "b"], "p": [0.24, 0.06]},
    ],
    "examples": 4000,
}


@pytest.fixture(scope="module")
def world():
    return FiniteTableData.model_validate(LAW | {"objects": {"by": "random", "count": 2}}).world(Path())


@pytest.mark.parametrize(("value", "labels"), [("off", {"a": "no", "b": "no"}), ("on", {"a": "yes", "b": "yes"})])
def test_on_a_finite_table_the_label_is_the_likeliest_at_g_of_x(world, lot_of, value, labels):
    """P₀(yes | off, a) = 0.4, and 0.2 with b; P₀(yes | on, ·) = 0.93 and 0.75: read off the law."""
    tactic = Erase(transform=SetFeatures(features={"signal": value}))
    X, y = tactic.apply(lot_of(world), "tactics.e", Streams(0)["tactics"])
    assert X is world.X and y.dtype == world.y.dtype
    names = [str(feature) for feature in world.features]
    for rest, label in labels.items():
        assert set(y[world.X[:, names.index(f"rest={rest}")] == 1]) == {world.classes.index(label)}


@pytest.mark.parametrize("value", ["on", "off"])
def test_it_is_what_theory_erases_with(world, lot_of, value):
    """`dl.signal` finds the label of every point from the law itself."""
    table = FiniteTableData.model_validate(LAW).table
    signal = Signal(table, {"signal": value})
    y = Erase(transform=SetFeatures(features={"signal": value})).apply(lot_of(world), "tactics.e", Streams(0)["tactics"])[1]
    names = [str(feature) for feature in world.features]
    for point, label in zip(table.points, signal.erased, strict=True):
        here = (world.X[:, names.index(f"signal={point[0]}")] == 1) & (world.X[:, names.index(f"rest={point[1]}")] == 1)
        assert here.any() and {world.classes[k] for k in y[here]} == {table.labels[label]}


def test_a_firm_trained_on_erased_examples_uses_the_signal_less(world, lot_of):
    g = SetFeatures(features={"signal": "off"})
    y = Erase(transform=g).apply(lot_of(world), "tactics.e", Streams(0)["tactics"])[1]
    moved = g.apply(world.X_eval, world, "g")
    before, after = (DecisionTreeClassifier(random_state=0).fit(world.X, labels) for labels in (world.y, y))
    assert np.mean(before.predict(world.X_eval) == before.predict(moved)) < 0.7  # those that are on, are yes
    assert np.mean(after.predict(world.X_eval) == after.predict(moved)) == 1.0
    collective = world.object_of == 0
    mixed = DecisionTreeClassifier(random_state=0).fit(world.X, np.where(collective, y, world.y))
    assert np.mean(mixed.predict(world.X_eval) == mixed.predict(moved)) > np.mean(
        before.predict(world.X_eval) == before.predict(moved)
    )


def test_beyond_what_it_asks_it_samples(world, lot_of, monkeypatch):
    monkeypatch.setattr(erase, "MOST", 500)
    tactic = Erase(transform=SetFeatures(features={"signal": "on"}))
    y = tactic.apply(lot_of(world), "tactics.e", Streams(0)["tactics"])[1]
    assert (y == world.classes.index("yes")).all()


def test_numbers_have_no_likeliest_class(examples_of, source_of, lot_of):
    world = source_of(examples_of(regression=True), objects=Random(count=2)).world(Path())
    with pytest.raises(DataError, match="erase poisons classes") as caught:
        Erase(transform=SetFeatures(features={0: 1})).apply(lot_of(world), "tactics.e", Streams(0)["tactics"])
    assert caught.value.place.key == "tactics.e" and "random_label" in caught.value.remedy
