from __future__ import annotations

import numpy as np

from dataleverage.grid.rows import all_rows
from dataleverage.grid.store import MemoryStore


def test_what_is_put_is_got_in_any_order():
    rows, scores = all_rows(4), np.random.default_rng(0).random((16, 3))
    store = MemoryStore()
    store.put(rows[:10], scores[:10])
    assert len(store) == 10 and store.known(rows).tolist() == [True] * 10 + [False] * 6
    order = [9, 0, 9, 3]
    assert np.array_equal(store.get(rows[order]), scores[order])
    assert store.known(rows[:0]).shape == (0,)


def test_the_first_answer_stands_and_cannot_be_changed_from_outside():
    rows = all_rows(1)
    store = MemoryStore()
    store.put(rows, np.array([[1.0], [2.0]]))
    store.put(rows, np.array([[3.0], [4.0]]))
    got = store.get(rows)
    got[:] = 9
    assert store.get(rows).tolist() == [[1.0], [2.0]]
