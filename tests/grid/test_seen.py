"""What is read from decision values, against definitions written out example by example."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn import metrics as reference

from dataleverage.grid.metrics import area_under
from dataleverage.grid.seen import TIE, Seen


def chosen(values) -> int:
    """The label of one example: a class is preferred to a lower one if it is ahead by more than the tie."""
    best = 0
    values = np.asarray(values).tolist()
    for k in range(1, len(values)):
        if values[k] - values[best] > TIE * min(max(abs(values[best]), 1.0), 1e300):
            best = k
    return best


@st.composite
def decisions(draw) -> np.ndarray:
    """(R, E, K): values of many sizes, some of them nearly equal, some of them -inf."""
    classes, rows, size = draw(st.integers(2, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    values = rng.normal(size=(rows, size, 1)) * 10.0 ** rng.integers(-3, 7, (rows, size, 1))
    off = rng.choice([0.0, 1e-14, -1e-14, 3e-11, 1e-9, -1e-9, 0.1, -0.1], (rows, size, classes))
    values = values + off * np.maximum(np.abs(values), 1.0)
    values[rng.random((rows, 1, classes)).repeat(size, axis=1) < draw(st.sampled_from([0.0, 0.4]))] = -np.inf
    values[np.isneginf(values).all(axis=2), 0] = 0.0
    return values


@settings(max_examples=200, deadline=None)
@given(decision=decisions(), seed=st.integers(0, 100))
def test_labels_are_those_of_the_rule(decision, seed):
    y = np.random.default_rng(seed).integers(0, decision.shape[2], decision.shape[1])
    expected = [[chosen(values) == label for values, label in zip(row, y, strict=True)] for row in decision]
    assert Seen(decision, y).correct.tolist() == expected


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_margin_says_the_same_as_two_values_around_zero(seed):
    rng = np.random.default_rng(seed)
    margin = rng.choice([0.0, 1e-11, -1e-11, 1e-8, 2.0, -2.0, 1e3, np.inf, -np.inf], (3, 9)) * rng.choice([1.0, 0.7], (3, 9))
    y = rng.integers(0, 2, 9)
    with np.errstate(invalid="ignore"):
        both = np.where(np.isinf(margin)[..., None], np.stack([-margin, margin], axis=2).clip(max=0.0), 0.0)
        both = np.where(np.isinf(margin)[..., None], both, np.stack([-margin / 2, margin / 2], axis=2))
    one, two = Seen(margin[..., None], y), Seen(both, y)
    assert np.array_equal(one.correct, two.correct)
    assert one.loss == pytest.approx(two.loss, abs=1e-14)


def test_the_loss_of_two_classes_is_that_of_the_softmax():
    rng = np.random.default_rng(0)
    decision, y = rng.normal(size=(20, 30, 2)) * 10.0 ** rng.integers(-2, 3, (20, 30, 1)), rng.integers(0, 2, 30)
    given_to_it = np.take_along_axis(np.exp(log_softmax(decision, axis=2)), y[None, :, None].repeat(20, axis=0), axis=2)[..., 0]
    epsilon = np.finfo(float).eps
    assert Seen(decision, y).loss == pytest.approx(-np.log(np.clip(given_to_it, epsilon, 1 - epsilon)), rel=1e-12, abs=2e-16)


@settings(max_examples=100, deadline=None)
@given(size=st.integers(2, 60), values=st.integers(1, 30), scale=st.sampled_from([1.0, 1e4]), seed=st.integers(0, 10**6))
def test_the_area_does_not_see_rounding_and_is_otherwise_that_of_sklearn(size, values, scale, seed):
    rng = np.random.default_rng(seed)
    y = np.arange(size) % 2 == 1
    exact = rng.normal(size=values)[rng.integers(0, values, size)] * scale
    rounded = exact * (1 + rng.choice([-4e-16, 0.0, 4e-16], (3, size)))
    areas = area_under(np.concatenate([exact[None], rounded]), y, np.full((4, size), scale))
    assert areas == pytest.approx(np.full(4, reference.roc_auc_score(y, exact)), abs=1e-14)
    assert len(set(areas.tolist())) == 1


def test_infinite_scores_are_tied_with_each_other():
    ranking = np.array([[np.inf, np.inf, -np.inf, 0.0, -np.inf, np.inf]])
    y = np.array([1, 0, 1, 0, 0, 1])
    expected = reference.roc_auc_score(y, np.nan_to_num(ranking[0]))
    assert area_under(ranking, y == 1, np.ones((1, 6)))[0] == pytest.approx(expected, abs=1e-15)
    assert math.isclose(area_under(np.full((1, 6), -np.inf), y == 1, np.ones((1, 6)))[0], 0.5)


def test_small_probabilities_are_told_apart_and_zero_is_one_value():
    """Probabilities of 1e-30 and 1e-40 are ranked as scikit-learn ranks them; those that underflow are all 0."""
    logs = np.log([1e-30, 1e-40, 1e-35, 0.1, 1e-20, 0.3])
    logs = np.append(logs, [-2000.0, -3000.0])
    decision = np.stack([np.zeros(8), logs, np.full(8, -0.5)], axis=1)[None]
    y = np.array([0, 1, 0, 1, 1, 2, 1, 0])
    (_, ranking, size) = Seen(decision, y).rankings[1]
    probability = np.exp(log_softmax(decision[0], axis=1))[:, 1]
    assert area_under(ranking, y == 1, size)[0] == pytest.approx(reference.roc_auc_score(y == 1, probability), abs=1e-15)
