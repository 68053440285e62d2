from __future__ import annotations

import numpy as np
import pytest

from dataleverage.grid.rows import all_rows
from dataleverage.grid.store import LONG, MemoryStore


def test_what_is_put_is_found_in_any_order():
    rows, scores = all_rows(8), np.random.default_rng(0).random((256, 3))
    store = MemoryStore(3)
    for part in np.array_split(np.arange(200), 7):  # it grows on the way
        assert np.array_equal(store.put(rows[part], scores[part]), scores[part])
    known, found = store.find(rows)
    assert len(store) == 200
    assert known.tolist() == [True] * 200 + [False] * 56
    assert np.array_equal(found[:200], scores[:200])
    assert np.isnan(found[200:]).all()
    order = [9, 0, 9, 3]
    assert np.array_equal(store.find(rows[order])[1], scores[order])
    assert store.find(rows[:0])[0].shape == (0,)


def test_all_that_is_known_is_told_but_for_rows_too_long_to_keep():
    rng = np.random.default_rng(0)
    for objects, told in ((7, 30), (LONG, 30), (LONG + 1, 0)):
        rows = np.unique(rng.integers(0, 3, (30, objects)).astype(np.uint8), axis=0)
        scores = rng.random((len(rows), 2))
        store = MemoryStore(2)
        store.put(rows[:11], scores[:11])
        store.put(rows, scores)
        known, found = store.known(objects)
        assert np.array_equal(known, rows[:told])
        assert np.array_equal(found, scores[:told])


def test_the_first_answer_stands_and_cannot_be_changed_from_outside():
    rows = all_rows(2)
    store = MemoryStore(1)
    store.put(rows[:2], np.array([[1.0], [2.0]]))
    kept = store.put(rows, np.array([[3.0], [4.0], [5.0], [6.0]]))
    assert kept[:, 0].tolist() == [1, 2, 5, 6]
    got = store.find(rows)[1]
    got[:] = 9
    assert store.find(rows)[1][:, 0].tolist() == [1, 2, 5, 6]


@pytest.mark.parametrize("length", [1, 1024, 1025, 40_000])
def test_rows_of_any_length_are_told_apart(length):
    rng = np.random.default_rng(length)
    rows = np.tile(rng.integers(0, 2, length).astype(np.uint8), (4, 1))
    rows[:, -1] = np.arange(4)
    store, scores = MemoryStore(2), np.arange(8.0).reshape(4, 2)
    store.put(rows[1:], scores[1:])
    known, found = store.find(rows[::-1])
    assert known.tolist() == [True, True, True, False]
    assert np.array_equal(found[:3], scores[:0:-1]) and np.isnan(found[3]).all()
    assert len(store) == 3


def test_clean_and_poisoned_rows_of_few_objects_are_one_store():
    rng = np.random.default_rng(3)
    store, told, asked = MemoryStore(1), {}, []
    for _ in range(60):
        rows = np.unique(rng.integers(0, rng.integers(2, 4), (rng.integers(1, 9), 5)).astype(np.uint8), axis=0)
        scores = rng.random((len(rows), 1))
        known, found = store.find(rows)
        assert known.tolist() == [row.tobytes() in told for row in rows]
        assert [told[row.tobytes()] for row in rows[known]] == found[known, 0].tolist()
        for row, score in zip(rows, scores[:, 0].tolist(), strict=True):
            if told.setdefault(row.tobytes(), score) == score:
                asked.append(row)
        assert store.put(rows, scores)[:, 0].tolist() == [told[row.tobytes()] for row in rows]
        assert len(store) == len(told)
    assert np.array_equal(store.known(5)[0], np.array(asked))
