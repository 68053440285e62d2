from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GridError, MissingCell
from dataleverage.grid.table import Table
from dataleverage.measure.worth import positions, sizes, worth


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 9), seed=st.integers(0, 999))
def test_the_worth_of_a_row_stands_where_its_bits_say(n, seed):
    order = np.random.default_rng(seed).permutation(2**n)
    rows = np.array([[i >> j & 1 for j in range(n)] for i in order], dtype=np.uint8)
    np.testing.assert_array_equal(positions(rows), order)
    found = worth(Table(rows, order[:, None] * 1.5, tuple(f"o{j}" for j in range(n)), ("v",)))
    np.testing.assert_array_equal(found[:, 0], np.arange(2**n) * 1.5)
    assert sizes(n).tolist() == [bin(i).count("1") for i in range(2**n)]


def test_what_is_missing_is_named_among_many():
    n = 12
    rows = np.array([[i >> j & 1 for j in range(n)] for i in range(2**n)], dtype=np.uint8)
    names = tuple("ABCDEFGHIJKL")
    kept = np.delete(np.arange(2**n), [0, 2**n - 1])
    with pytest.raises(MissingCell, match="the empty row, ABCDEFGHIJKL"):
        worth(Table(rows[kept], np.ones((len(kept), 1)), names, ("v",)))
    scores = np.ones((2**n, 2))
    scores[5:25, 1] = np.nan
    with pytest.raises(GridError, match=r"20 cells are not finite numbers: AC on y, BC on y.*and 12 more"):
        worth(Table(rows, scores, names, ("x", "y")))


def test_of_many_missing_rows_eight_are_named_and_all_counted():
    table = Table(np.zeros((1, 16), np.uint8), np.zeros((1, 1)), tuple("ABCDEFGHIJKLMNOP"), ("x",))
    with pytest.raises(MissingCell, match=f"no cells for A, B, AB, C, AC, BC, ABC, D and {2**16 - 9} more"):
        worth(table)
