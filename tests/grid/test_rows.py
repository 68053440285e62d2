from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GridError
from dataleverage.grid.rows import (
    MOST_NAMED,
    MOST_OBJECTS,
    all_rows,
    as_rows,
    distinct,
    from_words,
    in_brief,
    in_words,
    keys,
    numbers,
    onehot,
)
from dataleverage.world.world import object_names

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


MANY = object_names(MOST_NAMED + 1)


@settings(deadline=None)
@given(st.integers(1, 255), st.integers(0, 2**32 - 1), st.floats(0, 1), st.integers(1, 40))
def test_rows_of_many_objects_are_written_in_code_and_read_back(largest, seed, share, more):
    rng = np.random.default_rng(seed)
    names = object_names(MOST_NAMED + more)
    row = (rng.integers(1, largest + 1, len(names)) * (rng.random(len(names)) < share)).astype(np.uint8)
    words = in_words(row, names)
    assert np.array_equal(from_words(words, names), row)
    assert (words == "") == (not row.any())
    if words:
        bits = next(b for b in (1, 2, 4, 8) if int(row.max()) < 2**b)
        assert words.startswith(f"#{(row > 0).sum()}/{bits}:") and len(words) < 16 + len(names) * bits / 6 + 2


def test_a_code_worked_out_by_hand():
    """1 0 1 0 0 1 1 0, then zeros: the byte 0xA6, in base 64 the letters p and g with zeros behind them."""
    row = np.zeros(len(MANY), dtype=np.uint8)
    row[[0, 2, 5, 6]] = 1
    words = in_words(row, MANY)
    assert words[:8] == "#4/1:pgA" and set(words[8:]) == {"A"} and len(words) == 5 + 168  # 1,001 bits, 126 bytes


def test_the_form_is_that_of_words_up_to_a_thousand_objects():
    names = object_names(MOST_NAMED)
    assert in_words(np.ones(MOST_NAMED, np.uint8), names) == "+".join(names)
    assert from_words("B+A*", MANY)[:3].tolist() == [2, 1, 0]  # words are read for any number


@pytest.mark.parametrize("words", ["#4/1:pgA", "#4/3:" + "A" * 168, "#x/1:" + "A" * 168, "#4/1:" + "+" * 168])
def test_codes_that_are_none(words):
    with pytest.raises(GridError, match="no object") as caught:
        from_words(words, MANY)
    assert len(caught.value.message) < 600 and len(caught.value.remedy) < 600


def test_rows_in_a_line_of_text():
    row = np.ones(len(MANY), dtype=np.uint8)
    row[:3] = (0, 2, 3)
    assert in_brief(row, MANY) == "1,000 of 1,001 objects, 2 poisoned"
    assert in_brief(0 * row, MANY) == "" and in_brief([1, 0, 2], "ABC") == "AC*"
    long = [f"archive {i}" for i in range(30)]
    assert in_brief([1] * 29 + [0], long) == "29 of 30 objects"


def test_a_clean_rows_number_is_its_place_among_all_rows():
    assert numbers(all_rows(6)).tolist() == list(range(64))
    assert numbers(np.ones((1, 20), dtype=np.uint8)).tolist() == [2**20 - 1]
    assert numbers(np.ones((1, 21), dtype=np.uint8)) is None
    assert numbers(np.array([[0, 2]], dtype=np.uint8)) is None
    assert numbers(np.empty((0, 3), dtype=np.uint8)).tolist() == []
