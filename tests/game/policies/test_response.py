from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dataleverage.game.policies.response import Dividend, Ignore
from dataleverage.game.policy import Books


def books(revenue, examples):
    """Of an operator that holds these examples of creators who all contribute, and flags nobody."""
    revenue, examples = np.array(revenue), np.array(examples)
    return Books(revenue, examples > 0, examples, examples > 0, np.zeros(examples.shape, bool), np.ones(len(revenue)))


BOOKS = books([10.0, 10.0, 0.0], [[30.0, 10.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])


def test_ignore_pays_nobody():
    assert list(Ignore().pay(None, BOOKS)) == []


def test_a_dividend_in_equal_parts_and_by_size():
    (equal,) = Dividend(rate=0.4).pay(None, BOOKS)
    (by_size,) = Dividend(rate=0.4, split="size").pay(None, BOOKS)
    assert equal.amount == pytest.approx(np.array([[2, 2, 0], [0, 0, 0], [0, 0, 0]]))
    assert by_size.amount == pytest.approx(np.array([[3, 1, 0], [0, 0, 0], [0, 0, 0]]))
    assert equal.reason == by_size.reason == "dividend"


@given(
    arrays(float, (2, 4), elements=st.sampled_from([0.0, 1.0, 7.0])),
    arrays(float, 2, elements=st.floats(0, 100)),
    st.floats(0, 1),
    st.sampled_from(["equally", "size"]),
)
def test_a_dividend_is_its_share_of_revenue_and_nobody_pays(examples, revenue, rate, split):
    (bill,) = Dividend(rate=rate, split=split).pay(None, books(revenue, examples))
    paid = bill.amount
    somebody = (examples > 0).any(axis=1)
    assert paid.sum(axis=1) == pytest.approx(np.where(somebody, rate * revenue, 0))
    assert (paid >= 0).all() and (paid[examples == 0] == 0).all()
