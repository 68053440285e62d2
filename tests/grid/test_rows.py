from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataleverage.errors import GridError
from dataleverage.grid.rows import MOST_OBJECTS, all_rows, as_rows, distinct, from_words, in_words, keys, onehot

NAMES = st.one_of(
    st.lists(st.characters(exclude_characters="+*", exclude_categories=["Cs"]), min_size=1, max_size=8, unique=True),
    st.lists(st.text("abc 1()-", min_size=1, max_size=4), min_size=1, max_size=8, unique=True),
)


@given(names=NAMES, data=st.data())
def test_words_are_read_back_as_the_row(names, data):
    row = data.draw(st.lists(st.integers(0, 255), min_size=len(names), max_size=len(names)))
    words = in_words(row, names)
    assert from_words(words, names).tolist() == row
    assert (words == "") == (not any(row))


@pytest.mark.parametrize(
    ("row", "objects", "words"),
    [
        ([1, 0, 1, 1], "ABCD", "ACD"),
        ([0, 0, 0, 0], "ABCD", ""),
        ([1, 0, 2, 3], "ABCD", "AC*D*2"),
        ([1, 2], ["A", "north"], "A+north*"),
        ([0, 1], ["A", "north"], "north"),
    ],
)
def test_how_rows_are_written(row, objects, words):
    assert in_words(row, objects) == words and from_words(words, objects).tolist() == row


def test_single_letters_may_stand_between_plus_signs():
    assert from_words("A+C*2", "ABC").tolist() == [1, 0, 3]
    assert from_words("A*1", "ABC").tolist() == [2, 0, 0]


@pytest.mark.parametrize(
    ("words", "objects"),
    [
        ("AX", "AB"),
        ("AA", "AB"),
        ("A*A", "AB"),
        ("*", "AB"),
        ("A**", "AB"),
        ("A*0", "AB"),
        ("A*255", "AB"),
        ("A*99999999999", "AB"),
        ("A\nB", "AB"),
        ("A B", "AB"),
        ("north*x", ["north", "A"]),
        ("north*-1", ["north", "A"]),
        ("north*²", ["north", "A"]),
        ("north+north", ["north", "A"]),
        ("northA", ["north", "A"]),
    ],
)
def test_words_that_name_no_row(words, objects):
    with pytest.raises(GridError):
        from_words(words, objects)


@given(st.integers(0, 9))
def test_all_rows_are_the_binary_numbers(n):
    rows = all_rows(n)
    assert rows.shape == (2**n, n) and rows.dtype == np.uint8
    assert (rows.astype(int) @ (1 << np.arange(n))).tolist() == list(range(2**n))


def test_too_many_rows_are_refused():
    with pytest.raises(GridError, match=r"2\*\*21 rows") as caught:
        all_rows(MOST_OBJECTS + 1)
    assert "budget" in caught.value.remedy


@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), max_size=12), st.integers(3, 5))
def test_onehot_is_one_where_present(rows, n_present):
    given_rows = np.array(rows, dtype=np.uint8).reshape(-1, 3)
    held = onehot(given_rows, n_present)
    assert held.shape == (len(rows), 3 * n_present)
    for row, flags in zip(rows, held, strict=True):
        expected = [float(row[j] == v) for j in range(3) for v in range(1, n_present + 1)]
        assert flags.tolist() == expected


@given(st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=2), max_size=20))
def test_distinct_rows_in_order_of_appearance(rows):
    given_rows = np.array(rows, dtype=np.uint8).reshape(-1, 2)
    found, which = distinct(given_rows)
    expected = list(dict.fromkeys(map(tuple, rows)))
    assert list(map(tuple, found.tolist())) == expected
    assert np.array_equal(found[which], given_rows) if rows else len(which) == 0
    assert len(set(keys(found))) == len(found)


def test_a_key_is_the_row_whatever_its_memory():
    rows = np.asfortranarray(np.arange(12, dtype=np.uint8).reshape(3, 4))
    assert keys(rows) == [bytes(row) for row in rows.tolist()]
    assert keys(rows[:, ::-1])[0] == bytes([3, 2, 1, 0])


@pytest.mark.parametrize("given_rows", [[1, 0], [[1, 0]], [[True, False]], np.array([[1, 0]], dtype=np.int64)])
def test_what_is_taken_for_rows(given_rows):
    rows = as_rows(given_rows, 2)
    assert rows.tolist() == [[1, 0]] and rows.dtype == np.uint8 and rows.flags.c_contiguous


@pytest.mark.parametrize(
    "given_rows",
    [
        [1],
        [[1, 0, 1]],
        [[[1, 0]]],
        [[1.0, 0.0]],
        [[1, 2]],
        [[-1, 0]],
        [[257, 0]],
        ["AB"],
        [[1, 0], [1]],
        1,
        [],
        None,
        [[None, 1]],
    ],
)
def test_what_is_not(given_rows):
    with pytest.raises(GridError):
        as_rows(given_rows, 2)
    assert as_rows([[2, 3]], 2, 3).tolist() == [[2, 3]]
